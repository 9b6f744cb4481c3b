//! The claims of the posts: each has a check, which runs programs in sandboxes,
//! and a verdict that every machine has to confirm.
//!
//! [`CLAIMS`] is the only list of them. The posts make the claims, in words of
//! their own; the sentences here are this project's. A check collects *cases*:
//! conditions, and whether the claim held under each. The verdict follows from
//! the cases alone, so a check cannot report what it has not seen.

mod effects;
mod identity;
mod ipc;
mod language;
mod mount;
mod network;
mod pid;
mod processes;
pub(crate) mod propagation;
pub mod report;
mod root;
mod user;
mod uts;

use crate::checks::check::Check;
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::found::Refusal;
use harness::step::{CDNE, CROSBY, JD, MITRE, Post, TEJO};
use std::borrow::Cow;
use std::fmt;

/// A claim of the posts, and the verdict on it.
#[derive(Debug)]
pub struct Claim {
    /// Its number, by which the book and the command line name it.
    pub number: u8,
    /// The posts that make the claim.
    pub posts: &'static [Post],
    /// The part of the post, in one word.
    pub topic: &'static str,
    /// The claim, in this project's words.
    pub sentence: &'static str,
    /// The verdict that the check must give on every machine.
    pub expected: Verdict,
    /// The reason for the verdict; empty if the verdict needs none.
    pub because: &'static str,
    /// Runs programs and returns the cases.
    check: fn(&Conditions<'_>) -> Found<Finding>,
}

/// The verdict on a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The sentence holds in every case that was tried.
    Holds,
    /// The sentence holds in these cases, and not in the others.
    OnlyWhere(Cow<'static, str>),
    /// The sentence holds in none of the cases that were tried.
    Refuted,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Holds => f.write_str("holds"),
            Verdict::OnlyWhere(cases) => {
                write!(f, "holds only where {cases}")
            }
            Verdict::Refuted => f.write_str("refuted"),
        }
    }
}

/// The cases that a check has tried, and its evidence.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    cases: Vec<(&'static str, bool)>,
    /// What was seen, in a few lines.
    pub evidence: Vec<String>,
}

impl Finding {
    /// A finding without a case.
    fn new() -> Finding {
        Finding::default()
    }

    /// A finding with one case, which has no condition.
    fn plainly(holds: bool) -> Finding {
        Finding::new().case("", holds)
    }

    /// Adds a case: whether the claim holds if `condition` is met.
    fn case(mut self, condition: &'static str, holds: bool) -> Finding {
        self.cases.push((condition, holds));
        self
    }

    /// Adds a line of evidence.
    fn seen(mut self, line: impl Into<String>) -> Finding {
        self.evidence.push(line.into());
        self
    }

    /// The finding, or an error if it has no case: without cases any claim
    /// would be refuted.
    fn tried(self) -> Found<Finding> {
        if self.cases.is_empty() {
            return Err(Refusal::Broken("no case was tried".to_owned()));
        }
        Ok(self)
    }

    /// The verdict that follows from the cases.
    pub fn verdict(&self) -> Verdict {
        let holding: Vec<&str> = self
            .cases
            .iter()
            .filter(|(_, holds)| *holds)
            .map(|(condition, _)| *condition)
            .collect();
        if holding.is_empty() {
            Verdict::Refuted
        } else if holding.len() == self.cases.len() {
            Verdict::Holds
        } else {
            Verdict::OnlyWhere(holding.join(", or ").into())
        }
    }
}

impl Claim {
    /// Finds the claim of that number.
    pub fn numbered(number: u8) -> Option<&'static Claim> {
        CLAIMS.iter().find(|claim| claim.number == number)
    }

    /// The post and its part, as `crosby/network`.
    pub fn source(&self) -> String {
        let places: Vec<_> = self
            .posts
            .iter()
            .map(|post| format!("{}/{}", post.key, self.topic))
            .collect();
        places.join(", ")
    }
}

