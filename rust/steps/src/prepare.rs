//! Preparing a namespace from inside: a new root, an interface, an id map.

use std::cell::Cell;
use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, open};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::sys::stat::{Mode, SFlag, mknod};
use nix::unistd::{
    AccessFlags, Gid, Pid, Uid, UnlinkatFlags, access, chdir, mkdir, pipe2,
    pivot_root, read, symlinkat, unlinkat, write,
};

use crate::arguments::NewRoot;
use crate::failure::{Call, Failure};
use crate::kernel::set_interface_flags;
use crate::text::text;

/// An argument of mount(2) that the kernel does not read.
pub const NONE: Option<&CStr> = None;

/// The devices that programs expect in /dev: the current path, and the new one.
const DEVICES: [[&CStr; 2]; 6] = [
    [c"/.old/dev/null", c"/dev/null"],
    [c"/.old/dev/zero", c"/dev/zero"],
    [c"/.old/dev/full", c"/dev/full"],
    [c"/.old/dev/random", c"/dev/random"],
    [c"/.old/dev/urandom", c"/dev/urandom"],
    [c"/.old/dev/tty", c"/dev/tty"],
];
const STREAMS: [[&CStr; 2]; 4] = [
    [c"/proc/self/fd", c"/dev/fd"],
    [c"/proc/self/fd/0", c"/dev/stdin"],
    [c"/proc/self/fd/1", c"/dev/stdout"],
    [c"/proc/self/fd/2", c"/dev/stderr"],
];

/// Fills a new /dev while the old one can be reached. A user namespace may make
/// no device ([mknod(2)]), so each is bound on an empty file. A device that the
/// old /dev lacks is missing in the new one too, so a payload finds what it
/// would have found outside.
///
/// [mknod(2)]: https://man7.org/linux/man-pages/man2/mknod.2.html
///
/// # Errors
///
/// Fails as mknod(2), mount(2) and symlink(2) do.
pub fn fill_dev() -> Result<(), Failure> {
    let mode = Mode::from_bits_truncate(0o666);
    for [from, to] in DEVICES {
        if access(from, AccessFlags::F_OK).is_err() {
            continue;
        }
        mknod(to, SFlag::S_IFREG, mode, 0).call("mknod")?;
        mount(Some(from), to, NONE, MsFlags::MS_BIND, NONE).call("mount")?;
    }
    for [from, to] in STREAMS {
        symlinkat(from, AT_FDCWD, to).call("symlink")?;
    }
    Ok(())
}

/// Makes the calls of the step `pivot_root`: the whole of NEWROOT becomes `/`,
/// and nothing of the old root stays. `fill` runs while the old root can still
/// be reached, at /.old.
///
/// /proc is mounted while the old one is still attached: in a user namespace
/// the kernel allows a new procfs only beside one that is fully visible.
///
/// # Errors
///
/// Fails as the first call that fails, or as `fill` does.
pub fn enter_new_root(
    root: NewRoot,
    fill: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let NewRoot { root, put_old } = root;
    let (none, tmpfs, proc) = (Some(c"none"), Some(c"tmpfs"), Some(c"proc"));
    let no_flags = MsFlags::empty();

    let rprivate = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(NONE, c"/", NONE, rprivate, NONE).call("mount")?;
    let rbind = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(root), root, NONE, rbind, NONE).call("mount")?;
    mkdir(put_old, Mode::S_IRWXU).call_on("mkdir", put_old)?;
    pivot_root(root, put_old).call("pivot_root").inspect_err(|_| {
        // Otherwise the mkdir of the next run would fail.
        let _ = rmdir(put_old);
    })?;
    chdir(c"/").call("chdir")?;
    let of_dev = MsFlags::MS_NOSUID | MsFlags::MS_STRICTATIME;
    let prepared = mount(none, c"/dev", tmpfs, of_dev, Some(c""))
        .and_then(|()| mount(proc, c"/proc", proc, no_flags, Some(c"")))
        .call("mount")
        .and_then(|()| fill());
    umount2(c"/.old", MntFlags::MNT_DETACH).call("umount2")?;
    rmdir(c"/.old").call("rmdir")?;
    prepared
}

