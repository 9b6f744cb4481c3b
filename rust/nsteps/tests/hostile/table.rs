//! The table of trials: a setting, commands in it, their exit statuses, and the
//! words of their answers.
//!
//! The first part is made from the list of system calls in `refuse.c`: each is
//! refused in each way. What takes long is tried only by `make soak`.

use crate::availability::{is_of_the_machine, unavailable};
use crate::{Found, program};
use harness::host::layout::Layout;
use harness::timeout::{any_readable, deadline};
use libtest_mimic::{Completion, Failed, Trial};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What every answer is held against, whatever the setting: it is no panic, no
/// signal but one that the setting sends, and it comes in time. One of the
/// statuses, and if it is 2 one of the words.
struct Expected<'a> {
    statuses: &'a [i32],
    words: &'a [&'a str],
    signal: Option<i32>,
}

/// The trials of the table.
pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for row in ROWS {
        trials.push(Trial::ignorable_test(row.name, || row.tried()));
    }
    for (kind, is_needed) in LIMITS {
        for most in [0, 2] {
            let name = format!("limited::{kind}::{most}");
            let tried = move || limited(kind, most, *is_needed);
            trials.push(Trial::ignorable_test(name, tried));
        }
    }
    let refuse = match refuse() {
        Ok(refuse) => refuse,
        Err(why) => {
            let why = why.message().unwrap_or("refuse.c").to_owned();
            let tried = move || unavailable(&why);
            trials.push(Trial::ignorable_test("refused", tried));
            return trials;
        }
    };
    for call in calls(&refuse) {
        for (answer, is_long) in ANSWERS {
            let (refuse, call) = (refuse.clone(), call.clone());
            let name = format!("refused::{call}::{answer}");
            let tried = move || refused(&refuse, &call, answer);
            let trial = Trial::ignorable_test(name, tried);
            trials.push(trial.with_ignored_flag(*is_long));
        }
    }
    trials
}

/// What the kernel answers instead of doing a call, and whether this is for the
/// long run only.
const ANSWERS: &[(&str, bool)] =
    &[("EPERM", false), ("ENOSYS", true), ("kill", true)];

/// What is told about a call that is refused, if that is not its name: what was
/// being done.
const DONE_BY: &[(&str, &[&str])] = &[
    ("bind", &["listen on a socket"]),
    ("clone", &["start the sandbox"]),
    ("dup2", &["start the sandbox"]),
    ("fcntl", &["take the harness's socket", "start the sandbox"]),
    ("getdents64", &["read /", "mount cgroup2"]),
    ("listen", &["listen on a socket"]),
    ("mkdir", &["make /"]),
    ("pidfd_open", &["open the sandbox's init"]),
    ("pipe2", &["start the sandbox"]),
    ("prlimit64", &["setrlimit"]),
    ("readlink", &["/proc", "cannot find the nsteps repository"]),
    ("recvmsg", &["read from the sandbox's socket"]),
    ("rt_sigprocmask", &["block SIGCHLD"]),
    ("sendmsg", &["write to the sandbox's socket"]),
    ("sendto", &["make a veth pair"]),
    ("signalfd4", &["make a signalfd"]),
    ("socket", &["make a veth pair"]),
    ("socketpair", &["make a socket pair"]),
    ("symlink", &["link /"]),
    ("umount2", &["detach "]),
    ("wait4", &["waitpid", "exit status"]),
];

/// A call that the runtime of Rust's standard library makes before `main`, and
/// aborts if it is refused.
const OF_THE_RUNTIME: &str = "poll";

/// The signal of a filter that kills.
const SYS: i32 = nix::sys::signal::Signal::SIGSYS as i32;

/// The signal of a process that aborts.
const ABORT: i32 = nix::sys::signal::Signal::SIGABRT as i32;

/// The program that refuses a call, compiled once.
fn refuse() -> Result<PathBuf, Failed> {
    static MADE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/hostile/refuse.c");
        let program =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-refuse");
        let mut cc = Command::new("cc");
        cc.args(["-Wall", "-Wextra", "-Werror", "-O1", "-o"]);
        let made = cc.arg(&program).arg(&source).status();
        made.is_ok_and(|it| it.success()).then_some(program)
    });
    made.clone().ok_or_else(|| "cc cannot compile refuse.c".into())
}

