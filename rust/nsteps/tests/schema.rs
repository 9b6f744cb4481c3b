//! The page about JSON names every member that is printed, and no other.
//!
//! The page has a section for each form, and in it a table for each place at
//! which there are objects.  A member of the type `map` is one whose own
//! members are not of the form.

mod availability;

use availability::{is_of_the_machine, unavailable};
use harness::host::layout::Layout;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, ExitCode};

/// A form, and a command that prints it with everything in it.
const FORMS: &[(&str, &[&str])] = &[
    (
        "nsteps.compare/2",
        &["compare", "--json", "--only", "uts", "--scenario", "private"],
    ),
    ("nsteps.observe/2", &["observe", "--json", "--", "env"]),
    // It opens a descriptor that is worth knowing: that of its clocks.
    ("nsteps.trace/1", &["trace", "--json", "time", "--lang", "c"]),
    ("nsteps.claims/1", &["claims", "--json", "1"]),
    ("nsteps.differences/1", &["differences", "--json", "sigpipe"]),
];

/// Where the objects are, and the types of their members: a table each.
type Tables = BTreeMap<String, BTreeMap<String, String>>;
/// The members that were printed, by place.
type Printed = BTreeMap<String, BTreeSet<String>>;

fn main() -> ExitCode {
    let mut trials = vec![Trial::test("every_form_has_its_section", sections)];
    trials.extend(FORMS.iter().map(|(form, command)| {
        Trial::ignorable_test(format!("members::{form}"), || {
            members(form, command)
        })
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn page() -> Result<String, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let page = layout.root().join("docs/src/internals/schema.md");
    Ok(fs::read_to_string(page)?)
}

/// A section of the page is called after each form, and none after another.
fn sections() -> Result<(), Failed> {
    let page = page()?;
    let described: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let printed = FORMS.iter().map(|(form, _)| *form).collect();
    if described == printed {
        return Ok(());
    }
    Err(format!("described: {described:?}\nprinted: {printed:?}").into())
}

fn members(form: &str, command: &[&str]) -> Result<Completion, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let program = layout.programs().join("bin/nsteps");
    let output = Command::new(program).args(command).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.stdout.is_empty() && is_of_the_machine(&stderr) {
        return unavailable(stderr.trim());
    }
    let value: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {stderr}"))?;
    let tables = tables(&page()?, form);
    let mut printed = Printed::new();
    collect(&value, String::new(), &tables, &mut printed);

    let mut wrong = Vec::new();
    if value["schema"] != form {
        wrong.push(format!("schema is {}", value["schema"]));
    }
    for (place, members) in &printed {
        let described = tables.get(place);
        for member in members {
            if !described.is_some_and(|it| it.contains_key(member)) {
                wrong.push(format!("describe {}", below(place, member)));
            }
        }
    }
    let mut unseen = Vec::new();
    for (place, members) in &tables {
        match printed.get(place) {
            None => unseen.push(format!("nothing is printed at {place}")),
            Some(printed) => wrong.extend(
                members.keys().filter(|member| !printed.contains(*member)).map(
                    |it| format!("no command prints {}", below(place, it)),
                ),
            ),
        }
    }
    // What this machine does not allow has less in it.
    match reason(&value) {
        Some(why) if wrong.is_empty() && !unseen.is_empty() => {
            return unavailable(&why);
        }
        _ => wrong.extend(unseen),
    }
    if wrong.is_empty() {
        return Ok(Completion::Completed);
    }
    Err(format!("docs/src/internals/schema.md: {}", wrong.join("\n")).into())
}

/// The tables of a section.
fn tables(page: &str, form: &str) -> Tables {
    let mut tables = Tables::new();
    let mut place = String::new();
    let section = page
        .lines()
        .skip_while(|line| line.strip_prefix("## ") != Some(form))
        .skip(1)
        .take_while(|line| !line.starts_with("## "));
    for line in section {
        if let Some(heading) = line.strip_prefix("### ") {
            place = heading.trim_matches('`').to_owned();
        }
        let mut cells = line.split('|').map(str::trim).skip(1);
        let (Some(member), Some(kind)) = (cells.next(), cells.next()) else {
            continue;
        };
        if let Some(member) =
            member.strip_prefix('`').and_then(|it| it.strip_suffix('`'))
        {
            let table = tables.entry(place.clone()).or_default();
            table.insert(member.to_owned(), kind.to_owned());
        }
    }
    tables
}

/// The members of every object, but those of maps.
fn collect(
    value: &Value,
    place: String,
    tables: &Tables,
    printed: &mut Printed,
) {
    match value {
        Value::Object(object) => {
            for (member, value) in object {
                let all = printed.entry(place.clone()).or_default();
                all.insert(member.clone());
                let kind = tables.get(&place).and_then(|it| it.get(member));
                if !kind.is_some_and(|kind| kind.starts_with("map")) {
                    collect(value, below(&place, member), tables, printed);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                collect(item, format!("{place}[]"), tables, printed);
            }
        }
        _ => {}
    }
}

fn below(place: &str, member: &str) -> String {
    match place {
        "" => member.to_owned(),
        place => format!("{place}.{member}"),
    }
}

/// Why something could not be looked at, if anything says so.
fn reason(value: &Value) -> Option<String> {
    match value {
        Value::Object(object) => object.iter().find_map(|it| match it {
            (member, Value::String(why)) if member == "reason" => {
                Some(why.clone())
            }
            (member, Value::Object(all)) if member == "unavailable" => {
                all.values().next()?.as_str().map(str::to_owned)
            }
            (_, value) => reason(value),
        }),
        Value::Array(items) => items.iter().find_map(reason),
        _ => None,
    }
}
