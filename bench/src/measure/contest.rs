//! A row of a table: an operation, and the contenders that are compared in it.

use crate::library::{self, BARE};
use crate::measure::memory;
use crate::operation::{Operation, drain, witnessed};
use crate::peer::{PEERS, Parent, Peer};
use crate::record::outcome::Extent;
use crate::rows::{GO_ON_TWO, WARM};
use harness::launcher::Launcher;
use std::time::Duration;

/// An operation that several programs can do.
#[derive(Clone, Debug)]
pub struct Contest {
    /// The name of the row, `GROUP/...`.
    pub name: String,
    /// The programs that take part, in the order tables list them.
    pub contenders: Vec<Contender>,
    /// The programs that take no part, with the reason.
    pub absent: Vec<(String, String)>,
    /// The wait after each block, so that the kernel can tear down what was
    /// made.
    pub drain: Duration,
    /// True if a single operation takes tens of milliseconds, so that few are
    /// timed.
    pub slow: bool,
}

/// A contender: a program that can do the operation.
#[derive(Clone, Debug)]
pub struct Contender {
    /// The name of the column.
    pub name: String,
    /// Whether it may use a second processor.
    pub two: bool,
    /// The peer that is asked.
    pub peer: Peer,
    /// The operation that the peer is asked for.
    pub line: String,
    /// What follows the count in the question to the peer.
    pub arguments: Vec<String>,
    /// The digest of its effect, if that was compared before, and not by a
    /// proof in each answer.
    pub digest: Option<String>,
    /// The proof that is required in each answer.
    pub proof: Wanted,
}

/// The proof that is required of a block.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    /// The proof that this operation requires.
    Of(&'static Operation),
    /// Two children, which are not timed, were in exactly these new
    /// namespaces; and all children have ended.
    Witnessed(&'static str),
    /// Every program ended with status 0.
    Zero,
}

impl Wanted {
    /// The text of the proof for a block of `count` operations.
    pub fn of(self, count: u32) -> String {
        match self {
            Wanted::Of(operation) => operation.expected(count),
            Wanted::Witnessed(set) => witnessed(set, count),
            Wanted::Zero => format!("0*{count},ended*{count}"),
        }
    }
}

impl Contest {
    /// Makes a contest without a contender.
    pub fn empty(name: &str, drain: Duration) -> Contest {
        Contest {
            name: name.to_owned(),
            contenders: Vec::new(),
            absent: Vec::new(),
            drain,
            slow: false,
        }
    }

    /// How much of this contest is measured, if `extent` is the general rule.
    pub fn extent(&self, extent: Extent) -> Extent {
        if self.slow { extent.slow() } else { extent }
    }

    /// The contest of every peer that can perform an operation; if `two`, Go
    /// takes part a second time, on two processors.
    pub fn of(operation: &'static Operation, two: bool) -> Contest {
        let contender = |name: &str, two, peer| Contender {
            name: name.to_owned(),
            two,
            peer,
            line: operation.line(),
            arguments: Vec::new(),
            digest: None,
            proof: Wanted::Of(operation),
        };
        let mut contest = Contest::empty(operation.name, operation.drain());
        contest.slow = operation.is_slow();
        for peer in PEERS {
            match operation.except {
                Some((cannot, why)) if *peer == Peer::Of(cannot) => {
                    contest.leave_out(peer.name(), why);
                }
                _ => {
                    let one = contender(peer.name(), false, *peer);
                    contest.contenders.push(one);
                    if two && *peer == Peer::Of(Launcher::Go) {
                        let again = contender(GO_ON_TWO, true, *peer);
                        contest.contenders.push(again);
                    }
                }
            }
        }
        contest
    }

    /// The contest of a row of the group `library`. If `two`, a thread that
    /// makes networks ahead has the second processor.
    pub fn of_library(row: &library::Row, two: bool) -> Contest {
        let drain = drain(row.set.contains("net"));
        let two = two && row.ways.iter().any(|it| it.0 == WARM);
        let contender = |(name, peer, line): &library::Way| Contender {
            name: (*name).to_owned(),
            two,
            peer: *peer,
            line: (*line).to_owned(),
            arguments: Vec::new(),
            digest: None,
            proof: Wanted::Witnessed(match *name {
                BARE => "none",
                _ => row.set,
            }),
        };
        let mut contest = Contest::empty(row.name, drain);
        let free = memory::free();
        for way in row.ways {
            match way.1 {
                Peer::Library(Parent::Grown("memory", mib))
                    if u64::from(mib) + memory::SPARE > free =>
                {
                    let why = format!("{free} MiB of memory are free");
                    contest.leave_out(way.0, why);
                }
                _ => contest.contenders.push(contender(way)),
            }
        }
        contest
    }

    /// Records that a contender is absent.
    pub fn leave_out(&mut self, name: &str, why: impl Into<String>) {
        self.absent.push((name.to_owned(), why.into()));
    }
}
