//! `nsteps check` of this project's own programs, of the wrong launchers, as if
//! a learner had written them, and of programs that are no launchers at all.
//!
//! The programs of the steps meet every requirement but those that a known
//! difference says they do not. Each wrong launcher fails the requirements that
//! stand beside its name in a table, and no other that the right one passes.

#[path = "../availability/mod.rs"]
mod availability;
mod bad;
mod command;
mod one_file;
mod zoo;

use availability::unavailable;
use compare::known::explanation;
use compare::requirement::judge::{DID_NOT_RUN, Judged, Verdict, of_step};
use compare::subject::Subject;
use harness::host::Equipment;
use harness::host::layout::Layout;
use harness::launcher::{LANGUAGES, Launcher};
use harness::scenario::{Identity, SCENARIOS, Scenario};
use harness::step::{STEPS, Step};
use harness::trial::performer::OwnProgram;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nsteps::course::session::check;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{LazyLock, Mutex};
use tempfile::TempDir;
use zoo::{Wrong, ZOO};

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for step in STEPS {
        for launcher in LANGUAGES {
            trials.push(Trial::ignorable_test(
                format!("{}::{launcher}", step.name),
                move || meets_all_but_what_is_known(step, *launcher),
            ));
        }
    }
    for step in STEPS {
        trials.push(Trial::ignorable_test(
            format!("{}::careful", step.name),
            move || meets_all(step),
        ));
    }
    for fault in ZOO {
        trials.push(Trial::ignorable_test(
            format!("zoo::{}", fault.0),
            move || gets_the_right_hint(*fault),
        ));
    }
    trials.push(Trial::test("zoo::the_table_is_complete", || {
        let sources = sources().into_iter().map(|it| stem(&it));
        let named = ZOO.iter().map(|it| it.0.to_owned());
        let (sources, named): (BTreeSet<_>, BTreeSet<_>) =
            (sources.collect(), named.collect());
        same(&sources, &named)
    }));
    trials.extend(bad::trials());
    trials.extend(command::trials());
    trials.extend(one_file::trials());
    trials.push(Trial::test("every_page_is_there", every_page_is_there));
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, trials).exit_code()
}

static EQUIPMENT: LazyLock<Result<Equipment, String>> =
    LazyLock::new(|| Equipment::gather(None).map_err(|it| it.message));

/// The scenarios of one identity; both identities where `all`.
fn scenarios(all: bool) -> Vec<Scenario> {
    let own = Identity::natural();
    let is_wanted = |it: &&Scenario| all || it.identity == own;
    SCENARIOS.iter().filter(is_wanted).copied().collect()
}

/// What became of the requirements that are not met: by name.
type Failures = BTreeMap<&'static str, Judged>;

/// What a program fails, or why it could not be looked at.
fn failures(
    step: &'static Step,
    program: &Path,
    scenarios: &[Scenario],
) -> Result<Result<Failures, String>, Failed> {
    let equipment = EQUIPMENT.as_ref().map_err(Failed::from)?;
    let words = [program.display().to_string()];
    let own = OwnProgram::of(&words).map_err(|it| it.message)?;
    let result = check(step, &own, scenarios, equipment);
    let judged = result.judged?;
    if judged.is_empty() {
        return Err("nothing is required".into());
    }
    let mut failures = Failures::new();
    for it in judged {
        match &it.verdict {
            Verdict::Passes => {}
            Verdict::NotLookedAt(why) if why != DID_NOT_RUN => {
                let name = it.requirement.name;
                return Ok(Err(format!("{name}: {why}")));
            }
            _ => {
                failures.insert(it.requirement.name, it);
            }
        }
    }
    Ok(Ok(failures))
}

/// The requirements that a program of a language does not meet, by what the
/// project keeps of the posts.
fn known_failures(step: &Step, launcher: Launcher) -> BTreeSet<String> {
    let mut names: Vec<&str> = match launcher {
        Launcher::C | Launcher::Go => {
            vec!["exit", "signal", "missing", "not_executable"]
        }
        _ => Vec::new(),
    };
    let required = of_step(step_of(step)).expect("the step is known");
    let refuses = required.iter().any(|it| it.name == "refuses");
    if refuses && !names.is_empty() {
        names.push("refuses");
    }
    if step.name == "pid_detach" && launcher == Launcher::C {
        names.push("output");
    }
    names.into_iter().map(str::to_owned).collect()
}

