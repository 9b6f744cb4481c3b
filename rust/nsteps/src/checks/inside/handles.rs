//! Handles that were opened before a namespace was left: they still work,
//! because a namespace decides what a name means, and a handle needs no name.

use super::{Attempt, Case, attempt, by_root, case, errno, own_mounts};
use harness::error::Result;
use harness::paths::{MYTMP, NO_SHEBANG, PROBE};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_open, mq_send};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, connect, socket,
};
use nix::sys::stat::{Mode, fstatat, stat};
use nix::unistd::{chdir, gethostname, pivot_root, sethostname};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::fd::{AsRawFd, OwnedFd};

const QUEUE: &str = "/nsteps";
const KEY: i32 = 0x6e73;

/// Every handle, each followed by the name that has lost its meaning. The cases
/// with a sysfs need root: a sandbox has no sysfs, and in a user namespace one
/// cannot be mounted unless one exists.
pub const CASES: &[Case] = &[
    case("a file of the old root, by a descriptor of that", "ok", || {
        let old_root = leave_root()?;
        Ok(fstatat(old_root, below(NO_SHEBANG), AtFlags::empty()).map(drop))
    }),
    case("the same, by its path", "ENOENT", || {
        leave_root()?;
        Ok(stat(NO_SHEBANG).map(drop))
    }),
    case(
        "a file mounted below the old root, by the descriptor",
        "ENOENT",
        || {
            let old_root = leave_root()?;
            Ok(fstatat(old_root, below(PROBE), AtFlags::empty()).map(drop))
        },
    ),
    case("the same, in a user namespace", "ok", || {
        // What was mounted in another user namespace is locked to the mount
        // below it, and cannot be unmounted alone.
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS)?;
        let old_root = leave_root()?;
        Ok(fstatat(old_root, below(PROBE), AtFlags::empty()).map(drop))
    }),
    case("a server of the old network, by a socket from before", "ok", || {
        let (server, socket) = (listen()?, tcp_socket()?);
        unshare(CloneFlags::CLONE_NEWNET)?;
        Ok(meet(&socket, &server))
    }),
    case("the same, by a socket made afterwards", "ENETUNREACH", || {
        let server = listen()?;
        unshare(CloneFlags::CLONE_NEWNET)?;
        Ok(meet(&tcp_socket()?, &server))
    }),
    by_root("a link of the old network, in a sysfs from before", "ok", || {
        fs("sysfs")?;
        unshare(CloneFlags::CLONE_NEWNET)?;
        Ok(stat("/mytmp/class/net/veth0").map(drop))
    }),
    by_root("the same, in a sysfs mounted afterwards", "ENOENT", || {
        unshare(CloneFlags::CLONE_NEWNET)?;
        fs("sysfs")?;
        Ok(stat("/mytmp/class/net/veth0").map(drop))
    }),
    case("a message queue, by a descriptor", "ok", || {
        let queue = open_queue(MQ_OFlag::O_CREAT)?;
        unshare(CloneFlags::CLONE_NEWIPC)?;
        Ok(mq_send(&queue, b"heard", 0))
    }),
    case("the same, by its name", "ENOENT", || {
        let _queue = open_queue(MQ_OFlag::O_CREAT)?;
        unshare(CloneFlags::CLONE_NEWIPC)?;
        Ok(open_queue(MQ_OFlag::empty()).map(drop))
    }),
    case("the same, in an mqueue filesystem from before", "ok", || {
        let _queue = open_queue(MQ_OFlag::O_CREAT)?;
        fs("mqueue")?;
        unshare(CloneFlags::CLONE_NEWIPC)?;
        Ok(stat("/mytmp/nsteps").map(drop))
    }),
    case("the same, in one mounted afterwards", "ENOENT", || {
        let _queue = open_queue(MQ_OFlag::O_CREAT)?;
        unshare(CloneFlags::CLONE_NEWIPC)?;
        fs("mqueue")?;
        Ok(stat("/mytmp/nsteps").map(drop))
    }),
    case("shared memory that is attached", "ok", || {
        let segment = kernel::attach(kernel::shared_memory(KEY, true)?)?;
        segment.store(1, std::sync::atomic::Ordering::Relaxed);
        unshare(CloneFlags::CLONE_NEWIPC)?;
        let kept = segment.load(std::sync::atomic::Ordering::Relaxed) == 1;
        Ok(if kept { Ok(()) } else { Err(Errno::EFAULT) })
    }),
    case("the same, by its key", "ENOENT", || {
        kernel::attach(kernel::shared_memory(KEY, true)?)?;
        unshare(CloneFlags::CLONE_NEWIPC)?;
        Ok(kernel::shared_memory(KEY, false).map(drop))
    }),
    case("the same, by its number", "EINVAL", || {
        let id = kernel::shared_memory(KEY, true)?;
        unshare(CloneFlags::CLONE_NEWIPC)?;
        Ok(kernel::attach(id).map(drop))
    }),
    case(
        "a namespace whose last process is gone, by a descriptor",
        "ok",
        || {
            let uts = CloneFlags::CLONE_NEWUTS;
            let before = own_uts()?;
            unshare(uts)?;
            sethostname("held")?;
            let held = own_uts()?;
            setns(before, uts)?;
            let entered = setns(held, uts);
            Ok(entered.and_then(|()| match gethostname()? == "held" {
                true => Ok(()),
                false => Err(Errno::ESTALE),
            }))
        },
    ),
];

/// Pivots into an empty root and detaches the old one. Returns a descriptor
/// that keeps the old one open.
fn leave_root() -> nix::Result<OwnedFd> {
    let old = open("/", OFlag::O_DIRECTORY, Mode::empty())?;
    fs("tmpfs")?;
    chdir(MYTMP)?;
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    chdir("/")?;
    Ok(old)
}

/// A path relative to the root directory.
fn below(path: &str) -> &str {
    path.trim_start_matches('/')
}

/// Mounts a new filesystem in a new mount namespace.
fn fs(fs_type: &str) -> nix::Result<()> {
    let none = None::<&str>;
    mount(Some(fs_type), MYTMP, Some(fs_type), MsFlags::empty(), none)
}

fn listen() -> nix::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(errno)
}

fn tcp_socket() -> nix::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC;
    socket(AddressFamily::Inet, SockType::Stream, flags, None)
}

fn meet(socket: &OwnedFd, server: &TcpListener) -> nix::Result<()> {
    let port = server.local_addr().map_err(errno)?.port();
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    connect(socket.as_raw_fd(), &SockaddrIn::from(address))
}

fn open_queue(flags: MQ_OFlag) -> nix::Result<MqdT> {
    // A small queue: the size of all queues of a user together is limited, and
    // other sandboxes have queues too.
    let small = MqAttr::new(0, 1, 16, 0);
    let flags = flags | MQ_OFlag::O_WRONLY;
    mq_open(QUEUE, flags, Mode::S_IRWXU, Some(&small))
}

fn own_uts() -> nix::Result<OwnedFd> {
    open("/proc/self/ns/uts", OFlag::O_CLOEXEC, Mode::empty())
}

/// Tries every case and prints a line for each: result, tab, name.
///
/// # Errors
///
/// Returns no error: the result of a case may be one.
pub fn table(_: &[String]) -> Result<()> {
    for case in CASES {
        attempt(case.name, || perform(case));
    }
    Ok(())
}

/// Makes the attempt in new namespaces, so that a case does not depend on what
/// another has left.
fn perform(case: &Case) -> Attempt {
    own_mounts()?;
    unshare(CloneFlags::CLONE_NEWIPC)?;
    (case.attempt)()
}
