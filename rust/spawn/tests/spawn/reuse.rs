//! Networks that are used again: the same if nothing was changed in them, and
//! never one in which something was.

use std::fs::{self, File};
use std::io::{IoSlice, IoSliceMut, pipe};
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::time::Instant;

use nix::cmsg_space;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag,
    SockType, recvmsg, sendmsg, socketpair,
};
use nsteps_spawn::{Action, Command, Loopback, Namespace, Networks, Reuse};

use crate::Test;
use crate::observed::{
    BOUND, Held, Outcome, Trouble, WAITING, held, holds, needs_root, same,
};

pub const ALL: &[Test] = &[
    ("a_clean_network_is_used_again", again),
    ("a_network_that_is_used_again_is_as_a_new_one", as_new),
    ("a_launch_that_fails_gives_its_network_back", failed),
    ("a_network_without_a_pid_namespace_is_not_used_again", no_pid),
    ("a_network_with_a_socket_that_was_sent_away_is_dropped", sent_away),
];

/// Something that a payload does to its network, and what is then different.
pub struct Dirt {
    pub name: &'static str,
    loopback: Loopback,
    script: &'static str,
    /// How the name begins of what is different; one of them.
    seen: &'static [&'static str],
    /// A program that not every machine has.
    needs: &'static str,
}

const fn dirt(
    name: &'static str,
    script: &'static str,
    seen: &'static [&'static str],
) -> Dirt {
    Dirt { name, loopback: Loopback::Down, script, seen, needs: "ip" }
}

pub const DIRT: &[Dirt] = &[
    dirt(
        "an_interface",
        "ip link add one type veth",
        &["configuration", "links", "net/dev"],
    ),
    dirt("lo_up", "ip link set lo up", &["links", "addresses", "net/"]),
    dirt("another_mtu", "ip link set lo mtu 1400", &["links"]),
    dirt(
        "an_address",
        "ip address add 10.1.2.3/32 dev lo",
        &["addresses", "net/fib_trie"],
    ),
    Dirt {
        loopback: Loopback::Up,
        ..dirt(
            "a_route",
            "ip route add blackhole 10.1.0.0/16",
            &["net/", "routes"],
        )
    },
    dirt("a_rule", "ip rule add fwmark 1 table 5", &["rules", "net/"]),
    Dirt {
        loopback: Loopback::Up,
        ..dirt(
            "a_neighbour",
            "ip neigh add 127.0.0.9 lladdr 02:00:00:00:00:01 dev lo",
            &["neighbours", "net/"],
        )
    },
    dirt(
        "a_label",
        "ip addrlabel add prefix fd00::/8 label 9",
        &["address labels"],
    ),
    Dirt {
        loopback: Loopback::Up,
        ..dirt("a_next_hop", "ip nexthop add id 1 blackhole", &["next hops"])
    },
    Dirt {
        needs: "tc",
        ..dirt(
            "a_queue",
            "tc qdisc add dev lo root pfifo",
            &["queues", "links"],
        )
    },
    dirt(
        "a_sysctl",
        "echo 7 >/proc/sys/net/ipv4/conf/lo/medium_id",
        &["sysctl/", "links"],
    ),
    dirt(
        "another_port_range",
        "echo 2000 3000 >\\
          /proc/sys/net/ipv4/ip_local_port_range",
        &["sysctl/"],
    ),
    dirt(
        "a_policy",
        "ip xfrm policy add src 10.0.0.0/8 dst 10.0.0.0/8 dir out",
        &["security policies"],
    ),
    Dirt {
        needs: "nft",
        ..dirt(
            "a_packet_filter",
            "nft add table inet box",
            &["rules of nftables", "net/"],
        )
    },
    // The rules are as before, and there have been others.
    Dirt {
        needs: "nft",
        ..dirt(
            "a_packet_filter_that_was_removed",
            "nft add table inet box; nft delete table inet box",
            &["rules of nftables", "net/"],
        )
    },
    Dirt {
        needs: "nft",
        loopback: Loopback::Up,
        ..dirt(
            "tracked_connections",
            "nft add table inet box; \\
             nft 'add chain inet box out { type filter hook output priority 0; }'; \\
             nft add rule inet box out ct state new accept; \\
             bash -c ': </dev/tcp/127.0.0.1/9' || :; nft delete table inet box",
            &["net/nf_conntrack", "sysctl/netfilter", "net/", "links", "rules"],
        )
    },
    Dirt {
        needs: "bash",
        loopback: Loopback::Up,
        ..dirt(
            "packets_over_lo",
            "bash -c ': </dev/tcp/127.0.0.1/9' || :",
            &["links", "net/"],
        )
    },
];

impl Dirt {
    pub fn run(&self) -> Outcome {
        needs_root()?;
        let is_there = |path: &str| {
            fs::exists(format!("{path}/{}", self.needs)).unwrap_or(false)
        };
        let places = ["/bin", "/sbin", "/usr/bin", "/usr/sbin"];
        if !places.into_iter().any(is_there) {
            return Err(Trouble::Unavailable(format!("no {}", self.needs)));
        }
        let networks = Networks::reusing(1, self.loopback)?;
        let text = format!("set -e; {}", self.script);
        let command = Command::new("/bin/sh").args(["-c", &text]);
        let status = once(&command, &networks)?;
        holds(status.success(), format!("{}: {status}", self.script))?;
        let reuse = compared(&networks, 1)?;
        same("dropped", (reuse.clean, reuse.dropped), (0, 1))?;
        let seen = reuse.last.unwrap_or_default();
        let is_expected = self.seen.iter().any(|it| seen.starts_with(it));
        holds(is_expected, format!("{seen:?} is different"))
    }
}

