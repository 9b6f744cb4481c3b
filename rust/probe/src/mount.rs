//! One mount, and the line of `/proc/PID/mountinfo` that describes it.
//!
//! The format is that of
//! [proc_pid_mountinfo(5)](https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html):
//!
//! ```text
//! 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
//! id parent device root at options optional... - type source super_options
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text;

/// One mount, as its line describes it.
///
/// The kernel writes a space, tab, newline, backslash (and in the type and the
/// source `#`) as an octal escape. In `root`, `at`, `fs_type` and `source`
/// these are decoded, so that they can be compared with a path; only characters
/// that a line of text cannot have stay escaped: control characters, bytes that
/// are not UTF-8, and therefore the backslash. `options` and `super_options`
/// are as the kernel wrote them, because an escaped comma in them is not the
/// comma that separates two options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// The mount id, which the kernel uses again as soon as the mount is gone.
    pub id: u64,
    /// The id of the mount that it is mounted on; the reader may not see that
    /// one.
    pub parent: u64,
    /// Major and minor number of the superblock.
    pub device: (u32, u32),
    /// The directory of the superblock that is the root of this mount. It is
    /// not always a path: a bound namespace has `net:[4026531833]`.
    pub root: String,
    /// The mount point, relative to the root directory of the reader.
    pub at: String,
    /// The options of this mount alone, in the kernel's order.
    pub options: String,
    /// The peer group of the mount; a mount with one is shared.
    pub shared: Option<u64>,
    /// The peer group that it receives events from; a mount with one is a
    /// slave.
    pub master: Option<u64>,
    /// The nearest peer group above that of the master in which the reader can
    /// reach a mount.
    pub propagate_from: Option<u64>,
    /// True if it cannot be bind mounted.
    pub unbindable: bool,
    /// Optional fields that this version does not know, as the kernel wrote
    /// them. The manual says to ignore them; they are kept so that a change of
    /// them is seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other: Vec<String>,
    /// The type of the filesystem, with its subtype after a dot.
    pub fs_type: String,
    /// The source that was mounted; it may be empty, and may be any text.
    pub source: String,
    /// The options of the superblock, shared by all mounts of it.
    pub super_options: String,
}

