//! No parser of bytes that others write panics: samples of each form, changed
//! at random, in the same way every time.
//!
//! Each form gets 200 kB here, and 100 MB in `make soak` (`--ignored`).

use libtest_mimic::{Arguments, Failed, Trial};
use probe::Proc;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use tempfile::TempDir;
use trace::decode::{Descriptors, Entry, Memory};

/// How many bytes a form gets.
const FEW: usize = 200_000;
const MANY: usize = 100_000_000;

/// A form of bytes: its name, samples of it, and what reads it.
struct Form {
    name: &'static str,
    samples: fn() -> Vec<Vec<u8>>,
    read: fn(&Path, &[u8]),
}

const FORMS: &[Form] = &[
    Form { name: "mountinfo", samples: mountinfo, read: read_mountinfo },
    Form { name: "status", samples: of_procfs, read: read_as_status },
    Form { name: "id_maps", samples: id_maps, read: read_as_id_map },
    Form { name: "cgroup", samples: cgroups, read: read_as_cgroup },
    Form { name: "routes", samples: routes, read: read_as_routes },
    Form { name: "observation", samples: observation, read: read_observation },
    Form { name: "config_json", samples: config, read: read_config },
    Form { name: "launchers_toml", samples: policy, read: read_policy },
    Form { name: "record", samples: record, read: read_record },
    Form { name: "launcher", samples: words, read: read_words },
    Form { name: "memory_of_a_call", samples: calls, read: read_call },
];

fn main() -> ExitCode {
    let trial = |form: &'static Form, bytes: usize, often: bool| {
        let name = if often { "much_of::" } else { "some_of::" };
        Trial::test(format!("{name}{}", form.name), move || form.feed(bytes))
            .with_ignored_flag(often)
    };
    let few = FORMS.iter().map(|it| trial(it, FEW, false));
    let many = FORMS.iter().map(|it| trial(it, MANY, true));
    let trials = few.chain(many).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

impl Form {
    /// Reads changed samples until they have been this many bytes.
    fn feed(&self, bytes: usize) -> Result<(), Failed> {
        // In memory, if there is such a file system.
        let scratch =
            TempDir::new_in("/dev/shm").or_else(|_| TempDir::new())?;
        let samples = (self.samples)();
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut left = bytes;
        while left > 0 {
            let case = random.changed(&samples);
            left = left.saturating_sub(case.len().max(1));
            let read = || (self.read)(scratch.path(), &case);
            if catch_unwind(AssertUnwindSafe(read)).is_err() {
                let shown = String::from_utf8_lossy(&case).into_owned();
                return Err(format!("it panics over {shown:?}").into());
            }
        }
        Ok(())
    }
}

/// xorshift64*: the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 11) as usize % bound.max(1)
    }

    /// One of the samples, changed in one to eight places.
    fn changed(&mut self, samples: &[Vec<u8>]) -> Vec<u8> {
        const WORDS: &[&[u8]] = &[
            b"",
            b"\n",
            b" ",
            b"\0",
            b"-1",
            b"0",
            b"4294967295",
            b"18446744073709551616",
            b"\\040",
            b"\\",
            b"\"",
            b"{",
            b"]",
            b"null",
            b"\xff\xfe",
            "é".as_bytes(),
            b":",
            b"/",
            b"=",
        ];
        let mut case = samples[self.below(samples.len())].clone();
        for _ in 0..=self.below(8) {
            let at = self.below(case.len() + 1);
            let end = (at + self.below(16)).min(case.len());
            match self.below(6) {
                0 if at < case.len() => case[at] ^= 1 << self.below(8),
                1 => drop(case.drain(at..end)),
                2 => {
                    let word = WORDS[self.below(WORDS.len())];
                    drop(case.splice(at..end, word.iter().copied()));
                }
                3 => {
                    let again = case[at..end].to_vec();
                    drop(case.splice(at..at, again));
                }
                4 => case.truncate(at),
                _ => {
                    let other = &samples[self.below(samples.len())];
                    let from = self.below(other.len() + 1);
                    let more = (from + self.below(64)).min(other.len());
                    drop(case.splice(at..end, other[from..more].to_vec()));
                }
            }
        }
        case
    }
}

/// A file of /proc as it is here.
fn own(file: &str) -> Vec<u8> {
    fs::read(Path::new("/proc").join(file)).unwrap_or_default()
}

