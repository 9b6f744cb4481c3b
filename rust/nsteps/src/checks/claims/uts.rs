//! Claims about the uts namespace.

use super::{Conditions, Finding};
use crate::checks::session::NSTEPS;
use harness::found::Found;
use harness::paths::HOSTNAME;
use harness::scenario::Mounts;

/// The file from which a shell reads the name without other programs: it shows
/// the name in the namespace of the reader.
const NODENAME: &str = "/proc/sys/kernel/hostname";
const DOMAINNAME: &str = "/proc/sys/kernel/domainname";

/// The case in which nothing but the known exceptions contradicts claim 25.
const AS_KNOWN: &str = "all else is as known";

/// Claim 6: the name at first, the name inside, and meanwhile the name outside.
pub fn name_is_a_copy(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session(Mounts::Private)?;
    let first = session.run(&["unshare", "--uts", "uname", "-n"])?.well()?;
    let held = session.hold_step("uts", "uname -n")?;
    let outside = session.run(&["uname", "-n"])?.well()?;
    let inside = held.said.clone();
    session.release(held)?;
    let afterwards = session.run(&["uname", "-n"])?.well()?;
    let holds = first == HOSTNAME
        && inside == "myhostname"
        && outside == HOSTNAME
        && afterwards == HOSTNAME;
    Ok(Finding::plainly(holds)
        .seen(format!("in a new namespace, uname -n: {first}"))
        .seen(format!("after sethostname, inside: {inside}"))
        .seen(format!("meanwhile outside: {outside}")))
}

/// Claim 15: sethostname with all capabilities except one, and with that one
/// alone.
pub fn needs_cap_sys_admin(conditions: &Conditions<'_>) -> Found<Finding> {
    conditions.needs("setpriv", "util-linux")?;
    let mut session = conditions.session(Mounts::Private)?;
    let mut with = |set: &str| {
        let argv = ["setpriv", "--bounding-set", set];
        let unshare = ["unshare", "--uts", "echo", "unshared"];
        session.run(&[&argv[..], &unshare].concat())
    };
    let without = with("-sys_admin")?;
    let alone = with("-all,+sys_admin")?;
    let holds = without.stdout.is_empty()
        && without.stderr.contains("Operation not permitted")
        && alone.stdout == "unshared";
    let mut finding = Finding::new()
        .seen(format!("all but CAP_SYS_ADMIN: {}", without.error_message()))
        .seen(format!("CAP_SYS_ADMIN alone: {}", alone.stdout));
    let step = conditions.step("unshare_init", &["true"])?;
    let mut as_user = true;
    if !conditions.is_an_ordinary_user() {
        let step: Vec<_> = step.iter().map(String::as_str).collect();
        let said = session.run(&conditions.as_an_ordinary_user(&step))?;
        as_user = said.stderr.ends_with("unshare: Operation not permitted");
        let line = format!("as an ordinary user: {}", said.error_message());
        finding = finding.seen(line);
    }
    Ok(finding.case("", holds && as_user))
}

/// Claim 25: what differs after everything that can be set was set, and which
/// of the other values the kernel lets root write.
pub fn not_all_of_uname(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session(Mounts::Private)?;
    let files = "ostype osrelease version hostname domainname";
    let script = format!(
        "{NSTEPS} demonstrate domain nsteps.example
         cd /proc/sys/kernel && cat {files} &&
         for file in {files}; do
             case $(stat -c %A $file) in *w*) echo \"$file\";; esac
         done"
    );
    let inside = session.step_sh("uts", &script)?.well()?;
    let outside =
        session.sh(&format!("cd /proc/sys/kernel && cat {files}"))?.well()?;
    let names: Vec<&str> = files.split(' ').collect();
    let inside: Vec<&str> = inside.lines().collect();
    let (values, writable) = inside.split_at(names.len().min(inside.len()));
    let differing: Vec<&str> = names
        .iter()
        .zip(values.iter().zip(outside.lines()))
        .filter(|(_, (inside, outside))| **inside != *outside)
        .map(|(name, _)| *name)
        .collect();
    let everything = differing.len() == names.len();
    let only_names = differing == ["hostname", "domainname"]
        && writable == ["hostname", "domainname"];
    let finding = if only_names || everything {
        Finding::plainly(everything)
    } else {
        // The result contradicts the claim and also what is known about it.
        Finding::new().case(AS_KNOWN, true).case("here", false)
    };
    let line = |lines: Vec<&str>| lines.join(" ");
    Ok(finding
        .seen(format!("outside: {}", line(outside.lines().collect())))
        .seen(format!("inside:  {}", line(values.to_vec())))
        .seen(format!("writable in /proc/sys/kernel: {}", writable.join(" "))))
}

/// Claim 33: the domain name is isolated together with the host name.
pub fn domain_name_too(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session(Mounts::Private)?;
    let before = session.run(&["cat", DOMAINNAME])?.well()?;
    let script = format!(
        "{NSTEPS} demonstrate domain nsteps.example && cat {DOMAINNAME}"
    );
    let held = session.hold_step("uts", &script)?;
    let outside = session.run(&["cat", DOMAINNAME])?.well()?;
    let inside = held.said.clone();
    session.release(held)?;
    let host = session.run(&["cat", NODENAME])?.well()?;
    let holds = inside == "nsteps.example"
        && outside == before
        && outside != inside
        && host == HOSTNAME;
    Ok(Finding::plainly(holds)
        .seen(format!("inside, after setdomainname: {inside}"))
        .seen(format!("outside, before and meanwhile: {before}, {outside}")))
}