/// [rmdir(2)]; nix has only unlinkat(2), which does the same in the kernel.
///
/// [rmdir(2)]: https://man7.org/linux/man-pages/man2/rmdir.2.html
///
/// # Errors
///
/// Fails as rmdir(2) does.
pub fn rmdir(path: &CStr) -> nix::Result<()> {
    unlinkat(AT_FDCWD, path, UnlinkatFlags::RemoveDir)
}

/// Brings the loopback interface up ([netdevice(7)]). A new network namespace
/// has this interface, which is down and has no other flag to keep.
///
/// [netdevice(7)]: https://man7.org/linux/man-pages/man7/netdevice.7.html
///
/// # Errors
///
/// Fails as socket(2) and the request SIOCSIFFLAGS of ioctl(2) do.
pub fn bring_lo_up() -> Result<(), Failure> {
    let opened = socket(
        AddressFamily::Inet,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        None,
    );
    let socket = opened.call("socket")?;
    let up = libc::IFF_UP as i16;
    set_interface_flags(socket.as_fd(), c"lo", up).call("ioctl")
}

/// Makes the caller root in the user namespace of the process `pid`
/// ([user_namespaces(7)]): one user, one group.
///
/// setgroups is written before gid_map: a caller without privilege may map its
/// group only after the namespace can no longer drop groups.
///
/// [user_namespaces(7)]:
/// https://man7.org/linux/man-pages/man7/user_namespaces.7.html
///
/// # Errors
///
/// Fails as open(2) and write(2) do.
pub fn map_root(pid: Pid) -> Result<(), Failure> {
    let uid_map = text(format_args!("0 {} 1\n", Uid::effective()));
    let gid_map = text(format_args!("0 {} 1\n", Gid::effective()));
    write_file(&text(format_args!("/proc/{pid}/setgroups")), b"deny")?;
    write_file(&text(format_args!("/proc/{pid}/uid_map")), &uid_map)?;
    write_file(&text(format_args!("/proc/{pid}/gid_map")), &gid_map)
}

/// Writes `text` into a file of /proc with one write(2): the kernel accepts
/// maps and offsets only in a single write.
///
/// # Errors
///
/// Fails as open(2) and write(2) do.
pub fn write_file(path: &[u8], text: &[u8]) -> Result<(), Failure> {
    let how = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    let file = open(path, how, Mode::empty()).call("open")?;
    write(file, text).call("write").map(drop)
}

/// A pipe ([pipe(2)]) on which a forked child waits until the launcher has done
/// its part. Both ends are closed on exec.
///
/// [pipe(2)]: https://man7.org/linux/man-pages/man2/pipe.2.html
pub struct Gate {
    reader: OwnedFd,
    writer: Cell<Option<OwnedFd>>,
}

impl Gate {
    /// Makes the pipe, before the clone.
    ///
    /// # Errors
    ///
    /// Fails as pipe(2) does.
    pub fn new() -> Result<Self, Failure> {
        let (reader, writer) = pipe2(OFlag::O_CLOEXEC).call("pipe2")?;
        Ok(Self { reader, writer: Cell::new(Some(writer)) })
    }

    /// The child's side: waits for the launcher's byte.
    ///
    /// It first closes its own copy of the writing end. With that open, the
    /// child of a launcher that was killed would wait for ever.
    ///
    /// # Errors
    ///
    /// Fails as read(2) does; with EPIPE if the launcher has ended without
    /// writing a byte.
    pub fn wait(&self) -> Result<(), Failure> {
        drop(self.writer.take());
        match read(&self.reader, &mut [0]).call("read")? {
            0 => Err(Errno::EPIPE).call("read"),
            _ => Ok(()),
        }
    }

    /// The launcher's side: lets the child continue.
    ///
    /// # Errors
    ///
    /// Fails as write(2) does.
    pub fn open(&self) -> Result<(), Failure> {
        match self.writer.take() {
            Some(writer) => write(writer, &[0]).call("write").map(drop),
            None => Ok(()),
        }
    }
}
