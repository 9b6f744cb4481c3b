//! What a network namespace holds, so that two moments can be compared: all
//! that its files in /proc say, and what netlink lists.

use std::collections::BTreeMap;
use std::ffi::c_int;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, NetlinkAddr, bind, recv, sendto};

use crate::raw::kernel::{self, netlink};

/// The state of a network namespace. What could not be read is in it with the
/// error, so that a change of that is a change as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inventory(BTreeMap<String, Vec<u8>>);

/// Files below /proc/PID/net and /proc/sys/net that are about the machine, or
/// about their reader; by their paths.
const ELSEWHERE: &[&str] = &[
    // The processors, for all namespaces.
    "net/softnet_stat",
    "net/rt_acct",
    "net/stat/arp_cache",
    "net/stat/ndisc_cache",
    "net/stat/rt_cache",
    // The modules that the kernel has loaded.
    "net/arp_tables_matches",
    "net/arp_tables_targets",
    "net/ip6_tables_matches",
    "net/ip6_tables_targets",
    "net/ip_tables_matches",
    "net/ip_tables_targets",
    // The memory of a protocol, for all namespaces. Sockets are in sockstat.
    "net/protocols",
];

/// In these, only the numbers behind these words are of the namespace.
const COUNTS: &[&str] = &["net/sockstat", "net/sockstat6"];
const COUNTED: &[&str] = &["used", "inuse"];

/// What netlink lists: a name, the protocol, the type of the message, and its
/// content behind the header: a family, then zeros.
const LISTS: &[(&str, c_int, u16, &[u8])] = &[
    ("links", ROUTE, libc::RTM_GETLINK, &[0; 16]),
    ("addresses", ROUTE, libc::RTM_GETADDR, &[0; 8]),
    ("routes", ROUTE, libc::RTM_GETROUTE, &[0; 12]),
    ("rules", ROUTE, libc::RTM_GETRULE, &[0; 12]),
    ("neighbours", ROUTE, libc::RTM_GETNEIGH, &[0; 12]),
    ("address labels", ROUTE, libc::RTM_GETADDRLABEL, &IPV6),
    ("queues", ROUTE, libc::RTM_GETQDISC, &[0; 20]),
    ("configuration", ROUTE, RTM_GETNETCONF, &[0; 4]),
    ("next hops", ROUTE, RTM_GETNEXTHOP, &[0; 8]),
    ("namespaces", ROUTE, RTM_GETNSID, &[0; 4]),
    ("security associations", libc::NETLINK_XFRM, 18, &[0; 24]),
    ("security policies", libc::NETLINK_XFRM, 21, &[0; 64]),
    // IPSET_CMD_LIST, with the attribute of the protocol's version.
    (
        "sets",
        libc::NETLINK_NETFILTER,
        6 << 8 | 7,
        &[0, 0, 0, 0, 5, 0, 1, 0, 7, 0, 0, 0],
    ),
];

