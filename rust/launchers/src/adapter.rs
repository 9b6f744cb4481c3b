//! The adapters: how each kind of launcher is told to run the probe.
//!
//! [`ADAPTERS`] is the only list of them; each has one file.

mod bwrap;
pub(crate) mod cmd;
mod docker;
mod firejail;
mod nspawn;
mod oci;
mod podman;
pub mod run;
mod srt;

use harness::error::{Error, Result};
use harness::sandbox::protocol::PutFile;
use harness::trial::daemon::Bound;
use std::path::{Path, PathBuf};

/// A kind of launcher, which the word before the colon names.
#[derive(Debug)]
pub struct Adapter {
    /// What stands before the colon.
    pub name: &'static str,
    /// What stands behind the colon.
    pub takes: &'static str,
    /// What it starts, in one line without a full stop.
    pub about: &'static str,
    /// Whether there must be words behind the colon.
    pub needs_words: bool,
    /// Makes a launcher of the words. It reads the host and changes nothing.
    prepare: fn(&[String]) -> Result<Prepared>,
}

/// Something made of the probe's arguments.
pub type OfProbe<T> = Box<dyn Fn(&[String]) -> Vec<T> + Send + Sync>;

/// A command line around what is bound into a container and the probe's
/// arguments.
pub type OfBound = Box<dyn Fn(&Bound, &[String]) -> Vec<String> + Send + Sync>;

/// What starts the probe under a launcher, as functions of the probe's
/// arguments.
pub struct Prepared {
    /// The program that is started, on the host.
    pub program: PathBuf,
    /// The command line around the probe.
    pub argv: OfProbe<String>,
    /// The command line around what is bound into a container and the probe's
    /// arguments, for a launcher whose payload a daemon starts on the host; then
    /// there is no sandbox, and the command line above is not used.
    pub on_host: Option<OfBound>,
    /// The files that the command line needs in the sandbox.
    pub files: OfProbe<PutFile>,
    /// The same where the launcher is started on a terminal, if that is not the
    /// same.
    pub files_on_terminal: Option<OfProbe<PutFile>>,
    /// An OCI bundle that the sandbox shows at
    /// [`BUNDLE`](harness::paths::BUNDLE).
    pub bundle: Option<PathBuf>,
    /// Whether the launcher needs a root filesystem of the sandbox's.
    pub needs_rootfs: bool,
    /// The variables that this launcher wants to find in the environment of
    /// process 1, in which no launcher is started.
    pub of_init: Vec<(String, String)>,
    /// What this launcher isolates on every machine, as keys of an effect. One
    /// that is not changed here means that the launcher does less here.
    pub always: Vec<String>,
    /// A command that prints the path of the program that this launcher is going
    /// to run to isolate the payload; it is asked in a sandbox.
    pub names_runtime: Option<Vec<String>>,
    /// Words that stand for the launcher in its effect and in what it writes,
    /// and what is shown instead.
    pub masks: Vec<(String, &'static str)>,
}

impl Prepared {
    /// A command line in words. Its program may be missing: then it does not
    /// start, and its column says so.
    pub fn of_words(words: &[String]) -> Prepared {
        cmd::of_words(words)
    }

    fn command(
        program: PathBuf,
        argv: impl Fn(&[String]) -> Vec<String> + Send + Sync + 'static,
    ) -> Prepared {
        Prepared {
            program,
            argv: Box::new(argv),
            on_host: None,
            files: Box::new(|_| Vec::new()),
            files_on_terminal: None,
            bundle: None,
            needs_rootfs: false,
            of_init: Vec::new(),
            always: Vec::new(),
            names_runtime: None,
            masks: Vec::new(),
        }
    }
}

impl Adapter {
    /// Makes a launcher of the words behind the colon.
    ///
    /// # Errors
    ///
    /// Fails if a program, a bundle or a member of a bundle is not there or is
    /// not of the form that the adapter takes; nothing has been started then.
    pub fn prepare(&self, words: &[String]) -> Result<Prepared> {
        (self.prepare)(words)
    }
}

/// The adapter of a text that names none.
pub const CMD: &Adapter = &cmd::ADAPTER;

/// Every adapter, in the order of the manual.
pub const ADAPTERS: &[Adapter] = &[
    cmd::ADAPTER,
    oci::RUNC,
    oci::CRUN,
    oci::YOUKI,
    oci::OCI,
    bwrap::ADAPTER,
    nspawn::ADAPTER,
    firejail::ADAPTER,
    podman::ADAPTER,
    docker::ADAPTER,
    srt::ADAPTER,
];

/// Whether an error of [`Adapter::prepare`] says that this machine lacks the
/// program.
pub fn is_missing(error: &Error) -> bool {
    error.message.ends_with(" is not in PATH")
        || error.message.starts_with("there is no ")
}

/// Finds a program as execvp(3) does: a name with a slash is a path, any other
/// is looked up in the caller's PATH, and then where administrators' programs
/// are.
///
/// # Errors
///
/// Fails if there is no such file, with words by which [`is_missing`] knows it.
pub fn find(name: &str) -> Result<PathBuf> {
    if name.contains('/') {
        let path = std::path::absolute(name).unwrap_or_else(|_| name.into());
        return match path.exists() {
            true => Ok(path),
            false => Err(Error::new(format!("there is no {name}"))),
        };
    }
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':')
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"])
        .map(|dir| Path::new(dir).join(name))
        .find(|it| it.is_file())
        .ok_or_else(|| Error::new(format!("{name} is not in PATH")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_is_told_from_other_errors() {
        for name in ["nsteps-no-such-program", "/nsteps/no/such/program"] {
            assert!(find(name).is_err_and(|it| is_missing(&it)), "{name}");
        }
        let words = ["/nsteps/no/such/bundle".to_owned()];
        for it in ADAPTERS.iter().filter(|it| it.name == "runc") {
            if find(it.name).is_ok() {
                let why = it.prepare(&words).err();
                assert!(why.is_some_and(|it| !is_missing(&it)));
            }
        }
    }
}
