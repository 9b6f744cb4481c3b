//! How many of the differences between launchers `--suggest` closes, for each
//! ordered pair: a table, which an ignored trial prints.
//!
//! `cargo test -p nsteps --test launchers -- --ignored suggestions`

use super::bundle::Bundle;
use super::diff;
use globset::Glob;
use libtest_mimic::Failed;
use serde_json::Value;

/// The launchers, each around the host's root and, if it can be, around a root
/// of its own.
const LAUNCHERS: &[(&str, Option<&str>, Option<&str>)] = &[
    (
        "unshare",
        Some("unshare --mount --uts --ipc --net --pid --fork --mount-proc"),
        None,
    ),
    (
        "bwrap",
        Some("bwrap: --unshare-all --bind / / --dev /dev --proc /proc"),
        Some("bwrap: --unshare-all --bind ROOT / --dev /dev --proc /proc"),
    ),
    ("runc", None, Some("runc:BUNDLE")),
    ("crun", None, Some("crun:BUNDLE")),
    ("nspawn", None, Some("nspawn: -D ROOT")),
    ("firejail", Some("firejail: --noprofile"), None),
];

/// What a launcher does whatever it is told: the launchers, the keys, and why.
/// A difference that is closed all the same counts.
const INHERENT: &[(&str, &str, &str)] = &[
    (
        "*",
        "{argv.0,descriptors.*,env.PWD,environment.order,host.*,mnt,\
         processes.last_pid,residue.*,sysctl.*,*.nsteps-probe}",
        "of the launcher's own processes, files and streams, or of the probe",
    ),
    ("*", "{cgroup,cgroup.*,keyring.*}", "who starts the launcher decides it"),
    ("firejail", "*", "firejail isolates nothing in a sandbox"),
    (
        "{unshare,bwrap,nspawn}",
        "{landlock.*,lsm.*,mqueue.*,nftables}",
        "it follows from other rows",
    ),
    (
        "bwrap",
        "{security.no_new_privs,net.link.lo,can.connect.loopback,mnt.options}",
        "bwrap sets no_new_privs, brings lo up and mounts with nosuid",
    ),
    (
        "bwrap",
        "{capabilities.*,can.socket.*,can.unshare.*,call.*,ns.user,id_maps.*}",
        "bwrap keeps capabilities as ambient ones, so that a fix opens a row",
    ),
    (
        "bwrap",
        "{mnt./,mnt./dev*,mode./dev*,size./dev*,dev.*,mnt./proc,mnt./proc#*,\
         mnt./sys*,mode./sys*}",
        "bwrap makes its own /dev and /proc, and cannot mount a sysfs",
    ),
    (
        "unshare",
        "{mnt./,mnt./dev*,mode./*,size./*,dev.*,mnt./proc*,mnt./sys*,mnt./run*,\
         mnt./tmp*,mnt./etc*,mnt.options,can.write.*,root.file,cwd}",
        "unshare mounts a /proc and nothing else",
    ),
    (
        "unshare",
        "{call.*,host.seccomp,security.seccomp*,env.*}",
        "unshare sets no filter and no variable",
    ),
    (
        "{runc,crun}",
        "{net.link.lo,can.connect.loopback,dev.*,processes.*}",
        "a runtime brings lo up, makes the devices of the standard and starts \
         its payload as pid 1 of a session",
    ),
    (
        "{runc,crun}",
        "{mnt./,mnt./proc*,mnt./sys*,mode./sys*,mode./tmp,mode./proc*,\
         can.write.*,root.file,cwd,mnt./dev*,size./dev*,size./proc*,size./sys*,\
         mnt./.*,mnt.options,mnt./run*,mode./run*,mnt./etc*}",
        "a root file system of its own, and the forms in which a runtime masks",
    ),
    (
        "{runc,crun}",
        "{call.*,security.seccomp*,id_maps.setgroups}",
        "a filter of another launcher cannot be copied",
    ),
    (
        "nspawn",
        "{mnt./*,mode./*,size./*,dev.*,root.file,cwd,can.write.*}",
        "nspawn makes the tree of a system, and shares every mount of it",
    ),
    (
        "nspawn",
        "{env.*,capabilities.inheritable,ns.cgroup,ns.user,id_maps.*,\
         processes.*,can.connect.*,net.link.lo}",
        "nspawn sets variables, and starts its payload as pid 1",
    ),
];

