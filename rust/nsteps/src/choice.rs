//! Parses names on the command line: one parser for steps, languages,
//! scenarios, differences and claims.
//!
//! A shell completes the names of the same list, and the error message for a
//! wrong name proposes the closest one.

use crate::checks::claims::{CLAIMS, Claim};
use crate::checks::pitfalls::Difference;
use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use harness::host::cgroups::Cgroups;
use harness::host::pids::PidNamespace;
use harness::launcher::{LANGUAGES, LAUNCHERS, Launcher};
use harness::scenario::{SCENARIOS, Scenario};
use harness::step::{STEPS, Step};
use launchers::consequence::Level;
use launchers::situation::{Incident, SITUATIONS};
use launchers::state::{STATES, State};
use std::ffi::OsStr;

/// A list of names, each with the value that it stands for.
#[derive(Clone, Debug)]
pub struct Choice<T> {
    /// The kind of the values, in one word.
    what: &'static str,
    /// The command that lists the names, if they are too many for an error
    /// message.
    listed: Option<&'static str>,
    /// Each name, a few words for the shell, and its value.
    names: Vec<(String, String, T)>,
}

/// The steps, by their names.
pub fn step() -> Choice<&'static Step> {
    let names = STEPS.iter().map(|it| (it.name, it.title, it));
    Choice::of("step", Some("nsteps list"), names)
}

/// The languages that have programs of their own.
pub fn language() -> Choice<Launcher> {
    let names = LANGUAGES.iter().map(|it| (it.name(), "", *it));
    Choice::of("language", None, names)
}

/// The languages, and unshare(1) as the control.
pub fn launcher() -> Choice<Launcher> {
    let names = LAUNCHERS.iter().map(|it| (it.name(), "", *it));
    Choice::of("language", None, names)
}

/// The scenarios, by their full names.
pub fn scenario() -> Choice<Scenario> {
    let names = SCENARIOS.iter().map(|it| (it.to_string(), "", *it));
    Choice::of("scenario", None, names)
}

/// The scenarios, by full names and by one half of a name, which stands for
/// several.
pub fn scenarios() -> Choice<Vec<Scenario>> {
    let mut names: Vec<(String, &str, Vec<Scenario>)> = Vec::new();
    for it in SCENARIOS {
        let mounts = it.mounts.name().to_owned();
        let identity = it.identity.name().to_owned();
        for name in [mounts, identity, it.to_string()] {
            match names.iter_mut().find(|(known, ..)| *known == name) {
                Some((.., all)) => all.push(*it),
                None => names.push((name, "", vec![*it])),
            }
        }
    }
    Choice::of("scenario", None, names)
}

/// The levels of differences between launchers.
pub fn level() -> Choice<Level> {
    let names = Level::ALL.map(|it| (it.name(), "", it));
    Choice::of("level", None, names)
}

/// The cgroups that launchers see.
pub fn cgroups() -> Choice<Cgroups> {
    let names = Cgroups::ALL.map(|it| (it.name(), it.about(), it));
    Choice::of("choice of cgroups", None, names)
}

/// Whether sandboxes have a pid namespace of their own.
pub fn pid_namespace() -> Choice<PidNamespace> {
    let names = PidNamespace::ALL.map(|it| (it.name(), it.about(), it));
    Choice::of("answer", None, names)
}

/// The situations in which launchers are tried.
pub fn situation() -> Choice<&'static Incident> {
    let names = SITUATIONS.iter().map(|it| (it.name, it.about, it));
    Choice::of("situation", None, names)
}

/// The states in which launchers are started.
pub fn state() -> Choice<&'static State> {
    let names = STATES.iter().map(|it| (it.name, it.about, it));
    Choice::of("state", None, names)
}

/// The path of a report, whose name says its form.
///
/// # Errors
///
/// Fails if the name has an ending that no form has.
pub fn report(text: &str) -> Result<std::path::PathBuf, String> {
    let path = std::path::PathBuf::from(text);
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    match REPORTS.contains(&ending) {
        true => Ok(path),
        false => Err(format!(
            "the name of a report ends with .{}",
            REPORTS.join(", .")
        )),
    }
}

/// A file for a report in JUnit's form.
///
/// # Errors
///
/// Fails if the name ends otherwise than with .xml.
pub fn junit(text: &str) -> Result<std::path::PathBuf, String> {
    match text.ends_with(".xml") {
        true => Ok(text.into()),
        false => Err("the name of this report ends with .xml".to_owned()),
    }
}

/// How the names of reports end.
const REPORTS: &[&str] = &["json", "xml", "sarif", "md", "html"];

/// Differences, by the names of their pages.
pub fn difference() -> Choice<Difference> {
    let all = Difference::all().into_iter();
    let names = all.map(|it| (it.slug(), it.about(), it));
    Choice::of("difference", Some("nsteps differences --list"), names)
}

