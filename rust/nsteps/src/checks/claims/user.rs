//! Claims about the user namespace.

use super::{Conditions, Finding};
use crate::checks::session::Session;
use harness::found::Found;
use harness::paths::OBSERVED_PROC;
use harness::scenario::Mounts;

/// The case in which claim 32 holds.
pub const MAPPED_TO_A_USER: &str = "the map leads to an ordinary user";

/// The overflow id: what the kernel reports for an id that is not mapped.
const OVERFLOW_UID: &str = "/proc/sys/kernel/overflowuid";

/// Claim 10: no map, so the overflow ids. Numbers are compared, because the
/// names depend on /etc/passwd.
pub fn overflow_ids_without_a_map(
    conditions: &Conditions<'_>,
) -> Found<Finding> {
    let mut session = conditions.session(Mounts::Private)?;
    let script = format!(
        "id; stat -c '%u %g %U %G' /; echo $(id -u) $(id -g) $(cat {OVERFLOW_UID})"
    );
    let inside = session.step_sh("user", &script)?.well()?;
    let outside = session.sh(&script)?.well()?;
    let lines: Vec<&str> = inside.lines().collect();
    let [id, root, ids] = lines.as_slice() else {
        return Ok(Finding::plainly(false).seen(inside));
    };
    let overflow = ids.split(' ').next_back().unwrap_or_default();
    let holds = overflow != "0"
        && *ids == format!("{overflow} {overflow} {overflow}")
        && root.starts_with(&format!("{overflow} {overflow} "));
    let root_of =
        |it: &str| it.split(' ').skip(2).collect::<Vec<_>>().join(" ");
    let before = outside.lines().nth(1).unwrap_or("?");
    Ok(Finding::plainly(holds)
        .seen(format!("inside, id: {id}"))
        .seen(format!("inside, / belongs to {}", root_of(root)))
        .seen(format!("outside, / belongs to {}", root_of(before))))
}

/// Claim 32: the root of a user namespace is outside the user that made it.
///
/// The check tries twice what root may do: on a device, which needs a
/// capability outside, and on a file of root, which needs the id.
pub fn root_inside(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session(Mounts::Private)?;
    let own = "/run/secret";
    let prepare = "umask 077; echo secret >/run/secret; mkdir -m 777 /run/open";
    session.sh(prepare)?.well()?;
    let mapped = conditions.step("user_mapped", &[])?;
    let mapped: Vec<_> = mapped.iter().map(String::as_str).collect();
    let by_root = Powers::of(&mut session, &mapped, own)?;
    let by_user = if conditions.is_an_ordinary_user() {
        // In a sandbox of root, root is the root of the machine, and outside
        // means the machine.
        let status = format!("/proc/{}/status", session.init());
        let status = std::fs::read_to_string(status).unwrap_or_default();
        let powers = Powers::of(&mut session, &[], "/etc/shadow")?;
        let machine = std::fs::read_link("/proc/self/ns/user");
        let namespace_outside = machine.unwrap_or_default();
        Powers {
            outside: uid(&status),
            namespace_outside: namespace_outside.display().to_string(),
            ..powers
        }
    } else {
        let user = conditions.as_an_ordinary_user(&mapped);
        Powers::of(&mut session, &user, own)?
    };
    let finding = if by_user.are_inside() && by_root.are_inside() {
        Finding::new()
            .case(MAPPED_TO_A_USER, by_user.are_of_no_root())
            .case("the map leads to root", by_root.are_of_no_root())
    } else {
        // Here is no root outside of a user namespace.
        Finding::plainly(false)
    };
    Ok(finding
        .seen(format!("made by a user: {by_user}"))
        .seen(format!("made by root:   {by_root}")))
}

/// The identity of root inside, and what it may do outside.
struct Powers {
    inside: String,
    outside: String,
    device: String,
    secret: String,
    namespace: String,
    namespace_outside: String,
}

impl Powers {
    fn of(
        session: &mut Session<'_>,
        before: &[&str],
        secret: &str,
    ) -> Found<Powers> {
        let script = format!(
            "id -u; echo $$
             said=$(mknod /run/open/$$ c 1 3 2>&1) && echo made || echo $said
             cat {secret} >/dev/null 2>&1 && echo read || echo refused
             readlink /proc/self/ns/user"
        );
        let held = session.hold_sh(before, &script)?;
        let mut said = held.said.lines().map(str::to_owned);
        let mut next = || said.next().unwrap_or_default();
        let (inside, pid, device) = (next(), next(), next());
        let (secret, namespace) = (next(), next());
        let status = format!("{OBSERVED_PROC}/{pid}/status");
        let outside = uid(&session.run(&["cat", &status])?.well()?);
        let link = ["readlink", "/proc/self/ns/user"];
        let namespace_outside = session.run(&link)?.well()?;
        session.release(held)?;
        Ok(Powers {
            inside,
            outside,
            device,
            secret,
            namespace,
            namespace_outside,
        })
    }

    /// True if the process is in a user namespace below another one.
    fn are_inside(&self) -> bool {
        self.namespace.starts_with("user:[")
            && self.namespace != self.namespace_outside
    }

    /// True if root may do nothing outside of the namespace.
    fn are_of_no_root(&self) -> bool {
        self.inside == "0"
            && self.outside != "0"
            && self.device.ends_with("Operation not permitted")
            && self.secret == "refused"
    }
}

impl std::fmt::Display for Powers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Powers { inside, outside, device, secret, .. } = self;
        let device = device.rsplit(": ").next().unwrap_or(device);
        write!(
            f,
            "uid {inside} inside, {outside} outside; mknod: {device}; root's \
             file: {secret}"
        )
    }
}

/// The effective uid in a status file of /proc.
fn uid(status: &str) -> String {
    let line = status.lines().find_map(|it| it.strip_prefix("Uid:\t"));
    line.and_then(|it| it.split('\t').nth(1)).unwrap_or("?").to_owned()
}
