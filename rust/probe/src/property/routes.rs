//! The routes of the network namespace, the rules that choose among them, its
//! permanent neighbours, and the tables of its packet filter.

use std::net::{Ipv4Addr, Ipv6Addr};

use nix::sys::socket::SockProtocol;

use super::Property;
use crate::effect::Effect;
use crate::netlink::{self, attributes, u32_at};
use crate::observation::{Observation, Unread};
use crate::proc::Proc;

pub(super) const PROPERTY: Property = Property {
    name: "routes",
    families: &["routes"],
    about: "routes, rules, permanent neighbours, tables of iptables-legacy",
    observe,
    effect,
};

/// Reads `routes.ipv4` and `routes.ipv6`, as in `default via 10.0.0.1 dev eth0`,
/// with semicolons between; `routes.neighbours`, those that were entered by hand;
/// `routes.rules`; `routes.iptables` and `routes.ip6tables`, the names
/// of the tables.
fn observe(proc: &Proc, observation: &mut Observation) {
    for (key, file, parse) in [
        ("routes.ipv4", "self/net/route", ipv4 as fn(&str) -> _),
        ("routes.ipv6", "self/net/ipv6_route", ipv6),
    ] {
        let routes = proc.read_text(file).and_then(|text| {
            let path = proc.path().join(file);
            let malformed = format!("{}: malformed", path.display());
            routes(&text, parse).ok_or_else(|| Unread::senseless(malformed))
        });
        observation.read(key, routes);
    }
    let neighbours = proc.read_text("self/net/arp");
    observation.read("routes.neighbours", neighbours.map(|it| permanent(&it)));
    observation.read("routes.rules", rules());
    for (key, file) in [
        ("routes.iptables", "self/net/ip_tables_names"),
        ("routes.ip6tables", "self/net/ip6_tables_names"),
    ] {
        let names = proc.read_text(file).map(|text| {
            let mut names: Vec<&str> = text.lines().collect();
            names.sort_unstable();
            joined(names, " ")
        });
        observation.read(key, names);
    }
}

/// The neighbours of /proc/net/arp that stay: what the kernel has found out it
/// forgets again.
fn permanent(text: &str) -> String {
    /// ATF_PERM of linux/if_arp.h
    const STAYS: u32 = 4;
    let one = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [address, _, flags, hardware, _, device] = fields[..] else {
            return None;
        };
        let flags = u32::from_str_radix(flags.strip_prefix("0x")?, 16).ok()?;
        let stays = flags & STAYS != 0;
        stays.then(|| format!("{address} at {hardware} dev {device}"))
    };
    let mut all: Vec<String> = text.lines().skip(1).filter_map(one).collect();
    all.sort_unstable();
    joined(all, "; ")
}

/// The rules by which a table of routes is chosen, as in `ipv4 32766 table 254`:
/// family, priority, table, and each further attribute by its number.
fn rules() -> Result<String, Unread> {
    /// RTM_GETRULE of linux/rtnetlink.h
    const GETRULE: u16 = 34;
    /// The size of struct fib_rule_hdr: no family, so all of them.
    const HEADER: usize = 12;
    let messages =
        netlink::dump(SockProtocol::NetlinkRoute, GETRULE, &[0; HEADER])
            .map_err(|(call, errno)| {
                Unread::new(format!("{call} NETLINK_ROUTE"), errno)
            })?;
    let mut all: Vec<String> =
        messages.iter().filter_map(|it| rule(it, HEADER)).collect();
    all.sort_unstable();
    Ok(joined(all, "; "))
}

fn rule(message: &[u8], header: usize) -> Option<String> {
    // FRA_PRIORITY, FRA_TABLE, FRA_SUPPRESS_PREFIXLEN and FRA_PROTOCOL of
    // linux/fib_rules.h: the last two are in every rule.
    const PRIORITY: u16 = 6;
    const SUPPRESS: u16 = 14;
    const TABLE: u16 = 15;
    const PROTOCOL: u16 = 21;
    let family = match message.first()? {
        2 => "ipv4".to_owned(),
        10 => "ipv6".to_owned(),
        other => format!("family {other}"),
    };
    let (mut priority, mut table) = (0, 0);
    let mut more = String::new();
    for (kind, value) in attributes(message.get(header..)?) {
        let number = u32_at(value, 0).unwrap_or(0);
        match kind {
            PRIORITY => priority = number,
            TABLE => table = number,
            PROTOCOL => {}
            SUPPRESS if number == u32::MAX => {}
            _ => {
                let digits: String =
                    value.iter().map(|byte| format!("{byte:02x}")).collect();
                more.push_str(&format!(" attribute {kind} {digits}"));
            }
        }
    }
    Some(format!("{family} {priority} table {table}{more}"))
}

