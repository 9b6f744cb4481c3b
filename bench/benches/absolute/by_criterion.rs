//! Criterion drives the peers: it decides how often, they take the time.

use bench::operation::{OPERATIONS, Operation};
use bench::peer::{PEERS, Peer};
use bench::place::{Place, Processors};
use bench::programs;
use criterion::{Criterion, SamplingMode};
use nsteps::error::{Error, Result};
use nsteps::layout::Layout;
use std::process::exit;
use std::thread::sleep;
use std::time::Duration;

/// The groups criterion measures; the others live in `paired`.
const GROUPS: &[&str] = &["clone", "unshare", "setns", "pivot_root"];

/// What the short form measures of them.
const IN_SHORT: &[&str] = &[
    "clone/fork/none",
    "clone/vfork/none",
    "clone/vfork/uts",
    "clone/vfork/net",
    "clone/clone3/none",
    "unshare/uts",
    "unshare/mnt",
    "setns/net",
    "pivot_root/pivot",
];

/// The longest block. After more of them without a pause the machine is
/// another one: what was freed keeps the neighbours busy.
const BLOCK: u64 = 50;

/// Measures what was asked for.
///
/// # Errors
///
/// There is no place to measure in, or nothing of it is possible here.
pub fn measure(arguments: &[String]) -> Result<()> {
    let short = std::env::var("NSTEPS_BENCH").is_ok_and(|it| it == "short");
    let filters: Vec<&String> =
        arguments.iter().filter(|it| !it.starts_with('-')).collect();
    let wanted = |operation: &&Operation| {
        GROUPS.contains(&operation.group())
            && (!short || IN_SHORT.contains(&operation.name))
            && (filters.is_empty()
                || filters.iter().any(|it| concerns(it, operation.name)))
    };
    let operations: Vec<_> = OPERATIONS.iter().filter(wanted).collect();
    if operations.is_empty() {
        return Ok(());
    }
    let layout = Layout::find()?;
    programs::build(&layout)?;
    let processors = Processors::find()?;
    let mut place = Place::enter(&layout, &processors, &[processors.one])?;
    let mut criterion = criterion(short);
    let mut possible = 0;
    for operation in operations {
        for peer in PEERS {
            if operation.except.is_some_and(|it| *peer == Peer::Of(it.0)) {
                continue;
            }
            // The other runner says what is not possible, and is strict about
            // who else can.
            if let Err(error) = place.ask(*peer, &operation.line(), 2, &[]) {
                eprintln!("{}/{}: {error}", operation.name, peer.name());
                continue;
            }
            possible += 1;
            let mut group = criterion.benchmark_group(operation.name);
            group.sampling_mode(SamplingMode::Flat);
            group.bench_function(peer.name(), |bencher| {
                bencher.iter_custom(|count| {
                    perform(&mut place, operation, *peer, count)
                });
            });
            group.finish();
        }
    }
    criterion.final_summary();
    if possible == 0 {
        return Err(Error::new("nothing of it is possible here"));
    }
    Ok(())
}

/// Whether a filter given to criterion may select a benchmark of this name.
/// Criterion's own filter, a regular expression, has the last word.
fn concerns(filter: &str, name: &str) -> bool {
    let literal = |it: char| it.is_alphanumeric() || "/_+-".contains(it);
    !filter.chars().all(literal)
        || name.contains(filter)
        || filter.contains(name)
}

fn criterion(short: bool) -> Criterion {
    let (warm_up, measurement, samples) =
        if short { (50, 100, 10) } else { (300, 1000, 20) };
    let criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(warm_up))
        .measurement_time(Duration::from_millis(measurement))
        .sample_size(samples)
        .nresamples(if short { 1000 } else { 20_000 });
    let criterion = if short { criterion.without_plots() } else { criterion };
    criterion.configure_from_args()
}

/// Performs an operation in blocks; what passes in between does not count.
fn perform(
    place: &mut Place,
    operation: &'static Operation,
    peer: Peer,
    count: u64,
) -> Duration {
    let mut total = 0;
    let mut left = count;
    while left > 0 {
        let block = left.min(BLOCK);
        left -= block;
        let block = u32::try_from(block).unwrap_or(u32::MAX);
        let answer = place
            .ask(peer, &operation.line(), block, &[])
            .unwrap_or_else(|error| wrong(operation, peer, &error.message));
        if answer.proof != operation.expected(block) {
            let said = format!(
                "proves {} and not {}",
                answer.proof,
                operation.expected(block)
            );
            wrong(operation, peer, &said);
        }
        total += answer.total;
        sleep(operation.drain());
    }
    Duration::from_nanos(total)
}

/// Criterion has no way to be told: what was not done has no time.
fn wrong(operation: &Operation, peer: Peer, what: &str) -> ! {
    eprintln!("bench: WRONG: {} by {}: {what}", operation.name, peer.name());
    exit(1)
}
