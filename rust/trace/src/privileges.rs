//! Decodes the calls by which a launcher changes its privileges: ids,
//! capabilities, prctl(2), keyrings, seccomp.

use super::Argument;
use super::decode::{Entry, UNREADABLE, int, number};
use super::flags::{self, Flag};
use probe::capability_words;

impl Entry<'_> {
    /// The arguments of such a call; `None` for any other call.
    pub(super) fn privileges(&self) -> Option<Vec<Argument>> {
        let [a, b, c, ..] = self.registers;
        Some(match self.name {
            "setuid" | "setgid" | "setfsuid" | "setfsgid" => vec![id(a)],
            "setreuid" | "setregid" => vec![id(a), id(b)],
            "setresuid" | "setresgid" => vec![id(a), id(b), id(c)],
            "setgroups" => vec![self.groups(a, b)],
            "capset" => self.capabilities(a, b),
            "prctl" => self.prctl(),
            "keyctl" => self.keyctl(),
            "seccomp" => self.seccomp(a, b, c),
            _ => return None,
        })
    }

    /// True if the call says nothing about the launcher unless it fails:
    /// libraries make it for themselves, to ask for values or to set names.
    pub fn is_routine(&self) -> bool {
        const SECCOMP_GET_ACTION_AVAIL: i64 = 2;
        let what = int(self.registers[0]);
        match self.name {
            "prctl" => flags::value_name(what, PRCTL).is_some_and(|name| {
                name.starts_with("PR_GET_")
                    || matches!(
                        name,
                        "PR_SET_NAME"
                            | "PR_SET_VMA"
                            | "PR_SET_TIMERSLACK"
                            | "PR_CAPBSET_READ"
                    )
                    || (name == "PR_CAP_AMBIENT"
                        && self.registers[1] == PR_CAP_AMBIENT_IS_SET)
            }),
            "seccomp" => what >= SECCOMP_GET_ACTION_AVAIL,
            _ => false,
        }
    }

    /// The supplementary groups.
    fn groups(&self, count: u64, address: u64) -> Argument {
        /// The largest number of groups that is read: `NGROUPS_MAX`.
        const MOST: u64 = 65536;
        let groups: Option<Vec<String>> = (0..count.min(MOST))
            .map(|index| {
                let group = self.memory.int(address.wrapping_add(index * 4))?;
                Some((group as u32).to_string())
            })
            .collect();
        Argument::Text(groups.map_or(UNREADABLE.into(), |groups| {
            format!("[{}]", groups.join(", "))
        }))
    }

    /// A version and a pid; then the low halves of three sets, and the high
    /// halves if the version has them.
    fn capabilities(&self, header: u64, data: u64) -> Vec<Argument> {
        const VERSION_1: i32 = 0x1998_0330;
        let half = |index: u64| {
            let half = self.memory.int(data.wrapping_add(index * 4))?;
            Some(u64::from(half as u32))
        };
        let version = self.memory.int(header);
        let sets = ["effective", "permitted", "inheritable"];
        sets.iter()
            .zip(0..)
            .map(|(name, index)| {
                let high = match version {
                    Some(VERSION_1) => Some(0),
                    _ => half(index + 3),
                };
                let set = half(index).zip(high);
                let words = set.map_or(UNREADABLE.into(), |(low, high)| {
                    capability_words(high << 32 | low, CAPABILITIES)
                });
                Argument::Text(format!("{name} {words}"))
            })
            .collect()
    }

    fn prctl(&self) -> Vec<Argument> {
        let [option, a, b, c, d, _] = self.registers;
        let name = flags::value_name(int(option), PRCTL);
        let mut all = vec![flags::value(int(option), PRCTL)];
        all.extend(match name {
            Some("PR_SET_PDEATHSIG") => vec![flags::signal(a)],
            Some("PR_SET_NAME") => vec![self.text(a).to_string()],
            Some("PR_CAPBSET_READ" | "PR_CAPBSET_DROP") => vec![capability(a)],
            Some("PR_SET_SECUREBITS") => vec![flags::names(a, SECUREBITS)],
            Some("PR_SET_SECCOMP") => {
                let mode = flags::value(int(a), SECCOMP_MODES);
                match int(a) {
                    SECCOMP_MODE_FILTER => vec![mode, self.filter(b)],
                    _ => vec![mode],
                }
            }
            Some("PR_CAP_AMBIENT") => {
                let what = flags::value(int(a), AMBIENT);
                match int(a) {
                    PR_CAP_AMBIENT_CLEAR_ALL => vec![what],
                    _ => vec![what, capability(b)],
                }
            }
            Some(
                "PR_SET_DUMPABLE"
                | "PR_SET_KEEPCAPS"
                | "PR_SET_CHILD_SUBREAPER"
                | "PR_SET_NO_NEW_PRIVS"
                | "PR_SET_THP_DISABLE"
                | "PR_SET_IO_FLUSHER"
                | "PR_SET_TIMERSLACK",
            ) => vec![a.to_string()],
            Some("PR_SET_PTRACER") if int(a) == -1 => {
                vec!["PR_SET_PTRACER_ANY".to_owned()]
            }
            Some(name) if name.starts_with("PR_GET_") => Vec::new(),
            _ => [a, b, c, d].map(|it| format!("{it:#x}")).to_vec(),
        });
        all.into_iter().map(Argument::Text).collect()
    }

    fn keyctl(&self) -> Vec<Argument> {
        let [operation, a, b, c, ..] = self.registers;
        let name = flags::value_name(int(operation), KEYCTL);
        let key = |register| flags::value(int(register), KEYRINGS);
        let mut all = vec![flags::value(int(operation), KEYCTL)];
        all.extend(match name {
            Some("KEYCTL_JOIN_SESSION_KEYRING") => {
                vec![self.text(a).to_string()]
            }
            Some("KEYCTL_GET_KEYRING_ID" | "KEYCTL_SETPERM") => {
                vec![key(a), format!("{b:#x}")]
            }
            Some("KEYCTL_LINK" | "KEYCTL_UNLINK") => vec![key(a), key(b)],
            Some("KEYCTL_CHOWN") => {
                vec![key(a), id(b).to_string(), id(c).to_string()]
            }
            Some(
                "KEYCTL_REVOKE" | "KEYCTL_CLEAR" | "KEYCTL_INVALIDATE"
                | "KEYCTL_DESCRIBE" | "KEYCTL_READ",
            ) => vec![key(a)],
            Some("KEYCTL_SESSION_TO_PARENT") => Vec::new(),
            _ => [a, b, c].map(|it| format!("{it:#x}")).to_vec(),
        });
        all.into_iter().map(Argument::Text).collect()
    }

    fn seccomp(&self, operation: u64, set: u64, address: u64) -> Vec<Argument> {
        const SECCOMP_SET_MODE_FILTER: i64 = 1;
        let mut all = vec![
            flags::value(int(operation), SECCOMP),
            flags::names(set, SECCOMP_FLAGS),
        ];
        if int(operation) == SECCOMP_SET_MODE_FILTER {
            all.push(self.filter(address));
        }
        all.into_iter().map(Argument::Text).collect()
    }

    /// struct sock_fprog: the number of instructions, and their address.
    fn filter(&self, address: u64) -> String {
        let Some(bytes) = self.memory.bytes(address, 2) else {
            return UNREADABLE.to_owned();
        };
        let count = u16::from_ne_bytes([bytes[0], bytes[1]]);
        format!("{count} instructions")
    }
}

