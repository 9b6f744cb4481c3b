//! One thing that the child does between its birth and the payload.
//!
//! All of this is safe Rust, and must stay within what
//! [`Run`](crate::raw::birth::Run) allows: system calls through
//! [`kernel`], reads of what was prepared, writes to atomics. No allocation, no
//! lock, nothing that can panic.

use std::ffi::{CStr, CString, c_int};
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering::Relaxed;

use crate::error::Action;
use crate::raw::birth::Birth;
use crate::raw::kernel::Identity;
use crate::raw::strings::Strings;
use crate::raw::{Result, kernel};

/// Where a descriptor that the child has opened is kept: an index into
/// [`Place::slots`].
pub(crate) type Slot = usize;

/// A descriptor: of the caller, or one that the child has opened before.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Descriptor {
    Number(c_int),
    Slot(Slot),
}

/// What the child does, and with what.
#[derive(Debug)]
pub(crate) enum Act {
    EnterCgroup {
        directory: c_int,
    },
    Join {
        fd: c_int,
        kinds: c_int,
    },
    /// The one that the caller has taken from its stock.
    JoinNetwork,
    WriteMap {
        path: CString,
        text: Vec<u8>,
    },
    AwaitMaps,
    BecomeRootGroup,
    BecomeRoot,
    Unshare {
        kind: c_int,
    },
    TimeOffsets {
        text: Vec<u8>,
    },
    Session,
    ProcessGroup {
        group: c_int,
    },
    Terminal {
        fd: c_int,
    },
    Hostname {
        name: Vec<u8>,
    },
    Domainname {
        name: Vec<u8>,
    },
    Loopback,
    Propagation {
        flags: libc::c_ulong,
    },
    OpenSource {
        path: CString,
        recursive: bool,
        slot: Slot,
    },
    SourceAttributes {
        path: CString,
        attributes: u64,
        recursive: bool,
        private: bool,
        slot: Slot,
    },
    BindRoot {
        root: CString,
    },
    EnterRoot {
        root: CString,
    },
    PivotRoot {
        root: CString,
    },
    MakeDirectory {
        path: CString,
        mode: u32,
    },
    MakeFile {
        path: CString,
        mode: u32,
    },
    MakeLink {
        target: CString,
        path: CString,
    },
    Mount {
        kind: CString,
        source: CString,
        target: CString,
        flags: libc::c_ulong,
        options: Option<CString>,
    },
    Attach {
        source: CString,
        slot: Slot,
        target: CString,
    },
    DetachRoot,
    RootAttributes {
        attributes: u64,
    },
    CurrentDirectory {
        path: CString,
        /// Which directory it has to be.
        is: Option<Identity>,
    },
    Umask {
        mask: u32,
    },
    CopyDescriptor {
        fd: c_int,
        lowest: c_int,
        slot: Slot,
    },
    PassDescriptor {
        from: Descriptor,
        number: c_int,
    },
    KeepDescriptor {
        fd: c_int,
    },
    CloseDescriptors {
        first: u32,
        last: u32,
    },
    Limit {
        resource: u32,
        name: &'static str,
        soft: u64,
        hard: u64,
    },
    NoNewPrivileges,
    BoundingSet {
        kept: u64,
    },
    Groups {
        groups: Vec<u32>,
    },
    GroupId {
        id: u32,
    },
    UserId {
        id: u32,
    },
    Capabilities {
        kept: u64,
    },
    ParentDeath {
        signal: c_int,
    },
    Disposition {
        signal: c_int,
        ignored: bool,
    },
    /// Every signal has its default action.
    DefaultDispositions,
    /// `None`: as the caller had it.
    Mask {
        blocked: Option<u64>,
        more: u64,
    },
    Execute {
        /// As it was asked for.
        program: CString,
        /// Where it is looked for.
        programs: Vec<CString>,
        arguments: Strings,
        environment: Strings,
    },
}

/// What an act needs of the launch that it is a part of.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) birth: &'a Birth,
    /// The descriptors that the child has opened. They lie in memory of the
    /// caller, which made them before.
    pub(crate) slots: &'a [AtomicI32],
    pub(crate) caller: Caller,
    /// An eventfd that becomes readable when the caller has written the maps,
    /// or -1.
    pub(crate) maps: c_int,
    /// A network namespace that only this launch has, or -1.
    pub(crate) network: c_int,
}

/// The thread that launches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// A pidfd of it, before Linux 6.9 of its process; -1 if the child does
    /// not look.
    pub(crate) pidfd: c_int,
    /// The pid of its process.
    pub(crate) process: c_int,
    /// It is the first thread of its process.
    pub(crate) is_first: bool,
}

