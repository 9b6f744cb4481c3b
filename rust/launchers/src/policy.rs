//! Reads the file launchers.toml: launchers, what may differ between them and
//! what each of them has to do.
//!
//! An error in the file is reported with its line, before a launcher is
//! started.

use crate::consequence::Level;
use crate::date::Date;
use crate::keys;
use globset::{Glob, GlobMatcher};
use harness::error::{Error, Result};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The content of a file of launchers, together with options of the command
/// line.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The path of the file; `None` if there is no file.
    pub path: Option<String>,
    /// The launchers, in the order of the file.
    pub launchers: Vec<Named>,
    /// A difference of this level or a higher one fails.
    pub deny: Option<Level>,
    /// The differences that do not fail.
    pub waivers: Vec<Waiver>,
    /// The values that each launcher has to show.
    pub expectations: Vec<Expectation>,
}

/// A launcher that the file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name in reports and in waivers.
    pub name: String,
    /// Its command line, in the form of the arguments of `nsteps diff`.
    pub run: String,
    /// The line of the file where `run` is, from 1.
    pub line: usize,
}

/// A waiver: a difference that does not fail.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The keys that it is for.
    pub key: Pattern,
    /// The values that it is for; `None`: every value.
    pub value: Option<Pattern>,
    /// The names of the launchers that show the difference; empty: all.
    pub launchers: Vec<Pattern>,
    /// The reason why the difference may be there.
    pub why: String,
    /// The last day on which the waiver is valid.
    pub until: Option<Date>,
    /// Its line in the file, from 1.
    pub line: usize,
}

/// An expectation: the values that each launcher has to show for some keys.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The keys that it is for.
    pub key: Pattern,
    /// The values; each key has to show one of them.
    pub values: Vec<Pattern>,
    /// Its line in the file, from 1.
    pub line: usize,
}

/// A glob, with its compiled form.
#[derive(Clone, Debug)]
pub struct Pattern(GlobMatcher);

impl Pattern {
    /// True if the text matches the glob.
    pub fn fits(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The glob as it was written.
    pub fn text(&self) -> &str {
        self.0.glob().glob()
    }
}

impl Policy {
    /// The policy without a file: it waives nothing and expects nothing.
    pub fn none() -> Policy {
        Policy {
            path: None,
            launchers: Vec::new(),
            deny: None,
            waivers: Vec::new(),
            expectations: Vec::new(),
        }
    }

    /// Reads the text of a file; `path` is its name in messages.
    ///
    /// # Errors
    ///
    /// Fails with the line if the text is not TOML, if a member is unknown,
    /// missing or of another type, or if no key can have a name that it gives.
    pub fn parse(path: &str, text: &str) -> Result<Policy> {
        let file = File { path, text };
        let table = DeTable::parse(text).map_err(|error| {
            let start = error.span().map_or(0, |it| it.start);
            file.error(start, error.message())
        })?;
        file.policy(table.get_ref())
    }
}

/// The text of a file, for messages with a line.
struct File<'a> {
    path: &'a str,
    text: &'a str,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl File<'_> {
    fn line(&self, at: usize) -> usize {
        self.text[..at.min(self.text.len())].matches('\n').count() + 1
    }

    fn error(&self, at: usize, what: impl std::fmt::Display) -> Error {
        Error::new(format!("{}:{}: {what}", self.path, self.line(at)))
    }

    fn policy(&self, table: &DeTable<'_>) -> Result<Policy> {
        const MEMBERS: &[&str] =
            &["deny", "expect", "from", "launcher", "to", "waive"];
        let mut policy =
            Policy { path: Some(self.path.to_owned()), ..Policy::none() };
        for (name, value) in table {
            match name.get_ref().as_ref() {
                "deny" => policy.deny = Some(self.level(value)?),
                "from" => policy.launchers.insert(0, self.from(value)?),
                "to" => policy.launchers.extend(self.to(value)?),
                "launcher" => {
                    for it in self.tables(value)? {
                        policy.launchers.push(self.launcher(it)?);
                    }
                }
                "waive" => {
                    for it in self.tables(value)? {
                        policy.waivers.push(self.waiver(it)?);
                    }
                }
                "expect" => {
                    policy.expectations = self.expectations(value)?;
                }
                _ => return Err(self.unknown(name, MEMBERS)),
            }
        }
        self.names_are_unique(&policy.launchers)?;
        Ok(policy)
    }

    fn unknown(
        &self,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        members: &[&str],
    ) -> Error {
        let hint = keys::hint(name.get_ref(), members);
        let what = format!("unknown member {}{hint}", name.get_ref());
        self.error(name.span().start, what)
    }

    fn names_are_unique(&self, launchers: &[Named]) -> Result<()> {
        for (index, it) in launchers.iter().enumerate() {
            if launchers[..index].iter().any(|other| other.name == it.name) {
                return Err(Error::new(format!(
                    "{}:{}: two launchers are called {}",
                    self.path, it.line, it.name
                )));
            }
        }
        Ok(())
    }

    fn text(&self, value: &Value<'_>) -> Result<String> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err(self.error(value.span().start, "this has to be a text")),
        }
    }

