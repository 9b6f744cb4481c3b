//! The two processes inside a sandbox: the monitor, which makes the namespaces,
//! and init, which is PID 1 in them where they are of a pid namespace.

use super::plan::{Plan, unavailable};
use super::protocol::{
    Channel, Command, Content, Ended, PutFile, Reply, Request, Started,
};
use super::start::{Descriptors, above};
use super::tree::{self, Mounted};
use super::{chroot, guard, links, written};
use crate::error::{Context, Error, Result};
use crate::found::Refusal;
use crate::host::pids::PidNamespace;
use crate::paths::{HOSTNAME, MYTMP, OBSERVED_PROC, SEARCHED};
use crate::scenario::Identity;
use kernel::map_root;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::{set_child_subreaper, set_pdeathsig};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, getegid, geteuid, pipe2};
use std::ffi::CString;
use std::fs::Permissions;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;

/// The properties of the sandbox itself that are observed: those that a step
/// could change for other processes.
const OF_THE_HOST: &[&str] =
    &["uts", "mounts", "network", "sysvipc", "mqueue", "processes"];

/// The key of the System V queue that every sandbox has.
const QUEUE: i32 = 0x6e73_7465;

/// The monitor: makes the namespaces of a sandbox, forks its init and waits.
///
/// It exists because `unshare(CLONE_NEWPID)` leaves the caller where it is.
/// It ends when init ends, or with the harness. Returns its exit status, which
/// says which signal has ended init, as that of a shell does.
///
/// # Errors
///
/// Fails if the harness has exited, or if a call failed unexpectedly.
pub fn monitor() -> Result<u8> {
    // The caller may ignore SIGCHLD: then the kernel would reap the launchers,
    // and init would not learn how they ended.
    kernel::default_signals();
    set_pdeathsig(Signal::SIGKILL).context("prctl PR_SET_PDEATHSIG")?;
    let socket = std::io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .context("take the harness's socket")?;
    let null = std::fs::File::open("/dev/null").context("open /dev/null")?;
    kernel::install(null.as_fd(), 0).context("open /dev/null as stdin")?;
    let mut channel = Channel::from(socket);
    let (plan, _): (Plan, _) = channel.receive(None)?;

    if let Err(refusal) = unshare_everything(&plan) {
        channel.send(&Reply::Refused(refusal), &[])?;
        return Ok(0);
    }
    match kernel::fork().context("fork the sandbox's init")? {
        ForkResult::Parent { child } => {
            drop(channel);
            match waitpid(child, None) {
                Ok(WaitStatus::Signaled(_, signal, _)) => {
                    Ok(u8::try_from(signal as i32).map_or(0, |it| 128 + it))
                }
                Ok(_) => Ok(0),
                Err(errno) => Err(errno).context("waitpid"),
            }
        }
        ForkResult::Child => {
            set_pdeathsig(Signal::SIGKILL).context("prctl PR_SET_PDEATHSIG")?;
            // All processes are in one session without a terminal. If one is in
            // another session, a launcher has made that.
            nix::unistd::setsid().context("setsid")?;
            if plan.pids == PidNamespace::Callers {
                // A process that has lost its parent becomes a child of init,
                // as in a pid namespace.
                set_child_subreaper(true)
                    .context("prctl PR_SET_CHILD_SUBREAPER")?;
            }
            match set_up(&plan) {
                Ok(mounted) => serve(&mut channel, &mounted)?,
                Err(refusal) => channel.send(&Reply::Refused(refusal), &[])?,
            }
            Ok(0)
        }
    }
}

/// Moves the calling process to new namespaces, as their root.
fn unshare_everything(plan: &Plan) -> std::result::Result<(), Refusal> {
    let identity = plan.scenario.identity;
    let (uid, gid) = (geteuid(), getegid());
    let mut flags = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWNET;
    if plan.pids == PidNamespace::Own {
        flags |= CloneFlags::CLONE_NEWPID;
    }
    if plan.own_cgroup {
        flags |= CloneFlags::CLONE_NEWCGROUP;
    }
    let mut call = "unshare namespaces";
    if identity == Identity::User {
        flags |= CloneFlags::CLONE_NEWUSER;
        call = "unshare a user namespace";
    }
    if uid.is_root() && crate::host::chroot::is_here() {
        // In a chroot root may not make a user namespace either.
        unshare(CloneFlags::CLONE_NEWNS)
            .map_err(|errno| unavailable("unshare namespaces", errno))?;
        crate::host::leave_chroot::become_root()
            .map_err(|error| Refusal::Unavailable(error.message))?;
    }
    unshare(flags).map_err(|errno| unavailable(call, errno))?;
    if identity == Identity::User {
        map_root(uid, gid).map_err(|(path, errno)| {
            unavailable(&format!("write {path}"), errno)
        })?;
    }
    Ok(())
}

