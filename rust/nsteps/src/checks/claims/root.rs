//! Claims about chroot and pivot_root.

use super::{Conditions, Finding};
use crate::checks::inside::pivot_root::CASES;
use crate::checks::inside::result;
use crate::checks::old_root::{self, BELOW_ROOT, DIRECTORY, was_read};
use crate::checks::session::{NSTEPS, Session};
use harness::found::{Found, Refusal};
use harness::launcher::Launcher;
use harness::paths::NEWROOT;
use harness::scenario::Mounts;
use std::path::Path;

/// The case in which claim 18 holds.
pub const OWN_PUT_OLD: &str = "put_old is a directory of its own";
/// The case in which claim 29 holds.
pub const NOTHING_LEFT_OPEN: &str = "nothing of the old root was left open";

/// The case in which claim 35 holds.
pub const HEADER_IS_MEANT: &str = "the header is meant";
/// The case in which claim 38 holds.
pub const MOUNT_IS_MEANT: &str = "a mount is meant";
/// The case in which claim 39 holds.
pub const STARTED_IN_ROOT: &str = "it was started in the root directory";

/// The case in which claim 41 holds.
pub const PIVOT_ROOT_IS_CALLED: &str = "pivot_root is called in one";

/// Claim 18: the table of errors, each row tried in a namespace of its own.
pub fn rules_of_pivot_root(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session(Mounts::Private)?;
    let said = session.demonstrate(&["pivot_root"])?.well()?;
    let results = CASES
        .iter()
        .map(|case| Ok((case, result(&said, case.name)?)))
        .collect::<Found<Vec<_>>>()?;
    let as_known =
        results.iter().filter(|(it, _)| !it.stacks).all(|(case, result)| {
            *result == case.expected(conditions.is_an_ordinary_user())
        });
    let stacks =
        results.iter().any(|(case, result)| case.stacks && *result == "ok");
    let mut finding = Finding::new()
        .case(OWN_PUT_OLD, as_known)
        .case("put_old is new_root", !stacks);
    let mut kinds: Vec<&str> = Vec::new();
    for (_, result) in &results {
        if !kinds.contains(result) {
            kinds.push(result);
        }
    }
    for result in kinds {
        let names: Vec<_> = results
            .iter()
            .filter(|(_, it)| *it == result)
            .map(|(case, _)| case.name)
            .collect();
        finding = finding.seen(format!("{result:<7} {}", names.join("; ")));
    }
    Ok(finding)
}

/// Claim 35: whether the C library and its header have the call.
pub fn no_wrapper(_: &Conditions<'_>) -> Found<Finding> {
    let architecture = std::env::consts::ARCH;
    let of_debian = format!("/lib/{architecture}-linux-gnu/libc.so.6");
    let libraries = [&of_debian, "/lib64/libc.so.6", "/lib/libc.so.6"];
    let library = first(&libraries, "the GNU C library")?;
    let header = first(&["/usr/include/unistd.h"], "libc6-dev")?;
    let has = |path: &str, name: &[u8]| -> Found<bool> {
        let bytes = std::fs::read(path)
            .map_err(|it| Refusal::Broken(format!("read {path}: {it}")))?;
        Ok(bytes.windows(name.len()).any(|it| it == name))
    };
    let exported = has(library, b"\0pivot_root\0")?;
    let declared = has(header, b"pivot_root")?;
    let word = |is: bool| if is { "has it" } else { "does not have it" };
    Ok(Finding::new()
        .case(HEADER_IS_MEANT, !declared)
        .case("the library is meant", !exported)
        .seen(format!("unistd.h {}", word(declared)))
        .seen(format!("libc.so.6 {}", word(exported))))
}

/// The first of these files that exists.
fn first<'p>(paths: &[&'p str], package: &str) -> Found<&'p str> {
    let found = paths.iter().copied().find(|it| Path::new(it).exists());
    found.ok_or_else(|| {
        let name = paths[0];
        Refusal::Unavailable(format!("there is no {name}: install {package}"))
    })
}

/// Claim 38: new_root is a directory of the file system of `/`, as it is, and
/// bound on itself.
pub fn another_file_system(conditions: &Conditions<'_>) -> Found<Finding> {
    conditions.needs("pivot_root", "util-linux")?;
    let mut session = conditions.session(Mounts::Private)?;
    let mut tried = |before: &str| {
        let script = format!(
            "mkdir -p /mytmp/new/old && {before} cd /mytmp/new &&
             test $(stat -c %d .) = $(stat -c %d /) && echo the same &&
             PATH=/usr/sbin:/sbin:$PATH pivot_root . old"
        );
        session.run(&["unshare", "--mount", "sh", "-c", &script])
    };
    let plain = tried("")?;
    let bound = tried("mount -n --bind /mytmp/new /mytmp/new &&")?;
    if [&plain, &bound].iter().any(|it| it.stdout != "the same") {
        return Err(Refusal::Broken(
            "/mytmp is not on the file system of /".to_owned(),
        ));
    }
    Ok(Finding::new()
        .case(MOUNT_IS_MEANT, plain.status != 0)
        .case("a file system is meant", bound.status != 0)
        .seen(format!("a mere directory: {}", plain.error_message()))
        .seen(format!("bound on itself: status {}", bound.status)))
}