/// These exist of one family.
const IPV6: [u8; 12] = [libc::AF_INET6 as u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const ROUTE: c_int = libc::NETLINK_ROUTE;
/// linux/rtnetlink.h
const RTM_GETNETCONF: u16 = 82;
const RTM_GETNSID: u16 = 90;
const RTM_GETNEXTHOP: u16 = 106;

/// NFT_MSG_GETGEN: a number that grows with each change of the rules of
/// nftables. It is asked for, not listed.
const GENERATION: u16 = 10 << 8 | 16;

impl Inventory {
    /// That of the calling thread's namespace.
    ///
    /// # Errors
    ///
    /// Fails if there is no procfs, or no netlink.
    pub(crate) fn take() -> io::Result<Self> {
        let mut found = BTreeMap::new();
        // Before there is a socket of our own.
        files(Path::new("/proc/thread-self/net"), "net", &mut found)?;
        files(Path::new("/proc/sys/net"), "sysctl", &mut found)?;
        for (name, protocol, kind, content) in LISTS {
            let listed = list(*protocol, *kind, libc::NLM_F_DUMP, content);
            found.insert((*name).to_owned(), or_error(listed));
        }
        let rules = libc::NETLINK_NETFILTER;
        let generation = list(rules, GENERATION, 0, &[0; 4]);
        found.insert("rules of nftables".to_owned(), or_error(generation));
        Ok(Inventory(found))
    }

    /// Only the numbers of sockets, which are read without a socket.
    ///
    /// # Errors
    ///
    /// Fails if there is no procfs.
    pub(crate) fn of_sockets() -> io::Result<Self> {
        let counted = COUNTS.iter().map(|name| {
            let path = Path::new("/proc/thread-self").join(name);
            let text = fs::read_to_string(path)?;
            Ok(((*name).to_owned(), counts(&text).into_bytes()))
        });
        counted.collect::<io::Result<_>>().map(Inventory)
    }

    /// This one, with those parts that another one has as that one has them.
    pub(crate) fn with(mut self, other: Inventory) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The first thing of this one that another inventory has not in the same
    /// way.
    pub(crate) fn difference_in(&self, other: &Inventory) -> Option<String> {
        let mut names = self.0.keys();
        names.find(|name| self.0.get(*name) != other.0.get(*name)).cloned()
    }

    /// The first thing that another inventory has not in the same way, but for
    /// the numbers of sockets: the kernel frees some of them later.
    pub(crate) fn difference(&self, other: &Inventory) -> Option<String> {
        let names = self.0.keys().chain(other.0.keys());
        names
            .into_iter()
            .filter(|name| !COUNTS.contains(&name.as_str()))
            .find(|name| self.0.get(*name) != other.0.get(*name))
            .cloned()
    }

    /// Whether packet filters of the old kind have tables: their rules are not
    /// listed, so that a change of them is not seen.
    pub(crate) fn has_what_is_not_listed(&self) -> bool {
        let tables = ["arp_tables", "ip6_tables", "ip_tables"];
        tables.iter().any(|it| {
            let names = self.0.get(&format!("net/{it}_names"));
            names.is_some_and(|names| !names.is_empty())
        })
    }
}

fn or_error(read: io::Result<Vec<u8>>) -> Vec<u8> {
    read.unwrap_or_else(|error| error.to_string().into_bytes())
}

/// Every file below a directory. What ends while it is read is left out.
fn files(
    directory: &Path,
    name: &str,
    found: &mut BTreeMap<String, Vec<u8>>,
) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if ELSEWHERE.contains(&&*name) {
            continue;
        }
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            files(&path, &name, found)?;
            continue;
        }
        let content = or_error(fs::read(&path));
        let content = match COUNTS.contains(&&*name) {
            true => counts(&String::from_utf8_lossy(&content)).into_bytes(),
            false => content,
        };
        found.insert(name, content);
    }
    Ok(())
}

/// Brings `lo` up and waits until the kernel has noted its new state, which a
/// work queue does up to a second later.
///
/// # Errors
///
/// Fails with `ETIMEDOUT` if that takes longer, and as netlink does.
pub(crate) fn bring_lo_up() -> io::Result<()> {
    let changes = netlink(ROUTE).map_err(io::Error::from_raw_os_error)?;
    let links = NetlinkAddr::new(0, libc::RTMGRP_LINK as u32);
    bind(changes.as_raw_fd(), &links)?;
    kernel::bring_lo_up().map_err(io::Error::from_raw_os_error)?;
    let begun = Instant::now();
    while is_down(&list(ROUTE, libc::RTM_GETLINK, libc::NLM_F_DUMP, &[0; 16])?)
    {
        let left = SETTLED.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Err(io::Error::from_raw_os_error(libc::ETIMEDOUT));
        }
        let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut polled = [PollFd::new(changes.as_fd(), PollFlags::POLLIN)];
        if poll(&mut polled, left)? > 0 {
            recv(changes.as_raw_fd(), &mut [0; 8192], MsgFlags::MSG_TRUNC)?;
        }
    }
    Ok(())
}

/// How long the kernel may take to note the state of `lo`.
const SETTLED: Duration = Duration::from_secs(30);

/// Whether the first link of a list is noted as down (IFLA_OPERSTATE).
fn is_down(links: &[u8]) -> bool {
    const IFLA_OPERSTATE: u16 = 16;
    const IF_OPER_DOWN: u8 = 2;
    // Behind half a header and an ifinfomsg are attributes: length, type, value.
    let mut rest = links.get(8 + 16..).unwrap_or_default();
    while let [a, b, c, d, value, ..] = rest {
        let length = usize::from(u16::from_ne_bytes([*a, *b])).max(4);
        if u16::from_ne_bytes([*c, *d]) == IFLA_OPERSTATE {
            return *value == IF_OPER_DOWN;
        }
        let next = length.next_multiple_of(4);
        rest = rest.get(next..).unwrap_or_default();
    }
    false
}

