//! Reads files of a record, or of criterion.

use harness::error::{Context, Result};
use serde::de::DeserializeOwned;
use std::fs;
use std::path::Path;

/// Reads a JSON file; `None` if there is no such file.
///
/// # Errors
///
/// Fails if the file cannot be read or does not have the expected form.
pub fn part<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    match fs::read(path) {
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .context(format_args!("parse {}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(error).context(format_args!("read {}", path.display()))
        }
    }
}
