//! Which unmounts reach the host, and why making `/` private does not help.

use crate::checks::claims::propagation::{BINFMT_MISC, MODES, NEW};
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::{Conditions, Session, mounts_at};
use harness::found::Found;
use harness::scenario::Mounts;

/// What the host loses by three unmounts after five ways to treat `/`, of
/// which claim 13 tries the first.
pub fn without_ms_rec(conditions: &Conditions<'_>) -> Found<Evidence> {
    const BUSY: &str = "EBUSY";
    const INTACT: &str = "host intact";
    const LOSES_MISC: &str = "host loses binfmt_misc";
    const LOSES_PROC: &str = "host loses /proc, and all below";
    let mut evidence = Evidence::new();
    for mode in MODES {
        let mut seen = Vec::new();
        for unmount in [BINFMT_MISC, "/proc", "-l /proc"] {
            let mut session = conditions.session(Mounts::ProcNested)?;
            let treat = mode.option.map_or_else(String::new, |option| {
                format!("mount -n {option} / && ")
            });
            let script = format!("{treat}umount -n {unmount}");
            let (misc, _) = mounted(&mut session)?;
            let said = session.run(&[NEW, &["sh", "-c", &script]].concat())?;
            let (left, proc) = mounted(&mut session)?;
            seen.push(match (proc, left < misc) {
                (0, _) => LOSES_PROC,
                (_, true) => LOSES_MISC,
                _ if said.stderr.contains("busy") => BUSY,
                _ if said.status == 0 => INTACT,
                _ => "it fails",
            });
        }
        let described = match (mode.option, mode.lost) {
            (None, _) => [LOSES_MISC, BUSY, LOSES_PROC],
            (_, true) => [LOSES_MISC, BUSY, LOSES_MISC],
            (_, false) => [INTACT, BUSY, INTACT],
        };
        let in_a_row = |it: &[&str]| it.join(" | ");
        evidence.see(mode.flags, &in_a_row(&seen), &in_a_row(&described));
    }
    Ok(evidence)
}

/// How many mounts of binfmt_misc and of /proc the host has.
fn mounted(session: &mut Session<'_>) -> Found<(usize, usize)> {
    let table = session.table()?;
    let count = |at| mounts_at(&table, at).len();
    Ok((count(BINFMT_MISC), count("/proc")))
}
