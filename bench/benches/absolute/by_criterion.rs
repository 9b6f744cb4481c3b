//! Measures with criterion: it decides how often an operation is done, and the
//! peers take the time.

use bench::measure::place::{Place, Processors};
use bench::measure::selection::{Selection, is_by_criterion};
use bench::measure::{asked, programs};
use bench::operation::{OPERATIONS, Operation};
use bench::peer::{PEERS, Peer};
use criterion::{BenchmarkFilter, Criterion, SamplingMode};
use harness::error::{Error, Result};
use harness::host::layout::Layout;
use std::process::exit;
use std::time::Duration;

/// The operations that the short form measures.
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

/// Measures the rows that the command line selects.
///
/// # Errors
///
/// Fails if there is no sandbox to measure in, or if no row is possible here.
pub fn measure(selection: &Selection) -> Result<()> {
    let short = asked::is_short();
    let wanted = |operation: &&Operation| {
        is_by_criterion(operation)
            && (!short || IN_SHORT.contains(&operation.name))
            && peers(operation, selection).next().is_some()
    };
    let operations: Vec<_> = OPERATIONS.iter().filter(wanted).collect();
    if selection.list {
        for operation in operations {
            let peers = peers(operation, selection);
            asked::list(peers.map(|peer| operation.benchmark(peer)));
        }
        return Ok(());
    }
    if operations.is_empty() {
        eprintln!("criterion has nothing to do: only the ratios are asked for");
        return Ok(());
    }
    let layout = Layout::find()?;
    programs::build(&layout)?;
    let processors = Processors::find()?;
    let mut place = Place::enter(&layout, &processors, &[processors.one])?;
    let mut criterion = criterion(short);
    let mut possible = 0;
    for operation in operations {
        let able = able(operation, &mut place);
        for peer in peers(operation, selection).filter(|it| able.contains(it)) {
            possible += 1;
            let mut group = criterion.benchmark_group(operation.name);
            group.sampling_mode(SamplingMode::Flat);
            group.bench_function(peer.name(), |bencher| {
                bencher.iter_custom(|count| {
                    place
                        .perform(peer, operation, count)
                        .unwrap_or_else(|error| wrong(operation, peer, &error))
                });
            });
            group.finish();
        }
    }
    criterion.final_summary();
    if possible == 0 {
        return Err(Error::new("none of the selected rows is possible here"));
    }
    Ok(())
}

/// The peers that are asked for an operation.
fn peers(
    operation: &Operation,
    selection: &Selection,
) -> impl Iterator<Item = Peer> {
    PEERS
        .iter()
        .copied()
        .filter(|peer| {
            operation.except.is_none_or(|it| *peer != Peer::Of(it.0))
        })
        .filter(|peer| selection.wants(&operation.benchmark(*peer)))
}

/// The peers that can perform the operation on this machine: all or none. If
/// only some can, the others are wrong.
fn able(operation: &'static Operation, place: &mut Place) -> Vec<Peer> {
    let mut able = Vec::new();
    let mut refusals = Vec::new();
    for peer in peers(operation, &Selection::default()) {
        match place.perform(peer, operation, 2) {
            Ok(_) => able.push(peer),
            Err(error) => refusals.push((peer, error)),
        }
    }
    match refusals.first() {
        Some((peer, error)) if !able.is_empty() => {
            wrong(operation, *peer, error)
        }
        Some((_, error)) => {
            eprintln!("{}: not possible here: {error}", operation.name);
        }
        None => {}
    }
    able
}

fn criterion(short: bool) -> Criterion {
    let (warm_up, measurement, samples) =
        if short { (50, 100, 10) } else { (150, 500, 20) };
    let criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(warm_up))
        .measurement_time(Duration::from_millis(measurement))
        .sample_size(samples)
        // For twenty samples this number is enough; with the default the
        // interval takes longer to compute than the samples took.
        .nresamples(if short { 1000 } else { 2000 });
    // The rows are already selected. Criterion would take the words of the
    // command line as regular expressions, but names have a + in them.
    criterion
        .configure_from_args()
        .with_benchmark_filter(BenchmarkFilter::AcceptAll)
}

/// Ends the program, because criterion cannot be told that an operation was not
/// performed.
fn wrong(operation: &Operation, peer: Peer, error: &Error) -> ! {
    eprintln!("bench: WRONG: {}: {error}", operation.benchmark(peer));
    exit(1)
}
