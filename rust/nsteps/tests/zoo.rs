//! The zoo of wrong launchers: each has one fault, and the property that is
//! made for the fault must report it.
//!
//! A comparison that no wrong launcher can fail shows nothing. Each source in
//! `zoo/` is a step with a fault. Its first comment says which step it replaces
//! and which keys must report it. It is built, put in the place of the step's
//! own program, and judged in the same way; the right program must not be
//! reported. Every property has to report some fault.

mod availability;

use availability::unavailable;
use compare::comparison::Comparison;
use compare::expected::{self, Expected};
use compare::run::{Group, Selection, groups};
use harness::error::Error;
use harness::found::Refusal;
use harness::host::Equipment;
use harness::host::cgroup::CgroupLease;
use harness::host::cgroups::Shown;
use harness::host::layout::Layout;
use harness::host::pids::PidNamespace;
use harness::host::rootfs::{Rootfs, put};
use harness::launcher::Launcher;
use harness::scenario::{Identity, SCENARIOS};
use harness::step::{Arguments as Wants, Namespace, Step};
use launchers::adapter::Prepared;
use launchers::look::{Conditions, twice};
use launchers::matrix::{Column, Standing, rows};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use probe::{DEEP, PROPERTIES, Proc, Property};
use std::collections::BTreeSet;
use std::fs;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use tempfile::TempDir;

