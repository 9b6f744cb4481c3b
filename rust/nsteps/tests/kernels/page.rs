//! The page about other kernels, and the explanation of all that is different
//! there.

use super::Machine;
use super::seen::{JOBS, Job, Seen};
use globset::Glob;
use libtest_mimic::Failed;
use nsteps::facts::FACTS;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Why something is different: the machines, the jobs and what they found, all
/// as globs; and the reason, in Markdown.
type Explanation = (&'static str, &'static str, &'static str, &'static str);

/// Every explanation; the first that fits is the one that is shown.
const EXPLAINED: &[Explanation] = &[
    (
        "*",
        "compare-user",
        "*trials are not possible: needs root",
        "An ordinary user runs the [scenarios](glossary.md) of a user, and not \
         those of root.",
    ),
    (
        "*",
        "compare-user",
        "*every cgroup here is the root of its hierarchy*",
        "No manager has delegated a cgroup to the user of the guest.",
    ),
    (
        "*",
        "claims",
        "claim 35: unavailable: there is no /usr/include/unistd.h*",
        "The disk has no headers of the C library.",
    ),
    (
        "7.3-*",
        "differences",
        "newtime-through-clone: *",
        "From Linux 7.1 on clone(2) refuses an exit signal above 64, and so the \
         bit of `CLONE_NEWTIME`: see [CLONE_NEWTIME through \
         clone](pitfalls/newtime-through-clone.md).\n\
         The check has expected that by version since this record.",
    ),
    (
        "7.3-*",
        "differences",
        "handles-that-survive: the same, in a user namespace: ENOENT, not ok",
        "After pivot_root(2) in a user namespace a descriptor of the old root \
         leads to no file that was mounted there any more: Linux 6.18 still \
         has it. Why is not known.",
    ),
    (
        "6.1-*",
        "{compare,compare-user}",
        "time*: *",
        "Before Linux 6.2 a child that borrows the memory of its parent \
         (`CLONE_VM|CLONE_VFORK`) is EINVAL after `unshare(CLONE_NEWTIME)`, \
         and Go makes no other.\nSince this record these \
         [trials](glossary.md) are not possible there, with that reason.",
    ),
    (
        "6.1-*",
        "differences",
        "{newtime-through-clone,ids-in-borrowed-memory}: broken: *fork/exec: \
         invalid argument*",
        "The same: these checks start the step `time` in Go.\nSince this \
         record they leave it out there.",
    ),
    (
        "6.1-*",
        "differences",
        "inode-reuse: broken: *Cannot fork",
        "The same: a shell that `unshare --time` becomes makes such children, \
         and needs `--fork`.\nThe check has it since this record.",
    ),
    (
        "6.1-*",
        "differences",
        "execve-enters-the-time-namespace: the offsets, after *",
        "The same: where no child borrows the memory, no process has entered \
         the namespace, and the offsets can still be written.\nThe check has \
         expected that by version since this record.",
    ),
    (
        "6.1-*",
        "check",
        "* requirements are not looked at: before Linux 6.14 the processes of \
         root have no bound*",
        "Before Linux 6.14 `nsteps check` runs programs of an ordinary user \
         alone: nothing else could bound how many processes they make.",
    ),
    (
        "*",
        "diff",
        "*mount cgroup2 on /tmp/sys/fs/cgroup: Device or resource busy",
        "A fault of nsteps, on every kernel where cgroup2 itself is on \
         `/sys/fs/cgroup`: it was seen here, and has been mended since this \
         record.",
    ),
];

fn fits(glob: &str, text: &str) -> bool {
    let glob = Glob::new(glob).expect("an explanation has globs");
    glob.compile_matcher().is_match(text)
}

fn explanation(machine: &str, job: &str, other: &str) -> Option<usize> {
    EXPLAINED.iter().position(|it| {
        fits(it.0, machine) && fits(it.1, job) && fits(it.2, other)
    })
}

/// What a machine has that no explanation fits.
pub fn unexplained(machine: &str, seen: &Seen) -> Vec<String> {
    let all = seen.jobs.iter().flat_map(|(name, job)| {
        job.others.iter().map(move |other| (name, other))
    });
    all.filter(|(name, other)| explanation(machine, name, other).is_none())
        .map(|(name, other)| format!("{machine}: {name}: {other}"))
        .collect()
}

/// The explanations that fit nothing in any record, if all machines have one.
pub fn unused(records: &BTreeMap<String, Seen>) -> Vec<String> {
    let mut used = vec![false; EXPLAINED.len()];
    for (machine, seen) in records {
        for (name, job) in &seen.jobs {
            for other in &job.others {
                if let Some(at) = explanation(machine, name, other) {
                    used[at] = true;
                }
            }
        }
    }
    let unused = used.iter().zip(EXPLAINED).filter(|(used, _)| !**used);
    unused.map(|(_, it)| format!("it explains nothing: {it:?}")).collect()
}

