//! Tests the verdicts of `nsteps compare` on machines that lack something.
//!
//! If the machine lacks something, a trial is unavailable, with its reason:
//! that is no difference, and what was not observed agrees with nothing.

mod availability;
mod elsewhere;

use availability::unavailable;
use elsewhere::elsewhere;
use harness::host::layout::Layout;
use harness::scenario::{Mounts, Scenario};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use serde_json::{Value, json};
use std::process::{Command, ExitCode};

/// The result of a trial: passed, what is wrong, or why it could not look.
type Found = Result<Completion, Failed>;

/// A trial: its name, and its function.
type Tried = (&'static str, fn() -> Found);

const TRIALS: &[Tried] = &[
    ("one_launcher_agrees_with_nothing", one_launcher),
    ("the_legend_names_the_launchers_that_ran", no_go),
    ("what_is_refused_names_its_page", refused),
    ("a_control_without_its_programs_is_unavailable", no_busybox),
    ("a_limit_of_namespaces_is_no_difference", few_namespaces),
    ("few_descriptors_are_no_difference", few_descriptors),
    ("groups_of_the_caller_are_no_difference", groups),
    ("names_that_are_no_text_are_no_difference", names_of_bytes),
    ("a_missing_call_is_unavailable", no_close_range),
    ("a_foreign_procfs_is_said_at_once", foreign_procfs),
    ("a_plain_chroot_is_a_place_like_another", plain_chroot),
];

fn main() -> ExitCode {
    let trials = TRIALS
        .iter()
        .map(|(name, run)| Trial::ignorable_test(*name, *run))
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// What the command printed, and its status.
struct Answer {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Answer {
    /// Runs `nsteps compare` on some steps, in the scenario that needs no
    /// privilege.
    fn to(command: &mut Command, arguments: &[&str]) -> Result<Answer, Failed> {
        let scenario = Scenario::natural().to_string();
        command.args(["compare", "--scenario", &scenario]).args(arguments);
        Answer::of(command)
    }

    fn of(command: &mut Command) -> Result<Answer, Failed> {
        // These trials test what happens if something is not possible.
        let output = command.env_remove("MUST_RUN").output()?;
        let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
        Ok(Answer {
            status: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        })
    }

    /// Checks the status, the texts that must be printed and those that must
    /// not.
    fn expect(&self, status: i32, said: &[&str], not: &[&str]) -> Found {
        let all = format!("{}{}", self.stdout, self.stderr);
        // A sentence may be broken between any two words.
        let words: Vec<&str> = all.split_whitespace().collect();
        let words = words.join(" ");
        let missing = said.iter().find(|it| !words.contains(**it));
        let extra = not.iter().find(|it| all.contains(**it));
        if self.status == Some(status) && missing.is_none() && extra.is_none() {
            return Ok(Completion::Completed);
        }
        Err(format!(
            "expected {status}, found {:?}; not said: {missing:?}; said: \
             {extra:?}\n{all}",
            self.status
        )
        .into())
    }
}

/// What a report about a machine that lacks something never has.
const WRONG: &[&str] = &["\ndiffers ", "\nbroken ", "\nstale "];

fn nsteps() -> Result<Command, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    Ok(Command::new(layout.programs().join("bin/nsteps")))
}

fn one_launcher() -> Found {
    let words = ["--lang", "c", "--only", "uts", "--only", "join"];
    Answer::to(&mut nsteps()?, &words)?.expect(
        2,
        &["alone", "0 the same", "not compared"],
        &["do the same", "the same in all", "by another", "broken "],
    )?;
    let answer = Answer::to(&mut nsteps()?, &[&words[..], &["-v"]].concat())?;
    answer.expect(2, &["alone", "ns.uts"], &["do the same"])?;
    // The same for a program that does not exist.
    let answer = Answer::to(
        &mut nsteps()?,
        &["--json", "--lang", "c", "--only", "uts"],
    )?;
    let form: Value = serde_json::from_str(&answer.stdout)
        .map_err(|error| format!("{error}: {}", answer.stderr))?;
    if form["tally"]["same"] != 0 || answer.stdout.contains("\"same\"\n") {
        return Err(format!("one agrees: {form:#}").into());
    }
    let rows = form["comparisons"].as_array().into_iter().flatten();
    let rows = rows.flat_map(|it| it["rows"].as_array().into_iter().flatten());
    let verdicts: Vec<_> = rows.map(|row| &row["verdict"]).collect();
    if verdicts.iter().any(|it| **it != "not_compared") {
        return Err(format!("one is compared: {verdicts:?}").into());
    }
    Ok(Completion::Completed)
}

/// Where a step is refused a call, each form of the report names the page.
fn refused() -> Found {
    let page = "steps/pid_detach.md";
    let nested = Scenario { mounts: Mounts::ProcNested, ..Scenario::natural() };
    let words = ["compare", "--only", "pid", "--scenario", &nested.to_string()];
    let answer = Answer::of(nsteps()?.args(words))?;
    if answer.stdout.contains("not possible here\n") {
        return unavailable(&answer.stdout);
    }
    let said = ["what is refused, and why umount EBUSY: something is", page];
    answer.expect(0, &said, WRONG)?;
    let whole = Answer::of(nsteps()?.args(words).arg("-v"))?;
    whole.expect(0, &said, WRONG)?;
    let pages = whole.stdout.matches(page).count();
    if pages != 2 {
        return Err(format!("{pages} pages, not 2: {}", whole.stdout).into());
    }
    let json = Answer::of(nsteps()?.args(words).arg("--json"))?;
    let form: Value = serde_json::from_str(&json.stdout)?;
    let rows = form["comparisons"][0]["rows"].as_array();
    let mut rows = rows.into_iter().flatten();
    let row = rows.find(|it| it["key"] == "refused");
    match row.is_some_and(|it| it["pages"] == json!([page])) {
        true => Ok(Completion::Completed),
        false => Err(format!("{row:#?}").into()),
    }
}

/// Covers the programs of a language by an empty directory.
fn no_go() -> Found {
    let layout = Layout::find().map_err(|it| it.message)?;
    let go = layout.programs().join("go");
    let script =
        format!("mount -t tmpfs none '{}' && exec \"$@\"", go.display());
    match elsewhere(&["--mount"], &script)? {
        Err(reason) => unavailable(&reason),
        Ok(mut command) => {
            let words = ["--only", "uts", "--only", "pid", "--only", "join"];
            Answer::to(&mut command, &words)?.expect(
                0,
                &["= c and rust do the same", "go is not built"],
                &[WRONG, &["c, go and rust"]].concat(),
            )
        }
    }
}

fn no_busybox() -> Found {
    let script = "file=$(command -v busybox) || file=/dev/null; \
                  mount --bind /dev/null \"$file\" && exec \"$@\"";
    match elsewhere(&["--mount"], script)? {
        Err(reason) => unavailable(&reason),
        Ok(mut command) => {
            let words = ["--only", "uts", "--only", "net_mount_uts"];
            Answer::to(&mut command, &words)?.expect(
                0,
                &["install busybox", "0 unexplained"],
                WRONG,
            )
        }
    }
}

/// Allows so few namespaces that some sandboxes are made, and the step itself
/// fails in them.
fn few_namespaces() -> Found {
    for limit in 1..=6 {
        let script = format!(
            "echo {limit} >/proc/sys/user/max_uts_namespaces && exec \"$@\""
        );
        let options = ["--user", "--map-root-user"];
        let mut command = match elsewhere(&options, &script)? {
            Err(reason) => return unavailable(&reason),
            Ok(command) => command,
        };
        let answer = Answer::to(&mut command, &["--only", "uts"])?;
        let limit = format!("user.max_uts_namespaces is {limit}: raise it");
        let nothing = answer.stdout.contains("\n0 comparisons");
        answer.expect(if nothing { 2 } else { 0 }, &[&limit], WRONG)?;
    }
    Ok(Completion::Completed)
}

fn few_descriptors() -> Found {
    let with = |limit: &str| -> Result<Command, Failed> {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            &format!("ulimit -n {limit} && exec \"$@\""),
            "sh",
        ]);
        command.arg(nsteps()?.get_program());
        Ok(command)
    };
    let words = ["--only", "uts", "--only", "mount", "--only", "skeleton"];
    let answer = Answer::to(&mut with("64")?, &words)?;
    if let Some(why) = sandboxless(&answer) {
        return unavailable(&why);
    }
    answer.expect(0, &["0 unexplained"], WRONG)?;
    // The harness raises the limit as far as it can, and no launcher sees that.
    let answer = Answer::to(&mut with("-S 24")?, &words)?;
    answer.expect(0, &["0 unexplained"], WRONG)?;
    Answer::to(&mut with("40")?, &words)?.expect(
        2,
        &["raise the limit"],
        &["comparisons"],
    )
}

