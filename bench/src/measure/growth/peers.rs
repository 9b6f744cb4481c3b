//! Measures with peers of different sizes: in memory, threads, mounts, or
//! depth.

use crate::measure::dialogue::Dialogue;
use crate::measure::growth::measured::{
    Bench, Lines, Measured, Performer, is_language, lines,
};
use crate::measure::lineage::Lineage;
use crate::measure::memory::{SPARE, free};
use crate::measure::place::Place;
use crate::measure::rounds::{self, proved};
use crate::peer::Peer;
use crate::record::outcome::Verdict;
use crate::record::series::Series;
use harness::error::Result;
use harness::sandbox::Sandbox;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::thread::sleep;

/// A property in which a peer can be large.
#[derive(Debug)]
pub struct Size {
    /// How the peer becomes that large.
    how: Becomes,
    /// How many of the peer's units are one unit of the axis.
    per_unit: f64,
    /// True if the peers of all languages exist at the same time; false if only
    /// those of one language do.
    together: bool,
    /// Returns whether a peer can become large in this way.
    can: fn(Peer) -> bool,
}

/// How a peer becomes large.
#[derive(Debug)]
enum Becomes {
    /// It is asked to grow, and reports its size afterwards.
    Asked {
        /// The word behind `grow/`.
        what: &'static str,
        /// How many of the reported units are one unit of the size.
        says: u64,
        /// How many units more it may report, because the runtime adds some.
        more: u64,
        /// True if the units that it had before, except the first, may be among
        /// them.
        idle: bool,
    },
    /// It is started at that depth, by unshare(1) within unshare(1).
    Nested {
        /// The kind of namespace.
        kind: &'static str,
        /// The options of unshare(1) that make it.
        options: &'static [&'static str],
    },
}

impl Size {
    /// Size in memory: MiB, on an axis of GiB.
    pub const MEMORY: Size = Size {
        how: Becomes::Asked {
            what: "memory",
            says: 1024,
            more: 8 * 1024,
            idle: false,
        },
        per_unit: 1024.0,
        together: false,
        can: is_language,
    };
    /// Size in additional threads. Go's runtime first uses idle ones, and adds
    /// some when its own are in use.
    pub const THREADS: Size = Size {
        how: Becomes::Asked { what: "threads", says: 1, more: 8, idle: true },
        per_unit: 1.0,
        together: true,
        can: is_language,
    };
    /// Size in additional mounts of a mount namespace of its own.
    pub const MOUNTS: Size = Size {
        how: Becomes::Asked { what: "mounts", says: 1, more: 0, idle: false },
        per_unit: 1.0,
        together: true,
        can: is_language,
    };
    /// Size in user namespaces around it, each with root mapped.
    pub const USER: Size = Size {
        how: Becomes::Nested {
            kind: "user",
            options: &["--user", "--map-root-user", "--fork"],
        },
        per_unit: 1.0,
        together: true,
        can: is_language,
    };
    /// Size in pid namespaces around it, each with its own /proc.
    pub const PID: Size = Size {
        how: Becomes::Nested {
            kind: "pid",
            options: &["--pid", "--fork", "--mount-proc"],
        },
        per_unit: 1.0,
        together: true,
        can: is_language,
    };
}

/// Measures each operation with peers of all sizes.
///
/// # Errors
///
/// Fails if a proof is wrong or a peer ends early; then none of the figures
/// counts.
pub fn measure(
    size: &Size,
    sizes: &[u32],
    operations: &[&str],
    bench: &mut Bench,
) -> std::result::Result<Lines, Verdict> {
    let (performers, mut absent) = lines(operations, size.can);
    let mut peers: Vec<Peer> = performers.iter().map(|it| it.peer).collect();
    peers.dedup();
    let mut sizes = size.possible(sizes, &mut absent);
    if bench.is_short() && !size.together {
        let left_out = "the short form leaves the largest out".to_owned();
        absent.extend(sizes.pop().map(|it| (size.name(it), left_out)));
    }
    let groups: Vec<Vec<Peer>> = match size.together {
        true => vec![peers],
        false => peers.into_iter().map(|peer| vec![peer]).collect(),
    };
    let mut measured = Vec::new();
    for group in groups {
        let performers: Vec<_> =
            performers.iter().filter(|it| group.contains(&it.peer)).collect();
        measured.extend(of_group(size, &sizes, &performers, bench)?);
    }
    Ok(Lines { lines: measured, absent })
}