/// The numbers of sockets of a namespace.
fn counts(text: &str) -> String {
    let mut kept = String::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let protocol = words.next().unwrap_or_default();
        while let (Some(word), Some(count)) = (words.next(), words.next()) {
            if COUNTED.contains(&word) {
                kept.push_str(&format!("{protocol} {word} {count}\n"));
            }
        }
    }
    kept
}

/// The length of a header of netlink.
const HEADER: usize = 16;

/// What netlink answers, without the numbers of the question.
fn list(
    protocol: c_int,
    kind: u16,
    flags: i32,
    content: &[u8],
) -> io::Result<Vec<u8>> {
    let kernel = netlink(protocol).map_err(io::Error::from_raw_os_error)?;
    let flags = (libc::NLM_F_REQUEST | flags) as u16;
    let length = (HEADER + content.len()) as u32;
    let question = [
        &length.to_ne_bytes()[..],
        &kind.to_ne_bytes(),
        &flags.to_ne_bytes(),
        &[0; 8],
        content,
    ];
    let to = NetlinkAddr::new(0, 0);
    let none = MsgFlags::empty();
    sendto(kernel.as_raw_fd(), &question.concat(), &to, none)?;
    let mut answer = Vec::new();
    // The kernel makes parts of at most 32 KiB.
    let mut part = vec![0; 64 << 10];
    loop {
        let read = recv(kernel.as_raw_fd(), &mut part, none)?;
        let mut rest = part.get(..read).unwrap_or_default();
        while let Some((header, _)) = rest.split_at_checked(HEADER) {
            let length = u32::from_ne_bytes([
                header[0], header[1], header[2], header[3],
            ]) as usize;
            let kind = i32::from(u16::from_ne_bytes([header[4], header[5]]));
            let many = u16::from_ne_bytes([header[6], header[7]])
                & libc::NLM_F_MULTI as u16
                != 0;
            let end = length.clamp(HEADER, rest.len());
            // Behind these are the numbers of the question and of the socket.
            answer.extend(&header[..8]);
            // An error repeats the header of the question.
            let content = &rest[HEADER..end];
            let kept = match kind {
                libc::NLMSG_ERROR => content.get(..4).unwrap_or(content),
                _ => content,
            };
            answer.extend(kept);
            if kind == libc::NLMSG_DONE || kind == libc::NLMSG_ERROR || !many {
                return Ok(answer);
            }
            // The next one begins at a multiple of four.
            rest = rest.get(end.next_multiple_of(4)..).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_counts_of_sockets_those_of_the_namespace_are_kept() {
        let text =
            "sockets: used 3\nTCP: inuse 1 orphan 0 tw 0 alloc 9 mem 7\n";
        assert_eq!(counts(text), "sockets: used 3\nTCP: inuse 1\n");
    }

    #[test]
    fn every_list_is_answered() {
        // Of the network of the machine: it may have what is a module.
        for (name, protocol, kind, content) in LISTS {
            let answer = list(*protocol, *kind, libc::NLM_F_DUMP, content);
            let answer = answer.expect(name);
            let kind = u16::from_ne_bytes([answer[4], answer[5]]);
            let is_error = i32::from(kind) == libc::NLMSG_ERROR;
            // That of an ordinary user, and that of a module not loaded.
            let errno = -i32::from_ne_bytes([
                answer[8], answer[9], answer[10], answer[11],
            ]);
            let is_excused = *name == "sets" || errno == libc::EPERM;
            assert!(!is_error || is_excused, "{name}: errno {errno}");
        }
    }

    #[test]
    fn a_difference_is_named() {
        let of = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            let pairs =
                pairs.map(|(name, text)| ((*name).to_owned(), text.as_bytes()));
            Inventory(pairs.map(|(name, text)| (name, text.to_vec())).collect())
        };
        let one = of(&[("a", "1"), ("b", "2")]);
        assert_eq!(one.difference(&one.clone()), None);
        let other = of(&[("a", "1"), ("b", "3")]);
        assert_eq!(one.difference(&other).as_deref(), Some("b"));
        let more = of(&[("a", "1"), ("b", "2"), ("c", "")]);
        assert_eq!(one.difference(&more).as_deref(), Some("c"));
        assert_eq!(more.difference(&one).as_deref(), Some("c"));
    }
}
