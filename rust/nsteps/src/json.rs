//! The machine-readable forms; `docs/src/internals/schema.md` describes them.

use crate::report::{Report, Tally};
use compare::comparison::{Comparison, Verdict};
use serde_json::{Value, json};

/// The version of the form below; it grows when a field changes its meaning.
pub const COMPARE_SCHEMA: &str = "nsteps.compare/2";

/// A comparison as the JSON that `docs/src/internals/schema.md` describes.
pub fn compare(report: &Report<'_>) -> String {
    let tally = Tally::of(report.comparisons);
    let value = json!({
        "schema": COMPARE_SCHEMA,
        "machine": report.machine,
        "seconds": report.seconds,
        "tally": {
            "trials": tally.checked.all,
            "same": tally.same,
            "explained": tally.explained,
            "not_compared": tally.not_compared,
            "differs": tally.checked.unexpected,
            "unavailable": tally.checked.unavailable,
            "broken": tally.checked.broken,
        },
        "claims": report.claims.map(|it| it.json()),
        "stale": report.stale.iter().map(|it| it.slug).collect::<Vec<_>>(),
        "comparisons": report
            .comparisons
            .iter()
            .map(comparison)
            .collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

fn comparison(it: &Comparison) -> Value {
    let reasons = |list: &[(harness::launcher::Launcher, String)]| {
        list.iter()
            .map(|(launcher, why)| (launcher.name().to_owned(), json!(why)))
            .collect::<serde_json::Map<_, _>>()
    };
    json!({
        "step": it.subject.step,
        "situation": it.subject.situation,
        "scenario": it.scenario.to_string(),
        "launchers":
            it.launchers.iter().map(|it| it.name()).collect::<Vec<_>>(),
        "rows": it.rows.iter().map(row).collect::<Vec<_>>(),
        "unavailable": reasons(&it.unavailable),
        "broken": reasons(&it.broken),
    })
}

fn row(row: &compare::comparison::Row) -> Value {
    let groups: Vec<_> = row
        .groups
        .iter()
        .map(|group| {
            let names: Vec<_> =
                group.launchers.iter().map(|it| it.name()).collect();
            json!({ "value": group.value, "launchers": names })
        })
        .collect();
    let (verdict, because) = match &row.verdict {
        Verdict::NotCompared => ("not_compared", Value::Null),
        Verdict::Same => ("same", Value::Null),
        Verdict::Explained(reasons) => {
            let slugs: Vec<_> = reasons.iter().map(|it| it.slug).collect();
            ("explained", json!(slugs))
        }
        Verdict::Differs(why) => ("differs", json!(why)),
    };
    json!({
        "key": row.key,
        "groups": groups,
        "verdict": verdict,
        "because": because,
    })
}
