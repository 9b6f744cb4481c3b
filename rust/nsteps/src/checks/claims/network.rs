//! Claims about the network namespace.

use super::{Conditions, Finding};
use harness::found::Found;
use harness::scenario::Mounts;

/// Claim 1: only lo, and it is down. The sandbox has more interfaces, and its
/// lo is up, so isolation makes a difference.
pub fn only_lo_and_down(conditions: &Conditions<'_>) -> Found<Finding> {
    conditions.needs("ip", "iproute2")?;
    let mut session = conditions.session(Mounts::Private)?;
    let links = ["ip", "-o", "link"];
    let outside = session.run(&links)?.well()?;
    let inside = session.step("network", &links)?.well()?;
    let outside: Vec<_> = outside.lines().map(Link::of).collect();
    let inside: Vec<_> = inside.lines().map(Link::of).collect();
    let is_lo = |it: &Link| it.name == "lo";
    let holds = outside.len() > 1
        && outside.iter().any(|it| is_lo(it) && it.up)
        && matches!(inside.as_slice(), [it] if is_lo(it) && !it.up);
    Ok(Finding::plainly(holds)
        .seen(format!("outside: {}", Link::list(&outside)))
        .seen(format!("inside:  {}", Link::list(&inside))))
}

/// A line of `ip -o link`.
struct Link {
    name: String,
    flags: String,
    up: bool,
}

impl Link {
    fn of(line: &str) -> Link {
        let mut words = line.split_whitespace().skip(1);
        let name = words.next().unwrap_or_default();
        let name = name.trim_end_matches(':').split('@').next();
        let flags = words.next().unwrap_or_default();
        let up =
            flags.trim_matches(['<', '>']).split(',').any(|flag| flag == "UP");
        Link {
            name: name.unwrap_or_default().to_owned(),
            flags: flags.to_owned(),
            up,
        }
    }

    fn list(links: &[Link]) -> String {
        let words: Vec<_> = links
            .iter()
            .map(|it| format!("{} {}", it.name, it.flags))
            .collect();
        words.join("  ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_up_by_its_flags() {
        let lo = Link::of("1: lo: <LOOPBACK> mtu 65536 qdisc noop state DOWN");
        assert_eq!((lo.name.as_str(), lo.up), ("lo", false));
        let veth = Link::of("3: veth0@veth1: <BROADCAST,UP,LOWER_UP> mtu 1500");
        assert_eq!((veth.name.as_str(), veth.up), ("veth0", true));
    }
}
