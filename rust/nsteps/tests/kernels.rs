//! Runs the project under other kernels, and holds what it found there against
//! what is known: `make kernels`.
//!
//! The trials that boot a kernel take some minutes each, need root and are
//! ignored. What they see is kept in `kernels/record`, one file for each kernel
//! and set, and the page `docs/src/kernels.md` is written from these files.

#[path = "kernels/page.rs"]
mod page;
mod pages_written;
#[path = "kernels/seen.rs"]
mod seen;

use harness::host::layout::Layout;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use seen::{JOBS, Seen};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

/// A machine: a kernel, and how it is set up.
struct Machine {
    /// The beginning of the kernel's version.
    series: &'static str,
    /// The word for `guest-init`, which is its name.
    set: &'static str,
    /// What is different from a plain machine, in one line.
    about: &'static str,
    /// What is run on it.
    jobs: &'static [&'static str],
}

const fn plain(series: &'static str) -> Machine {
    Machine { series, set: "plain", about: "", jobs: JOBS }
}

const fn odd(set: &'static str, about: &'static str) -> Machine {
    let jobs = &["doctor", "compare", "compare-user", "diff"];
    Machine { series: "6.12", set, about, jobs }
}

/// Every machine, in the order of the page.
const MACHINES: &[Machine] = &[
    plain("5.10"),
    plain("6.1"),
    plain("6.12"),
    plain("6.18"),
    plain("7.3"),
    odd("systemd", "`/` is shared, and the caller is in a slice"),
    odd("no-user-namespaces", "`user.max_user_namespaces` is 0"),
    odd("no-unprivileged", "`kernel.unprivileged_userns_clone` is 0"),
    odd("no-modules", "no module can be loaded: no veth, no overlay"),
    odd("cgroup-v1", "cgroups are of version 1"),
    odd("no-cgroup", "no cgroup is mounted"),
];

impl Machine {
    fn name(&self) -> String {
        format!("{}-{}", self.series, self.set)
    }

    fn record(&self, layout: &Layout) -> PathBuf {
        let records = layout.root().join("rust/nsteps/tests/kernels/record");
        records.join(format!("{}.json", self.name()))
    }
}

fn main() -> ExitCode {
    let picked = std::env::var("KERNELS").unwrap_or_default();
    let is_picked = |it: &&Machine| {
        picked.is_empty() || picked.split(',').any(|one| one == it.series)
    };
    let boots = MACHINES.iter().filter(is_picked).map(|it| {
        Trial::ignorable_test(format!("boot::{}", it.name()), || boot(it))
            .with_ignored_flag(true)
    });
    let page = Trial::test("the_page_is_written_from_the_records", written);
    let explained = Trial::test("what_was_seen_is_explained", explained);
    let noticed = Trial::test(
        "what_no_explanation_fits_is_noticed",
        page::a_row_without_explanation_is_noticed,
    );
    let trials = boots.chain([page, explained, noticed]).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn layout() -> Result<Layout, Failed> {
    Layout::find().map_err(|it| it.message.into())
}

/// Boots a machine, and keeps what its jobs have found.
fn boot(machine: &Machine) -> Result<Completion, Failed> {
    let layout = layout()?;
    let scripts = layout.root().join("rust/nsteps/tests/kernels");
    let dir = layout.programs().join("kernels");
    let out = dir.join("results").join(machine.name());
    let begun = Instant::now();
    let status = Command::new(scripts.join("boot.sh"))
        .args([dir.as_os_str(), machine.series.as_ref()])
        .args([machine.set, &machine.jobs.join(",")])
        .arg(&out)
        .status()?;
    if !status.success() {
        return Err(format!("boot.sh: {status}").into());
    }
    let seen = Seen::read(&out, machine.jobs, begun.elapsed().as_secs())?;
    let unexplained = page::unexplained(&machine.name(), &seen);
    std::fs::create_dir_all(scripts.join("record"))?;
    let text = serde_json::to_string_pretty(&seen)? + "\n";
    std::fs::write(machine.record(&layout), text)?;
    match unexplained.is_empty() {
        true => Ok(Completion::Completed),
        false => Err(unexplained.join("\n").into()),
    }
}

/// What is known of each machine that was booted.
fn records(layout: &Layout) -> Result<BTreeMap<String, Seen>, Failed> {
    let read = |path: &Path| -> Result<Option<Seen>, Failed> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(serde_json::from_str(&text)?)),
            Err(_) => Ok(None),
        }
    };
    let mut records = BTreeMap::new();
    for machine in MACHINES {
        if let Some(seen) = read(&machine.record(layout))? {
            records.insert(machine.name(), seen);
        }
    }
    Ok(records)
}

/// The page is what the records say.
fn written() -> Result<(), Failed> {
    let text = page::text(MACHINES, &records(&layout()?)?);
    pages_written::is_on_page("docs/src/kernels.md", &text, "kernels")
}

/// No record has anything that no explanation fits, and every explanation fits
/// something.
fn explained() -> Result<(), Failed> {
    let records = records(&layout()?)?;
    let mut wrong: Vec<String> = records
        .iter()
        .flat_map(|(name, seen)| page::unexplained(name, seen))
        .collect();
    wrong.extend(page::unused(&records));
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}