/// The claims: by number, by post (`crosby`) and by topic (`crosby/mount`).
pub fn claims() -> Choice<Vec<&'static Claim>> {
    let mut names: Vec<(String, String, Vec<&'static Claim>)> = Vec::new();
    for claim in CLAIMS {
        let number = claim.number.to_string();
        names.push((number, claim.sentence.to_owned(), vec![claim]));
    }
    for claim in CLAIMS {
        for post in claim.posts {
            let topic = format!("{}/{}", post.key, claim.topic);
            for (name, about) in
                [(post.key.to_owned(), post.title), (topic, "a topic of it")]
            {
                match names.iter_mut().find(|(known, ..)| *known == name) {
                    Some((.., all)) => all.push(claim),
                    None => names.push((name, about.to_owned(), vec![claim])),
                }
            }
        }
    }
    Choice::of("claim", Some("nsteps claims --markdown"), names)
}

impl<T> Choice<T> {
    fn of<N: Into<String>, A: Into<String>>(
        what: &'static str,
        listed: Option<&'static str>,
        names: impl IntoIterator<Item = (N, A, T)>,
    ) -> Choice<T> {
        let names = names
            .into_iter()
            .map(|(name, about, it)| (name.into(), about.into(), it))
            .collect();
        Choice { what, listed, names }
    }

    /// The error message for an unknown name, with the name that may have been
    /// meant.
    fn unknown(&self, name: &str) -> String {
        let Choice { what, listed, names } = self;
        let hint = match (self.closest(name), listed) {
            (Some(close), _) => format!("did you mean {close}?"),
            (None, Some(listed)) => format!("{listed} shows them all"),
            (None, None) => {
                let all: Vec<&str> =
                    names.iter().map(|(name, ..)| name.as_str()).collect();
                format!("there are {}", all.join(", "))
            }
        };
        format!("no {what} is called {name}: {hint}")
    }

    /// The name that is most similar to this one, if one is similar enough.
    fn closest(&self, name: &str) -> Option<&str> {
        /// The limit that clap uses for its own names.
        const ALIKE: f64 = 0.7;
        self.names
            .iter()
            .map(|(known, ..)| (strsim::jaro_winkler(known, name), known))
            .filter(|(likeness, _)| *likeness > ALIKE)
            .max_by(|(one, _), (other, _)| one.total_cmp(other))
            .map(|(_, known)| known.as_str())
    }
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Choice<T> {
    type Value = T;

    fn parse_ref(
        &self,
        _: &clap::Command,
        _: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<T, clap::Error> {
        let name = value.to_string_lossy();
        let found = self.names.iter().find(|(known, ..)| *known == name);
        found.map(|(.., it)| it.clone()).ok_or_else(|| {
            let why = format!("{}\n", self.unknown(&name));
            clap::Error::raw(ErrorKind::InvalidValue, why)
        })
    }

    fn possible_values(
        &self,
    ) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.names.iter().map(|(name, about, _)| {
            let value = PossibleValue::new(name);
            match about.is_empty() {
                true => value,
                false => value.help(about),
            }
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_answered_with_the_closest() {
        let said = step().unknown("pivotroot");
        assert_eq!(
            said,
            "no step is called pivotroot: did you mean pivot_root?"
        );
        let said = difference().unknown("sigpip");
        assert!(said.ends_with("did you mean sigpipe?"), "{said}");
        let said = step().unknown("xyzzy");
        assert!(said.ends_with("nsteps list shows them all"), "{said}");
        let said = launcher().unknown("xyzzy");
        assert!(said.ends_with("there are c, go, rust, unshare"), "{said}");
    }

    #[test]
    fn half_a_scenario_stands_for_all_that_have_it() {
        let count = |name: &str| {
            let names = scenarios().names;
            names.into_iter().find(|it| it.0 == name).map(|it| it.2.len())
        };
        assert_eq!(count("user"), Some(3));
        assert_eq!(count("private"), Some(2));
        assert_eq!(count("private/user"), Some(1));
    }

    #[test]
    fn claims_are_named_by_number_post_or_topic() {
        let numbers = |name: &str| -> Option<Vec<u8>> {
            let names = claims().names;
            let found = names.into_iter().find(|it| it.0 == name)?;
            Some(found.2.iter().map(|it| it.number).collect())
        };
        assert_eq!(numbers("13"), Some(vec![13]));
        assert_eq!(numbers("tejo"), Some(vec![19, 20, 21, 35, 39, 41, 44]));
        assert_eq!(numbers("crosby/mount"), Some(vec![2, 3, 4, 5]));
        assert_eq!(numbers("99"), None);
    }
}
