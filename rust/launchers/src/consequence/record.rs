//! The form of a record: what a difference does to a payload, how much that
//! matters, and what closes the difference.

/// How much a difference matters to a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A payload sees other words, and nothing else changes.
    Cosmetic,
    /// A payload can observe it.
    Changes,
    /// A payload that worked stops working.
    Breaks,
    /// A payload may do more than under the other launcher.
    Security,
}

impl Level {
    /// Every level, the one that matters most first.
    pub const ALL: [Level; 4] =
        [Level::Security, Level::Breaks, Level::Changes, Level::Cosmetic];

    /// The name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Cosmetic => "cosmetic",
            Level::Changes => "changes",
            Level::Breaks => "breaks",
            Level::Security => "security",
        }
    }

    /// Finds the level of this name.
    pub fn named(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// A fix: a change of a launcher that gives it the value that another launcher
/// shows.
///
/// In its texts, `{value}` stands for the wanted value, `{name}` for the last
/// part of the key, `{cap}` for each capability of the value in turn and
/// `{caps}` for all of them, with commas; `{variables}` for each variable of the
/// payload of the other launcher, in its order.
#[derive(Debug, PartialEq, Eq)]
pub struct Fix {
    /// The name of the adapter or, for a command line, of its program; `oci`
    /// stands for every OCI runtime, `cmd` for every command line.
    pub launcher: &'static str,
    /// The wanted values that it gives, as a glob.
    pub wanted: &'static str,
    /// The change of the launcher.
    pub change: Change,
}

/// A change of a launcher.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    /// These words are put among its options.
    Add(&'static [&'static str]),
    /// These words are put before all others of its options.
    First(&'static [&'static str]),
    /// These words are put before its command line.
    Around(&'static [&'static str]),
    /// These words are put between the launcher and its payload.
    Inside(&'static [&'static str]),
    /// This command runs between the launcher and its payload; spaces alone
    /// separate its words.
    Before(&'static str),
    /// The first words are replaced by the second; by none, they are left out.
    Swap(&'static [&'static str], &'static [&'static str]),
    /// Its config.json is changed by these edits.
    Edit(&'static [Edit]),
    /// All of these changes, which close a difference only together.
    All(&'static [Change]),
}

/// What runs a command, which is the next word, and then executes the words
/// behind it. A shell would also change variables of the payload.
const RUN_BEFORE: [&str; 3] =
    ["perl", "-e", "system split / /, shift; exec @ARGV"];

impl Change {
    /// The words that are put between the launcher and its payload, if it is a
    /// change of that kind.
    pub fn inside(&self) -> Option<Vec<&'static str>> {
        match self {
            Change::Inside(words) => Some(words.to_vec()),
            Change::Before(command) => {
                Some(RUN_BEFORE.into_iter().chain([*command]).collect())
            }
            _ => None,
        }
    }
}

/// One edit of a config.json; the paths are JSON pointers, the values JSON.
#[derive(Debug, PartialEq, Eq)]
pub enum Edit {
    /// The member gets this value.
    Set(&'static str, &'static str),
    /// The list gets this item, unless it has it.
    Push(&'static str, &'static str),
    /// The member at this path is removed.
    Remove(&'static str),
    /// The item of a list is removed whose member has this text: path of the
    /// list, name of the member, text.
    Take(&'static str, &'static str, &'static str),
    /// The mount at the path of the key gets what the wanted value says: type,
    /// source and options.
    Mount,
    /// The mount at the path of the key gets this option.
    MountOption(&'static str),
}

/// What a difference does to a payload.
#[derive(Debug, PartialEq, Eq)]
pub struct Consequence {
    /// Its name, which is also the name of its test case.
    pub name: &'static str,
    /// The keys that it is for, as a glob.
    pub key: &'static str,
    /// The values it is about, a glob: one launcher shows such a value, and
    /// another does not. `*` is about every difference. Of several globs, with
    /// ` | ` between, one is enough.
    pub value: &'static str,
    /// How much the difference matters.
    pub level: Level,
    /// What the difference does to a payload: one sentence, without a full
    /// stop.
    pub sentence: &'static str,
    /// The fixes that close the difference.
    pub fixes: &'static [Fix],
    /// The page of the book, if one explains where the difference comes from.
    pub page: Option<&'static str>,
}

impl Consequence {
    /// The same record, with the page of the book that explains it.
    pub(super) const fn page(mut self, page: &'static str) -> Consequence {
        self.page = Some(page);
        self
    }

    /// The globs of the values.
    pub fn values(&self) -> impl Iterator<Item = &'static str> {
        self.value.split(" | ")
    }
}
