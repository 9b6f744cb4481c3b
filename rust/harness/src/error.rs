//! The error type of the command: a sentence, and the exit status.

use std::fmt;

/// What went wrong, in one line: what we did, on what, what the kernel said
/// and, where there is one, the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The sentence, lower case, without a full stop.
    pub message: String,
    /// The exit status of the command.
    pub status: u8,
}

/// A result with this error.
pub type Result<T> = std::result::Result<T, Error>;

/// The exit status if something unexplained was seen: the launchers differ.
pub const DIFFERENT: u8 = 1;
/// The exit status if the question could not be answered.
pub const TROUBLE: u8 = 2;

impl Error {
    /// An error with the status [`TROUBLE`].
    pub fn new(message: impl Into<String>) -> Error {
        Error { message: message.into(), status: TROUBLE }
    }

    /// The error with another exit status.
    pub fn with_status(self, status: u8) -> Error {
        Error { status, ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Adds to an error what was being done when it occurred.
pub trait Context<T> {
    /// `what` is the call and its object, for instance `mount /proc`.
    fn context(self, what: impl fmt::Display) -> Result<T>;
}

impl<T, E: fmt::Display> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl fmt::Display) -> Result<T> {
        self.map_err(|error| {
            let error = error.to_string();
            Error::new(format!("{what}: {}", without_number(&error)))
        })
    }
}

/// The words of an error without the number that `std::io::Error` adds:
/// ` (os error 2)`.
fn without_number(error: &str) -> &str {
    let Some((words, number)) = error.rsplit_once(" (os error ") else {
        return error;
    };
    let digits = number.strip_suffix(')').unwrap_or("no number");
    match digits.bytes().all(|it| it.is_ascii_digit()) {
        true => words,
        false => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_error_is_not_printed() {
        let missing = std::fs::read("/no/such/file");
        let error = missing.context("read it").expect_err("there is none");
        assert_eq!(error.message, "read it: No such file or directory");
        assert_eq!(without_number("a (os error x)"), "a (os error x)");
    }
}
