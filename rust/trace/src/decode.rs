//! Decodes the arguments of a system call, from its registers and the memory
//! that they point to.
//!
//! Decodes only the calls that make, enter or set up namespaces, that start and
//! end the processes in them, or that change what these may do
//! ([`privileges`](super::privileges)). Every other call is only counted.

use super::{Argument, flags};
use std::collections::BTreeMap;

/// The memory of a process.
pub trait Memory {
    /// The eight bytes at an address that is a multiple of eight.
    fn word(&self, address: u64) -> Option<[u8; 8]>;

    /// `count` bytes from an address on, or `None` if one cannot be read.
    fn bytes(&self, address: u64, count: usize) -> Option<Vec<u8>> {
        let skip = (address % 8) as usize;
        let mut found = Vec::new();
        let mut at = address - skip as u64;
        while found.len() < skip + count {
            found.extend(self.word(at)?);
            at = at.checked_add(8)?;
        }
        Some(found[skip..skip + count].to_vec())
    }

    /// The bytes from an address to the next NUL, at most `PATH_MAX` and a few;
    /// `None` if one cannot be read.
    fn string(&self, address: u64) -> Option<Vec<u8>> {
        let mut found: Vec<u8> = Vec::new();
        let mut skip = (address % 8) as usize;
        let mut at = address - skip as u64;
        while found.len() < LONGEST {
            let word = self.word(at)?;
            let fresh = &word[skip..];
            if let Some(end) = fresh.iter().position(|byte| *byte == 0) {
                found.extend(&fresh[..end]);
                return Some(found);
            }
            found.extend(fresh);
            skip = 0;
            at = at.checked_add(8)?;
        }
        Some(found)
    }

    /// Reads a number of four bytes.
    fn int(&self, address: u64) -> Option<i32> {
        let bytes = self.bytes(address, 4)?;
        Some(i32::from_ne_bytes(bytes.try_into().ok()?))
    }

    /// Reads a number of eight bytes.
    fn number(&self, address: u64) -> Option<u64> {
        let bytes = self.bytes(address, 8)?;
        Some(u64::from_ne_bytes(bytes.try_into().ok()?))
    }
}

/// The longest string that is read, in bytes: `PATH_MAX`.
const LONGEST: usize = 4096;
/// The largest number of words of a command line that are read.
const WORDS: usize = 64;
/// A directory descriptor that stands for the working directory.
const AT_FDCWD: i32 = -100;
/// The request that sets the flags of a network interface (`netdevice(7)`).
const SIOCSIFFLAGS: u64 = 0x8914;

/// What the descriptors that recordings show are open on, by their number.
pub type Descriptors = BTreeMap<i64, String>;

/// A system call at its beginning.
pub struct Entry<'a> {
    /// The call's name, as in `man 2 NAME`.
    pub name: &'a str,
    /// The six argument registers, in the order of the call's arguments.
    pub registers: [u64; 6],
    /// The memory of the caller.
    pub memory: &'a dyn Memory,
    /// What the caller's descriptors are open on.
    pub descriptors: &'a Descriptors,
}

