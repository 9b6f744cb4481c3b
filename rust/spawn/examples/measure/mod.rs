//! Times ways to do the same in pairs: the ways take turns, in an order that
//! rotates, and each round gives one ratio.

#![allow(dead_code, reason = "not every example has a use for all of it")]

use std::error::Error;
use std::time::{Duration, Instant};

/// How often each way is taken in a round.
pub const BLOCK: usize = 20;

pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// A way to launch the payload and wait for it.
pub struct Way<'a> {
    name: &'static str,
    launch: Box<dyn FnMut() -> Outcome<()> + 'a>,
}

pub fn way<'a>(
    name: &'static str,
    launch: impl FnMut() -> Outcome<()> + 'a,
) -> Way<'a> {
    Way { name, launch: Box::new(launch) }
}

pub fn success(is: bool) -> Outcome<()> {
    if is { Ok(()) } else { Err("the payload failed".into()) }
}

/// Takes the ways in turn and prints, for each, its median, the least time, and
/// the median and the quartiles of its ratios to the first one.
pub fn compare(title: &str, rounds: usize, ways: Vec<Way<'_>>) -> Outcome<()> {
    compare_blocks(title, rounds, BLOCK, ways)
}

/// As [`compare`], with blocks of another length, for what takes long.
pub fn compare_blocks(
    title: &str,
    rounds: usize,
    block: usize,
    mut ways: Vec<Way<'_>>,
) -> Outcome<()> {
    let mut medians: Vec<Vec<Duration>> = vec![Vec::new(); ways.len()];
    let mut least = vec![Duration::MAX; ways.len()];
    for round in 0..rounds + 1 {
        for turn in 0..ways.len() {
            let at = (round + turn) % ways.len();
            let mut times = Vec::with_capacity(block);
            for _ in 0..block {
                let begun = Instant::now();
                (ways[at].launch)()?;
                times.push(begun.elapsed());
            }
            // The first round warms the caches.
            if round > 0 {
                medians[at].push(median(&mut times));
                least[at] = least[at].min(times[0]);
            }
        }
    }
    println!("\n{title}: {rounds} rounds of {block}");
    let first = medians[0].clone();
    for ((way, own), least) in ways.iter().zip(&mut medians).zip(least) {
        let pairs = own.iter().zip(&first);
        let mut ratios: Vec<f64> = pairs
            .map(|(own, first)| own.as_secs_f64() / first.as_secs_f64())
            .collect();
        ratios.sort_by(f64::total_cmp);
        let at = |part: f64| ratios[(part * (rounds - 1) as f64) as usize];
        println!(
            "  {:44} {:8.1} us, least {:7.1}   x {:.3}  [{:.3} .. {:.3}]",
            way.name,
            median(own).as_secs_f64() * 1e6,
            least.as_secs_f64() * 1e6,
            at(0.5),
            at(0.25),
            at(0.75),
        );
    }
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
