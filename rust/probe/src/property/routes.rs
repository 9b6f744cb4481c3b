//! The routes of the network namespace, its permanent neighbours, and the tables
//! of its packet filter.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;

pub(super) const PROPERTY: Property = Property {
    name: "routes",
    families: &["routes"],
    about: "routes, permanent neighbours, the tables of iptables-legacy",
    observe,
    effect,
};

/// Reads `routes.ipv4` and `routes.ipv6`, as in `default via 10.0.0.1 dev eth0`,
/// with semicolons between; `routes.neighbours`, those that were entered by hand;
/// `routes.iptables` and `routes.ip6tables`, the names
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
