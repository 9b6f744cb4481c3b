//! The observation: every reading that one process made of itself, in a form
//! that can be printed, stored as JSON and read back.

use std::collections::BTreeMap;
use std::fmt;

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use crate::mount::Mount;

/// The name of a reading, from the general to the particular, with dots:
/// `ns.uts`, `uts.hostname`, `signals.ignored`.
pub type Key = String;

/// The result of one reading.
///
/// It is also a result that something could not be read: under a masked `/proc`
/// that is the result that matters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reading {
    /// What was read, as text.
    Value(String),
    /// The call that failed and the kernel's answer.
    Unread {
        /// The call and its object, as in `open /proc/self/ns/uts`.
        call: String,
        /// The error number; 0 if no call failed but its answer was not valid,
        /// which `call` then explains.
        errno: i32,
    },
}

impl Reading {
    /// The value, if it could be read.
    pub fn value(&self) -> Option<&str> {
        match self {
            Reading::Value(value) => Some(value),
            Reading::Unread { .. } => None,
        }
    }

    /// The reason why there is no value, in the words of an effect.
    pub(crate) fn why_unread(&self) -> Option<String> {
        match self {
            Reading::Value(_) => None,
            Reading::Unread { call, errno } => {
                let why = Unread { call: call.clone(), errno: *errno };
                Some(format!("unread: {why}"))
            }
        }
    }
}

impl<T: Into<String>> From<Result<T, Unread>> for Reading {
    fn from(result: Result<T, Unread>) -> Reading {
        match result {
            Ok(value) => Reading::Value(value.into()),
            Err(Unread { call, errno }) => Reading::Unread { call, errno },
        }
    }
}

/// The reason why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// The call and its object, as in `open /proc/self/mountinfo`.
    pub call: String,
    /// The error number; 0 if no call failed (see [`Reading::Unread`]).
    pub errno: i32,
}

impl Unread {
    /// The failure of the call `call` with `errno`.
    pub fn new(call: impl Into<String>, errno: Errno) -> Unread {
        Unread { call: call.into(), errno: errno as i32 }
    }

    /// The failure that a call gave an answer which is not valid.
    pub fn senseless(what: impl Into<String>) -> Unread {
        Unread { call: what.into(), errno: 0 }
    }
}

/// Writes it as `open /proc/self/mountinfo: ENOENT`.
impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.call)?;
        match self.errno {
            0 => Ok(()),
            errno => match Errno::from_raw(errno) {
                Errno::UnknownErrno => write!(f, ": errno {errno}"),
                known => write!(f, ": {known:?}"),
            },
        }
    }
}

/// All readings of one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The readings, without the mount table.
    pub readings: BTreeMap<Key, Reading>,
    /// The mount table, in the kernel's order.
    #[serde(with = "table")]
    pub mounts: Result<Vec<Mount>, Unread>,
}

impl Observation {
    /// Adds a reading under its key; it replaces an earlier one.
    pub fn read(&mut self, key: impl Into<Key>, reading: impl Into<Reading>) {
        self.readings.insert(key.into(), reading.into());
    }

    /// The value under `key`, if it was read.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.readings.get(key).and_then(Reading::value)
    }

    /// The same without the file that is bound on `at` and was called `name`
    /// where it comes from.
    #[must_use]
    pub fn without_bound(mut self, at: &str, name: &str) -> Observation {
        let is_it = |it: &Mount| {
            it.at == at && it.root.rsplit('/').next() == Some(name)
        };
        if let Ok(mounts) = &mut self.mounts
            && let Some(index) = mounts.iter().position(is_it)
        {
            mounts.remove(index);
            self.readings.remove(&format!("mode.{at}"));
        }
        self
    }
}

/// An observation without a reading.
impl Default for Observation {
    fn default() -> Observation {
        Observation {
            readings: BTreeMap::new(),
            mounts: Err(Unread::senseless("the mount table was not asked for")),
        }
    }
}

/// The mount table as `{"table": [..]}` or `{"unread": {..}}`, because
/// serde's own form of a `Result` would put Rust's words into the JSON.
mod table {
    use crate::mount::Mount;
    use crate::observation::Unread;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize)]
    #[serde(rename_all = "lowercase")]
    enum Borrowed<'a> {
        Table(&'a [Mount]),
        Unread(&'a Unread),
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Owned {
        Table(Vec<Mount>),
        Unread(Unread),
    }

    pub(super) fn serialize<S: Serializer>(
        mounts: &Result<Vec<Mount>, Unread>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match mounts {
            Ok(table) => Borrowed::Table(table),
            Err(unread) => Borrowed::Unread(unread),
        }
        .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Result<Vec<Mount>, Unread>, D::Error> {
        Ok(match Owned::deserialize(deserializer)? {
            Owned::Table(table) => Ok(table),
            Owned::Unread(unread) => Err(unread),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An observation with one reading of every kind, and three mounts.
    pub(crate) fn observation() -> Observation {
        let mut observation = Observation::default();
        observation.read("uts.hostname", Ok("vm"));
        observation.read("env.A B", Ok("x"));
        let unread = Unread::new("open /proc/self/ns/uts", Errno::ENOENT);
        observation.read("ns.uts", Err::<String, _>(unread));
        observation.read("mounts.from", Ok("mountinfo"));
        let lines = [
            "2 1 0:2 / /proc rw shared:4 - proc proc rw",
            "1 0 0:1 / / ro - tmpfs  rw,size=4k",
            "3 2 0:3 /a /proc rw - proc none rw",
        ];
        let parse = |line: &&str| line.parse().expect("a line of mountinfo");
        observation.mounts = Ok(lines.iter().map(parse).collect());
        observation
    }

    #[test]
    fn as_json_it_can_be_read_back() {
        let observation = observation();
        let json = serde_json::to_string(&observation).expect("as JSON");
        assert!(json.contains("\"uts.hostname\":{\"value\":\"vm\"}"));
        assert!(json.contains(
            "\"ns.uts\":{\"unread\":{\"call\":\"open /proc/self/ns/uts\",\
             \"errno\":2}}"
        ));
        let back: Observation = serde_json::from_str(&json).expect("as JSON");
        assert_eq!(back, observation);

        let without = Observation::default();
        let json = serde_json::to_string(&without).expect("as JSON");
        assert_eq!(
            serde_json::from_str::<Observation>(&json).ok(),
            Some(without)
        );
    }

    #[test]
    fn an_error_without_a_name_has_its_number() {
        let unread = Unread { call: "fly".to_owned(), errno: 4095 };
        assert_eq!(unread.to_string(), "fly: errno 4095");
        assert_eq!(Unread::senseless("no NSpid").to_string(), "no NSpid");
    }
}