/// A user or group id; -1 leaves it as it is.
fn id(register: u64) -> Argument {
    match int(register) {
        -1 => number(register),
        _ => Argument::Text((register as u32).to_string()),
    }
}

fn capability(register: u64) -> String {
    let bit = u32::try_from(register).ok();
    match bit.and_then(|bit| 1_u64.checked_shl(bit)) {
        Some(set) => capability_words(set, CAPABILITIES),
        None => register.to_string(),
    }
}

/// All capabilities (`CAP_LAST_CAP` is 40 since Linux 5.9).
const CAPABILITIES: u64 = (1 << 41) - 1;

const PR_CAP_AMBIENT_IS_SET: u64 = 1;
const PR_CAP_AMBIENT_CLEAR_ALL: i64 = 4;
const SECCOMP_MODE_FILTER: i64 = 2;

/// The options of `prctl(2)`.
const PRCTL: &[(i64, &str)] = &[
    (1, "PR_SET_PDEATHSIG"),
    (2, "PR_GET_PDEATHSIG"),
    (3, "PR_GET_DUMPABLE"),
    (4, "PR_SET_DUMPABLE"),
    (7, "PR_GET_KEEPCAPS"),
    (8, "PR_SET_KEEPCAPS"),
    (15, "PR_SET_NAME"),
    (16, "PR_GET_NAME"),
    (21, "PR_GET_SECCOMP"),
    (22, "PR_SET_SECCOMP"),
    (23, "PR_CAPBSET_READ"),
    (24, "PR_CAPBSET_DROP"),
    (27, "PR_GET_SECUREBITS"),
    (28, "PR_SET_SECUREBITS"),
    (29, "PR_SET_TIMERSLACK"),
    (30, "PR_GET_TIMERSLACK"),
    (35, "PR_SET_MM"),
    (36, "PR_SET_CHILD_SUBREAPER"),
    (37, "PR_GET_CHILD_SUBREAPER"),
    (38, "PR_SET_NO_NEW_PRIVS"),
    (39, "PR_GET_NO_NEW_PRIVS"),
    (40, "PR_GET_TID_ADDRESS"),
    (41, "PR_SET_THP_DISABLE"),
    (42, "PR_GET_THP_DISABLE"),
    (47, "PR_CAP_AMBIENT"),
    (52, "PR_GET_SPECULATION_CTRL"),
    (53, "PR_SET_SPECULATION_CTRL"),
    (57, "PR_SET_IO_FLUSHER"),
    (58, "PR_GET_IO_FLUSHER"),
    (59, "PR_SET_SYSCALL_USER_DISPATCH"),
    (62, "PR_SCHED_CORE"),
    (65, "PR_SET_MDWE"),
    (66, "PR_GET_MDWE"),
    (0x5356_4d41, "PR_SET_VMA"),
    (0x5961_6d61, "PR_SET_PTRACER"),
];

