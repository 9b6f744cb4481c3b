//! Hides secrets in what is shown: values of variables and arguments whose
//! names say that they are secret are replaced by their length and a digest.
//!
//! This is done once, after everything has been decided and before anything is
//! written.

use crate::matrix::{Column, Row, Value};
use probe::Reading;
use regex_lite::Regex;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::LazyLock;

/// The parts of names whose values are secret, in upper or lower case.
const SECRET: &[&str] =
    &["TOKEN", "SECRET", "PASS", "KEY", "AUTH", "PROXY", "CREDENTIAL"];

/// The shortest value that is searched for in other texts: a shorter one would
/// be found in words that are unrelated to it.
const LONG_ENOUGH: usize = 6;

/// The user's part of an address with a password, and the form of a redacted
/// value.
static PASSWORD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"://[^/:@\s]*:([^@/\s]+)@").expect("it is a pattern")
});
static REDACTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^<\d+ bytes, sha256 [0-9a-f]+>$").expect("it is a pattern")
});

/// The secrets that were found.
#[derive(Debug, Default)]
pub struct Redaction {
    /// The values, longer ones first, because one may be part of another.
    secrets: Vec<String>,
}

impl Redaction {
    /// Finds the secrets in the values and the command lines of launchers.
    pub fn of(columns: &[Column]) -> Redaction {
        let mut secrets = BTreeSet::new();
        for column in columns.iter().flat_map(Column::in_states) {
            in_command_line(&column.line, &mut secrets);
            for (key, value) in &column.values {
                for text in texts(value) {
                    in_variable(key, text, &mut secrets);
                }
            }
            for (key, reading) in
                column.payload.iter().flat_map(|it| &it.readings)
            {
                let text = reading.value().unwrap_or_default();
                in_variable(key, text, &mut secrets);
            }
        }
        let mut secrets: Vec<String> = secrets.into_iter().collect();
        secrets.sort_by_key(|it| std::cmp::Reverse(it.len()));
        Redaction { secrets }
    }

    /// The text without the secrets.
    pub fn text(&self, text: &str) -> String {
        let long = |it: &&String| it.len() >= LONG_ENOUGH;
        self.secrets.iter().filter(long).fold(
            text.to_owned(),
            |text, secret| match text.contains(secret.as_str()) {
                true => text.replace(secret.as_str(), &redacted(secret)),
                false => text,
            },
        )
    }

    /// The value of a key without the secrets.
    fn of_key(&self, key: &str, text: &str) -> String {
        match secret_of(key, text) {
            Some(secret) => text.replace(secret, &redacted(secret)),
            None => self.text(text),
        }
    }

    fn value(&self, key: &str, value: &Value) -> Value {
        let text = |it: &String| self.of_key(key, it);
        match value {
            Value::Changed(change) => Value::Changed(text(change)),
            Value::NotRead(why) => Value::NotRead(text(why)),
            Value::Unstable(seen) => {
                Value::Unstable(seen.iter().map(text).collect())
            }
            Value::Unchanged | Value::NotObserved => value.clone(),
        }
    }

    /// The column without the secrets.
    pub fn column(&self, column: &Column) -> Column {
        let mut column = column.clone();
        column.line = self.line(&column.line);
        for (key, value) in &mut column.values {
            *value = self.value(key, value);
        }
        column.did_not_answer = column.did_not_answer.map(|it| self.text(&it));
        column.others =
            column.others.iter().map(|it| self.column(it)).collect();
        for it in &mut column.disagreements {
            *it = self.text(it);
        }
        for (key, reading) in
            column.payload.iter_mut().flat_map(|it| &mut it.readings)
        {
            if let Reading::Value(text) = reading {
                *text = self.of_key(key, text);
            }
        }
        column
    }

    /// The command line without the secrets, short ones included.
    pub fn line(&self, line: &str) -> String {
        let mut secrets = BTreeSet::new();
        in_command_line(line, &mut secrets);
        let hidden = secrets.iter().fold(line.to_owned(), |line, secret| {
            line.replace(secret.as_str(), &redacted(secret))
        });
        self.text(&hidden)
    }

    /// Removes the secrets from a row.
    pub fn row(&self, row: &mut Row) {
        for (value, _) in &mut row.values {
            *value = self.value(&row.key, value);
        }
    }

    /// A text about a key without the secrets: it may contain the value of the
    /// key.
    pub fn about_key(&self, key: &str, text: &str) -> String {
        match is_secret_variable(key) {
            true => self.secrets.iter().fold(text.to_owned(), |text, it| {
                text.replace(it.as_str(), &redacted(it))
            }),
            false => self.text(text),
        }
    }
}

