//! The tracer records what strace(1) records, in the same kind of sandbox; and
//! the calls of the three languages are those that the steps describe.
//!
//! The test compares the order of all calls, across processes. It can, because
//! both tracers record when a call begins or ends, and the processes of a step
//! wait for each other.

mod availability;

use availability::{is_of_the_machine, unavailable};
use harness::host::Equipment;
use harness::launcher::{LANGUAGES, Launcher};
use harness::sandbox::listen::read_to_end;
use harness::sandbox::protocol::Command;
use harness::scenario::Scenario;
use harness::step::{STEPS, Step};
use harness::timeout::deadline;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nsteps::calls::excerpt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{ExitCode, Output};
use std::sync::LazyLock;
use trace::prepared::{PAYLOAD, Prepared};
use trace::story::{Line, tell};
use trace::{Call, Made, Recording, flags};

/// The calls that strace is asked for.
const CALLS: &str = "clone,clone3,unshare,setns,mount,umount2,pivot_root,\
                     sethostname,execve";
/// The directory in a sandbox to which strace writes.
const LOG: &str = "/tmp/log";
/// The calls that the three languages must make alike.
const NAMESPACE_CALLS: &[&str] =
    &["unshare", "setns", "mount", "umount2", "pivot_root", "sethostname"];

type Outcome = Result<Completion, Failed>;

