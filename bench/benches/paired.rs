//! Measures the ratios between the contenders with their intervals, for every
//! group of rows, in rounds.
//!
//! `cargo bench --bench paired [-- PART...]` measures the rows whose names
//! contain a PART. `NSTEPS_BENCH=short` measures little of everything.

use bench::library;
use bench::measure::contest::Contest;
use bench::measure::machine;
use bench::measure::paired::{PASS, Places, Standing};
use bench::measure::place::{Place, Processors};
use bench::measure::selection::{Selection, rows};
use bench::measure::{asked, attach, launch, programs};
use bench::operation::{OPERATIONS, Operation};
use bench::record::machine::Machine;
use bench::record::outcome::{Extent, Outcome, Record};
use bench::rows::{EXEC, FIRST, PROCESS, SIX, launches};
use bench::table;
use harness::error::Result;
use harness::host::layout::Layout;
use harness::sandbox::listen::Running;
use harness::workers::Progress;
use std::process::ExitCode;

fn main() -> ExitCode {
    asked::run(Selection::of, measure)
}

/// Measures the selected rows, and returns whether every proof was right.
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
    let machine = machine::describe(&mut places.one, &processors)?;
    asked::head(&machine, extent);

    let mut run = Run {
        places,
        extent,
        outcomes: Vec::new(),
        group: String::new(),
        said: Vec::new(),
    };
    let mut held: Vec<Held> = Vec::new();
    let operations = || OPERATIONS.iter().filter(|it| wanted(it.name));
    for operation in operations().filter(|it| !attach::needs_it(it.name)) {
        held.push(Held::of(Contest::of(operation, on_two)));
    }
    if wanted(EXEC) {
        held.push(Held::of(launch::exec(&layout, on_two)));
    }
    for name in launches().filter(|it| *it != SIX && wanted(it)) {
        held.push(run.launch(&name, &layout));
    }
    for name in FIRST.iter().filter(|it| wanted(it)) {
        held.push(run.launch(name, &layout));
    }
    for row in library::ROWS.iter().filter(|it| wanted(it.name)) {
        held.push(Held::of(Contest::of_library(row, on_two)));
    }
    run.pass_by_pass(held);
    run.attach(operations(), &layout, on_two);
    // Its runtimes need one more mount in the sandboxes, which the rows above
    // are measured without.
    if wanted(SIX) {
        let six = run.launch(SIX, &layout);
        run.pass_by_pass(vec![six]);
    }
    if wanted(PROCESS) {
        let process = run.launch(PROCESS, &layout);
        run.pass_by_pass(vec![process]);
    }
    run.write(&layout, &machine)?;
    run.conclude()
}

/// A row that is being measured.
struct Held {
    standing: Standing,
    /// What the row's launchers need, kept running meanwhile: a container to
    /// join, a daemon.
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
    outcomes: Vec<Outcome>,
    group: String,
    /// The reasons that are already printed below the group.
    said: Vec<String>,
}

impl Run {
    /// Sets up a row of whole programs and checks their effects.
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

    /// Measures the rows that need a cgroup of their own and one more mount.
    fn attach(
        &mut self,
        operations: impl Iterator<Item = &'static Operation>,
        layout: &Layout,
        on_two: bool,
    ) {
        let operations: Vec<_> =
            operations.filter(|it| attach::needs_it(it.name)).collect();
        if operations.is_empty() {
            return;
        }
        let lease = attach::set_up(layout, self.places.sandboxes());
        let contest = |operation: &'static Operation| match &lease {
            Ok(_) => Contest::of(operation, on_two),
            Err(why) => {
                let mut contest =
                    Contest::empty(operation.name, operation.drain());
                contest.leave_out("cgroup2", &why.message);
                contest
            }
        };
        let held = operations.into_iter().map(|it| Held::of(contest(it)));
        self.pass_by_pass(held.collect());
        // This removes the cgroup, even while a peer has it open.
        drop(lease);
    }

    /// Measures the rounds of all rows, spread over several passes. In the last
    /// pass each row is measured to its end.
    fn pass_by_pass(&mut self, mut held: Vec<Held>) {
        let Run { extent, places, .. } = self;
        let passes = extent.rounds.div_ceil(PASS);
        let progress = Progress::of(held.len());
        for pass in 1..passes {
            for (at, it) in held.iter_mut().enumerate() {
                progress.show(at, &format!("rows in pass {pass} of {passes}"));
                it.standing.pass(*extent, places);
            }
        }
        progress.clear();
        for it in held {
            let Run { extent, places, .. } = self;
            let outcome = it.standing.finish(*extent, places);
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

    /// Prints the verdicts of all rows, and returns whether the run counts as a
    /// measurement.
    fn conclude(&self) -> Result<bool> {
        let outcomes = self.outcomes.iter();
        let results: Vec<_> =
            outcomes.map(|it| (&it.verdict, it.used)).collect();
        asked::conclude("rows", &results)
    }
}
