//! `nsteps run`: one step, with a command of the reader's choice.

use crate::chroot;
use crate::cli::Run;
use crate::equipment::require_own_proc;
use crate::error::{Context, Error, Result};
use crate::id_map::map_root;
use crate::layout::Layout;
use crate::remedy::remedy;
use crate::rootfs::Rootfs;
use crate::step::Arguments;
use crate::sys;
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};
use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// What `run` itself ends with when it fails, as env(1) does.
pub const OWN_FAILURE: u8 = 125;

/// Becomes the step; comes back only to say why not.
///
/// # Errors
///
/// Fails if the step is not built, or if a privilege or a root filesystem is
/// missing.
pub fn run(options: &Run) -> Result<u8> {
    become_step(options).map_err(|error| error.with_status(OWN_FAILURE))
}

fn become_step(options: &Run) -> Result<u8> {
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
    // Joining changes nothing for others, and from a user namespace of our own
    // no other one could be joined.
    let bare = options.bare || step.arguments == Arguments::Pid;
    if !bare {
        step_aside()?;
    }
    let mut argv: Vec<OsString> = vec![program.into()];
    if step.arguments == Arguments::NewRoot {
        argv.push(new_root(options, bare, &layout)?.into());
    }
    let mut environment: Vec<(OsString, OsString)> =
        std::env::vars_os().collect();
    if !bare && std::env::var_os("MYTMP").is_none() {
        let mytmp = mount_point(&layout, "mytmp")?;
        environment.push(("MYTMP".into(), mytmp.into()));
    }
    if options.payload.is_empty() {
        if step.arguments == Arguments::Pid {
            return Err(Error::new(
                "join wants a pid: nsteps run join PID CMD",
            ));
        }
        argv.push("sh".into());
    }
    argv.extend(options.payload.iter().cloned());

    let argv = argv.into_iter().map(c_string).collect::<Result<Vec<_>>>()?;
    let environment = environment
        .into_iter()
        .map(|(mut name, value)| {
            name.push("=");
            name.push(value);
            c_string(name)
        })
        .collect::<Result<Vec<_>>>()?;
    // Rust's runtime ignores SIGPIPE, and what is ignored stays so in the
    // program we become.
    sys::default_sigpipe();
    let errno = sys::execvpe(&argv, &environment);
    Err(Error::new(format!(
        "execve {}: {}",
        argv[0].to_string_lossy(),
        errno.desc()
    )))
}

fn c_string(text: OsString) -> Result<CString> {
    CString::new(text.into_vec()).context("pass an argument on")
}

/// Steps into a mount namespace from which nothing propagates out; as an
/// ordinary user into a user namespace first, as its root.
fn step_aside() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    let mut flags = CloneFlags::CLONE_NEWNS;
    if !uid.is_root() {
        flags |= CloneFlags::CLONE_NEWUSER;
    }
    let failed = |what: &str, errno: Errno| {
        let remedy = remedy(what, errno)
            .map_or(String::new(), |remedy| format!(": {remedy}"));
        Error::new(format!("{what}: {}{remedy}", errno.desc()))
    };
    unshare(flags).map_err(|errno| {
        failed("unshare a namespace to protect the machine", errno)
    })?;
    if !uid.is_root() {
        map_root(uid, gid).map_err(|(path, errno)| failed(&path, errno))?;
    }
    if uid.is_root() && chroot::is_here() {
        chroot::become_root()?;
    }
    let nothing = None::<&str>;
    let slave = MsFlags::MS_REC | MsFlags::MS_SLAVE;
    mount(nothing, "/", nothing, slave, nothing)
        .map_err(|errno| failed("mount / (propagation)", errno))?;
    if !uid.is_root() {
        // What came with us is locked: /proc could not be unmounted.  What we
        // put on top can be.
        let rbind = MsFlags::MS_BIND | MsFlags::MS_REC;
        mount(Some("/proc"), "/proc", nothing, rbind, nothing)
            .map_err(|errno| failed("mount /proc on itself", errno))?;
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
                "with --bare a step that pivots wants --rootfs DIR",
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

/// An empty directory of the build, to mount something on.
fn mount_point(layout: &Layout, name: &str) -> Result<PathBuf> {
    let at = layout.programs().join("mnt").join(name);
    if !at.is_dir() {
        std::fs::create_dir_all(&at)
            .context(format_args!("make {} (run make build)", at.display()))?;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_byte_in_an_argument_is_an_error_not_a_panic() {
        assert!(c_string(OsString::from_vec(b"a\0b".to_vec())).is_err());
    }
}
