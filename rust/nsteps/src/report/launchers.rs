//! Lists of launchers in the words of the report.

use compare::comparison::Comparison;
use harness::launcher::{LAUNCHERS, Launcher};

/// The launchers that were observed in any comparison, in the order of tables.
pub fn observed<'a>(
    comparisons: impl Iterator<Item = &'a Comparison>,
) -> Vec<Launcher> {
    let observed: Vec<Launcher> =
        comparisons.flat_map(Comparison::observed).collect();
    LAUNCHERS.iter().copied().filter(|it| observed.contains(it)).collect()
}

/// Names in a sentence, as `a, b and c`.
pub fn listed(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        [one] => (*one).to_owned(),
        [some @ .., last] => format!("{} and {last}", some.join(", ")),
    }
}