/// The fault of a line that should be one of mountinfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountError {
    /// The line ends before this field.
    Missing(&'static str),
    /// This field may not be empty.
    Empty(&'static str),
    /// This field is not a decimal number in the kernel's form.
    Number(&'static str, String),
    /// This field does not have the kernel's form.
    Malformed(&'static str, String),
    /// This optional field is there twice.
    Twice(&'static str),
}

impl fmt::Display for MountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MountError::Missing(field) => write!(f, "no {field}"),
            MountError::Empty(field) => write!(f, "{field}: empty"),
            MountError::Number(field, text) => {
                write!(f, "{field}: not a number: \"{text}\"")
            }
            MountError::Malformed(field, text) => {
                write!(f, "{field}: malformed: \"{text}\"")
            }
            MountError::Twice(field) => write!(f, "{field}: there twice"),
        }
    }
}

impl std::error::Error for MountError {}

/// Parses a mountinfo file; the mounts are in its order.
pub fn parse_table(file: &[u8]) -> Result<Vec<Mount>, MountError> {
    let Some(lines) = file.strip_suffix(b"\n") else {
        return match file {
            [] => Ok(Vec::new()),
            _ => Err(MountError::Missing("newline at the end")),
        };
    };
    lines.split(|&byte| byte == b'\n').map(Mount::parse).collect()
}

impl Mount {
    /// Parses one line, without its newline.
    pub fn parse(line: &[u8]) -> Result<Mount, MountError> {
        // A single space separates, and two of them enclose an empty field:
        // the source of `mount("", ...)` is one.
        let mut fields = line.split(|&byte| byte == b' ');
        let mut next = |name| fields.next().ok_or(MountError::Missing(name));

        let id = number("mount id", next("mount id")?)?;
        let parent = number("parent id", next("parent id")?)?;
        let device = device(next("device")?)?;
        let root = unescaped("root", next("root")?)?;
        let at = unescaped("mount point", next("mount point")?)?;
        if !at.starts_with('/') {
            return Err(MountError::Malformed("mount point", at));
        }
        let options = text::utf8(next("mount options")?);
        if options.is_empty() {
            return Err(MountError::Empty("mount options"));
        }

        let mut mount = Mount {
            id,
            parent,
            device,
            root,
            at,
            options,
            shared: None,
            master: None,
            propagate_from: None,
            unbindable: false,
            other: Vec::new(),
            fs_type: String::new(),
            source: String::new(),
            super_options: String::new(),
        };
        loop {
            match next("separator")? {
                b"-" => break,
                field => mount.optional(field)?,
            }
        }

        mount.fs_type = unescaped("filesystem type", next("filesystem type")?)?;
        if mount.fs_type.is_empty() {
            return Err(MountError::Empty("filesystem type"));
        }
        mount.source = unescaped("source", next("source")?)?;
        // The rest of the line, spaces included: not every filesystem escapes
        // spaces in its options.
        let first = next("superblock options")?;
        mount.super_options = text::utf8(first);
        for more in fields {
            mount.super_options.push(' ');
            mount.super_options.push_str(&text::utf8(more));
        }
        if mount.super_options.is_empty() {
            return Err(MountError::Empty("superblock options"));
        }
        Ok(mount)
    }

    /// Adds one optional field.
    fn optional(&mut self, field: &[u8]) -> Result<(), MountError> {
        if field == b"unbindable" {
            if self.unbindable {
                return Err(MountError::Twice("unbindable"));
            }
            self.unbindable = true;
            return Ok(());
        }
        for (tag, slot) in [
            ("shared", &mut self.shared),
            ("master", &mut self.master),
            ("propagate_from", &mut self.propagate_from),
        ] {
            let Some(group) = field
                .strip_prefix(tag.as_bytes())
                .and_then(|rest| rest.strip_prefix(b":"))
            else {
                continue;
            };
            if slot.replace(number(tag, group)?).is_some() {
                return Err(MountError::Twice(tag));
            }
            return Ok(());
        }
        if field.is_empty() {
            return Err(MountError::Empty("optional field"));
        }
        self.other.push(text::utf8(field));
        Ok(())
    }
}

impl FromStr for Mount {
    type Err = MountError;

    fn from_str(line: &str) -> Result<Mount, MountError> {
        Mount::parse(line.as_bytes())
    }
}

/// Writes the kernel's line again, without its newline.
///
/// A byte that is not UTF-8, which the kernel writes as it is, can only be
/// written as an octal escape here; parsing that gives the same mount.
impl fmt::Display for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PATH: &[u8] = b" \t\n\\";
        // Linux 6.1 and later also escape the number sign, which begins a
        // comment in fstab.
        const NAME: &[u8] = b" \t\n\\#";
        let (major, minor) = self.device;
        write!(f, "{} {} {major}:{minor}", self.id, self.parent)?;
        write!(f, " {}", escaped(&self.root, PATH))?;
        write!(f, " {} {}", escaped(&self.at, PATH), self.options)?;
        if let Some(group) = self.shared {
            write!(f, " shared:{group}")?;
        }
        if let Some(group) = self.master {
            write!(f, " master:{group}")?;
        }
        if let Some(group) = self.propagate_from {
            write!(f, " propagate_from:{group}")?;
        }
        if self.unbindable {
            f.write_str(" unbindable")?;
        }
        for field in &self.other {
            write!(f, " {field}")?;
        }
        write!(f, " - {}", escaped(&self.fs_type, NAME))?;
        write!(f, " {} {}", escaped(&self.source, NAME), self.super_options)
    }
}

fn number(field: &'static str, digits: &[u8]) -> Result<u64, MountError> {
    // `str::parse` also takes `+1` and `007`, which the kernel never writes.
    let kernels = match digits {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    str::from_utf8(digits)
        .ok()
        .filter(|_| kernels)
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| MountError::Number(field, text::lossless(digits)))
}

