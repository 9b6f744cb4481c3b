//! Masks times, process ids and random names in what a launcher prints and in
//! the values of its effect, so that they are the same in every run.

use regex_lite::Regex;
use std::sync::LazyLock;

/// The patterns that are masked, each with its replacement, in the order of
/// their application.
const MASKS: &[(&str, &str)] = &[
    // The probe's own socket, if a launcher prints its arguments.
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
    (r"\bin \d+(\.\d+)? ?(ns|us|µs|ms|s|seconds?)\b", "in TIME"),
];

/// The patterns that are masked in the keys and values of an effect, in the
/// order of their application. They are random in every place: equal launchers
/// have different ones.
const VALUE_MASKS: &[(&str, &str)] = &[
    // The names of systemd's temporary files.
    (r"/\.#[A-Za-z0-9._-]+", "/.#RANDOM"),
    // The command line, encoded: the probe's socket is another every time.
    (r"\bsrt\.[A-Za-z0-9+/]{16,}(=|%3D)*", "srt.COMMAND"),
    (r"\bsrt-mux-\d+-\d+", "srt-mux-PID"),
    (
        r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
        "UUID",
    ),
    (r"\b[0-9a-f]{64}\b", "CID"),
    // The short name of a layer of the storage of containers.
    (r"/l/[A-Z0-9]{26}\b", "/l/LAYER"),
    (r"\b[0-9a-f]{32}\b", "UUID"),
];

static VALUES: LazyLock<Vec<(Regex, &str)>> =
    LazyLock::new(|| VALUE_MASKS.iter().map(compile).collect());

/// The keys whose whole value may be the first digits of a container's id.
const NAMES: &[&str] = &["uts.hostname", "env.HOSTNAME"];

/// Whether the value of the key is the number of a port, as the kernel gives any
/// that is free.
fn is_port(key: &str) -> bool {
    key.starts_with("env.") && key.ends_with("_PORT")
}

/// A key and its change without random names. The short id of a container is
/// masked where it is a name alone: elsewhere twelve digits may be a number.
pub fn masked_change(key: &str, change: &str) -> (String, String) {
    let name = change.strip_prefix("+ ").unwrap_or(change);
    let is_id = name.len() == 12
        && name.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
    let is_number =
        !name.is_empty() && name.bytes().all(|it| it.is_ascii_digit());
    let change = match key {
        _ if NAMES.contains(&key) && is_id => change.replace(name, "CID"),
        _ if is_port(key) && is_number => change.replace(name, "PORT"),
        _ => masked_by(&VALUES, change.to_owned()),
    };
    (masked_by(&VALUES, key.to_owned()), change)
}

fn masked_by(masks: &[(Regex, &str)], text: String) -> String {
    masks.iter().fold(text, |text, (pattern, mask)| {
        pattern.replace_all(&text, *mask).into_owned()
    })
}

fn compile((pattern, mask): &(&str, &'static str)) -> (Regex, &'static str) {
    (Regex::new(pattern).expect("a test compiles each"), *mask)
}

static COMPILED: LazyLock<Vec<(Regex, &str)>> =
    LazyLock::new(|| MASKS.iter().map(compile).collect());

/// The lines that are not empty, masked, without repetitions of the line
/// before.
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
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| masked_by(&COMPILED, line.to_owned()))
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
        assert_eq!(
            one("ready in 8.51 ms, in 3 steps"),
            "ready in TIME, in 3 steps"
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
    fn random_names_in_values_are_masked_and_numbers_are_not() {
        let masked = |key: &str, change: &str| masked_change(key, change).1;
        assert_eq!(
            masked(
                "mnt./proc/kmsg",
                "root /.#proc-kmsgdced90d1f45557ef//deleted"
            ),
            "root /.#RANDOM//deleted"
        );
        let id = "0123456789ab".repeat(6);
        assert_eq!(
            masked("host.cgroup", &format!("/x/{}", &id[..64])),
            "/x/CID"
        );
        assert_eq!(masked("uts.hostname", "6f1ed002ab55"), "CID");
        assert_eq!(masked("limits.data", "123456789012"), "123456789012");
        assert_eq!(masked("uts.hostname", "box"), "box");
        assert_eq!(masked("env.HOSTNAME", "+ 6f1ed002ab55"), "+ CID");
        assert_eq!(masked("env.A_PORT", "+ 40123"), "+ PORT");
        assert_eq!(masked("env.A_PORT", "+ auto"), "+ auto");
        assert_eq!(
            masked("env.X", "http://srt.L25zdGVwcy9iaW4vbnN0ZXBz%3D:p@h"),
            "http://srt.COMMAND:p@h"
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
