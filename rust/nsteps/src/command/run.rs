//! `nsteps run`: runs one step, with a command that the user chooses.

use crate::cli::Run;
use harness::error::{Context, Error, Result};
use harness::host::layout::Layout;
use harness::host::remedy::{in_a_user_namespace, refused};
use harness::host::rootfs::Rootfs;
use harness::host::{Equipment, chroot, leave_chroot, require_own_proc};
use harness::paths::{NEWROOT, PROGRAMS};
use harness::sandbox::plan::{Plan, Tree};
use harness::sandbox::{Sandbox, protocol};
use harness::scenario::Scenario;
use harness::step::Arguments;
use kernel::{Ignored, map_root};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use nix::unistd::{getegid, geteuid};
use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The exit status if `run` itself fails, as that of env(1).
pub const OWN_FAILURE: u8 = 125;

/// Becomes the step; returns only if that fails, with the reason, or with
/// `--sandbox` when the step has ended.
///
/// # Errors
///
/// Fails if the step is not built, or if a privilege or a root filesystem is
/// missing.
pub fn run(options: &Run) -> Result<u8> {
    become_step(options).map_err(|error| error.with_status(OWN_FAILURE))
}

fn become_step(options: &Run) -> Result<u8> {
    // A limit of the size of files is then an error of write(2).
    let ignored = Ignored::begin(Signal::SIGXFSZ);
    require_own_proc()?;
    let (step, launcher) = (options.step, options.lang);
    let layout = Layout::find()?;
    let program = launcher.program(step, &layout);
    if !program.exists() {
        return Err(Error::new(format!(
            "{} is not built: run make build; it needs {}",
            program.display(),
            launcher.toolchain()
        )));
    }
    // Joining changes nothing for other processes, and from a new user
    // namespace no other one could be joined.
    if options.sandbox {
        return in_a_sandbox(options);
    }
    let bare = options.bare || step.arguments == Arguments::Pid;
    if !bare {
        step_aside()?;
    }
    let mut launch = Command::new(&program);
    if step.arguments == Arguments::NewRoot {
        launch.arg(new_root(options, bare, &layout)?);
    }
    if !bare && std::env::var_os("MYTMP").is_none() {
        launch.env("MYTMP", mount_point(&layout, "mytmp")?);
    }
    if options.payload.is_empty() {
        if step.arguments == Arguments::Pid {
            return Err(Error::new(
                "join needs a pid: nsteps run join PID CMD",
            ));
        }
        launch.arg("sh");
    }
    // Besides, this resets SIGPIPE, which Rust's runtime ignores: what is
    // ignored stays so in the program that this process becomes.
    drop(ignored);
    let error = launch.args(words(options)).exec();
    Err::<u8, _>(error).context(format_args!("execve {}", program.display()))
}

/// Runs the step in a sandbox that shows the whole machine, and returns its
/// status.
fn in_a_sandbox(options: &Run) -> Result<u8> {
    // If the caller ignores SIGCHLD, the kernel keeps no status of any child.
    kernel::default_sigchld();
    let (step, launcher) = (options.step, options.lang);
    if step.arguments == Arguments::Pid {
        return Err(Error::new(
            "a process outside of a sandbox cannot be joined from inside: run \
             join without --sandbox",
        ));
    }
    let equipment = Equipment::gather(options.rootfs.as_deref())?;
    let mut plan = Plan::of(Scenario::natural(), Tree::Whole, &equipment);
    let mut subject = None;
    if step.arguments == Arguments::NewRoot {
        plan.rootfs = Some(equipment.rootfs.clone()?);
        subject = Some(NEWROOT);
    }
    let mut payload = Vec::new();
    for word in words(options) {
        payload.push(word.to_str().ok_or_else(|| {
            Error::new(format!(
                "{} is no UTF-8, which a sandbox needs",
                word.to_string_lossy()
            ))
        })?);
    }
    if payload.is_empty() {
        payload.push("sh");
    }
    let command = protocol::Command {
        argv: launcher.argv(step, PROGRAMS, subject, &payload),
        environment: std::env::var("TERM")
            .map(|it| ("TERM".to_owned(), it))
            .into_iter()
            .collect(),
        directory: std::env::current_dir().ok(),
        ..protocol::Command::default()
    };
    let mut sandbox = Sandbox::enter(&plan, &equipment)?;
    let (input, output) = (std::io::stdin(), std::io::stdout());
    let error = std::io::stderr();
    let streams = [input.as_fd(), output.as_fd(), error.as_fd()];
    let ended = sandbox.run_on(&command, streams)?;
    Ok(u8::try_from(ended.status).unwrap_or(OWN_FAILURE))
}

