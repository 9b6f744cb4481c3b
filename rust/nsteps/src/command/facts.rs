//! `nsteps facts`: says what this kernel answers where versions of Linux differ.

use crate::facts::{Answer, FACTS, Fact, FactForm, Form, SCHEMA};
use crate::form;
use crate::terminal::output;
use crate::terminal::style::{BAD, FAINT, GOOD, NOTE};
use crate::terminal::text::{self, Cell};
use harness::error::{DIFFERENT, Result, TROUBLE};
use harness::host::machine;
use std::fmt::Write;

/// The headings of the table.
const HEAD: &[&str] = &["fact", "answer", "what is attempted"];

/// Asks the kernel for each fact and prints its answers. Returns 0 if they are
/// those of its version, 1 if one is not, 2 if one could not be tried. The
/// caller must have one thread.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn run(json: bool) -> Result<u8> {
    let facts: Vec<(&Fact, Answer)> =
        FACTS.iter().map(|it| (it, it.ask())).collect();
    let text = match json {
        true => form::json(&Form {
            schema: SCHEMA,
            machine: machine::in_a_few_words(),
            facts: facts.iter().map(of).collect(),
        }),
        false => table(&facts, text::width()),
    };
    output::print(&text)?;
    Ok(status(&facts))
}

fn of((fact, answer): &(&Fact, Answer)) -> FactForm {
    FactForm {
        name: fact.name,
        about: fact.about,
        seen: answer.seen.clone(),
        expected: answer.expected,
    }
}

fn status(facts: &[(&Fact, Answer)]) -> u8 {
    let answers = || facts.iter().map(|(_, answer)| answer);
    match answers().find(|it| !it.was_tried()) {
        Some(_) => TROUBLE,
        None if answers().all(Answer::is_as_expected) => 0,
        None => DIFFERENT,
    }
}

fn table(facts: &[(&Fact, Answer)], width: Option<usize>) -> String {
    let row = |(fact, answer): &(&Fact, Answer)| {
        let (style, words) = match answer {
            it if it.is_as_expected() => (GOOD, it.seen.clone()),
            it if !it.was_tried() => (NOTE, it.seen.clone()),
            it => (BAD, format!("{}, not {}", it.seen, it.expected)),
        };
        vec![
            fact.name.into(),
            Cell::new(style, words),
            Cell::new(FAINT, fact.about),
        ]
    };
    let rows: Vec<Vec<Cell>> = facts.iter().map(row).collect();
    let mut out = String::new();
    text::table(&mut out, HEAD, &rows, width);
    let answers = || facts.iter().map(|(_, answer)| answer);
    let other = answers().filter(|it| it.was_tried() && !it.is_as_expected());
    let untried = answers().filter(|it| !it.was_tried());
    let _ = writeln!(
        out,
        "\n{}: {} facts, {} not as other kernels of this version, {} not tried",
        machine::in_a_few_words(),
        facts.len(),
        other.count(),
        untried.count()
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(seen: &str) -> [(&'static Fact, Answer); 1] {
        let answer = Answer { seen: seen.to_owned(), expected: "ok" };
        [(&FACTS[0], answer)]
    }

    #[test]
    fn another_answer_is_a_difference_and_an_untried_one_is_not_the_same() {
        for (seen, expected, words) in [
            ("ok", 0, " 0 not as other kernels of this version, 0 not tried"),
            ("EPERM", DIFFERENT, "EPERM, not ok"),
            ("not tried: namespaces", TROUBLE, "0 not as"),
        ] {
            let facts = answered(seen);
            assert_eq!(status(&facts), expected, "{seen}");
            let text = table(&facts, None);
            assert!(text.contains(words), "{seen}: {text}");
        }
    }
}
