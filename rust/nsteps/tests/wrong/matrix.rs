//! What other tools show of the wrong launchers: each is the payload once under
//! `env` and once under the launcher, in one sandbox, and what it prints is
//! compared.

use super::{Wrong, table};
use harness::host::Equipment;
use harness::paths::PROBE;
use harness::sandbox::Sandbox;
use harness::sandbox::listen::read_to_end;
use harness::sandbox::plan::{Plan, Tree};
use harness::sandbox::protocol::Command;
use harness::scenario::{Identity, Mounts, Scenario};
use launchers::adapter::find;
use launchers::spec::Spec;
use libtest_mimic::Failed;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// The page, from the top of the repository.
pub const PAGE: &str = "docs/src/internals/kill-matrix.md";

/// A tool that shows what surrounds a process.
struct Tool {
    /// Its name, and the program that must be there.
    name: &'static str,
    /// What it is, and where from.
    about: &'static str,
    /// The payload. What is a number of the process itself is left out.
    words: &'static [&'static str],
    /// What prints its version, empty if it has none.
    version: &'static [&'static str],
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "amicontained",
        about: "genuinetools/amicontained: runtime, namespaces, capabilities, \
                seccomp, blocked calls",
        words: &["amicontained"],
        version: &["sh", "-c", "amicontained version | grep -m 1 version"],
    },
    Tool {
        name: "capsh",
        about: "`capsh --print` of libcap: capabilities, secure bits, ids",
        words: &["capsh", "--print"],
        version: &["dpkg-query", "-W", "-f", "${Version}", "libcap2-bin"],
    },
    Tool {
        name: "lsns",
        about: "`lsns` of util-linux: the namespaces of the process",
        words: &["sh", "-c", "lsns --noheadings --output TYPE,NS --task $$"],
        version: &["lsns", "--version"],
    },
    Tool {
        name: "findmnt",
        about: "`findmnt` of util-linux: the mounts, with their propagation",
        words: &[
            "findmnt",
            "--list",
            "--output=SOURCE,TARGET,FSTYPE,OPTIONS,PROPAGATION",
        ],
        version: &["findmnt", "--version"],
    },
    Tool {
        name: "ip",
        about: "`ip addr`, `ip route`, `ip neigh` of iproute2",
        words: &[
            "sh",
            "-c",
            "ip -details addr; ip -details route; ip neigh show",
        ],
        version: &["ip", "-V"],
    },
    Tool {
        name: "cat",
        about: "/proc/self/status without pids, memory and switches, \
                /proc/self/limits and /proc/self/cgroup, read by cat",
        words: &[
            "sh",
            "-c",
            "grep -vE '^(Pid|PPid|Tgid|Ngid|NS|Vm|Rss|Hugetlb|.*switches)' \
             /proc/self/status; cat /proc/self/limits /proc/self/cgroup",
        ],
        version: &[],
    },
];

/// How long a launcher may take. Some never end.
const BOUND: Duration = Duration::from_secs(5);

/// Runs every tool under every wrong launcher, and returns the page.
pub fn page() -> Result<String, Failed> {
    let equipment = Equipment::for_launchers().map_err(|it| it.message)?;
    let tools: Vec<&Tool> =
        TOOLS.iter().filter(|it| find(it.name).is_ok()).collect();
    let wrong: Vec<Wrong> =
        table().into_iter().filter(|it| it.none.is_none()).collect();
    let mut rows = Vec::new();
    for it in &wrong {
        let mut row = vec![it.key.is_some()];
        for tool in &tools {
            row.push(shows(tool, it, &equipment)?);
        }
        rows.push(row);
    }
    written(&tools, &wrong, &rows, &equipment)
}

/// Whether a tool prints something else, or ends in another way, under a wrong
/// launcher.
fn shows(
    tool: &Tool,
    wrong: &Wrong,
    equipment: &Equipment,
) -> Result<bool, Failed> {
    let mut sandbox = sandbox(equipment)?;
    let beside = wrong.beside.as_deref().unwrap_or(super::BARE);
    let first = said(&mut sandbox, under(beside, tool.words)?)?;
    let again = said(&mut sandbox, under(beside, tool.words)?)?;
    if first != again {
        return Err(format!("{} is not the same twice", tool.name).into());
    }
    Ok(said(&mut sandbox, under(&wrong.run, tool.words)?)? != first)
}

