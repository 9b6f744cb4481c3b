//! The operations that peers perform, and how a peer proves that it did.
//!
//! [`OPERATIONS`] is the only list of them. A peer learns what to do from the
//! name alone, so a new row takes a line here and no change of a peer.

use crate::peer::Peer;
use harness::launcher::Launcher;
use std::time::Duration;

/// An operation that a peer does in its own process.
#[derive(Debug)]
pub struct Operation {
    /// `GROUP/WHAT`; for clone `clone/STYLE/WHAT`. The last part is a set of
    /// namespaces, spelled out or by a name of [`SETS`]; or a part of
    /// pivot_root.
    pub name: &'static str,
    /// The proof that its peers must give.
    pub proof: Proof,
    /// The language that cannot do it, and why.
    pub except: Option<(Launcher, &'static str)>,
}

/// What a peer proves in the last word of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Two children, which are not timed, were in exactly these new
    /// namespaces; and all children have ended.
    Witnessed,
    /// After each operation the caller was in exactly these new namespaces.
    Changed,
    /// After each operation `/` was the new root.
    Switched,
    /// Two children, which are not timed, began and ended inside or outside of
    /// the cgroup as this word says; and all children have ended.
    Attached(&'static str),
}

/// The names of the larger sets.
pub const SETS: &[(&str, &str)] = &[
    ("five", "cgroup+ipc+mnt+net+uts"),
    ("six", "cgroup+ipc+mnt+net+pid+uts"),
    ("seven", "cgroup+ipc+mnt+net+pid+user+uts"),
    ("all", "cgroup+ipc+mnt+net+pid+time+user+uts"),
];

/// How many children of a block are witnesses.
const WITNESSES: u32 = 2;

const fn clone(name: &'static str) -> Operation {
    Operation { name, proof: Proof::Witnessed, except: None }
}

const fn vfork(name: &'static str) -> Operation {
    let why = "a child in its parent's memory would need a stack of Go's";
    Operation {
        name,
        proof: Proof::Witnessed,
        except: Some((Launcher::Go, why)),
    }
}

const fn change(name: &'static str) -> Operation {
    Operation { name, proof: Proof::Changed, except: None }
}

const fn single_thread(name: &'static str) -> Operation {
    let why = "a process with threads may not, and every Go program has them";
    Operation { name, proof: Proof::Changed, except: Some((Launcher::Go, why)) }
}

const fn switch(name: &'static str) -> Operation {
    Operation { name, proof: Proof::Switched, except: None }
}

/// An operation of the group `attach`: `word` says where its child begins and
/// ends.
const fn attach(name: &'static str, word: &'static str) -> Operation {
    Operation { name, proof: Proof::Attached(word), except: None }
}

/// Every operation, in the order tables list them.
pub const OPERATIONS: &[Operation] = &[
    // clone(2) as fork(2): the child gets a copy of the memory.
    clone("clone/fork/none"),
    clone("clone/fork/cgroup"),
    clone("clone/fork/ipc"),
    clone("clone/fork/mnt"),
    clone("clone/fork/net"),
    clone("clone/fork/pid"),
    clone("clone/fork/user"),
    clone("clone/fork/uts"),
    clone("clone/fork/six"),
    clone("clone/fork/seven"),
    // CLONE_VM and CLONE_VFORK: nothing is copied. Then the smallest sets of
    // the posts; the larger ones, with a network, are whole launches.
    vfork("clone/vfork/none"),
    vfork("clone/vfork/cgroup"),
    vfork("clone/vfork/ipc"),
    vfork("clone/vfork/mnt"),
    vfork("clone/vfork/net"),
    vfork("clone/vfork/pid"),
    vfork("clone/vfork/user"),
    vfork("clone/vfork/uts"),
    vfork("clone/vfork/mnt+pid"),
    vfork("clone/vfork/mnt+pid+uts"),
    vfork("clone/vfork/six"),
    vfork("clone/vfork/seven"),
    // clone3(2), as fork: the one call that knows CLONE_NEWTIME.
    clone("clone/clone3/none"),
    clone("clone/clone3/time"),
    clone("clone/clone3/six"),
    clone("clone/clone3/all"),
    change("unshare/none"),
    change("unshare/cgroup"),
    change("unshare/ipc"),
    change("unshare/mnt"),
    change("unshare/net"),
    change("unshare/pid"),
    single_thread("unshare/time"),
    single_thread("unshare/user"),
    change("unshare/uts"),
    change("unshare/six"),
    single_thread("unshare/all"),
    // One kind through its file in /proc/PID/ns, several through one pidfd.
    change("setns/cgroup"),
    change("setns/ipc"),
    change("setns/mnt"),
    change("setns/net"),
    change("setns/pid"),
    single_thread("setns/time"),
    single_thread("setns/user"),
    change("setns/uts"),
    change("setns/six"),
    single_thread("setns/all"),
    switch("pivot_root/pivot"),
    switch("pivot_root/detach"),
    switch("pivot_root/switch"),
    switch("pivot_root/switch_by_fd"),
    clone("spawn/none"),
    clone("spawn/uts"),
    clone("spawn/net"),
    clone("spawn/five"),
    // The same program, timed until it has begun, and not until it has ended.
    clone("spawn/first/none"),
    clone("spawn/first/net"),
    // The ways into a cgroup of version 2: without pauses, where the kernel's
    // lock is in the state in which the one before left it, and with a pause
    // before each.
    attach("attach/none", "kept"),
    attach("attach/child", "moved"),
    attach("attach/parent", "moved"),
    attach("attach/birth", "born"),
    attach("attach/spaced/none", "kept"),
    attach("attach/spaced/child", "moved"),
    attach("attach/spaced/parent", "moved"),
    attach("attach/spaced/birth", "born"),
];

impl Operation {
    /// The part before the first slash.
    pub fn group(&self) -> &'static str {
        self.name.split('/').next().unwrap_or(self.name)
    }

