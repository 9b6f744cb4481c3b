//! A thousand runs in each of which something goes wrong, and a host that is the
//! same after them as before.
//!
//! `make soak` runs it, and writes the page about it.

use super::{NONE, layout, quietly, wait_for_all};
use crate::pages_written;
use crate::snapshot::Host;
use harness::host::machine;
use harness::timeout::{any_readable, deadline};
use kernel::pidfd_open;
use launchers::date::Date;
use libtest_mimic::Failed;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::{Duration, Instant};

/// What goes wrong in a run.
struct Kind {
    /// What goes wrong, in a few words.
    name: &'static str,
    /// A script that becomes its arguments.
    setting: &'static str,
    /// The words of nsteps.
    words: &'static [&'static str],
    /// The signal that ends it, at a moment that is another one each time.
    signal: Option<Signal>,
    /// How many of a hundred runs are of this kind.
    share: usize,
}

const PLAINLY: &str = "exec \"$@\"";
const STEP: &[&str] = &["trace", "uts", "--lang", "rust"];
const COMMAND: &[&str] = &["observe", "--", "env"];

/// Every kind; the shares are a hundred together.
const KINDS: &[Kind] = &[
    Kind {
        name: "nothing goes wrong",
        setting: PLAINLY,
        words: STEP,
        signal: None,
        share: 5,
    },
    Kind {
        name: "SIGKILL, in a step",
        setting: PLAINLY,
        words: STEP,
        signal: Some(Signal::SIGKILL),
        share: 25,
    },
    Kind {
        name: "SIGKILL, in another launcher",
        setting: PLAINLY,
        words: COMMAND,
        signal: Some(Signal::SIGKILL),
        share: 15,
    },
    Kind {
        name: "SIGINT",
        setting: PLAINLY,
        words: STEP,
        signal: Some(Signal::SIGINT),
        share: 15,
    },
    Kind {
        name: "SIGTERM",
        setting: PLAINLY,
        words: COMMAND,
        signal: Some(Signal::SIGTERM),
        share: 10,
    },
    Kind {
        name: "a launcher that hangs",
        setting: PLAINLY,
        words: &[
            "observe",
            "--",
            "sh",
            "-c",
            "trap '' TERM; while :; do sleep 1000; done",
        ],
        signal: None,
        share: 2,
    },
    Kind {
        name: "a launcher that forks without end, in 60 processes",
        setting: "exec prlimit --nproc=60 setpriv --reuid 4242 --regid 4242 \
                  --clear-groups \"$@\"",
        words: &["observe", "--", "sh", "-c", "b() { b | b & b; }; b"],
        signal: None,
        share: 2,
    },
    Kind {
        name: "ENOSPC, in /tmp",
        setting: "exec unshare --mount sh -c 'mount -t tmpfs -o size=4k x \
                  /tmp; head -c 4096 /dev/zero >/tmp/x; exec \"$@\"' sh \"$@\"",
        words: COMMAND,
        signal: None,
        share: 8,
    },
    Kind {
        name: "EMFILE, with 30 open files",
        setting: "ulimit -n 30; exec \"$@\"",
        words: STEP,
        signal: None,
        share: 10,
    },
    Kind {
        name: "ENOMEM, with 1 MB of data",
        setting: "ulimit -d 1000; exec \"$@\"",
        words: COMMAND,
        signal: None,
        share: 8,
    },
];

/// How many runs there are.
const RUNS: usize = 1000;

/// The kind of a run: in every hundred each has its share.
fn kind(number: usize) -> usize {
    // A number without a common factor with 100 mixes them.
    let place = number * 37 % 100;
    let ends = KINDS.iter().scan(0, |end, it| {
        *end += it.share;
        Some(*end)
    });
    ends.take_while(|end| *end <= place).count()
}

/// The runs, and the page about them.
pub fn a_thousand_runs() -> Result<(), Failed> {
    let begun = Instant::now();
    one(&KINDS[0], Duration::ZERO)?;
    let whole = begun.elapsed();
    let mut seen = vec![BTreeMap::<String, usize>::new(); KINDS.len()];
    let before = Host::now();
    for number in 0..RUNS {
        let at = kind(number);
        let it = &KINDS[at];
        // One of the hundred parts of a run, and of each kind another one in
        // every hundred runs.
        let part = u32::try_from((number * 61 + number / 100 * 7) % 100)?;
        let status = one(it, whole * part / 100)?;
        *seen[at].entry(status).or_default() += 1;
        let left = wait_for_all(deadline(), NONE);
        let names: Vec<String> = left
            .iter()
            .map(|it| format!("{} {}", it.pid(), it.name()))
            .collect();
        if !names.is_empty() {
            return Err(format!("{}, run {number}: {names:?}", it.name).into());
        }
        if number % 50 == 49 {
            let differences = before.differences(&Host::now());
            if !differences.is_empty() {
                let text = differences.join("\n");
                return Err(format!("up to run {number}:\n{text}").into());
            }
        }
    }
    let page = page(&seen, begun.elapsed());
    println!("\n{page}");
    if pages_written::demanded() {
        let path = layout()?.root().join("docs/src/internals/reliability.md");
        std::fs::write(path, page)?;
    }
    Ok(())
}

/// One run; returns how it ended.
fn one(kind: &Kind, moment: Duration) -> Result<String, Failed> {
    let mut command = Command::new("sh");
    command.args(["-c", kind.setting, "sh"]);
    command.arg(layout()?.programs().join("bin/nsteps")).args(kind.words);
    command.env("NSTEPS_TIMEOUT", "1");
    let begun = Instant::now();
    let mut run = quietly(&mut command).spawn()?;
    let pid = run.id().cast_signed();
    let pidfd = pidfd_open(pid)?;
    if let Some(signal) = kind.signal
        && !any_readable(&[pidfd.as_fd()], begun + moment)
    {
        kill(Pid::from_raw(pid), signal)?;
    }
    if !any_readable(&[pidfd.as_fd()], deadline()) {
        run.kill()?;
        run.wait()?;
        return Err(format!("{}: it does not end", kind.name).into());
    }
    let status = run.wait()?;
    Ok(match (status.code(), status.signal()) {
        (Some(code), _) => format!("status {code}"),
        (None, Some(signal)) => Signal::try_from(signal)
            .map_or_else(|_| signal.to_string(), |it| it.to_string()),
        (None, None) => "neither".to_owned(),
    })
}

fn page(seen: &[BTreeMap<String, usize>], took: Duration) -> String {
    let mut text = format!(
        "\
<!-- Written by `make soak`; do not edit. -->

# Reliability

`make soak` ran nsteps {RUNS} times on {}, {}, in {} s.
In most of the runs something went wrong; a signal came at another moment of the run each time.

| what went wrong | runs | how they ended |
|---|--:|---|
",
        Date::today(),
        machine::in_a_few_words(),
        took.as_secs()
    );
    for (kind, seen) in KINDS.iter().zip(seen) {
        let runs: usize = seen.values().sum();
        let ends: Vec<String> = seen
            .iter()
            .map(|(status, count)| format!("{status}: {count}"))
            .collect();
        let _ =
            writeln!(text, "| {} | {runs} | {} |", kind.name, ends.join(", "));
    }
    text + "
After them the host was as before: mounts, host name, System V objects, network interfaces, owners and modes of `/dev`, cgroups and processes.
After each of them no process was left.
"
}
