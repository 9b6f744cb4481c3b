//! Writes failures as annotations of GitHub Actions, one line each.

use super::Report;
use std::fmt::Write;

/// One line for each failure and for each launcher that did not run.
pub fn annotations(report: &Report) -> String {
    let mut out = String::new();
    for it in report.failures() {
        line(&mut out, report, it.line, &it.key, &it.text);
    }
    for it in report.verdict.troubles.iter().filter(|it| !it.is_allowed) {
        let launcher = &report.launchers[it.launcher];
        let text = format!("{}: {}", launcher.name, it.text);
        line(&mut out, report, launcher.line, "launcher", &text);
    }
    out
}

fn line(
    out: &mut String,
    report: &Report,
    line: Option<usize>,
    title: &str,
    text: &str,
) {
    let title = property(title);
    let place = match (&report.file, line) {
        (Some(file), Some(line)) => {
            format!("file={},line={line},", property(file))
        }
        _ => String::new(),
    };
    let _ = writeln!(out, "::error {place}title={title}::{}", data(text));
}

/// Escapes a text for the part after the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_line_is_escaped() {
        assert_eq!(data("a%\nb:,"), "a%25%0Ab:,");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
    }
}
