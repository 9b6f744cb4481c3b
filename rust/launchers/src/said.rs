//! What a launcher writes to standard error, in words that are the same in
//! every run: times, process ids and random names are masked.

use regex_lite::Regex;
use std::sync::LazyLock;

/// What is masked, and what stands for it; in this order.
const MASKS: &[(&str, &str)] = &[
    // The probe's own socket, where a launcher repeats its arguments.
    (r"--answer \d+:\d+", "--answer SOCKET"),
    (
        r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}([.,]\d+)?(Z|[+-]\d{2}:?\d{2})?",
        "TIME",
    ),
    (r"\b\d{2}:\d{2}:\d{2}([.,]\d+)?\b", "TIME"),
    (r"\[ *\d+\.\d{3,}\]", "[TIME]"),
    (
        r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
        "UUID",
    ),
    (r"\b[0-9a-f]{12,}\b", "HEX"),
    (r"\b0x[0-9a-f]{6,}\b", "HEX"),
    (r"\b([Pp][Ii][Dd]|[Pp]rocess)([ :=]+)\d+", "${1}${2}PID"),
    (r"/proc/\d+", "/proc/PID"),
    (r"\[\d+\]", "[PID]"),
];

static COMPILED: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let compile = |(pattern, mask): &(&str, &'static str)| {
        (Regex::new(pattern).expect("a test compiles each"), *mask)
    };
    MASKS.iter().map(compile).collect()
});

/// The lines that are not empty, masked; equal lines that follow each other
/// are one.
pub fn masked(text: &str) -> Vec<String> {
    let mut lines: Vec<(String, usize)> = Vec::new();
    for line in mask_each(text) {
        match lines.last_mut() {
            Some((last, count)) if *last == line => *count += 1,
            _ => lines.push((line, 1)),
        }
    }
    let shown = |(line, count)| match count {
        1 => line,
        _ => format!("{line} ({count} times)"),
    };
    lines.into_iter().map(shown).collect()
}

fn mask_each(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        let start = line.to_owned();
        COMPILED.iter().fold(start, |line, (pattern, mask)| {
            pattern.replace_all(&line, *mask).into_owned()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> String {
        masked(line).join("|")
    }

    #[test]
    fn what_changes_from_run_to_run_is_masked() {
        let runc = "time=\"2026-11-26T05:50:59Z\" level=error msg=\"x\"";
        assert_eq!(one(runc), "time=\"TIME\" level=error msg=\"x\"");
        assert_eq!(one("at 05:50:59.123 it"), "at TIME it");
        assert_eq!(one("[   12.345678] oops"), "[TIME] oops");
        let id = "container 6f1ed002ab5595859014ebf0951522d9 exited";
        assert_eq!(one(id), "container HEX exited");
        let uuid = "id 123e4567-e89b-12d3-a456-426614174000.";
        assert_eq!(one(uuid), "id UUID.");
        assert_eq!(
            one("Parent pid 812, child pid: 7"),
            "Parent pid PID, child pid: PID"
        );
        assert_eq!(
            one("sshd[812]: open /proc/812/ns"),
            "sshd[PID]: open /proc/PID/ns"
        );
        assert_eq!(one("x --answer 199:4711 y"), "x --answer SOCKET y");
    }

    #[test]
    fn a_line_that_is_repeated_is_counted() {
        assert_eq!(
            one("pid 1\npid 2\nx\npid 3"),
            "pid PID (2 times)|x|pid PID"
        );
    }

    #[test]
    fn a_message_is_kept_whole() {
        let message =
            "Failed to open /etc/thing.conf: No such file or directory";
        assert_eq!(one(message), message);
        assert_eq!(one("\n  exit 127, errno 13\n\n"), "exit 127, errno 13");
        assert_eq!(one(""), "");
    }
}