/// The calls that it can refuse.
fn calls(refuse: &Path) -> Vec<String> {
    let output = Command::new(refuse).output();
    let text = output.map(|it| it.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

/// Both kinds of sandbox with a call refused.
fn refused(refuse: &Path, call: &str, answer: &str) -> Found {
    let words = match DONE_BY.iter().find(|(it, _)| *it == call) {
        Some((_, words)) => words,
        None => &[call][..],
    };
    let killed = [
        "SIGSYS",
        "the sandbox is gone",
        "the launcher did not run the probe",
        "the tracer wrote nothing",
        "exit status",
        "cannot make",
    ];
    let is_killed = answer == "kill";
    let expected = Expected {
        statuses: &[0, 1, 2],
        words: if is_killed { &killed } else { words },
        signal: match call {
            OF_THE_RUNTIME if !is_killed => Some(ABORT),
            _ => is_killed.then_some(SYS),
        },
    };
    for line in ["trace uts --lang rust", "observe -- env"] {
        let mut command = Command::new(refuse);
        command.args([call, answer]).arg(program()?);
        expected.of(command.args(line.split(' ')))?;
    }
    Ok(Completion::Completed)
}

impl Expected<'_> {
    fn of(&self, command: &mut Command) -> Result<(), Failed> {
        let said = tempfile::tempfile()?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said.try_clone()?)
            .env("NSTEPS_TIMEOUT", "4")
            .spawn()?;
        let pidfd = kernel::pidfd_open(child.id().cast_signed())?;
        if !any_readable(&[pidfd.as_fd()], deadline()) {
            child.kill()?;
            child.wait()?;
            return Err(format!("{command:?}: it does not end").into());
        }
        let status = child.wait()?;
        let said = read(&said)?;
        let is_right =
            match status.code() {
                None => status.signal() == self.signal,
                Some(2) => self.words.iter().any(|it| said.contains(it)),
                Some(_) => true,
            } && status.code().is_none_or(|it| self.statuses.contains(&it));
        match is_right && !said.contains("panicked") {
            true => Ok(()),
            false => Err(format!(
                "{command:?}: expected {:?} with one of {:?}, found {status} \
                 and `{said}`",
                self.statuses, self.words
            )
            .into()),
        }
    }
}

fn read(mut file: &std::fs::File) -> Result<String, Failed> {
    use std::io::{Read, Seek};
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A setting, which is a command line that becomes nsteps, and what is tried in
/// it.
struct Row {
    name: &'static str,
    setting: &'static str,
    lines: &'static [&'static str],
    statuses: &'static [i32],
    words: &'static [&'static str],
}

/// A setting in new namespaces of these kinds, whose root prepares it by a
/// script.
fn in_namespaces(kinds: &str, script: &str) -> String {
    let mapped = match nix::unistd::geteuid().is_root() {
        true => "",
        false => "--user --map-root-user",
    };
    format!(
        "exec unshare {mapped} {kinds} sh -c '{{ {script}; }} || exit 77; \
         exec \"$@\"' sh \"$@\""
    )
}

/// The limits on the number of namespaces that a user namespace may have, and
/// whether a sandbox for a step needs one of the kind.
const LIMITS: &[(&str, bool)] = &[
    ("cgroup", false),
    ("ipc", true),
    ("mnt", true),
    ("net", true),
    ("pid", true),
    ("time", false),
    ("user", false),
    ("uts", true),
];

/// A sandbox where only as many namespaces of a kind may be made.
fn limited(kind: &str, most: u32, is_needed: bool) -> Found {
    let file = format!("/proc/sys/user/max_{kind}_namespaces");
    let setting = format!(
        "exec unshare --user --map-root-user sh -c \
         'echo {most} >{file} || exit 77; exec \"$@\"' sh \"$@\""
    );
    let named = format!("user.max_{kind}_namespaces is {most}: raise it");
    let expected = Expected {
        statuses: if is_needed && most == 0 { &[2] } else { &[0] },
        words: &[&named],
        signal: None,
    };
    let mut command = Command::new("sh");
    command.args(["-c", &setting, "sh"]).arg(program()?);
    command.args(["trace", "uts", "--lang", "rust"]);
    expected.of(&mut command)?;
    Ok(Completion::Completed)
}

/// What the settings begin with for a limit that does not hold for root.
const A_USER: &str = "exec setpriv --reuid 4242 --regid 4242 --clear-groups";