/// The reason why this machine allows no sandbox at all, if it does not.
fn sandboxless(answer: &Answer) -> Option<String> {
    let nothing = answer.stdout.contains("\n0 comparisons")
        && answer.stdout.contains("not possible here");
    nothing.then(|| answer.stdout.clone())
}

/// A usual login has its own group among the supplementary ones.
fn groups() -> Found {
    let words = ["--only", "user", "--only", "user_mapped"];
    if !nix::unistd::geteuid().is_root() {
        return Answer::to(&mut nsteps()?, &words)?.expect(0, &[], WRONG);
    }
    for groups in ["0", "0,4,20", "4"] {
        let mut command = Command::new("setpriv");
        command.args(["--groups", groups]).arg(nsteps()?.get_program());
        Answer::to(&mut command, &words)?.expect(0, &[], WRONG)?;
    }
    Ok(Completion::Completed)
}

/// A mount point whose name is not UTF-8.
fn names_of_bytes() -> Found {
    let script = "mount -t tmpfs none /usr/local && \
                  at=$(printf '/usr/local/a\\377 b') && mkdir \"$at\" && \
                  mount -t tmpfs none \"$at\" && exec \"$@\"";
    match elsewhere(&["--mount"], script)? {
        Err(reason) => unavailable(&reason),
        Ok(mut command) => {
            let words = ["--only", "uts", "--only", "mount"];
            Answer::to(&mut command, &words)?.expect(0, &[], WRONG)
        }
    }
}