impl Caller {
    /// Whether it has ended, so that its child has another parent, or will have
    /// one in a moment.
    fn has_ended(&self) -> Result<bool> {
        if kernel::readable([self.pidfd, -1], false)?.is_some() {
            return Ok(true);
        }
        // The pidfd of the first thread becomes readable when all threads have
        // ended, but its children get another parent when it has ended itself.
        // It gives up its memory before that. Where the question is refused,
        // there is the next one.
        if self.is_first
            && kernel::has_our_memory(self.pidfd) == Err(libc::ESRCH)
        {
            return Ok(true);
        }
        // It is 0 if the parent is outside of the child's pid namespace.
        let parent = kernel::parent();
        Ok(parent != 0 && parent != self.process)
    }
}

impl Place<'_> {
    fn keep(&self, slot: Slot, fd: c_int) {
        if let Some(place) = self.slots.get(slot) {
            place.store(fd, Relaxed);
        }
    }

    fn kept(&self, slot: Slot) -> c_int {
        self.slots.get(slot).map_or(-1, |place| place.load(Relaxed))
    }
}

/// The greatest number of a signal.
const SIGNALS: c_int = 64;

impl Act {
    /// Does it, in the child.
    pub(crate) fn perform(&self, place: &Place<'_>) -> Result<()> {
        match self {
            Act::EnterCgroup { directory } => {
                if place.birth.in_cgroup {
                    return Ok(());
                }
                let procs = kernel::open_in(*directory, c"cgroup.procs")?;
                // 0 is the process that writes it.
                let written = kernel::write(procs, b"0");
                kernel::close(procs);
                written
            }
            Act::Join { fd, kinds } => kernel::join(*fd, *kinds),
            Act::JoinNetwork => kernel::join(place.network, libc::CLONE_NEWNET),
            Act::WriteMap { path, text } => write_file(path, text),
            Act::AwaitMaps => {
                match kernel::readable([place.maps, place.caller.pidfd], true)?
                {
                    Some(0) => Ok(()),
                    // The caller has ended.
                    _ => Err(libc::ESRCH),
                }
            }
            Act::BecomeRootGroup => kernel::set_group(0),
            Act::BecomeRoot => kernel::set_user(0),
            Act::Unshare { kind } => kernel::unshare(*kind),
            Act::TimeOffsets { text } => {
                write_file(c"/proc/self/timens_offsets", text)
            }
            Act::Session => kernel::start_session(),
            Act::ProcessGroup { group } => kernel::set_process_group(*group),
            Act::Terminal { fd } => kernel::take_terminal(*fd),
            Act::Hostname { name } => kernel::set_hostname(name),
            Act::Domainname { name } => kernel::set_domainname(name),
            Act::Loopback => kernel::bring_lo_up(),
            Act::Propagation { flags } => {
                kernel::mount(None, c"/", None, *flags, None)
            }
            Act::OpenSource { path, recursive, slot } => {
                let tree = kernel::clone_tree(path, *recursive)?;
                place.keep(*slot, tree);
                Ok(())
            }
            Act::SourceAttributes {
                attributes,
                recursive,
                private,
                slot,
                ..
            } => kernel::set_attributes(
                place.kept(*slot),
                c"",
                *attributes,
                if *private { libc::MS_PRIVATE } else { 0 },
                *recursive,
            ),
            Act::BindRoot { root } => {
                let flags = libc::MS_BIND | libc::MS_REC;
                kernel::mount(Some(root), root, None, flags, None)
            }
            Act::EnterRoot { root } => kernel::change_directory(root),
            // The old root is put on top of the new one, of which the working
            // directory is: no directory is needed to put it on.
            Act::PivotRoot { .. } => kernel::pivot_root(c".", c"."),
            Act::MakeDirectory { path, mode } => {
                kernel::make_directory(path, *mode)
            }
            Act::MakeFile { path, mode } => kernel::make_file(path, *mode),
            Act::MakeLink { target, path } => kernel::make_link(target, path),
            Act::Mount { kind, source, target, flags, options } => {
                let options = options.as_deref();
                kernel::mount(Some(source), target, Some(kind), *flags, options)
            }
            Act::Attach { slot, target, .. } => {
                kernel::attach_tree(place.kept(*slot), target)
            }
            Act::DetachRoot => {
                kernel::detach(c".")?;
                kernel::change_directory(c"/")
            }
            Act::RootAttributes { attributes } => kernel::set_attributes(
                libc::AT_FDCWD,
                c"/",
                *attributes,
                0,
                false,
            ),
            Act::CurrentDirectory { path, is } => {
                kernel::change_directory(path)?;
                match is {
                    Some(is) if kernel::current_directory()? != *is => {
                        Err(libc::ESTALE)
                    }
                    _ => Ok(()),
                }
            }
            Act::Umask { mask } => {
                kernel::set_umask(*mask);
                Ok(())
            }
            Act::CopyDescriptor { fd, lowest, slot } => {
                let copy = kernel::duplicate_from(*fd, *lowest)?;
                place.keep(*slot, copy);
                Ok(())
            }
            Act::PassDescriptor { from, number } => {
                let fd = match from {
                    Descriptor::Number(fd) => *fd,
                    Descriptor::Slot(slot) => place.kept(*slot),
                };
                kernel::duplicate_to(fd, *number)
            }
            Act::KeepDescriptor { fd } => kernel::keep_on_exec(*fd),
            Act::CloseDescriptors { first, last } => {
                kernel::close_on_exec(*first, *last)
            }
            Act::Limit { resource, soft, hard, .. } => {
                kernel::set_limit(*resource, *soft, *hard)
            }
            Act::NoNewPrivileges => kernel::give_up_new_privileges(),
            Act::BoundingSet { kept } => reduce_bounding_set(*kept),
            Act::Groups { groups } => kernel::set_groups(groups),
            Act::GroupId { id } => kernel::set_group(*id),
            Act::UserId { id } => kernel::set_user(*id),
            Act::Capabilities { kept } => kernel::keep_capabilities(*kept),
            Act::ParentDeath { signal } => {
                kernel::set_parent_death_signal(*signal)?;
                // If the caller has ended before that, no signal will come.
                match place.caller.has_ended()? {
                    false => Ok(()),
                    true => Err(libc::ESRCH),
                }
            }
            Act::Disposition { signal, ignored } => {
                kernel::set_disposition(*signal, *ignored)
            }
            Act::DefaultDispositions => {
                for signal in 1..=SIGNALS {
                    if signal != libc::SIGKILL && signal != libc::SIGSTOP {
                        kernel::set_disposition(signal, false)?;
                    }
                }
                Ok(())
            }
            Act::Mask { blocked, more } => {
                let blocked = blocked.unwrap_or(place.birth.mask);
                kernel::set_mask(blocked | more).map(drop)
            }
            Act::Execute { programs, arguments, environment, .. } => {
                Err(execute(programs, arguments, environment))
            }
        }
    }

