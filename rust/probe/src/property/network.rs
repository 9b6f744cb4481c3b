//! The interfaces of the network namespace and their addresses.

use std::collections::{BTreeMap, BTreeSet};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use nix::sys::socket::SockaddrStorage;

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;
use crate::sys;
use crate::text::lossless;

pub(super) const PROPERTY: Property = Property {
    name: "network",
    families: &["net"],
    about: "network links, whether they are up, their addresses and devices",
    observe,
    effect,
};

/// Reads `net.links`, the names, and for each name `net.link.NAME`: `up` or
/// `down`, and the addresses; and `net.device.NAME`: the largest packet, the
/// hardware address, and whether it takes packets that are not for it.
///
/// getifaddrs(3) asks over netlink, which answers for the namespace of the
/// socket. /sys/class/net would answer for the namespace of the process that
/// mounted it, and `/proc/net` may be missing.
fn observe(_: &Proc, observation: &mut Observation) {
    let links = match getifaddrs() {
        Ok(links) => links,
        Err(errno) => {
            let unread = Unread::new("getifaddrs", errno);
            observation.read("net.links", Err::<String, _>(unread));
            return;
        }
    };
    let mut found: BTreeMap<String, (bool, BTreeSet<String>)> = BTreeMap::new();
    let mut devices: BTreeMap<String, String> = BTreeMap::new();
    for link in links {
        let name = lossless(link.interface_name.as_bytes());
        let hardware = link.address.as_ref().and_then(|it| it.as_link_addr());
        if let Some(hardware) = hardware.and_then(|it| it.addr()) {
            let mut words = vec![hardware_address(hardware)];
            if let Ok(most) = sys::largest_packet(&link.interface_name) {
                words.push(format!("mtu {most}"));
            }
            if link.flags.contains(InterfaceFlags::IFF_PROMISC) {
                words.push("promiscuous".to_owned());
            }
            devices.insert(name.clone(), words.join(", "));
        }
        let (up, addresses) = found.entry(name).or_default();
        // An interface is listed once for itself and once for each address.
        *up |= link.flags.contains(InterfaceFlags::IFF_UP);
        let netmask = link.netmask.as_ref();
        addresses.extend(link.address.and_then(|a| address(&a, netmask)));
    }
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    observation.read("net.links", Ok(names_or_none(&names)));
    for (name, (up, addresses)) in found {
        let mut words = vec![if up { "up" } else { "down" }];
        words.extend(addresses.iter().map(String::as_str));
        observation.read(format!("net.link.{name}"), Ok(words.join(" ")));
    }
    for (name, device) in devices {
        observation.read(format!("net.device.{name}"), Ok(device));
    }
}

fn hardware_address(bytes: [u8; 6]) -> String {
    bytes.map(|it| format!("{it:02x}")).join(":")
}

fn names_or_none(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(" "),
    }
}

/// An address such as `127.0.0.1/8`; `None` for a hardware address.
fn address(
    address: &SockaddrStorage,
    netmask: Option<&SockaddrStorage>,
) -> Option<String> {
    if let Some(address) = address.as_sockaddr_in() {
        let bits = netmask
            .and_then(|mask| mask.as_sockaddr_in())
            .map_or(32, |mask| mask.ip().to_bits().count_ones());
        return Some(format!("{}/{bits}", address.ip()));
    }
    let address = address.as_sockaddr_in6()?;
    let bits = netmask
        .and_then(|mask| mask.as_sockaddr_in6())
        .map_or(128, |mask| mask.ip().to_bits().count_ones());
    Some(format!("{}/{bits}", address.ip()))
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    effect.compare("net.links", baseline, seen, |_, _| None);
    // If one side has no list, it is not known whether an interface is gone or
    // new.
    if seen.value("net.links").is_none()
        || baseline.value("net.links").is_none()
    {
        return;
    }
    let links = |of: &Observation| -> BTreeMap<String, String> {
        of.readings
            .iter()
            .filter(|(key, _)| key.starts_with("net.link."))
            .filter_map(|(key, reading)| {
                Some((key.clone(), stable(reading.value()?)))
            })
            .collect()
    };
    let (before, after) = (links(baseline), links(seen));
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        effect.change(key, "- gone");
    }
    for (key, link) in &after {
        match before.get(key) {
            Some(before) if before == link => {}
            Some(_) => effect.change(key, link),
            None => effect.change(key, format!("+ {link}")),
        }
        // A new interface has its own.
        if before.contains_key(key) {
            let device = key.replacen("link", "device", 1);
            effect.compare_value(&device, baseline, seen);
        }
    }
}

/// An interface without the addresses that IPv6 adds by itself: the link-local
/// ones are made from the hardware address and appear some time after the
/// interface comes up, and `::1` exists only if the kernel has IPv6.
fn stable(link: &str) -> String {
    let own = |word: &str| word.starts_with("fe80:") || word == "::1/128";
    let words: Vec<&str> = link.split(' ').filter(|it| !own(it)).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn a_new_network_namespace_has_only_lo_and_it_is_down() {
        let before = [
            ("net.links", "lo veth"),
            ("net.link.lo", "up 127.0.0.1/8 ::1/128"),
            ("net.link.veth", "up 10.0.0.1/24"),
        ];
        let after = [("net.links", "lo"), ("net.link.lo", "down")];
        assert_eq!(
            effect_of(&PROPERTY, &before, &after),
            "net.link.lo    down\nnet.link.veth  - gone\n"
        );
    }

    #[test]
    fn link_local_addresses_are_noise() {
        let before = [("net.links", "a"), ("net.link.a", "up fe80::1/64")];
        let after = [("net.links", "a"), ("net.link.a", "up")];
        assert_eq!(effect_of(&PROPERTY, &before, &after), "");
    }

    #[test]
    fn a_new_link() {
        let before = [("net.links", "lo"), ("net.link.lo", "down")];
        let after = [
            ("net.links", "br0 lo"),
            ("net.link.lo", "down"),
            ("net.link.br0", "up 10.0.0.1/24"),
        ];
        assert_eq!(
            effect_of(&PROPERTY, &before, &after),
            "net.link.br0  + up 10.0.0.1/24\n"
        );
    }
}
