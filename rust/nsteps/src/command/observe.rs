//! `nsteps observe`: the effect of any command line that runs the probe, and
//! of several, where they differ.

use crate::cli::Observe;
use crate::equipment::Equipment;
use crate::error::{DIFFERENT, Error, Result};
use crate::output;
use crate::sandbox::{PROBE, Plan, Sandbox, Scenario, Tree};
use crate::trial::{Alone, Met, Observed, bare_probe, hold_and_look};
use anstyle::Style;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write;

const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// The version of the JSON form.
const SCHEMA: &str = "nsteps.observe/1";

/// Observes each command line in a sandbox of its own.
///
/// # Errors
///
/// The machine does not allow a sandbox, or a launcher cannot be started.
pub fn run(options: &Observe) -> Result<u8> {
    let equipment = Equipment::gather(None)?;
    let scenario = match &options.scenario {
        None => Scenario::natural(),
        Some(name) => Scenario::named(name).ok_or_else(|| {
            Error::new(format!(
                "no scenario is called {name}: try private/user"
            ))
        })?,
    };
    let lines: Vec<&[String]> = options
        .launchers
        .split(|word| word == "--")
        .filter(|line| !line.is_empty())
        .collect();
    let mut all = Vec::new();
    for line in &lines {
        all.push((line.join(" "), observe(line, scenario, &equipment)?));
    }
    let differ = all.iter().any(|(_, it)| it.effect != all[0].1.effect)
        || all.iter().any(|(_, it)| !it.disagreements.is_empty());
    let text = if options.json { json_of(scenario, &all) } else { text(&all) };
    output::print(&text)?;
    if let Some((line, _)) = all.iter().find(|(_, it)| it.payload.is_none()) {
        return Err(Error::new(format!("{line} never ran the probe")));
    }
    Ok(if differ { DIFFERENT } else { 0 })
}

fn observe(
    line: &[String],
    scenario: Scenario,
    equipment: &Equipment,
) -> Result<Observed> {
    let plan = Plan::of(scenario, Tree::Whole, equipment);
    let mut sandbox = Sandbox::enter(&plan, equipment)?;
    let baseline = bare_probe(&mut sandbox)?;
    let probe = [PROBE, "--json", "--hold"].map(str::to_owned);
    let mut argv = Vec::new();
    for word in line {
        if word == "{}" {
            argv.extend(probe.iter().cloned());
        } else {
            argv.push(word.clone());
        }
    }
    if !line.iter().any(|word| word == "{}") {
        argv.extend(probe);
    }
    let mut met = Met::new(&Alone);
    hold_and_look(&mut sandbox, &baseline, &argv, &mut met)
}

/// Key by key; with several launchers, who shows what.
fn text(all: &[(String, Observed)]) -> String {
    let mut out = String::new();
    let letter =
        |index: usize| char::from(b'A' + u8::try_from(index % 26).unwrap_or(0));
    if all.len() > 1 {
        for (index, (line, _)) in all.iter().enumerate() {
            let _ =
                writeln!(out, "{STRONG}{}{STRONG:#}  {line}", letter(index));
        }
        out.push('\n');
    }
    let keys: BTreeSet<&String> =
        all.iter().flat_map(|(_, it)| it.effect.0.keys()).collect();
    let width = keys.iter().map(|key| key.len()).max().unwrap_or(0);
    for key in keys {
        let mut values: Vec<(Option<&String>, String)> = Vec::new();
        for (index, (_, it)) in all.iter().enumerate() {
            let value = it.effect.0.get(key);
            match values.iter_mut().find(|(other, _)| *other == value) {
                Some((_, who)) => who.push(letter(index)),
                None => values.push((value, letter(index).to_string())),
            }
        }
        let one = values.len() == 1;
        let mut shown = key.as_str();
        for (value, who) in values {
            let value = value.map_or("unchanged", String::as_str);
            if one {
                let _ = writeln!(out, "  {shown:<width$}  {value}");
            } else {
                let _ = writeln!(
                    out,
                    "{STRONG}#{STRONG:#} {shown:<width$}  {value}  \
                     {FAINT}{who}{FAINT:#}"
                );
            }
            shown = "";
        }
    }
    for (line, it) in all {
        for why in &it.disagreements {
            let _ =
                writeln!(out, "inside and outside disagree ({line}): {why}");
        }
    }
    out
}

fn json_of(scenario: Scenario, all: &[(String, Observed)]) -> String {
    let launchers: Vec<_> = all
        .iter()
        .map(|(line, it)| {
            json!({
                "launcher": line,
                "effect": it.effect.0,
                "disagreements": it.disagreements,
                "observation": it.payload,
            })
        })
        .collect();
    let value = json!({
        "schema": SCHEMA,
        "scenario": scenario.to_string(),
        "launchers": launchers,
    });
    format!("{value:#}\n")
}
