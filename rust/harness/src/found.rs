//! The type for what a check found, or why it found nothing.

use crate::error::Error;
use serde::{Deserialize, Serialize};

/// What a check returns: what it found, or why it could not look. A check that
/// did not look has not passed.
pub type Found<T> = Result<T, Refusal>;

/// The reason of a trial that needs root. It is not a fault of the machine.
pub const NEEDS_ROOT: &str = "needs root";

/// Why a trial or a check has no result: the machine does not allow it, or it
/// broke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// Not possible on this machine, with the reason and the remedy.
    Unavailable(String),
    /// It should have been possible; the message says what failed.
    Broken(String),
}

impl Refusal {
    /// Its reason, whichever it is.
    pub fn into_reason(self) -> String {
        let (Refusal::Unavailable(why) | Refusal::Broken(why)) = self;
        why
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error::new(format!("no sandbox: {}", refusal.into_reason()))
    }
}

impl From<Error> for Refusal {
    /// An error in a session is not a restriction of the machine.
    fn from(error: Error) -> Refusal {
        Refusal::Broken(error.message)
    }
}
