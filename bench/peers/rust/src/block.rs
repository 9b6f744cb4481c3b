//! A block: one operation done many times, the question for it and the answer.

use std::io::{self, Write};
use std::process::exit;
use std::time::Instant;

use steps::Failure;

use crate::kinds::KINDS;
use crate::refuse;

/// The number of children in the longest block.
const LONGEST: usize = 4096;
/// How many children of a block are witnesses.
pub const WITNESSES: usize = 2;
/// The payload that ends with what it sees: `bench/true/witness.c`.
pub const WITNESS: &str = "/nsteps/bench/witness";

/// What is measured and what is proved in one block.
#[derive(Default)]
pub struct Block {
    /// The times, in nanoseconds.
    pub taken: Vec<u64>,
    /// What all witnesses saw, or `None` if they did not see the same.
    seen: Option<u32>,
    looks: usize,
    ended: usize,
    /// The size of a peer that has grown.
    grown: Option<String>,
}

impl Block {
    /// A block of `count` times, before the first.
    pub fn of(count: usize) -> Block {
        if !(1..=LONGEST - WITNESSES).contains(&count) {
            refuse(&format!("no such count: {count}"));
        }
        let taken = Vec::with_capacity(count + WITNESSES);
        Block { taken, ..Block::default() }
    }

    /// The answer of a peer that has grown since `begun`: its size.
    pub fn of_growth(begun: Instant, grown: String) -> Block {
        let taken = vec![nanoseconds(begun)];
        Block { taken, grown: Some(grown), ..Block::default() }
    }

    /// Enters the time since `begun`.
    pub fn took(&mut self, begun: Instant) {
        self.taken.push(nanoseconds(begun));
    }

    /// Enters what a witness has seen.
    pub fn see(&mut self, set: u32) {
        let agree = self.looks == 0 || self.seen == Some(set);
        self.seen = agree.then_some(set);
        self.looks += 1;
    }

    /// Counts a child that has ended. The status of a witness is what it saw,
    /// and its time is no sample.
    pub fn ended(&mut self, code: i32, witness: bool) {
        self.ended += 1;
        if witness {
            self.taken.pop();
            self.see(code.cast_unsigned());
        } else if code != 0 {
            refuse(&format!("a child ended with {code}"));
        }
    }

    /// Returns the answer: the figures, then the proof.
    pub fn line(mut self, operation: &str, count: usize) -> String {
        self.taken.sort_unstable();
        let (taken, times) = (&self.taken, self.taken.len());
        let (total, min) = (taken.iter().sum::<u64>(), taken[0]);
        let (median, p99) =
            (taken[times / 2], taken[(times * 99).div_ceil(100) - 1]);
        let seen = match self.seen {
            _ if self.grown.is_some() => self.grown.unwrap_or_default(),
            None => "mixed".to_owned(),
            Some(0) if operation.starts_with("pivot_root/") => "kept".into(),
            Some(_) if operation.starts_with("pivot_root/") => {
                "switched".into()
            }
            Some(0) if !operation.starts_with("attach/") => "none".to_owned(),
            Some(seen) if operation.starts_with("attach/") => {
                attached(seen).to_owned()
            }
            Some(set) => {
                let kinds = KINDS.iter().enumerate();
                let names = kinds.filter(|(i, _)| set & 1 << i != 0);
                let names: Vec<_> = names.map(|(_, kind)| kind.name).collect();
                names.join("+")
            }
        };
        let looks = match self.looks {
            0 => String::new(),
            looks => format!("*{looks}"),
        };
        let ended = match self.ended {
            0 => String::new(),
            ended => format!(",ended*{ended}"),
        };
        format!(
            "{operation} {count} {total} {min} {median} {p99} \
             {seen}{looks}{ended}\n"
        )
    }
}

/// What a witness has seen: in the cgroup at the beginning, and at the end.
fn attached(seen: u32) -> &'static str {
    ["kept", "left", "moved", "born"][seen as usize & 3]
}

/// How many nanoseconds have passed since `begun`.
pub fn nanoseconds(begun: Instant) -> u64 {
    begun.elapsed().as_nanos() as u64
}

/// Reads the questions, has each answered, and ends the peer with the last one.
pub fn answer(
    mut perform: impl FnMut(&str, usize) -> Result<Block, Failure>,
) -> ! {
    for line in io::stdin().lines() {
        let line = line.unwrap_or_default();
        let asked = line.split_once(' ');
        let Some((operation, Ok(count))) =
            asked.map(|(operation, count)| (operation, count.parse()))
        else {
            refuse(&format!("no such line: {line}"))
        };
        let block =
            perform(operation, count).unwrap_or_else(|failure| failure.exit());
        let answer = block.line(operation, count);
        if io::stdout().write_all(answer.as_bytes()).is_err() {
            break;
        }
    }
    exit(0)
}
