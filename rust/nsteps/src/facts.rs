//! What differs between versions of the kernel: [`FACTS`] is the only list.
//!
//! A fact is one attempt, made in a child with namespaces of its own, and the
//! answer that each version gives.

mod attempt;

pub use attempt::compare_time_namespace;

use crate::checks::inside::Attempt;
use harness::host::machine::{
    self, EXECVE_ENTERS_TIME, EXIT_SIGNALS_CHECKED, SUBSET_BESIDE_HIDDEN,
    Version,
};
use schemars::JsonSchema;
use serde::Serialize;

/// A call, and the answer of each version.
#[derive(Debug)]
pub struct Fact {
    /// Its name, of lower-case words with hyphens.
    pub name: &'static str,
    /// What is attempted, in one line without a full stop.
    pub about: &'static str,
    /// The answers, each with the version from which on it is given, the oldest
    /// first.
    pub answers: &'static [(Version, &'static str)],
    attempt: fn() -> Attempt,
}

/// What a kernel answers to an attempt, and what it was expected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `ok`, the name of an errno, or another word of the list; `not tried:` and
    /// the reason if the attempt could not be prepared.
    pub seen: String,
    /// What the list says of this version.
    pub expected: &'static str,
}

impl Answer {
    /// Whether the attempt was made.
    pub fn was_tried(&self) -> bool {
        !self.seen.starts_with(NOT_TRIED)
    }

    /// Whether the kernel answers as the list says of its version.
    pub fn is_as_expected(&self) -> bool {
        self.seen == self.expected
    }
}

/// How an answer begins for an attempt that could not be prepared.
const NOT_TRIED: &str = "not tried: ";

impl Fact {
    /// The answer of a version.
    pub fn expected(&self, version: Version) -> &'static str {
        let known = self.answers.iter().rev();
        let mut known = known.filter(|(since, _)| *since <= version);
        known.next().map_or("", |(_, answer)| answer)
    }

    /// Asks this kernel. The caller must have one thread, because each attempt
    /// is made in a child that has a copy of the memory.
    pub fn ask(&self) -> Answer {
        let seen = attempt::answer(self.name, self.attempt)
            .unwrap_or_else(|why| format!("{NOT_TRIED}{why}"));
        Answer { seen, expected: self.expected(machine::kernel()) }
    }
}

const fn fact(
    name: &'static str,
    about: &'static str,
    answers: &'static [(Version, &'static str)],
    attempt: fn() -> Attempt,
) -> Fact {
    Fact { name, about, answers, attempt }
}

/// Every version.
const ALWAYS: Version = (0, 0);

