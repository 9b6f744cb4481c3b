//! What was found, or why nothing was: the one type for it.

use crate::error::Error;
use serde::{Deserialize, Serialize};

/// What a check gives back: what it found, or why it could not look.  What was
/// not looked at has not passed.
pub type Found<T> = Result<T, Refusal>;

/// The reason of a trial that needs root. It is no fault of the machine.
pub const NEEDS_ROOT: &str = "needs root";

/// Why there is no sandbox: the machine does not allow it, or it broke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// Not possible on this machine, with the reason and the remedy.
    Unavailable(String),
    /// It should have been possible.
    Broken(String),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        let (Refusal::Unavailable(why) | Refusal::Broken(why)) = refusal;
        Error::new(format!("no sandbox: {why}"))
    }
}

impl From<Error> for Refusal {
    /// What goes wrong in a session is not the machine's fault.
    fn from(error: Error) -> Refusal {
        Refusal::Broken(error.message)
    }
}
