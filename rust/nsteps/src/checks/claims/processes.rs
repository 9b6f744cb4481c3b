//! What is claimed of fork and exec, and of the privilege that all takes.

use super::{Conditions, Finding};
use crate::checks::session::Said;
use harness::found::Found;
use harness::launcher::Launcher;
use harness::scenario::Mounts;

/// The case in which claim 40 holds.
pub const NO_USER_NAMESPACE: &str = "no user namespace is made first";
/// The case in which claim 43 holds.
pub const CAN_BE_EXECUTED: &str = "the program can be executed";

const FORK_EXEC: &str = "c/pitfalls/fork_exec";

/// Claim 40: a step, by a process without any capability, as it is and in a
/// user namespace.
pub fn takes_privilege(conditions: &Conditions<'_>) -> Found<Finding> {
    conditions.needs("setpriv", "util-linux")?;
    let mut session = conditions.session(Mounts::Private)?;
    let link = ["readlink", "/proc/self/ns/net"];
    let outside = session.run(&link)?.well()?;
    let step = conditions.step("network", &link)?;
    let step: Vec<_> = step.iter().map(String::as_str).collect();
    let mut by_user = |before: &[&str]| {
        let argv = [before, &step].concat();
        if conditions.is_an_ordinary_user() {
            // Root of the sandbox is an ordinary user of the machine, once it
            // has no capability in there but the one that a map of root takes:
            // user_namespaces(7), on CAP_SETFCAP.
            let set = ["setpriv", "--bounding-set=-all,+setfcap"];
            session.run(&[&set[..], &argv].concat())
        } else {
            session.run(&conditions.as_an_ordinary_user(&argv))
        }
    };
    let alone = by_user(&[])?;
    let inside = by_user(&["unshare", "--user", "--map-root-user"])?;
    let works = |said: &Said| {
        said.stdout.starts_with("net:[") && said.stdout != outside
    };
    let word = |said| if works(said) { "a new one" } else { "none" };
    Ok(Finding::new()
        .case(NO_USER_NAMESPACE, !works(&alone))
        .case("one is made first", !works(&inside))
        .seen(format!(
            "without privilege, a network namespace: {}: {}",
            word(&alone),
            alone.error_message()
        ))
        .seen(format!(
            "in a user namespace, a network namespace: {}",
            word(&inside)
        )))
}

/// Claim 42: what each of the two processes has got.
pub fn fork_returns_twice(conditions: &Conditions<'_>) -> Found<Finding> {
    let program = conditions.program(FORK_EXEC, Launcher::C.toolchain())?;
    let mut session = conditions.session(Mounts::Private)?;
    let said = session.run(&[&program, "fork"])?.well()?;
    let returns: Vec<(&str, &str)> = said
        .lines()
        .filter_map(|line| {
            line.strip_prefix("pid ")?.split_once(": fork returned ")
        })
        .collect();
    let holds = matches!(
        returns.as_slice(),
        [(child, "0"), (parent, returned)]
            if child == returned && parent != child
    );
    Ok(said.lines().fold(Finding::plainly(holds), Finding::seen))
}

/// Claim 43: of a program, and of a name that none has.
pub fn exec_does_not_return(conditions: &Conditions<'_>) -> Found<Finding> {
    let program = conditions.program(FORK_EXEC, Launcher::C.toolchain())?;
    let mut session = conditions.session(Mounts::Private)?;
    let mut said = |name: &str| -> Found<String> {
        let argv = [&program, "exec", "sh", "-c", "echo the program"];
        let argv = argv.map(|it| if it == "sh" { name } else { it });
        let said = session.run(&argv)?.well()?;
        Ok(said.lines().skip(1).collect::<Vec<_>>().join(", "))
    };
    let (there, missing) = (said("sh")?, said("/no/such")?);
    let returns = |said: &str| said.contains("exec returned");
    Ok(Finding::new()
        .case(CAN_BE_EXECUTED, there == "the program")
        .case("it cannot", !returns(&missing))
        .seen(format!("a program: {there}"))
        .seen(format!("no program: {missing}")))
}
