//! What becomes of a launch where a seccomp filter does not allow clone3(2).

use super::{C, GO, Programs, RUST, Way, by};
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::Found;
use nix::errno::Errno;

/// Which ways try clone(2) instead, for each answer of the filter.
pub fn refused(conditions: &Conditions<'_>) -> Found<Evidence> {
    const RUNS: &str = "runs";
    const EPERM: &str = "operation not permitted";
    const ENOSYS: &str = "function not implemented";
    const TIME: &str = "cmd_newtime";
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    let is_gnu = programs.session.sh("getconf GNU_LIBC_VERSION")?.status == 0;
    let rust = programs.launch(&[], (RUST, "libc"), &["-"])?.well()?;
    let by_libc = |is_gnu| if is_gnu { EPERM } else { RUNS };
    let (c, rust) = (by_libc(is_gnu), by_libc(rust == "gnu"));
    // Before that version Go had only clone(2), which takes the flag for a
    // part of the exit signal.
    let has_clone3 = programs.go_version()? >= (1, 21, 0);
    let time = |error| if has_clone3 { error } else { RUNS };
    let ways: &[Way<(&str, &str)>] = &[
        (C, "clone", (RUNS, RUNS)),
        (C, "fork", (RUNS, RUNS)),
        (C, "posix_spawn", (c, RUNS)),
        (C, "thread", (c, RUNS)),
        (RUST, "clone", (RUNS, RUNS)),
        (RUST, "command", (rust, RUNS)),
        (RUST, "thread", (rust, RUNS)),
        (GO, "cmd", (RUNS, RUNS)),
        (GO, TIME, (time(EPERM), time(ENOSYS))),
    ];
    for (launcher, way, (eperm, enosys)) in ways {
        for (error, name, described) in
            [(Errno::EPERM, "EPERM", eperm), (Errno::ENOSYS, "ENOSYS", enosys)]
        {
            let before = ["-n", &(error as i32).to_string()];
            let said = programs.launch(&before, (*launcher, way), &["true"])?;
            let first = said.error_message().to_lowercase();
            let error = [EPERM, ENOSYS]
                .into_iter()
                .find(|error| said.status != 0 && first.ends_with(error));
            let seen = match error {
                _ if said.status == 0 => RUNS,
                Some(error) => error,
                None => first.as_str(),
            };
            let who = format!("{}, clone3 is {name}", by(*launcher, way));
            evidence.see(who, seen, described);
        }
    }
    with_cgo(&mut programs, &mut evidence, is_gnu)?;
    Ok(evidence)
}

/// A program in Go whose threads the C library makes.
fn with_cgo(
    programs: &mut Programs<'_>,
    evidence: &mut Evidence,
    is_gnu: bool,
) -> Found<()> {
    const RUNS: &str = "runs";
    const ABORTS: &str = "pthread_create failed: Operation not permitted";
    let program = programs.program(GO, "pitfalls/user_lookup_cgo")?;
    let eperm = if is_gnu { ABORTS } else { RUNS };
    for (error, described) in [(Errno::EPERM, eperm), (Errno::ENOSYS, RUNS)] {
        let before = ["-n", &(error as i32).to_string()];
        let said = programs.start(&before, &[&program, "/", "root"])?;
        let seen = match said.status {
            0 => RUNS,
            _ if said.error_message().ends_with(ABORTS) => ABORTS,
            _ => said.error_message(),
        };
        let who = format!("go, a program with cgo, clone3 is {error:?}");
        evidence.see(who, seen, described);
    }
    Ok(())
}