const ROWS: &[Row] = &[
    Row {
        name: "standard_error_is_full",
        setting: "exec \"$@\" 2>/dev/full",
        lines: &[
            "",
            "list --no-such-option",
            "compare nosuch",
            "explain nosuch",
        ],
        statuses: &[2],
        words: &[""],
    },
    Row {
        name: "standard_error_has_no_reader",
        setting: "exec 3>&1; { \"$@\" 3>&-; echo $? >&3; } 2>&1 | :; \
                  exit 2",
        lines: &["", "compare nosuch"],
        statuses: &[2],
        words: &[""],
    },
    Row {
        name: "standard_output_is_full",
        setting: "exec \"$@\" >/dev/full",
        lines: &["list", "doctor", "explain ns.net", "completions bash"],
        statuses: &[2],
        words: &["write to standard output: No space left on device"],
    },
    Row {
        name: "all_streams_are_full",
        setting: "exec \"$@\" >/dev/full 2>&1",
        lines: &["list", "doctor"],
        statuses: &[2],
        words: &[""],
    },
    Row {
        name: "no_stream_is_open",
        setting: "exec \"$@\" <&- >&- 2>&-",
        lines: &["list", "observe -- env", "trace -- true", "run uts -- true"],
        statuses: &[0, 2],
        words: &[""],
    },
    Row {
        name: "files_may_not_grow",
        // Standard error is a file, too.
        setting: "ulimit -f 0; exec \"$@\" >$(mktemp)",
        lines: &["list", "observe -- env"],
        statuses: &[2],
        words: &[""],
    },
    Row {
        name: "the_stack_is_small",
        setting: "ulimit -s 64; exec \"$@\"",
        lines: &[
            "list",
            "explain ns.net",
            "observe -- env",
            "trace -- true",
            "trace uts --lang rust",
            "run uts -- true",
        ],
        statuses: &[0],
        words: &[],
    },
    Row {
        name: "few_files_may_be_open",
        setting: "ulimit -n 30; exec \"$@\"",
        lines: &["observe -- env", "trace -- true", "doctor"],
        statuses: &[2],
        words: &["only 30 files may be open"],
    },
    Row {
        name: "a_user_may_have_one_process",
        setting: "A_USER prlimit --nproc=1 \"$@\"",
        lines: &["observe -- env", "trace -- true"],
        statuses: &[2],
        words: &["start the sandbox: Resource temporarily unavailable"],
    },
    Row {
        name: "a_user_may_have_a_few_processes",
        setting: "A_USER prlimit --nproc=5 \"$@\"",
        lines: &["observe -- env", "trace -- true", "compare uts", "list"],
        statuses: &[0, 2],
        words: &["EAGAIN", ""],
    },
    Row {
        name: "there_is_little_memory",
        setting: "ulimit -d 1000; exec \"$@\"",
        lines: &["compare uts --lang rust,c", "observe -- env", "list"],
        statuses: &[0, 1, 2],
        words: &["allocate memory: ENOMEM", "ENOMEM", "Out of memory", ""],
    },
    Row {
        // Go's runtime reserves more than that before `main`.
        name: "there_is_little_address_space",
        setting: "ulimit -v 50000; exec \"$@\"",
        lines: &["compare uts"],
        statuses: &[0, 2],
        words: &[""],
    },
    Row {
        name: "the_locale_is_unknown",
        setting: "LC_ALL=xx_YY.utf8; LANG=xx; export LC_ALL LANG; exec \"$@\"",
        lines: &["list", "observe -- env", "trace uts --lang rust", "show uts"],
        statuses: &[0],
        words: &[],
    },
    Row {
        name: "the_home_directory_is_missing",
        setting: "HOME=/nowhere/at/all; export HOME; exec \"$@\"",
        lines: &["list", "observe -- env", "run uts -- true"],
        statuses: &[0],
        words: &[],
    },
    Row {
        name: "the_path_is_empty",
        setting: "PATH=; export PATH; exec \"$@\"",
        lines: &["list", "observe -- /usr/bin/env", "trace uts --lang rust"],
        statuses: &[0],
        words: &[],
    },
    Row {
        name: "tmp_is_full",
        setting: "mounts: mount -t tmpfs -o size=4k none /tmp && \
                  head -c 4096 /dev/zero >/tmp/full",
        lines: &["trace uts --lang rust", "observe -- env"],
        statuses: &[0, 2],
        words: &["/tmp", "No space left on device"],
    },
    Row {
        name: "a_user_may_make_no_user_namespace",
        setting: "unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_mnt_namespaces; \
                  exec \"$@\"' sh \"$@\"",
        lines: &["observe -- env", "trace -- true"],
        statuses: &[2],
        words: &["max_mnt_namespaces"],
    },
    Row {
        name: "the_current_directory_is_gone",
        setting: "d=$(mktemp -d); cd \"$d\"; rmdir \"$d\"; exec \"$@\"",
        lines: &["list", "observe -- env", "trace -- true", "run uts -- true"],
        statuses: &[0, 2],
        words: &[""],
    },
    Row {
        name: "nothing_is_in_the_environment",
        setting: "exec env -i NSTEPS_ROOT=\"$NSTEPS_ROOT\" \"$@\"",
        lines: &["list", "observe -- env", "trace -- true", "show uts"],
        statuses: &[0],
        words: &[],
    },
    Row {
        name: "the_umask_forbids_everything",
        setting: "umask 777; exec \"$@\"",
        lines: &["observe -- env", "trace uts --lang rust", "run uts -- true"],
        statuses: &[0],
        words: &[],
    },
    Row {
        name: "every_signal_is_ignored",
        setting: "trap '' CHLD HUP INT PIPE TERM USR1 XFSZ; exec \"$@\"",
        lines: &["observe -- env", "trace uts --lang rust"],
        statuses: &[0],
        words: &[],
    },
    Row {
        name: "tmp_is_read_only",
        setting: "mounts: mount -t tmpfs -o ro none /tmp",
        lines: &["trace uts --lang rust", "run uts -- true"],
        statuses: &[0, 2],
        words: &["/tmp"],
    },
    Row {
        name: "sys_is_empty",
        setting: "mounts: mount -t tmpfs none /sys",
        lines: &["trace uts --lang rust", "observe -- env"],
        statuses: &[0],
        words: &[],
    },
    Row {
        name: "sysctls_are_masked",
        setting: "mounts: mount -t tmpfs none /proc/sys",
        lines: &["trace uts --lang rust", "run uts -- true", "list"],
        statuses: &[0, 2],
        words: &["unmask it", "/proc"],
    },
    Row {
        name: "proc_is_missing",
        setting: "mounts: mount -t tmpfs none /proc",
        lines: &["trace uts --lang rust", "observe -- env", "doctor"],
        statuses: &[2],
        words: &["nothing can be observed without procfs"],
    },
    Row {
        name: "dev_is_empty",
        setting: "mounts: mount -t tmpfs none /dev",
        lines: &["trace uts --lang rust", "observe -- env"],
        statuses: &[2],
        words: &[
            "open /dev/null (if there is none, bind the host's): No such file",
        ],
    },
    Row {
        name: "busybox_is_a_pipe",
        setting: "mounts: mkfifo \"$OWN/pipe\" && \
                  mount --bind \"$OWN/pipe\" /bin/busybox",
        lines: &["trace uts --lang rust", "run uts -- true", "doctor"],
        statuses: &[0, 1],
        words: &[],
    },
    Row {
        name: "the_timeout_is_no_number",
        setting: "exec env NSTEPS_TIMEOUT=soon \"$@\"",
        lines: &["observe -- env", "doctor"],
        statuses: &[2],
        words: &["is no number of seconds"],
    },
];

impl Row {
    fn tried(&self) -> Found {
        let layout = Layout::find().map_err(|it| it.message)?;
        let is_root = nix::unistd::geteuid().is_root();
        let user = if is_root { A_USER } else { "exec" };
        let own = tempfile::tempdir()?;
        let setting = match self.setting.strip_prefix("mounts: ") {
            None => self.setting.replace("A_USER", user),
            Some(script) => in_namespaces("--mount", script),
        };
        let expected = Expected {
            statuses: self.statuses,
            words: self.words,
            signal: None,
        };
        for line in self.lines {
            let mut command = Command::new("sh");
            command.args(["-c", &setting, "sh"]).arg(program()?);
            command.args(line.split(' ').filter(|it| !it.is_empty()));
            command.env("NSTEPS_ROOT", layout.root());
            command.env("OWN", own.path());
            let _ = std::fs::remove_file(own.path().join("pipe"));
            if let Err(why) = expected.of(&mut command) {
                let why = why.message().unwrap_or("it failed").to_owned();
                if is_of_the_machine(&why) && !self.statuses.contains(&2) {
                    return unavailable(&why);
                }
                return Err(why.into());
            }
        }
        Ok(Completion::Completed)
    }
}