/// Claim 39: whether the payload is in the new root although the published
/// child does not call chdir(2).
pub fn in_the_new_root(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session_with_new_root(Mounts::Private)?;
    let faulty =
        conditions.program("c/pitfalls/no_chdir", Launcher::C.toolchain())?;
    let mut reads = |from: &str, file: &str| {
        let argv = [&faulty, NEWROOT, "cat", file];
        old_root::read(&mut session, from, &argv).map(|it| was_read(&it))
    };
    let at_root = reads("/", BELOW_ROOT)?;
    let elsewhere = reads(DIRECTORY, "secret")?;
    let word = |reads: bool| if reads { "read" } else { "not found" };
    Ok(Finding::new()
        .case(STARTED_IN_ROOT, !at_root)
        .case("it was started in another directory", !elsewhere)
        .seen(format!(
            "started in /: a file of the old root: {}",
            word(at_root)
        ))
        .seen(format!("started elsewhere: the same: {}", word(elsewhere))))
}

/// Claim 41: a file of the old root, by its path.
pub fn all_that_chroot_offers(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session_with_new_root(Mounts::Private)?;
    let file = format!("/{BELOW_ROOT}");
    let read = ["cat", file.as_str()];
    let chroot = [&["chroot", NEWROOT], &read[..]].concat();
    let namespace = [&["unshare", "--mount"], &read[..]].concat();
    let step = conditions.step("pivot_root", &read)?;
    let step: Vec<&str> = step.iter().map(String::as_str).collect();
    let mut reads = |argv: &[&str]| {
        old_root::read(&mut session, "/", argv).map(|it| was_read(&it))
    };
    let by_chroot = reads(&chroot)?;
    let by_namespace = reads(&namespace)?;
    let by_step = reads(&step)?;
    if by_chroot {
        return Err(Refusal::Broken(
            "chroot did not hide a file of the old root".to_owned(),
        ));
    }
    let word = |reads: bool| if reads { "read" } else { "hidden" };
    Ok(Finding::new()
        .case(PIVOT_ROOT_IS_CALLED, !by_step)
        .case("a mount namespace is all", !by_namespace)
        .seen(format!("chroot, a file outside: {}", word(by_chroot)))
        .seen(format!("a mount namespace: {}", word(by_namespace)))
        .seen(format!("pivot_root: {}", word(by_step))))
}

/// Claim 21: what ps and df of the new root's own say.
pub fn little_to_be_seen(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session_with_new_root(Mounts::Private)?;
    // By its path: busybox's shell would run ps itself, without exec.
    let script = "/bin/ps; echo; df";
    let said = session.step_sh("pivot_root", script)?.well()?;
    let outside = session.run(&["cat", "/proc/mounts"])?.well()?;
    // As published, `starting...` comes last if standard output is a pipe.
    let (ps, df) = said.split_once("\n\n").unwrap_or((&said, ""));
    let processes: Vec<String> = rows(ps).map(|it| it.join(" ")).collect();
    let places: Vec<String> = rows(df)
        .filter(|it| it.len() == 6)
        .map(|it| it[5].to_owned())
        .collect();
    let holds = processes.len() == 2
        && processes[0].starts_with("1 ")
        && processes[1].ends_with(" /bin/ps")
        && places == ["/", "/dev"];
    Ok(Finding::plainly(holds)
        .seen(format!("ps: {}", processes.join(", ")))
        .seen(format!("df: {}", places.join(", ")))
        .seen(format!("outside: {} mounts", outside.lines().count())))
}

/// The words of each line except the first, which has the headings.
fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().skip(1).map(|it| it.split_whitespace().collect())
}

/// Claim 29: two ways to change the root, and a way out of each.
pub fn ways_out(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session_with_new_root(Mounts::Private)?;
    // A text that exists only in the old root.
    session.sh("echo 'of the old root' >/secret")?.well()?;
    let within = format!("{NEWROOT}/nsteps-demonstrations");
    session.run(&["cp", NSTEPS, &within])?.well()?;
    let program = "/nsteps-demonstrations";

    let second = [program, "demonstrate", "second_chroot"];
    let escaped = session.run(&[&["chroot", NEWROOT][..], &second].concat())?;
    let held_back = session.step("pivot_root", &second)?;
    let leaked = leaked(&mut session, conditions, program)?;
    let out = |said: &str| said.contains("of the old root");
    let chroot_unsafe = out(&escaped.stdout);
    Ok(Finding::new()
        .case(
            NOTHING_LEFT_OPEN,
            chroot_unsafe
                && !out(&held_back.stdout)
                && held_back.stdout.contains("No such file"),
        )
        .case("a directory of it was", chroot_unsafe && !out(&leaked))
        .seen(format!("chroot, then a second: {}", line(&escaped.stdout)))
        .seen(format!("pivot_root, then chroot: {}", line(&held_back.stdout)))
        .seen(format!(
            "pivot_root, descriptor 3 is the old /: {}",
            line(&leaked)
        )))
}

/// Pivots while the old root is open as descriptor 3.
fn leaked(
    session: &mut Session<'_>,
    conditions: &Conditions<'_>,
    program: &str,
) -> Found<String> {
    let step = conditions
        .step("pivot_root", &[program, "demonstrate", "open_directory"])?;
    let script = "exec 3</; exec \"$@\"";
    let mut argv = vec!["sh", "-c", script, "sh"];
    argv.extend(step.iter().map(String::as_str));
    Ok(session.run(&argv)?.stdout)
}

/// The output of a demonstration, without the lines of the step around it.
fn line(said: &str) -> &str {
    said.lines().find(|it| it.starts_with("cat ")).unwrap_or("nothing")
}