impl Check for &'static Claim {
    type Seen = Finding;

    fn label(self) -> String {
        self.source()
    }

    fn check(self, conditions: &Conditions<'_>) -> Found<Finding> {
        (self.check)(conditions)?.tried()
    }

    fn is_expected(self, seen: &Finding) -> bool {
        seen.verdict() == self.expected
    }
}

const fn only_where(condition: &'static str) -> Verdict {
    Verdict::OnlyWhere(Cow::Borrowed(condition))
}

/// Every claim, in the order of the posts.
pub const CLAIMS: &[Claim] = &[
    Claim {
        number: 1,
        posts: &[CROSBY],
        topic: "network",
        sentence: "Inside there is no network interface but lo, and it is \
                   down.",
        expected: Verdict::Holds,
        because: "",
        check: network::only_lo_and_down,
    },
    Claim {
        number: 2,
        posts: &[CROSBY],
        topic: "mount",
        sentence: "Right after CLONE_NEWNS the mount table looks as it did \
                   before.",
        expected: Verdict::Holds,
        because: "",
        check: mount::table_looks_unchanged,
    },
    Claim {
        number: 3,
        posts: &[CROSBY],
        topic: "mount",
        sentence: "It looks so because /proc still shows the mounts of the \
                   system underneath.",
        expected: Verdict::Refuted,
        because: "the table itself was copied; /proc only shows it",
        check: mount::table_is_a_copy,
    },
    Claim {
        number: 4,
        posts: &[CROSBY],
        topic: "mount",
        sentence: "A tmpfs mounted inside cannot be seen outside.",
        expected: only_where(mount::NOT_SHARED),
        because: "a copy of a shared mount is its peer, and what is mounted \
                  on one appears on all",
        check: mount::tmpfs_stays_inside,
    },
    Claim {
        number: 5,
        posts: &[CROSBY],
        topic: "mount",
        sentence: "A mount namespace is no jail: the files are still those \
                   of the system.",
        expected: Verdict::Holds,
        because: "",
        check: mount::no_jail,
    },
    Claim {
        number: 6,
        posts: &[CROSBY],
        topic: "uts",
        sentence: "A new uts namespace begins with its parent's host name, \
                   and a new name stays inside.",
        expected: Verdict::Holds,
        because: "",
        check: uts::name_is_a_copy,
    },
    Claim {
        number: 7,
        posts: &[CROSBY, CDNE],
        topic: "ipc",
        sentence: "A queue made outside is not to be seen inside, nor the \
                   other way round.",
        expected: Verdict::Holds,
        because: "",
        check: ipc::queues_are_apart,
    },
    Claim {
        number: 8,
        posts: &[CROSBY],
        topic: "pid",
        sentence: "With the old /proc ps still shows everyone; with a new \
                   one it shows the command alone, as PID 1.",
        expected: Verdict::Holds,
        because: "",
        check: pid::proc_decides_what_ps_shows,
    },
    Claim {
        number: 9,
        posts: &[CROSBY],
        topic: "pid",
        sentence: "When PID 1 ends the kernel kills everyone else in its \
                   namespace.",
        expected: Verdict::Holds,
        because: "",
        check: pid::all_end_with_pid_1,
    },
    Claim {
        number: 10,
        posts: &[CROSBY],
        topic: "user",
        sentence: "Without an id map users and files belong to nobody and \
                   nogroup.",
        expected: Verdict::Holds,
        because: "",
        check: user::overflow_ids_without_a_map,
    },
    Claim {
        number: 11,
        posts: &[JD],
        topic: "mount",
        sentence: "Where systemd has made / shared the tmpfs appears on the \
                   host too; MS_PRIVATE or MS_SLAVE on / stops that.",
        expected: Verdict::Holds,
        because: "",
        check: propagation::shared_root_leaks,
    },
    Claim {
        number: 12,
        posts: &[JD],
        topic: "pid",
        sentence: "umount(\"/proc\") fails where something is mounted below \
                   it.",
        expected: Verdict::Holds,
        because: "",
        check: propagation::proc_is_busy,
    },
    Claim {
        number: 13,
        posts: &[JD],
        topic: "pid",
        sentence: "The puzzle: / is made private, and unmounting binfmt_misc \
                   inside still removes it from the host.",
        expected: Verdict::Holds,
        because: "an unmount propagates by the mount it lay on, and without \
                  MS_REC that one, /proc, is still shared",
        check: propagation::puzzle,
    },
    Claim {
        number: 14,
        posts: &[JD],
        topic: "network",
        sentence: "The same in Go, with Cloneflags, does what network.c does.",
        expected: Verdict::Holds,
        because: "",
        check: effects::go_does_what_c_does,
    },
    Claim {
        number: 15,
        posts: &[MITRE],
        topic: "uts",
        sentence: "Without CAP_SYS_ADMIN unshare(CLONE_NEWUTS) is EPERM.",
        expected: Verdict::Holds,
        because: "",
        check: uts::needs_cap_sys_admin,
    },
    Claim {
        number: 16,
        posts: &[MITRE],
        topic: "pid",
        sentence: "unshare(CLONE_NEWPID) leaves its caller where it is: the \
                   next child is PID 1, and after its death there can be no \
                   other.",
        expected: Verdict::Holds,
        because: "",
        check: pid::first_child_is_pid_1,
    },
    Claim {
        number: 17,
        posts: &[MITRE],
        topic: "mnt",
        sentence: "A bind mount made inside outlives the namespace on the \
                   host until / is made private with MS_REC.",
        expected: only_where(propagation::SHARED),
        because: "what propagates is shared to begin with; the kernel's own \
                  default is private",
        check: propagation::bind_mount_stays,
    },
    Claim {
        number: 18,
        posts: &[MITRE],
        topic: "pivot_root",
        sentence: "pivot_root wants two directories, put_old below new_root, \
                   and neither on the mount of the present root.",
        expected: only_where(root::OWN_PUT_OLD),
        because: "pivot_root(\".\", \".\") stacks the old root on the new one; \
                  a mount of the present root is EBUSY, what is locked or \
                  shared, no mount or not below is EINVAL",
        check: root::rules_of_pivot_root,
    },
    Claim {
        number: 19,
        posts: &[TEJO],
        topic: "ns",
        sentence: "/proc/self/ns lists the namespaces, and two processes \
                   share one exactly when its inode numbers are equal.",
        expected: only_where(identity::BOTH_ALIVE),
        because: "the number of a namespace that is gone is given to the next",
        check: identity::inode_numbers,
    },
    Claim {
        number: 20,
        posts: &[TEJO],
        topic: "clone",
        sentence: "clone works with an array of 1024 bytes as the child's \
                   stack, passed by its low end.",
        expected: only_where(language::ON_THE_MAIN_STACK),
        because: "the child never uses the array: it runs below it, in a copy \
                  of its parent's own stack, which can grow",
        check: language::low_end_of_a_stack,
    },
    Claim {
        number: 21,
        posts: &[TEJO],
        topic: "pivot_root",
        sentence: "Inside, ps shows two processes, and df nothing but the \
                   new root and /dev.",
        expected: Verdict::Holds,
        because: "",
        check: root::little_to_be_seen,
    },
    Claim {
        number: 22,
        posts: &[CDNE],
        topic: "net_mount_...",
        sentence: "The programs add up: each isolates all that the one \
                   before it did, and one thing more.",
        expected: Verdict::Holds,
        because: "",
        check: effects::programs_add_up,
    },
    Claim {
        number: 23,
        posts: &[JD],
        topic: "network",
        sentence: "Namespaces are tricky in Go, whose goroutines change \
                   threads: one that unshares can find itself elsewhere.",
        expected: Verdict::Holds,
        because: "a namespace is a thread's; runtime.LockOSThread ties the \
                  goroutine to it",
        check: language::goroutine_leaks,
    },
    Claim {
        number: 24,
        posts: &[CROSBY, CDNE],
        topic: "skeleton",
        sentence: "Without flags the skeleton changes nothing.",
        expected: Verdict::Holds,
        because: "",
        check: effects::skeleton_changes_nothing,
    },
    Claim {
        number: 25,
        posts: &[MITRE],
        topic: "uts",
        sentence: "A uts namespace isolates all that uname reports.",
        expected: Verdict::Refuted,
        because: "only the host name and the domain name can be set; the \
                  kernel's name, release and version are everyone's",
        check: uts::not_all_of_uname,
    },
    Claim {
        number: 26,
        posts: &[MITRE],
        topic: "pid",
        sentence: "init adopts orphans, and waits for them.",
        expected: Verdict::Holds,
        because: "",
        check: pid::init_adopts_orphans,
    },
    Claim {
        number: 27,
        posts: &[MITRE],
        topic: "pid",
        sentence: "The parent's namespace has the same processes under other \
                   pids; from inside the parent's are not to be seen.",
        expected: Verdict::Holds,
        because: "",
        check: pid::seen_from_above_only,
    },
    Claim {
        number: 28,
        posts: &[MITRE],
        topic: "pid",
        sentence: "Without a pid namespace the command can signal processes \
                   outside.",
        expected: Verdict::Holds,
        because: "",
        check: pid::signals_reach_outside,
    },
    Claim {
        number: 29,
        posts: &[MITRE],
        topic: "pivot_root",
        sentence: "Out of a chroot there is a way, and once put_old is \
                   detached there is none.",
        expected: only_where(root::NOTHING_LEFT_OPEN),
        because: "a namespace isolates names, not handles: an open directory \
                  of the old root is still there",
        check: root::ways_out,
    },
    Claim {
        number: 30,
        posts: &[JD],
        topic: "mount",
        sentence: "How mounts propagate by default differs: the kernel leaves \
                   them private, systemd shares them, Docker resets that.",
        expected: Verdict::Holds,
        because: "",
        check: propagation::defaults_differ,
    },
    Claim {
        number: 31,
        posts: &[JD],
        topic: "pid",
        sentence: "binfmt_misc is mounted twice, and takes two unmounts.",
        expected: only_where(propagation::AUTOMOUNTED),
        because: "systemd's automount lies below the mount it has triggered",
        check: propagation::mounted_twice,
    },
    Claim {
        number: 32,
        posts: &[CROSBY],
        topic: "user",
        sentence: "Root inside is not root outside.",
        expected: only_where(user::MAPPED_TO_A_USER),
        because: "capabilities end at the namespace, ownership does not: \
                  root mapped to root still owns root's files",
        check: user::root_inside,
    },
    Claim {
        number: 33,
        posts: &[CROSBY],
        topic: "uts",
        sentence: "The domain name is isolated too.",
        expected: Verdict::Holds,
        because: "",
        check: uts::domain_name_too,
    },
    Claim {
        number: 34,
        posts: &[CDNE],
        topic: "ipc",
        sentence: "ipcs -Q lists the queues.",
        expected: Verdict::Refuted,
        because: "there is no such option; ipcs -q lists them, ipcmk -Q makes \
                  one",
        check: ipc::option_of_ipcs,
    },
    Claim {
        number: 35,
        posts: &[MITRE, TEJO],
        topic: "pivot_root",
        sentence: "There is no wrapper of pivot_root in the C library.",
        expected: only_where(root::HEADER_IS_MEANT),
        because: "the library exports it, and unistd.h does not declare it",
        check: root::no_wrapper,
    },
    Claim {
        number: 36,
        posts: &[MITRE],
        topic: "pid",
        sentence: "exec keeps the pid.",
        expected: Verdict::Holds,
        because: "",
        check: pid::exec_keeps_the_pid,
    },
    Claim {
        number: 37,
        posts: &[CDNE],
        topic: "net_mount",
        sentence: "All mounts of the host are visible inside because of \
                   /proc.",
        expected: Verdict::Refuted,
        because: "they are there, as copies, whatever /proc is; another root \
                  hides them",
        check: mount::visible_because_of_proc,
    },
    Claim {
        number: 38,
        posts: &[MITRE],
        topic: "pivot_root",
        sentence: "The new root must not be on the file system of the present \
                   root.",
        expected: only_where(root::MOUNT_IS_MEANT),
        because: "a directory bound on itself is a mount of its own",
        check: root::another_file_system,
    },
    Claim {
        number: 39,
        posts: &[TEJO],
        topic: "pivot_root",
        sentence: "After pivot_root the payload is in the new root, without \
                   chdir.",
        expected: only_where(root::STARTED_IN_ROOT),
        because: "pivot_root moves a working directory only if it is the old \
                  root",
        check: root::in_the_new_root,
    },
    Claim {
        number: 40,
        posts: &[CROSBY],
        topic: "docker",
        sentence: "To follow along takes a container with --privileged.",
        expected: only_where(processes::NO_USER_NAMESPACE),
        because: "in a user namespace of its own a process has every \
                  capability over the namespaces that it makes next",
        check: processes::takes_privilege,
    },
    Claim {
        number: 41,
        posts: &[TEJO],
        topic: "pivot_root",
        sentence: "Namespaces offer everything that chroot offers.",
        expected: only_where(root::PIVOT_ROOT_IS_CALLED),
        because: "a mount namespace alone copies the mount table and changes \
                  no root",
        check: root::all_that_chroot_offers,
    },
    Claim {
        number: 42,
        posts: &[MITRE],
        topic: "fork",
        sentence: "fork returns twice: 0 in the child, the pid of the child \
                   in the parent.",
        expected: Verdict::Holds,
        because: "",
        check: processes::fork_returns_twice,
    },
    Claim {
        number: 43,
        posts: &[MITRE],
        topic: "exec",
        sentence: "exec does not return.",
        expected: only_where(processes::CAN_BE_EXECUTED),
        because: "else it returns -1, and the caller goes on with its next \
                  line",
        check: processes::exec_does_not_return,
    },
    Claim {
        number: 44,
        posts: &[TEJO],
        topic: "pid",
        sentence: "umount2 with MNT_DETACH takes the old /proc away.",
        expected: only_where(propagation::NOT_INHERITED),
        because: "what a user namespace has inherited is locked, and then \
                  every unmount is EINVAL",
        check: propagation::detach_helps,
    },
    Claim {
        number: 45,
        posts: &[CDNE],
        topic: "net_mount",
        sentence: "A tmpfs over /tmp hides the files of the host inside, and \
                   not outside.",
        expected: only_where(mount::NOT_SHARED),
        because: "a copy of a shared mount is its peer, and what is mounted \
                  on one appears on all",
        check: mount::hides_inside_only,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_up_from_one() {
        for (claim, number) in CLAIMS.iter().zip(1..) {
            assert_eq!(claim.number, number, "{}", claim.sentence);
        }
    }

    #[test]
    fn what_is_not_plain_is_explained() {
        for claim in CLAIMS {
            if claim.expected != Verdict::Holds {
                assert!(!claim.because.is_empty(), "claim {}", claim.number);
            }
            assert!(claim.sentence.ends_with('.'), "claim {}", claim.number);
        }
    }

    #[test]
    fn the_verdict_follows_from_the_cases() {
        let of = |cases: &[(&'static str, bool)]| {
            cases
                .iter()
                .fold(Finding::new(), |it, (name, holds)| it.case(name, *holds))
                .verdict()
        };
        assert_eq!(of(&[("a", true), ("b", true)]), Verdict::Holds);
        assert_eq!(of(&[("a", false), ("b", false)]), Verdict::Refuted);
        assert_eq!(of(&[("a", false), ("b", true)]), only_where("b"));
    }

    #[test]
    fn a_check_that_tries_nothing_has_no_verdict() {
        assert!(Finding::new().tried().is_err());
        assert!(Finding::plainly(false).tried().is_ok());
    }
}
