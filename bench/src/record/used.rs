//! How much other processes and machines used the processors during a
//! measurement.

use serde::{Deserialize, Serialize};

/// How much was used between two moments, in processors: 1.0 is all of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Used {
    /// Used by other processes. The kernel's own threads are not counted: they
    /// tear down what was measured.
    pub others: f64,
    /// Used by other machines on the same host.
    pub stolen: f64,
}

/// A row is marked if others used at least this much.
pub const TOO_MUCH: f64 = 0.15;

impl Used {
    /// The larger values of two measurements.
    pub fn or(self, other: Used) -> Used {
        Used {
            others: self.others.max(other.others),
            stolen: self.stolen.max(other.stolen),
        }
    }

    /// True if the figures of the row should not be published.
    pub fn is_too_much(&self) -> bool {
        self.others > TOO_MUCH || self.stolen > TOO_MUCH
    }
}