/// Runs under a filter that makes close_range(2) fail as if it did not exist.
fn no_close_range() -> Found {
    let layout = Layout::find().map_err(|it| it.message)?;
    let source = "rust/nsteps/tests/verdicts/without_close_range.c";
    let program = concat!(env!("CARGO_TARGET_TMPDIR"), "/without_close_range");
    let built = Command::new("cc")
        .args(["-Wall", "-Wextra", "-Werror", "-o", program])
        .arg(layout.root().join(source))
        .output();
    match built {
        Err(error) => return unavailable(&format!("cc: {error}")),
        Ok(output) if !output.status.success() => {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok(_) => {}
    }
    let mut command = Command::new(program);
    command.arg(nsteps()?.get_program());
    Answer::to(&mut command, &["--only", "uts"])?.expect(
        2,
        &["close_range needs Linux 5.11", "not possible here"],
        &[WRONG, &["bare probe"]].concat(),
    )
}

/// In a new pid namespace without a procfs of its own.
fn foreign_procfs() -> Found {
    for (words, status) in [
        ("compare", 2),
        ("claims 1", 2),
        ("differences sigpipe", 2),
        ("doctor", 2),
        ("observe -- env", 2),
        ("trace uts", 2),
        ("run uts -- true", 125),
    ] {
        let options = ["--pid", "--fork"];
        let mut command = match elsewhere(&options, "exec \"$@\"")? {
            Err(reason) => return unavailable(&reason),
            Ok(command) => command,
        };
        let answer = Answer::of(command.args(words.split(' ')))?;
        answer.expect(
            status,
            &["/proc is that of another pid namespace", "--mount-proc"],
            &["no descendant of init"],
        )?;
        if answer.stderr.lines().count() != 1 || !answer.stdout.is_empty() {
            return Err(format!("{words} says more than a line").into());
        }
    }
    let options = ["--pid", "--fork", "--mount-proc"];
    match elsewhere(&options, "exec \"$@\"")? {
        Err(reason) => unavailable(&reason),
        Ok(mut command) => {
            Answer::to(&mut command, &["--only", "uts"])?.expect(0, &[], WRONG)
        }
    }
}

/// A chroot into a directory that is no mount point.
const CHROOT: &str = r#"
    at=$(mktemp -d) && mount -t tmpfs none "$at" && mkdir "$at/root" || exit
    for name in bin dev etc lib lib64 proc sbin usr; do
        if [ -L "/$name" ]; then
            cp -P "/$name" "$at/root/$name"
        elif [ -d "/$name" ]; then
            mkdir "$at/root/$name" &&
                mount --rbind "/$name" "$at/root/$name" || exit
        fi
    done
    mkdir -p "$at/root/tmp" "$at/root$NSTEPS_ROOT" &&
        mount --rbind "$NSTEPS_ROOT" "$at/root$NSTEPS_ROOT" || exit
    chroot "$at/root" "$@"
    status=$?
    umount -l "$at" && rmdir "$at"
    exit $status
"#;

fn plain_chroot() -> Found {
    let layout = Layout::find().map_err(|it| it.message)?;
    let there = || -> Result<Result<Command, String>, Failed> {
        let command = elsewhere(&["--mount"], CHROOT)?;
        Ok(command.map(|mut command| {
            command.env("NSTEPS_ROOT", layout.root());
            command
        }))
    };
    let cat = ["cat", "/proc/sys/kernel/hostname"];
    for (step, said) in [
        (&["run", "uts", "--", cat[0], cat[1]][..], "myhostname"),
        (&["run", "mount_rprivate", "--", "pwd"], "/"),
    ] {
        let mut command = match there()? {
            Err(reason) => return unavailable(&reason),
            Ok(command) => command,
        };
        let answer = Answer::of(command.args(step))?;
        answer.expect(0, &[said], &["nsteps:"])?;
    }
    match there()? {
        Err(reason) => unavailable(&reason),
        Ok(mut command) => {
            let words = ["--only", "uts", "--only", "user", "--only", "pid"];
            let answer = Answer::of(command.arg("compare").args(words))?;
            answer.expect(
                0,
                &["0 unexplained"],
                &[WRONG, &["trials not possible"]].concat(),
            )
        }
    }
}
