//! The form of a record: what a difference does to a payload, how much that
//! matters, and what closes the difference.

/// How much a difference matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A payload notices nothing but the words.
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

    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Cosmetic => "cosmetic",
            Level::Changes => "changes",
            Level::Breaks => "breaks",
            Level::Security => "security",
        }
    }

    /// The level of this name.
    pub fn named(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// What gives a launcher the value that another launcher shows.
///
/// In its texts, `{value}` stands for the wanted value, `{name}` for the last
/// part of the key, `{cap}` for each capability of the value in turn and
/// `{caps}` for all of them, with commas.
#[derive(Debug, PartialEq, Eq)]
pub struct Fix {
    /// The adapter's name or, of a command line, that of its program; `oci`
    /// stands for every runtime of the OCI, `cmd` for every command line.
    pub launcher: &'static str,
    /// The wanted values, a glob.
    pub wanted: &'static str,
    /// What is changed.
    pub change: Change,
}

/// A change of a launcher.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    /// These words are put among its options.
    Add(&'static [&'static str]),
    /// These words are put before its command line.
    Around(&'static [&'static str]),
    /// These words are put between the launcher and its payload.
    Inside(&'static [&'static str]),
    /// The first words are replaced by the second; by none, they are left out.
    Swap(&'static [&'static str], &'static [&'static str]),
    /// Its config.json is edited.
    Edit(&'static [Edit]),
}

/// One edit of a config.json; the paths are JSON pointers, the values JSON.
#[derive(Debug, PartialEq, Eq)]
pub enum Edit {
    /// The member gets this value.
    Set(&'static str, &'static str),
    /// The list gets this item, unless it has it.
    Push(&'static str, &'static str),
    /// The member is removed.
    Remove(&'static str),
    /// The item of the list whose member has this text is removed.
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
    /// Its name, which is that of its case in the tests.
    pub name: &'static str,
    /// The keys it is about, a glob.
    pub key: &'static str,
    /// The values it is about, a glob: one launcher shows such a value, and
    /// another does not. `*` is about every difference. Of several globs, with
    /// ` | ` between, one is enough.
    pub value: &'static str,
    /// How much it matters.
    pub level: Level,
    /// One sentence, without a full stop.
    pub sentence: &'static str,
    /// What closes it.
    pub fixes: &'static [Fix],
}

impl Consequence {
    /// The globs of the values.
    pub fn values(&self) -> impl Iterator<Item = &'static str> {
        self.value.split(" | ")
    }
}
