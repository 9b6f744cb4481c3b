//! Parses the name of a launcher on the command line: an adapter, a colon, and
//! the adapter's arguments.
//!
//! It is one argument, split as a shell splits it; no shell runs it.

use crate::adapter::{ADAPTERS, Adapter, CMD, Prepared};
use harness::error::{Error, Result};

/// A launcher, as the user named it.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The whole argument, as the user typed it.
    pub text: String,
    /// The adapter, which starts it.
    pub adapter: &'static Adapter,
    /// The words after the colon.
    pub words: Vec<String>,
}

impl Spec {
    /// Prepares the launcher for a run.
    ///
    /// # Errors
    ///
    /// Fails as [`Adapter::prepare`] does.
    pub fn prepare(&self) -> Result<Prepared> {
        self.adapter.prepare(&self.words)
    }

    /// Reads `ADAPTER: WORDS`. Without the name of an adapter, the text is a
    /// command line.
    ///
    /// # Errors
    ///
    /// Fails if no adapter has the name, if a quote is not closed, or if
    /// nothing remains to be started.
    pub fn parse(text: &str) -> Result<Spec> {
        let (adapter, rest) = match prefix(text) {
            None => (CMD, text),
            Some((name, rest)) => (named(name, text)?, rest),
        };
        let words = shell_words::split(rest).map_err(|_| {
            Error::new(format!("{text}: a quote is not closed"))
        })?;
        if words.is_empty() && adapter.needs_words {
            return Err(Error::new(format!(
                "{text}: nothing to start: it takes {}",
                adapter.takes
            )));
        }
        Ok(Spec { text: text.to_owned(), adapter, words })
    }
}

/// The part before the first colon, if it can be the name of an adapter, and
/// the part after it.
fn prefix(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once(':')?;
    let is_name = !name.is_empty()
        && name.chars().all(|it| it.is_ascii_lowercase() || it == '-');
    is_name.then_some((name, rest))
}

fn named(name: &str, text: &str) -> Result<&'static Adapter> {
    if let Some(adapter) = ADAPTERS.iter().find(|it| it.name == name) {
        return Ok(adapter);
    }
    let close = ADAPTERS
        .iter()
        .map(|it| (strsim::jaro_winkler(name, it.name), it.name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let names: Vec<&str> = ADAPTERS.iter().map(|it| it.name).collect();
    let hint = match close {
        Some((_, close)) => format!("did you mean {close}: ?"),
        None => format!("there are {}", names.join(", ")),
    };
    Err(Error::new(format!(
        "no adapter is called {name}: {hint} (a command line with a colon in its \
         first word begins with cmd:) in {text}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (&'static str, Vec<String>) {
        let spec = Spec::parse(text).expect("it is a launcher");
        (spec.adapter.name, spec.words)
    }

    #[test]
    fn an_adapter_is_named_before_the_colon() {
        assert_eq!(parsed("runc:/b"), ("runc", vec!["/b".to_owned()]));
        assert_eq!(parsed("runc:"), ("runc", vec![]));
        let (name, words) = parsed("cmd: tini -s -- '{}'");
        assert_eq!((name, words.len()), ("cmd", 4));
        assert_eq!(parsed("unshare -n").0, "cmd");
        assert_eq!(parsed("env A=b:c").0, "cmd");
    }

    #[test]
    fn a_misspelt_adapter_is_proposed() {
        let why = Spec::parse("rnc:/b").expect_err("there is none").message;
        assert!(why.contains("did you mean runc"), "{why}");
        let why = Spec::parse("xyzzy:/b").expect_err("there is none").message;
        assert!(why.contains("there are cmd"), "{why}");
        assert!(Spec::parse("cmd: 'a").is_err());
        assert!(Spec::parse("").is_err());
    }
}
