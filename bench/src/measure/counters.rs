//! Counts what a launch uses that a busy machine does not change. System calls,
//! threads and pids are counted by ptrace(2), page faults and memory by
//! wait4(2), instructions by callgrind; also the size of the program.
//!
//! Everything is counted several times. If the counts differ, the record has
//! the smallest and the largest.

use crate::measure::contest::Contest;
use crate::measure::launch;
use crate::measure::paired::Places;
use crate::measure::place::{Place, Processors, said};
use crate::record::counted::{Column, Counters, Range, Row};
use crate::rows::EXEC;
use crate::rows::launches;
use harness::error::{Context, Error, Result};
use harness::host::layout::Layout;
use harness::host::rootfs::is_static;
use harness::paths::PROGRAMS;
use harness::sandbox::Sandbox;
use harness::sandbox::listen::read_to_end;
use harness::sandbox::protocol::Command;
use harness::timeout::{deadline, timeout};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use trace::{Recording, Request, trace};

/// How often each thing is counted.
#[derive(Clone, Copy, Debug)]
pub struct Often {
    traces: usize,
    runs: usize,
    callgrinds: usize,
}

impl Often {
    /// For figures that are published.
    pub const FULL: Often = Often { traces: 5, runs: 25, callgrinds: 3 };
    /// For a quick check that everything works.
    pub const SHORT: Often = Often { traces: 1, runs: 2, callgrinds: 1 };
}

/// Counts in every row that `wanted` selects, and calls `look` with each.
///
/// # Errors
///
/// Fails if a launcher does not have the effect that its row is about, or if
/// tracing is forbidden.
pub fn count(
    layout: &Layout,
    often: Often,
    wanted: &dyn Fn(&str) -> bool,
    look: &mut dyn FnMut(&Row),
) -> Result<Counters> {
    let processors = Processors::find()?;
    let one = Place::enter(layout, &processors, &[processors.one])?;
    let mut places = Places { one, two: None };
    let mut counters = Counters::default();
    let exec = launch::exec(layout, false);
    if wanted(&exec.name) {
        let sandbox = places.one.sandbox();
        let row = row(&exec, None, layout, often, &BTreeSet::new(), sandbox)?;
        look(&row);
        counters.rows.push(row);
    }
    for name in launches().filter(|name| wanted(name)) {
        let (contest, target) = launch::launch(&name, layout, &mut places)?;
        let payload = launch::payload(&name);
        let sandbox = places.one.sandbox();
        let lost = lost(&counters.rows);
        let payload = Some(payload.as_str());
        let row = row(&contest, payload, layout, often, &lost, sandbox)?;
        drop(target);
        look(&row);
        counters.rows.push(row);
    }
    forget_the_lost(&mut counters.rows);
    Ok(counters)
}

fn row(
    contest: &Contest,
    payload: Option<&str>,
    layout: &Layout,
    often: Often,
    lost: &BTreeSet<String>,
    sandbox: &mut Sandbox,
) -> Result<Row> {
    let mut columns = Vec::new();
    for contender in &contest.contenders {
        let argv = &contender.arguments;
        let is_lost = lost.contains(&contender.name);
        let name = &contender.name;
        let column = column(name, argv, payload, often, is_lost, sandbox)
            .context(format_args!("{}: {}", contest.name, contender.name))?;
        let program = argv[0].strip_prefix(&format!("{PROGRAMS}/"));
        let file = program.map(|it| layout.programs().join(it));
        columns.push(sized(column, file, &argv[0]));
    }
    Ok(Row { name: contest.name.clone(), columns })
}

/// Adds what can be read from the program's file.
fn sized(column: Column, ours: Option<PathBuf>, named: &str) -> Column {
    let file = ours.clone().unwrap_or_else(|| named.into());
    Column {
        size: ours.and_then(|it| std::fs::metadata(it).ok()).map(|it| it.len()),
        dynamic: !is_static(&file),
        ..column
    }
}

