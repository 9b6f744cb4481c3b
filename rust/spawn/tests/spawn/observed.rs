//! How a payload is started and looked at: what it prints, and what /proc says
//! of it while it waits.

use std::fs;
use std::io::{self, PipeWriter, Read, Write, pipe};
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nsteps_spawn::{Action, Child, Command, Error, IdMap, Mount};
use tempfile::TempDir;

/// Why a test did not pass.
#[derive(Debug)]
pub enum Trouble {
    Failed(String),
    /// This machine, or this user, cannot run it.
    Unavailable(String),
}

pub type Outcome = Result<(), Trouble>;

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Trouble::Failed(error.to_string())
    }
}

impl From<nix::Error> for Trouble {
    fn from(error: nix::Error) -> Self {
        Trouble::Failed(error.to_string())
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let is_refused = error.action() == Action::Clone
            && error.errno() == Some(libc::EPERM);
        match is_refused {
            true => Trouble::Unavailable(error.to_string()),
            false => Trouble::Failed(error.to_string()),
        }
    }
}

/// Fails with the two values unless they are equal.
pub fn same<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(
    what: &str,
    seen: T,
    expected: U,
) -> Outcome {
    match seen == expected {
        true => Ok(()),
        false => Err(Trouble::Failed(format!(
            "{what}: {seen:?}, and should be {expected:?}"
        ))),
    }
}

/// Fails with the words unless it holds.
pub fn holds(is: bool, what: impl Into<String>) -> Outcome {
    if is { Ok(()) } else { Err(Trouble::Failed(what.into())) }
}

/// A process that runs a part of a test ends well, and in time; else it is
/// ended.
pub fn succeeds(mut process: Child, bound: Duration) -> Outcome {
    match process.wait_until(bound)? {
        Some(status) => holds(status.success(), format!("{status}")),
        None => {
            process.kill()?;
            process.wait()?;
            Err(Trouble::Failed(format!("not ended within {bound:?}")))
        }
    }
}

pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// What a test says that an ordinary user cannot run.
pub const NEEDS_ROOT: &str = "needs root";

pub fn needs_root() -> Outcome {
    match is_root() {
        true => Ok(()),
        false => Err(Trouble::Unavailable(NEEDS_ROOT.to_owned())),
    }
}

/// How long anything may take.
pub const BOUND: Duration = Duration::from_secs(60);

/// A command that may make namespaces: of an ordinary user it has a user
/// namespace.
pub fn isolated<'fd>(program: &str) -> Command<'fd> {
    let command = Command::new(program);
    match is_root() {
        true => command,
        false => command.user(IdMap::root_of_caller()),
    }
}

/// A shell that runs a script.
pub fn script<'fd>(text: &str) -> Command<'fd> {
    isolated("/bin/sh").args(["-c", text])
}

/// What a payload prints. It must end with 0.
pub fn output(command: Command<'_>) -> Result<String, Trouble> {
    let (mut reader, writer) = pipe()?;
    let mut child = command.stdout(&writer).spawn()?;
    drop(writer);
    let mut text = String::new();
    reader.read_to_string(&mut text)?;
    match child.wait_until(BOUND)? {
        Some(status) if status.success() => Ok(text.trim().to_owned()),
        status => Err(Trouble::Failed(format!("{status:?} after {text:?}"))),
    }
}

/// A payload that waits until it is dropped.
pub struct Held {
    child: Child,
    _input: PipeWriter,
}

/// The program that waits: it ends with its standard input.
pub const WAITING: &str = "/bin/cat";

/// Starts a command whose program waits. Returns when it runs: the launch is
/// over a moment before, when the kernel has yet to close descriptors and to
/// set the capabilities.
pub fn held(command: Command<'_>) -> Result<Held, Trouble> {
    let (reader, mut input) = pipe()?;
    let (mut output, writer) = pipe()?;
    let child = command.stdin(&reader).stdout(&writer).spawn()?;
    drop(writer);
    let held = Held { child, _input: input.try_clone()? };
    input.write_all(b"?")?;
    let mut polled = [PollFd::new(output.as_fd(), PollFlags::POLLIN)];
    let bound = PollTimeout::try_from(BOUND).unwrap_or(PollTimeout::MAX);
    if poll(&mut polled, bound)? == 0 {
        let what = format!("the payload gave nothing back within {BOUND:?}");
        return Err(Trouble::Failed(what));
    }
    output.read_exact(&mut [0])?;
    Ok(held)
}

impl Held {
    pub fn child(&self) -> &Child {
        &self.child
    }

    /// A file of its directory in /proc, as it is seen from outside.
    pub fn read(&self, file: &str) -> Result<String, Trouble> {
        let path = format!("/proc/{}/{file}", self.child.pid());
        fs::read_to_string(&path)
            .map_err(|error| Trouble::Failed(format!("{path}: {error}")))
    }

    /// A link of its directory in /proc.
    pub fn link(&self, link: &str) -> Result<PathBuf, Trouble> {
        let path = format!("/proc/{}/{link}", self.child.pid());
        fs::read_link(&path)
            .map_err(|error| Trouble::Failed(format!("{path}: {error}")))
    }

    /// The words behind a name in its file `status`.
    pub fn status(&self, name: &str) -> Result<String, Trouble> {
        let text = self.read("status")?;
        let found = text.lines().find_map(|line| {
            line.strip_prefix(name)?.strip_prefix(':').map(str::trim)
        });
        let words = found.unwrap_or_default().split_whitespace();
        Ok(words.collect::<Vec<_>>().join(" "))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A root directory that has the programs of the host, and empty directories.
pub struct Root(TempDir);

/// Where the host keeps programs and what they need.
const PROGRAMS: [&str; 5] = ["bin", "lib", "lib32", "lib64", "usr"];
const EMPTY: [&str; 4] = ["dev", "mnt", "proc", "tmp"];

impl Root {
    pub fn new() -> io::Result<Self> {
        let root = TempDir::new()?;
        for name in EMPTY {
            fs::create_dir(root.path().join(name))?;
        }
        for name in PROGRAMS {
            let host = Path::new("/").join(name);
            let place = root.path().join(name);
            if let Ok(target) = fs::read_link(&host) {
                symlink(target, place)?;
            } else if host.is_dir() {
                fs::create_dir(place)?;
            }
        }
        Ok(Root(root))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The command in this root, with the programs bound.
    pub fn enter<'fd>(&self, command: Command<'fd>) -> Command<'fd> {
        let mut command = command.root(self.path());
        for name in PROGRAMS {
            let host = Path::new("/").join(name);
            if host.is_dir() && !host.is_symlink() {
                command = command.mount(Mount::bind(&host, &host).read_only());
            }
        }
        command
    }
}