/// Measures some peers at all sizes in one sandbox. Returns all their lines.
fn of_group(
    size: &Size,
    sizes: &[u32],
    performers: &[&Performer],
    bench: &mut Bench,
) -> std::result::Result<Vec<Measured>, Verdict> {
    let broken = |error: harness::error::Error| Verdict::Wrong(error.message);
    let one = [bench.processors.one];
    let mut place = Place::enter(&bench.layout, &bench.processors, &one)
        .map_err(|error| Verdict::NotPossible(error.message))?;
    let sandbox = place.sandbox();
    let mut peers: Vec<Peer> = performers.iter().map(|it| it.peer).collect();
    peers.dedup();
    let mut grown = BTreeMap::new();
    for peer in peers {
        for count in sizes {
            let it = Grown::begin(size, *count, peer, sandbox)?;
            grown.insert((peer.name(), *count), it);
        }
    }
    let extent = bench.extent;
    let entries: Vec<(&Performer, u32)> = performers
        .iter()
        .flat_map(|performer| sizes.iter().map(|count| (*performer, *count)))
        .collect();
    let mut ask = |at: usize, block: u32| {
        let (performer, count) = &entries[at];
        let peer = grown
            .get_mut(&(performer.peer.name(), *count))
            .expect("every entry has a peer of its size");
        let answer = peer.dialogue.ask(&performer.operation.line(), block, &[]);
        sleep(performer.operation.drain());
        let at = size.name(*count);
        let wanted = performer.operation.expected(block);
        proved(format_args!("{} at {at}", performer.name), &wanted, answer)
    };
    // Blocks that are not counted: they warm up, and show which operations take
    // too long to be done often.
    let mut often = Vec::new();
    for at in 0..entries.len() {
        let one = ask(at, 2)?.median.max(1);
        let fit = u32::try_from(LONG_ENOUGH / one).unwrap_or(u32::MAX);
        often.push(fit.clamp(1, extent.block));
    }
    let blocks =
        rounds::hold(entries.len(), extent.rounds, |at| ask(at, often[at]))?;
    let point = |at: usize| {
        let (performer, count) = &entries[at];
        let proof = &grown[&(performer.peer.name(), *count)].proof;
        let block = performer.operation.expected(often[at]);
        (
            f64::from(*count) / size.per_unit,
            Series::of(&blocks[at], often[at]),
            format!("{proof}, {block}"),
        )
    };
    let line = |(at, performer): (usize, &&Performer)| {
        let first = at * sizes.len();
        Measured {
            name: performer.name.clone(),
            operation: performer.operation.name.to_owned(),
            points: (first..first + sizes.len()).map(point).collect(),
        }
    };
    let lines = performers.iter().enumerate().map(line).collect();
    for (_, peer) in grown {
        peer.dialogue.end(sandbox).map_err(broken)?;
    }
    Ok(lines)
}

/// The longest duration of a block of more than one operation, in nanoseconds.
const LONG_ENOUGH: u64 = 300_000_000;

/// A peer that has the size that it should have.
#[derive(Debug)]
struct Grown {
    dialogue: Dialogue,
    /// The size that it reports, or that was observed.
    proof: String,
}

