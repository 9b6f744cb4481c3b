//! What machine figures are of: a figure without that is worth nothing.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that decides the figures and is not in the programs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// By name, in the order of the names.
    pub facts: BTreeMap<String, String>,
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, value) in &self.facts {
            writeln!(f, "{name:12} {value}")?;
        }
        Ok(())
    }
}