impl Entry<'_> {
    /// The arguments as strace(1) writes them, or `None` for a call that is
    /// only counted.
    pub fn arguments(&self) -> Option<Vec<Argument>> {
        let [a, b, c, d, e, _] = self.registers;
        let named = |value, known| Argument::Text(flags::names(value, known));
        let namespaces = |value| Argument::Text(flags::namespaces(value));
        Some(match self.name {
            "clone" => vec![Argument::Text(flags::clone(a))],
            "clone3" => vec![self.clone3(a)],
            "fork" | "vfork" => vec![],
            "unshare" => vec![namespaces(a)],
            "setns" => vec![self.descriptor(a), namespaces(b)],
            "mount" => vec![
                self.text(a),
                self.text(b),
                self.text(c),
                Argument::Text(flags::mount(d)),
                self.text(e),
            ],
            "umount2" => vec![self.text(a), named(b, flags::UMOUNT)],
            "pivot_root" => vec![self.text(a), self.text(b)],
            "sethostname" | "setdomainname" => vec![self.slice(a, b)],
            "chdir" | "chroot" | "rmdir" => vec![self.text(a)],
            "fchdir" => vec![self.descriptor(a)],
            "mkdir" => vec![self.text(a), mode(b)],
            "mkdirat" => self.below(a, self.text(b), [mode(c)]),
            "unlinkat" if c & AT_REMOVEDIR != 0 => {
                self.below(a, self.text(b), [named(c, flags::AT)])
            }
            "execve" => vec![self.text(a), self.words(b)],
            "execveat" => {
                let rest = [self.words(c), named(e, flags::AT)];
                self.below(a, self.text(b), rest)
            }
            "exit_group" | "exit" => vec![number(a)],
            "wait4" => vec![Argument::Pid(int(a)), named(c, flags::WAIT)],
            "waitid" => self.waitid(),
            "pidfd_open" => vec![Argument::Pid(int(a)), named(b, flags::PIDFD)],
            "fsopen" => vec![self.text(a), named(b, flags::FSOPEN)],
            "fsmount" => vec![
                self.descriptor(a),
                named(b, flags::FSMOUNT),
                named(c, flags::ATTRIBUTES),
            ],
            "open_tree" => {
                self.below(a, self.text(b), [named(c, flags::OPEN_TREE)])
            }
            "move_mount" => {
                let mut all = self.below(a, self.text(b), []);
                let to = [named(e, flags::MOVE_MOUNT)];
                all.extend(self.below(c, self.text(d), to));
                all
            }
            "mount_setattr" => {
                let rest = [named(c, flags::AT), self.attributes(d)];
                self.below(a, self.text(b), rest)
            }
            "write" if self.descriptors.contains_key(&int(a)) => {
                vec![self.descriptor(a), self.slice(b, c)]
            }
            "ioctl" if b == SIOCSIFFLAGS => self.interface(c),
            _ => return self.privileges(),
        })
    }

    /// The arguments that are shown if the kernel refuses a call that is
    /// otherwise only counted: its path, if it has one, and `...`.
    pub fn if_refused(&self) -> Vec<Argument> {
        let path = match self.name {
            "open" | "creat" | "mknod" | "chown" | "lchown" | "chmod"
            | "unlink" | "truncate" | "swapon" | "acct" | "setxattr"
            | "lsetxattr" => Some(self.registers[0]),
            "openat" | "openat2" | "mknodat" | "fchownat" | "fchmodat"
            | "fchmodat2" | "unlinkat" => Some(self.registers[1]),
            _ => None,
        };
        let rest = Argument::Text("...".to_owned());
        path.map(|path| self.text(path)).into_iter().chain([rest]).collect()
    }

    /// What the descriptor that the call returns will be open on: `pidfd`, the
    /// name of a mount call, or the path below `/proc` of an id map, of clock
    /// offsets or of a namespace. `None` for every other call.
    pub fn opens(&self) -> Option<String> {
        let path = match self.name {
            "open" => self.registers[0],
            "openat" | "openat2" => self.registers[1],
            "pidfd_open" => return Some("pidfd".to_owned()),
            "fsopen" | "fsmount" | "open_tree" => {
                return Some(self.name.to_owned());
            }
            _ => return None,
        };
        let path = self.memory.string(path)?;
        let path = String::from_utf8(path).ok()?;
        let (dir, file) = path.rsplit_once('/')?;
        let wanted = match file {
            "uid_map" | "gid_map" | "setgroups" | "timens_offsets" => true,
            _ => dir.ends_with("/ns"),
        };
        (wanted && path.starts_with("/proc")).then_some(path)
    }

    /// The descriptor that the call closes.
    pub fn closes(&self) -> Option<i64> {
        (self.name == "close").then_some(int(self.registers[0]))
    }

    /// The path that execve(2) or execveat(2) is given.
    pub fn executes(&self) -> Option<Vec<u8>> {
        match self.name {
            "execve" => self.memory.string(self.registers[0]),
            "execveat" => self.memory.string(self.registers[1]),
            _ => None,
        }
    }

    /// `Some(true)` if the call makes a thread, `Some(false)` if it makes a
    /// process, `None` if it makes neither.
    pub fn makes_thread(&self) -> Option<bool> {
        Some(self.clone_flags()? & flags::CLONE_THREAD != 0)
    }

    fn clone_flags(&self) -> Option<u64> {
        match self.name {
            "clone" => Some(self.registers[0]),
            "clone3" => self.memory.number(self.registers[0]),
            "fork" | "vfork" => Some(0),
            _ => None,
        }
    }

    /// The address to which a call of clone's family writes the new process's
    /// pidfd.
    pub fn pidfd_address(&self) -> Option<u64> {
        if self.clone_flags()? & flags::CLONE_PIDFD == 0 {
            None
        } else if self.name == "clone" {
            Some(self.registers[2])
        } else {
            self.memory.number(self.registers[0].wrapping_add(8))
        }
    }

    /// The address to which wait4 writes the status of the child.
    pub fn status_address(&self) -> Option<u64> {
        (self.name == "wait4" && self.registers[1] != 0)
            .then_some(self.registers[1])
    }

    /// struct clone_args: the flags are the first, the signal is the fifth of
    /// its numbers.
    fn clone3(&self, address: u64) -> Argument {
        let flags = self.memory.number(address);
        let signal = self.memory.number(address.wrapping_add(32));
        Argument::Text(match (flags, signal) {
            (Some(flags), Some(signal)) => flags::clone3(flags, signal),
            _ => UNREADABLE.to_owned(),
        })
    }

    fn waitid(&self) -> Vec<Argument> {
        let [kind, id, _, options, ..] = self.registers;
        let (kind, id) = match kind {
            0 => ("P_ALL", number(id)),
            1 => ("P_PID", Argument::Pid(int(id))),
            2 => ("P_PGID", number(id)),
            3 => ("P_PIDFD", self.descriptor(id)),
            _ => ("?", number(id)),
        };
        let options = flags::names(options, flags::WAIT);
        vec![Argument::Text(kind.to_owned()), id, Argument::Text(options)]
    }

    /// struct mount_attr: attributes to set, attributes to clear, the
    /// propagation.
    fn attributes(&self, address: u64) -> Argument {
        let field = |offset| self.memory.number(address.wrapping_add(offset));
        let [Some(set), Some(clear), Some(propagation)] =
            [field(0), field(8), field(16)]
        else {
            return Argument::Text(UNREADABLE.to_owned());
        };
        let mut parts = Vec::new();
        if set != 0 {
            parts.push(flags::names(set, flags::ATTRIBUTES));
        }
        if clear != 0 {
            parts.push(format!("~{}", flags::names(clear, flags::ATTRIBUTES)));
        }
        if propagation != 0 {
            parts.push(flags::names(propagation, flags::MOUNT));
        }
        if parts.is_empty() {
            parts.push("0".to_owned());
        }
        Argument::Text(parts.join(" "))
    }

    /// struct ifreq: sixteen bytes of name, two of flags.
    fn interface(&self, address: u64) -> Vec<Argument> {
        let request = Argument::Text("SIOCSIFFLAGS".to_owned());
        let Some(bytes) = self.memory.bytes(address, 18) else {
            return vec![request, Argument::Text(UNREADABLE.to_owned())];
        };
        let (name, set) = bytes.split_at(16);
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(16);
        let set = u16::from_ne_bytes([set[0], set[1]]);
        vec![
            request,
            quoted(&name[..end]),
            Argument::Text(flags::names(set.into(), flags::INTERFACE)),
        ]
    }

    /// A path, and before it the descriptor of the directory that it is
    /// relative to. The descriptor is left out if it is `AT_FDCWD` or if the
    /// path is absolute.
    fn below<const N: usize>(
        &self,
        directory: u64,
        path: Argument,
        rest: [Argument; N],
    ) -> Vec<Argument> {
        let mut all = Vec::new();
        let absolute =
            matches!(&path, Argument::Text(text) if text.starts_with("\"/"));
        if int(directory) != i64::from(AT_FDCWD) && !absolute {
            all.push(self.descriptor(directory));
        }
        all.push(path);
        all.extend(rest);
        all
    }

    fn descriptor(&self, register: u64) -> Argument {
        let fd = int(register);
        let of = self.descriptors.get(&fd).cloned();
        Argument::Descriptor { fd, of }
    }

    pub(super) fn text(&self, address: u64) -> Argument {
        if address == 0 {
            return Argument::Text("NULL".to_owned());
        }
        match self.memory.string(address) {
            Some(bytes) => quoted(&bytes),
            None => Argument::Text(UNREADABLE.to_owned()),
        }
    }

    fn slice(&self, address: u64, count: u64) -> Argument {
        let count = usize::try_from(count).unwrap_or(LONGEST).min(LONGEST);
        match self.memory.bytes(address, count) {
            Some(bytes) => quoted(&bytes),
            None => Argument::Text(UNREADABLE.to_owned()),
        }
    }

    /// A vector of strings that ends in a null.
    fn words(&self, address: u64) -> Argument {
        let mut words = Vec::new();
        for index in 0..WORDS as u64 {
            let at = address.wrapping_add(index * 8);
            match self.memory.number(at) {
                Some(0) => return Argument::Words(words),
                Some(word) => match self.memory.string(word) {
                    Some(bytes) => {
                        words.push(String::from_utf8_lossy(&bytes).into());
                    }
                    None => break,
                },
                None => break,
            }
        }
        words.push("...".to_owned());
        Argument::Words(words)
    }
}

