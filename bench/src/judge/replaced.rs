//! For each line of the step `uts` in plain nix: what the skeleton of a step
//! has instead, why, and which system calls that saves.

use crate::record::counted::{Counters, Range};
use crate::rows::{EXEC, PLAIN};
use std::collections::BTreeMap;

/// The plain program, from the top of the repository.
pub const SOURCE: &str = "rust/steps/examples/uts_in_plain_nix.rs";

/// A row and a column of a record, by their names.
pub type Place = (&'static str, &'static str);

/// Two places that measure a line: the plain way, then the skeleton's.
pub type Pair = [Place; 2];

/// Both programs as a whole.
pub const WHOLE: Pair = [("launch/uts", PLAIN), ("launch/uts", "rust")];

/// A program that does nothing, linked as `cargo build --release` links it, and
/// as this project does.
pub const LINKED: Pair = [(EXEC, "rust, glibc"), (EXEC, "rust, main")];

/// What Rust's runtime takes: a program that does nothing with it, and without.
pub const RUNTIME: Pair = [(EXEC, "rust, main"), (EXEC, "rust")];

/// How many calls are saved, by name; a negative number counts calls that the
/// skeleton adds.
pub type Calls = BTreeMap<String, i64>;

/// A line of the plain program, and what the skeleton has instead.
#[derive(Debug)]
pub struct Replaced {
    /// A part of the line, as it is in [`SOURCE`].
    pub line: &'static str,
    /// What the skeleton has instead.
    pub instead: &'static str,
    /// Why the skeleton has that instead.
    pub why: &'static str,
    /// The calls that this saves, where the record does not count them.
    calls: &'static [(&'static str, i64)],
    /// The measurement of this line alone, if there is one.
    pub measured: Option<Pair>,
}

/// Every such line, in the order of the plain program.
pub const REPLACED: &[Replaced] = &[
    Replaced {
        line: "fn main() {",
        instead: "`#![no_main]` and `steps::start!`: no runtime of Rust",
        why: "The runtime ignores SIGPIPE and opens `/dev/null` for each \
              standard stream that is closed, and the payload would inherit \
              both. It also sets up a stack for a signal handler.",
        calls: &[],
        measured: Some(RUNTIME),
    },
    Replaced {
        line: "CString::new(it.into_vec())",
        instead: "pointers to where the kernel has put the arguments \
                  (`ArgumentVector`)",
        why: "The first use of the heap takes these calls, and page faults.",
        calls: &[("brk", 2), ("mmap", 2)],
        measured: None,
    },
    Replaced {
        line: "signal(Signal::SIGPIPE, SigHandler::SigDfl)",
        instead: "nothing",
        why: "No runtime has ignored SIGPIPE. If the caller ignores it, the \
              payload inherits that.",
        calls: &[("rt_sigaction", 1)],
        measured: None,
    },
    Replaced {
        line: "execvp(&command[0], &command)",
        instead: "execvp(3) of the C library, with the kernel's vector of \
                  arguments",
        why: "nix makes a new vector on the heap. A child that uses its \
              parent's memory may not allocate.",
        calls: &[],
        measured: None,
    },
    Replaced {
        line: "fail(\"execvp\", Some(errno))",
        instead: "the child records what failed, and the parent prints it \
                  (`Record`)",
        why: "`eprintln!` takes a lock, and `exit` may flush buffers. Both \
              would be the parent's.",
        calls: &[],
        measured: None,
    },
    Replaced {
        line: "let mut stack = vec![0; 1 << 20];",
        instead: "a static of 64 KiB (`Stack::claim`)",
        why: "A static takes no call, and its top is in a page with other \
              statics.",
        calls: &[("mmap", 1)],
        measured: None,
    },
    Replaced {
        line: "clone(child, &mut stack, flags, told)",
        instead: "the same with `CLONE_VM` and `CLONE_VFORK`",
        why: "The kernel copies no page table. musl blocks no signals around \
              such a clone.",
        calls: &[("rt_sigprocmask", 3), ("set_tid_address", 1)],
        measured: Some([
            ("clone/fork/uts", "rust"),
            ("clone/vfork/uts", "rust"),
        ]),
    },
    Replaced {
        line: "waitpid(pid, None)",
        instead: "waitpid(2) of the C library, after SIGCHLD has its default",
        why: "nix does not return the status of a child that a real-time \
              signal has killed. If the caller ignores SIGCHLD, there is no \
              status at all.",
        calls: &[("rt_sigaction", -1)],
        measured: None,
    },
    Replaced {
        line: "exit(status)",
        instead: "_exit(2)",
        why: "`exit` looks for buffered output, in pages that are not used \
              otherwise. No step writes to standard output.",
        calls: &[],
        measured: None,
    },
];

impl Replaced {
    /// The calls that the skeleton saves here. The calls of programs that do
    /// nothing are counted in every record.
    pub fn calls(&self, counters: &Counters) -> Calls {
        let counted = self.measured.and_then(|pair| counted(counters, pair));
        counted.unwrap_or_else(|| self.listed())
    }

    fn listed(&self) -> Calls {
        let each = self.calls.iter();
        each.map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }
}

/// The calls saved by all lines together that have such a list.
pub fn listed() -> Calls {
    let mut all = Calls::new();
    for (name, count) in REPLACED.iter().flat_map(Replaced::listed) {
        *all.entry(name).or_default() += count;
    }
    all.retain(|_, count| *count != 0);
    all
}

/// How many calls the first program makes more than the second, as the record
/// counts them.
fn counted(counters: &Counters, pair: Pair) -> Option<Calls> {
    let [plain, step] = pair.map(|(row, column)| counters.of(row, column));
    let of = |it: &BTreeMap<String, Range>| {
        it.iter().map(|(name, it)| (name.clone(), it.0 as i64)).collect()
    };
    Some(difference(&of(&plain?.by_name), &of(&step?.by_name)))
}

/// The calls in `one` minus those in `other`, by name.
pub fn difference(one: &Calls, other: &Calls) -> Calls {
    let mut left = one.clone();
    for (name, count) in other {
        *left.entry(name.clone()).or_default() -= count;
    }
    left.retain(|_, count| *count != 0);
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::host::layout::Layout;
    use std::fs;

    #[test]
    fn every_line_is_in_the_plain_program_in_this_order() {
        let layout = Layout::find().expect("the repository");
        let text = fs::read_to_string(layout.root().join(SOURCE));
        let text = text.expect("the example");
        let mut rest = text.as_str();
        for Replaced { line, .. } in REPLACED {
            let (_, behind) = rest.split_once(line).unwrap_or_else(|| {
                panic!("{SOURCE} has no `{line}`, or has it earlier")
            });
            rest = behind;
        }
    }

    #[test]
    fn what_both_make_is_not_saved() {
        let calls = |list: &[(&str, i64)]| -> Calls {
            list.iter().map(|(name, it)| ((*name).to_owned(), *it)).collect()
        };
        let plain = calls(&[("mmap", 3), ("wait4", 1)]);
        let step = calls(&[("rt_sigaction", 1), ("wait4", 1)]);
        let saved = calls(&[("mmap", 3), ("rt_sigaction", -1)]);
        assert_eq!(difference(&plain, &step), saved);
    }
}
