//! A session: a sandbox in which a check runs programs.

use harness::found::{Found, Refusal};
use harness::host::Equipment;
use harness::launcher::Launcher;
use harness::paths::{NEWROOT, OBSERVED_PROC, PROBE, PROGRAMS};
use harness::sandbox::Sandbox;
use harness::sandbox::listen::{LineRead, Running, read_line, read_to_end};
use harness::sandbox::plan::{Plan, Tree};
use harness::sandbox::protocol::Command;
use harness::scenario::{Identity, Mounts, Scenario};
use harness::step::{Arguments, Step};
use harness::timeout::{deadline, within};
use std::path::Path;

/// The language of the steps: the posts' programs are in C. Claims about Go run
/// programs in Go.
const PERFORMER: Launcher = Launcher::C;

/// The path of this command in every sandbox, for demonstrations.
pub const NSTEPS: &str = "/nsteps/bin/nsteps";

/// The end of a shell script: the script waits here until it is released.
const HOLD: &str = "echo ready; read _";

/// The conditions of checks: what the machine provides, and the identity of
/// root.
#[derive(Clone, Copy, Debug)]
pub struct Conditions<'a> {
    /// What this machine provides for sandboxes.
    pub equipment: &'a Equipment,
    /// The user that is root in the sandboxes.
    pub identity: Identity,
}

/// A sandbox, with what is needed to run programs in it.
pub struct Session<'a> {
    sandbox: Sandbox,
    conditions: Conditions<'a>,
}

/// What a program has printed, and how it ended.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// What the command wrote to standard output.
    pub stdout: String,
    /// What the command wrote to standard error.
    pub stderr: String,
    /// Its exit status as a shell shows it: 128+n for signal n.
    pub status: i32,
}

/// A program that waits until it is released.
pub struct Held {
    running: Running,
    /// What it has printed before it waited.
    pub said: String,
}

impl<'a> Conditions<'a> {
    /// Conditions in which root is the caller: root itself, or the root of a
    /// user namespace for an ordinary user.
    pub fn new(equipment: &'a Equipment) -> Conditions<'a> {
        Conditions { equipment, identity: Identity::natural() }
    }

    /// Makes a sandbox with such mounts.
    pub fn session(&self, mounts: Mounts) -> Found<Session<'a>> {
        self.enter(mounts, false)
    }

    /// Makes a sandbox with such mounts and a root filesystem at [`NEWROOT`].
    pub fn session_with_new_root(&self, mounts: Mounts) -> Found<Session<'a>> {
        self.enter(mounts, true)
    }

    fn enter(&self, mounts: Mounts, new_root: bool) -> Found<Session<'a>> {
        let scenario = Scenario { mounts, identity: self.identity };
        let mut plan = Plan::of(scenario, Tree::Small, self.equipment);
        if new_root {
            let rootfs = self.equipment.rootfs.as_ref();
            let rootfs = rootfs
                .map_err(|it| Refusal::Unavailable(it.message.clone()))?;
            plan.rootfs = Some(rootfs.clone());
        }
        let sandbox = Sandbox::enter(&plan, self.equipment)?;
        Ok(Session { sandbox, conditions: *self })
    }

    /// True if the caller is not root outside the sandbox.
    pub fn is_an_ordinary_user(&self) -> bool {
        self.identity == Identity::User
    }

    /// The path in a sandbox of a program that is built below `target/`.
    pub fn program(&self, name: &str, toolchain: &str) -> Found<String> {
        let built = self.equipment.layout.programs().join(name);
        if built.exists() {
            return Ok(format!("{PROGRAMS}/{name}"));
        }
        Err(Refusal::Unavailable(format!(
            "{} is not built: it needs {toolchain}",
            built.display()
        )))
    }

    /// Makes the check unavailable if a program is not installed.
    pub fn needs(&self, program: &str, package: &str) -> Found<()> {
        let dirs = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
        if dirs.iter().any(|dir| Path::new(dir).join(program).exists()) {
            return Ok(());
        }
        Err(Refusal::Unavailable(format!(
            "{program} is not here: install the package {package}"
        )))
    }

    /// The command line by which an ordinary user runs `argv` in a sandbox. If
    /// the caller is an ordinary user, it is `argv`.
    pub fn as_an_ordinary_user<'t>(&self, argv: &[&'t str]) -> Vec<&'t str> {
        let switch: &[&str] = match self.identity {
            Identity::Root => {
                &["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"]
            }
            Identity::User => &[],
        };
        [switch, argv].concat()
    }

    /// The command line of the step of that name, with `payload` as its
    /// payload.
    pub fn step(&self, name: &str, payload: &[&str]) -> Found<Vec<String>> {
        let step = Step::named(name).expect("it is in STEPS");
        let program = format!("{PERFORMER}/{name}");
        self.program(&program, PERFORMER.toolchain())?;
        let subject = (step.arguments == Arguments::NewRoot).then_some(NEWROOT);
        Ok(PERFORMER.argv(step, PROGRAMS, subject, payload))
    }
}

