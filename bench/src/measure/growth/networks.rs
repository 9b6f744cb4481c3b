//! Measures network namespaces, of which the kernel has one list for all
//! processes: what one costs while others exist, how many can be made in a
//! second, and how long the kernel needs to remove the unused ones.

use crate::measure::dialogue::Dialogue;
use crate::measure::growth::measured::{
    Bench, Lines, Measured, Performer, is_language, lines,
};
use crate::measure::lineage::Lineage;
use crate::measure::place::{Place, said};
use crate::measure::rounds::{self, proved};
use crate::operation::drain_of;
use crate::peer::Peer;
use crate::record::answer::Answer;
use crate::record::outcome::Verdict;
use crate::record::series::Series;
use harness::error::Error;
use harness::launcher::Launcher;
use std::thread::sleep;
use std::time::Instant;

/// The peer that holds the existing networks, and whose networks are torn down.
const HOLDER: Peer = Peer::Of(Launcher::C);

fn enter(bench: &Bench) -> Result<Place, Verdict> {
    let one = [bench.processors.one];
    Place::enter(&bench.layout, &bench.processors, &one)
        .map_err(|error| Verdict::NotPossible(error.message))
}

fn refused(error: Error) -> Verdict {
    Verdict::NotPossible(error.message)
}

/// Measures what one network costs while others exist.
///
/// # Errors
///
/// Fails if a proof is wrong or a peer ends early; then none of the figures
/// counts.
pub fn live(
    sizes: &[u32],
    operations: &[&str],
    bench: &mut Bench,
) -> Result<Lines, Verdict> {
    let (performers, absent) = lines(operations, is_language);
    let mut place = enter(bench)?;
    let mut holder =
        Dialogue::begin(HOLDER, place.sandbox()).map_err(refused)?;
    let mut held = 0;
    let mut hold = |count: u32| {
        let proof = holder.grow("networks", count).map_err(refused)?;
        let gone = u32::saturating_sub(held, count);
        held = count;
        sleep(drain_of(gone));
        if proof == format!("networks*{count}") {
            return Ok(proof);
        }
        Err(Verdict::Wrong(format!("{proof} are held and not {count}")))
    };
    let mut ask = |at: usize, block: u32| {
        let performer: &Performer = &performers[at];
        let line = performer.operation.line();
        let answer = place.ask(performer.peer, &line, block, &[]);
        sleep(performer.operation.drain());
        proved(&performer.name, &performer.operation.expected(block), answer)
    };
    for at in 0..performers.len() {
        ask(at, 2)?;
    }
    let extent = bench.extent;
    let all: Vec<usize> = (0..performers.len()).collect();
    let mut turns = 0..;
    // A point is one round of all lines.
    let points = rounds::hold(sizes.len(), extent.rounds, |at| {
        let proof = hold(sizes[at])?;
        let mut answers = vec![Vec::new(); performers.len()];
        let turn = turns.next().unwrap_or_default();
        let ask = |at| ask(at, extent.block);
        rounds::one(&all, turn, &mut answers, ask)?;
        Ok((proof, answers.concat()))
    })?;
    hold(0)?;
    let line = |(at, performer): (usize, &Performer)| {
        let point = |(count, rounds): (&u32, &Vec<(String, Vec<Answer>)>)| {
            let answers: Vec<_> =
                rounds.iter().map(|(_, it)| it[at].clone()).collect();
            let proof = format!(
                "{}, {}",
                rounds[0].0,
                performer.operation.expected(extent.block)
            );
            (f64::from(*count), Series::of(&answers, extent.block), proof)
        };
        Measured {
            name: performer.name.clone(),
            operation: performer.operation.name.to_owned(),
            points: sizes.iter().zip(&points).map(point).collect(),
        }
    };
    Ok(Lines {
        lines: performers.iter().enumerate().map(line).collect(),
        absent,
    })
}

/// The operation that makes a network and drops it, and how often it is done
/// between two readings of the clock.
const MADE: &str = "clone/vfork/net";
const BURST: u32 = 50;

/// How many seconds the rate is watched, in full and in short.
const SECONDS: (usize, usize) = (4, 2);

/// The number of rounds, in full and in short: a round of this curve takes
/// seconds.
const ROUNDS: (usize, usize) = (3, 1);