/// What one pair came to.
struct Closed {
    before: usize,
    /// Rows that agree with the suggestions, or that matter less.
    closed: usize,
    /// What differs still, and no reason covers.
    open: Vec<String>,
}

/// Prints the table.
pub fn table() -> Result<(), Failed> {
    let bundle = Bundle::new(&[], "")?;
    println!("| wanted | launcher | differ | closed | open | of closable |");
    println!("|---|---|---|---|---|---|");
    let (mut closed, mut closable) = (0, 0);
    for (wanted, ..) in LAUNCHERS {
        for (name, ..) in LAUNCHERS.iter().filter(|it| it.0 != *wanted) {
            let lines = forms(wanted, name, &bundle.text())?;
            let report = diff(&["--suggest".to_owned()], &lines)??;
            let Some(it) = of(&report, name) else {
                println!("| {wanted} | {name} | did not run | | | |");
                continue;
            };
            let of_pair = it.closed + it.open.len();
            (closed, closable) = (closed + it.closed, closable + of_pair);
            println!(
                "| {wanted} | {name} | {} | {} | {} | {} % |",
                it.before,
                it.closed,
                it.open.join(" "),
                percent(it.closed, of_pair)
            );
        }
    }
    let share = percent(closed, closable);
    println!(
        "{closed} of {closable} closable differences are closed: {share} %"
    );
    match share >= GOAL {
        true => Ok(()),
        false => Err(format!("{share} % is less than {GOAL} %").into()),
    }
}

/// How many of a hundred closable differences must be closed.
const GOAL: usize = 80;

fn percent(part: usize, whole: usize) -> usize {
    (part * 100).checked_div(whole).unwrap_or(100)
}

/// Two launchers around the same root, if both can be.
fn forms(one: &str, other: &str, bundle: &str) -> Result<Vec<String>, Failed> {
    let of = |name: &str| LAUNCHERS.iter().find(|it| it.0 == name);
    let (Some(one), Some(other)) = (of(one), of(other)) else {
        return Err("there is no such launcher".into());
    };
    let of_root = one.2.is_some() && other.2.is_some();
    let line = |it: &(&str, Option<&str>, Option<&str>)| {
        let line = if of_root { it.2 } else { it.1.or(it.2) };
        let line = line.unwrap_or_default();
        line.replace("ROOT", &format!("{bundle}/rootfs"))
            .replace("BUNDLE", bundle)
    };
    Ok(vec![line(one), line(other)])
}

fn of(report: &Value, launcher: &str) -> Option<Closed> {
    let suggestion = report["suggestions"].as_array()?.first()?;
    let before = usize::try_from(suggestion["before"].as_u64()?).ok()?;
    let texts = |value: &Value| -> Vec<String> {
        let all = value.as_array().into_iter().flatten();
        all.filter_map(|it| it.as_str().map(str::to_owned)).collect()
    };
    let changes = suggestion["changes"].as_array().into_iter().flatten();
    let lowered: Vec<String> = changes
        .flat_map(|it| texts(&it["closes"]))
        .filter_map(|it| Some(it.split_once(" (from ")?.0.to_owned()))
        .collect();
    let left = texts(&suggestion["left"]);
    let open: Vec<String> =
        left.iter().filter(|it| !lowered.contains(it)).cloned().collect();
    let closed = before.saturating_sub(open.len());
    let is_inherent = |key: &String| {
        INHERENT
            .iter()
            .any(|(names, keys, _)| fits(names, launcher) && fits(keys, key))
    };
    let open = open.into_iter().filter(|it| !is_inherent(it)).collect();
    Some(Closed { before, closed, open })
}

fn fits(glob: &str, text: &str) -> bool {
    Glob::new(glob).is_ok_and(|it| it.compile_matcher().is_match(text))
}
