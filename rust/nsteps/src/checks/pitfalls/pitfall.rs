//! A pitfall, and what a check of one has seen.

use crate::checks::session::Conditions;
use harness::found::Found;
use std::fmt;

/// The languages that are affected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affected {
    /// Programs in C are affected.
    C,
    /// Programs in Go are affected.
    Go,
    /// Programs in Rust are affected.
    Rust,
    /// Programs in every language: the kernel does it.
    Kernel,
}

impl Affected {
    /// Its name in tables and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Affected::C => "c",
            Affected::Go => "go",
            Affected::Rust => "rust",
            Affected::Kernel => "kernel",
        }
    }
}

/// One way to go wrong.
#[derive(Debug)]
pub struct Pitfall {
    /// The stem of its page.
    pub slug: &'static str,
    /// The pitfall in one line, without a full stop.
    pub about: &'static str,
    /// The languages that are affected.
    pub affects: &'static [Affected],
    /// Reads what the machine has now.
    pub(crate) check: fn(&Conditions<'_>) -> Found<Evidence>,
}

/// What a check saw, each sight with what the page says of it.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// In the order it was looked for.
    pub sights: Vec<Sight>,
}

impl Evidence {
    pub(super) fn new() -> Evidence {
        Evidence::default()
    }

    /// Records what was seen and compares it with the page.
    pub(super) fn see(
        &mut self,
        case: impl fmt::Display,
        seen: &str,
        described: &str,
    ) {
        self.judge(case, seen, seen == described, described);
    }

    /// Records what was seen, and whether the check found it as the page
    /// describes it.
    pub(super) fn judge(
        &mut self,
        case: impl fmt::Display,
        seen: &str,
        as_described: bool,
        described: &str,
    ) {
        self.sights.push(Sight {
            case: case.to_string(),
            seen: seen.to_owned(),
            described: (!as_described).then(|| described.to_owned()),
        });
    }

    /// Whether all is as described, and there is something at all.
    pub fn reproduced(&self) -> bool {
        !self.sights.is_empty()
            && self.sights.iter().all(|it| it.described.is_none())
    }
}

/// One thing that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// The language, and the way it was done.
    pub case: String,
    /// What the check saw there, in the words of the page.
    pub seen: String,
    /// What the page says, where that is something else.
    pub described: Option<String>,
}
