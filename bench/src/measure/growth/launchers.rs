//! Runs several launchers at the same time, on all processors, and counts how
//! many launches a second they make together.

use crate::measure::contest::Contender;
use crate::measure::growth::measured::{Bench, Lines, Measured};
use crate::measure::launch::launch;
use crate::measure::paired::Places;
use crate::measure::place::Place;
use crate::measure::rounds::{self, proved};
use crate::operation::{drain, drain_of};
use crate::record::outcome::Verdict;
use crate::record::series::Series;
use std::thread::{scope, sleep};
use std::time::Instant;

/// The launchers whose launches are counted.
const COLUMNS: &[&str] = &["floor", "careful", "c", "rust", "go"];

/// How many launches a launcher does for each time of a block.
const LAUNCHES: u32 = 6;

/// Measures a row of `launch`.
///
/// # Errors
///
/// Fails if a proof is wrong or a peer ends early; then none of the figures
/// counts.
pub fn measure(
    name: &str,
    sizes: &[u32],
    bench: &mut Bench,
) -> Result<Lines, Verdict> {
    let all = bench.processors.all();
    let enter = |_| Place::enter(&bench.layout, &bench.processors, &all);
    let most = sizes.iter().copied().max().unwrap_or(0);
    let places: harness::error::Result<Vec<Place>> =
        (0..most).map(enter).collect();
    let mut places =
        places.map_err(|error| Verdict::NotPossible(error.message))?;
    // The effect of each launcher is checked in the first sandbox.
    let mut first = Places { one: places.remove(0), two: None };
    let (contest, _) = launch(name, &bench.layout, &mut first)
        .map_err(|error| Verdict::Wrong(error.message))?;
    places.insert(0, first.one);
    let column =
        |name: &str| contest.contenders.iter().find(|it| it.name == name);
    let contenders: Vec<&Contender> =
        COLUMNS.iter().filter_map(|it| column(it)).collect();
    let absent: Vec<_> = contest
        .absent
        .iter()
        .filter(|(name, _)| COLUMNS.contains(&name.as_str()))
        .cloned()
        .collect();
    let networks = contest.drain > drain(false);

    let entries: Vec<(&Contender, u32)> = contenders
        .iter()
        .flat_map(|contender| sizes.iter().map(move |size| (*contender, *size)))
        .collect();
    let mut together = |at: usize, count: u32| {
        let (contender, size) = entries[at];
        let begun = Instant::now();
        let answers: Vec<_> = scope(|scope| {
            let ask = |place: &'_ mut Place| {
                place.ask(
                    contender.peer,
                    &contender.line,
                    count,
                    &contender.arguments,
                )
            };
            let started: Vec<_> = places
                .iter_mut()
                .take(size as usize)
                .map(|place| scope.spawn(move || ask(place)))
                .collect();
            started.into_iter().map(|it| it.join()).collect()
        });
        let seconds = begun.elapsed().as_secs_f64();
        let wanted = contender.proof.of(count);
        for answer in answers {
            let answer = answer
                .map_err(|_| Verdict::Wrong("a launcher panicked".into()))?;
            proved(&contender.name, &wanted, answer)?;
        }
        let launches = count * size;
        sleep(if networks { drain_of(launches) } else { drain(false) });
        Ok(f64::from(launches) / seconds)
    };
    for at in 0..entries.len() {
        together(at, 2)?;
    }
    let count = LAUNCHES * bench.extent.block;
    let held = rounds::hold(entries.len(), bench.extent.rounds, |at| {
        together(at, count)
    })?;
    let line = |(contender, held): (&&Contender, &[Vec<f64>])| Measured {
        name: contender.name.clone(),
        operation: contender.arguments.join(" "),
        points: sizes
            .iter()
            .zip(held)
            .map(|(size, rates)| {
                let digest = contender.digest.as_deref().unwrap_or_default();
                let proof = format!("{digest}, {}", contender.proof.of(count));
                let series = Series::of_values(rates.clone());
                (f64::from(*size), series, proof)
            })
            .collect(),
    };
    let lines =
        contenders.iter().zip(held.chunks(sizes.len())).map(line).collect();
    Ok(Lines { lines, absent })
}