fn sandbox(equipment: &Equipment) -> Result<Sandbox, Failed> {
    let (mounts, identity) = (Mounts::Private, Identity::natural());
    let scenario = Scenario { mounts, identity };
    let plan = Plan::of(scenario, Tree::Whole, equipment);
    let sandbox = Sandbox::enter(&plan, equipment);
    sandbox.map_err(|it| format!("{it:?}").into())
}

/// The command line of a launcher, with these words as payload.
fn under(launcher: &str, words: &[&str]) -> Result<Vec<String>, Failed> {
    // Some launchers execute a path, and look for nothing.
    let program = find(words[0]).map_err(|it| it.message)?;
    let program = program.display().to_string();
    let words = [&[program.as_str()], &words[1..]].concat();
    let spec = Spec::parse(launcher).map_err(|it| it.message)?;
    let prepared = spec.prepare().map_err(|it| it.message)?;
    let quote = |word: &&str| format!("'{}'", word.replace('\'', "'\\''"));
    let quoted: Vec<String> = words.iter().map(quote).collect();
    let mut argv = Vec::new();
    for word in (prepared.argv)(&[]) {
        match word == PROBE {
            true => argv.extend(words.iter().map(ToString::to_string)),
            // In a script of the launcher.
            false => argv.push(word.replace(PROBE, &quoted.join(" "))),
        }
    }
    Ok(argv)
}

/// What a command prints, and its status, if it ends in time.
fn said(
    sandbox: &mut Sandbox,
    argv: Vec<String>,
) -> Result<(String, Option<i32>), Failed> {
    let command = Command { argv, ..Command::default() };
    let mut running = sandbox.run(&command).map_err(|it| it.message)?;
    drop(running.stdin.take());
    let until = Instant::now() + BOUND;
    let text = read_to_end(&mut running.stdout, until);
    let ended = sandbox.wait(running.pid, until).map_err(|it| it.message)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok((text, ended.map(|it| it.status)))
}

fn written(
    tools: &[&Tool],
    wrong: &[Wrong],
    rows: &[Vec<bool>],
    equipment: &Equipment,
) -> Result<String, Failed> {
    let mut text = format!(
        "\
<!-- Written by `NSTEPS_WRITE=1 cargo test -p nsteps --test wrong -- --ignored`; do not edit. -->

# What other tools show of wrong launchers

Each tool is started as the payload twice: by `env`, and by a [wrong launcher](wrong-launchers.md), in one [sandbox](../glossary.md).
It shows the fault if it prints something else or ends in another way.
`nsteps` is `nsteps diff`, which looks from outside as well, and names the fault by a key: its column is that of the other page.
The tools were made for other questions: this table says what a look at their output can find, and not how good they are.

Run on {}, {}.

| | what it is | version | faults of {} |
|---|---|---|---:|
| nsteps | `nsteps diff env LAUNCHER` | this tree | {} |
",
        launchers::date::Date::today(),
        harness::host::machine::in_a_few_words(),
        wrong.len(),
        rows.iter().filter(|row| row[0]).count(),
    );
    for (column, tool) in tools.iter().enumerate() {
        let version = match tool.version {
            [] => "-".to_owned(),
            words => {
                let words = words.iter().map(ToString::to_string).collect();
                let (text, _) = said(&mut sandbox(equipment)?, words)?;
                text.lines().next().unwrap_or("-").trim().to_owned()
            }
        };
        let count = rows.iter().filter(|row| row[column + 1]).count();
        let _ = writeln!(
            text,
            "| {} | {} | {version} | {count} |",
            tool.name, tool.about
        );
    }
    let names: Vec<&str> = tools.iter().map(|it| it.name).collect();
    let _ = write!(
        text,
        "\n| a launcher that | nsteps | {} |\n|---|---|{}\n",
        names.join(" | "),
        "---|".repeat(tools.len())
    );
    for (it, row) in wrong.iter().zip(rows) {
        let marks: Vec<&str> =
            row.iter().map(|shows| if *shows { "x" } else { "" }).collect();
        let name = it.name.replace('_', " ");
        let _ = writeln!(text, "| {name} | {} |", marks.join(" | "));
    }
    Ok(text)
}
