//! How many of the differences between launchers `--suggest` closes, for each
//! ordered pair: a table, which an ignored trial makes in about half an hour and
//! holds against [`GOAL`].
//!
//! `NSTEPS_WRITE=1 cargo test -p nsteps --test launchers -- --ignored
//! suggestions` writes it into the page as well.

use super::bundle::Bundle;
use super::{around, diff};
use crate::availability::{not_set_up, unavailable};
use crate::pages_written;
use globset::Glob;
use harness::found::NEEDS_ROOT;
use harness::host::layout::Layout;
use harness::host::machine;
use harness::scenario::Identity;
use launchers::adapter::find;
use launchers::date::Date;
use libtest_mimic::{Completion, Failed};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

/// A launcher: its name, the program that it needs, and its command line around
/// the host's root and around a root of its own, if it can be around either.
type Launcher =
    (&'static str, &'static str, Option<&'static str>, Option<&'static str>);

/// The launchers. `ROOT` is the root of a bundle, `BUNDLE` the bundle, `YOUKI`
/// youki around it.
const LAUNCHERS: &[Launcher] = &[
    (
        "unshare",
        "unshare",
        Some("unshare --mount --uts --ipc --net --pid --fork --mount-proc"),
        None,
    ),
    (
        "bwrap",
        "bwrap",
        Some("bwrap: --unshare-all --bind / / --dev /dev --proc /proc"),
        Some("bwrap: --unshare-all --bind ROOT / --dev /dev --proc /proc"),
    ),
    ("runc", "runc", None, Some("runc:BUNDLE")),
    ("crun", "crun", None, Some("crun:BUNDLE")),
    ("youki", "youki", None, Some("YOUKI")),
    (
        "podman",
        "podman",
        None,
        // A runtime that may not set limits runs without cgroups.
        Some(
            "podman: --runtime=crun run --rm --cgroups=disabled \
             --network=none --rootfs ROOT",
        ),
    ),
    ("nspawn", "systemd-nspawn", None, Some("nspawn: -D ROOT")),
    ("firejail", "firejail", Some("firejail: --noprofile"), None),
];

