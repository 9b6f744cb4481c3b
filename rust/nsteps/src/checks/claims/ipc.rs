//! Claims about the ipc namespace.

use super::{Conditions, Finding};
use crate::checks::session::NSTEPS;
use harness::found::Found;
use harness::scenario::Mounts;

/// The key of the queue made inside.
const KEY: &str = "0x6e737469";

/// Claim 7: the sandbox has a queue of its own, and another one is made inside.
pub fn queues_are_apart(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session(Mounts::Private)?;
    let list = "cat /proc/sysvipc/msg";
    let script = format!("{list}; {NSTEPS} demonstrate queue {KEY}; {list}");
    let held = session.hold_step("ipc", &script)?;
    let outside = session.sh(list)?.well()?;
    // Each list begins with a line of headings.
    let mut lists = held.said.split("       key").skip(1).map(keys);
    let first = lists.next().unwrap_or_default();
    let inside = lists.next().unwrap_or_default();
    session.release(held)?;
    let outside = keys(&outside);
    let holds = first.is_empty()
        && inside.len() == 1
        && inside[0] == KEY
        && outside.len() == 1
        && outside[0] != KEY;
    let list = |keys: &[String]| {
        if keys.is_empty() { "no queue".to_owned() } else { keys.join(" ") }
    };
    Ok(Finding::plainly(holds)
        .seen(format!("outside: {}", list(&outside)))
        .seen(format!("inside: {}, then made {}", list(&first), list(&inside))))
}

/// Claim 34: the option of ipcs(1) in the post, and the one that is meant.
pub fn option_of_ipcs(conditions: &Conditions<'_>) -> Found<Finding> {
    conditions.needs("ipcs", "util-linux")?;
    let mut session = conditions.session(Mounts::Private)?;
    let published = session.run(&["ipcs", "-Q"])?;
    let meant = session.run(&["ipcs", "-q"])?.well()?;
    let rows = meant.lines().filter(|it| it.starts_with("0x")).count();
    Ok(Finding::plainly(published.status == 0)
        .seen(format!("ipcs -Q: {}", published.error_message()))
        .seen(format!("ipcs -q: {rows} queue")))
}

/// The keys in a list of queues, in the form of ipcs(1).
fn keys(list: &str) -> Vec<String> {
    list.lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next()?.parse::<i32>().ok())
        .map(|key| format!("{key:#010x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_first_column() {
        let list = "       key      msqid perms\n1853060201          0   600";
        assert_eq!(keys(list), ["0x6e737469"]);
        assert!(keys("       key      msqid perms").is_empty());
    }
}
