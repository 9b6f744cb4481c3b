//! The steps as a course: programs of the user's own, checked by what is
//! required of each step.

pub mod json;
pub mod junit;
pub mod session;
pub mod text;

use crate::checked::Checked;
use compare::requirement::judge::{Judged, Verdict};
use harness::scenario::Scenario;
use harness::step::Step;

/// What one program did, held to what its step requires.
#[derive(Debug)]
pub struct Result {
    /// The step that it is to be.
    pub step: &'static Step,
    /// Its command line.
    pub words: Vec<String>,
    /// What was required, and what became of it; or why it could not be
    /// checked.
    pub judged: std::result::Result<Vec<Judged>, String>,
    /// The scenarios in which nothing could be looked at, with the reason.
    pub not_looked_at: Vec<(Scenario, String)>,
}

impl Result {
    /// How many requirements passed, failed and could not be looked at.
    pub fn count(&self) -> Checked {
        let mut checked = Checked::default();
        let Ok(judged) = &self.judged else {
            return Checked { all: 1, broken: 1, ..checked };
        };
        for it in judged {
            checked.all += 1;
            match it.verdict {
                Verdict::Passes => {}
                Verdict::Fails(..) => checked.unexpected += 1,
                Verdict::NotLookedAt(_) => checked.unavailable += 1,
            }
        }
        checked
    }

    /// 0 if every requirement is met; 1 if one is not; 2 if none failed and one
    /// could not be looked at, or the program could not be checked.
    pub fn status(&self) -> u8 {
        let Checked { unavailable, broken, unexpected, .. } = self.count();
        match (unexpected, unavailable + broken) {
            (1.., _) => harness::error::DIFFERENT,
            (0, 1..) => harness::error::TROUBLE,
            (0, 0) => 0,
        }
    }
}

/// The program of one step in a directory of programs.
#[derive(Debug)]
pub struct Stage {
    /// The step.
    pub step: &'static Step,
    /// Its program, checked; none where there is no program yet.
    pub result: Option<Result>,
}

impl Stage {
    /// Whether it is done: there is a program, and it meets every requirement.
    pub fn is_done(&self) -> bool {
        self.result.as_ref().is_some_and(|it| it.status() == 0)
    }
}

/// The status of several: 1 if something is missing or fails, 2 if nothing
/// fails and something could not be looked at.
pub fn status(stages: &[Stage]) -> u8 {
    let of = |stage: &Stage| {
        let result = stage.result.as_ref();
        result.map_or(harness::error::DIFFERENT, Result::status)
    };
    let all: Vec<u8> = stages.iter().map(of).collect();
    let has = |status| all.contains(&status);
    match (has(harness::error::DIFFERENT), has(harness::error::TROUBLE)) {
        (true, _) => harness::error::DIFFERENT,
        (false, true) => harness::error::TROUBLE,
        (false, false) => 0,
    }
}