/// A launch in a network of the stock, until it has ended.
fn once(
    command: &Command<'_>,
    networks: &Networks,
) -> Result<std::process::ExitStatus, Trouble> {
    let command = command.clone().networks(networks);
    let mut child = command.namespaces(Namespace::PID).spawn()?;
    let status = child.wait_until(BOUND)?;
    status.ok_or_else(|| {
        // The test ends it, and nothing waits for it.
        let _ = child.kill();
        Trouble::Failed("the payload has not ended".to_owned())
    })
}

/// Waits until so many networks have been compared.
fn compared(networks: &Networks, count: u64) -> Result<Reuse, Trouble> {
    let begun = Instant::now();
    loop {
        let reuse = networks.reuse();
        if reuse.clean + reuse.dropped >= count {
            return Ok(reuse);
        }
        if begun.elapsed() > BOUND {
            let what = format!("not compared within {BOUND:?}: {reuse:?}");
            return Err(Trouble::Failed(what));
        }
        std::thread::yield_now();
    }
}

fn again() -> Outcome {
    needs_root()?;
    let networks = Networks::reusing(1, Loopback::Down)?;
    let payload = || {
        let command = Command::new(WAITING).networks(&networks);
        held(command.namespaces(Namespace::PID))
    };
    let first = payload()?;
    let number = first.link("ns/net")?;
    // As long as it is open, no other network has its number.
    let path = format!("/proc/{}/ns/net", first.child().pid());
    let _open = File::open(path)?;
    drop(first);
    let reuse = compared(&networks, 1)?;
    same("dropped", (reuse.dropped, reuse.last), (0, None))?;
    same("the network", payload()?.link("ns/net")?, number)
}

fn as_new() -> Outcome {
    needs_root()?;
    for loopback in [Loopback::Down, Loopback::Up] {
        let networks = Networks::reusing(1, loopback)?;
        for _ in 0..3 {
            once(&Command::new("/bin/true"), &networks)?;
        }
        let reuse = compared(&networks, 3)?;
        same("clean", (reuse.clean, reuse.last), (3, None))?;
        let command = Command::new(WAITING).namespaces(Namespace::PID);
        let used = held(command.clone().networks(&networks))?;
        let new = command.namespaces(Namespace::NET);
        let new = held(match loopback {
            Loopback::Down => new,
            Loopback::Up => new.loopback_up(),
        })?;
        for file in [
            "net/dev",
            "net/fib_trie",
            "net/route",
            "net/if_inet6",
            "net/tcp",
            "net/udp",
            "net/unix",
            "net/snmp",
            "net/snmp6",
            "net/netstat",
        ] {
            same(file, used.read(file)?, new.read(file)?)?;
        }
        // The sockets of the comparison are gone as well.
        let sockets = |payload: &Held| -> Result<String, Trouble> {
            let text = payload.read("net/sockstat")?;
            Ok(text.lines().next().unwrap_or_default().to_owned())
        };
        same("sockets", sockets(&used)?, sockets(&new)?)?;
    }
    Ok(())
}

fn failed() -> Outcome {
    needs_root()?;
    let networks = Networks::reusing(1, Loopback::Down)?;
    let command = Command::new("/nowhere").networks(&networks);
    let error = command.namespaces(Namespace::PID).spawn().err();
    let error = error.map(|error| error.action());
    same("the error", error, Some(Action::Execute))?;
    same("clean", compared(&networks, 1)?.clean, 1)
}

fn no_pid() -> Outcome {
    let networks = Networks::reusing(1, Loopback::Down)?;
    let command = Command::new("/bin/true").networks(&networks);
    let Err(error) = command.prepare() else {
        return Err(Trouble::Failed("it was prepared".to_owned()));
    };
    same("the action", error.action(), Action::Prepare)?;
    holds(error.to_string().contains("new pid namespace"), error.to_string())
}

/// As a payload: makes a socket that listens and sends it to standard input.
pub fn listen(_: &[String]) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let descriptors = [listener.as_raw_fd()];
    let rights = [ControlMessage::ScmRights(&descriptors)];
    let byte = [IoSlice::new(b".")];
    sendmsg::<()>(0, &byte, &rights, MsgFlags::empty(), None)?;
    Ok(())
}

fn sent_away() -> Outcome {
    needs_root()?;
    let networks = Networks::reusing(1, Loopback::Up)?;
    let flags = SockFlag::SOCK_CLOEXEC;
    let kind = SockType::SeqPacket;
    let (own, other) = socketpair(AddressFamily::Unix, kind, None, flags)?;
    let (_, output) = pipe()?;
    let program = std::env::current_exe()?;
    let command = Command::new(program).arg("--listen").stdin(&other);
    let status = once(&command.stdout(&output), &networks)?;
    holds(status.success(), format!("{status}"))?;
    let mut byte = [0];
    let mut parts = [IoSliceMut::new(&mut byte)];
    let mut space = cmsg_space!([i32; 1]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message =
        recvmsg::<()>(own.as_raw_fd(), &mut parts, Some(&mut space), flags)?;
    let sent = message.cmsgs()?.find_map(|part| match part {
        ControlMessageOwned::ScmRights(fds) => fds.first().copied(),
        _ => None,
    });
    holds(sent.is_some(), "no socket was sent")?;
    let reuse = compared(&networks, 1)?;
    same("dropped", (reuse.clean, reuse.dropped), (0, 1))?;
    let seen = reuse.last.unwrap_or_default();
    holds(seen.starts_with("net/"), format!("{seen:?} is different"))
}