/// The replacement of a secret.
fn redacted(secret: &str) -> String {
    let mut digest = String::new();
    for byte in &Sha256::digest(secret.as_bytes())[..6] {
        let _ = write!(digest, "{byte:02x}");
    }
    format!("<{} bytes, sha256 {digest}>", secret.len())
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET.iter().any(|it| name.contains(it))
}

fn is_secret_variable(key: &str) -> bool {
    key.strip_prefix("env.").is_some_and(is_secret)
}

/// The part of a variable's value, or of its change, that is secret.
fn secret_of<'a>(key: &str, text: &'a str) -> Option<&'a str> {
    let value = text.strip_prefix("+ ").unwrap_or(text);
    let says_nothing = ["", "unset", "unchanged", "- gone"].contains(&value)
        || REDACTED.is_match(value);
    (is_secret_variable(key) && !says_nothing).then_some(value)
}

fn in_variable(key: &str, text: &str, secrets: &mut BTreeSet<String>) {
    secrets.extend(secret_of(key, text).map(str::to_owned));
    in_address(text, secrets);
}

fn in_address(text: &str, secrets: &mut BTreeSet<String>) {
    for found in PASSWORD.captures_iter(text) {
        secrets.extend(found.get(1).map(|it| it.as_str().to_owned()));
    }
}

/// The secrets in `NAME=VALUE`, `--name=VALUE`, `--name VALUE` and
/// `--setenv NAME VALUE`.
fn in_command_line(line: &str, secrets: &mut BTreeSet<String>) {
    in_address(line, secrets);
    let words = shell_words::split(line).unwrap_or_default();
    for (index, word) in words.iter().enumerate() {
        let assigned = word
            .split_once('=')
            .filter(|(name, _)| !name.contains(char::is_whitespace));
        if let Some((name, value)) = assigned {
            match is_secret(name) {
                true => _ = secrets.insert(value.to_owned()),
                false => in_command_line(value, secrets),
            }
        } else if let Some(next) = words.get(index + 1)
            && takes_a_secret(word, index.checked_sub(1).map(|it| &*words[it]))
            && !next.starts_with('-')
        {
            secrets.insert(next.clone());
        }
    }
    secrets.retain(|it| !it.is_empty() && !REDACTED.is_match(it));
}

/// True if the word after this one is a secret.
fn takes_a_secret(word: &str, before: Option<&str>) -> bool {
    match word.strip_prefix("--") {
        Some(option) => option
            .split('-')
            .any(|part| is_secret(part) && !part.contains("keyring")),
        None => before == Some("--setenv") && is_secret(word),
    }
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Changed(text) | Value::NotRead(text) => vec![text],
        Value::Unstable(seen) => seen.iter().map(String::as_str).collect(),
        Value::Unchanged | Value::NotObserved => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::trial::Observed;

    fn column(line: &str, changes: &[(&str, &str)]) -> Column {
        let look = || {
            let mut observed = Observed::default();
            for (key, change) in changes {
                observed.effect.change(*key, change);
            }
            observed
        };
        Column::of(line.to_owned(), vec![look(), look()])
    }

    #[test]
    fn secrets_are_found_by_the_names_of_variables_and_arguments() {
        let columns = [column(
            "bwrap --setenv API_TOKEN hunter22 --bind / / env DB_PASS=p4 \
             --no-new-keyring x --proxy-user alice12 --password=s3cret99",
            &[
                ("env.HTTPS_PROXY", "+ http://u:w0rdpass@localhost:1"),
                ("env.GIT_SSH", "+ nc -x u:w0rdpass@localhost"),
                ("env.HOME", "/root"),
                ("env.SHORT_KEY", "+ ab"),
                ("env.OLD_KEY", "unset"),
            ],
        )];
        let redaction = Redaction::of(&columns);
        let shown = redaction.column(&columns[0]);
        let text = format!("{} {:?}", shown.line, shown.values);
        for secret in
            ["hunter22", "p4", "alice12", "s3cret99", "w0rdpass", "\"+ ab\""]
        {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        for kept in ["/root", "unset", "--no-new-keyring x", "--bind / /"] {
            assert!(text.contains(kept), "{kept} in {text}");
        }
        assert!(
            shown.line.contains("API_TOKEN '<8 bytes, sha256 ")
                || shown.line.contains("API_TOKEN <8 bytes, sha256 ")
        );
    }

    #[test]
    fn what_is_redacted_stays_as_it_is() {
        let columns = [column("x", &[("env.A_KEY", "+ hunter22")])];
        let once = Redaction::of(&columns).column(&columns[0]);
        let columns = [once.clone()];
        let again = Redaction::of(&columns).column(&once);
        assert_eq!(again.values, once.values);
    }
}
