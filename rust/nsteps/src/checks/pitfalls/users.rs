//! What a payload keeps of root when its launcher makes it another user's.

use super::{C, GO, Programs, RUST};
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::{Found, NEEDS_ROOT, Refusal};

/// The user that the payload becomes.
const USER: &str = "1000";

/// Root, with two groups beside its own: those of adm and sudo, on Debian.
const ROOT: &[&str] = &["setpriv", "--groups=4,27"];

/// A user namespace in which setgroups(2) is denied, as it has to be where an
/// ordinary user writes the map.
const DENIED: &[&str] = &["unshare", "--user", "--map-root-user"];

/// Which ids and groups each language's ways leave the payload.
pub fn another_user(conditions: &Conditions<'_>) -> Found<Evidence> {
    if conditions.is_an_ordinary_user() {
        return Err(Refusal::Unavailable(NEEDS_ROOT.to_owned()));
    }
    const NOTHING: &str = "uid 1000, gid 1000, groups none";
    const GROUPS: &str = "uid 1000, gid 1000, groups 4 27";
    const GROUP_0: &str = "uid 1000, gid 0, groups none";
    const STAYS: &str = "uid 0, gid 0, groups 65534 65534";
    const EPERM: &str = "operation not permitted";
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    for (launcher, way, who, described, denied) in [
        (C, "setuid", "setuid", "uid 1000, gid 0, groups 4 27", STAYS),
        (C, "ids", "setgid, setuid", GROUPS, STAYS),
        (C, "groups", "setgroups, setgid, setuid", NOTHING, EPERM),
        (GO, "uid", "Credential{Uid}", GROUP_0, EPERM),
        (GO, "ids", "Credential{Uid, Gid}", NOTHING, EPERM),
        (GO, "no_set_groups", "the same, NoSetGroups", GROUPS, STAYS),
        (RUST, "uid", "Command::uid", GROUP_0, STAYS),
        (RUST, "gid", "Command::gid", "uid 0, gid 1000, groups 4 27", STAYS),
        (RUST, "ids", "Command::uid, gid", NOTHING, STAYS),
        (RUST, "groups", "setgroups in pre_exec", NOTHING, EPERM),
    ] {
        let program = programs.program(launcher, "pitfalls/another_user")?;
        let mut ids = |before: &[&str], id: &str| -> Found<String> {
            let payload = ["cat", "/proc/self/status"];
            let launch = [program.as_str(), way, id];
            let argv = [ROOT, before, &launch, &payload].concat();
            let said = programs.session.run(&argv)?;
            Ok(match said.status {
                0 => in_words(&said.stdout),
                _ if said.error_message().to_lowercase().ends_with(EPERM) => {
                    EPERM.to_owned()
                }
                _ => said.error_message().to_owned(),
            })
        };
        let who = format!("{launcher}, {who}");
        evidence.see(&who, &ids(&[], USER)?, described);
        // No other id is mapped there, so that root stays root.
        let seen = ids(DENIED, "0")?;
        evidence.see(format!("{who}, setgroups denied"), &seen, denied);
    }
    unmapped_group(&mut programs, &mut evidence)?;
    Ok(evidence)
}

/// Whether a group that shows as 65534 inside still lets a file be read.
fn unmapped_group(
    programs: &mut Programs<'_>,
    evidence: &mut Evidence,
) -> Found<()> {
    const FILE: &str = "/tmp/of-group-4";
    let make = format!("umask 027; echo a line >{FILE}; chgrp 4 {FILE}");
    programs.session.sh(&make)?.well()?;
    for (groups, who, described) in [
        ("--groups=4", "inside, a file of a group that is kept", "read"),
        ("--clear-groups", "inside, the same without the group", "refused"),
    ] {
        let user = ["setpriv", "--reuid=1000", "--regid=1000", groups];
        let argv = [&user[..], DENIED, &["cat", FILE]].concat();
        let said = programs.session.run(&argv)?;
        let seen = match said.stdout.as_str() {
            "a line" => "read",
            _ if said.stderr.ends_with("Permission denied") => "refused",
            _ => said.error_message(),
        };
        evidence.see(who, seen, described);
    }
    Ok(())
}

/// The effective ids and the supplementary groups of a status file of /proc.
fn in_words(status: &str) -> String {
    let words = |name: &str| -> Vec<&str> {
        let line = status.lines().find_map(|it| it.strip_prefix(name));
        line.unwrap_or("?").split_whitespace().collect()
    };
    let effective =
        |name: &str| words(name).get(1).copied().unwrap_or("?").to_owned();
    let groups = match words("Groups:").join(" ") {
        none if none.is_empty() => "none".to_owned(),
        some => some,
    };
    format!(
        "uid {}, gid {}, groups {groups}",
        effective("Uid:"),
        effective("Gid:")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effective_ids_and_groups_are_read() {
        let status = "Uid:\t0\t1\t2\t3\nGid:\t4\t5\t6\t7\nGroups:\t8 9 \n";
        assert_eq!(in_words(status), "uid 1, gid 5, groups 8 9");
        let status = "Uid:\t0\t1\t2\t3\nGid:\t4\t5\t6\t7\nGroups:\t \n";
        assert_eq!(in_words(status), "uid 1, gid 5, groups none");
        assert_eq!(in_words(""), "uid ?, gid ?, groups ?");
    }
}
