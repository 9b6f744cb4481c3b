//! A row of a table: which contenders are compared, and at what.

use crate::operation::Operation;
use crate::peer::{PEERS, Peer};
use crate::record::outcome::Extent;
use crate::rows::GO_ON_TWO;
use harness::launcher::Launcher;
use std::time::Duration;

/// One thing that several can do.
#[derive(Clone, Debug)]
pub struct Contest {
    /// The name of the row, `GROUP/...`.
    pub name: String,
    /// The programs that take part, in the order tables list them.
    pub contenders: Vec<Contender>,
    /// Those that are absent, with the reason.
    pub absent: Vec<(String, String)>,
    /// How long to wait after each block.
    pub drain: Duration,
    /// Whether every single time takes so long that few of them must do.
    pub slow: bool,
}

/// A contender: a program that can do it.
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
    /// What its effect was when it was compared, where that was done before
    /// and not by a proof in each answer.
    pub digest: Option<String>,
    /// What it must prove.
    pub proof: Wanted,
}

/// What must be proved of a block.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    /// What the operation says.
    Of(&'static Operation),
    /// Every program ended with 0.
    Zero,
}

impl Wanted {
    /// The proof of a block of `count`.
    pub fn of(self, count: u32) -> String {
        match self {
            Wanted::Of(operation) => operation.expected(count),
            Wanted::Zero => format!("0*{count},ended*{count}"),
        }
    }
}

impl Contest {
    /// A contest without a contender.
    pub fn empty(name: &str, drain: Duration) -> Contest {
        Contest {
            name: name.to_owned(),
            contenders: Vec::new(),
            absent: Vec::new(),
            drain,
            slow: false,
        }
    }

    /// How much of it is measured.
    pub fn extent(&self, extent: Extent) -> Extent {
        if self.slow { extent.slow() } else { extent }
    }

    /// Every peer that can perform an operation; with `two` Go a second time.
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

    /// Records that a contender is absent.
    pub fn leave_out(&mut self, name: &str, why: impl Into<String>) {
        self.absent.push((name.to_owned(), why.into()));
    }
}
