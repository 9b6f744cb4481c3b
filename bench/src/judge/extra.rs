//! The system calls that Rust makes and C does not, each with the code that
//! needs it.

use crate::record::counted::Counters;

/// A call that Rust makes more often than C, for a reason.
#[derive(Debug)]
pub struct Extra {
    /// The call's name, as in `man 2 NAME`.
    pub call: &'static str,
    /// The rows in which it is made; an empty list stands for all.
    pub rows: &'static [&'static str],
    /// How many calls more than C, at most.
    pub more: u64,
    /// The part of the step in Rust that needs the call, and why.
    pub why: &'static str,
}

/// The steps in which a child gets a copy of the memory, by clone() or
/// fork() of musl, and continues in Rust.
const COPIES: &[&str] = &[
    "launch/user_mapped",
    "launch/unshare_init",
    "launch/container",
    "launch/time",
    "launch/rootless",
];

/// The steps that write files in /proc.
const WRITES: &[&str] =
    &["launch/user_mapped", "launch/time", "launch/rootless"];

const fn everywhere(call: &'static str, more: u64, why: &'static str) -> Extra {
    Extra { call, rows: &[], more, why }
}

const fn within(
    rows: &'static [&'static str],
    call: &'static str,
    more: u64,
    why: &'static str,
) -> Extra {
    Extra { call, rows, more, why }
}

/// Every such call. A call that is made more often than its entry says has no
/// reason; an entry that no row needs is stale.
pub const EXTRA: &[Extra] = &[
    everywhere(
        "rt_sigaction",
        1,
        "the step resets SIGCHLD: with that ignored no child can be waited for",
    ),
    everywhere(
        "unlinkat",
        1,
        "nix removes a directory with unlinkat(2) where C calls rmdir(2)",
    ),
    within(
        &["launch/container", "launch/rootless"],
        "mknod",
        6,
        "musl's mknod() is mknod(2), glibc's is mknodat(2): C makes as many \
         of the other",
    ),
    within(
        &["launch/container", "launch/rootless"],
        "symlinkat",
        4,
        "nix makes a link with symlinkat(2) where C calls symlink(2)",
    ),
    within(
        COPIES,
        "fork",
        1,
        "musl's fork() is fork(2), glibc's is clone(2): C makes as many of \
         the other",
    ),
    within(
        &["launch/rootless"],
        "rt_sigaction",
        2,
        "two processes that wait for a child",
    ),
    within(
        COPIES,
        "rt_sigprocmask",
        9,
        "musl blocks every signal around clone() and fork(), so that no \
         handler runs in a child that is not set up yet",
    ),
    within(
        COPIES,
        "set_tid_address",
        2,
        "musl's child asks for its thread's number again",
    ),
    within(
        WRITES,
        "fcntl",
        3,
        "musl's open() sets close-on-exec again, for kernels that ignore \
         O_CLOEXEC",
    ),
    within(
        WRITES,
        "open",
        3,
        "musl's open() is open(2), glibc's is openat(2): C makes as many of \
         the other",
    ),
    within(
        &["launch/join"],
        "stat",
        16,
        "musl's stat(3) is stat(2), glibc's is newfstatat(2): C makes as many \
         of the other",
    ),
];

impl Extra {
    fn applies(&self, row: &str) -> bool {
        self.rows.is_empty() || self.rows.contains(&row)
    }
}

/// The calls that Rust makes more often than C in a row: name, and the largest
/// difference.
pub fn excess(counters: &Counters, row: &str) -> Vec<(String, u64)> {
    let of = |column| counters.of(row, column).map(|it| &it.by_name);
    let Some((c, rust)) = of("c").zip(of("rust")) else { return Vec::new() };
    rust.iter()
        .filter_map(|(call, count)| {
            let other = c.get(call).map_or(0, |it| it.0);
            let more = count.1.saturating_sub(other);
            (more > 0).then(|| (call.clone(), more))
        })
        .collect()
}

/// The calls of [`excess`] that are not on the list, or are made more often
/// than it says.
pub fn unnamed(counters: &Counters, row: &str) -> Vec<(String, u64)> {
    let named = |call: &str| {
        let all = EXTRA.iter().filter(|it| it.call == call && it.applies(row));
        all.map(|it| it.more).max().unwrap_or(0)
    };
    excess(counters, row)
        .into_iter()
        .map(|(call, more)| (call.clone(), more.saturating_sub(named(&call))))
        .filter(|(_, more)| *more > 0)
        .collect()
}

/// The entries of the list that no row needs as often.
pub fn stale(counters: &Counters) -> Vec<&'static str> {
    let is_needed = |it: &Extra| {
        let rows = counters.rows.iter().filter(|row| it.applies(&row.name));
        rows.flat_map(|row| excess(counters, &row.name))
            .any(|(call, more)| call == it.call && more >= it.more)
    };
    EXTRA.iter().filter(|it| !is_needed(it)).map(|it| it.call).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::counted::{Column, Range, Row};

    fn column(name: &str, calls: &[(&str, u64)]) -> Column {
        let each = calls
            .iter()
            .map(|(call, count)| ((*call).to_owned(), Range(*count, *count)));
        let none = Range(0, 0);
        Column {
            name: name.to_owned(),
            calls: none,
            by_name: each.collect(),
            threads: none,
            pids: none,
            faults: None,
            resident: None,
            instructions: Ok(none),
            size: None,
            dynamic: false,
        }
    }

    fn counters(row: &str, c: Column, rust: Column) -> Counters {
        let columns = vec![c, rust];
        Counters { rows: vec![Row { name: row.to_owned(), columns }] }
    }

    #[test]
    fn a_call_beyond_its_reason_is_found() {
        let c = column("c", &[("mmap", 8)]);
        let made = [("mmap", 9), ("rt_sigaction", 2), ("unlinkat", 1)];
        let rust = column("rust", &made);
        let counters = counters("launch/uts", c, rust);
        let beyond = unnamed(&counters, "launch/uts");
        let wanted = [("mmap".to_owned(), 1), ("rt_sigaction".to_owned(), 1)];
        assert_eq!(beyond, wanted);
        assert!(!stale(&counters).contains(&"unlinkat"));
        assert!(stale(&counters).contains(&"stat"));
    }

    #[test]
    fn a_reason_counts_where_it_applies() {
        let c = column("c", &[]);
        let rust = column("rust", &[("fork", 1)]);
        let one = counters("launch/container", c.clone(), rust.clone());
        assert_eq!(unnamed(&one, "launch/container"), []);
        let other = counters("launch/uts", c, rust);
        assert_eq!(unnamed(&other, "launch/uts"), [("fork".to_owned(), 1)]);
    }
}
