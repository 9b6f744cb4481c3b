//! A mount namespace that holds a root directory and nothing else.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::mpsc;
use std::thread;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{chdir, pivot_root};

use crate::error::{Action, Error};
use crate::namespace::Namespace;
use crate::raw::kernel::{open_namespace_of, thread_id};

/// A mount namespace that holds a root directory with the mounts below it, and
/// no mount of the caller.
///
/// A launch with [`Command::template`](crate::Command::template) joins it and
/// copies it. That gives the payload what [`Command::root`](crate::Command::root)
/// gives it, and saves the copy of the caller's mounts, the bind mount,
/// pivot_root(2) and the detachment of the old root.
///
/// With `/` as root it is a copy of all mounts of the caller.
///
/// The root is that of the moment in which the template is made: what is
/// mounted below it later is not in the template. Files are those of the
/// directory, as they are.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use nsteps_spawn::{Action, Command, Namespace, Template};
///
/// let template = match Template::new("/") {
///     Ok(template) => template,
///     // It takes CAP_SYS_ADMIN.
///     Err(error) if error.errno() == Some(libc::EPERM) => return Ok(()),
///     Err(error) => return Err(error.into()),
/// };
/// let command = Command::new("true").template(&template).hostname("box");
/// let prepared = command.prepare()?;
/// for _ in 0..3 {
///     assert!(prepared.spawn()?.wait()?.success());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Template {
    namespace: OwnedFd,
}

impl Template {
    /// Makes the namespace, in a thread that ends before this returns.
    ///
    /// # Errors
    ///
    /// Fails with the action that failed, as a launch with
    /// [`Command::root`](crate::Command::root) does; with
    /// [`Action::Unshare`] and `EPERM` without `CAP_SYS_ADMIN`.
    pub fn new(root: impl AsRef<OsStr>) -> Result<Self, Error> {
        let root = CString::new(root.as_ref().as_bytes())
            .map_err(|_| Error::new(Action::Prepare, libc::EINVAL))?;
        let failed =
            |errno| Error::new(Action::Prepare, errno).on("(a thread)");
        // The thread keeps the namespace until it is opened.
        let (opened, wait) = mpsc::channel::<()>();
        let (send, made) = mpsc::channel();
        let holder = thread::Builder::new().spawn(move || {
            // If there is no receiver any more, there is nothing to wait for.
            if send.send(isolate(&root).map(|()| thread_id())).is_ok() {
                let _ = wait.recv();
            }
        });
        let holder = holder.map_err(|error| {
            failed(error.raw_os_error().unwrap_or(libc::EAGAIN))
        })?;
        let thread = made.recv().unwrap_or_else(|_| Err(failed(libc::ESRCH)));
        let namespace = thread.and_then(|thread| {
            let path = format!("/proc/self/task/{thread}/ns/mnt");
            let file = File::open(&path);
            file.map(OwnedFd::from).map_err(|error| {
                let errno = error.raw_os_error().unwrap_or(libc::EIO);
                Error::new(Action::Prepare, errno).on(format!("({path})"))
            })
        });
        drop(opened);
        // It has no panic, and ends now.
        let _ = holder.join();
        Ok(Template { namespace: namespace? })
    }
}

impl TryFrom<OwnedFd> for Template {
    type Error = Error;

    /// A template that another process has made and sent: the descriptor of its
    /// [`as_fd`](Template::as_fd), by
    /// [SCM_RIGHTS](https://man7.org/linux/man-pages/man7/unix.7.html). To join
    /// it takes `CAP_SYS_ADMIN` in the user namespace of the process that made
    /// it.
    ///
    /// # Errors
    ///
    /// Fails with [`Action::Prepare`] and `EINVAL` if it is not a mount
    /// namespace.
    fn try_from(namespace: OwnedFd) -> Result<Self, Error> {
        match Namespace::of(&namespace) {
            Ok(Namespace::MNT) => Ok(Template { namespace }),
            _ => Err(Error::new(Action::Prepare, libc::EINVAL)
                .on("(a template is a mount namespace)")),
        }
    }
}

impl AsFd for Template {
    /// The mount namespace, a file of nsfs.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.namespace.as_fd()
    }
}

/// Gives the calling thread a mount namespace in which `root` is `/`, and
/// nothing of the old root is left.
fn isolate(root: &CStr) -> Result<(), Error> {
    let failed = |action| {
        move |errno| {
            let error = Error::new(action, errno as i32);
            error.on(root.to_string_lossy())
        }
    };
    let none: Option<&CStr> = None;
    let make_private = || {
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(none, c"/", none, private, none)
            .map_err(failed(Action::Propagation))
    };
    // Where the kernel makes such a namespace itself, no mount of the caller is
    // copied for it. Whether it does is found out by trying: any failure leads
    // to the other way, whose errors name what is wrong.
    if root != c"/"
        && let Ok(namespace) = open_namespace_of(root)
    {
        // setns demands a root and a working directory of the thread's own.
        unshare(CloneFlags::CLONE_FS).map_err(failed(Action::Unshare))?;
        setns(&namespace, CloneFlags::CLONE_NEWNS)
            .map_err(failed(Action::Join))?;
        return make_private();
    }
    // It has a root and a working directory of its own from here on.
    unshare(CloneFlags::CLONE_NEWNS).map_err(failed(Action::Unshare))?;
    make_private()?;
    let bind = MsFlags::MS_REC | MsFlags::MS_BIND;
    // A bind mount on `/` would be above the root that paths begin at.
    if root != c"/" {
        mount(Some(root), root, none, bind, none)
            .map_err(failed(Action::BindRoot))?;
        chdir(root).map_err(failed(Action::CurrentDirectory))?;
        pivot_root(c".", c".").map_err(failed(Action::PivotRoot))?;
        umount2(c".", MntFlags::MNT_DETACH)
            .map_err(failed(Action::DetachRoot))?;
    }
    chdir(c"/").map_err(failed(Action::CurrentDirectory))
}
