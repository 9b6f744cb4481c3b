//! How the three languages differ in starting a process, each with a check that
//! shows it on this machine.
//!
//! [`PITFALLS`] is the only list of them.  What a step does not show is shown
//! by a small program for each language: `reference-c/pitfalls`,
//! `reference-go/pitfalls`, `rust/pitfalls`.  A check says what it saw and
//! what the page says; the verdict follows from that alone.  What the kernel
//! does to all of them is in [`SURPRISES`]; the differences that comparisons
//! meet are in [`known`](compare::known), and are listed with these.

mod clone;
mod clone3;
pub mod compared;
mod devices;
mod init;
mod init_from_outside;
mod kernel;
mod launching;
mod listening;
mod names;
mod names_inside;
mod pitfall;
mod queues;
pub mod report;
mod root;
mod signals;
mod threads;
mod users;

pub use kernel::SURPRISES;
pub use pitfall::{Affected, Evidence, Pitfall, Sight};

use crate::checks::check::Check;
use crate::checks::session::{Conditions, Said, Session};
use compare::known::{KNOWN_DIFFERENCES, KnownDifference};
use harness::found::{Found, Refusal};
use harness::launcher::Launcher;
use harness::scenario::Mounts;

/// What there is to be shown.
#[derive(Clone, Copy, Debug)]
pub enum Difference {
    /// Something of [`PITFALLS`] or of [`SURPRISES`].
    Pitfall(&'static Pitfall),
    /// Something of [`KNOWN_DIFFERENCES`] that is no pitfall as well.
    Known(&'static KnownDifference),
}

impl Difference {
    /// All of them, pitfalls first, then the kernel's.
    pub fn all() -> Vec<Difference> {
        let known = KNOWN_DIFFERENCES
            .iter()
            .filter(|known| PITFALLS.iter().all(|it| it.slug != known.slug));
        PITFALLS
            .iter()
            .chain(SURPRISES)
            .map(Difference::Pitfall)
            .chain(known.map(Difference::Known))
            .collect()
    }

    /// The stem of its page.
    pub fn slug(&self) -> &'static str {
        match self {
            Difference::Pitfall(it) => it.slug,
            Difference::Known(it) => it.slug,
        }
    }

    /// The difference in one line, without a full stop.
    pub fn about(&self) -> &'static str {
        match self {
            Difference::Pitfall(it) => it.about,
            Difference::Known(it) => it.about,
        }
    }

    /// The affected languages, by name.
    pub fn affects(&self) -> Vec<&'static str> {
        match self {
            Difference::Pitfall(it) => {
                it.affects.iter().map(|it| it.name()).collect()
            }
            Difference::Known(it) => compared::deviating(it),
        }
    }
}

impl Check for Difference {
    type Seen = Evidence;

    fn label(self) -> String {
        self.slug().to_owned()
    }

    fn check(self, conditions: &Conditions<'_>) -> Found<Evidence> {
        match self {
            Difference::Pitfall(it) => (it.check)(conditions),
            Difference::Known(it) => compared::check(it, conditions.equipment),
        }
    }

    fn is_expected(self, seen: &Evidence) -> bool {
        seen.reproduced()
    }
}

/// The languages by themselves: the checks say which ways each of them has.
const C: Launcher = Launcher::C;
const GO: Launcher = Launcher::Go;
const RUST: Launcher = Launcher::Rust;

/// A way to launch, and what comes of it.
type Way<T> = (Launcher, &'static str, T);

/// A sandbox with the programs of the pitfalls.
struct Programs<'a> {
    conditions: Conditions<'a>,
    session: Session<'a>,
}