    /// The action that it is a part of.
    pub(crate) fn action(&self) -> Action {
        match self {
            Act::EnterCgroup { .. } => Action::EnterCgroup,
            Act::Join { .. } | Act::JoinNetwork => Action::Join,
            Act::WriteMap { .. } | Act::AwaitMaps => Action::MapIds,
            Act::BecomeRootGroup | Act::BecomeRoot => Action::BecomeRoot,
            Act::Unshare { .. } => Action::Unshare,
            Act::TimeOffsets { .. } => Action::TimeOffsets,
            Act::Session => Action::Session,
            Act::ProcessGroup { .. } => Action::ProcessGroup,
            Act::Terminal { .. } => Action::Terminal,
            Act::Hostname { .. } => Action::Hostname,
            Act::Domainname { .. } => Action::Domainname,
            Act::Loopback => Action::Loopback,
            Act::Propagation { .. } => Action::Propagation,
            Act::OpenSource { .. } => Action::OpenSource,
            Act::SourceAttributes { .. } | Act::RootAttributes { .. } => {
                Action::Attributes
            }
            Act::BindRoot { .. } => Action::BindRoot,
            Act::EnterRoot { .. } | Act::CurrentDirectory { .. } => {
                Action::CurrentDirectory
            }
            Act::PivotRoot { .. } => Action::PivotRoot,
            Act::MakeDirectory { .. } => Action::MakeDirectory,
            Act::MakeFile { .. } => Action::MakeFile,
            Act::MakeLink { .. } => Action::MakeLink,
            Act::Mount { .. } | Act::Attach { .. } => Action::Mount,
            Act::DetachRoot => Action::DetachRoot,
            Act::CopyDescriptor { .. }
            | Act::PassDescriptor { .. }
            | Act::KeepDescriptor { .. } => Action::PassDescriptor,
            Act::CloseDescriptors { .. } => Action::CloseDescriptors,
            Act::Umask { .. } | Act::Limit { .. } => Action::Limit,
            Act::NoNewPrivileges => Action::NoNewPrivileges,
            Act::BoundingSet { .. } => Action::BoundingSet,
            Act::Groups { .. } => Action::Groups,
            Act::GroupId { .. } => Action::GroupId,
            Act::UserId { .. } => Action::UserId,
            Act::Capabilities { .. } => Action::Capabilities,
            Act::ParentDeath { .. } => Action::ParentDeath,
            Act::Disposition { .. } | Act::DefaultDispositions => {
                Action::Disposition
            }
            Act::Mask { .. } => Action::Mask,
            Act::Execute { .. } => Action::Execute,
        }
    }