fn column(
    name: &str,
    argv: &[String],
    payload: Option<&str>,
    often: Often,
    is_lost: bool,
    sandbox: &mut Sandbox,
) -> Result<Column> {
    let request = Request {
        argv: argv.to_vec(),
        payload: payload.map(str::to_owned),
        every: true,
        bound: timeout(),
        directory: None,
    };
    let mut recordings = Vec::new();
    for _ in 0..often.traces {
        let traced = trace(sandbox, &request)?;
        if payload.is_some() && traced.recording.payload().is_none() {
            return Err(Error::new("traced, it never becomes the payload"));
        }
        recordings.push(traced.recording);
    }
    let by_name = by_name(&recordings);
    let each = |count: &dyn Fn(&Recording) -> u64| {
        let counts: Vec<u64> = recordings.iter().map(count).collect();
        Range::of(&counts).unwrap_or(Range(0, 0))
    };
    let used = usage(sandbox, argv, often.runs)?;
    let instructions = match is_lost {
        true => Err(IS_LOST.to_owned()),
        false => instructions(sandbox, argv, often.callgrinds)
            .map_err(|error| error.message),
    };
    Ok(Column {
        name: name.to_owned(),
        calls: each(&|it| it.calls.len() as u64),
        by_name,
        threads: each(&Recording::threads),
        pids: each(&Recording::pids),
        faults: used.map(|it| it.0),
        resident: used.map(|it| it.1),
        instructions,
        size: None,
        dynamic: false,
    })
}

/// How often each call was made, in each recording.
fn by_name(recordings: &[Recording]) -> BTreeMap<String, Range> {
    let mut names: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (at, recording) in recordings.iter().enumerate() {
        for call in &recording.calls {
            let counts = names
                .entry(&call.name)
                .or_insert_with(|| vec![0; recordings.len()]);
            counts[at] += 1;
        }
    }
    names
        .into_iter()
        .filter_map(|(name, counts)| {
            Some((name.to_owned(), Range::of(&counts)?))
        })
        .collect()
}

/// The minor faults and the peak of the resident set, measured by a program so
/// small that its own peak is no part of it; `None` if that program is not
/// built.
fn usage(
    sandbox: &mut Sandbox,
    argv: &[String],
    runs: usize,
) -> Result<Option<(Range, Range)>> {
    let meter = format!("{PROGRAMS}/bench/meter");
    if said(sandbox, &["test", "-x", &meter]).is_err() {
        return Ok(None);
    }
    let mut words = vec![meter.as_str()];
    words.extend(argv.iter().map(String::as_str));
    let (mut faults, mut resident) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let text = said(sandbox, &words)?;
        // The started program may have printed lines before.
        let line = text.lines().last().unwrap_or_default();
        let numbers: Option<Vec<u64>> =
            line.split_whitespace().map(|it| it.parse().ok()).collect();
        match numbers.as_deref() {
            Some([minor, peak, 0]) => {
                faults.push(*minor);
                resident.push(*peak);
            }
            _ => return Err(Error::new(format!("the meter says {text}"))),
        }
    }
    Ok(Range::of(&faults).zip(Range::of(&resident)))
}

/// The exit status, as in a shell, of a process that timeout(1) has killed.
const LOST: i32 = 128 + nix::libc::SIGKILL;
const IS_LOST: &str = "callgrind loses its way among its threads";

/// The launchers that callgrind could not follow at a launch.
fn lost(rows: &[Row]) -> BTreeSet<String> {
    rows.iter()
        .filter(|row| row.name != EXEC)
        .flat_map(|row| &row.columns)
        .filter(|it| it.instructions == Err(IS_LOST.to_owned()))
        .map(|it| it.name.clone())
        .collect()
}

