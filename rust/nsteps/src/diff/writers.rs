//! Chooses the writers of a report: for standard output, and for files whose
//! names say the format.

use super::{Report, annotations, html, json, junit, markdown, sarif, text};
use crate::form;
use crate::terminal::output;
use harness::error::{Context, Error, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// The form of the report on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Text, in which long values are cut.
    Short,
    /// Text, in which every value is whole.
    Whole,
    /// The form `nsteps.diff/1` as JSON.
    Json,
}

/// Prints the report, and writes each file. Under GitHub Actions, each failure
/// becomes an annotation too.
///
/// # Errors
///
/// Fails if standard output or a file cannot be written.
pub fn write(report: &Report, shown: Shown, files: &[PathBuf]) -> Result<()> {
    for path in files {
        let text = of(report, path)?;
        fs::write(path, text)
            .context(format_args!("write {}", path.display()))?;
    }
    let text = match shown {
        Shown::Short => text::text(report, text::Length::Cut),
        Shown::Whole => text::text(report, text::Length::Whole),
        Shown::Json => form::json(&json::form(report)),
    };
    output::print(&text)?;
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|it| it == "true") {
        output::on_error(&annotations::annotations(report));
    }
    Ok(())
}

/// The report in the format that the name of the file says.
fn of(report: &Report, path: &Path) -> Result<String> {
    match path.extension().and_then(|it| it.to_str()) {
        Some("json") => Ok(form::json(&json::form(report))),
        Some("xml") => junit::junit(report),
        Some("sarif") => Ok(form::json(&sarif::sarif(report))),
        Some("md") => Ok(markdown::markdown(report)),
        Some("html") => html::html(report),
        _ => Err(Error::new(format!(
            "no form of reports ends as {}",
            path.display()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::tests::report;
    use serde_json::Value;

    fn written(name: &str) -> String {
        of(&report(), Path::new(name)).expect("it can be written")
    }

    /// How often a part occurs in a text.
    fn count(text: &str, part: &str) -> usize {
        text.matches(part).count()
    }

    #[test]
    fn every_writer_counts_the_same_failures() {
        let report = report();
        let expected = report.verdict.failures();
        let sarif: Value =
            serde_json::from_str(&written("x.sarif")).expect("it is JSON");
        let results = sarif["runs"][0]["results"].as_array();
        let failed = results.into_iter().flatten();
        let failed = failed.filter(|it| it["suppressions"].is_null()).count();
        let json: Value =
            serde_json::from_str(&written("x.json")).expect("it is JSON");
        let seen = [
            ("junit", count(&written("x.xml"), "<failure")),
            ("sarif", failed),
            ("markdown", count(&written("x.md"), "**fails**")),
            ("html", count(&written("x.html"), "class=\"fails\"")),
            ("json", json["failures"].as_array().map_or(0, Vec::len)),
            (
                "annotations",
                count(&annotations::annotations(&report), "::error "),
            ),
        ];
        // The annotations also have launchers that did not run.
        for (writer, failures) in seen {
            let errors = if writer == "annotations" {
                report.verdict.errors()
            } else {
                0
            };
            assert_eq!(failures, expected + errors, "{writer}");
        }
        let text = text::text(&report, text::Length::Whole);
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(text.contains(&format!("{expected} fail")), "{text}");
    }

    #[test]
    fn what_is_written_is_as_it_was() {
        for name in ["x.json", "x.xml", "x.sarif", "x.md", "x.html"] {
            insta::assert_snapshot!(name, written(name));
        }
        let text = annotations::annotations(&report());
        insta::assert_snapshot!("annotations", text);
    }
}