/// Something that no explanation fits is not passed over.
pub fn a_row_without_explanation_is_noticed() -> Result<(), Failed> {
    let job = Job {
        status: 1,
        cell: String::new(),
        others: vec!["something that was never seen".to_owned()],
    };
    let seen = Seen {
        release: "6.12.0".to_owned(),
        day: "2026-01-31".to_owned(),
        seconds: 1,
        jobs: BTreeMap::from([("compare".to_owned(), job)]),
        facts: BTreeMap::new(),
    };
    let wrong = unexplained("6.12-plain", &seen);
    match wrong.as_slice() {
        [one] if one.contains("never seen") => Ok(()),
        _ => Err(format!("{wrong:?}").into()),
    }
}

/// The page.
pub fn text(machines: &[Machine], records: &BTreeMap<String, Seen>) -> String {
    let mut text = "\
<!-- Written by `NSTEPS_WRITE=1 cargo test -p nsteps --test kernels`; do not edit. -->

# Other kernels

The book is written on Linux 6.18.
`make kernels`, as root, boots other kernels of Debian in a virtual machine, runs the project there and writes this page.
`KERNELS=6.1,7.3` picks some; the others stay as they were seen last.
"
    .to_owned();
    let known = || {
        machines.iter().filter_map(|it| Some((it, records.get(&it.name())?)))
    };
    if known().next().is_none() {
        return text + "\nNone has been booted yet.\n";
    }
    text += "\n## What was seen\n\n| kernel |";
    for job in JOBS {
        let _ = write!(text, " {job} |");
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(JOBS.len()));
    for (machine, seen) in known() {
        let set = match machine.set {
            "plain" => String::new(),
            set => format!(", {set}"),
        };
        let _ = write!(text, "| {}{set} |", machine.series);
        for job in JOBS {
            let cell = match seen.jobs.get(*job) {
                Some(it) => format!("{}: {}", it.status, it.cell),
                None => String::new(),
            };
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    text += "\nA cell is the exit status and the result: of `compare` how many comparisons are the same, explained and neither; of `facts`, `claims`, `differences` and `check` how many are as the book has them; of `diff` how many rows unshare and bwrap differ in.\n";
    text += "`check` tries the steps in Rust; `compare-user` is `compare` as an ordinary user.\n\n";
    for (machine, seen) in known() {
        let about = match machine.about {
            "" => String::new(),
            about => format!(" {}: {about};", machine.set),
        };
        let _ = writeln!(
            text,
            "- {}:{about} {}, on {}, in {} s",
            machine.series, seen.release, seen.day, seen.seconds
        );
    }
    text += &different(machines, records);
    text += &facts(machines, records);
    text
}

/// What is different, by reason.
fn different(machines: &[Machine], records: &BTreeMap<String, Seen>) -> String {
    let mut text = "\n## What is different, and why\n\n".to_owned();
    for (at, (.., why)) in EXPLAINED.iter().enumerate() {
        let mut lines = String::new();
        for machine in machines {
            let name = machine.name();
            let Some(seen) = records.get(&name) else { continue };
            for (job, found) in &seen.jobs {
                let others = found.others.iter();
                for it in
                    others.filter(|it| explanation(&name, job, it) == Some(at))
                {
                    let _ = writeln!(lines, "{name} {job}: {it}");
                }
            }
        }
        if !lines.is_empty() {
            let _ = write!(
                text,
                "{why}\n\n<details>\n<summary>{} lines</summary>\n\n```text\n{lines}```\n\n</details>\n\n",
                lines.lines().count()
            );
        }
    }
    text
}

/// The answers of the plain machines to each fact.
fn facts(machines: &[Machine], records: &BTreeMap<String, Seen>) -> String {
    let plain: Vec<(&Machine, &Seen)> = machines
        .iter()
        .filter(|it| it.set == "plain")
        .filter_map(|it| Some((it, records.get(&it.name())?)))
        .filter(|(_, seen)| !seen.facts.is_empty())
        .collect();
    let mut text =
        "## What each kernel answers\n\n`nsteps facts` asks the kernel of this machine.\n\n| |"
            .to_owned();
    for (machine, _) in &plain {
        let _ = write!(text, " {} |", machine.series);
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(plain.len()));
    for fact in FACTS {
        let _ = write!(text, "| {} |", fact.about.replace('|', "\\|"));
        for (_, seen) in &plain {
            let seen = seen.facts.get(fact.name).map_or("", String::as_str);
            let _ = write!(text, " {seen} |");
        }
        text.push('\n');
    }
    text
}
