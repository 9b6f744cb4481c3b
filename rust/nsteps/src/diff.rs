//! The comparison of launchers as text and as JSON. Nothing is decided here.

pub mod json;
pub mod letters;
pub mod text;

use harness::scenario::Scenario;
use launchers::look::{InState, Launcher};
use launchers::matrix::Column;
use launchers::provenance::Provenance;
use launchers::verdict::Verdict;

/// What is printed of a comparison of launchers.
pub struct Report<'a> {
    /// The launchers, in the order in which they were named.
    pub launchers: &'a [Launcher],
    /// What was seen of them in each state.
    pub states: &'a [InState],
    /// The program of each launcher.
    pub programs: &'a [Provenance],
    /// What their differences amount to.
    pub verdict: &'a Verdict,
    /// The mounts and the user of the sandboxes.
    pub scenario: Scenario,
    /// The kernel's name and release, and whether the caller is root.
    pub machine: String,
    /// How long all looks took, in seconds.
    pub seconds: f64,
}

impl Report<'_> {
    /// What was seen of one launcher, in each state that is available.
    fn columns_of(
        &self,
        launcher: usize,
    ) -> impl Iterator<Item = (&'static str, &Column)> {
        self.states.iter().filter_map(move |it| {
            Some((it.state.name, it.columns.get(launcher)?))
        })
    }
}
