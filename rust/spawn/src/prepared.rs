//! A command whose memory is prepared, and the launch of it.

use std::ffi::c_int;
use std::fs;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::AtomicI32;

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};
use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::act::{Act, Caller};
use crate::child::{Progress, Report, Work};
use crate::dumpable::Kept;
use crate::error::{Action, Cause, Error};
use crate::namespace::Namespace;
use crate::networks::{Lease, Networks};
use crate::options::Options;
use crate::preparation::Preparation;
use crate::process::Child;
use crate::raw::birth::{Born, Request, bear};
use crate::raw::kernel;
use crate::raw::stack::Stack;

/// A command of which everything is prepared: texts, vectors of pointers, the
/// list of acts, and the environment as it was when
/// [`Command::prepare`](crate::Command::prepare) was called.
///
/// It can be spawned any number of times, also by several threads at once.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use nsteps_spawn::Command;
///
/// let prepared = Command::new("true").prepare()?;
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| prepared.spawn().unwrap().wait().unwrap());
///     }
/// });
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Prepared<'fd> {
    preparation: Preparation,
    cgroup: Option<BorrowedFd<'fd>>,
    networks: Option<&'fd Networks>,
    joined_pid: Option<BorrowedFd<'fd>>,
    /// The numbers of descriptors in the preparation are borrowed for so long.
    descriptors: PhantomData<BorrowedFd<'fd>>,
}

impl<'fd> Prepared<'fd> {
    pub(crate) fn new(options: &Options<'fd>) -> Result<Self, Error> {
        let joined_pid = options.joined.iter();
        let mut joined_pid =
            joined_pid.filter(|(_, kinds)| kinds.contains(Namespace::PID));
        Ok(Prepared {
            preparation: Preparation::new(options)?,
            cgroup: options.cgroup,
            networks: options.networks,
            joined_pid: joined_pid.next_back().map(|(fd, _)| *fd),
            descriptors: PhantomData,
        })
    }

    /// Starts the process. Returns when it has executed its program.
    ///
    /// # Errors
    ///
    /// Fails with the action that failed and why; then no process is left.
    pub fn spawn(&self) -> Result<Child, Error> {
        let failed = |errno: Errno| Error::new(Action::Clone, errno as i32);
        let mut stack = Stack::take().map_err(failed)?;
        let launched = self.launch(&mut stack);
        stack.keep();
        launched
    }

    fn launch(&self, stack: &mut Stack) -> Result<Child, Error> {
        let network = self.networks.map(Networks::lease).transpose()?;
        match self.launch_in(stack, network.as_ref()) {
            Ok(child) => {
                let network = network.filter(Lease::comes_back);
                Ok(child.with_network(network))
            }
            Err(error) => {
                // No process is left of the launch.
                if let Some(network) = network {
                    network.give_back();
                }
                Err(error)
            }
        }
    }

    fn launch_in(
        &self,
        stack: &mut Stack,
        network: Option<&Lease>,
    ) -> Result<Child, Error> {
        let preparation = &self.preparation;
        let caller = match preparation.watches_caller {
            true => Some(descriptor_of_thread(preparation.greatest)?),
            false => None,
        };
        let maps = match &preparation.maps {
            Some(files) => Some((gate()?, files)),
            None => None,
        };
        let slots = std::iter::repeat_with(|| AtomicI32::new(-1));
        let number =
            |fd: Option<BorrowedFd<'_>>| fd.map_or(-1, |fd| fd.as_raw_fd());
        let process = match &caller {
            Some(_) => nix::unistd::getpid().as_raw(),
            None => 0,
        };
        let work = Work {
            acts: &preparation.acts,
            slots: slots.take(preparation.slots).collect(),
            caller: Caller {
                pidfd: number(caller.as_ref().map(AsFd::as_fd)),
                process,
                is_first: caller.is_some() && process == kernel::thread_id(),
            },
            maps: number(maps.as_ref().map(|(gate, _)| gate.as_fd())),
            network: number(network.and_then(Lease::fd)),
            report: Report::default(),
        };
        let request = Request {
            namespaces: preparation.cloned.flags(),
            cgroup: self.cgroup,
        };
        let beside = maps
            .as_ref()
            .map(|(gate, files)| |born: &Born| write_maps(born, files, gate));
        let kept = preparation.changes_ids.then(Kept::note);
        let joined = self.joined_pid.map(JoinedPid::enter).transpose()?;
        let born = bear(&request, stack, &work, beside);
        let left = joined.map_or(Ok(()), JoinedPid::leave);
        drop(kept);
        let (born, maps) =
            born.map_err(|errno| self.failure_of_clone(errno))?;
        let has_failed = matches!(work.report.read(), Progress::Failed(..));
        let beside = left.and(maps.unwrap_or(Ok(())));
        if let (false, Err(error)) = (has_failed, beside) {
            end(&born);
            return Err(error);
        }
        self.judge(&work, born)
    }

