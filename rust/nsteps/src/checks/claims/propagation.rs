//! Claims about the propagation of mounts and unmounts.

use super::{Conditions, Finding};
use crate::checks::session::{
    NO_MOUNT, Said, Session, mounts_at, propagation, shown, topmost,
};
use harness::found::{Found, Refusal};
use harness::paths::MYTMP;
use harness::scenario::Mounts;

/// The case in which claim 17 holds.
pub const SHARED: &str = "/ is shared";
/// The case in which claim 31 holds.
pub const AUTOMOUNTED: &str =
    "an automount lies below it, as systemd leaves it";

/// The case in which claim 44 holds.
pub const NOT_INHERITED: &str = "no user namespace has inherited it";

/// A mount namespace in which nothing propagates otherwise than before.
pub const NEW: &[&str] = &["unshare", "--mount", "--propagation", "unchanged"];

/// The mount point below /proc that JD's host has.
pub const BINFMT_MISC: &str = "/proc/sys/fs/binfmt_misc";

/// Claim 11: the tmpfs of three programs, looked for outside.
pub fn shared_root_leaks(conditions: &Conditions<'_>) -> Found<Finding> {
    let slave = "mount -n --make-slave / && mount -n -t tmpfs none $MYTMP &&
                 cat /proc/self/mountinfo";
    let mut finding = Finding::new();
    let mut holds = true;
    for (words, leaks) in
        [("shared", true), ("MS_PRIVATE", false), ("MS_SLAVE", false)]
    {
        let mut session = conditions.session(Mounts::Shared)?;
        let table = "cat /proc/self/mountinfo";
        let held = match words {
            "shared" => session.hold_step("mount", table)?,
            "MS_PRIVATE" => session.hold_step("mount_private", table)?,
            _ => session.hold_sh(NEW, slave)?,
        };
        let outside = session.table()?;
        let outside = mounts_at(&outside, MYTMP);
        let inside = mounts_at(&held.said, MYTMP);
        holds &= inside.len() == 1 && outside.is_empty() != leaks;
        finding =
            finding.seen(format!("/ {words}, outside: {}", shown(&outside)));
        session.release(held)?;
    }
    Ok(finding.case("", holds))
}

/// Claim 12: /proc is busy; without a mount below /proc as the control.
pub fn proc_is_busy(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session(Mounts::ProcNested)?;
    let nested = session.step("pid", &["echo", "unmounted"])?;
    let mut session = conditions.session(Mounts::Private)?;
    let plain = session.step("pid", &["echo", "unmounted"])?;
    let busy = "umount: Device or resource busy";
    let holds = nested.stdout.is_empty()
        && nested.stderr.contains(busy)
        && plain.stdout == "unmounted";
    Ok(Finding::plainly(holds)
        .seen(format!("binfmt_misc below /proc: {}", nested.error_message()))
        .seen(format!("nothing below /proc: {}", plain.stdout)))
}

/// Claim 44: the step that detaches, as it is and in a user namespace; umount
/// without the flag is busy in both.
pub fn detach_helps(conditions: &Conditions<'_>) -> Found<Finding> {
    // What is unmounted may be so outside too: each has a sandbox of its own.
    let of = |before: &[&str], name: &str| -> Found<Said> {
        let mut session = conditions.session(Mounts::ProcNested)?;
        let step = conditions.step(name, &["cat", "/proc/self/mountinfo"])?;
        let step: Vec<&str> = step.iter().map(String::as_str).collect();
        session.run(&[before, &step].concat())
    };
    let busy = of(&[], "pid")?;
    let plain = of(&[], "pid_detach")?;
    let user = ["unshare", "--user", "--map-root-user"];
    let inherited = of(&user, "pid_detach")?;
    // C does not look whether the unmount succeeds, and mounts a new /proc over
    // what is there.
    let works = |said: &Said| {
        mounts_at(&said.stdout, "/proc").len() == 1
            && mounts_at(&said.stdout, BINFMT_MISC).is_empty()
    };
    if works(&busy) {
        return Err(Refusal::Broken("/proc is not busy".to_owned()));
    }
    let word = |said: &Said| match works(said) {
        true => "unmounted".to_owned(),
        false if said.stderr.is_empty() => "still mounted".to_owned(),
        false => said.error_message().to_owned(),
    };
    Ok(Finding::new()
        .case(NOT_INHERITED, works(&plain))
        .case("a user namespace has", works(&inherited))
        .seen(format!("umount: {}", word(&busy)))
        .seen(format!("MNT_DETACH: {}", word(&plain)))
        .seen(format!("in a user namespace: {}", word(&inherited))))
}