impl<'a> Programs<'a> {
    fn new(conditions: &Conditions<'a>) -> Found<Programs<'a>> {
        Programs::with_mounts(conditions, Mounts::Private)
    }

    /// The same with a root filesystem to pivot into.
    fn with_new_root(conditions: &Conditions<'a>) -> Found<Programs<'a>> {
        let session = conditions.session_with_new_root(Mounts::Private)?;
        Ok(Programs { conditions: *conditions, session })
    }

    fn with_mounts(
        conditions: &Conditions<'a>,
        mounts: Mounts,
    ) -> Found<Programs<'a>> {
        Ok(Programs {
            conditions: *conditions,
            session: conditions.session(mounts)?,
        })
    }

    /// Where a program is, in a sandbox.
    fn program(&self, launcher: Launcher, name: &str) -> Found<String> {
        let toolchain = launcher.toolchain();
        self.conditions.program(&format!("{launcher}/{name}"), toolchain)
    }

    /// Runs one of the programs of the pitfalls.
    fn run(
        &mut self,
        launcher: Launcher,
        name: &str,
        words: &[&str],
    ) -> Found<Said> {
        let program = self.program(launcher, &format!("pitfalls/{name}"))?;
        self.session.run(&[&[program.as_str()], words].concat())
    }

    /// Launches by one of the ways, beginning with `before`: nothing, or
    /// `start_with` and its options.
    fn launch(
        &mut self,
        before: &[&str],
        (launcher, way): (Launcher, &str),
        payload: &[&str],
    ) -> Found<Said> {
        let program = self.program(launcher, "pitfalls/launch")?;
        self.start(before, &[&[program.as_str(), way], payload].concat())
    }

    /// Runs a step.
    fn step(
        &mut self,
        launcher: Launcher,
        step: &str,
        payload: &[&str],
    ) -> Found<Said> {
        self.step_after(&[], launcher, step, payload)
    }

    /// Runs a step as [`launch`](Self::launch) launches.
    fn step_after(
        &mut self,
        before: &[&str],
        launcher: Launcher,
        step: &str,
        payload: &[&str],
    ) -> Found<Said> {
        let program = self.program(launcher, step)?;
        self.start(before, &[&[program.as_str()], payload].concat())
    }

    fn start(&mut self, before: &[&str], argv: &[&str]) -> Found<Said> {
        if before.is_empty() {
            return self.session.run(argv);
        }
        let start_with = self.program(C, "pitfalls/start_with")?;
        self.session.run(&[&[start_with.as_str()], before, argv].concat())
    }

    /// The version of Go that built the programs, as `(1, 26, 8)`.
    fn go_version(&mut self) -> Found<GoVersion> {
        let said = self.launch(&[], (GO, "version"), &["-"])?.well()?;
        parse_go(&said).ok_or_else(|| {
            Refusal::Broken(format!("{said} is no version of Go"))
        })
    }
}

/// A version of Go.
type GoVersion = (u32, u32, u32);

/// `go1.26.8` or `go1.19` as three numbers; a release candidate counts as the
/// release.
fn parse_go(version: &str) -> Option<GoVersion> {
    let mut parts = version.strip_prefix("go")?.split(['.', ' ', 'r', 'b']);
    let (major, minor) = (parts.next()?, parts.next()?);
    let patch = parts.next().and_then(|it| it.parse().ok()).unwrap_or(0);
    Some((major.parse().ok()?, minor.parse().ok()?, patch))
}

/// What a program said, errors included, on one line.
fn in_one_line(said: &Said) -> String {
    let text = [said.stdout.as_str(), said.stderr.as_str()].join("\n");
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    lines.join(" | ")
}

/// The launcher, as evidence names it.
fn by(launcher: Launcher, way: &str) -> String {
    let way = match way {
        "clone" if launcher == RUST => "nix::clone",
        "clone_newns" if launcher == RUST => "nix::clone(CLONE_NEWNS)",
        "clone_newns" => "clone(CLONE_NEWNS)",
        "clone_reset" => "nix::clone, SIGPIPE reset",
        "clone_vm" => "clone(CLONE_VM|CLONE_VFORK)",
        "fork" if launcher == RUST => "nix::fork",
        "command" => "Command",
        "command_env" => "Command::env",
        "command_no_dir" => "Command, no directory current_dir",
        "command_output" => "Command::output",
        "command_path" => "Command::env(\"PATH\")",
        "command_setuid" => "Command after setuid beside a thread",
        "execvpe_path" => "execvpe",
        "exec" if launcher == RUST => "Command::exec",
        "exec" => "syscall.Exec",
        "pre_exec" => "Command::pre_exec",
        "cmd" => "os/exec",
        "cmd_bare" => "os/exec, nothing set",
        "cmd_dir" => "os/exec, Cmd.Dir",
        "cmd_no_chroot" => "os/exec, no directory Chroot",
        "cmd_no_dir" => "os/exec, no directory Dir",
        "cmd_no_dir_attributes" => "os/exec, SysProcAttr and no directory Dir",
        "cmd_no_terminal" => "os/exec, Setctty without a terminal",
        "cmd_output" => "os/exec, Cmd.Output",
        "cmd_path" => "os/exec, PATH in Cmd.Env",
        "cmd_newns" => "Cloneflags: CLONE_NEWNS",
        "cmd_newtime" => "Cloneflags: CLONE_NEWTIME",
        "cmd_newuser" => "Cloneflags: CLONE_NEWUSER",
        "cmd_unshare_newns" => "Unshareflags: CLONE_NEWNS",
        "forkexec" => "syscall.ForkExec",
        "posix_spawn_path" => "posix_spawnp",
        "raw_exec" => "execve by RawSyscall",
        "setrlimit" => "os/exec, after Setrlimit",
        "thread" => "a thread",
        other => other,
    };
    format!("{launcher}, {way}")
}

/// Every pitfall, in the order of the book.
pub const PITFALLS: &[Pitfall] = &[
    Pitfall {
        slug: "process-creation",
        about: "a large parent starts slowly where its memory is copied",
        affects: &[Affected::C, Affected::Rust, Affected::Go],
        check: launching::process_creation,
    },
    Pitfall {
        slug: "between-clone-and-exec",
        about: "Go runs no code of yours there, and starts itself again",
        affects: &[Affected::Go],
        check: launching::between_clone_and_exec,
    },
    Pitfall {
        slug: "sigpipe",
        about: "a payload of nix's clone and execvp ignores SIGPIPE",
        affects: &[Affected::Rust],
        check: signals::sigpipe,
    },
    Pitfall {
        slug: "signals-32-33",
        about: "posix_spawn of the GNU C library leaves two signals ignored",
        affects: &[Affected::C, Affected::Rust],
        check: signals::internal,
    },
    Pitfall {
        slug: "inherited-signals",
        about: "C and Rust pass on what is blocked and ignored, Go does not",
        affects: &[Affected::C, Affected::Rust, Affected::Go],
        check: signals::inherited,
    },
    Pitfall {
        slug: "sigchld-ignored",
        about: "with SIGCHLD ignored by the caller, wait can only say ECHILD",
        affects: &[Affected::C, Affected::Rust],
        check: signals::sigchld_ignored,
    },
    Pitfall {
        slug: "no-chdir",
        about: "without chdir after pivot_root the old directory is still open",
        affects: &[Affected::C, Affected::Rust, Affected::Go],
        check: root::no_chdir,
    },
    Pitfall {
        slug: "path-lookup",
        about: "Go looks names up before there is a new root",
        affects: &[Affected::Go],
        check: launching::path_lookup,
    },
    Pitfall {
        slug: "environment",
        about: "libraries drop duplicates, sort, and add PWD",
        affects: &[Affected::Rust, Affected::Go],
        check: launching::environment,
    },
    Pitfall {
        slug: "rlimit-nofile",
        about: "Go raises its limit of files, and may hand the raised one on",
        affects: &[Affected::Go],
        check: launching::limit_of_files,
    },
    Pitfall {
        slug: "descriptors",
        about: "what was inherited without close-on-exec reaches the payload",
        affects: &[Affected::C, Affected::Rust, Affected::Go],
        check: launching::descriptors,
    },
    Pitfall {
        slug: "stdio-default",
        about: "streams that the caller did not set are /dev/null in Go",
        affects: &[Affected::Go],
        check: launching::stdio_default,
    },
    Pitfall {
        slug: "goroutines",
        about: "a goroutine leaves the thread that has changed namespaces",
        affects: &[Affected::Go],
        check: threads::goroutines,
    },
    Pitfall {
        slug: "hidden-first-child",
        about: "after unshare(CLONE_NEWPID) os/exec starts nothing: ENOMEM",
        affects: &[Affected::Go],
        check: threads::hidden_first_child,
    },
    Pitfall {
        slug: "threads-and-setns",
        about: "with a second thread some namespaces are EINVAL",
        affects: &[Affected::C, Affected::Rust, Affected::Go],
        check: threads::threads_and_setns,
    },
    Pitfall {
        slug: "unshareflags",
        about: "Unshareflags makes / private, Cloneflags does not",
        affects: &[Affected::Go],
        check: clone::unshareflags,
    },
    Pitfall {
        slug: "pdeathsig",
        about: "the death signal comes when the thread ends, not the process",
        affects: &[Affected::C, Affected::Rust, Affected::Go],
        check: threads::pdeathsig,
    },
    Pitfall {
        slug: "locks-after-clone",
        about: "a lock that another thread held is never released",
        affects: &[Affected::C, Affected::Rust],
        check: threads::locks_after_clone,
    },
    Pitfall {
        slug: "clone-without-signal",
        about: "without an exit signal wait does not see the child",
        affects: &[Affected::C, Affected::Rust],
        check: clone::without_signal,
    },
    Pitfall {
        slug: "pid-1-and-signals",
        about: "a Go init dies of signals that others do not notice",
        affects: &[Affected::Go],
        check: init::signals,
    },
    Pitfall {
        slug: "orphan-after-ctrl-c",
        about: "Ctrl-C ends the launcher and not the container",
        affects: &[Affected::C, Affected::Rust, Affected::Go],
        check: init::orphan,
    },
    Pitfall {
        slug: "map-without-a-pipe",
        about: "a child that execs before its id map is written loses capabilities",
        affects: &[Affected::C, Affected::Rust],
        check: clone::map_without_a_pipe,
    },
    Pitfall {
        slug: "newtime-through-clone",
        about: "clone takes CLONE_NEWTIME for a part of the exit signal",
        affects: &[Affected::C, Affected::Rust, Affected::Kernel],
        check: clone::newtime,
    },
    Pitfall {
        slug: "low-end-stack",
        about: "a stack passed by its low end changes its parent's memory",
        affects: &[Affected::C],
        check: clone::low_end_stack,
    },
    Pitfall {
        slug: "two-children-on-one-stack",
        about: "a child that launches on its own stack writes over itself",
        affects: &[Affected::C, Affected::Rust],
        check: clone::two_children,
    },
    Pitfall {
        slug: "ids-in-borrowed-memory",
        about: "setuid between vfork and exec makes the parent undumpable",
        affects: &[Affected::C, Affected::Go],
        check: clone::ids_in_borrowed_memory,
    },
    Pitfall {
        slug: "empty-dev",
        about: "without /dev/null Rust and Go end before they begin",
        affects: &[Affected::Rust, Affected::Go],
        check: devices::empty_dev,
    },
    Pitfall {
        slug: "another-user",
        about: "a payload that becomes another user keeps groups of root",
        affects: &[Affected::C, Affected::Rust, Affected::Go],
        check: users::another_user,
    },
    Pitfall {
        slug: "names-in-the-new-root",
        about: "a lookup of a name executes code of the new root",
        affects: &[Affected::C, Affected::Go],
        check: names_inside::lookups,
    },
    Pitfall {
        slug: "clone3-refused",
        about: "where clone3 is EPERM, the GNU C library starts nothing",
        affects: &[Affected::C, Affected::Go],
        check: clone3::refused,
    },
    Pitfall {
        slug: "listen-pid",
        about: "a payload leaves the sockets that systemd opened for it",
        affects: &[Affected::C, Affected::Rust, Affected::Go],
        check: listening::through_a_fork,
    },
    Pitfall {
        slug: "mode-of-a-queue",
        about: "mq_open of nix without attributes passes no mode either",
        affects: &[Affected::Rust],
        check: queues::mode,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_unique() {
        let all = Difference::all();
        for one in &all {
            let same = all.iter().filter(|it| it.slug() == one.slug());
            assert_eq!(same.count(), 1, "{}", one.slug());
            assert!(!one.about().ends_with('.'), "{}", one.slug());
            assert!(!one.affects().is_empty(), "{}", one.slug());
        }
    }

    #[test]
    fn the_verdict_follows_from_what_was_seen() {
        let mut evidence = Evidence::new();
        assert!(!evidence.reproduced(), "nothing was seen");
        evidence.see("c", "141", "141");
        assert!(evidence.reproduced());
        evidence.see("rust", "141", "1");
        assert!(!evidence.reproduced());
        assert_eq!(evidence.sights[1].described.as_deref(), Some("1"));
    }

    #[test]
    fn versions_of_go_are_read() {
        assert_eq!(parse_go("go1.26.8"), Some((1, 26, 8)));
        assert_eq!(parse_go("go1.19"), Some((1, 19, 0)));
        assert_eq!(parse_go("go1.23rc1"), Some((1, 23, 0)));
        assert_eq!(parse_go("devel"), None);
    }
}
