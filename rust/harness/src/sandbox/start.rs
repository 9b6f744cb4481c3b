//! The states in which a command can be started in a sandbox: the plain one,
//! and those that differ from it in one thing.

use super::listen::{ANSWER, inode};
use crate::error::{Context, Error, Result};
use crate::paths::STDOUT_FILE;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sched::{
    CloneFlags, CpuSet, sched_getaffinity, sched_setaffinity, unshare,
};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{
    Gid, Pid, Uid, getegid, geteuid, getpid, setgroups, setresgid, setresuid,
    setsid,
};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

/// The state in which a command is started.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize,
)]
pub enum Start {
    /// Default signals, an empty mask, pipes as descriptors 0 to 2, umask 022,
    /// the groups of the sandbox's root, and the session of init, which has no
    /// terminal.
    #[default]
    Plain,
    /// The standard input is /dev/null.
    StdinNull,
    /// Descriptor 0 is closed (`<&-`).
    StdinClosed,
    /// Standard output is a regular file.
    StdoutFile,
    /// Descriptors 0 to 2 are a terminal, which is the controlling terminal of
    /// a session that the command leads.
    Terminal,
    /// SIGUSR1 and SIGTERM are blocked (`BLOCKED`).
    SignalsBlocked,
    /// SIGHUP and SIGPIPE are ignored (`IGNORED`).
    SignalsIgnored,
    /// Descriptor 3 is a listening socket, which the environment announces as
    /// sd_listen_fds(3) says.
    ListenFds,
    /// The umask is 077 instead of 022.
    Umask,
    /// The process has supplementary groups (`GROUPS`).
    Groups,
    /// The process may run on only one processor.
    OneCpu,
    /// The user is not root (`USER`), and has no capabilities.
    User,
}

/// The signals that [`Start::SignalsBlocked`] blocks.
const BLOCKED: [Signal; 2] = [Signal::SIGUSR1, Signal::SIGTERM];

/// The signals that [`Start::SignalsIgnored`] ignores.
const IGNORED: [Signal; 2] = [Signal::SIGHUP, Signal::SIGPIPE];

/// The supplementary groups of [`Start::Groups`].
const GROUPS: [u32; 3] = [10, 20, 4242];

/// The user and the group of [`Start::User`].
const USER: u32 = 1000;

/// The descriptor of the socket of [`Start::ListenFds`]: SD_LISTEN_FDS_START.
const LISTENING: RawFd = 3;

/// The name of that socket, in the abstract namespace of the sandbox.
const LISTENS_AT: &str = "nsteps-listen";

/// Below this number are the descriptors that a command inherits. What is to
/// become one of them is kept above it, so that none takes the place of one
/// that is still to be used. It is as low as it can be: the caller may have a
/// limit of 64 open files.
const ABOVE: RawFd = ANSWER + 1;

/// The descriptors of a command, before it has been started.
pub struct Descriptors {
    /// The descriptors that the command inherits, each with its number.
    inherited: Vec<(RawFd, OwnedFd)>,
    /// What the harness reads instead of its own pipe for standard output.
    pub ours: Option<OwnedFd>,
}

impl Descriptors {
    /// The inodes of the standard streams; `None` for a closed one.
    pub fn inodes(&self) -> Result<[Option<u64>; 3]> {
        let mut inodes = [None; 3];
        for (number, fd) in &self.inherited {
            let number = usize::try_from(*number).ok();
            if let Some(it) = number.and_then(|it| inodes.get_mut(it)) {
                *it = Some(inode(fd)?);
            }
        }
        Ok(inodes)
    }

    /// Gives each its number, in a process that is about to exec.
    ///
    /// # Errors
    ///
    /// Fails as dup2(2) does.
    pub fn install(&self) -> Result<()> {
        for (number, fd) in &self.inherited {
            kernel::install(fd.as_fd(), *number)
                .context(format_args!("dup2 to descriptor {number}"))?;
        }
        Ok(())
    }
}

/// Duplicates a descriptor to a number that no command inherits.
///
/// # Errors
///
/// Fails as fcntl(2) does.
pub fn above(fd: impl AsFd) -> Result<OwnedFd> {
    fcntl(fd, FcntlArg::F_DUPFD_CLOEXEC(ABOVE))
        .map(kernel::own)
        .context("fcntl F_DUPFD_CLOEXEC")
}

impl Start {
    /// The descriptors of a command that starts in this state; `given` are the
    /// harness's: three pipes, and the probe's socket if there is one.
    ///
    /// # Errors
    ///
    /// Fails if the sandbox has no terminals, or if a file cannot be opened.
    pub fn descriptors(self, given: Vec<OwnedFd>) -> Result<Descriptors> {
        let mut inherited = Vec::new();
        for (number, fd) in [0, 1, 2, ANSWER].into_iter().zip(given) {
            inherited.push((number, above(fd)?));
        }
        let mut ours = None;
        match self {
            Start::StdinNull => {
                let null = File::open("/dev/null");
                let null = null.context("open /dev/null")?;
                inherited[0].1 = above(null)?;
            }
            Start::StdinClosed => drop(inherited.remove(0)),
            Start::StdoutFile => {
                let file = File::create(STDOUT_FILE)
                    .context(format_args!("make {STDOUT_FILE}"))?;
                inherited[1].1 = above(file)?;
                let file = File::open(STDOUT_FILE)
                    .context(format_args!("open {STDOUT_FILE}"))?;
                ours = Some(file.into());
            }
            Start::Terminal => {
                let pty = nix::pty::openpty(None, None)
                    .context("open a terminal in the sandbox")?;
                for (_, stream) in inherited.iter_mut().take(3) {
                    *stream = above(&pty.slave)?;
                }
                ours = Some(pty.master);
            }
            Start::ListenFds => {
                let name = SocketAddr::from_abstract_name(LISTENS_AT);
                let socket =
                    name.and_then(|it| UnixListener::bind_addr(&it))
                        .context(format_args!("listen at @{LISTENS_AT}"))?;
                inherited.push((LISTENING, above(socket)?));
            }
            _ => {}
        }
        Ok(Descriptors { inherited, ours })
    }

