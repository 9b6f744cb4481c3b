//! The socket of a daemon: which processes may come, and what is said there.
//!
//! A client connects and says nothing. The daemon answers with one packet: the
//! root and three descriptors, or why there are none.

use harness::error::{Context, Error, Result};
use nix::cmsg_space;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::socket::sockopt::PeerCredentials;
use nix::sys::socket::{
    AddressFamily, Backlog, ControlMessage, ControlMessageOwned, MsgFlags,
    SockFlag, SockType, UnixAddr, accept4, bind, connect, getsockopt, listen,
    recvmsg, sendmsg, socket,
};
use nix::sys::stat::{Mode, umask};
use nix::unistd::geteuid;
use std::fs::{self, File};
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The descriptors that a client gets.
#[derive(Debug)]
pub struct Given<T> {
    /// The mount namespace of the template.
    pub template: T,
    /// A network namespace, for this client alone.
    pub network: T,
    /// The user namespace that owns both.
    pub user: T,
}

/// Which file a socket is, so that no other one is removed in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The number of its device.
    pub device: u64,
    /// Its inode.
    pub inode: u64,
}

/// What the first byte of an answer says.
const GIVEN: u8 = b'+';
const REFUSED: u8 = b'-';

/// The longest answer: a path, or an error.
const LONGEST: usize = 8192;

fn new_socket() -> Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC;
    socket(AddressFamily::Unix, SockType::SeqPacket, flags, None)
        .context("make a socket")
}

fn address(path: &Path) -> Result<UnixAddr> {
    UnixAddr::new(path).context(format_args!("the path {}", path.display()))
}

/// Makes the socket at a path and listens, with mode 0600. One that a dead
/// daemon has left there is replaced.
///
/// # Errors
///
/// Fails if something else is at the path, or a daemon that lives.
pub fn open(path: &Path) -> Result<(OwnedFd, Identity)> {
    let shown = path.display();
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Two daemons that begin at the same time take turns.
    let locked = File::open(directory)
        .context(format_args!("open {}", directory.display()))?;
    let locked = Flock::lock(locked, FlockArg::LockExclusive)
        .map_err(|(_, errno)| errno)
        .context(format_args!("lock {}", directory.display()))?;
    if is_left_over(path)? {
        fs::remove_file(path).context(format_args!("remove {shown}"))?;
    }
    let listener = new_socket()?;
    // This process has one thread yet.
    let before = umask(Mode::from_bits_truncate(0o177));
    let bound = bind(listener.as_raw_fd(), &address(path)?);
    umask(before);
    bound.context(format_args!("bind {shown}"))?;
    listen(&listener, Backlog::MAXCONN)
        .context(format_args!("listen on {shown}"))?;
    drop(locked);
    let data = fs::symlink_metadata(path);
    let data = data.context(format_args!("look at {shown}"))?;
    Ok((listener, Identity { device: data.dev(), inode: data.ino() }))
}

/// Whether a socket is at a path that no process listens on.
fn is_left_over(path: &Path) -> Result<bool> {
    match connect(new_socket()?.as_raw_fd(), &address(path)?) {
        Ok(()) => Err(Error::new(format!(
            "{} is served by another daemon: end that one, or choose another \
             path",
            path.display()
        ))),
        Err(Errno::ENOENT) => Ok(false),
        // It also stands for a file of another kind, which stays.
        Err(Errno::ECONNREFUSED) => {
            use std::os::unix::fs::FileTypeExt;
            let data = fs::symlink_metadata(path);
            Ok(data.is_ok_and(|data| data.file_type().is_socket()))
        }
        Err(errno) => Err(errno)
            .context(format_args!("look for a daemon on {}", path.display())),
    }
}

/// Removes the socket, if it is still the same file.
pub fn remove(path: &Path, identity: Identity) {
    let Ok(data) = fs::symlink_metadata(path) else { return };
    let now = Identity { device: data.dev(), inode: data.ino() };
    if now == identity {
        // Another process may remove it at the same time.
        let _ = fs::remove_file(path);
    }
}