    /// A value that is a text or a list of texts, each with its position.
    fn texts(&self, value: &Value<'_>) -> Result<Vec<(String, usize)>> {
        let one = |it: &Value<'_>| Ok((self.text(it)?, it.span().start));
        match value.get_ref() {
            DeValue::Array(list) => list.iter().map(one).collect(),
            _ => Ok(vec![one(value)?]),
        }
    }

    fn patterns(&self, value: &Value<'_>) -> Result<Vec<Pattern>> {
        let texts = self.texts(value)?;
        texts.iter().map(|(text, at)| self.pattern(text, *at)).collect()
    }

    fn pattern(&self, text: &str, at: usize) -> Result<Pattern> {
        let glob = Glob::new(text).map_err(|error| self.error(at, error))?;
        Ok(Pattern(glob.compile_matcher()))
    }

    /// A glob that some key can match.
    fn key(&self, text: &str, at: usize) -> Result<Pattern> {
        match keys::why_unknown(text) {
            Some(why) => Err(self.error(at, why)),
            None => self.pattern(text, at),
        }
    }

    fn tables<'t>(&self, value: &'t Value<'t>) -> Result<Vec<&'t Value<'t>>> {
        match value.get_ref() {
            DeValue::Array(list) => Ok(list.iter().collect()),
            _ => Err(self.error(
                value.span().start,
                "this has to be a list of tables: write it in two brackets",
            )),
        }
    }

    fn table<'t>(&self, value: &'t Value<'t>) -> Result<&'t DeTable<'t>> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.error(value.span().start, "this has to be a table")),
        }
    }

    fn level(&self, value: &Value<'_>) -> Result<Level> {
        let text = self.text(value)?;
        Level::named(&text).ok_or_else(|| {
            let names = Level::ALL.map(Level::name);
            let hint = keys::hint(&text, &names);
            let what = format!("no level is called {text}{hint}");
            self.error(value.span().start, what)
        })
    }

    fn from(&self, value: &Value<'_>) -> Result<Named> {
        let line = self.line(value.span().start);
        let run = self.text(value)?;
        Ok(Named { name: "from".to_owned(), run, line })
    }

    /// The launchers of `to`. A single one is called `to`; of several, each has
    /// its number in its name.
    fn to(&self, value: &Value<'_>) -> Result<Vec<Named>> {
        let texts = self.texts(value)?;
        let several = texts.len() > 1;
        let named = |(index, (run, at)): (usize, (String, usize))| Named {
            name: match several {
                true => format!("to{}", index + 1),
                false => "to".to_owned(),
            },
            run,
            line: self.line(at),
        };
        Ok(texts.into_iter().enumerate().map(named).collect())
    }

    fn launcher(&self, value: &Value<'_>) -> Result<Named> {
        let (mut name, mut run) = (None, None);
        for (member, value) in self.table(value)? {
            match member.get_ref().as_ref() {
                "name" => name = Some(self.text(value)?),
                "run" => {
                    let line = self.line(value.span().start);
                    run = Some((self.text(value)?, line));
                }
                _ => return Err(self.unknown(member, &["name", "run"])),
            }
        }
        let at = value.span().start;
        let (run, line) = run.ok_or_else(|| {
            self.error(at, "this launcher has no member run: what is started?")
        })?;
        Ok(Named { name: name.unwrap_or_else(|| run.clone()), run, line })
    }

    fn waiver(&self, value: &Value<'_>) -> Result<Waiver> {
        const MEMBERS: &[&str] = &["in", "key", "until", "value", "why"];
        let at = value.span().start;
        let (mut key, mut why) = (None, None);
        let (mut wanted, mut until) = (None, None);
        let mut launchers = Vec::new();
        for (member, value) in self.table(value)? {
            let start = value.span().start;
            match member.get_ref().as_ref() {
                "key" => key = Some(self.key(&self.text(value)?, start)?),
                "value" => {
                    wanted = Some(self.pattern(&self.text(value)?, start)?);
                }
                "in" => launchers = self.patterns(value)?,
                "why" => why = Some(self.text(value)?),
                "until" => until = Some(self.date(value)?),
                _ => return Err(self.unknown(member, MEMBERS)),
            }
        }
        let missing = |what: &str| self.error(at, what);
        Ok(Waiver {
            key: key.ok_or_else(|| missing("this waiver has no member key"))?,
            value: wanted,
            launchers,
            why: why.filter(|it| !it.trim().is_empty()).ok_or_else(|| {
                missing("this waiver has no member why: give the reason")
            })?,
            until,
            line: self.line(at),
        })
    }

    fn date(&self, value: &Value<'_>) -> Result<Date> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(date) => date.to_string(),
            _ => String::new(),
        };
        Date::parse(&text).ok_or_else(|| {
            self.error(
                value.span().start,
                "this has to be a date, such as 2027-01-31",
            )
        })
    }

    fn expectations(&self, value: &Value<'_>) -> Result<Vec<Expectation>> {
        let one = |(key, value): (&Spanned<_>, &Value<'_>)| {
            let at = key.span().start;
            let text: &std::borrow::Cow<'_, str> = key.get_ref();
            if let DeValue::Table(_) = value.get_ref() {
                let what =
                    format!("{text} is a table: a key with a dot needs quotes");
                return Err(self.error(at, what));
            }
            Ok(Expectation {
                key: self.key(text, at)?,
                values: self.patterns(value)?,
                line: self.line(at),
            })
        };
        let mut all =
            self.table(value)?.iter().map(one).collect::<Result<Vec<_>>>()?;
        all.sort_by_key(|it| it.line);
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
deny = "changes"
from = "runc:bundle"
to = ["crun:bundle", "bwrap: --unshare-net"]

[[waive]]
key = "mnt./proc/*"
value = "*devtmpfs*"
in = ["to*"]
why = "crun masks with the host's null"
until = 2027-01-01

[expect]
"ns.net" = "new"
"capabilities.*" = ["none", "unchanged"]
"#;

    #[test]
    fn a_whole_file_is_read() {
        let policy = Policy::parse("l.toml", WHOLE).expect("it is right");
        assert_eq!(policy.deny, Some(Level::Changes));
        let names: Vec<_> =
            policy.launchers.iter().map(|it| (&*it.name, it.line)).collect();
        assert_eq!(names, [("from", 3), ("to1", 4), ("to2", 4)]);
        let waiver = &policy.waivers[0];
        assert_eq!((waiver.line, waiver.key.text()), (6, "mnt./proc/*"));
        assert_eq!(waiver.until.map(|it| it.year), Some(2027));
        let lines: Vec<_> =
            policy.expectations.iter().map(|it| it.line).collect();
        assert_eq!(lines, [14, 15]);
        assert!(policy.expectations[1].values[1].fits("unchanged"));
    }

    #[test]
    fn an_error_is_reported_with_its_line() {
        for (text, words) in [
            ("deny = 'chnges'", "l.toml:1: no level is called chnges: did you"),
            (
                "\nwaiv = 1",
                "l.toml:2: unknown member waiv: did you mean waive?",
            ),
            ("a = ", "l.toml:1: "),
            (
                "[[waive]]\nvalue='x'\nwhy='y'",
                "l.toml:1: this waiver has no me",
            ),
            (
                "\n[[waive]]\nkey='ns.net'",
                "l.toml:2: this waiver has no member",
            ),
            (
                "[[waive]]\nkey='ns.net'\nvlue='x'\nwhy='y'",
                "l.toml:3: unknown member vlue: did you mean value?",
            ),
            (
                "[[waive]]\nkey='capabilties.x'\nwhy='y'",
                "l.toml:2: no key is called capabilties.x: did you mean capab",
            ),
            ("[[launcher]]\nname='a'", "l.toml:1: this launcher has no member"),
            (
                "[[launcher]]\nname='a'\nrun='b'\n[[launcher]]\nname='a'\n\
                 run='c'",
                "l.toml:6: two launchers are called a",
            ),
            ("[expect]\nns.net = 'new'", "l.toml:2: ns is a table: a key with"),
            ("[expect]\n'ns.net' = 1", "l.toml:2: this has to be a text"),
            (
                "[[waive]]\nkey='ns.*'\nuntil=1\nwhy='y'",
                "l.toml:3: this has to",
            ),
            ("[[waive]]\nkey='mnt.[a'\nwhy='y'", "l.toml:2: "),
        ] {
            let why = Policy::parse("l.toml", text).expect_err(text).message;
            assert!(why.starts_with(words), "{text}: {why}");
        }
    }
}