    /// What it is about, for an error message. The caller asks for it.
    pub(crate) fn subject(&self) -> Option<String> {
        let path = |path: &CStr| path.to_string_lossy().into_owned();
        let onto = |from: &CStr, to: &CStr| {
            format!("{} on {}", from.to_string_lossy(), to.to_string_lossy())
        };
        let bytes =
            |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        Some(match self {
            Act::WriteMap { path: file, text } => {
                format!("({} into {})", bytes(text), path(file))
            }
            Act::BecomeRootGroup => "(setresgid)".to_owned(),
            Act::BecomeRoot => "(setresuid)".to_owned(),
            Act::Join { kinds, .. } => kinds_of(*kinds),
            Act::JoinNetwork => kinds_of(libc::CLONE_NEWNET),
            Act::Unshare { kind } => kinds_of(*kind),
            Act::ProcessGroup { group } => group.to_string(),
            Act::Hostname { name } | Act::Domainname { name } => bytes(name),
            Act::OpenSource { path: file, .. }
            | Act::SourceAttributes { path: file, .. }
            | Act::MakeDirectory { path: file, .. }
            | Act::MakeFile { path: file, .. }
            | Act::MakeLink { path: file, .. }
            | Act::BindRoot { root: file }
            | Act::EnterRoot { root: file }
            | Act::PivotRoot { root: file }
            | Act::CurrentDirectory { path: file, .. } => path(file),
            Act::RootAttributes { .. } => "/".to_owned(),
            Act::Mount { kind, target, .. } => onto(kind, target),
            Act::Attach { source, target, .. } => onto(source, target),
            Act::PassDescriptor { number, .. } => number.to_string(),
            Act::KeepDescriptor { fd } => fd.to_string(),
            Act::CopyDescriptor { fd, .. } => fd.to_string(),
            Act::Limit { name, soft, hard, .. } => {
                format!("{name} to {soft} of {hard}")
            }
            Act::GroupId { id } | Act::UserId { id } => id.to_string(),
            Act::ParentDeath { signal } | Act::Disposition { signal, .. } => {
                signal.to_string()
            }
            Act::Execute { program, .. } => path(program),
            _ => return None,
        })
    }
}

/// The names of the kinds that flags of clone stand for.
fn kinds_of(flags: c_int) -> String {
    crate::namespace::Namespace::from_flags(flags).to_string()
}

fn write_file(path: &CStr, text: &[u8]) -> Result<()> {
    let file = kernel::open(path, libc::O_WRONLY, 0)?;
    let written = kernel::write(file, text);
    kernel::close(file);
    written
}

/// Drops every capability that the kernel has and that is not to be kept.
fn reduce_bounding_set(kept: u64) -> Result<()> {
    for capability in 0..u64::BITS {
        match kernel::is_in_bounding_set(capability) {
            Ok(true) if kept >> capability & 1 == 0 => {
                kernel::drop_from_bounding_set(capability)?;
            }
            Ok(_) => {}
            // The kernel has no more.
            Err(libc::EINVAL) => break,
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Executes the first program that can be, as execvp(3): what is not there is
/// passed over, and what may not be executed is remembered.
fn execute(
    programs: &[CString],
    arguments: &Strings,
    environment: &Strings,
) -> c_int {
    if let [only] = programs {
        return kernel::execute(only, arguments, environment);
    }
    let mut answer = libc::ENOENT;
    for program in programs {
        match kernel::execute(program, arguments, environment) {
            libc::ENOENT | libc::ENOTDIR => {}
            libc::EACCES => answer = libc::EACCES,
            errno => return errno,
        }
    }
    answer
}

/// Makes the signals that call a function of the caller call nothing. They
/// have their default action after the exec in any case.
pub(crate) fn reset_handlers() {
    for signal in 1..=SIGNALS {
        if kernel::has_handler(signal) == Ok(true) {
            // A signal that has a handler can be given another disposition.
            let _ = kernel::set_disposition(signal, false);
        }
    }
}
