//! Who is faster than whom, and how sure that is: every group, in rounds.
//!
//! `cargo bench --bench paired [-- PART...]` measures the rows whose names
//! contain a PART. `NSTEPS_BENCH=short` measures little of everything.

use bench::asked;
use bench::contest::Contest;
use bench::launch;
use bench::machine::Machine;
use bench::operation::OPERATIONS;
use bench::paired::{Extent, Outcome, Places, Record, Verdict, hold};
use bench::place::{Place, Processors};
use bench::programs;
use bench::selection::{Selection, rows};
use bench::statistics::Random;
use bench::table;
use nsteps::error::Result;
use nsteps::layout::Layout;
use std::process::ExitCode;

fn main() -> ExitCode {
    asked::run(Selection::of, measure)
}

/// Measures what was asked for; whether every proof was right.
fn measure(selection: &Selection) -> Result<bool> {
    let wanted = |name: &str| selection.wants(name);
    let chosen: Vec<String> = rows().filter(|name| wanted(name)).collect();
    if selection.list {
        asked::list(&chosen);
    }
    if selection.list || chosen.is_empty() {
        return Ok(true);
    }
    let extent = if asked::is_short() { Extent::SHORT } else { Extent::FULL };

    let layout = Layout::find()?;
    programs::build(&layout)?;
    let processors = Processors::find()?;
    let one = Place::enter(&layout, &processors, &[processors.one])?;
    let two =
        processors.two.map(|two| Place::enter(&layout, &processors, &two));
    let mut places = Places { one, two: two.transpose()? };
    let on_two = places.two.is_some();
    let machine = Machine::describe(&mut places.one, &processors)?;
    asked::head(&machine, extent);

    let mut run = Run {
        places,
        extent,
        random: Random::new(asked::seed()?),
        outcomes: Vec::new(),
        group: String::new(),
        said: Vec::new(),
    };
    for operation in OPERATIONS.iter().filter(|it| wanted(it.name)) {
        run.hold(Contest::of(operation, on_two));
    }
    if wanted(launch::EXEC) {
        run.hold(launch::exec(&layout, on_two));
    }
    for name in launch::names().filter(|name| wanted(name)) {
        match launch::launch(&name, &layout, &mut run.places) {
            Ok((contest, target)) => {
                run.hold(contest);
                drop(target);
            }
            Err(error) => run.enter(Outcome {
                name,
                figures: Vec::new(),
                absent: Vec::new(),
                used: Default::default(),
                verdict: Verdict::Wrong(error.message),
            }),
        }
    }
    run.write(&layout, &machine)?;
    run.conclude()
}

struct Run {
    places: Places,
    extent: Extent,
    random: Random,
    outcomes: Vec<Outcome>,
    group: String,
    /// The reasons that stand below the group already.
    said: Vec<String>,
}

impl Run {
    fn hold(&mut self, contest: Contest) {
        let outcome =
            hold(contest, self.extent, &mut self.places, &mut self.random);
        self.enter(outcome);
    }

    fn enter(&mut self, outcome: Outcome) {
        let group = outcome.name.split('/').next().unwrap_or_default();
        if self.group != group {
            self.group = group.to_owned();
            self.said.clear();
            println!("{}", table::head(group));
        }
        println!("{}", table::row(&outcome));
        for line in table::absent(&outcome) {
            if !self.said.contains(&line) {
                println!("{line}");
                self.said.push(line);
            }
        }
        self.outcomes.push(outcome);
    }

    fn write(&self, layout: &Layout, machine: &Machine) -> Result<()> {
        let record = Record {
            machine: machine.clone(),
            extent: self.extent,
            command: asked::command(),
            outcomes: self.outcomes.clone(),
        };
        asked::write(layout, "paired.json", &record)
    }

    /// Whether it counts as a measurement at all.
    fn conclude(&self) -> Result<bool> {
        let outcomes = self.outcomes.iter();
        let results: Vec<_> =
            outcomes.map(|it| (&it.verdict, it.used)).collect();
        asked::conclude("rows", &results)
    }
}
