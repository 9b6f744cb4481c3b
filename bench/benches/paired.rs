//! Who is faster than whom, and how sure that is: every group, in rounds.
//!
//! `cargo bench --bench paired [-- PART...]` measures the rows whose names
//! contain a PART. `NSTEPS_BENCH=short` measures little of everything.

use bench::asked;
use bench::contest::Contest;
use bench::launch;
use bench::machine::Machine;
use bench::operation::OPERATIONS;
use bench::paired::{Extent, Outcome, PASS, Places, Record, Standing};
use bench::place::{Place, Processors};
use bench::programs;
use bench::selection::{Selection, rows};
use bench::six::SIX;
use bench::statistics::Random;
use bench::table;
use nsteps::error::Result;
use nsteps::layout::Layout;
use nsteps::sandbox::Running;
use nsteps::workers::Progress;
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
    let mut held: Vec<Held> = Vec::new();
    for operation in OPERATIONS.iter().filter(|it| wanted(it.name)) {
        held.push(Held::of(Contest::of(operation, on_two)));
    }
    if wanted(launch::EXEC) {
        held.push(Held::of(launch::exec(&layout, on_two)));
    }
    for name in launch::names().filter(|it| *it != SIX && wanted(it)) {
        held.push(run.launch(&name, &layout));
    }
    run.pass_by_pass(held);
    // Its runtimes need one more mount in the sandboxes than the others know.
    if wanted(SIX) {
        let six = run.launch(SIX, &layout);
        run.pass_by_pass(vec![six]);
    }
    run.write(&layout, &machine)?;
    run.conclude()
}

/// A row that is being measured.
struct Held {
    standing: Standing,
    /// What the row's launchers join, as long as they do.
    _target: Option<Running>,
}

impl Held {
    fn of(contest: Contest) -> Held {
        Held { standing: Standing::of(contest), _target: None }
    }
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
    /// A row of whole programs, whose effects are looked at now.
    fn launch(&mut self, name: &str, layout: &Layout) -> Held {
        match launch::launch(name, layout, &mut self.places) {
            Ok((contest, target)) => {
                Held { standing: Standing::of(contest), _target: target }
            }
            Err(error) => {
                let standing = Standing::wrong(name, error.message);
                Held { standing, _target: None }
            }
        }
    }

    /// The rounds everyone takes part in, spread over passes through all rows;
    /// in the last of them a row goes on until it is over.
    fn pass_by_pass(&mut self, mut held: Vec<Held>) {
        let Run { extent, places, random, .. } = self;
        let passes = extent.rounds.div_ceil(PASS);
        let progress = Progress::of(held.len());
        for pass in 1..passes {
            for (at, it) in held.iter_mut().enumerate() {
                progress.show(at, &format!("rows in pass {pass} of {passes}"));
                it.standing.pass(*extent, places, random);
            }
        }
        progress.clear();
        for it in held {
            let Run { extent, places, random, .. } = self;
            let outcome = it.standing.finish(*extent, places, random);
            self.enter(outcome);
        }
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