/// Makes everything that a step could change or hide: a mount tree, a host
/// name, network interfaces that are up, a queue, another process.
///
/// Returns what must stay open as long as the sandbox exists.
fn set_up(plan: &Plan) -> std::result::Result<Mounted, Refusal> {
    // The modes of the files made here must not depend on the caller's umask.
    kernel::set_umask(0o022).map_err(|errno| unavailable("umask", errno))?;
    // Every launcher is started with this call. If the kernel lacks it, the
    // sandbox is unavailable, and no launcher is counted as broken.
    kernel::cloexec_from(3)
        .map_err(|errno| unavailable("close_range", errno))?;
    let mounted = tree::mount_all(plan)?;
    let broken = |error: Error| Refusal::Broken(error.message);
    if let Some(most) = plan.most_processes {
        guard::bound(most).map_err(broken)?;
    }
    nix::unistd::sethostname(HOSTNAME)
        .context("sethostname")
        .map_err(broken)?;
    links::set_up().map_err(|errno| unavailable("make a veth pair", errno))?;
    kernel::message_queue(QUEUE)
        .map_err(|errno| unavailable("msgget", errno))?;
    // The socket has no path: a process that connects to it is in the same
    // network namespace. The unrelated process keeps it open.
    let _listening = SocketAddr::from_abstract_name(probe::SANDBOX_SOCKET)
        .and_then(|address| UnixListener::bind_addr(&address))
        .context("listen on a socket")
        .map_err(broken)?;
    match kernel::fork().context("fork an unrelated process").map_err(broken)? {
        ForkResult::Parent { .. } => Ok(mounted),
        // The unrelated process, which some payloads can see. It ends with the
        // pid namespace.
        ForkResult::Child => loop {
            nix::unistd::pause();
        },
    }
}

/// Init: PID 1 of the sandbox. It starts commands on request, reaps all
/// children, and ends when the harness closes the socket; the kernel then kills
/// the other processes.
fn serve(channel: &mut Channel, mounted: &Mounted) -> Result<()> {
    let mut chld = SigSet::empty();
    chld.add(Signal::SIGCHLD);
    nix::sys::signal::sigprocmask(SigmaskHow::SIG_BLOCK, Some(&chld), None)
        .context("block SIGCHLD")?;
    let ended = SignalFd::with_flags(
        &chld,
        SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK,
    )
    .context("make a signalfd")?;
    channel.send(&Reply::Ready(Box::new(observe())), &[])?;
    loop {
        let mut fds = [
            PollFd::new(channel.as_fd(), PollFlags::POLLIN),
            PollFd::new(ended.as_fd(), PollFlags::POLLIN),
        ];
        poll(&mut fds, PollTimeout::NONE).context("wait for work")?;
        let [asked, reaping] = fds.map(|fd| fd.any().unwrap_or(false));
        if reaping {
            while ended.read_signal().is_ok_and(|info| info.is_some()) {}
            reap(channel)?;
        }
        if asked {
            let Ok((request, _, descriptors)) =
                channel.receive_with_descriptors::<Request>(None)
            else {
                return Ok(());
            };
            answer(channel, mounted, request, descriptors)?;
        }
    }
}

fn answer(
    channel: &Channel,
    mounted: &Mounted,
    request: Request,
    descriptors: Vec<OwnedFd>,
) -> Result<()> {
    match request {
        Request::Observe => {
            channel.send(&Reply::Host(Box::new(observe())), &[])
        }
        Request::Put(files) => {
            let put = files.iter().try_for_each(put);
            let reply = put.map_or_else(
                |error| Reply::Broken(error.message),
                |()| Reply::Put,
            );
            channel.send(&reply, &[])
        }
        Request::Files => {
            let files = written::files(&mounted.covers);
            channel.send(&Reply::Files(files), &[])
        }
        Request::IsChrooted { pid } => {
            channel.send(&Reply::Chrooted(chroot::is_chrooted(pid)), &[])
        }
        Request::Signal { pid, signal } => {
            // A process that has already ended needs no signal.
            let _ = Signal::try_from(signal).map(|signal| {
                nix::sys::signal::kill(Pid::from_raw(pid), signal)
            });
            Ok(())
        }
        Request::Run(command) => match start(&command, mounted, descriptors) {
            Ok((started, ours)) => {
                let ours: Vec<_> = ours.iter().map(AsFd::as_fd).collect();
                channel.send(&Reply::Started(started), &ours)
            }
            Err(error) => channel.send(&Reply::Broken(error.message), &[]),
        },
    }
}