/// Every fact, those about one thing side by side.
pub const FACTS: &[Fact] = &[
    fact(
        "close-range-cloexec",
        "close_range(2) with CLOSE_RANGE_CLOEXEC",
        &[(ALWAYS, "ENOSYS"), ((5, 9), "EINVAL"), ((5, 11), "ok")],
        attempt::close_range,
    ),
    fact(
        "mount-setattr",
        "mount_setattr(2) of a path that is not there",
        &[(ALWAYS, "ENOSYS"), ((5, 12), "ENOENT")],
        attempt::mount_setattr,
    ),
    fact(
        "time-borrowed-memory",
        "after unshare(CLONE_NEWTIME) a child with CLONE_VM|CLONE_VFORK",
        &[(ALWAYS, "EINVAL"), (EXECVE_ENTERS_TIME, "ok")],
        attempt::borrowed_memory,
    ),
    fact(
        "time-execve",
        "after unshare(CLONE_NEWTIME) what execve(2) becomes is in",
        &[(ALWAYS, "the old one"), (EXECVE_ENTERS_TIME, "the new one")],
        attempt::execve,
    ),
    fact(
        "clone-newtime",
        "clone(2) with CLONE_NEWTIME, whose bit is one of the exit signal",
        &[(ALWAYS, "ok"), (EXIT_SIGNALS_CHECKED, "EINVAL")],
        attempt::clone_newtime,
    ),
    fact(
        "clone-exit-signal",
        "clone(2) with an exit signal above 64",
        &[(ALWAYS, "ok"), (EXIT_SIGNALS_CHECKED, "EINVAL")],
        attempt::exit_signal,
    ),
    fact(
        "clone3-autoreap",
        "clone3(2) with CLONE_AUTOREAP",
        &[(ALWAYS, "EINVAL"), ((7, 1), "ok")],
        || attempt::clone3(1 << 34, 0),
    ),
    fact(
        "clone3-no-new-privs",
        "clone3(2) with CLONE_NNP",
        &[(ALWAYS, "EINVAL"), ((7, 1), "ok")],
        || attempt::clone3(1 << 35, attempt::SIGCHLD),
    ),
    fact(
        "clone3-kill-on-close",
        "clone3(2) with CLONE_PIDFD|CLONE_PIDFD_AUTOKILL|CLONE_AUTOREAP|CLONE_NNP",
        &[(ALWAYS, "EINVAL"), ((7, 1), "ok")],
        || attempt::clone3(0x1000 | 1 << 34 | 1 << 35 | 1 << 36, 0),
    ),
    fact(
        "clone3-empty-mounts",
        "clone3(2) with CLONE_NEWNS|CLONE_EMPTY_MNTNS",
        &[(ALWAYS, "EINVAL"), ((7, 1), "ok")],
        || attempt::clone3(0x2_0000 | 1 << 37, attempt::SIGCHLD),
    ),
    fact(
        "open-tree-namespace",
        "open_tree(2) with OPEN_TREE_NAMESPACE",
        &[(ALWAYS, "EINVAL"), ((7, 0), "ok")],
        attempt::open_tree,
    ),
    fact(
        "fsmount-namespace",
        "fsmount(2) with FSMOUNT_NAMESPACE",
        &[(ALWAYS, "EINVAL"), ((7, 1), "ok")],
        attempt::fsmount,
    ),
    fact(
        "listmount",
        "listmount(2)",
        &[(ALWAYS, "ENOSYS"), ((6, 8), "ok")],
        attempt::listmount,
    ),
    fact(
        "listns",
        "listns(2)",
        &[(ALWAYS, "ENOSYS"), ((6, 19), "ok")],
        attempt::listns,
    ),
    fact(
        "pidfd-namespace",
        "the uts namespace of a pidfd: PIDFD_GET_UTS_NAMESPACE",
        &[(ALWAYS, "ENOTTY"), ((6, 11), "ok")],
        attempt::namespace_of_pidfd,
    ),
    fact(
        "namespace-id",
        "the id of a namespace: NS_GET_ID",
        &[(ALWAYS, "ENOTTY"), ((6, 18), "ok")],
        attempt::namespace_id,
    ),
    fact(
        "procfs-pidns",
        "a procfs with the option pidns=",
        &[(ALWAYS, "EINVAL"), ((6, 18), "ok")],
        attempt::procfs_of_namespace,
    ),
    fact(
        "procfs-hidden",
        "in a user namespace a procfs beside one with a hidden file",
        &[(ALWAYS, "EPERM")],
        || attempt::procfs_beside_hidden(None),
    ),
    fact(
        "procfs-hidden-subset",
        "the same with the option subset=pid",
        &[(ALWAYS, "EPERM"), (SUBSET_BESIDE_HIDDEN, "ok")],
        || attempt::procfs_beside_hidden(Some("subset=pid")),
    ),
];

/// The version of [`Form`]; it grows when a member changes its meaning.
pub const SCHEMA: &str = "nsteps.facts/1";

/// The output of `nsteps facts --json`; its exit status is 0, 1 or 2 as that of
/// the text.
#[derive(Serialize, JsonSchema)]
pub struct Form {
    /// The form and its version: `nsteps.facts/1`
    pub schema: &'static str,
    /// The kernel's name and release, and whether the caller is root.
    pub machine: String,
    /// The facts, in the order of the list.
    pub facts: Vec<FactForm>,
}

/// One fact and what this kernel answers.
#[derive(Serialize, JsonSchema)]
pub struct FactForm {
    /// Its name.
    pub name: &'static str,
    /// What is attempted.
    pub about: &'static str,
    /// What the kernel answers: `ok`, the name of an errno or other words;
    /// `not tried:` and the reason if the attempt could not be prepared.
    pub seen: String,
    /// What kernels of this version answer.
    pub expected: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_from_its_version_on() {
        let of = |name| FACTS.iter().find(|it| it.name == name);
        let fact = of("close-range-cloexec").expect("it is listed");
        for (version, answer) in [
            ((5, 8), "ENOSYS"),
            ((5, 9), "EINVAL"),
            ((5, 10), "EINVAL"),
            ((5, 11), "ok"),
            ((7, 3), "ok"),
        ] {
            assert_eq!(fact.expected(version), answer, "{version:?}");
        }
    }

    #[test]
    fn versions_grow_and_answers_change() {
        for fact in FACTS {
            assert_eq!(fact.answers[0].0, ALWAYS, "{}", fact.name);
            for two in fact.answers.windows(2) {
                assert!(two[0].0 < two[1].0, "{}", fact.name);
                assert_ne!(two[0].1, two[1].1, "{}", fact.name);
            }
        }
    }
}
