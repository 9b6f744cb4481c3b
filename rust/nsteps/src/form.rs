//! Writes forms as JSON: members in alphabetical order, indented.

use serde::Serialize;

/// The JSON of `form`, as `docs/src/internals/schema.md` describes it, with a
/// newline at its end.
///
/// # Panics
///
/// Panics if a map in `form` has keys that are not text; no form has one.
pub fn json(form: &impl Serialize) -> String {
    // A `Value` sorts the members in any case.
    let value = serde_json::to_value(form).expect("every key is text");
    format!("{value:#}\n")
}