/// Removes the instructions of a launcher in all rows if callgrind could not
/// follow it in one: in another run that might be another row.
fn forget_the_lost(rows: &mut [Row]) {
    let lost = lost(rows);
    for column in rows
        .iter_mut()
        .filter(|row| row.name != EXEC)
        .flat_map(|row| &mut row.columns)
        .filter(|it| lost.contains(&it.name))
    {
        column.instructions = Err(IS_LOST.to_owned());
    }
}

/// The instructions of the first process, by callgrind. Its children are not
/// counted: callgrind cannot follow a child that becomes another program.
fn instructions(
    sandbox: &mut Sandbox,
    argv: &[String],
    times: usize,
) -> Result<Range> {
    // A Go program that callgrind cannot follow does not end.
    let mut words: Vec<String> = [
        "timeout",
        "--signal=KILL",
        "5",
        "valgrind",
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
        "--vgdb=no",
    ]
    .map(str::to_owned)
    .to_vec();
    words.extend_from_slice(argv);
    let command = Command { argv: words, ..Command::default() };
    let mut counts = Vec::new();
    for _ in 0..times {
        let mut running = sandbox.run(&command)?;
        drop(running.stdin.take());
        let text = read_to_end(&mut running.stderr, deadline());
        let text = String::from_utf8_lossy(&text);
        let ended = sandbox.wait(running.pid, deadline())?;
        match (collected(&text), ended.map(|it| it.status)) {
            (Some(count), Some(0)) => counts.push(count),
            (_, Some(LOST)) => return Err(Error::new(IS_LOST)),
            // Or callgrind notices that it cannot follow.
            _ if text.contains("Callgrind: threads.c") => {
                return Err(Error::new(IS_LOST));
            }
            _ => return Err(Error::new(refusal(&text))),
        }
    }
    Range::of(&counts).ok_or_else(|| Error::new("not counted"))
}

/// The count of the first process in the output.
fn collected(text: &str) -> Option<u64> {
    let own = text.split_whitespace().next()?;
    text.lines()
        .filter_map(|line| line.strip_prefix(own)?.trim().split_once(':'))
        .find(|(what, _)| what.trim() == "Collected")
        .and_then(|(_, count)| count.trim().parse().ok())
}

/// The reason why valgrind gave up, in its words, without pids.
fn refusal(text: &str) -> String {
    let words = |line: &str| {
        let line = line.trim_start_matches(['=', '-', '*']);
        let line = line.trim_start_matches(|it: char| it.is_ascii_digit());
        line.trim_start_matches(['=', '-', '*']).trim().to_owned()
    };
    let telling = ["WARNING", "valgrind:"];
    text.lines()
        .map(words)
        .find(|line| telling.iter().any(|it| line.contains(it)))
        .or_else(|| text.lines().map(words).rfind(|it| !it.is_empty()))
        .unwrap_or_else(|| "it said nothing".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callgrind_is_asked_about_the_first_process_only() {
        let text = "==8== Callgrind, a profiler\n==9== Collected : 5\n\
                    ==8== Events    : Ir\n==8== Collected : 21233\n";
        assert_eq!(collected(text), Some(21233));
        assert_eq!(collected("==8== Callgrind"), None);
        assert_eq!(collected(""), None);
    }

    #[test]
    fn a_refusal_has_no_pid_in_it() {
        let text = "==8== Callgrind\n--8-- WARNING: unhandled syscall: 434\n";
        assert_eq!(refusal(text), "WARNING: unhandled syscall: 434");
    }

    #[test]
    fn a_call_that_one_recording_lacks_is_counted_from_none() {
        let called = |names: &[&str]| Recording {
            calls: names
                .iter()
                .map(|name| trace::Call {
                    name: (*name).to_owned(),
                    ..Default::default()
                })
                .collect(),
            ..Recording::default()
        };
        let counts =
            by_name(&[called(&["brk", "futex", "futex"]), called(&["brk"])]);
        assert_eq!(counts["brk"], Range(1, 1));
        assert_eq!(counts["futex"], Range(0, 2));
        assert!(!counts["futex"].is_exact());
    }
}