/// The operations of `PR_CAP_AMBIENT`.
const AMBIENT: &[(i64, &str)] = &[
    (1, "PR_CAP_AMBIENT_IS_SET"),
    (2, "PR_CAP_AMBIENT_RAISE"),
    (3, "PR_CAP_AMBIENT_LOWER"),
    (4, "PR_CAP_AMBIENT_CLEAR_ALL"),
];

/// The bits of linux/securebits.h, by name.
const SECUREBITS: &[Flag] = &[
    (0x01, "SECBIT_NOROOT"),
    (0x02, "SECBIT_NOROOT_LOCKED"),
    (0x04, "SECBIT_NO_SETUID_FIXUP"),
    (0x08, "SECBIT_NO_SETUID_FIXUP_LOCKED"),
    (0x10, "SECBIT_KEEP_CAPS"),
    (0x20, "SECBIT_KEEP_CAPS_LOCKED"),
    (0x40, "SECBIT_NO_CAP_AMBIENT_RAISE"),
    (0x80, "SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED"),
];

/// The modes of `PR_SET_SECCOMP`.
const SECCOMP_MODES: &[(i64, &str)] =
    &[(1, "SECCOMP_MODE_STRICT"), (SECCOMP_MODE_FILTER, "SECCOMP_MODE_FILTER")];

