//! The rules of nftables, which iptables-nft writes too.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use nix::sys::socket::SockProtocol;

use super::Property;
use crate::effect::Effect;
use crate::netlink::{self, attributes};
use crate::observation::{Observation, Unread};
use crate::proc::Proc;

pub(super) const PROPERTY: Property = Property {
    name: "nftables",
    families: &["nftables"],
    about: "the tables, chains and rules of nftables",
    observe,
    effect,
};

/// Reads `nftables`: of each table its family and name, how many chains and
/// rules it has, and a digest of them without their counters; or `none`.
///
/// The question itself can load a module of the kernel: it is asked where the
/// module is there, or where the kernel has no modules at all.
fn observe(proc: &Proc, observation: &mut Observation) {
    let read = match is_there(proc) {
        true => tables(),
        false => Err(Unread::senseless("nf_tables is not loaded")),
    };
    observation.read("nftables", read.map(in_words));
}

fn is_there(proc: &Proc) -> bool {
    match fs::read_to_string(proc.path().join("modules")) {
        Ok(modules) => {
            modules.lines().any(|line| line.starts_with("nf_tables "))
        }
        // /proc itself may be missing or belong to another user.
        Err(_) => {
            let modules = proc.path().join("modules");
            let is_missing =
                |path: &Path| matches!(path.try_exists(), Ok(false));
            is_missing(&modules) && !is_missing(&proc.path().join("version"))
        }
    }
}

/// What one table has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Table {
    chains: usize,
    rules: usize,
    digest: u64,
}

/// The tables by family and name.
type Tables = BTreeMap<(u8, String), Table>;

fn in_words(tables: Tables) -> String {
    let one = |((family, name), table): (&(u8, String), &Table)| {
        let family = match family {
            1 => "inet".to_owned(),
            2 => "ip".to_owned(),
            3 => "arp".to_owned(),
            5 => "netdev".to_owned(),
            7 => "bridge".to_owned(),
            10 => "ip6".to_owned(),
            other => format!("family {other}"),
        };
        let Table { chains, rules, digest } = table;
        format!("{family} {name}: {chains} chains, {rules} rules {digest:016x}")
    };
    match tables.is_empty() {
        true => "none".to_owned(),
        false => tables.iter().map(one).collect::<Vec<_>>().join("; "),
    }
}

/// NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN and NFT_MSG_GETRULE.
const QUESTIONS: [u8; 3] = [1, 4, 7];

/// NFNL_SUBSYS_NFTABLES.
const NFTABLES: u8 = 10;

fn tables() -> Result<Tables, Unread> {
    let mut tables = Tables::new();
    for question in QUESTIONS {
        let kind = u16::from_be_bytes([NFTABLES, question]);
        // Every family, and the version.
        let messages =
            netlink::dump(SockProtocol::NetlinkNetFilter, kind, &[0; 4])
                .map_err(|(call, errno)| {
                    Unread::new(format!("{call} NETLINK_NETFILTER"), errno)
                })?;
        for message in messages {
            enter(&message, question, &mut tables);
        }
    }
    Ok(tables)
}

/// Enters a table, a chain or a rule.
fn enter(message: &[u8], question: u8, tables: &mut Tables) {
    let (Some(family), Some(rest)) = (message.first(), message.get(4..)) else {
        return;
    };
    let attributes: Vec<(u16, &[u8])> = attributes(rest).collect();
    // NFTA_TABLE_NAME, NFTA_CHAIN_TABLE and NFTA_RULE_TABLE.
    let Some(name) = text_of(&attributes, 1) else { return };
    let table = tables.entry((*family, name)).or_default();
    let mut digest = Digest(table.digest);
    match question {
        1 => {}
        4 => {
            table.chains += 1;
            // NFTA_CHAIN_NAME, _HOOK, _POLICY and _TYPE.
            for (kind, value) in &attributes {
                if [3, 4, 5, 7].contains(kind) {
                    digest.add(value);
                }
            }
        }
        _ => {
            table.rules += 1;
            for (kind, value) in &attributes {
                match kind {
                    // NFTA_RULE_CHAIN.
                    2 => digest.add(value),
                    // NFTA_RULE_EXPRESSIONS.
                    4 => expressions(value, &mut digest),
                    _ => {}
                }
            }
        }
    }
    table.digest = digest.0;
}

/// The expressions of a rule, without what they have counted.
fn expressions(list: &[u8], digest: &mut Digest) {
    const COUNTING: [&str; 4] = ["counter", "quota", "last", "connlimit"];
    for (_, expression) in attributes(list) {
        let parts: Vec<(u16, &[u8])> = attributes(expression).collect();
        // NFTA_EXPR_NAME and NFTA_EXPR_DATA.
        let name = text_of(&parts, 1).unwrap_or_default();
        digest.add(name.as_bytes());
        if COUNTING.contains(&name.as_str()) {
            continue;
        }
        for (_, data) in parts.iter().filter(|(kind, _)| *kind == 2) {
            digest.add(data);
        }
    }
}

fn text_of(attributes: &[(u16, &[u8])], kind: u16) -> Option<String> {
    let (_, value) = attributes.iter().find(|(it, _)| *it == kind)?;
    let value = value.strip_suffix(b"\0").unwrap_or(value);
    Some(String::from_utf8_lossy(value).into_owned())
}

/// FNV-1a: it tells rules apart that differ by accident, not by intent.
struct Digest(u64);

impl Digest {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
        // Where one text ends matters.
        self.0 = (self.0 ^ 0xff).wrapping_mul(0x100_0000_01b3);
    }
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    effect.compare_value("nftables", baseline, seen);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len() + 4).expect("it is short");
        let mut all = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
        all.extend(value);
        all.resize(all.len().next_multiple_of(4), 0);
        all
    }

    /// A rule with one expression.
    fn rule(name: &str, data: &[u8]) -> Vec<u8> {
        let name = [name.as_bytes(), b"\0"].concat();
        let expression = [attribute(1, &name), attribute(2, data)].concat();
        let list = attribute(4, &attribute(1, &expression));
        let header = [1, 0, 0, 0];
        let table = attribute(1, b"filter\0");
        [&header[..], &table, &attribute(2, b"input\0"), &list].concat()
    }

    fn entered(rules: &[Vec<u8>]) -> String {
        let mut tables = Tables::new();
        for it in rules {
            enter(it, 7, &mut tables);
        }
        in_words(tables)
    }

    #[test]
    fn what_a_rule_does_is_seen_and_what_it_has_counted_is_not() {
        let one = entered(&[rule("cmp", b"a")]);
        assert!(one.starts_with("inet filter: 0 chains, 1 rules "), "{one}");
        assert_ne!(one, entered(&[rule("cmp", b"b")]));
        assert_ne!(one, entered(&[rule("bitwise", b"a")]));
        let counter = entered(&[rule("counter", b"1")]);
        assert_eq!(counter, entered(&[rule("counter", b"2")]));
        assert_eq!(entered(&[]), "none");
    }

    proptest::proptest! {
        #[test]
        fn no_answer_ends_the_probe(
            seed in proptest::collection::vec(0_u8.., 0..64),
            question in 0_u8..4,
        ) {
            let mut message = rule("bitwise", &seed);
            for (at, byte) in seed.iter().enumerate() {
                let place = usize::from(*byte) * 7 + at;
                if let Some(changed) = message.get_mut(place % 96) {
                    *changed ^= byte ^ 0x5a;
                }
            }
            let mut tables = Tables::new();
            enter(&message, question, &mut tables);
            let _ = in_words(tables);
        }
    }
}
