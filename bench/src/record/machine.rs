//! The facts about the machine that figures were measured on; without them
//! figures mean nothing.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What influences the figures and is not part of the programs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// Values by the names of the facts, in the order of the names.
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