/// How the puzzle's / is treated before the unmount.
pub struct Mode {
    /// The names of the flags for mount(2).
    pub flags: &'static str,
    /// The option of mount(8) that has the same effect.
    pub option: Option<&'static str>,
    /// The step that does it, if there is one.
    step: Option<&'static str>,
    /// True if the host is expected to lose its mount.
    pub lost: bool,
}

/// Every way, those of the posts first.
pub const MODES: &[Mode] = &[
    Mode { flags: "no flag", option: None, step: Some("mount"), lost: true },
    Mode {
        flags: "MS_PRIVATE",
        option: Some("--make-private"),
        step: Some("mount_private"),
        lost: true,
    },
    Mode {
        flags: "MS_SLAVE",
        option: Some("--make-slave"),
        step: None,
        lost: true,
    },
    Mode {
        flags: "MS_REC|MS_PRIVATE",
        option: Some("--make-rprivate"),
        step: Some("mount_rprivate"),
        lost: false,
    },
    Mode {
        flags: "MS_REC|MS_SLAVE",
        option: Some("--make-rslave"),
        step: None,
        lost: false,
    },
];

/// Claim 13: every way on JD's host, and again without any privilege.
pub fn puzzle(conditions: &Conditions<'_>) -> Found<Finding> {
    let (mut lost, mut kept) = (Vec::new(), Vec::new());
    let mut as_known = true;
    let mut tags = String::new();
    for mode in MODES {
        let mut session = conditions.session(Mounts::ProcNested)?;
        let before = mounts_at(&session.table()?, BINFMT_MISC).len();
        let inside = mode.unmount(&mut session)?;
        let after = mounts_at(&session.table()?, BINFMT_MISC).len();
        as_known &= before == 2 && after == if mode.lost { 1 } else { 2 };
        if after < before { &mut lost } else { &mut kept }.push(mode.flags);
        if mode.flags == "MS_PRIVATE" {
            tags = tags_on_the_way(&inside);
        }
    }
    let mut unprivileged = Vec::new();
    for mode in MODES {
        let Some(option) = mode.option else { continue };
        let word = recipe(conditions, option)?;
        as_known &= word == if mode.lost { "LOST" } else { "kept" };
        unprivileged
            .push(format!("{} {word}", option.trim_start_matches("--make-")));
    }
    Ok(Finding::plainly(as_known)
        .seen(format!("gone outside too: {}", lost.join(", ")))
        .seen(format!("still there outside: {}", kept.join(", ")))
        .seen(format!("inside, after MS_PRIVATE: {tags}"))
        .seen(format!(
            "as an ordinary user, on a tmpfs: {}",
            unprivileged.join(", ")
        )))
}

impl Mode {
    /// Unmounts the upper binfmt_misc in a new namespace; returns the table as
    /// it was there before that.
    fn unmount(&self, session: &mut Session<'_>) -> Found<String> {
        let script =
            format!("cat /proc/self/mountinfo && umount -n {BINFMT_MISC}");
        let said = match (self.step, self.option) {
            (Some(step), _) => session.step_sh(step, &script)?,
            (None, option) => {
                let option = option.unwrap_or_default();
                let script = format!("mount -n {option} / && {script}");
                session.run(&[NEW, &["sh", "-c", &script]].concat())?
            }
        };
        said.well()
    }
}

/// The propagation of the mounts above binfmt_misc and of that itself.
fn tags_on_the_way(table: &str) -> String {
    let tag = |at: &str| propagation(topmost(&mounts_at(table, at)));
    let tags = ["/", "/proc", BINFMT_MISC].map(|at| {
        format!("{} {}", at.trim_start_matches("/proc/sys/fs/"), tag(at))
    });
    tags.join(", ")
}

/// The experiment as an ordinary user: two user and two mount namespaces, and
/// no other mounts than its own.
fn recipe(conditions: &Conditions<'_>, option: &str) -> Found<String> {
    let mut session = conditions.session(Mounts::Private)?;
    let script = format!(
        "mount -n -t tmpfs t /tmp && mkdir /tmp/sub &&
         mount -n -t tmpfs s /tmp/sub && mount -n --make-rshared / &&
         unshare -m --propagation unchanged \
             sh -c 'mount -n {option} / && umount -n /tmp/sub' &&
         if grep -q ' /tmp/sub ' /proc/self/mountinfo
         then echo kept; else echo LOST; fi"
    );
    let unshare = ["unshare", "-Urm", "sh", "-c", &script];
    session.run(&conditions.as_an_ordinary_user(&unshare))?.well()
}