impl Grown {
    fn begin(
        size: &Size,
        count: u32,
        peer: Peer,
        sandbox: &mut Sandbox,
    ) -> std::result::Result<Grown, Verdict> {
        let at = size.name(count);
        let refused = |error: harness::error::Error| {
            Verdict::NotPossible(format!("{at}: {error}"))
        };
        let (dialogue, proof, wanted) = match &size.how {
            Becomes::Asked { what, says, more, idle } => {
                let mut dialogue =
                    Dialogue::begin(peer, sandbox).map_err(refused)?;
                let before = dialogue.grow(what, 0).map_err(refused)?;
                let proof = dialogue.grow(what, count).map_err(refused)?;
                let added = u64::from(count) * says;
                let before = number(&before);
                let least = if *idle { 1 } else { before } + added;
                (dialogue, proof, least..=before + added + more)
            }
            Becomes::Nested { kind, options } => {
                let (dialogue, depth) =
                    nested(kind, options, count, peer, sandbox)
                        .map_err(refused)?;
                let wanted = u64::from(count);
                (dialogue, format!("{kind}*{depth}"), wanted..=wanted)
            }
        };
        prove(&proof, &wanted).map_err(|why| {
            Verdict::Wrong(format!("{} at {at}: {why}", peer.name()))
        })?;
        Ok(Grown { dialogue, proof })
    }
}

/// Starts a peer that many namespaces deep. Returns also its observed depth.
fn nested(
    kind: &str,
    options: &[&str],
    count: u32,
    peer: Peer,
    sandbox: &mut Sandbox,
) -> Result<(Dialogue, u64)> {
    let level = ["unshare"].iter().chain(options).copied();
    let above: Vec<&str> = (0..count).flat_map(|_| level.clone()).collect();
    let mut dialogue = Dialogue::begin_under(peer, &above, sandbox)?;
    // Once it has answered, it is at that depth.
    dialogue.grow("threads", 0)?;
    let seen = Lineage::of(sandbox, dialogue.pid())?.namespaces(kind)?;
    Ok((dialogue, seen as u64))
}

/// Reads the number of a proof such as `KiB*4096`.
fn number(proof: &str) -> u64 {
    proof.split('*').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0)
}

fn prove(
    proof: &str,
    wanted: &RangeInclusive<u64>,
) -> std::result::Result<(), String> {
    if wanted.contains(&number(proof)) {
        return Ok(());
    }
    Err(format!(
        "proves {proof} and not {} to {}",
        wanted.start(),
        wanted.end()
    ))
}

impl Size {
    /// The size in words: `1024 MiB`, `user 5 deep`.
    fn name(&self, count: u32) -> String {
        match self.how {
            Becomes::Asked { what: "memory", .. } => format!("{count} MiB"),
            Becomes::Asked { what, .. } => format!("{count} {what}"),
            Becomes::Nested { kind, .. } => format!("{kind} {count} deep"),
        }
    }

    /// The sizes that this machine has memory for, and why it has none for the
    /// others.
    fn possible(
        &self,
        sizes: &[u32],
        absent: &mut Vec<(String, String)>,
    ) -> Vec<u32> {
        let Becomes::Asked { what: "memory", .. } = self.how else {
            return sizes.to_vec();
        };
        let free = free();
        let mut sum = 0;
        let mut possible = Vec::new();
        for count in sizes {
            sum += u64::from(*count);
            if sum + SPARE <= free {
                possible.push(*count);
            } else {
                let why = format!(
                    "all sizes up to it want {} MiB of memory, {free} are free",
                    sum + SPARE
                );
                absent.push((self.name(*count), why));
            }
        }
        possible
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_a_number_in_a_range() {
        assert_eq!(prove("KiB*4096", &(4096..=5000)), Ok(()));
        assert_eq!(prove("mounts*22", &(22..=22)), Ok(()));
        let why = "proves mounts*21 and not 22 to 22".to_owned();
        assert_eq!(prove("mounts*21", &(22..=22)), Err(why));
        assert!(prove("nonsense", &(1..=2)).is_err());
    }

    #[test]
    fn sizes_without_enough_memory_are_reported() {
        let mut absent = Vec::new();
        let sizes = [0, 64, u32::MAX];
        let possible = Size::MEMORY.possible(&sizes, &mut absent);
        assert!(!possible.contains(&u32::MAX));
        assert!(absent.iter().any(|(it, _)| it == "4294967295 MiB"));
        assert_eq!(Size::MOUNTS.possible(&sizes, &mut absent), sizes);
    }
}