/// A difference that no flag and no configuration of a launcher can close: the
/// wanted launchers, the launchers, the keys and the wanted values, all as
/// globs; and why. A difference that is closed all the same counts.
type Inherent =
    (&'static str, &'static str, &'static str, &'static str, &'static str);

/// The launchers that have the host's root here, because they are given none;
/// and those that have a root of their own.
const ON_HOSTS_ROOT: &str = "{unshare,firejail}";
const ON_OWN_ROOT: &str = "{runc,crun,youki,podman,nspawn}";
const RUNTIMES: &str = "{runc,crun,youki}";

const INHERENT: &[Inherent] = &[
    (
        "*",
        "*",
        "{argv.0,*.nsteps-probe}",
        "*",
        "it is about the probe, which nsteps binds or puts into the root",
    ),
    (
        "*",
        ON_OWN_ROOT,
        "descriptors.inherited",
        "*",
        "the descriptor is that of nsteps, whose number is far above the others: \
         --preserve-fds takes those that follow each other, nspawn none",
    ),
    (
        "*",
        "*",
        "{host.launcher,host.parent,host.mnt*,processes.last_pid,residue.*}",
        "*",
        "the processes that a launcher needs, and the files and mounts that it \
         makes for itself, are its own",
    ),
    (
        "*",
        "*",
        "*",
        "*{CID,RANDOM}*",
        "the wanted value has a name that is random each time",
    ),
    (
        "*",
        "*",
        "keyring.session",
        "another*",
        "a session keyring has the name and the rights that its maker gives it",
    ),
    (
        "{runc,podman}",
        "*",
        "descriptors.[012]*",
        "*",
        "runc and podman copy the streams through pipes of their own",
    ),
    (
        "*",
        "{runc,podman}",
        "descriptors.[012]*",
        "*",
        "runc and podman copy the streams through pipes of their own",
    ),
    (
        ON_HOSTS_ROOT,
        ON_OWN_ROOT,
        "{mnt,mnt./*,mode./*,size./*,root.file,cwd,can.write./sys/fs/cgroup,\
         dev.net}",
        "*",
        "the two are around different roots, with different mounts and files",
    ),
    (
        ON_OWN_ROOT,
        ON_HOSTS_ROOT,
        "{mnt,mnt./*,mode./*,size./*,root.file,cwd,can.write.*,dev,dev.*,\
         mqueue.at*}",
        "*",
        "the two are around different roots, with different mounts and files",
    ),
    (
        "firejail",
        "bwrap",
        "{mnt./*,mode./*,size./*}",
        "*",
        "firejail mounts files of its own, which only it makes",
    ),
    (
        "*",
        "unshare",
        "{mnt./*,mnt.options,mode./*,size./*,dev.*,mqueue.at*,can.write.*}",
        "*",
        "unshare mounts a /proc and nothing else",
    ),
    (
        "{podman,nspawn,firejail}",
        "unshare",
        "{call.*,host.seccomp,security.seccomp*,landlock.*,can.socket.*,\
         can.unshare.*}",
        "*",
        "unshare sets no filter",
    ),
    (
        "*",
        "{unshare,bwrap,firejail}",
        "{cgroup*,host.cgroup.*}",
        "*",
        "it leaves its payload in the cgroup in which it was started",
    ),
    (
        "*",
        "bwrap",
        "{security.no_new_privs,env.PWD,mnt.options}",
        "*",
        "bwrap sets no_new_privs and PWD, and mounts with nosuid, whatever it \
         is told",
    ),
    (
        "*",
        "bwrap",
        "{capabilities.*,can.socket.*,can.unshare.*,call.*,ns.user,id_maps.*,\
         sysctl.user.*,sysctl.net.ipv4.ping_group_range,mqueue.*,nftables}",
        "*",
        "bwrap keeps capabilities as ambient ones, or all of them in its user \
         namespace",
    ),
    (
        "*",
        "bwrap",
        "{host.seccomp,security.seccomp*,landlock.*}",
        "*",
        "bwrap takes a compiled filter from a descriptor, which no flag holds",
    ),
    (
        "*",
        "bwrap",
        "{mnt,mnt./,mnt./dev*,mode./dev*,size./dev,dev.*,mnt./proc,mnt./proc#*,\
         mnt./proc/*,mode./proc/*,mnt./sys*,mode./sys*}",
        "*",
        "bwrap makes its own /dev and /proc, makes no device and cannot mount a \
         sysfs",
    ),
    (
        "bwrap",
        "{youki,podman,nspawn,firejail}",
        "{ns.user,id_maps.*,sysctl.user.*,sysctl.net.ipv4.ping_group_range,\
         capabilities.*,call.*,can.*,mnt,mnt./,mnt./dev/*,mode./dev/*,dev.*,\
         keyring.session}",
        "*",
        "a user namespace of this launcher opens other rows: it lacks the \
         rights in the network, or the cgroup, of the sandbox",
    ),
    (
        "*",
        "{runc,crun,youki,podman,nspawn}",
        "processes.*",
        "*",
        "the payload of a container is process 1 of a session of its own",
    ),
    (
        "*",
        "{runc,youki}",
        "{cgroup.*,host.cgroup.*}",
        "*",
        "runc and youki make a cgroup for every container",
    ),
    (
        "*",
        "{runc,crun,youki,podman}",
        "{mnt,{mnt,size,mode}./proc/*,{mnt,size,mode}./sys/firmware}",
        "*",
        "a runtime masks a path and makes it read-only in one form, its own",
    ),
    (
        "*",
        RUNTIMES,
        "id_maps.setgroups",
        "deny",
        "a runtime that root starts does not deny setgroups",
    ),
    (
        "*",
        RUNTIMES,
        "mnt./",
        "*nosuid*",
        "a runtime mounts the root with no option but read-only",
    ),
    (
        "*",
        "{runc,crun}",
        "env.HOME",
        "unset",
        "runc and crun set HOME where nothing sets it",
    ),
    (
        "*",
        "youki",
        "{signals.ignored,keyring.session,environment.order}",
        "*",
        "youki ignores SIGPIPE, keeps the keyring and shuffles the variables, \
         whatever it is told",
    ),
    (
        "*",
        "podman",
        "{{mnt,mode}./etc/hostname,{mnt,mode}./run/.containerenv,mode./run,\
         env.HOSTNAME,environment.order}",
        "*",
        "podman binds files of its own and sets variables in its own order",
    ),
    (
        "*",
        "podman",
        "{mnt./dev*,mnt./proc,mnt./sys,size./dev,dev.core,mnt./sys/fs/cgroup,\
         mode./sys/fs/cgroup,can.write./sys/fs/cgroup}",
        "*",
        "podman makes /dev, /proc and /sys in one form, its own",
    ),
    (
        "*",
        "nspawn",
        "{mnt,mnt./*,mode./*,size./*,dev.*,can.write./sys/fs/cgroup}",
        "*",
        "nspawn makes the tree of a system, and shares every mount of it",
    ),
    (
        "*",
        "nspawn",
        "{env.LANG,env.LOGNAME,env.USER,env.NOTIFY_SOCKET,env.container*,\
         environment.order,capabilities.inheritable,keyring.session,ns.cgroup,\
         cgroup*,host.cgroup.*}",
        "*",
        "nspawn sets these variables, a keyring, inheritable capabilities and a \
         cgroup below its own, whatever it is told",
    ),
    (
        "*",
        "firejail",
        "{{mnt,mode,size}./{proc,sys,run/firejail}*,mnt./usr*,can.write./proc/sys,\
         can.write./sys/fs/cgroup}",
        "*",
        "firejail hides parts of /proc and /sys and makes /usr read-only with \
         every profile",
    ),
    (
        "*",
        "firejail",
        "{env.KDE_FORK_SLAVES,env.PROMPT_COMMAND,env.QML_DISABLE_DISK_CACHE,\
         env.QT_X11_NO_MITSHM,env.SHELL,env.container,environment.order,\
         processes.*}",
        "*",
        "firejail sets these variables after its options, and process 1 is its \
         own",
    ),
    (
        "bwrap",
        "firejail",
        "{mnt./*,mode./*,mnt.options,dev.*,mqueue.*}",
        "*",
        "bwrap makes its own /dev and mounts with nosuid",
    ),
];

/// What one pair came to.
struct Closed {
    before: usize,
    /// How many rows agree with the suggestions, or matter less.
    closed: usize,
    /// The rows that differ still and that no reason covers.
    open: Vec<String>,
}

/// Makes the table, prints it, and holds the share of all pairs against
/// [`GOAL`].
pub fn table() -> Result<Completion, Failed> {
    let here = match here() {
        Ok(here) => here,
        Err(why) => return unavailable(why),
    };
    let bundle = Bundle::new(&[], "")?;
    let mut used = BTreeSet::new();
    let mut pairs = BTreeMap::new();
    for wanted in &here {
        for launcher in here.iter().filter(|it| it.0 != wanted.0) {
            let begun = Instant::now();
            let lines = forms(wanted, launcher, &bundle);
            let report = match diff(&["--suggest".to_owned()], &lines)? {
                Ok(report) => report,
                Err(reason) => return unavailable(&reason),
            };
            let pair = (wanted.0, launcher.0);
            let Some(it) = of(&report, pair, &mut used) else {
                return Err(did_not_run(&report).into());
            };
            println!(
                "{} to do as {}: {} differ, {} of {} closable are closed \
                 ({} %), {} s; open: {}",
                launcher.0,
                wanted.0,
                it.before,
                it.closed,
                it.closable(),
                percent(it.closed, it.closable()),
                begun.elapsed().as_secs(),
                it.open.join(" ")
            );
            pairs.insert(pair, it);
        }
    }
    let closed: usize = pairs.values().map(|it| it.closed).sum();
    let closable: usize = pairs.values().map(Closed::closable).sum();
    let share = percent(closed, closable);
    let all = format!(
        "{closed} of {closable} closable differences are closed: {share} %"
    );
    println!("{all}");
    let unused: Vec<&str> = (0..INHERENT.len())
        .filter(|it| !used.contains(it))
        .map(|it| INHERENT[it].4)
        .collect();
    if here.len() == LAUNCHERS.len() && !unused.is_empty() {
        return Err(format!("these reasons cover no row: {unused:#?}").into());
    }
    if share < GOAL {
        return Err(format!("{share} % is less than {GOAL} %").into());
    }
    if pages_written::demanded() {
        write(MEASURED, &measured(&here, &pairs, &all))?;
    }
    Ok(Completion::Completed)
}

/// How many of a hundred closable differences must be closed.
const GOAL: usize = 80;

/// The pairs of the ordinary tests: what is suggested for them can be run as one
/// launcher, of words and of a patch.
const QUICK: &[(&str, &str)] = &[("bwrap", "unshare"), ("bwrap", "runc")];

/// One of the quick pairs reaches [`GOAL`], and the launcher with all
/// suggestions, run once more by itself, differs in exactly the rows that were
/// said to be left.
pub fn quick(pair: usize) -> Result<Completion, Failed> {
    let here = match here() {
        Ok(here) => here,
        Err(why) => return unavailable(why),
    };
    let (wanted, launcher) = QUICK[pair];
    let named = |name| here.iter().copied().find(|it| it.0 == name);
    let (Some(wanted), Some(launcher)) = (named(wanted), named(launcher))
    else {
        return not_set_up(&format!("{wanted} or {launcher} is not here"));
    };
    let bundle = Bundle::new(&[], "")?;
    let lines = forms(wanted, launcher, &bundle);
    let report = match diff(&["--suggest".to_owned()], &lines)? {
        Ok(report) => report,
        Err(reason) => return unavailable(&reason),
    };
    let pair = (wanted.0, launcher.0);
    let Some(it) = of(&report, pair, &mut BTreeSet::new()) else {
        return Err(did_not_run(&report).into());
    };
    if percent(it.closed, it.closable()) < GOAL {
        return Err(format!(
            "{} of {} are closed, open: {:?}",
            it.closed,
            it.closable(),
            it.open
        )
        .into());
    }
    let suggestion = &report["suggestions"][0];
    if let Some(patch) = suggestion["patch"].as_array() {
        bundle.patch(patch)?;
    }
    let run = suggestion["run"].as_str().unwrap_or_default().to_owned();
    let again = match diff(&[], &[lines[0].clone(), run])? {
        Ok(report) => report,
        Err(reason) => return unavailable(&reason),
    };
    let rows = again["differences"].as_array().into_iter().flatten();
    let differ: BTreeSet<&str> =
        rows.filter_map(|it| it["row"]["key"].as_str()).collect();
    let left = texts(&suggestion["left"]);
    let left: BTreeSet<&str> = left.iter().map(String::as_str).collect();
    match differ == left {
        true => Ok(Completion::Completed),
        false => Err(format!(
            "said to be left: {left:?}; left: {differ:?}; {suggestion:#}"
        )
        .into()),
    }
}

/// The ordinary trials, by name.
pub fn quick_ones() -> impl Iterator<Item = (String, usize)> {
    QUICK.iter().enumerate().map(|(index, (wanted, launcher))| {
        (format!("suggestions::{launcher}_to_do_as_{wanted}"), index)
    })
}

/// The launchers that this machine has; or why none can be compared.
fn here() -> Result<Vec<&'static Launcher>, &'static str> {
    if Identity::natural() == Identity::User {
        return Err(NEEDS_ROOT);
    }
    let is_here = |it: &&Launcher| match it.0 {
        "youki" => around("youki", "").is_some(),
        _ => find(it.1).is_ok(),
    };
    Ok(LAUNCHERS.iter().filter(is_here).collect())
}

fn percent(part: usize, whole: usize) -> usize {
    (part * 100).checked_div(whole).unwrap_or(100)
}

/// The command lines of two launchers, around the same root if both can be.
fn forms(one: &Launcher, other: &Launcher, bundle: &Bundle) -> Vec<String> {
    let of_root = one.3.is_some() && other.3.is_some();
    let bundle = bundle.text();
    let line = |it: &Launcher| {
        let line = if of_root { it.3 } else { it.2.or(it.3) };
        let youki = around("youki", &bundle).unwrap_or_default();
        line.unwrap_or_default()
            .replace("ROOT", &format!("{bundle}/rootfs"))
            .replace("BUNDLE", &bundle)
            .replace("YOUKI", &youki)
    };
    vec![line(one), line(other)]
}

/// Which launcher did not run, and what it said.
fn did_not_run(report: &Value) -> String {
    let launchers = report["launchers"].as_array().into_iter().flatten();
    let mut failed = launchers.filter(|it| !it["did_not_run"].is_null());
    match failed.next() {
        Some(it) => {
            format!("{}: {}: {}", it["run"], it["did_not_run"], it["said"])
        }
        None => "there are no suggestions".to_owned(),
    }
}

fn texts(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

/// What the suggestions came to; the reasons that cover a row are added to
/// those that are used.
fn of(
    report: &Value,
    pair: (&str, &str),
    used: &mut BTreeSet<usize>,
) -> Option<Closed> {
    let suggestion = report["suggestions"].as_array()?.first()?;
    let before = usize::try_from(suggestion["before"].as_u64()?).ok()?;
    let changes = suggestion["changes"].as_array().into_iter().flatten();
    let lowered: Vec<String> = changes
        .flat_map(|it| texts(&it["closes"]))
        .filter_map(|it| Some(it.split_once(" (from ")?.0.to_owned()))
        .collect();
    let mut open = texts(&suggestion["left"]);
    open.retain(|it| !lowered.contains(it));
    let closed = before.saturating_sub(open.len());
    open.retain(|key| {
        let wanted = wanted(report, key).unwrap_or_default();
        let reason = INHERENT.iter().position(|it| {
            fits(it.0, pair.0)
                && fits(it.1, pair.1)
                && fits(it.2, key)
                && fits(it.3, &wanted)
        });
        used.extend(reason);
        reason.is_none()
    });
    Some(Closed { before, closed, open })
}

/// What the wanted launcher shows under a key that differs.
fn wanted(report: &Value, key: &str) -> Option<String> {
    let mut rows = report["differences"].as_array()?.iter();
    let row = &rows.find(|it| it["row"]["key"] == key)?["row"];
    let value = super::value_in(row, 0)?;
    let text = value["value"].as_str().or(value["kind"].as_str());
    text.map(str::to_owned)
}

fn fits(glob: &str, text: &str) -> bool {
    let glob = Glob::new(glob).expect("a reason has globs");
    glob.compile_matcher().is_match(text)
}

impl Closed {
    fn closable(&self) -> usize {
        self.closed + self.open.len()
    }
}

/// The page, from the top of the repository.
const PAGE: &str = "docs/src/launchers.md";

/// What stands before and behind what is measured in the page.
const MEASURED: [&str; 2] = [
    "<!-- written by the test `launchers suggestions` -->\n",
    "<!-- end of what is measured -->\n",
];

/// What stands before and behind the reasons.
const REASONS: [&str; 2] = [
    "<!-- written by the test `launchers the_page_has_the_reasons` -->\n",
    "<!-- end of the reasons -->\n",
];

/// The share of all pairs, a table of the pairs, and the reasons.
fn measured(
    here: &[&Launcher],
    pairs: &BTreeMap<(&str, &str), Closed>,
    all: &str,
) -> String {
    let mut text = format!(
        "Measured on {}, {}: {all}.\n\n| to do as |",
        Date::today(),
        machine::in_a_few_words()
    );
    for it in here {
        let _ = write!(text, " {} |", it.0);
    }
    let _ = writeln!(text, "\n|{}", "---|".repeat(here.len() + 1));
    for wanted in here {
        let _ = write!(text, "| {} |", wanted.0);
        for launcher in here {
            let cell = match pairs.get(&(wanted.0, launcher.0)) {
                Some(it) => format!(
                    "{} of {} of {}",
                    it.closed,
                    it.closable(),
                    it.before
                ),
                None => String::new(),
            };
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    text
}

/// The differences that no reason is sought for, as the page shows them.
fn reasons() -> String {
    let mut text = "| to do as | launcher | keys | wanted | why |\n\
                    |---|---|---|---|---|\n"
        .to_owned();
    for (wanted, launcher, keys, value, why) in INHERENT {
        let _ = writeln!(
            text,
            "| `{wanted}` | `{launcher}` | `{keys}` | `{value}` | {why} |"
        );
    }
    text
}

/// Puts a text between two marks of the page.
fn write([begin, end]: [&str; 2], text: &str) -> Result<(), Failed> {
    let (path, page) = page()?;
    let is = between([begin, end], &page)?;
    let [was, becomes] = [is, text].map(|it| format!("{begin}{it}{end}"));
    fs::write(path, page.replace(&was, &becomes))?;
    Ok(())
}

/// The path and the text of the page.
fn page() -> Result<(PathBuf, String), Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let path = layout.root().join(PAGE);
    let page = fs::read_to_string(&path)?;
    Ok((path, page))
}

/// What stands between two marks of the page.
fn between<'a>(
    [begin, end]: [&str; 2],
    page: &'a str,
) -> Result<&'a str, Failed> {
    let (_, rest) =
        page.split_once(begin).ok_or(format!("{PAGE} has no {begin}"))?;
    let (is, _) = rest.split_once(end).ok_or(format!("no {end}"))?;
    Ok(is)
}

/// The page has the reasons of this file, and the share reaches [`GOAL`] if it
/// was measured.
pub fn page_has_the_reasons() -> Result<Completion, Failed> {
    let reasons = reasons();
    if pages_written::demanded() {
        write(REASONS, &reasons)?;
    }
    let (_, page) = page()?;
    if between(REASONS, &page)? != reasons {
        return Err(format!(
            "{PAGE} has other reasons: NSTEPS_WRITE=1 cargo test -p nsteps \
             --test launchers the_page_has_the_reasons"
        )
        .into());
    }
    let measured = between(MEASURED, &page)?;
    let how = "NSTEPS_WRITE=1 cargo test -p nsteps --test launchers -- \
               --ignored suggestions";
    if measured.is_empty() {
        return Ok(Completion::ignored_with(format!(
            "{PAGE} has no measured share: {how}"
        )));
    }
    let share = measured
        .split_once(" are closed: ")
        .and_then(|(_, rest)| rest.split_once(" %"))
        .and_then(|(share, _)| share.parse::<usize>().ok());
    match share.is_some_and(|it| it >= GOAL) {
        true => Ok(Completion::Completed),
        false => {
            Err(format!("{PAGE} has no share of at least {GOAL} %: {how}")
                .into())
        }
    }
}