/// The first lines of a file, so that a case is short.
fn beginning(file: &str) -> Vec<u8> {
    let mut text = own(file);
    text.truncate(2000);
    text
}

/// Shows a case to the probe as some files of a procfs.
fn observe(scratch: &Path, files: &[&str], case: &[u8], properties: &[&str]) {
    for file in files {
        let path = scratch.join("self").join(file);
        let made = fs::create_dir_all(path.parent().unwrap_or(scratch));
        made.and_then(|()| fs::write(&path, case)).expect("our own directory");
    }
    let _ = probe::observe(&Proc::at(scratch), properties);
}

fn mountinfo() -> Vec<Vec<u8>> {
    vec![
        beginning("self/mountinfo"),
        b"36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root \
          rw,errors=continue\n"
            .to_vec(),
        b"1 1 0:1 / / rw shared:1 master:2 propagate_from:3 unbindable - \
          rootfs none rw\n"
            .to_vec(),
    ]
}

fn read_mountinfo(scratch: &Path, case: &[u8]) {
    let _ = probe::parse_table(case);
    observe(scratch, &["mountinfo"], case, &["mounts"]);
}

fn of_procfs() -> Vec<Vec<u8>> {
    ["self/status", "self/stat", "self/limits"].map(own).to_vec()
}

fn read_as_status(scratch: &Path, case: &[u8]) {
    let files = ["status", "stat", "limits", "timens_offsets"];
    let properties =
        ["ids", "capabilities", "signals", "security", "limits", "lifecycle"];
    observe(scratch, &files, case, &properties);
}

fn id_maps() -> Vec<Vec<u8>> {
    let several = b"0 1000 1\n1 100000 65536\n4294967294 4294967294 1\n";
    vec![own("self/uid_map"), several.to_vec()]
}

fn read_as_id_map(scratch: &Path, case: &[u8]) {
    let files = ["uid_map", "gid_map", "timens_offsets"];
    observe(scratch, &files, case, &["id_maps", "time_offsets"]);
}

fn cgroups() -> Vec<Vec<u8>> {
    vec![own("self/cgroup"), b"1:name=systemd:/a\n0::/../b\n".to_vec()]
}

fn read_as_cgroup(scratch: &Path, case: &[u8]) {
    observe(scratch, &["cgroup"], case, &["cgroup"]);
}

fn routes() -> Vec<Vec<u8>> {
    ["self/net/route", "self/net/ipv6_route", "self/net/arp", "self/net/dev"]
        .map(own)
        .to_vec()
}

fn read_as_routes(scratch: &Path, case: &[u8]) {
    let files = ["route", "ipv6_route", "arp", "dev", "ip_tables_names"];
    let files = files.map(|file| format!("net/{file}"));
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    observe(scratch, &files, case, &["routes"]);
}

fn observation() -> Vec<Vec<u8>> {
    let names = ["ids", "mounts", "cgroup", "limits", "umask"];
    let seen = probe::observe(&Proc::at("/proc"), &names);
    vec![serde_json::to_vec(&seen).expect("an observation")]
}

fn read_observation(_: &Path, case: &[u8]) {
    let read = serde_json::from_slice::<probe::Observation>(case);
    if let Ok(observation) = read {
        let _ = probe::effect(&observation, &probe::Observation::default());
    }
}

fn config() -> Vec<Vec<u8>> {
    let text = r#"{"ociVersion":"1.0.2","process":{"terminal":false,
        "user":{"uid":0,"gid":0},"args":["/bin/sh"],"env":["PATH=/bin"],
        "cwd":"/","capabilities":{"bounding":["CAP_KILL"]},
        "rlimits":[{"type":"RLIMIT_NOFILE","hard":1024,"soft":1024}]},
        "root":{"path":"rootfs","readonly":true},"hostname":"box",
        "mounts":[{"destination":"/proc","type":"proc","source":"proc"},
        {"destination":"/dev","type":"tmpfs","source":"tmpfs",
        "options":["nosuid","mode=755"]}],
        "linux":{"namespaces":[{"type":"pid"},{"type":"mount"}],
        "uidMappings":[{"containerID":0,"hostID":1000,"size":1}],
        "seccomp":{"defaultAction":"SCMP_ACT_ALLOW"}}}"#;
    vec![text.as_bytes().to_vec()]
}

