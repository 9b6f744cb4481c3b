//! The mode of a message queue that a program makes through nix.

use super::{Programs, RUST};
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::Found;

/// The mode that the program asks for, in the form in which it prints one.
const ASKED_FOR: &str = "mode 0600";

/// What the page says of a queue without attributes: its mode is what a register
/// held, and the call fails if another one held no address.
const ANOTHER: &str = "another mode, or no queue";

/// A queue with attributes has the mode that was asked for, and one without has
/// not.
pub fn mode(conditions: &Conditions<'_>) -> Found<Evidence> {
    let mut programs = Programs::new(conditions)?;
    let program = programs.program(RUST, "pitfalls/queue_mode")?;
    let mut evidence = Evidence::new();
    for (with, case, described) in [
        ("attributes", "mq_open with attributes", ASKED_FOR),
        ("none", "mq_open without attributes", ANOTHER),
    ] {
        let said = programs.session.run(&[&program, with])?.well()?;
        let said = said.trim();
        let as_described = match described {
            ASKED_FOR => said == ASKED_FOR,
            _ if said.starts_with("mode ") => said != ASKED_FOR,
            _ => said.starts_with("no queue: "),
        };
        evidence.judge(
            format!("{RUST}, {case}"),
            said,
            as_described,
            described,
        );
    }
    Ok(evidence)
}