fn device(field: &[u8]) -> Result<(u32, u32), MountError> {
    let malformed = || MountError::Malformed("device", text::lossless(field));
    let mut halves = field.split(|&byte| byte == b':');
    match (halves.next(), halves.next(), halves.next()) {
        (Some(major), Some(minor), None) => Ok((
            number("device", major)?.try_into().map_err(|_| malformed())?,
            number("device", minor)?.try_into().map_err(|_| malformed())?,
        )),
        _ => Err(malformed()),
    }
}

/// A field with the kernel's escapes decoded.
fn unescaped(name: &'static str, field: &[u8]) -> Result<String, MountError> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        match text::unescape(rest) {
            Some((byte, beyond)) => {
                bytes.push(byte);
                rest = beyond;
            }
            None if first == b'\\' => {
                return Err(MountError::Malformed(name, text::lossless(field)));
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    Ok(text::lossless(&bytes))
}

/// The reverse of [`unescaped`], as far as text allows it.
fn escaped(field: &str, special: &[u8]) -> String {
    let mut line = String::with_capacity(field.len());
    for chunk in text::bytes(field).utf8_chunks() {
        for c in chunk.valid().chars() {
            match u8::try_from(c) {
                Ok(byte) if special.contains(&byte) => {
                    text::octal(&mut line, &[byte]);
                }
                _ => line.push(c),
            }
        }
        text::octal(&mut line, chunk.invalid());
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(line: &str) -> Mount {
        line.parse().expect("a line of mountinfo")
    }

    #[test]
    fn the_line_of_the_manual_page() {
        let line = "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - \
                    ext3 /dev/root rw,errors=continue";
        let mount = parse(line);
        assert_eq!((mount.id, mount.parent), (36, 35));
        assert_eq!(mount.device, (98, 0));
        assert_eq!(mount.root, "/mnt1");
        assert_eq!(mount.at, "/mnt2");
        assert_eq!(mount.options, "rw,noatime");
        assert_eq!(mount.master, Some(1));
        assert_eq!(mount.shared, None);
        assert_eq!(mount.fs_type, "ext3");
        assert_eq!(mount.source, "/dev/root");
        assert_eq!(mount.super_options, "rw,errors=continue");
        assert_eq!(mount.to_string(), line);
    }

    #[test]
    fn every_optional_field_and_one_from_the_future() {
        let line = "1 0 0:1 / / rw shared:7 master:2 propagate_from:1 \
                    unbindable frozen:3 - tmpfs none rw";
        let mount = parse(line);
        assert_eq!(mount.shared, Some(7));
        assert_eq!(mount.propagate_from, Some(1));
        assert!(mount.unbindable);
        assert_eq!(mount.other, ["frozen:3"]);
        assert_eq!(mount.to_string(), line);
    }

    #[test]
    fn paths_are_unescaped_and_options_are_not() {
        let line = "1 0 0:1 /a\\040b /c\\134d\\011e rw - overlay \
                    x\\043y rw,lowerdir=/l\\0541,upperdir=/u\\0402";
        let mount = parse(line);
        assert_eq!(mount.root, "/a b");
        assert_eq!(mount.at, "/c\\134d\\011e");
        assert_eq!(mount.source, "x#y");
        assert_eq!(
            mount.super_options,
            "rw,lowerdir=/l\\0541,upperdir=/u\\0402"
        );
        assert_eq!(mount.to_string(), line);
    }

    #[test]
    fn the_source_may_be_empty() {
        let line = "1 0 0:1 / /mytmp rw,relatime - tmpfs  rw";
        assert_eq!(parse(line).source, "");
        assert_eq!(parse(line).to_string(), line);
    }

    #[test]
    fn a_space_in_the_last_field_belongs_to_it() {
        let line = "1 0 0:1 / / rw - 9p share rw,path=C:\\Program Files;uid=0";
        assert!(parse(line).super_options.ends_with("Program Files;uid=0"));
        assert_eq!(parse(line).to_string(), line);
    }

    #[test]
    fn a_bound_namespace_has_no_path_as_its_root() {
        let line = "9 1 0:4 net:[4026532211] /run/netns/a rw shared:9 - \
                    nsfs nsfs rw";
        assert_eq!(parse(line).root, "net:[4026532211]");
        assert_eq!(parse(line).to_string(), line);
    }

    #[test]
    fn a_path_that_is_not_utf8_is_kept() {
        let mount = Mount::parse(b"1 0 0:1 / /\xff\xfe rw - tmpfs none rw")
            .expect("bytes are paths");
        assert_eq!(mount.at, "/\\377\\376");
        assert_eq!(parse(&mount.to_string()), mount);
    }

    #[test]
    fn the_error_says_what_is_wrong() {
        for (line, error) in [
            ("", "mount id: not a number: \"\""),
            ("1", "no parent id"),
            ("1 x", "parent id: not a number: \"x\""),
            ("+1 0", "mount id: not a number: \"+1\""),
            ("1 0 7", "device: malformed: \"7\""),
            ("1 0 0:4294967296", "device: malformed: \"0:4294967296\""),
            ("1 0 0:1 / mnt", "mount point: malformed: \"mnt\""),
            ("1 0 0:1 /\\9 /", "root: malformed: \"/\\1349\""),
            ("1 0 0:1 / / ", "mount options: empty"),
            ("1 0 0:1 / / rw", "no separator"),
            ("1 0 0:1 / / rw shared:x", "shared: not a number: \"x\""),
            ("1 0 0:1 / / rw shared:1 shared:1", "shared: there twice"),
            ("1 0 0:1 / / rw -", "no filesystem type"),
            ("1 0 0:1 / / rw - proc", "no source"),
            ("1 0 0:1 / / rw - proc proc", "no superblock options"),
        ] {
            let got = line.parse::<Mount>().map_err(|e| e.to_string());
            assert_eq!(got, Err(error.to_owned()), "{line}");
        }
    }

    #[test]
    fn a_table_ends_with_a_newline() {
        assert_eq!(parse_table(b""), Ok(vec![]));
        assert_eq!(
            parse_table(b"1 0 0:1 / / rw - proc proc rw"),
            Err(MountError::Missing("newline at the end"))
        );
        let two = b"1 0 0:1 / / rw - proc proc rw\n2 1 0:2 / /a ro - t s rw\n";
        assert_eq!(parse_table(two).map(|table| table.len()), Ok(2));
    }

    /// What `seq_escape` and `seq_path` of the kernel do, written from their
    /// description and not from the code above.
    fn kernel_escape(bytes: &[u8], special: &[u8]) -> Vec<u8> {
        let mut line = Vec::new();
        for &byte in bytes {
            if special.contains(&byte) {
                line.extend_from_slice(format!("\\{byte:03o}").as_bytes());
            } else {
                line.push(byte);
            }
        }
        line
    }

    prop_compose! {
        /// A line that the kernel may print, with names of any bytes except
        /// NUL, and whether all of it is UTF-8.
        fn kernel_line(names: fn() -> BoxedStrategy<Vec<u8>>)(
            ids in any::<(u32, u32)>(),
            device in (0u32..4096, 0u32..1 << 20),
            root in names(),
            at in names(),
            options in "r[ow](,nosuid)?(,nodev)?(,noexec)?(,relatime)?",
            shared in any::<Option<u32>>(),
            master in any::<Option<u32>>(),
            from in any::<Option<u32>>(),
            unbindable: bool,
            fs_type in "[a-z][a-z0-9]{0,8}(\\.[a-z]{1,4})?",
            source in names(),
            super_options in names(),
        ) -> Vec<u8> {
            const PATH: &[u8] = b" \t\n\\";
            const NAME: &[u8] = b" \t\n\\#";
            let mut line = Vec::new();
            let mut put = |bytes: &[u8]| line.extend_from_slice(bytes);
            put(format!("{} {} ", ids.0, ids.1).as_bytes());
            put(format!("{}:{} /", device.0, device.1).as_bytes());
            put(&kernel_escape(&root, PATH));
            put(b" /");
            put(&kernel_escape(&at, PATH));
            put(format!(" {options}").as_bytes());
            for (tag, group) in
                [("shared", shared), ("master", master), ("propagate_from", from)]
            {
                if let Some(group) = group {
                    put(format!(" {tag}:{group}").as_bytes());
                }
            }
            if unbindable {
                put(b" unbindable");
            }
            put(format!(" - {fs_type} ").as_bytes());
            put(&kernel_escape(&source, NAME));
            put(b" rw,");
            put(&kernel_escape(&super_options, b" \t\n\\,"));
            line
        }
    }

    fn any_bytes() -> BoxedStrategy<Vec<u8>> {
        prop::collection::vec(1..=255u8, 0..12).boxed()
    }

    fn text_bytes() -> BoxedStrategy<Vec<u8>> {
        "[^\0]{0,12}".prop_map(String::into_bytes).boxed()
    }

    proptest! {
        #[test]
        fn a_line_of_text_is_printed_again(line in kernel_line(text_bytes)) {
            let mount = Mount::parse(&line).expect("the kernel's line");
            prop_assert_eq!(mount.to_string().into_bytes(), line);
        }

        #[test]
        fn a_line_of_bytes_is_the_same_mount_again(
            line in kernel_line(any_bytes),
        ) {
            let mount = Mount::parse(&line).expect("the kernel's line");
            let again: Mount = mount.to_string().parse().expect("its own line");
            prop_assert_eq!(&again, &mount);
            let json = serde_json::to_string(&mount).expect("as JSON");
            let back: Mount = serde_json::from_str(&json).expect("from JSON");
            prop_assert_eq!(back, mount);
        }

        #[test]
        fn arbitrary_bytes_never_panic(line: Vec<u8>) {
            let _ = Mount::parse(&line);
            let _ = parse_table(&line);
        }

        #[test]
        fn damaged_lines_never_panic(
            line in kernel_line(any_bytes),
            at: prop::sample::Index,
            byte: u8,
        ) {
            let mut line = line;
            let at = at.index(line.len());
            line[at] = byte;
            if let Ok(mount) = Mount::parse(&line) {
                let again = mount.to_string().parse::<Mount>();
                prop_assert_eq!(again, Ok(mount));
            }
        }
    }

    /// Compares with the parser of the crate procfs on this machine: the fields
    /// that it knows must agree. It leaves paths escaped, has no source for
    /// `none`, and drops optional fields that it does not know.
    #[test]
    fn the_procfs_crate_reads_the_same_table() {
        let file = std::fs::read("/proc/self/mountinfo").expect("mountinfo");
        let ours = parse_table(&file).expect("mountinfo of this machine");
        let theirs = procfs::process::Process::myself()
            .and_then(|process| process.mountinfo())
            .expect("mountinfo by procfs");
        assert_eq!(ours.len(), theirs.0.len());
        for (our, their) in ours.iter().zip(&theirs.0) {
            assert_eq!(our.id, u64::try_from(their.mnt_id).unwrap_or(0));
            assert_eq!(our.parent, u64::try_from(their.pid).unwrap_or(0));
            let (major, minor) = our.device;
            assert_eq!(format!("{major}:{minor}"), their.majmin);
            assert_eq!(escaped(&our.root, b" \t\n\\"), their.root);
            let at = their.mount_point.to_str().unwrap_or("");
            assert_eq!(escaped(&our.at, b" \t\n\\"), at);
            assert_eq!(our.fs_type, their.fs_type);
            let source = their.mount_source.as_deref().unwrap_or("none");
            assert_eq!(escaped(&our.source, b" \t\n\\#"), source);
            let options = our.options.split(',').count();
            assert_eq!(options, their.mount_options.len());
            let super_options = our.super_options.split(',').count();
            assert!(super_options >= their.super_options.len());
            assert_eq!(
                our.other.len()
                    + usize::from(our.shared.is_some())
                    + usize::from(our.master.is_some())
                    + usize::from(our.propagate_from.is_some())
                    + usize::from(our.unbindable),
                their.opt_fields.len()
            );
        }
        let text: String =
            ours.iter().map(|mount| format!("{mount}\n")).collect();
        assert_eq!(text.into_bytes(), file);
    }
}