fn read_config(scratch: &Path, case: &[u8]) {
    fs::create_dir_all(scratch.join("rootfs")).expect("our own directory");
    fs::write(scratch.join("config.json"), case).expect("our own directory");
    let text = format!("oci:/bin/true:{}", scratch.display());
    let prepared = launchers::spec::Spec::parse(&text).map(|it| it.prepare());
    if let Ok(Ok(prepared)) = prepared {
        let arguments = ["--answer".to_owned(), "x".to_owned()];
        let _ = (prepared.argv)(&arguments);
        let _ = (prepared.files)(&arguments);
        let _ = prepared.files_on_terminal.map(|it| it(&arguments));
    }
}

fn policy() -> Vec<Vec<u8>> {
    let text = "[[launcher]]\nname = \"old\"\nrun = \"runc:/srv/box\"\n\n\
                [[launcher]]\nname = \"new\"\nrun = \"bwrap: --unshare-net\"\n\
                \n[[waive]]\nkey = \"env.*\"\nvalue = \"1\"\nin = \"new\"\n\
                why = \"known\"\nuntil = 2030-01-31\n\n[expect]\n\
                \"ns.net\" = \"new\"\n\"{umask,ids.uid}\" = [\"0\", \"22\"]\n";
    vec![text.as_bytes().to_vec()]
}

fn read_policy(_: &Path, case: &[u8]) {
    let text = String::from_utf8_lossy(case);
    let _ = launchers::policy::Policy::parse("launchers.toml", &text);
}

fn record() -> Vec<Vec<u8>> {
    let text = r#"{"schema":"nsteps.record/1","launcher":"env",
        "states":[{"name":"plain","observed":{"umask":"22","ids.uid":"0"}}]}"#;
    vec![text.as_bytes().to_vec()]
}

fn read_record(scratch: &Path, case: &[u8]) {
    let path = scratch.join("record.json");
    fs::write(&path, case).expect("our own directory");
    let _ = launchers::record::read(&path.to_string_lossy());
}

fn words() -> Vec<Vec<u8>> {
    [
        "bwrap: --bind / / --unshare-net",
        "sh -c 'umask 77; exec \"$@\"' sh {}",
        "podman: --network none alpine",
        "runc:/srv/box",
    ]
    .map(|it| it.as_bytes().to_vec())
    .to_vec()
}

fn read_words(_: &Path, case: &[u8]) {
    let text = String::from_utf8_lossy(case);
    let _ = launchers::spec::Spec::parse(&text);
}

/// Calls whose arguments are read from memory, and others.
const CALLS: &[&str] = &[
    "clone",
    "clone3",
    "close",
    "execve",
    "execveat",
    "fsconfig",
    "ioctl",
    "mount",
    "mount_setattr",
    "move_mount",
    "open_tree",
    "openat",
    "pivot_root",
    "prctl",
    "sendto",
    "setgroups",
    "sethostname",
    "setns",
    "umount2",
    "unshare",
    "wait4",
    "write",
];

/// What lies at the addresses of a call, and its registers, both of a case.
fn calls() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for call in 0..CALLS.len() {
        let mut case = vec![call as u8, 0];
        for register in 0..6_u64 {
            case.extend((register * 64).to_le_bytes());
        }
        case.extend(b"proc\0/proc\0proc\0rw\0\x01\x02\x03\x04\x05\x06\x07\x08");
        case.resize(512, 0);
        all.push(case);
    }
    all
}

struct Bytes<'a>(&'a [u8]);

impl Memory for Bytes<'_> {
    fn word(&self, address: u64) -> Option<[u8; 8]> {
        let from = usize::try_from(address).ok()?;
        self.0.get(from..from.checked_add(8)?)?.try_into().ok()
    }
}

fn read_call(_: &Path, case: &[u8]) {
    let first = usize::from(case.first().copied().unwrap_or(0));
    let name = CALLS[first % CALLS.len()];
    let rest = case.get(2..).unwrap_or_default();
    let mut registers = [0; 6];
    for (register, bytes) in registers.iter_mut().zip(rest.chunks_exact(8)) {
        *register = u64::from_le_bytes(bytes.try_into().unwrap_or_default());
    }
    let memory = Bytes(rest);
    let descriptors = Descriptors::from([(3, "/proc/7/uid_map".to_owned())]);
    let entry =
        Entry { name, registers, memory: &memory, descriptors: &descriptors };
    let _ = entry.arguments();
    let _ = entry.if_refused();
    let _ = (entry.opens(), entry.closes(), entry.executes());
    let _ = (entry.makes_thread(), entry.pidfd_address());
    let _ = entry.status_address();
}
