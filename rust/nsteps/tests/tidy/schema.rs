//! The page about JSON, made from the types that are printed.
//!
//! `NSTEPS_WRITE=1 cargo test -p nsteps --test tidy schema` writes it again. The
//! page has a section for each form and a table for each place at which a form
//! has objects.

use crate::Found;
use crate::pages_written;
use crate::tree::Tree;
use nsteps::calls::print as trace;
use nsteps::checks::{claims, pitfalls};
use nsteps::command::observe;
use nsteps::course::json as course;
use nsteps::diff::json as diff;
use nsteps::facts;
use nsteps::json as compare;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;
use std::fmt::Write;
use std::fs;

/// The page, from the top of the repository.
const PAGE: &str = "docs/src/internals/schema.md";

/// A form: its name and version, its schema, and the file that has its type.
type Form = (&'static str, Schema, &'static str);

/// Every form, in the order of the page.
fn forms() -> [Form; 8] {
    [
        (compare::SCHEMA, of::<compare::Form>(), "json.rs"),
        (course::SCHEMA, of::<course::Form>(), "course/json.rs"),
        (diff::SCHEMA, of::<diff::Form>(), "diff/json.rs"),
        (observe::SCHEMA, of::<observe::Form>(), "command/observe.rs"),
        (trace::SCHEMA, of::<trace::Form>(), "calls/print.rs"),
        (
            claims::report::SCHEMA,
            of::<claims::report::Form>(),
            "checks/claims/report.rs",
        ),
        (
            pitfalls::report::SCHEMA,
            of::<pitfalls::report::Form>(),
            "checks/pitfalls/report.rs",
        ),
        (facts::SCHEMA, of::<facts::Form>(), "facts.rs"),
    ]
}

fn of<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let settings = settings.with(|it| it.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>()
}

/// The page agrees with the types, and every form has a section.
pub fn page(tree: &Tree) -> Found {
    let forms = forms();
    let text = text(&forms);
    let path = tree.layout.root().join(PAGE);
    if pages_written::demanded() {
        fs::write(&path, &text).map_err(|error| format!("{PAGE}: {error}"))?;
    }
    let mut wrong = Vec::new();
    if fs::read_to_string(&path).unwrap_or_default() != text {
        wrong.push(format!(
            "{PAGE} is not what the types say: NSTEPS_WRITE=1 cargo test -p \
             nsteps --test tidy schema"
        ));
    }
    for file in tree.of("rust/nsteps/src/", &[".rs"]) {
        for rest in file.text.split("SCHEMA: &str = \"").skip(1) {
            let name = rest.split('"').next().unwrap_or_default();
            if forms.iter().all(|form| form.0 != name) {
                wrong.push(format!("{}: {name} is in no section", file.path));
            }
        }
    }
    Ok(wrong)
}

fn text(forms: &[Form]) -> String {
    let files: Vec<String> = forms
        .iter()
        .map(|(_, _, file)| {
            format!("[{file}](../../../rust/nsteps/src/{file})")
        })
        .collect();
    let mut out = format!(
        "<!-- Written by the test `tidy schema`; do not edit. -->\n\n\
         # JSON\n\n\
         The types of the forms are in {}.\n\
         [A test](../../../rust/nsteps/tests/tidy/schema.rs) writes this page \
         from these types, with their comments as descriptions.\n\n\
         Every form has its name and version in the member `schema`.\n\
         The version grows when a member changes its meaning; a new member \
         does not change it.\n\
         Members come in alphabetical order.\n\
         A member without a value is null; it is not left out.\n\n\
         A table below describes the objects at one place; the place is in its \
         heading, with `[]` for each item of a list.\n\
         A *map* is an object whose members are not of the form but of what \
         was observed.\n",
        files.join(", ")
    );
    for (name, schema, _) in forms {
        let value = schema.as_value();
        let _ = writeln!(out, "\n## {name}");
        if let Some(about) = value["description"].as_str() {
            let _ = writeln!(out, "\n{}", in_one_line(about));
        }
        table(&mut out, value, "");
    }
    out
}

/// The table of the objects at `place`, and those of the places below it.
fn table(out: &mut String, object: &Value, place: &str) {
    if !place.is_empty() {
        let _ = writeln!(out, "\n### `{place}`");
    }
    out.push_str("\n| member | type | what it is |\n|---|---|---|\n");
    let members = object["properties"].as_object().into_iter().flatten();
    for (name, member) in members.clone() {
        let about = member["description"].as_str().unwrap_or_default();
        let about = in_one_line(about).replace('|', "\\|");
        let _ = writeln!(out, "| `{name}` | {} | {about} |", kind(member));
    }
    for (name, member) in members {
        let place = match place {
            "" => name.clone(),
            place => format!("{place}.{name}"),
        };
        below(out, member, &place);
    }
}

/// The tables of the objects in `schema`, which is that of `place`.
fn below(out: &mut String, schema: &Value, place: &str) {
    if schema["properties"].is_object() && !is_variant(schema) {
        table(out, schema, place);
    }
    if schema["items"].is_object() {
        below(out, &schema["items"], &format!("{place}[]"));
    }
    for one in either(schema) {
        below(out, one, place);
    }
}

/// True for a variant of an enum that has a value: a map with one member.
fn is_variant(schema: &Value) -> bool {
    schema["additionalProperties"] == false
}

/// The schemas of the variants of a value.
fn either(schema: &Value) -> impl Iterator<Item = &Value> {
    ["anyOf", "oneOf"]
        .into_iter()
        .filter_map(|it| schema[it].as_array())
        .flatten()
}

/// The type of a member, in the words of the page.
fn kind(schema: &Value) -> String {
    let mut kinds: Vec<String> = Vec::new();
    let mut push = |kind: String| {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    };
    either(schema).map(kind).for_each(&mut push);
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        it => it.as_str().into_iter().collect::<Vec<_>>(),
    };
    for name in types {
        push(match name {
            "string" => "text".to_owned(),
            "integer" | "number" => "number".to_owned(),
            "boolean" => "true or false".to_owned(),
            "array" => match kind(&schema["items"]).as_str() {
                items @ ("text" | "number") => format!("list of {items}"),
                items if items.starts_with("list") => {
                    "list of lists".to_owned()
                }
                _ => "list".to_owned(),
            },
            "object" if is_variant(schema) => "map".to_owned(),
            "object" if schema["properties"].is_object() => "object".to_owned(),
            "object" => "map".to_owned(),
            other => other.to_owned(),
        });
    }
    // The type null is named last.
    kinds.sort_by_key(|it| it == "null");
    match kinds.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "any".to_owned(),
    }
}

/// A comment on one line, in the words of JSON.
fn in_one_line(comment: &str) -> String {
    let words = comment.split_whitespace().collect::<Vec<_>>().join(" ");
    words.replace("`None`", "null")
}