fn step_of(step: &Step) -> &'static Step {
    Step::named(step.name).expect("it is in STEPS")
}

fn meets_all_but_what_is_known(
    step: &'static Step,
    launcher: Launcher,
) -> Result<Completion, Failed> {
    let equipment = EQUIPMENT.as_ref().map_err(Failed::from)?;
    if let Some(why) = launcher.missing(step, &equipment.layout) {
        return unavailable(&why);
    }
    let program = launcher.program(step, &equipment.layout);
    let failures = match failures(step, &program, &scenarios(true))? {
        Ok(failures) => failures,
        Err(why) => return unavailable(&why),
    };
    for it in failures.values() {
        let Verdict::Fails(mistake, mismatches) = &it.verdict else {
            let name = it.requirement.name;
            return Err(format!("{name}: {:?}", it.verdict).into());
        };
        for mismatch in mismatches {
            let situation = mismatch.situation.map(str::to_owned);
            let subject = Subject { step: step.name, situation };
            let known = explanation(
                &subject,
                mismatch.scenario,
                launcher,
                &mismatch.key,
                mismatch.seen.as_deref(),
            );
            if known.is_none() {
                let hint = mistake.hint(mismatches);
                return Err(format!("{mismatch:?} is not known: {hint}").into());
            }
        }
    }
    let names: BTreeSet<String> =
        failures.keys().map(|it| (*it).to_owned()).collect();
    same(&names, &known_failures(step, launcher))?;
    Ok(Completion::Completed)
}

/// The careful programs in C, which the benchmark times, are no published ones.
fn meets_all(step: &'static Step) -> Result<Completion, Failed> {
    let directory = directory()?;
    let source = format!("bench/careful/{}.c", step.name);
    let program = match compiled(&source, "bench/careful", directory.path()) {
        Ok(program) => program,
        Err(NotCompiled::NoCompiler) => return unavailable("no C compiler"),
        Err(NotCompiled::Wrong(text)) => return Err(text.into()),
    };
    match failures(step, &program, &scenarios(false))? {
        Err(why) => unavailable(&why),
        Ok(failures) if failures.is_empty() => Ok(Completion::Completed),
        Ok(failures) => Err(format!("{:?}", hints(&failures)).into()),
    }
}

fn same(
    seen: &BTreeSet<String>,
    wanted: &BTreeSet<String>,
) -> Result<(), Failed> {
    let more: Vec<_> = seen.difference(wanted).collect();
    let less: Vec<_> = wanted.difference(seen).collect();
    match more.is_empty() && less.is_empty() {
        true => Ok(()),
        false => Err(format!("more: {more:?}; missing: {less:?}").into()),
    }
}