/// Replaces memory that cannot be read; the call fails with `EFAULT`.
pub(super) const UNREADABLE: &str = "?";
/// The flag with which unlinkat(2) removes a directory, as rmdir(2) does.
const AT_REMOVEDIR: u64 = 0x200;

/// An int in a register: the upper half is not defined.
pub(super) fn int(register: u64) -> i64 {
    i64::from(register as u32 as i32)
}

pub(super) fn number(register: u64) -> Argument {
    Argument::Text(int(register).to_string())
}

fn mode(register: u64) -> Argument {
    Argument::Text(format!("0{:o}", register & 0o7777))
}

fn quoted(bytes: &[u8]) -> Argument {
    Argument::Text(format!("{:?}", String::from_utf8_lossy(bytes)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Memory made of texts, each at a multiple of 256.
    pub struct Texts(pub Vec<Vec<u8>>);

    impl Memory for Texts {
        fn word(&self, address: u64) -> Option<[u8; 8]> {
            let text = self.0.get((address / 256) as usize)?;
            let at = (address % 256) as usize;
            let mut word = [0; 8];
            for (index, byte) in word.iter_mut().enumerate() {
                *byte = text.get(at + index).copied().unwrap_or(0);
            }
            Some(word)
        }
    }

    /// The arguments of a call with those registers, in memory in which each
    /// text is at a multiple of 256.
    pub fn read(name: &str, registers: [u64; 6], texts: &[&[u8]]) -> String {
        let memory = Texts(texts.iter().map(|it| it.to_vec()).collect());
        let descriptors =
            Descriptors::from([(3, "/proc/7/uid_map".to_owned())]);
        let entry = Entry {
            name,
            registers,
            memory: &memory,
            descriptors: &descriptors,
        };
        match entry.arguments() {
            None => "only counted".to_owned(),
            Some(all) => all
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        }
    }

    #[test]
    fn a_mount_is_read_with_its_strings_and_flags() {
        let proc: &[&[u8]] = &[b"", b"proc", b"/proc"];
        assert_eq!(
            read("mount", [256, 512, 256, 0, 0, 0], proc),
            r#""proc", "/proc", "proc", 0, NULL"#
        );
        let root: &[&[u8]] = &[b"", b"none", b"/"];
        assert_eq!(
            read("mount", [256, 512, 0, 0x4_4000, 0, 0], root),
            r#""none", "/", NULL, MS_REC|MS_PRIVATE, NULL"#
        );
    }

    #[test]
    fn a_string_may_begin_anywhere_and_be_long() {
        let long = [b'x'; 100];
        let text = read("chdir", [256 + 3, 0, 0, 0, 0, 0], &[b"", &long]);
        assert_eq!(text, format!("{:?}", "x".repeat(97)));
    }

    #[test]
    fn a_bad_address_is_a_question_mark_not_a_panic() {
        assert_eq!(read("chdir", [u64::MAX, 0, 0, 0, 0, 0], &[]), "?");
        assert_eq!(read("clone3", [u64::MAX, 0, 0, 0, 0, 0], &[]), "?");
        assert_eq!(
            read("execve", [u64::MAX, u64::MAX, 0, 0, 0, 0], &[]),
            "?, [\"...\"]"
        );
    }

    #[test]
    fn clone3_has_its_flags_in_memory() {
        let mut arguments = vec![0; 88];
        arguments[..8].copy_from_slice(&0x2000_0080_u64.to_ne_bytes());
        arguments[32..40].copy_from_slice(&17_u64.to_ne_bytes());
        assert_eq!(
            read("clone3", [256, 88, 0, 0, 0, 0], &[b"", &arguments]),
            "CLONE_NEWTIME|CLONE_NEWPID|SIGCHLD"
        );
    }

    #[test]
    fn a_host_name_has_a_length_and_no_end() {
        assert_eq!(
            read("sethostname", [256, 6, 0, 0, 0, 0], &[b"", b"myhostname"]),
            r#""myhost""#
        );
    }

    #[test]
    fn only_a_write_to_an_id_map_is_read() {
        let map: &[&[u8]] = &[b"", b"0 1000 1\n"];
        assert_eq!(
            read("write", [3, 256, 9, 0, 0, 0], map),
            r#"3</proc/7/uid_map>, "0 1000 1\n""#
        );
        assert_eq!(read("write", [1, 256, 9, 0, 0, 0], map), "only counted");
        assert_eq!(read("getpid", [0; 6], &[]), "only counted");
    }

    #[test]
    fn a_removed_directory_is_one_whatever_the_call() {
        let at_fdcwd = (-100_i64) as u64;
        let old: &[&[u8]] = &[b"", b"/.old"];
        assert_eq!(read("rmdir", [256, 0, 0, 0, 0, 0], old), r#""/.old""#);
        assert_eq!(
            read("unlinkat", [at_fdcwd, 256, 0x200, 0, 0, 0], old),
            r#""/.old", AT_REMOVEDIR"#
        );
        assert_eq!(
            read("unlinkat", [at_fdcwd, 256, 0, 0, 0, 0], old),
            "only counted"
        );
    }
}