/// The operations of `seccomp(2)`.
const SECCOMP: &[(i64, &str)] = &[
    (0, "SECCOMP_SET_MODE_STRICT"),
    (1, "SECCOMP_SET_MODE_FILTER"),
    (2, "SECCOMP_GET_ACTION_AVAIL"),
    (3, "SECCOMP_GET_NOTIF_SIZES"),
];

/// The flags of `SECCOMP_SET_MODE_FILTER`.
const SECCOMP_FLAGS: &[Flag] = &[
    (0x01, "SECCOMP_FILTER_FLAG_TSYNC"),
    (0x02, "SECCOMP_FILTER_FLAG_LOG"),
    (0x04, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"),
    (0x08, "SECCOMP_FILTER_FLAG_NEW_LISTENER"),
    (0x10, "SECCOMP_FILTER_FLAG_TSYNC_ESRCH"),
    (0x20, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"),
];

/// The operations of `keyctl(2)`.
const KEYCTL: &[(i64, &str)] = &[
    (0, "KEYCTL_GET_KEYRING_ID"),
    (1, "KEYCTL_JOIN_SESSION_KEYRING"),
    (2, "KEYCTL_UPDATE"),
    (3, "KEYCTL_REVOKE"),
    (4, "KEYCTL_CHOWN"),
    (5, "KEYCTL_SETPERM"),
    (6, "KEYCTL_DESCRIBE"),
    (7, "KEYCTL_CLEAR"),
    (8, "KEYCTL_LINK"),
    (9, "KEYCTL_UNLINK"),
    (10, "KEYCTL_SEARCH"),
    (11, "KEYCTL_READ"),
    (12, "KEYCTL_INSTANTIATE"),
    (13, "KEYCTL_NEGATE"),
    (14, "KEYCTL_SET_REQKEY_KEYRING"),
    (15, "KEYCTL_SET_TIMEOUT"),
    (16, "KEYCTL_ASSUME_AUTHORITY"),
    (17, "KEYCTL_GET_SECURITY"),
    (18, "KEYCTL_SESSION_TO_PARENT"),
    (19, "KEYCTL_REJECT"),
    (20, "KEYCTL_INSTANTIATE_IOV"),
    (21, "KEYCTL_INVALIDATE"),
    (22, "KEYCTL_GET_PERSISTENT"),
];

/// The special numbers of keyrings that every process has.
const KEYRINGS: &[(i64, &str)] = &[
    (-1, "KEY_SPEC_THREAD_KEYRING"),
    (-2, "KEY_SPEC_PROCESS_KEYRING"),
    (-3, "KEY_SPEC_SESSION_KEYRING"),
    (-4, "KEY_SPEC_USER_KEYRING"),
    (-5, "KEY_SPEC_USER_SESSION_KEYRING"),
    (-6, "KEY_SPEC_GROUP_KEYRING"),
    (-7, "KEY_SPEC_REQKEY_AUTH_KEY"),
];

#[cfg(test)]
mod tests {
    use super::super::decode::tests::read;

    const MINUS_1: u64 = u32::MAX as u64;

    #[test]
    fn ids_are_numbers_and_minus_one_leaves_them() {
        let ids = [1000, MINUS_1, 4_294_967_294, 0, 0, 0];
        assert_eq!(read("setresuid", ids, &[]), "1000, -1, 4294967294");
        assert_eq!(read("setuid", [0; 6], &[]), "0");
        let groups: Vec<u8> =
            [24_u32, 1000].iter().flat_map(|it| it.to_ne_bytes()).collect();
        let two = [2, 256, 0, 0, 0, 0];
        assert_eq!(read("setgroups", two, &[b"", &groups]), "[24, 1000]");
        assert_eq!(read("setgroups", [0; 6], &[]), "[]");
        let bad = [2, u64::MAX - 7, 0, 0, 0, 0];
        assert_eq!(read("setgroups", bad, &[]), "?");
    }

    #[test]
    fn capabilities_are_shown_by_name() {
        let header: Vec<u8> = 0x2008_0522_u32.to_ne_bytes().to_vec();
        let sets: Vec<u8> = [1 << 21, u32::MAX, 0, 0, 0x1ff, 0]
            .iter()
            .flat_map(|it: &u32| it.to_ne_bytes())
            .collect();
        assert_eq!(
            read("capset", [256, 512, 0, 0, 0, 0], &[b"", &header, &sets]),
            "effective SYS_ADMIN, permitted all, inheritable none"
        );
    }

    #[test]
    fn prctl_is_shown_with_its_option() {
        let prctl = |a, b, c| read("prctl", [a, b, c, 0, 0, 0], &[]);
        assert_eq!(prctl(1, 9, 0), "PR_SET_PDEATHSIG, SIGKILL");
        assert_eq!(prctl(24, 21, 0), "PR_CAPBSET_DROP, SYS_ADMIN");
        assert_eq!(prctl(38, 1, 0), "PR_SET_NO_NEW_PRIVS, 1");
        assert_eq!(
            prctl(47, 2, 12),
            "PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, NET_ADMIN"
        );
        assert_eq!(
            prctl(28, 0x2f, 0),
            "PR_SET_SECUREBITS, SECBIT_NOROOT|SECBIT_NOROOT_LOCKED|\
             SECBIT_NO_SETUID_FIXUP|SECBIT_NO_SETUID_FIXUP_LOCKED|\
             SECBIT_KEEP_CAPS_LOCKED"
        );
        assert_eq!(prctl(9999, 1, 2), "9999, 0x1, 0x2, 0x0, 0x0");
    }

    #[test]
    fn calls_of_a_library_that_only_ask_are_left_out() {
        use super::super::decode::tests::Texts;
        use super::super::decode::{Descriptors, Entry};
        let routine = |name, option, what| {
            let entry = Entry {
                name,
                registers: [option, what, 0, 0, 0, 0],
                memory: &Texts(vec![]),
                descriptors: &Descriptors::new(),
            };
            entry.is_routine()
        };
        assert!(routine("prctl", 15, 0), "PR_SET_NAME");
        assert!(routine("prctl", 23, 0), "PR_CAPBSET_READ");
        assert!(routine("prctl", 3, 0), "PR_GET_DUMPABLE");
        assert!(routine("prctl", 47, 1), "PR_CAP_AMBIENT_IS_SET");
        assert!(routine("seccomp", 2, 0), "SECCOMP_GET_ACTION_AVAIL");
        assert!(!routine("prctl", 47, 2), "PR_CAP_AMBIENT_RAISE");
        assert!(!routine("prctl", 4, 0), "PR_SET_DUMPABLE");
        assert!(!routine("prctl", 9999, 0), "an option without a name");
        assert!(!routine("seccomp", 1, 0), "SECCOMP_SET_MODE_FILTER");
        assert!(!routine("setuid", 15, 0));
    }

    #[test]
    fn filters_and_keyrings_are_shown_by_their_operation() {
        let program: Vec<u8> = 7_u16.to_ne_bytes().to_vec();
        assert_eq!(
            read("seccomp", [1, 1, 256, 0, 0, 0], &[b"", &program]),
            "SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, \
             7 instructions"
        );
        assert_eq!(
            read("prctl", [22, 2, 256, 0, 0, 0], &[b"", &program]),
            "PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 7 instructions"
        );
        assert_eq!(
            read("keyctl", [1, 0, 0, 0, 0, 0], &[]),
            "KEYCTL_JOIN_SESSION_KEYRING, NULL"
        );
        assert_eq!(
            read("keyctl", [8, -4_i64 as u64, -3_i64 as u64, 0, 0, 0], &[]),
            "KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING"
        );
    }
}
