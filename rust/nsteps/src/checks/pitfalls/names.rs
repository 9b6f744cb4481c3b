//! Where a program is found that is named without a directory.

use super::{C, GO, Programs, RUST, by, in_one_line};
use crate::checks::pitfalls::pitfall::Evidence;
use harness::found::Found;

/// A directory that only the third of the rows below has in its PATH.
const HERE: &str = "/tmp/here";
/// Where the C libraries look when there is no PATH, all but the GNU one.
const LOCAL: &str = "/usr/local/bin";

/// A name, and a PATH that is empty, has an empty element, or is not set.
pub fn without_a_path(
    programs: &mut Programs<'_>,
    evidence: &mut Evidence,
) -> Found<()> {
    const GO_HERE: &str = "exec: \"tool\": cannot run executable found relative to current \
         directory";
    const GO_NOWHERE: &str =
        "exec: \"tool\": executable file not found in $PATH";
    let found_at = programs.program(RUST, "pitfalls/found_at")?;
    programs
        .session
        .sh(&format!(
            "mkdir -p {HERE} && cp {found_at} {HERE}/tool
             mount -n -t tmpfs none {LOCAL} && cp {found_at} {LOCAL}/tool"
        ))?
        .well()?;
    let is_gnu = programs.session.sh("getconf GNU_LIBC_VERSION")?.status == 0;
    let libc = programs.launch(&[], (RUST, "libc"), &["-"])?.well()?;
    let unset = |is_gnu: bool| match is_gnu {
        true => "not found",
        false => "runs /usr/local/bin/tool",
    };
    let (c_unset, rust_unset) = (unset(is_gnu), unset(libc == "gnu"));
    let here = "runs the one in the working directory";
    for (launcher, way, empty, element, none) in [
        (C, "clone", here, here, c_unset),
        (RUST, "clone", here, here, rust_unset),
        (RUST, "command", here, here, rust_unset),
        (GO, "cmd", GO_NOWHERE, GO_HERE, GO_NOWHERE),
    ] {
        for (path, what, described) in [
            ("PATH=; export PATH", "PATH is empty", empty),
            ("PATH=/bin:; export PATH", "PATH ends in a colon", element),
            ("unset PATH", "PATH is not set", none),
        ] {
            let launch = programs.program(launcher, "pitfalls/launch")?;
            let script =
                format!("cd {HERE} && {path} && exec {launch} {way} tool");
            // Only the name that it was found by tells one from the other.
            let said = programs.session.sh(&script)?;
            let local = format!("{LOCAL}/tool");
            let seen = match said.stdout.as_str() {
                "" if said.stderr.is_empty() => "not found".to_owned(),
                "" if launcher == GO => in_one_line(&said),
                "" => "not found".to_owned(),
                it if it == local => "runs /usr/local/bin/tool".to_owned(),
                _ => here.to_owned(),
            };
            let who = format!("{}: {what}", by(launcher, way));
            evidence.see(who, &seen, described);
        }
    }
    Ok(())
}

/// A name that only the PATH of the launcher has, or only that of the payload.
pub fn path_of_the_payload(
    programs: &mut Programs<'_>,
    evidence: &mut Evidence,
) -> Found<()> {
    const THEIRS: &str = "looks in the launcher's";
    const ITS: &str = "looks in the payload's";
    for (launcher, way, described) in [
        (C, "execvpe_path", THEIRS),
        (C, "posix_spawn_path", THEIRS),
        (GO, "cmd_path", THEIRS),
        (RUST, "command_path", ITS),
    ] {
        let launch = programs.program(launcher, "pitfalls/launch")?;
        let mut runs = |of_launcher: &str, of_payload: &str| -> Found<bool> {
            let said = programs.session.run(&[
                "env",
                &format!("PATH={of_launcher}"),
                &format!("PAYLOAD_PATH={of_payload}"),
                &launch,
                way,
                "tool",
            ])?;
            Ok(said.status == 0 && !said.stdout.is_empty())
        };
        let seen = match (runs(HERE, "/bin")?, runs("/bin", HERE)?) {
            (true, false) => THEIRS,
            (false, true) => ITS,
            (true, true) => "looks in both",
            (false, false) => "looks in neither",
        };
        evidence.see(by(launcher, way), seen, described);
    }
    Ok(())
}

/// What the error says if something else than the program is missing.
pub fn what_an_error_names(
    programs: &mut Programs<'_>,
    evidence: &mut Evidence,
) -> Found<()> {
    for (launcher, way, described) in [
        (GO, "cmd_no_dir", "chdir /no/such: no such file or directory"),
        (
            GO,
            "cmd_no_dir_attributes",
            "fork/exec /bin/true: no such file or directory",
        ),
        (GO, "cmd_no_chroot", "fork/exec /bin/true: no such file or directory"),
        (
            GO,
            "cmd_no_terminal",
            "fork/exec /bin/true: inappropriate ioctl for device",
        ),
        (RUST, "command_no_dir", "Command: No such file or directory"),
    ] {
        let payload = ["/bin/true"];
        let launch = programs.program(launcher, "pitfalls/launch")?;
        // Nothing here is a terminal.
        let script = "exec \"$@\" </dev/null";
        let argv = ["sh", "-c", script, "sh", &launch, way];
        let argv = [&argv[..], &payload].concat();
        let said = programs.session.run(&argv)?;
        let seen = said.error_message().to_owned();
        evidence.see(by(launcher, way), &seen, described);
    }
    Ok(())
}

/// Programs that are there, and whose dynamic linker is not.
pub fn without_a_linker(
    programs: &mut Programs<'_>,
    evidence: &mut Evidence,
) -> Found<()> {
    const ROOT: &str = "/tmp/no-linker";
    const RUNS: &str = "runs";
    const ENOENT: &str = "No such file or directory";
    programs.session.run(&["mkdir", "-p", ROOT])?.well()?;
    for (launcher, name, who, described) in [
        (C, "lookup", "c, linked dynamically", ENOENT),
        (GO, "user_lookup_cgo", "go, os/user with cgo", ENOENT),
        (GO, "user_lookup", "go, os/user without cgo", RUNS),
        (RUST, "found_at", "rust, linked statically", RUNS),
    ] {
        let program =
            programs.program(launcher, &format!("pitfalls/{name}"))?;
        let lookup = programs.program(C, "pitfalls/lookup")?;
        let there = format!("{ROOT}/program");
        programs.session.run(&["cp", &program, &there])?.well()?;
        let said = programs.session.run(&[&lookup, ROOT, "/program"])?;
        let first = said.error_message();
        let seen = match first.strip_prefix("lookup: execvp /program: ") {
            Some(error) => error,
            // It complains of its arguments, and so it has run.
            None => RUNS,
        };
        let who = format!("{who}, in a root without a dynamic linker");
        evidence.see(who, seen, described);
    }
    Ok(())
}