fn main() -> ExitCode {
    let zoo = fs::read_dir(cage()).expect("the zoo is beside this file");
    let mut sources: Vec<PathBuf> = zoo
        .map(|entry| entry.expect("an entry of the zoo").path())
        .filter(|path| path.extension().is_some_and(|it| it == "c"))
        .collect();
    sources.sort();
    let faults: Vec<Fault> =
        sources.iter().map(|path| Fault::read(path)).collect();

    let mut trials: Vec<Trial> = PROPERTIES
        .iter()
        .chain(DEEP)
        .map(|property| {
            let own = first_words(property);
            let mut caught = faults.iter().flat_map(|it| &it.caught_by);
            let some = caught.any(|key| own.contains(first_word(key)));
            Trial::test(format!("property::{}", property.name), move || {
                if some { Ok(()) } else { Err(NOTHING_CAUGHT.into()) }
            })
        })
        .collect();
    trials.extend(faults.into_iter().map(|fault| {
        Trial::ignorable_test(fault.name.clone(), move || fault.is_caught())
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

const NOTHING_CAUGHT: &str = "no wrong launcher is caught by this property: \
                              write rust/nsteps/tests/zoo/STEP_FAULT.c, with \
                              a key of the property behind `Caught by:`";

/// The directory of the wrong launchers.
fn cage() -> PathBuf {
    Layout::find().map_or_else(
        |error| panic!("{error}"),
        |layout| layout.root().join("rust/nsteps/tests/zoo"),
    )
}

/// The first words of the keys of a property.
fn first_words(property: &Property) -> BTreeSet<String> {
    let own = probe::observe(&Proc::at("/proc"), &[property.name]);
    let mut words: BTreeSet<String> =
        own.readings.keys().map(|it| first_word(it).to_owned()).collect();
    if property.name == "mounts" {
        words.insert("mnt".to_owned());
    }
    words
}

/// The first word of a key of an effect.
fn first_word(key: &str) -> &str {
    let key = key.strip_prefix("residue.").unwrap_or(key);
    let key = key.strip_prefix("host.").unwrap_or(key);
    key.split('.').next().unwrap_or("")
}

/// One wrong launcher.
struct Fault {
    /// The stem of its source.
    name: String,
    source: PathBuf,
    /// `STEP` or `STEP:SITUATION`.
    subject: String,
    /// The name of the mounts of the sandbox.
    mounts: String,
    /// The language whose program it replaces.
    launcher: Launcher,
    /// The keys that must differ.
    caught_by: Vec<String>,
    look: Look,
}

/// How a wrong launcher is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// As the step that it replaces, with the expected effect.
    AsStep,
    /// As any launcher, with all properties, beside the step that it replaces.
    Deeply,
}

impl Fault {
    /// Reads the comment at the top of a source: `STEP: what is wrong`, then
    /// `Where:` (default private), `In place of:` (default c), `Looked at:
    /// deeply` (default as a step), `Caught by:`.
    fn read(source: &Path) -> Fault {
        let text = fs::read_to_string(source).expect("read a source");
        let path = source.display();
        let comment = text
            .strip_prefix("/*\n")
            .and_then(|rest| rest.split_once("*/"))
            .unwrap_or_else(|| panic!("{path} opens with no comment"))
            .0;
        let lines: Vec<&str> = comment
            .lines()
            .map(|line| line.trim_start_matches([' ', '*']))
            .collect();
        let named =
            |name: &str| lines.iter().find_map(|line| line.strip_prefix(name));
        let (subject, _) = lines[0]
            .split_once(": ")
            .unwrap_or_else(|| panic!("{path} does not say which step it is"));
        let place = named("In place of: ").unwrap_or("c");
        Fault {
            name: source
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default(),
            source: source.to_owned(),
            subject: subject.to_owned(),
            mounts: named("Where: ").unwrap_or("private").to_owned(),
            launcher: Launcher::named(place).unwrap_or_else(|| {
                panic!("{path}: no language is called {place}")
            }),
            caught_by: named("Caught by: ")
                .unwrap_or_else(|| panic!("{path} says no `Caught by:`"))
                .split(' ')
                .map(str::to_owned)
                .collect(),
            look: match named("Looked at: ") {
                None => Look::AsStep,
                Some("deeply") => Look::Deeply,
                Some(it) => panic!("{path}: how is it looked at {it}?"),
            },
        }
    }

    /// Passes if the right program shows no difference, and the wrong one
    /// differs in the keys that it must.
    fn is_caught(&self) -> Result<Completion, Failed> {
        let (step, group) = self.group()?;
        let mut equipment = equipment_for(step)?;
        if self.look == Look::Deeply {
            return self.is_caught_deeply(step, &group, &equipment);
        }
        let right = match judge(&group, &equipment)? {
            Judged::Unavailable(reason) => return unavailable(&reason),
            Judged::Differing(keys) => keys,
        };
        if !right.is_empty() {
            let why = format!("the right program is caught too: {right:?}");
            return Err(why.into());
        }
        let stand_in = StandIn::new(self, step, &equipment.layout)?;
        if let Err(why) = stand_in.build(&self.source, &equipment.layout) {
            return match why {
                NotBuilt::NoCompiler => unavailable("no C compiler"),
                NotBuilt::Wrong(text) => Err(text.into()),
            };
        }
        equipment.layout =
            equipment.layout.with_programs(stand_in.programs.path().to_owned());
        let wrong = match judge(&group, &equipment)? {
            Judged::Unavailable(reason) => return unavailable(&reason),
            Judged::Differing(keys) => keys,
        };
        let missed: Vec<&String> =
            self.caught_by.iter().filter(|it| !wrong.contains(*it)).collect();
        if missed.is_empty() {
            return Ok(Completion::Completed);
        }
        Err(format!("not caught by {missed:?}, only by {wrong:?}").into())
    }

    /// Passes if the wrong program differs from the right one in the keys that
    /// it must, and the right one from itself in none.
    fn is_caught_deeply(
        &self,
        step: &'static Step,
        group: &Group,
        equipment: &Equipment,
    ) -> Result<Completion, Failed> {
        let layout = &equipment.layout;
        let stand_in = StandIn::new(self, step, layout)?;
        if let Err(why) = stand_in.build(&self.source, layout) {
            return match why {
                NotBuilt::NoCompiler => unavailable("no C compiler"),
                NotBuilt::Wrong(text) => Err(text.into()),
            };
        }
        let cgroups = Shown::decide(None, &[], layout)
            .map_err(|it| Error::from(it).message)?;
        let conditions = Conditions {
            equipment,
            scenario: group.scenario,
            writable: &[],
            cgroups: &cgroups,
            pids: PidNamespace::Own,
        };
        let look = |program: &Path| -> Result<Column, Failed> {
            let program = program.display().to_string();
            let prepared = Prepared::of_words(std::slice::from_ref(&program));
            let column = twice(program, &prepared, &conditions)
                .map_err(|it| it.message)?;
            match &column.did_not_answer {
                Some(why) => Err(format!("{}: {why}", column.line).into()),
                None => Ok(column),
            }
        };
        let right = look(&self.launcher.program(step, layout))?;
        let again = look(&self.launcher.program(step, layout))?;
        let wrong = look(&stand_in.program)?;
        let same = differing(&[right.clone(), again]);
        if !same.is_empty() {
            let why = format!("the right program is caught too: {same:?}");
            return Err(why.into());
        }
        let found = differing(&[right, wrong]);
        let missed: Vec<&String> =
            self.caught_by.iter().filter(|it| !found.contains(*it)).collect();
        match missed.is_empty() {
            true => Ok(Completion::Completed),
            false => {
                Err(format!("not caught by {missed:?}, only by {found:?}")
                    .into())
            }
        }
    }

    /// The group of trials that it takes part in, with it as the only launcher.
    fn group(&self) -> Result<(&'static Step, Group), Failed> {
        let identity = Identity::natural();
        let scenario = SCENARIOS
            .iter()
            .find(|it| {
                it.mounts.name() == self.mounts && it.identity == identity
            })
            .ok_or("`Where:` names no mounts of any scenario")?;
        let mut group = groups(&Selection::everything())
            .into_iter()
            .find(|it| {
                it.subject.to_string() == self.subject
                    && it.scenario == *scenario
            })
            .ok_or_else(|| format!("no trial of {} there", self.subject))?;
        group.launchers = vec![self.launcher];
        let step = Step::named(group.subject.step).ok_or("no such step")?;
        Ok((step, group))
    }
}

/// The keys in which some of the launchers differ.
fn differing(columns: &[Column]) -> BTreeSet<String> {
    let rows = rows(columns).into_iter();
    let rows = rows.filter(|row| row.standing == Standing::Differs);
    rows.map(|row| row.key).collect()
}

/// The parts of the machine that the trial of this step needs, and no others.
fn equipment_for(step: &Step) -> Result<Equipment, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let rootfs = Rootfs::busybox(&layout);
    let cgroup = if step.namespaces.contains(&Namespace::Cgroup) {
        CgroupLease::take(&layout)
    } else {
        Err(Error::new("the step does not need a cgroup"))
    };
    Ok(Equipment { layout, rootfs, cgroup })
}

/// The result of one program's trial.
enum Judged {
    /// The machine does not allow it.
    Unavailable(String),
    /// The keys that are not as expected.
    Differing(BTreeSet<String>),
}

fn judge(group: &Group, equipment: &Equipment) -> Result<Judged, Failed> {
    let outcomes = group.run(equipment);
    match &outcomes[0].1 {
        Err(Refusal::Unavailable(reason)) => {
            return Ok(Judged::Unavailable(reason.clone()));
        }
        Err(Refusal::Broken(why)) => {
            return Err(format!("broken: {why}").into());
        }
        Ok(_) => {}
    }
    let file = expected::file_of(&group.subject);
    let expected = Expected::read(&equipment.layout.expected().join(file))
        .map_err(|it| it.message)?;
    let comparison = Comparison::of(
        group.subject.clone(),
        group.scenario,
        &outcomes,
        Some(&expected),
    );
    let keys = comparison.differing().map(|(row, _)| row.key.clone());
    Ok(Judged::Differing(keys.collect()))
}

/// A directory with the structure of `target/`, with the wrong program in it;
/// it is removed when it is dropped.
struct StandIn {
    programs: TempDir,
    program: PathBuf,
}

/// The reason why a wrong launcher was not built.
enum NotBuilt {
    NoCompiler,
    Wrong(String),
}

impl StandIn {
    fn new(
        fault: &Fault,
        step: &Step,
        layout: &Layout,
    ) -> Result<StandIn, Failed> {
        // Beside the programs, where programs may be executed; if they belong
        // to another user, in the directory for temporary files.
        let programs = tempfile::tempdir_in(layout.programs())
            .or_else(|_| tempfile::tempdir())?;
        fs::set_permissions(
            programs.path(),
            fs::Permissions::from_mode(0o755),
        )?;
        let own = programs.path().join(fault.launcher.name());
        let program = own.join(step.name);
        let stand_in = StandIn { programs, program };
        let bin = stand_in.programs.path().join("bin");
        fs::create_dir(&bin)?;
        fs::create_dir(&own)?;
        symlink(layout.programs().join("bin/nsteps"), bin.join("nsteps"))?;
        put(&layout.probe(), &bin.join("nsteps-probe"))
            .map_err(|it| it.message)?;
        if step.arguments == Wants::Pid {
            // A launcher that joins needs a container to join.
            let container = Step::named("container").ok_or("no such step")?;
            let from = fault.launcher.program(container, layout);
            put(&from, &own.join(container.name)).map_err(|it| it.message)?;
        }
        Ok(stand_in)
    }

    /// Compiles it in the way of the steps in C, whose skeleton it uses.
    fn build(&self, source: &Path, layout: &Layout) -> Result<(), NotBuilt> {
        let built = Command::new("cc")
            .args(["-std=c17", "-Wall", "-Wextra", "-Wshadow", "-Werror"])
            .arg("-I")
            .arg(layout.root().join("reference-c"))
            .arg("-o")
            .arg(&self.program)
            .arg(source)
            // The library of POSIX queues, before they moved into the C
            // library.
            .arg("-lrt")
            .output();
        match built {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => Err(NotBuilt::Wrong(
                String::from_utf8_lossy(&output.stderr).into_owned(),
            )),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(NotBuilt::NoCompiler)
            }
            Err(error) => Err(NotBuilt::Wrong(format!("run cc: {error}"))),
        }
    }
}