impl Session<'_> {
    /// Runs a command in the sandbox, without a step.
    pub fn run<S: AsRef<str>>(&mut self, argv: &[S]) -> Found<Said> {
        let mut running = self.start(argv)?;
        running.stdin = None;
        self.finish(running)
    }

    /// Runs a shell script in the sandbox, without a step.
    pub fn sh(&mut self, script: &str) -> Found<Said> {
        self.run(&["sh", "-c", script])
    }

    /// Runs a step with `payload` as its payload.
    pub fn step(&mut self, name: &str, payload: &[&str]) -> Found<Said> {
        let argv = self.conditions.step(name, payload)?;
        self.run(&argv)
    }

    /// Runs a step with a shell script as its payload.
    pub fn step_sh(&mut self, name: &str, script: &str) -> Found<Said> {
        self.step(name, &["sh", "-c", script])
    }

    /// Runs a demonstration of this command in the sandbox.
    pub fn demonstrate(&mut self, words: &[&str]) -> Found<Said> {
        self.run(&[&[NSTEPS, "demonstrate"], words].concat())
    }

    /// Runs a step with a shell script as its payload, and holds it at its end.
    pub fn hold_step(&mut self, name: &str, script: &str) -> Found<Held> {
        let script = format!("{script}\n{HOLD}");
        let argv = self.conditions.step(name, &["sh", "-c", &script])?;
        self.hold(&argv)
    }

    /// Runs a command whose shell script ends in [`HOLD`], and holds it there.
    fn hold<S: AsRef<str>>(&mut self, argv: &[S]) -> Found<Held> {
        let mut held = self.hold_until(argv, |said| said.ends_with("ready"))?;
        let before = held.said.strip_suffix("ready").unwrap_or(&held.said);
        held.said = before.trim_end().to_owned();
        Ok(held)
    }

    /// Runs a command that waits for the end of its input, and holds it after
    /// it has printed a line for which `ready` is true.
    pub fn hold_until<S: AsRef<str>>(
        &mut self,
        argv: &[S],
        ready: impl Fn(&str) -> bool,
    ) -> Found<Held> {
        let mut running = self.start(argv)?;
        let mut said = String::new();
        loop {
            let read = read_line(&mut running.stdout, deadline());
            let (line, is_whole) = match &read {
                LineRead::Line(line) => (line, true),
                LineRead::End(rest) | LineRead::Late(rest) => (rest, false),
            };
            said.push_str(&String::from_utf8_lossy(line));
            if is_whole {
                if ready(&said) {
                    return Ok(Held { running, said });
                }
                said.push('\n');
                continue;
            }
            drop(running.stdin.take());
            let stderr = read_to_end(&mut running.stderr, deadline());
            return Err(Refusal::Broken(format!(
                "{} did not get ready: {}{}",
                in_words(argv),
                said,
                String::from_utf8_lossy(&stderr)
            )));
        }
    }

    /// Like `hold_step`, for a shell script after any command line.
    pub fn hold_sh(&mut self, before: &[&str], script: &str) -> Found<Held> {
        let script = format!("{script}\n{HOLD}");
        self.hold(&[before, &["sh", "-c", &script]].concat())
    }

    /// Closes the input of a held program, so that it ends.
    pub fn release(&mut self, mut held: Held) -> Found<Said> {
        held.running.stdin = None;
        self.finish(held.running)
    }

    /// Starts a command and does not wait for it.
    pub fn start<S: AsRef<str>>(&mut self, argv: &[S]) -> Found<Running> {
        let argv = argv.iter().map(|it| it.as_ref().to_owned()).collect();
        Ok(self.sandbox.run(&Command { argv, ..Command::default() })?)
    }

    /// Waits until a command that was started has ended. Returns its status.
    pub fn ended(&mut self, pid: i32) -> Found<i32> {
        let ended = self.sandbox.wait(pid, deadline())?;
        let late =
            || Refusal::Broken(format!("a command did not end {}", within()));
        Ok(ended.ok_or_else(late)?.status)
    }

    fn finish(&mut self, mut running: Running) -> Found<Said> {
        let stdout = read_to_end(&mut running.stdout, deadline());
        let stderr = read_to_end(&mut running.stderr, deadline());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ended = self.sandbox.wait(running.pid, deadline())?;
        let ended = ended.ok_or_else(|| {
            let text = text(&stdout);
            Refusal::Broken(format!("it did not end {}: {text}", within()))
        })?;
        Ok(Said {
            stdout: text(&stdout).trim_end().to_owned(),
            stderr: text(&stderr).trim_end().to_owned(),
            status: ended.status,
        })
    }

    /// The mount table of the sandbox itself, read through a procfs that no
    /// step touches.
    pub fn table(&mut self) -> Found<String> {
        self.table_of("self")
    }

    /// The mount table of one of its processes.
    pub fn table_of(&mut self, pid: &str) -> Found<String> {
        let path = format!("{OBSERVED_PROC}/{pid}/mountinfo");
        self.run(&["cat", &path])?.well()
    }

    /// Runs the probe after the words `before`. Returns what it observes.
    pub fn probe(&mut self, before: &[&str], only: &[&str]) -> Found<Said> {
        self.run(&[before, &[PROBE, "--only"], only].concat())
    }

    /// The pid of the sandbox's init in the harness's /proc.
    pub fn init(&self) -> i32 {
        self.sandbox.init()
    }
}