/// Where the wrong launchers are.
fn sources() -> Vec<PathBuf> {
    let layout = Layout::find().expect("the repository");
    let zoo = layout.root().join("rust/nsteps/tests/zoo");
    let entries = fs::read_dir(zoo).expect("the zoo is beside this file");
    let paths = entries.map(|it| it.expect("an entry of the zoo").path());
    paths.filter(|it| it.extension().is_some_and(|it| it == "c")).collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Compiles a source that includes another of that directory.
fn compiled(
    source: &str,
    includes: &str,
    into: &Path,
) -> Result<PathBuf, NotCompiled> {
    let layout = Layout::find().map_err(|it| NotCompiled::Wrong(it.message))?;
    let program = into.join(stem(Path::new(source)));
    let built = Command::new("cc")
        .args(["-std=c17", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(layout.root().join(includes))
        .arg("-o")
        .arg(&program)
        .arg(layout.root().join(source))
        .arg("-lrt")
        .output();
    match built {
        Ok(it) if it.status.success() => Ok(program),
        Ok(it) => {
            let text = String::from_utf8_lossy(&it.stderr).into_owned();
            Err(NotCompiled::Wrong(text))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(NotCompiled::NoCompiler)
        }
        Err(error) => Err(NotCompiled::Wrong(format!("run cc: {error}"))),
    }
}

enum NotCompiled {
    NoCompiler,
    Wrong(String),
}

/// A directory from which every user can start programs.
fn directory() -> std::io::Result<TempDir> {
    let made = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .or_else(|_| tempfile::tempdir())?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(made.path(), mode)?;
    Ok(made)
}

/// Names of requirements, each with the hint.
type Hints = BTreeSet<(&'static str, String)>;

fn hints(failures: &Failures) -> Hints {
    let hint = |it: &Judged| match &it.verdict {
        Verdict::Fails(mistake, mismatches) => mistake.hint(mismatches),
        other => format!("{other:?}"),
    };
    failures.iter().map(|(name, it)| (*name, hint(it))).collect()
}

/// What the step in C fails: looked at once for each step.
fn of_c(step: &'static Step) -> Result<Result<Hints, String>, Failed> {
    static SEEN: Mutex<BTreeMap<&str, Result<Hints, String>>> =
        Mutex::new(BTreeMap::new());
    let seen =
        SEEN.lock().map_err(|it| it.to_string())?.get(step.name).cloned();
    if let Some(seen) = seen {
        return Ok(seen);
    }
    let equipment = EQUIPMENT.as_ref().map_err(Failed::from)?;
    let program = Launcher::C.program(step, &equipment.layout);
    let failures = failures(step, &program, &scenarios(false))?;
    let hints = failures.map(|it| hints(&it));
    let mut all = SEEN.lock().map_err(|it| it.to_string())?;
    all.insert(step.name, hints.clone());
    Ok(hints)
}

fn gets_the_right_hint(fault: Wrong) -> Result<Completion, Failed> {
    let (name, expected) = fault;
    let layout = Layout::find().map_err(|it| it.message)?;
    let source = format!("rust/nsteps/tests/zoo/{name}.c");
    let text = fs::read_to_string(layout.root().join(&source))?;
    let subject = text.lines().nth(1).unwrap_or_default();
    let step = subject.trim_start_matches([' ', '*']).split(':').next();
    let step = step.and_then(Step::named).ok_or("it names no step")?;
    let directory = directory()?;
    let program = match compiled(&source, "reference-c", directory.path()) {
        Ok(program) => program,
        Err(NotCompiled::NoCompiler) => return unavailable("no C compiler"),
        Err(NotCompiled::Wrong(text)) => return Err(text.into()),
    };
    let right = match of_c(step)? {
        Ok(hints) => hints,
        Err(why) => return unavailable(&why),
    };
    let failures = match failures(step, &program, &scenarios(false))? {
        Ok(failures) => failures,
        Err(why) => return unavailable(&why),
    };
    let all = hints(&failures);
    if std::env::var_os("NSTEPS_HINTS").is_some() {
        for (requirement, _) in all.difference(&right) {
            print_hint(step, &failures[requirement]);
        }
    }
    let wanted: BTreeSet<&str> = expected.iter().map(|it| it.0).collect();
    let own = all.difference(&right);
    let more: Vec<_> = own.filter(|it| !wanted.contains(it.0)).collect();
    if !more.is_empty() {
        return Err(format!("not in the table: {more:?}").into());
    }
    for (requirement, words, page) in expected {
        let verdict = failures.get(requirement).map(|it| &it.verdict);
        let Some(Verdict::Fails(mistake, mismatches)) = verdict else {
            return Err(format!("{requirement} does not fail").into());
        };
        let (hint, shown) = (mistake.hint(mismatches), mistake.page(step));
        if !hint.contains(words) || shown != *page {
            return Err(format!("{requirement}: {hint} ({shown})").into());
        }
    }
    Ok(Completion::Completed)
}

/// A line of the table, for a wrong launcher that is new.
fn print_hint(step: &Step, judged: &Judged) {
    if let Verdict::Fails(mistake, mismatches) = &judged.verdict {
        let name = judged.requirement.name;
        let (hint, page) = (mistake.hint(mismatches), mistake.page(step));
        println!("(\"{name}\", \"{hint}\", \"{page}\"),");
    }
}

/// Each page that a hint names is in the book.
fn every_page_is_there() -> Result<(), Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    for step in STEPS {
        for requirement in of_step(step).map_err(|it| it.message)? {
            for mistake in requirement.mistakes {
                let page = mistake.page(step);
                let path = layout.root().join("docs/src").join(&page);
                if !path.exists() {
                    return Err(format!("{}: {page}", requirement.name).into());
                }
            }
        }
    }
    Ok(())
}