/// Counts how many networks a second are made and dropped, in each second.
///
/// # Errors
///
/// Fails if a proof is wrong or a peer ends early; then none of the figures
/// counts.
pub fn rate(bench: &mut Bench) -> Result<Lines, Verdict> {
    let (performers, absent) = lines(&[MADE], is_language);
    let mut place = enter(bench)?;
    let (seconds, rounds) = match bench.is_short() {
        false => (SECONDS.0, ROUNDS.0),
        true => (SECONDS.1, ROUNDS.1),
    };
    let held = rounds::hold(performers.len(), rounds, |at| {
        let performer = &performers[at];
        let mut made = vec![0_u32; seconds];
        let begun = Instant::now();
        loop {
            let line = performer.operation.line();
            let answer = place.ask(performer.peer, &line, BURST, &[]);
            proved(
                &performer.name,
                &performer.operation.expected(BURST),
                answer,
            )?;
            let second = begun.elapsed().as_secs() as usize;
            match made.get_mut(second) {
                // The networks of the two witnesses are counted as well.
                Some(made) => *made += BURST + 2,
                None => break,
            }
        }
        let sum: u32 = made.iter().sum();
        sleep(drain_of(sum));
        Ok(made)
    })?;
    let line = |(performer, held): (&Performer, &Vec<Vec<u32>>)| {
        let point = |second: usize| {
            let values =
                held.iter().map(|made| f64::from(made[second])).collect();
            let proof = performer.operation.expected(BURST);
            (second as f64, Series::of_values(values), proof)
        };
        Measured {
            name: performer.name.clone(),
            operation: performer.operation.name.to_owned(),
            points: (0..seconds).map(point).collect(),
        }
    };
    Ok(Lines {
        lines: performers.iter().zip(&held).map(line).collect(),
        absent,
    })
}

/// A script that waits until all networks are gone. A user namespace counts the
/// networks made in it until the kernel has torn them down; with a limit of one
/// it refuses another before that.
const UNTIL_NONE: &str = "
    limit=/proc/sys/user/max_net_namespaces
    before=$(cat $limit) && echo 1 > $limit &&
    for i in $(seq 3000); do
        unshare --net true 2> /dev/null && break
        sleep 0.005
    done && [ $i -lt 3000 ] && echo $before > $limit";

/// Measures how long the kernel needs until all networks that were made at once
/// are gone.
///
/// # Errors
///
/// Fails if a proof is wrong or a peer ends early; then none of the figures
/// counts.
pub fn teardown(sizes: &[u32], bench: &mut Bench) -> Result<Lines, Verdict> {
    let (performers, _) = lines(&[MADE], |peer| peer == HOLDER);
    let made = performers[0].operation;
    let mut place = enter(bench)?;
    let sandbox = place.sandbox();
    let above = ["unshare", "--user", "--map-root-user"];
    let mut peer =
        Dialogue::begin_under(HOLDER, &above, sandbox).map_err(refused)?;
    peer.grow("threads", 0).map_err(refused)?;
    let in_it = Lineage::of(sandbox, peer.pid()).map_err(refused)?.last();
    let in_it = in_it.to_string();
    let mut last = String::new();
    let held =
        rounds::hold(sizes.len(), bench.extent.rounds.div_ceil(2), |at| {
            if sizes[at] > 0 {
                let answer = peer.ask(MADE, sizes[at], &[]);
                let wanted = made.expected(sizes[at]);
                let answer = proved(HOLDER.name(), &wanted, answer)?;
                last = answer.proof;
            }
            let begun = Instant::now();
            let enter = ["nsenter", "--preserve-credentials", "--user"];
            let argv: Vec<&str> = enter
                .into_iter()
                .chain(["--target", &in_it, "sh", "-c", UNTIL_NONE])
                .collect();
            said(sandbox, &argv).map_err(refused)?;
            Ok((begun.elapsed().as_nanos() as f64, last.clone()))
        })?;
    let point = |(count, held): (&u32, &Vec<(f64, String)>)| {
        let values = held.iter().map(|it| it.0).collect();
        let proof = held.first().map_or("", |it| &it.1).to_owned();
        (f64::from(*count), Series::of_values(values), proof)
    };
    let line = Measured {
        name: performers[0].name.clone(),
        operation: MADE.to_owned(),
        points: sizes.iter().zip(&held).map(point).collect(),
    };
    Ok(Lines { lines: vec![line], absent: Vec::new() })
}