/// What the step is given, behind a new root: `join PID -- CMD` has a `--` that
/// is for `run`, as that of the other steps is, which comes before all words.
fn words(options: &Run) -> Vec<&OsStr> {
    let is_for_run = |index: usize, word: &OsStr| {
        options.step.arguments == Arguments::Pid && index == 1 && word == "--"
    };
    let words = options.payload.iter().map(AsRef::as_ref).enumerate();
    words
        .filter(|(index, word)| !is_for_run(*index, word))
        .map(|(_, word)| word)
        .collect()
}

/// Steps into a mount namespace from which nothing propagates out; as an
/// ordinary user into a user namespace first, as its root.
fn step_aside() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    let mut flags = CloneFlags::CLONE_NEWNS;
    if !uid.is_root() {
        flags |= CloneFlags::CLONE_NEWUSER;
    }
    unshare(flags).map_err(|errno| {
        refused("unshare a namespace to protect the machine", errno)
    })?;
    if !uid.is_root() {
        map_root(uid, gid).map_err(|(path, errno)| refused(&path, errno))?;
    }
    if uid.is_root() && chroot::is_here() {
        leave_chroot::become_root()?;
    }
    let nothing = None::<&str>;
    let slave = MsFlags::MS_REC | MsFlags::MS_SLAVE;
    mount(nothing, "/", nothing, slave, nothing)
        .map_err(|errno| refused("mount / (propagation)", errno))?;
    if in_a_user_namespace() {
        // The mounts of the old namespace may be locked, so that /proc could
        // not be unmounted. A mount made on top of it can be.
        let rbind = MsFlags::MS_BIND | MsFlags::MS_REC;
        mount(Some("/proc"), "/proc", nothing, rbind, nothing)
            .map_err(|errno| refused("mount /proc on itself", errno))?;
    }
    Ok(())
}

/// The directory to pivot into.
fn new_root(options: &Run, bare: bool, layout: &Layout) -> Result<PathBuf> {
    if bare {
        return match &options.rootfs {
            Some(dir) => {
                std::path::absolute(dir).context("find the root filesystem")
            }
            None => Err(Error::new(
                "with --bare a step that calls pivot_root needs --rootfs DIR",
            )),
        };
    }
    let rootfs = match &options.rootfs {
        Some(dir) => Rootfs::directory(dir)?,
        None => Rootfs::busybox(layout)?,
    };
    let at = mount_point(layout, "root")?;
    if let Rootfs::Busybox { .. } = rootfs {
        let nothing = MsFlags::empty();
        mount(Some("none"), &at, Some("tmpfs"), nothing, Some("mode=755"))
            .context(format_args!("mount a tmpfs on {}", at.display()))?;
    }
    rootfs.make(&at)?;
    Ok(at)
}

/// Makes an empty directory in the build directory, to mount something on. It
/// has the owner of that directory.
fn mount_point(layout: &Layout, name: &str) -> Result<PathBuf> {
    let above = layout.programs().join("mnt");
    let at = above.join(name);
    for directory in [&above, &at] {
        if !directory.is_dir() {
            make_like_parent(directory).context(format_args!(
                "make {} (run make build)",
                directory.display()
            ))?;
        }
    }
    Ok(at)
}

/// Makes a directory that has the owner of the directory above it.
fn make_like_parent(directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir(directory)?;
    let parent = directory.parent().unwrap_or(directory);
    let owner = std::fs::metadata(parent)?;
    if geteuid().is_root() {
        lchown(directory, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    /// What the step is given by a command line.
    fn given(line: &str) -> String {
        let parsed = Cli::try_parse_from(line.split(' '));
        let Ok(Cli { command: Command::Run(options) }) = parsed else {
            panic!("{line}: {parsed:?}");
        };
        let words: Vec<_> =
            words(&options).iter().map(|it| it.to_string_lossy()).collect();
        words.join(" ")
    }

    #[test]
    fn the_dashes_before_the_command_are_not_the_command() {
        for line in [
            "nsteps run join 42 -- ls -l",
            "nsteps run join -- 42 ls -l",
            "nsteps run join 42 ls -l",
        ] {
            assert_eq!(given(line), "42 ls -l", "{line}");
        }
        assert_eq!(given("nsteps run join 42 -- env -- x"), "42 env -- x");
        assert_eq!(given("nsteps run uts -- env -- x"), "env -- x");
        assert_eq!(given("nsteps run uts env -- x"), "env -- x");
    }
}