    fn failure_of_clone(&self, errno: c_int) -> Error {
        let error = Error::new(Action::Clone, errno);
        match self.preparation.cloned {
            none if none.is_empty() => error,
            kinds => error.on(format!("with new namespaces {kinds}")),
        }
    }

    /// What came of the child, which no longer runs in this memory.
    fn judge(&self, work: &Work<'_>, born: Born) -> Result<Child, Error> {
        let (number, cause) = match work.report.read() {
            Progress::Failed(number, errno) => {
                end(&born);
                (number, Cause::Errno(errno))
            }
            Progress::Begun(number) => {
                let act = self.preparation.acts.get(number);
                if let Some(Act::Execute { .. }) = act {
                    return Ok(Child::new(born.pid, born.pidfd));
                }
                // It was ended from outside in the middle of an act.
                let status = kernel::wait(born.pid, 0).ok().flatten();
                let status = status.unwrap_or(libc::SIGKILL);
                (number, Cause::Signal(libc::WTERMSIG(status)))
            }
        };
        let act = self.preparation.acts.get(number);
        Err(Error {
            action: act.map_or(Action::Clone, Act::action),
            subject: act.and_then(Act::subject),
            cause,
        })
    }
}

/// Ends a child that has failed, if it has not ended yet, and reaps it.
fn end(born: &Born) {
    // It may have ended, and the program may ignore SIGCHLD.
    let _ = kernel::send_signal(born.pidfd.as_raw_fd(), libc::SIGKILL);
    let _ = kernel::wait(born.pid, 0);
}

/// A descriptor of the calling thread, greater than `greatest`; before Linux
/// 6.9 of its process.
fn descriptor_of_thread(greatest: i32) -> Result<OwnedFd, Error> {
    /// linux/pidfd.h
    const PIDFD_THREAD: u32 = libc::O_EXCL as u32;
    let failed = |errno| Error::new(Action::OpenSelf, errno);
    let pid = nix::unistd::getpid().as_raw();
    let opened = kernel::open_pidfd(kernel::thread_id(), PIDFD_THREAD)
        .or_else(|_| kernel::open_pidfd(pid, 0))
        .map_err(failed)?;
    if opened.as_raw_fd() > greatest {
        return Ok(opened);
    }
    let lowest = greatest.saturating_add(1);
    kernel::copy_from(&opened, lowest).map_err(failed)
}

fn gate() -> Result<EventFd, Error> {
    EventFd::from_value_and_flags(0, EfdFlags::EFD_CLOEXEC)
        .map_err(|errno| Error::new(Action::MapIds, errno as i32))
}

/// Writes the id maps of a child that waits for them, and lets it go on. If
/// one cannot be written, ends the child.
fn write_maps(
    born: &Born,
    files: &[(&'static str, String)],
    gate: &EventFd,
) -> Result<(), Error> {
    let written = files.iter().try_for_each(|(name, text)| {
        let path = format!("/proc/{}/{name}", born.pid);
        fs::write(&path, text).map_err(|error| {
            let text = text.trim().replace('\n', ", ");
            Error::new(Action::MapIds, errno(&error))
                .on(format!("({text} into {path})"))
        })
    });
    let opened = written.and_then(|()| {
        let opened = gate.write(1);
        opened
            .map(drop)
            .map_err(|errno| Error::new(Action::MapIds, errno as i32))
    });
    if opened.is_err() {
        // The child would wait for the gate.
        let _ = kernel::send_signal(born.pidfd.as_raw_fd(), libc::SIGKILL);
    }
    opened
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}

/// The pid namespace of the calling thread's next children is another one.
#[derive(Debug)]
struct JoinedPid {
    before: fs::File,
}

impl JoinedPid {
    fn enter(namespace: BorrowedFd<'_>) -> Result<Self, Error> {
        let failed = |errno| Error::new(Action::JoinPid, errno);
        let own = "/proc/thread-self/ns/pid_for_children";
        let before = fs::File::open(own)
            .map_err(|error| failed(errno(&error)).on(own))?;
        setns(namespace, CloneFlags::CLONE_NEWPID)
            .map_err(|errno| failed(errno as i32))?;
        Ok(JoinedPid { before })
    }

    fn leave(self) -> Result<(), Error> {
        setns(&self.before, CloneFlags::CLONE_NEWPID).map_err(|errno| {
            Error::new(Action::JoinPid, errno as i32)
                .on("(back to that of the caller)")
        })
    }
}