fn main() -> ExitCode {
    let mut trials = vec![
        Trial::ignorable_test("a_tracer_that_is_traced_says_so", || {
            a_tracer_that_is_traced_says_so()
        }),
        Trial::ignorable_test("a_payload_without_end_is_killed", || {
            a_payload_without_end_is_killed()
        }),
        Trial::ignorable_test("a_stopped_payload_goes_on", || {
            ends_with(&["sh", "-c", "kill -STOP $$; exit 3"], "3")
        }),
        Trial::ignorable_test("a_signal_without_a_name_arrives", || {
            let script = "trap 'exit 4' RTMIN; kill -RTMIN $$; sleep 9";
            ends_with(&["bash", "-c", script], "4")
        }),
        Trial::ignorable_test("a_program_that_is_not_there_is_named", || {
            let output = nsteps(&["--", "no-such-program"])?;
            says(&output, "there is no program no-such-program")
        }),
        Trial::ignorable_test("a_program_is_found_where_the_caller_is", || {
            a_program_is_found_where_the_caller_is()
        }),
        Trial::ignorable_test("changes_of_privileges_are_shown", || {
            changes_of_privileges_are_shown()
        }),
        Trial::ignorable_test("a_refused_call_is_shown_with_its_path", || {
            a_refused_call_is_shown_with_its_path()
        }),
        Trial::ignorable_test("go_is_seen_to_execute_itself", || {
            go_is_seen_to_execute_itself()
        }),
    ];
    for step in STEPS {
        trials.push(Trial::ignorable_test(
            format!("the_calls_are_those_of_the_book::{}", step.name),
            || the_calls_are_those_of_the_book(step),
        ));
        trials.push(Trial::ignorable_test(
            format!("c_and_rust_make_the_same_calls::{}", step.name),
            || c_and_rust_make_the_same_calls(step),
        ));
        trials.extend(LANGUAGES.iter().map(|launcher| {
            Trial::ignorable_test(
                format!("strace_agrees::{}::{launcher}", step.name),
                || strace_agrees(step, *launcher),
            )
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

static EQUIPMENT: LazyLock<Result<Equipment, String>> =
    LazyLock::new(|| Equipment::gather(None).map_err(|it| it.message));

/// Runs `nsteps trace`.
fn nsteps(arguments: &[&str]) -> Result<Output, Failed> {
    Ok(std::process::Command::new(env!("CARGO_BIN_EXE_nsteps"))
        .arg("trace")
        .args(arguments)
        .output()?)
}

/// The reason why this machine allows no trace, or `None` if it does.
fn obstacle(output: &Output) -> Option<String> {
    let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    is_of_the_machine(&stderr).then_some(stderr)
}

/// The recording that `nsteps trace` makes of the only launcher it is given, or
/// the reason why this machine allows none.
fn recording(arguments: &[&str]) -> Result<Result<Recording, String>, Failed> {
    let output = nsteps(&[&["--json"], arguments].concat())?;
    if let Some(obstacle) = obstacle(&output) {
        return Ok(Err(obstacle));
    }
    let mut value: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| {
        format!("{error}: {}", String::from_utf8_lossy(&output.stderr))
    })?;
    Ok(Ok(serde_json::from_value(value["columns"][0]["recording"].take())?))
}

/// The recording that `nsteps trace` makes of a step.
fn traced(
    step: &Step,
    launcher: Launcher,
) -> Result<Result<Recording, String>, Failed> {
    recording(&[step.name, "--lang", launcher.name()])
}

fn strace_agrees(step: &Step, launcher: Launcher) -> Outcome {
    let theirs = match strace(step, launcher)? {
        Ok(calls) => calls,
        Err(reason) => return unavailable(&reason),
    };
    let ours = match traced(step, launcher)? {
        Ok(recording) => recording.calls.iter().filter_map(ours).collect(),
        Err(reason) => return unavailable(&reason),
    };
    same(&ours, &theirs)
}

/// Compares call by call: a text of ours must be one of strace's, in which a
/// word `*` stands for anything.
fn same(ours: &Vec<Vec<String>>, theirs: &Vec<Vec<String>>) -> Outcome {
    let alike = |one: &Vec<String>, other: &Vec<String>| {
        one.len() == other.len()
            && one
                .iter()
                .zip(other)
                .all(|(one, other)| other == "*" || one == other)
    };
    let agree = !ours.is_empty()
        && ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|(one, other)| alike(one, other));
    if agree {
        return Ok(Completion::Completed);
    }
    let text = |calls: &Vec<Vec<String>>| {
        calls.iter().map(|it| it.join(" ")).collect::<Vec<_>>().join("\n  ")
    };
    Err(format!("nsteps:\n  {}\nstrace:\n  {}", text(ours), text(theirs))
        .into())
}

/// One of our calls as words: name, arguments, result. `None` for a call that
/// strace is not asked for, and for a new thread, because the number of threads
/// of a runtime varies.
fn ours(call: &Call) -> Option<Vec<String>> {
    if !CALLS.split(',').any(|it| it == call.name)
        || call.made == Some(Made::Thread)
    {
        return None;
    }
    let arguments: Vec<String> = call
        .arguments
        .iter()
        .flatten()
        .map(|argument| sorted(&argument.to_string()))
        .collect();
    let result = match call.result {
        None => "?".to_owned(),
        Some(result) if result < 0 => {
            flags::errno(i32::try_from(-result).unwrap_or(0))
        }
        Some(result) => result.to_string(),
    };
    Some(words(&call.name, arguments, result))
}

/// The words of a call, without what differs between two runs.
fn words(
    name: &str,
    mut arguments: Vec<String>,
    result: String,
) -> Vec<String> {
    match name {
        // Without the argument vector, the environment, the length.
        "execve" | "sethostname" => arguments.truncate(1),
        // A descriptor.
        "setns" => drop(arguments.remove(0)),
        _ => {}
    }
    let is_a_pid = name.starts_with("clone")
        && result.parse::<u32>().is_ok_and(|pid| pid > 0);
    let result = if is_a_pid { "a child".to_owned() } else { result };
    let mut words = vec![name.to_owned()];
    words.extend(arguments);
    words.push(result);
    words
}

/// Flags in the order of the alphabet.
fn sorted(argument: &str) -> String {
    if argument.starts_with('"') {
        return argument.to_owned();
    }
    let mut flags: Vec<&str> = argument.split('|').collect();
    flags.sort_unstable();
    flags.join("|")
}

/// The calls of a step as strace(1) prints them, as words.
fn strace(
    step: &Step,
    launcher: Launcher,
) -> Result<Result<Vec<Vec<String>>, String>, Failed> {
    let equipment = EQUIPMENT.as_ref().map_err(Failed::from)?;
    if !fs::exists("/usr/bin/strace")? {
        return Ok(Err("there is no strace (Debian: strace)".to_owned()));
    }
    let scenario = Scenario::natural();
    let prepared =
        Prepared::of_step(step, launcher, &[PAYLOAD], scenario, equipment);
    let mut prepared = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return Ok(Err(error.message)),
    };
    let log = format!("/proc/{}/root{LOG}", prepared.sandbox.init());
    fs::create_dir(&log)?;
    let mut argv: Vec<String> = ["strace", "-ff", "-ttt", "-qq", "-a1"]
        .iter()
        .chain(&["-s4096", "-esignal=none", "-e", &format!("trace={CALLS}")])
        .chain(&["-o", &format!("{LOG}/of")])
        .map(ToString::to_string)
        .collect();
    argv.extend(prepared.argv.iter().cloned());
    let mut running =
        prepared.sandbox.run(&Command { argv, ..Command::default() })?;
    drop(running.stdin.take());
    let said = read_to_end(&mut running.stderr, deadline());
    let ended = prepared.sandbox.wait(running.pid, deadline())?;
    let mut lines: Vec<(f64, String)> = Vec::new();
    for entry in fs::read_dir(&log)? {
        let text = fs::read_to_string(entry?.path())?;
        for line in text.lines() {
            let (when, what) =
                line.split_once(' ').ok_or("a line without a time")?;
            lines.push((when.parse()?, what.to_owned()));
        }
    }
    lines.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let calls: Vec<Vec<String>> =
        lines.iter().filter_map(|(_, line)| theirs(line)).collect();
    if calls.is_empty() {
        let said = String::from_utf8_lossy(&said).into_owned();
        return Err(format!("strace saw nothing: {said} {ended:?}").into());
    }
    Ok(Ok(calls))
}

/// One call as words, from a line of strace; `None` for a line that is not
/// compared.
fn theirs(line: &str) -> Option<Vec<String>> {
    // An execve by a thread that is not the first ends under another pid, and
    // so in another file.
    let line = match line.split_once(" <pid changed to") {
        Some((call, _)) => format!("{call}) = 0"),
        None => line.to_owned(),
    };
    let (call, result) = line.rsplit_once(" = ")?;
    let (name, arguments) = call.strip_suffix(')')?.split_once('(')?;
    if arguments.contains("CLONE_THREAD") || result.contains("ERESTART") {
        return None;
    }
    let mut arguments = split(arguments);
    if name.starts_with("clone") {
        arguments = vec![clone_flags(&arguments)];
    }
    let arguments = arguments
        .iter()
        // strace prints a pointer for memory that the kernel does not read.
        .map(|it| if it.starts_with("0x") { "*".into() } else { sorted(it) })
        .collect();
    let mut result = result.split(' ');
    let result = match (result.next()?, result.next()) {
        ("-1", Some(errno)) => errno,
        (number, _) => number,
    };
    Some(words(name, arguments, result.to_owned()))
}

/// Splits arguments at their commas, not at those in strings or brackets.
fn split(arguments: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for letter in arguments.chars() {
        match letter {
            _ if escaped => {}
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                all.push(String::new());
                continue;
            }
            ' ' if !quoted && depth == 0 => continue,
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
        all.last_mut().expect("one at least").push(letter);
    }
    all
}

/// `flags=...` and, of clone3, `exit_signal=...`, as one list of flags.
fn clone_flags(arguments: &[String]) -> String {
    let fields = arguments
        .iter()
        .flat_map(|it| it.trim_matches(['{', '}']).split(',').map(str::trim));
    let all: Vec<&str> = fields
        .filter_map(|field| {
            field
                .strip_prefix("flags=")
                .or_else(|| field.strip_prefix("exit_signal="))
        })
        .filter(|it| *it != "0")
        .collect();
    all.join("|")
}

/// Checks that the calls that the book shows of a step are those it makes.
fn the_calls_are_those_of_the_book(step: &Step) -> Outcome {
    let equipment = EQUIPMENT.as_ref().map_err(Failed::from)?;
    let seen = match excerpt::of_step(step, equipment) {
        Ok(text) => text,
        Err(error) if is_of_the_machine(&error.message) => {
            return unavailable(&error.message);
        }
        Err(error) => return Err(error.message.into()),
    };
    let file = equipment.layout.expected_calls(step);
    let blessed = fs::read_to_string(&file).unwrap_or_default();
    if seen == blessed {
        return Ok(Completion::Completed);
    }
    let file = file.display();
    let remedy = "if that is as it should be: make bless";
    Err(format!("{file}:\n{blessed}\nseen:\n{seen}\n{remedy}").into())
}

/// C and Rust change the same namespaces and mounts, in the same order.
fn c_and_rust_make_the_same_calls(step: &Step) -> Outcome {
    let mut told = Vec::new();
    for launcher in [Launcher::C, Launcher::Rust] {
        match traced(step, launcher)? {
            Ok(recording) => told.push(
                tell(&recording)
                    .iter()
                    .filter_map(namespace_call)
                    .collect::<Vec<_>>(),
            ),
            Err(reason) => return unavailable(&reason),
        }
    }
    same(&told[0], &told[1])
}

/// What a call does to a namespace: role, call, and what it is about.
fn namespace_call(line: &Line) -> Option<Vec<String>> {
    let namespaces = |flags: &str| {
        let new: Vec<&str> =
            flags.split('|').filter(|it| it.starts_with("CLONE_NEW")).collect();
        new.join("|")
    };
    let about = match line.call.as_str() {
        "clone" | "clone3" => vec![namespaces(line.arguments.first()?)],
        "fork" | "vfork" => vec![String::new()],
        // The source of a mount that has none is written in many ways.
        "mount" => line.arguments[1..4].to_vec(),
        call if NAMESPACE_CALLS.contains(&call) => line.arguments.clone(),
        _ => return None,
    };
    let call = match line.call.as_str() {
        "clone3" | "fork" | "vfork" => "clone",
        other => other,
    };
    let mut words = vec![line.role.clone(), call.to_owned()];
    words.extend(about);
    words.push(if line.failed { "failed".into() } else { "done".into() });
    Some(words)
}

fn go_is_seen_to_execute_itself() -> Outcome {
    let step = Step::named("pid").ok_or("there is a step pid")?;
    let recording = match traced(step, Launcher::Go)? {
        Ok(recording) => recording,
        Err(reason) => return unavailable(&reason),
    };
    let again = tell(&recording).iter().any(|line| {
        line.role == "child" && line.arguments[0] == "\"/proc/self/exe\""
    });
    if again {
        return Ok(Completion::Completed);
    }
    Err("its child executed nothing but the payload".into())
}

fn a_program_is_found_where_the_caller_is() -> Outcome {
    let directory = tempfile::tempdir()?;
    let launcher = directory.path().join("my-launcher");
    fs::write(&launcher, "#!/bin/sh\nexit 3\n")?;
    fs::set_permissions(&launcher, fs::Permissions::from_mode(0o755))?;
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_nsteps"))
        .args(["trace", "--", "./my-launcher"])
        .current_dir(directory.path())
        .output()?;
    if let Some(obstacle) = obstacle(&output) {
        return unavailable(&obstacle);
    }
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && said.contains("exit_group(3)") {
        return Ok(Completion::Completed);
    }
    let why = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: {said}{why}", output.status).into())
}

/// The lines of the only command line, or why there are none.
fn told(
    scenario: &str,
    command: &[&str],
) -> Result<Result<Vec<Line>, String>, Failed> {
    let options = ["--scenario", scenario, "--"];
    let recording = recording(&[&options, command].concat())?;
    Ok(recording.map(|it| tell(&it)))
}

/// Checks that a call was seen, with these arguments and that outcome.
fn has(
    lines: &[Line],
    call: &str,
    arguments: &[&str],
    outcome: Option<&str>,
) -> Outcome {
    let right = |line: &&Line| {
        line.call == call
            && line.arguments == arguments
            && line.outcome.as_deref() == outcome
    };
    if lines.iter().any(|line| right(&line)) {
        return Ok(Completion::Completed);
    }
    Err(format!("no {call}({arguments:?}) = {outcome:?} in {lines:#?}").into())
}

fn changes_of_privileges_are_shown() -> Outcome {
    let words = ["setpriv", "--no-new-privs", "--bounding-set", "-net_admin"];
    let lines = match told("private/user", &[&words[..], &["true"]].concat())? {
        Ok(lines) => lines,
        Err(reason) => return unavailable(&reason),
    };
    has(&lines, "prctl", &["PR_SET_NO_NEW_PRIVS", "1"], None)?;
    has(&lines, "prctl", &["PR_CAPBSET_DROP", "NET_ADMIN"], None)?;
    // A call by which a library only asks is not shown.
    let asked = |it: &&Line| it.arguments[0] == "PR_CAPBSET_READ" && !it.failed;
    match lines.iter().find(asked) {
        None => Ok(Completion::Completed),
        Some(line) => Err(format!("it tells of {line:?}").into()),
    }
}

fn a_refused_call_is_shown_with_its_path() -> Outcome {
    let script = "mknod /tmp/disk b 1 1; setpriv --clear-groups true; :";
    let lines = match told("private/user", &["sh", "-c", script])? {
        Ok(lines) => lines,
        Err(reason) => return unavailable(&reason),
    };
    has(&lines, "setgroups", &["[]"], Some("EPERM"))?;
    let path = &["\"/tmp/disk\"", "..."];
    has(&lines, "mknodat", path, Some("EPERM"))
        .or_else(|_| has(&lines, "mknod", path, Some("EPERM")))
}

/// A tracer that another one traces prints one line and ends with status 2.
fn a_tracer_that_is_traced_says_so() -> Outcome {
    if !fs::exists("/usr/bin/strace")? {
        return unavailable("there is no strace (Debian: strace)");
    }
    let output = std::process::Command::new("/usr/bin/strace")
        .args(["-f", "-qq", "-o", "/dev/null"])
        .arg(env!("CARGO_BIN_EXE_nsteps"))
        .args(["trace", "--", "true"])
        .output()?;
    if let Some(obstacle) = obstacle(&output)
        && !obstacle.contains("another process traces this one already")
    {
        return unavailable(&obstacle);
    }
    says(&output, "ptrace: Operation not permitted: ")
}

/// Checks for status 2 and one line on standard error that begins so.
fn says(output: &Output, line: &str) -> Outcome {
    let stderr = String::from_utf8_lossy(&output.stderr);
    if let Some(obstacle) = obstacle(output)
        && !line.starts_with("ptrace")
    {
        return unavailable(&obstacle);
    }
    let right = output.status.code() == Some(2)
        && stderr.lines().count() == 1
        && stderr.starts_with(&format!("nsteps: {line}"));
    if right {
        return Ok(Completion::Completed);
    }
    Err(format!("{}: {stderr}", output.status).into())
}

fn a_payload_without_end_is_killed() -> Outcome {
    let recording = match recording(&["--", "sleep", "1000"])? {
        Ok(recording) => recording,
        Err(reason) => return unavailable(&reason),
    };
    if recording.late {
        return Ok(Completion::Completed);
    }
    Err("it is said to have ended".into())
}

/// Checks that a command runs to its end and exits with that status.
fn ends_with(command: &[&str], status: &str) -> Outcome {
    let recording = match recording(&[&["--"], command].concat())? {
        Ok(recording) => recording,
        Err(reason) => return unavailable(&reason),
    };
    let told = tell(&recording);
    let last = told.last().ok_or("nothing was seen")?;
    if last.call == "exit_group" && last.arguments == [status] {
        return Ok(Completion::Completed);
    }
    Err(format!("its last call was {last:?}").into())
}