/// Starts a command, and waits until it has executed its program. If it cannot,
/// it reports that through a pipe, which a successful exec closes. Returns what
/// is sent to the harness with the reply, see [`Started`].
fn start(
    command: &Command,
    mounted: &Mounted,
    descriptors: Vec<OwnedFd>,
) -> Result<(Started, Vec<OwnedFd>)> {
    let (failed, failing) = pipe2(OFlag::O_CLOEXEC).context("make a pipe")?;
    let failing = above(failing)?;
    let descriptors = command.start.descriptors(descriptors)?;
    let streams = descriptors.inodes()?;
    match kernel::fork().context("fork")? {
        ForkResult::Child => {
            become_command(command, mounted, &descriptors, &failing)
        }
        ForkResult::Parent { child } => {
            drop(failing);
            let mut why = String::new();
            let mut failed = std::fs::File::from(failed);
            failed
                .read_to_string(&mut why)
                .context("read whether the exec failed")?;
            if !why.is_empty() {
                return Err(Error::new(why));
            }
            let pid = child.as_raw();
            let mut ours: Vec<OwnedFd> = descriptors.ours.into_iter().collect();
            if !ours.is_empty() {
                // The child cannot have been reaped: only this thread does
                // that.
                let pidfd = kernel::pidfd_open(pid);
                ours.push(pidfd.context("open the command")?);
            }
            Ok((Started { pid, streams }, ours))
        }
    }
}

/// Puts a file in the sandbox.
fn put(file: &PutFile) -> Result<()> {
    let PutFile { at, content, mode } = file;
    let written = at
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| match content {
            Content::Text(text) => std::fs::write(at, text),
            Content::CopyOf(from) => std::fs::copy(from, at).map(drop),
        })
        .and_then(|()| {
            std::fs::set_permissions(at, Permissions::from_mode(*mode))
        });
    written.context(format_args!("write {}", at.display()))
}

fn observe() -> probe::Observation {
    probe::observe(&probe::Proc::at(OBSERVED_PROC), OF_THE_HOST)
}

/// Reports every child that has ended to the harness, adopted orphans included.
fn reap(channel: &Channel) -> Result<()> {
    loop {
        let ended = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, status)) => {
                Ended { pid: pid.as_raw(), status }
            }
            Ok(WaitStatus::Signaled(pid, signal, _)) => {
                Ended { pid: pid.as_raw(), status: 128 + signal as i32 }
            }
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(()),
            Err(errno) => return Err(errno).context("waitpid"),
            Ok(_) => continue,
        };
        channel.send(&Reply::Ended(ended), &[])?;
    }
}

/// The process that becomes a launcher: brings itself into the defined state.
/// Never returns.
fn become_command(
    command: &Command,
    mounted: &Mounted,
    descriptors: &Descriptors,
    failing: &OwnedFd,
) -> ! {
    let directory = command.directory.as_deref().unwrap_or("/".as_ref());
    let ready = mounted
        .enter_cgroup()
        .and_then(|()| prepare(descriptors, directory))
        .and_then(|()| command.start.enter());
    let why = match ready {
        Err(why) => why,
        Ok(()) => {
            let strings = |texts: &[String]| -> Vec<CString> {
                texts
                    .iter()
                    .filter_map(|text| CString::new(text.as_str()).ok())
                    .collect()
            };
            let mut environment = vec![
                "HOME=/".to_owned(),
                "LANG=C".to_owned(),
                format!("MYTMP={MYTMP}"),
                format!("PATH={SEARCHED}"),
            ];
            environment.extend(
                command
                    .environment
                    .iter()
                    .map(|(name, value)| format!("{name}={value}")),
            );
            environment.extend(command.start.environment());
            let argv = strings(&command.argv);
            let errno = kernel::execvpe(&argv, &strings(&environment));
            let program = command.argv.first().map_or("", String::as_str);
            Error::new(format!("start {program}: {}", errno.desc()))
        }
    };
    let _ = nix::unistd::write(failing, why.message.as_bytes());
    std::process::exit(127)
}

/// Brings this process into the plain state, from which each other state
/// differs in one thing (docs/src/pitfalls/inherited-signals.md).
fn prepare(descriptors: &Descriptors, directory: &Path) -> Result<()> {
    kernel::cloexec_from(0).context("close_range CLOSE_RANGE_CLOEXEC")?;
    descriptors.install()?;
    kernel::set_umask(0o022).context("umask")?;
    nix::unistd::chdir(directory)
        .context(format_args!("chdir to {}", directory.display()))?;
    // Lower than the hard limit, so that one can see if a runtime raises its
    // own.
    kernel::limit_open_files(1024).context("setrlimit RLIMIT_NOFILE")?;
    set_pdeathsig(None).context("prctl PR_SET_PDEATHSIG")?;
    kernel::default_signals();
    Ok(())
}
