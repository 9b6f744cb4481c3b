//! Measures how each cost grows: with memory, threads, mounts, networks and
//! depth, and with the number of processes that do it at the same time.
//!
//! `cargo bench --bench growth [-- PART...]` measures the curves whose names
//! contain a PART, and a plain `cargo bench` none of them.
//! `NSTEPS_BENCH=short` measures few samples of every curve.

use bench::measure::growth::CURVES;
use bench::measure::growth::measured::{Bench, FULL, SHORT};
use bench::measure::machine;
use bench::measure::place::{Place, Processors};
use bench::measure::selection::Selection;
use bench::measure::{asked, programs};
use bench::record::curve::Record;
use bench::record::machine::Machine;
use bench::table;
use harness::error::Result;
use harness::host::layout::Layout;
use std::process::ExitCode;

fn main() -> ExitCode {
    let names: Vec<String> =
        CURVES.iter().map(|it| it.name.to_owned()).collect();
    asked::run(|arguments| Selection::among(&names, arguments), measure)
}

/// Measures the selected curves, and returns whether every proof was right.
fn measure(selection: &Selection) -> Result<bool> {
    let wanted: Vec<_> =
        CURVES.iter().filter(|it| selection.wants(it.name)).collect();
    if selection.list {
        asked::list(wanted.iter().map(|it| it.name));
    }
    if selection.list || wanted.is_empty() {
        return Ok(true);
    }
    let layout = Layout::find()?;
    programs::build(&layout)?;
    let processors = Processors::find()?;
    let machine = {
        let one = [processors.one];
        let mut place = Place::enter(&layout, &processors, &one)?;
        machine::describe(&mut place, &processors)?
    };
    let extent = if asked::is_short() { SHORT } else { FULL };
    asked::head(&machine, extent);
    let mut bench = Bench { layout: layout.clone(), processors, extent };
    let mut curves = Vec::new();
    for growing in wanted {
        let curve = growing.measure(&mut bench);
        println!("{}", table::curve(&curve));
        curves.push(curve);
    }
    let record = Record { machine, extent, command: asked::command(), curves };
    asked::write(&layout, "growth.json", &record)?;
    let results: Vec<_> =
        record.curves.iter().map(|it| (&it.verdict, it.used)).collect();
    asked::conclude("curves", &results)
}