    /// The name that criterion uses for this operation by a peer.
    pub fn benchmark(&self, peer: Peer) -> String {
        format!("{}/{}", self.name, peer.name())
    }

    /// The set of namespaces with every name spelled out.
    fn set(&self) -> &'static str {
        let last = self.name.rsplit('/').next().unwrap_or(self.name);
        let named = SETS.iter().find(|(name, _)| *name == last);
        named.map_or(last, |(_, set)| set)
    }

    /// The line that asks a peer for it.
    pub fn line(&self) -> String {
        let (before, _) = self.name.rsplit_once('/').unwrap_or_default();
        format!("{before}/{}", self.set())
    }

    /// The proof for a block of `count` operations.
    pub fn expected(&self, count: u32) -> String {
        let set = self.set();
        match self.proof {
            Proof::Witnessed => witnessed(set, count),
            Proof::Changed => format!("{set}*{count}"),
            Proof::Switched => format!("switched*{count}"),
            Proof::Attached(word) => witnessed(word, count),
        }
    }

    /// True if one operation takes tens of milliseconds.
    pub fn is_slow(&self) -> bool {
        self.name.contains("/spaced/")
    }

    /// How long the kernel needs afterwards to tear down what was made.
    pub fn drain(&self) -> Duration {
        // A joined namespace existed before, and continues to exist.
        let makes = self.group() != "setns";
        drain(makes && self.set().split('+').any(|kind| kind == "net"))
    }
}

/// The proof for a block of `count` operations whose witnesses saw `seen`.
pub fn witnessed(seen: &str, count: u32) -> String {
    format!("{seen}*{WITNESSES},ended*{}", count + WITNESSES)
}

/// The wait for the kernel to tear down namespaces; it needs longer for
/// networks.
pub const fn drain(networks: bool) -> Duration {
    Duration::from_millis(if networks { 60 } else { 8 })
}

/// The wait after that many network namespaces have ended at the same time.
pub fn drain_of(networks: u32) -> Duration {
    drain(true) + networks * Duration::from_micros(700)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> &'static Operation {
        OPERATIONS
            .iter()
            .find(|operation| operation.name == name)
            .expect("it is on the list")
    }

    #[test]
    fn names_are_unique() {
        for (i, one) in OPERATIONS.iter().enumerate() {
            let same = |other: &Operation| other.name == one.name;
            assert!(!OPERATIONS[..i].iter().any(same), "{}", one.name);
        }
    }

    #[test]
    fn sets_are_spelled_out_for_the_peers() {
        let six = "clone/vfork/cgroup+ipc+mnt+net+pid+uts";
        assert_eq!(named("clone/vfork/six").line(), six);
        assert_eq!(named("setns/uts").line(), "setns/uts");
        assert_eq!(named("pivot_root/pivot").line(), "pivot_root/pivot");
    }

    #[test]
    fn a_proof_counts_every_time_or_the_witnesses() {
        let proof = named("clone/fork/net").expected(25);
        assert_eq!(proof, "net*2,ended*27");
        assert_eq!(named("unshare/uts").expected(25), "uts*25");
        let born = named("attach/spaced/birth").expected(4);
        assert_eq!(born, "born*2,ended*6");
        assert_eq!(named("pivot_root/switch").expected(25), "switched*25");
    }

    #[test]
    fn networks_drain_longest() {
        assert!(named("unshare/six").drain() > named("unshare/uts").drain());
        assert_eq!(named("setns/six").drain(), named("setns/uts").drain());
    }
}
