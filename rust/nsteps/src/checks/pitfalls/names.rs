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
            let case = format!("{}: {what}", by(launcher, way));
            evidence.see(case, &seen, described);
        }
    }
    Ok(())
}
