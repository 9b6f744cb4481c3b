//! What performs a step in a trial: a launcher of this project, or a program of
//! the user's own, in any language.

use crate::error::{Context, Error, Result};
use crate::host::layout::Layout;
use crate::host::program::{find_in, may_be_executed, path};
use crate::launcher::Launcher;
use crate::paths::PROGRAMS;
use crate::sandbox::plan::Plan;
use crate::step::{Arguments, Step};
use std::fs;
use std::path::{Path, PathBuf};

/// How many processes there may be in the sandbox of a program of the user's
/// own: a step needs three, a runtime some more.
pub const MOST_PROCESSES: u32 = 256;

/// The program that performs a step in a trial.
#[derive(Clone, Copy, Debug)]
pub enum Performer<'a> {
    /// A launcher of the project.
    Launcher(Launcher),
    /// A program of the user's own.
    Own(&'a OwnProgram),
}

/// A program of the user's own: its command line, to which a step's words are
/// added, and where it is started.
#[derive(Clone, Debug)]
pub struct OwnProgram {
    words: Vec<String>,
    directory: PathBuf,
    shown: Vec<PathBuf>,
}

/// Names in the host's root of which the small tree has its own.
const OF_THE_TREE: &[&str] = &[
    "bin", "dev", "etc", "lib", "lib64", "mytmp", "newroot", "nsteps", "proc",
    "run", "sbin", "sys", "tmp", "usr",
];

impl OwnProgram {
    /// The program that a command line starts, from the working directory.
    ///
    /// # Errors
    ///
    /// Fails if there is no such program, if it may not be executed, or if the
    /// working directory is not there or cannot be shown in a sandbox.
    pub fn of(words: &[String]) -> Result<OwnProgram> {
        let first = words
            .first()
            .ok_or_else(|| Error::new("a program to check is missing"))?;
        let directory =
            std::env::current_dir().context("find the working directory")?;
        let program = directory.join(find(first)?);
        let kind = fs::metadata(&program)
            .context(format_args!("open the program {first}"))?;
        if kind.is_dir() {
            return Err(Error::new(format!(
                "{first} is a directory: name a program"
            )));
        }
        if !may_be_executed(&program) {
            return Err(Error::new(format!(
                "{first} may not be executed: compile it, or chmod +x {first}"
            )));
        }
        let mut words = words.to_vec();
        if !first.contains('/') {
            words[0] = program.display().to_string();
        }
        let shown = shown(&directory, &program)?;
        Ok(OwnProgram { words, directory, shown })
    }

    /// Its command line, without a step's words.
    pub fn words(&self) -> &[String] {
        &self.words
    }
}

/// Finds a program as a shell of the caller does.
fn find(name: &str) -> Result<PathBuf> {
    find_in(name, &[path()]).ok_or_else(|| {
        Error::new(match name.contains('/') {
            true => format!("there is no {name}"),
            false => format!(
                "{name} is not in PATH: a program in this directory is ./{name}"
            ),
        })
    })
}

/// What a sandbox has to show of the host, so that the program is what it is
/// outside: each directory of the host's root, and of those that the sandbox has
/// of its own the directories of the program.
fn shown(directory: &Path, program: &Path) -> Result<Vec<PathBuf>> {
    let mut shown: Vec<PathBuf> = fs::read_dir("/")
        .context("read /")?
        .flatten()
        .filter(|it| !OF_THE_TREE.iter().any(|own| it.file_name() == *own))
        .map(|it| it.path())
        .filter(|it| fs::metadata(it).is_ok_and(|kind| kind.is_dir()))
        .collect();
    let of_program = program.parent().unwrap_or(directory);
    if of_program.parent().is_none() {
        return Err(Error::new(format!(
            "{} cannot be shown in a sandbox: move the program to a directory",
            program.display()
        )));
    }
    for dir in [directory, of_program] {
        let Some(top) = dir.iter().nth(1) else { continue };
        let may_hide = ["tmp", "run"].iter().any(|it| top == *it);
        if may_hide {
            if dir.iter().count() < 3 {
                return Err(Error::new(format!(
                    "{} cannot be shown in a sandbox: move the program to a \
                     directory of its own",
                    dir.display()
                )));
            }
            if !shown.iter().any(|it| dir.starts_with(it)) {
                shown.push(dir.to_owned());
            }
        } else if ["dev", "proc", "sys"].iter().any(|it| top == *it) {
            return Err(Error::new(format!(
                "{} cannot be shown in a sandbox: move the program elsewhere",
                dir.display()
            )));
        }
    }
    Ok(shown)
}

impl Performer<'_> {
    /// Why this machine has not all that this needs to perform the step.
    pub fn missing(self, step: &Step, layout: &Layout) -> Option<String> {
        match self {
            Performer::Launcher(launcher) => launcher.missing(step, layout),
            Performer::Own(_) => None,
        }
    }

    /// The command line that performs `step` on `payload`; `subject` is the new
    /// root or the pid, for the steps that take one.
    pub fn argv(
        self,
        step: &Step,
        subject: Option<&str>,
        payload: &[&str],
    ) -> Vec<String> {
        let own = match self {
            Performer::Launcher(launcher) => {
                return launcher.argv(step, PROGRAMS, subject, payload);
            }
            Performer::Own(own) => own,
        };
        let mut argv = own.words.clone();
        if step.arguments != Arguments::Command {
            argv.push(subject.expect("the step takes a subject").into());
        }
        argv.extend(payload.iter().map(ToString::to_string));
        argv
    }

    /// Where it is started; `None`: in the root directory.
    pub fn directory(self) -> Option<PathBuf> {
        match self {
            Performer::Launcher(_) => None,
            Performer::Own(own) => Some(own.directory.clone()),
        }
    }

    /// The launcher that makes the container which it joins.
    pub fn maker(self) -> Launcher {
        match self {
            Performer::Launcher(launcher) => launcher,
            Performer::Own(_) => Launcher::Rust,
        }
    }

    /// The plan of a sandbox in which it can perform a step.
    pub fn adapt(self, plan: Plan) -> Plan {
        match self {
            Performer::Launcher(_) => plan,
            Performer::Own(own) => Plan {
                shown: own.shown.clone(),
                most_processes: Some(MOST_PROCESSES),
                ..plan
            },
        }
    }
}
