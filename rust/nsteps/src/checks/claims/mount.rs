//! What is claimed of the mount namespace itself.

use super::{Conditions, Finding};
use crate::checks::session::{mounts_at, shown};
use harness::found::Found;
use harness::paths::{MYTMP, PROBE};
use harness::scenario::Mounts;

/// Where claim 4 holds.
pub const NOT_SHARED: &str = "/ is not shared";

/// A namespace whose table is as it was made.
const NEW: &[&str] = &["unshare", "--mount", "--propagation", "unchanged"];

/// Claim 2.  The ids tell the copy from the table: none may be the same.
pub fn table_looks_unchanged(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session(Mounts::Shared)?;
    let table = ["cat", "/proc/self/mountinfo"];
    let outside = session.run(&table)?.well()?;
    let inside = session.run(&[NEW, &table].concat())?.well()?;
    let looks = |table: &str| -> Vec<String> {
        let without_ids = |line: &str| {
            line.splitn(3, ' ').nth(2).unwrap_or_default().to_owned()
        };
        table.lines().map(without_ids).collect()
    };
    let ids = |table: &str| -> Vec<String> {
        let id = |line: &str| line.split(' ').next().map(str::to_owned);
        table.lines().filter_map(id).collect()
    };
    let (before, after) = (ids(&outside), ids(&inside));
    let holds = looks(&outside) == looks(&inside)
        && before.iter().all(|id| !after.contains(id));
    let root = |table: &str| shown(&mounts_at(table, "/"));
    Ok(Finding::plainly(holds)
        .seen(format!("outside: {} mounts: {}", before.len(), root(&outside)))
        .seen(format!("inside:  {} mounts: {}", after.len(), root(&inside))))
}

/// Claim 3.  /proc is taken away inside: what then still knows the table is
/// not /proc.
pub fn table_is_a_copy(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session(Mounts::Private)?;
    let script = format!(
        "umount -n -l /proc
         echo $$
         cat /proc/self/mountinfo 2>&1
         {PROBE} --proc /proc --only mounts"
    );
    let held = session.hold_step("mount", &script)?;
    let mut said = held.said.lines();
    let pid = said.next().unwrap_or_default().to_owned();
    let no_proc = said.next().unwrap_or_default().to_owned();
    let told: Vec<&str> = said.collect();
    let seen_from_outside = session.table_of(&pid)?;
    let own = session.table()?;
    let inside = mounts_at(&seen_from_outside, MYTMP);
    let outside = mounts_at(&own, MYTMP);
    // Linux before 6.13 cannot tell a table without /proc.
    let by_call = told.iter().any(|it| it.ends_with("= statmount"));
    let mytmp = format!("mnt.{MYTMP} ");
    let copied = no_proc.contains("No such file")
        && inside.len() == 1
        && outside.is_empty()
        && (!by_call || told.iter().any(|it| it.starts_with(&mytmp)));
    let count = told.iter().filter(|it| it.starts_with("mnt.")).count();
    let finding = Finding::plainly(!copied)
        .seen(format!("inside, /proc unmounted: {no_proc}"));
    let finding = if by_call {
        finding.seen(format!(
            "inside, listmount(2) and statmount(2): {count} mounts, {MYTMP} {}",
            if copied { "among them" } else { "not among them" }
        ))
    } else {
        finding
    };
    let finding = finding
        .seen(format!("outside, /proc/{pid}/mountinfo: {}", shown(&inside)))
        .seen(format!("outside, /proc/self/mountinfo: {}", shown(&outside)));
    session.release(held)?;
    Ok(finding)
}

/// Claim 4, where / is not shared and where it is.
pub fn tmpfs_stays_inside(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut finding = Finding::new();
    for (mounts, condition, words) in [
        (Mounts::Private, NOT_SHARED, "private"),
        (Mounts::Shared, "/ is shared", "shared"),
    ] {
        let mut session = conditions.session(mounts)?;
        let held = session.hold_step("mount", "cat /proc/self/mountinfo")?;
        let outside = session.table()?;
        let (inside, outside) =
            (mounts_at(&held.said, MYTMP), mounts_at(&outside, MYTMP));
        finding = finding
            .case(condition, inside.len() == 1 && outside.is_empty())
            .seen(format!("/ {words}, inside: {}", shown(&inside)))
            .seen(format!("/ {words}, outside: {}", shown(&outside)));
        session.release(held)?;
    }
    Ok(finding)
}

/// Claim 5: the same names, and what is written inside is read outside.
pub fn no_jail(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session(Mounts::Private)?;
    let outside = session.run(&["ls", "/"])?.well()?;
    let inside =
        session.step_sh("mount", "ls /; echo written inside >/tmp/note")?;
    let inside = inside.well()?;
    let note = session.run(&["cat", "/tmp/note"])?;
    let holds = !inside.is_empty()
        && inside == outside
        && note.stdout == "written inside";
    let names: Vec<_> = inside.lines().collect();
    let word = if inside == outside { "the same" } else { "not the same" };
    Ok(Finding::plainly(holds)
        .seen(format!("inside, ls /: {}", names.join(" ")))
        .seen(format!("outside: {word}; cat /tmp/note: {}", note.stdout)))
}

/// Claim 37: whether a mount of the caller's can still be reached where /proc
/// is covered, and where there is another root.
pub fn visible_because_of_proc(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session_with_new_root(Mounts::Private)?;
    let mount = "mkdir -p /tmp/mounted && mount -n -t tmpfs t /tmp/mounted &&
                 echo here >/tmp/mounted/file";
    session.sh(mount)?.well()?;
    let read = "cat /tmp/mounted/file 2>/dev/null || echo not here";
    let covered = format!("mount -n -t tmpfs t /proc; ls -A /proc; {read}");
    let covered = session.step_sh("net_mount", &covered)?.well()?;
    let pivoted = session.step_sh("pivot_root", read)?.well()?;
    Ok(Finding::plainly(covered != "here")
        .seen(format!("with an empty /proc: {covered}"))
        .seen(format!(
            "with another root: {}",
            pivoted.lines().next().unwrap_or("nothing")
        )))
}

/// Claim 45, where / is not shared and where it is.
pub fn hides_inside_only(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut finding = Finding::new();
    for (mounts, condition, words) in [
        (Mounts::Private, NOT_SHARED, "private"),
        (Mounts::Shared, "/ is shared", "shared"),
    ] {
        let mut session = conditions.session(mounts)?;
        session.sh("echo of the host >/tmp/note")?.well()?;
        let cover = "mount -n -t tmpfs t /tmp; ls -A /tmp";
        let held = session.hold_step("net_mount", cover)?;
        let outside = session.run(&["ls", "-A", "/tmp"])?.well()?;
        let inside = held.said.clone();
        session.release(held)?;
        let list = |it: &str| match it {
            "" => "nothing".to_owned(),
            some => some.lines().collect::<Vec<_>>().join(" "),
        };
        let names = |it: &str| it.lines().any(|name| name == "note");
        finding = finding
            .case(condition, inside.is_empty() && names(&outside))
            .seen(format!(
                "/ {words}, ls /tmp: inside {}, outside {}",
                list(&inside),
                list(&outside)
            ));
    }
    Ok(finding)
}
