//! The network of a sandbox: lo, which is up, and a veth pair, which is up as
//! well, so that a step has something to hide.
//!
//! It is made by a few messages over
//! [rtnetlink(7)](https://man7.org/linux/man-pages/man7/rtnetlink.7.html);
//! ip(8) does the same and takes 3 ms each time it is started.

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send,
    socket,
};
use std::os::fd::AsRawFd;

/// The names of the two ends of the pair.
const VETH: [&str; 2] = ["veth0", "veth1"];
/// Their hardware addresses, which are fixed, so that all sandboxes are equal.
const ADDRESS: [[u8; 6]; 2] = [[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]];

/// Brings lo up and makes the pair.
///
/// # Errors
///
/// Fails with `EOPNOTSUPP` if the kernel has no veth, and as a message of
/// netlink(7) does.
pub fn set_up() -> nix::Result<()> {
    // IPv6 would add addresses at a time that is not fixed, and two
    // observations would differ. A kernel without IPv6 does not have the file.
    let _ = std::fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
    // SIOCSIFFLAGS would work for lo too; the message costs nothing more.
    request(0, &link(1, libc::IFF_UP))?;
    let peer = [link(0, 0), identity(1)].concat();
    let kind = attribute(libc::IFLA_INFO_KIND, b"veth");
    let of_kind = attribute(libc::IFLA_INFO_DATA, &attribute(1, &peer));
    let info = attribute(libc::IFLA_LINKINFO, &[kind, of_kind].concat());
    let pair = [link(0, 0), identity(0), info].concat();
    request(libc::NLM_F_CREATE | libc::NLM_F_EXCL, &pair)?;
    // An end can be brought up only after the other one exists.
    (0..2).try_for_each(|end| {
        request(0, &[link(0, libc::IFF_UP), identity(end)].concat())
    })
}

/// struct ifinfomsg: the interface with number `index` (0: the one named in an
/// attribute), and its flags.
fn link(index: i32, flags: libc::c_int) -> Vec<u8> {
    let flags = (flags as u32).to_ne_bytes();
    let change = (libc::IFF_UP as u32).to_ne_bytes();
    [&[0; 4][..], &index.to_ne_bytes(), &flags, &change].concat()
}

/// The name and hardware address of one end, as attributes.
fn identity(end: usize) -> Vec<u8> {
    let name = [VETH[end].as_bytes(), b"\0"].concat();
    [
        attribute(libc::IFLA_IFNAME, &name),
        attribute(libc::IFLA_ADDRESS, &ADDRESS[end]),
    ]
    .concat()
}

/// struct rtattr: length, type, value, padded to four bytes.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = (4 + value.len()) as u16;
    let mut bytes =
        [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// Sends one RTM_NEWLINK and waits for the kernel's answer.
fn request(flags: libc::c_int, body: &[u8]) -> nix::Result<()> {
    let netlink = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )?;
    let flags = (flags | libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
    let length = (16 + body.len()) as u32;
    let message = [
        &length.to_ne_bytes()[..],
        &libc::RTM_NEWLINK.to_ne_bytes(),
        &flags.to_ne_bytes(),
        &[0; 8],
        body,
    ]
    .concat();
    send(netlink.as_raw_fd(), &message, MsgFlags::empty())?;
    let mut answer = [0u8; 4096];
    let count = recv(netlink.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    // struct nlmsghdr, then the error number of struct nlmsgerr, negated.
    let error = answer
        .get(16..20)
        .filter(|_| count >= 20)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(-libc::EPROTO, i32::from_ne_bytes);
    if error == 0 { Ok(()) } else { Err(Errno::from_raw(-error)) }
}
