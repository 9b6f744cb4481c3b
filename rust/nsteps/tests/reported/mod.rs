//! What a command of ours has reported as JSON.

use crate::availability::is_of_the_machine;
use libtest_mimic::Failed;
use serde_json::Value;
use std::process::Output;

/// The report of a command; or why this machine does not allow it to run.
pub fn reported(output: &Output) -> Result<Result<Value, String>, Failed> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.stdout.is_empty() && is_of_the_machine(&stderr) {
        return Ok(Err(stderr.trim().to_owned()));
    }
    let report = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {stderr}"))?;
    Ok(Ok(report))
}