impl Held {
    /// The pid of the held program in the sandbox.
    pub fn pid(&self) -> i32 {
        self.running.pid
    }
}

impl Said {
    /// What it printed, if its exit status is 0.
    pub fn well(self) -> Found<String> {
        if self.status == 0 {
            return Ok(self.stdout);
        }
        Err(Refusal::Broken(format!(
            "a command ended with {}: {}",
            self.status,
            [self.stdout, self.stderr].join(" ").trim()
        )))
    }

    /// Its error message: the first line of its standard error.
    pub fn error_message(&self) -> &str {
        self.stderr.lines().next().unwrap_or("nothing")
    }
}

/// The lines of a mount table whose mount point is `at`, the upper mount last.
pub fn mounts_at<'t>(table: &'t str, at: &str) -> Vec<&'t str> {
    table.lines().filter(|it| it.split(' ').nth(4) == Some(at)).collect()
}

/// The part of a line of a mount table about the propagation of the mount, or
/// `private` if there is none.
pub fn propagation(line: &str) -> String {
    let tags: Vec<&str> =
        line.split(' ').skip(6).take_while(|it| *it != "-").collect();
    if tags.is_empty() { "private".to_owned() } else { tags.join(" ") }
}

/// The last of these lines of a mount table, or [`NO_MOUNT`] if there is none.
pub fn topmost<'t>(lines: &[&'t str]) -> &'t str {
    lines.last().copied().unwrap_or(NO_MOUNT)
}

/// Lines of a mount table as evidence, without the options of the filesystem.
pub fn shown(lines: &[&str]) -> String {
    match lines.last().and_then(|line| line.rsplit_once(' ')) {
        Some((line, _)) => line.to_owned(),
        None => NO_MOUNT.to_owned(),
    }
}

/// Replaces a line if nothing is mounted.
pub const NO_MOUNT: &str = "no such mount";

/// A command line as a user types it, for messages.
fn in_words<S: AsRef<str>>(argv: &[S]) -> String {
    argv.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
63 38 0:40 / / rw,relatime shared:1 - tmpfs sandbox rw
70 63 0:41 / /proc rw,relatime - proc proc rw
71 70 0:42 / /proc rw shared:2 master:1 - proc proc rw";

    #[test]
    fn a_mount_table_is_read_by_its_fields() {
        let at_proc = mounts_at(TABLE, "/proc");
        assert_eq!(at_proc.len(), 2);
        assert_eq!(propagation(at_proc[0]), "private");
        assert_eq!(propagation(at_proc[1]), "shared:2 master:1");
        assert!(mounts_at(TABLE, "/pro").is_empty());
    }
}
