//! What else used the machine while something was measured.

use serde::{Deserialize, Serialize};

/// What was used between two looks, in processors: 1.0 is all of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Used {
    /// By other processes. The kernel's own threads are not counted: they
    /// tear down what was measured.
    pub others: f64,
    /// By other machines on the same host.
    pub stolen: f64,
}

/// From here on a row is marked.
pub const TOO_MUCH: f64 = 0.15;

impl Used {
    /// The worse of two spans.
    pub fn or(self, other: Used) -> Used {
        Used {
            others: self.others.max(other.others),
            stolen: self.stolen.max(other.stolen),
        }
    }

    /// Whether a figure should not be quoted.
    pub fn is_too_much(&self) -> bool {
        self.others > TOO_MUCH || self.stolen > TOO_MUCH
    }
}
