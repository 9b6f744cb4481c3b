//! What is claimed of chroot and pivot_root.

use super::{Conditions, Finding};
use crate::checks::inside::pivot_root::CASES;
use crate::checks::inside::result;
use crate::checks::session::{NSTEPS, Session};
use harness::found::Found;
use harness::paths::NEWROOT;
use harness::scenario::Mounts;

/// Where claim 18 holds.
pub const OWN_PUT_OLD: &str = "put_old is a directory of its own";
/// Where claim 29 holds.
pub const NOTHING_LEFT_OPEN: &str = "nothing of the old root was left open";

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

/// Claim 21: what ps and df of the new root's own say.
pub fn little_to_be_seen(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session_with_new_root(Mounts::Private)?;
    // By its path: busybox's shell is busybox's ps too, and would not exec.
    let script = "/bin/ps; echo; df";
    let said = session.step_sh("pivot_root", script)?.well()?;
    let outside = session.run(&["cat", "/proc/mounts"])?.well()?;
    // As published: `starting...` comes last when standard output is a pipe.
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

/// The words of each line but the first, which holds the headings.
fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().skip(1).map(|it| it.split_whitespace().collect())
}

/// Claim 29: two ways to change the root, and for each a way out.
pub fn ways_out(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session_with_new_root(Mounts::Private)?;
    // A word that is nowhere but in the old root.
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

/// Pivots with the old root open as descriptor 3.
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

/// What a demonstration says, without what the step says around it.
fn line(said: &str) -> &str {
    said.lines().find(|it| it.starts_with("cat ")).unwrap_or("nothing")
}