/// Claim 17: a bind mount keeps a namespace whose processes have ended.
pub fn bind_mount_stays(conditions: &Conditions<'_>) -> Found<Finding> {
    let bind = "mount -n --bind /run $MYTMP";
    let outside_after = |mounts: Mounts, script: &str| -> Found<String> {
        let mut session = conditions.session(mounts)?;
        let new = [NEW, &["sh", "-c", script]].concat();
        session.run(&new)?.well()?;
        let table = session.table()?;
        Ok(shown(&mounts_at(&table, MYTMP)))
    };
    let rprivate = format!("mount -n --make-rprivate / && {bind}");
    let shared = outside_after(Mounts::Shared, bind)?;
    let cured = outside_after(Mounts::Shared, &rprivate)?;
    let private = outside_after(Mounts::Private, bind)?;
    let stays = |it: &str| it != NO_MOUNT;
    Ok(Finding::new()
        .case(SHARED, stays(&shared) && !stays(&cured))
        .case("/ is private", stays(&private))
        .seen(format!("/ shared, afterwards outside: {shared}"))
        .seen(format!("/ shared, MS_REC|MS_PRIVATE inside: {cured}"))
        .seen(format!("/ private: {private}")))
}

/// Claim 30: the propagation in a new namespace after each of the three calls.
pub fn defaults_differ(conditions: &Conditions<'_>) -> Found<Finding> {
    let found_by = |mounts: Mounts, before: &str| -> Found<String> {
        let mut session = conditions.session(mounts)?;
        // A mount of the session, which has the default propagation.
        let script = format!(
            "mount -n -t tmpfs none $MYTMP && {before} &&
             exec unshare --mount --propagation unchanged \
                 cat /proc/self/mountinfo"
        );
        let table = session.sh(&script)?.well()?;
        Ok(propagation(topmost(&mounts_at(&table, MYTMP))))
    };
    let kernel = found_by(Mounts::Private, "true")?;
    let systemd = found_by(Mounts::Shared, "true")?;
    let docker = found_by(Mounts::Shared, "mount -n --make-rprivate /")?;
    let holds = kernel == "private"
        && systemd.starts_with("shared:")
        && docker == "private";
    Ok(Finding::plainly(holds)
        .seen(format!("a new tmpfs as the kernel leaves it: {kernel}"))
        .seen(format!("after mount --make-rshared /, systemd's: {systemd}"))
        .seen(format!("made rprivate again, as Docker does: {docker}"))
        .seen(format!("this machine's own /: {}", of_this_machine("/"))))
}

/// Claim 31: how many unmounts are possible until the next is an error.
pub fn mounted_twice(conditions: &Conditions<'_>) -> Found<Finding> {
    let alone = format!("mount -n -t tmpfs binfmt_misc {BINFMT_MISC}");
    let count = format!(
        "while umount -n {BINFMT_MISC} 2>/dev/null
         do n=$((n+1)); done; echo $((n))"
    );
    let takes = |mounts: Mounts, before: &str| -> Found<(String, String)> {
        let mut session = conditions.session(mounts)?;
        session.sh(before)?.well()?;
        let table = session.table()?;
        let sources: Vec<_> = mounts_at(&table, BINFMT_MISC)
            .iter()
            .filter_map(|it| it.split(" - ").nth(1)?.split(' ').nth(1))
            .collect();
        let said = session.run(&[NEW, &["sh", "-c", &count]].concat())?;
        Ok((sources.join(", then "), said.well()?))
    };
    let (automounted, twice) = takes(Mounts::ProcNested, "true")?;
    let (single, once) = takes(Mounts::Private, &alone)?;
    Ok(Finding::new()
        .case(AUTOMOUNTED, twice == "2")
        .case("it is mounted alone", once == "2")
        .seen(format!("{automounted}: {twice} unmounts"))
        .seen(format!("{single} alone: {once} unmount"))
        .seen(format!("this machine: {}", of_this_machine(BINFMT_MISC))))
}

/// The propagation of a mount on the machine, outside of all sandboxes.
fn of_this_machine(at: &str) -> String {
    let table =
        std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    match mounts_at(&table, at).as_slice() {
        [] => format!("nothing is mounted at {at}"),
        [one] => propagation(one),
        several => format!("{} mounts", several.len()),
    }
}