    /// The variables that this state adds to the environment of the process
    /// that is about to exec.
    pub fn environment(self) -> Vec<String> {
        match self {
            Start::ListenFds => {
                vec![
                    "LISTEN_FDS=1".to_owned(),
                    format!("LISTEN_PID={}", getpid()),
                ]
            }
            _ => Vec::new(),
        }
    }

    /// Brings this process, which is in the plain state except for its
    /// descriptors and is about to exec, into the other properties of this
    /// state.
    ///
    /// # Errors
    ///
    /// Fails if the machine does not allow the state, or if it does not differ
    /// from the plain one here.
    pub fn enter(self) -> Result<()> {
        match self {
            Start::Plain
            | Start::StdinNull
            | Start::StdinClosed
            | Start::StdoutFile
            | Start::ListenFds => Ok(()),
            Start::Terminal => {
                setsid().context("setsid")?;
                kernel::take_terminal(std::io::stdin().as_fd())
                    .context("ioctl TIOCSCTTY")
            }
            Start::SignalsBlocked => {
                let set: SigSet = BLOCKED.into_iter().collect();
                set.thread_set_mask().context("block signals")
            }
            Start::SignalsIgnored => IGNORED.into_iter().try_for_each(|it| {
                kernel::ignore_signal(it).context(format_args!("ignore {it}"))
            }),
            Start::Umask => kernel::set_umask(0o077).context("umask"),
            Start::Groups => {
                let groups = GROUPS.map(Gid::from_raw);
                setgroups(&groups).context(
                    "setgroups (in a sandbox of an ordinary user there are no \
                     supplementary groups: run as root)",
                )
            }
            Start::OneCpu => run_on_one_processor(),
            Start::User => become_an_ordinary_user(),
        }
    }
}

/// Restricts this process to the first of its processors.
fn run_on_one_processor() -> Result<()> {
    let this = Pid::from_raw(0);
    let all = sched_getaffinity(this).context("sched_getaffinity")?;
    let mut usable =
        (0..CpuSet::count()).filter(|it| all.is_set(*it) == Ok(true));
    let (Some(first), Some(_)) = (usable.next(), usable.next()) else {
        return Err(Error::new(
            "sched_setaffinity: there is one processor here, so this is the \
             plain state",
        ));
    };
    let mut one = CpuSet::new();
    one.set(first).context("choose a processor")?;
    sched_setaffinity(this, &one).context("sched_setaffinity")
}

/// Becomes `USER`. A user namespace that maps only root has no such user; then
/// a user namespace below it is made: in it, too, a process that is not root
/// has no capabilities after exec.
fn become_an_ordinary_user() -> Result<()> {
    let (uid, gid) = (Uid::from_raw(USER), Gid::from_raw(USER));
    let own = (geteuid(), getegid());
    match setresgid(gid, gid, gid) {
        Err(Errno::EINVAL) => {
            unshare(CloneFlags::CLONE_NEWUSER)
                .context("unshare a user namespace for an ordinary user")?;
            kernel::map_ids(USER, own.0, own.1).map_err(|(path, errno)| {
                Error::new(format!("write {path}: {}", errno.desc()))
            })
        }
        Err(errno) => Err(errno).context(format_args!("setresgid {USER}")),
        Ok(()) => {
            // The groups of root would remain otherwise; setgroups(2) works
            // only while the user is still root.
            setgroups(&[]).context("setgroups")?;
            setresuid(uid, uid, uid).context(format_args!("setresuid {USER}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn what_is_kept_for_a_command_is_above_what_it_inherits() {
        let (reader, _writer) = std::io::pipe().expect("a pipe");
        let kept = above(&reader).expect("it can be duplicated");
        assert!(kept.as_raw_fd() >= ABOVE && ABOVE > ANSWER);
    }

    #[test]
    fn the_inode_of_a_closed_stream_is_none() {
        let pipes = || {
            (0..3).map(|_| std::io::pipe().expect("a pipe").0.into()).collect()
        };
        let plain = Start::Plain.descriptors(pipes()).expect("three pipes");
        let inodes = plain.inodes().expect("they are open");
        assert!(inodes.iter().all(Option::is_some), "{inodes:?}");
        let closed = Start::StdinClosed.descriptors(pipes()).expect("two");
        let inodes = closed.inodes().expect("they are open");
        assert_eq!(inodes.map(|it| it.is_some()), [false, true, true]);
    }
}
