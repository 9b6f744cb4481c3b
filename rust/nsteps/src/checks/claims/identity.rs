//! Claims about the inode numbers of namespaces.

use super::{Conditions, Finding};
use crate::checks::session::Said;
use harness::found::Found;
use harness::scenario::Mounts;
use harness::step::Namespace;

/// The case in which claim 19 holds.
pub const BOTH_ALIVE: &str = "both processes are alive";

/// How many namespaces are made and removed at most until a number is used
/// again.
const BOUND: usize = 100;

/// Claim 19: two processes are in the same namespace if its inode numbers are
/// equal.
///
/// The check compares a live process in the step `uts` with one outside: their
/// numbers differ only for the uts namespace, and they see different host names.
pub fn inode_numbers(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session(Mounts::Private)?;
    let list =
        "cd /proc/self/ns && for it in *; do readlink $it; done | sort -u";
    let held = session.hold_step("uts", &format!("{list}; uname -n"))?;
    let outside = session.sh(&format!("{list}; uname -n"))?.well()?;
    let (inside, outside) = (links(&held.said), links(&outside));
    session.release(held)?;
    let differing: Vec<&String> =
        inside.iter().filter(|it| !outside.contains(it)).collect();
    let kinds = |links: &[String]| {
        Namespace::ALL
            .iter()
            .filter(|it| {
                let prefix = format!("{it}:[");
                links.iter().any(|link| link.starts_with(&prefix))
            })
            .count()
    };
    let known = kinds(&outside);
    let alive = known >= 7
        && kinds(&inside) == known
        && matches!(
            differing.as_slice(),
            [link, name] if link.starts_with("uts:[") && *name == "myhostname"
        );

    // Linux since 6.18 reports a namespace's own number, which is never used
    // again.
    let (mut seen, mut again) = (Vec::new(), None);
    while again.is_none() && seen.len() < BOUND {
        let one = Numbers::of(
            &session.probe(&["unshare", "--uts"], &["namespaces"])?,
        );
        again = seen.iter().position(|it: &Numbers| it.inode == one.inode);
        seen.push(one);
    }
    let finding = Finding::new()
        .case(BOTH_ALIVE, alive)
        .case("one of them has ended", again.is_none())
        .seen(format!(
            "alive: of {known} kinds the step uts shares all but {}",
            differing
                .iter()
                .map(|it| it.split(':').next().unwrap_or_default())
                .collect::<Vec<_>>()
                .join(", where uname -n is ")
        ));
    let count = seen.len();
    Ok(match again {
        Some(index) => finding.seen(format!(
            "ended: unshare --uts, for the {}. and {count}. time: {} and {}",
            index + 1,
            seen[index],
            seen[count - 1]
        )),
        None => finding.seen(format!(
            "{count} namespaces one after the other: no number \
                           came again, which is the bound"
        )),
    })
}

/// The lines of a listing.
fn links(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// The numbers of a namespace that was made and removed.
struct Numbers {
    inode: String,
    id: Option<String>,
}

impl Numbers {
    fn of(said: &Said) -> Numbers {
        let value = |key: &str| {
            said.stdout.lines().find_map(|line| {
                let (name, value) = line.split_once(" = ")?;
                (name.trim() == key).then(|| value.to_owned())
            })
        };
        Numbers {
            inode: value("ns.uts").unwrap_or_default(),
            id: value("ns.uts.id"),
        }
    }
}

impl std::fmt::Display for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{} (id {id})", self.inode),
            None => f.write_str(&self.inode),
        }
    }
}
