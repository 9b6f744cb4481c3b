//! What the command can do: one file for each subcommand.

pub mod claims;
pub mod compare;
pub mod differences;
pub mod doctor;
pub mod list;
pub mod manual;
pub mod observe;
pub mod run;
pub mod show;
pub mod trace;

use crate::error::{Error, Result};
use crate::step::{STEPS, Step};

/// The step of that name, or an error that helps.
fn step_named(name: &str) -> Result<&'static Step> {
    Step::named(name).ok_or_else(|| {
        let close = STEPS
            .iter()
            .map(|step| step.name)
            .filter(|it| it.contains(name) || name.contains(it))
            .collect::<Vec<_>>();
        let hint = if close.is_empty() {
            "nsteps list knows them all".to_owned()
        } else {
            format!("did you mean {}?", close.join(", "))
        };
        Error::new(format!("no step is called {name}: {hint}"))
    })
}