/// The next client; `None` if it has gone already.
///
/// # Errors
///
/// Fails if there are too many descriptors.
pub fn accept(listener: &OwnedFd) -> Result<Option<OwnedFd>> {
    match accept4(listener, SockFlag::SOCK_CLOEXEC) {
        Ok(client) => Ok(Some(client)),
        Err(Errno::EINTR | Errno::ECONNABORTED) => Ok(None),
        Err(errno) => Err(errno).context("accept a client"),
    }
}

/// Fails unless the other end of a connection belongs to the user of this
/// process. A user that has no id in this user namespace is another one.
///
/// # Errors
///
/// Fails as it says.
pub fn require_own_user(connection: BorrowedFd<'_>) -> Result<()> {
    let peer = getsockopt(&connection, PeerCredentials)
        .context("ask for the user at the other end")?;
    if peer.uid() == geteuid().as_raw() {
        return Ok(());
    }
    Err(Error::new(format!(
        "the other end of the socket belongs to the user {}, and this process \
         to {}: a daemon serves its own user",
        peer.uid(),
        geteuid()
    )))
}

/// Answers a client: the root and the descriptors, or an error.
///
/// # Errors
///
/// Fails if the client has gone.
pub fn answer(
    client: &OwnedFd,
    root: Option<&Path>,
    given: Result<Given<BorrowedFd<'_>>>,
) -> Result<()> {
    let root = root.map_or(&[][..], |root| root.as_os_str().as_bytes());
    let (word, text, descriptors) = match &given {
        Ok(given) => {
            let all = [&given.template, &given.network, &given.user];
            (GIVEN, root, all.map(AsRawFd::as_raw_fd).to_vec())
        }
        Err(error) => (REFUSED, error.message.as_bytes(), Vec::new()),
    };
    let text = &text[..text.len().min(LONGEST - 1)];
    let rights = [ControlMessage::ScmRights(&descriptors)];
    let rights = if descriptors.is_empty() { &[][..] } else { &rights };
    // A client that does not read holds up nothing: the packet waits for it.
    let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
    let parts = [IoSlice::new(std::slice::from_ref(&word)), IoSlice::new(text)];
    let client = client.as_raw_fd();
    sendmsg::<()>(client, &parts, rights, flags, None)
        .context("answer a client")
        .map(drop)
}

/// Asks the daemon on a socket: the root, `None` for `/`, and the descriptors.
///
/// # Errors
///
/// Fails if no daemon is there, if it belongs to another user, or if it could
/// not make what it was asked for.
pub fn ask(path: &Path) -> Result<(Option<PathBuf>, Given<OwnedFd>)> {
    let shown = path.display();
    let connection = new_socket()?;
    connect(connection.as_raw_fd(), &address(path)?).context(format_args!(
        "connect to {shown} (start a daemon: nsteps warm --serve {shown})"
    ))?;
    require_own_user(connection.as_fd())?;
    let mut text = vec![0; LONGEST];
    let mut parts = [IoSliceMut::new(&mut text)];
    let mut space = cmsg_space!([i32; 3]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let (length, received) = {
        let fd = connection.as_raw_fd();
        let message = loop {
            match recvmsg::<()>(fd, &mut parts, Some(&mut space), flags) {
                Err(Errno::EINTR) => {}
                other => break other,
            }
        };
        let message = message.context(format_args!("read from {shown}"))?;
        let mut received = Vec::new();
        for part in message.cmsgs().context("read descriptors")? {
            if let ControlMessageOwned::ScmRights(numbers) = part {
                received.extend(numbers.into_iter().map(kernel::own));
            }
        }
        (message.bytes, received)
    };
    let unknown = || {
        Error::new(format!(
            "the daemon on {shown} has ended, or speaks another language than \
             this nsteps"
        ))
    };
    let text = text.get(..length).unwrap_or_default();
    let (word, text) = text.split_first().ok_or_else(unknown)?;
    let descriptors: [OwnedFd; 3] = match (*word, received.try_into()) {
        (REFUSED, _) => {
            let why = String::from_utf8_lossy(text);
            return Err(Error::new(format!("the daemon on {shown}: {why}")));
        }
        (GIVEN, Ok(descriptors)) => descriptors,
        _ => return Err(unknown()),
    };
    let [template, network, user] = descriptors;
    let root = (!text.is_empty())
        .then(|| PathBuf::from(std::ffi::OsString::from_vec(text.to_vec())));
    Ok((root, Given { template, network, user }))
}