/// The meaning of one line: a route, or a line that is left out; `None` if it
/// cannot be parsed.
type Line = Option<Option<String>>;

fn routes(text: &str, parse: fn(&str) -> Line) -> Option<String> {
    let mut routes = Vec::new();
    for line in text.lines() {
        routes.extend(parse(line)?);
    }
    routes.sort_unstable();
    routes.dedup();
    Some(joined(routes, "; "))
}

fn joined<T: AsRef<str>>(words: Vec<T>, between: &str) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.is_empty() {
        true => "none".to_owned(),
        false => words.join(between),
    }
}

/// Parses a line of /proc/net/route: addresses are in network byte order,
/// written as a number of this machine.
fn ipv4(line: &str) -> Line {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [link, to, via, _, _, _, _, mask, ..] = fields[..] else {
        return None;
    };
    if link == "Iface" {
        return Some(None);
    }
    let address = |hex| {
        let number = u32::from_str_radix(hex, 16).ok()?;
        Some(Ipv4Addr::from(number.to_ne_bytes()))
    };
    let bits = address(mask)?.to_bits().count_ones();
    let to = match (address(to)?, bits) {
        (Ipv4Addr::UNSPECIFIED, 0) => "default".to_owned(),
        (to, bits) => format!("{to}/{bits}"),
    };
    let via = match address(via)? {
        Ipv4Addr::UNSPECIFIED => String::new(),
        via => format!(" via {via}"),
    };
    Some(Some(format!("{to}{via} dev {link}")))
}

/// Parses a line of /proc/net/ipv6_route. The routes that the kernel adds by
/// itself are left out: those of the loopback interface, to one address of this
/// machine, to a whole link and to multicast groups.
fn ipv6(line: &str) -> Line {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [to, bits, _, _, via, _, _, _, _, link] = fields[..] else {
        return None;
    };
    let address = |hex| {
        let number = u128::from_str_radix(hex, 16).ok()?;
        Some(Ipv6Addr::from(number))
    };
    let bits = u8::from_str_radix(bits, 16).ok()?;
    let (to, via) = (address(to)?, address(via)?);
    if link == "lo"
        || bits == 128
        || to.is_unicast_link_local()
        || to.is_multicast()
    {
        return Some(None);
    }
    let to = match bits {
        0 => "default".to_owned(),
        bits => format!("{to}/{bits}"),
    };
    let via = match via {
        Ipv6Addr::UNSPECIFIED => String::new(),
        via => format!(" via {via}"),
    };
    Some(Some(format!("{to}{via} dev {link}")))
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    for key in [
        "routes.ipv4",
        "routes.ipv6",
        "routes.neighbours",
        "routes.rules",
        "routes.iptables",
        "routes.ip6tables",
    ] {
        effect.compare_value(key, baseline, seen);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn routes_are_written_as_ip_writes_them() {
        let text = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\n\
                    eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                    eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n";
        if cfg!(target_endian = "little") {
            assert_eq!(
                routes(text, ipv4).as_deref(),
                Some(
                    "192.168.0.0/16 dev eth0; default via 192.168.0.1 dev eth0"
                )
            );
        }
        assert_eq!(routes("a line\n", ipv4), None);
        assert_eq!(routes("", ipv6).as_deref(), Some("none"));
    }

    #[test]
    fn routes_that_the_kernel_adds_are_left_out() {
        let zero = "00000000000000000000000000000000";
        let line = |to: &str, bits, link| {
            format!(
                "{to} {bits} {zero} 00 {zero} 00000400 00000001 00000000 \
                 00000001 {link}\n"
            )
        };
        let text = line("fe800000000000000000000000000000", "40", "eth0")
            + &line(zero, "00", "lo")
            + &line("fd000000000000000000000000000000", "40", "eth0");
        assert_eq!(routes(&text, ipv6).as_deref(), Some("fd00::/64 dev eth0"));
    }

    #[test]
    fn a_missing_route_is_seen() {
        let text = effect_of(
            &PROPERTY,
            &[("routes.ipv4", "default dev eth0")],
            &[("routes.ipv4", "none")],
        );
        assert_eq!(text, "routes.ipv4  none\n");
    }
}
