//! What `nsteps check` prints and writes: the course, where a learner stands, and
//! the reports.

use crate::bad::{answers, checked};
use crate::{EQUIPMENT, directory};
use compare::requirement::list::REQUIREMENTS;
use harness::launcher::Launcher;
use harness::step::{STEPS, Step};
use libtest_mimic::{Completion, Failed, Trial};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// One trial for each.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("command::the_course_is_listed", the_course_is_listed),
        Trial::ignorable_test("command::what_is_next", what_is_next),
        Trial::ignorable_test("command::the_answer_is_asked_for", || {
            the_answer_is_asked_for()
        }),
        Trial::test("command::a_report_has_a_form", a_report_has_a_form),
    ]
}

fn the_course_is_listed() -> Result<(), Failed> {
    let directory = directory()?;
    let output = checked(directory.path(), &["--list"])?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut last = 0;
    for step in STEPS {
        let line = text.find(&format!(" {} ", step.name));
        let at =
            line.ok_or_else(|| format!("{} is not in {text}", step.name))?;
        if at < last {
            return Err(format!("{} is not in its place", step.name).into());
        }
        last = at;
    }
    let named = |name: &&str| text.contains(*name);
    let missing: Vec<&str> =
        REQUIREMENTS.iter().map(|it| it.name).filter(|it| !named(it)).collect();
    if !missing.is_empty() {
        return Err(format!("no step requires {missing:?}").into());
    }
    answers(&checked(directory.path(), &["--list", "uts"])?, 0, "hostname")
}

/// A program of a language under the name of a step.
fn put(launcher: Launcher, step: &str, into: &Path) -> Result<bool, Failed> {
    let equipment = EQUIPMENT.as_ref().map_err(Failed::from)?;
    let step = Step::named(step).ok_or("no such step")?;
    let program = launcher.program(step, &equipment.layout);
    if !program.exists() {
        return Ok(false);
    }
    fs::copy(program, into.join(step.name))?;
    Ok(true)
}

fn what_is_next() -> Result<Completion, Failed> {
    let directory = directory()?;
    let here = directory.path();
    let is_here = put(Launcher::Rust, "skeleton", here)?
        && put(Launcher::Rust, "network", here)?
        && put(Launcher::C, "mount_private", here)?;
    if !is_here {
        return crate::unavailable("a program is not built");
    }
    let words = ["--next", ".", "--json", "--report", "x.xml"];
    let output = checked(here, &words)?;
    answers(&output, 1, "nsteps.check/1")?;
    let form: Value = serde_json::from_slice(&output.stdout)?;
    let programs = form["programs"].as_array().ok_or("no programs")?;
    let verdict = |step: &str| {
        let found = programs.iter().find(|it| it["step"] == step);
        found.map_or("", |it| it["verdict"].as_str().unwrap_or(""))
    };
    let seen = ["skeleton", "network", "mount", "mount_private"].map(verdict);
    if seen != ["done", "done", "no program", "fails"]
        || form["next"] != "mount"
        || programs.len() != STEPS.len()
    {
        return Err(format!("{seen:?}, next {}", form["next"]).into());
    }
    // What the two reports count is the same.
    let fails = |it: &&Value| it["verdict"] == "fails";
    let in_json: usize = programs
        .iter()
        .filter_map(|it| it["requirements"].as_array())
        .map(|all| all.iter().filter(fails).count())
        .sum();
    let missing = programs.iter().filter(|it| it["verdict"] == "no program");
    let xml = fs::read_to_string(here.join("x.xml"))?;
    let in_xml = xml.matches("<failure").count();
    if in_json == 0 || in_xml != in_json + missing.count() {
        return Err(format!("{in_json} fail, in the XML {in_xml}").into());
    }
    answers(&checked(here, &["--next", "."])?, 1, "next: mount page:")?;
    answers(&checked(here, &["--next", "no-such"])?, 2, "no-such")?;
    Ok(Completion::Completed)
}

fn the_answer_is_asked_for() -> Result<Completion, Failed> {
    let directory = directory()?;
    let here = directory.path();
    if !put(Launcher::Rust, "skeleton", here)? {
        return crate::unavailable("a program is not built");
    }
    let wrong = ["uts", "--", "./skeleton"];
    let hint = checked(here, &wrong)?;
    answers(&hint, 1, "The command still sees the host name of the caller.")?;
    let said = String::from_utf8_lossy(&hint.stdout).into_owned();
    for answer in ["sethostname", "CLONE_NEWUTS", "myhostname"] {
        if said.contains(answer) {
            return Err(format!("the hint has the answer: {said}").into());
        }
    }
    let explained = checked(here, &["uts", "--explain", "--", "./skeleton"])?;
    for answer in ["sethostname(\"myhostname\")", "CLONE_NEWUTS"] {
        answers(&explained, 1, answer)?;
    }
    answers(&checked(here, &["skeleton", "--", "./skeleton"])?, 0, "passed")?;
    Ok(Completion::Completed)
}

fn a_report_has_a_form() -> Result<(), Failed> {
    let directory = directory()?;
    let words = ["uts", "--report", "x.html", "--", "./x"];
    answers(&checked(directory.path(), &words)?, 2, "ends with .xml")
}
