//! Reads the values of the payload from outside, through the host's own /proc.
//!
//! The harness stays out of the sandbox's mount namespace: there a step can
//! replace /proc for every process (`pid` does, if `/` is shared). Pids are
//! translated by `NSpid`
//! ([proc(5)](https://man7.org/linux/man-pages/man5/proc_pid_status.5.html)).

use crate::descendants::{find, link};
use crate::error::{Context, Result};
use crate::step::Namespace;
use probe::{Effect, Mount, Observation};
use procfs::ProcessCGroup;
use procfs::process::{MountInfo, MountOptFields, Process, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::os::fd::AsFd;

/// The id that the kernel shows for an id that is not mapped (`overflowuid` in
/// proc_sys_kernel(5), whose default is not changed).
const OVERFLOW_ID: u32 = 65534;

/// The link of the harness's own cgroup namespace.
fn own_cgroup_namespace() -> Option<String> {
    link(&Process::myself().ok()?, Namespace::Cgroup)
}

/// The values of a payload that the harness read from outside.
#[derive(Debug, Default)]
pub struct View {
    /// The keys that it could read and compare, with their values. The other
    /// keys were read only by the payload.
    pub read: BTreeMap<String, String>,
    /// Every value that the payload and the harness read differently, one line
    /// each.
    pub disagreements: Vec<String>,
}

impl View {
    /// Adds a key that both sides have read, and a line if the values differ.
    fn enter(
        &mut self,
        key: &str,
        inside: impl fmt::Display,
        outside: impl fmt::Display,
        is_same: bool,
    ) {
        let outside = outside.to_string();
        if !is_same {
            self.disagree(format!(
                "{key} is {inside} inside, {outside} outside"
            ));
        }
        self.read.insert(key.to_owned(), outside);
    }

    fn disagree(&mut self, why: String) {
        self.disagreements.push(why);
    }
}

/// Reads the values of the payload from outside, and compares them with those
/// that it has read.
pub fn view(init: i32, payload: &Observation) -> View {
    viewed(find(init, payload).and_then(|pid| Sides::of(init, pid, payload)))
}

/// The same for a payload whose pid is known, compared with the process `beside`
/// it.
pub fn view_of(pid: i32, beside: i32, payload: &Observation) -> View {
    viewed(Sides::of(beside, pid, payload))
}

fn viewed(sides: Result<Sides<'_>>) -> View {
    let mut view = View::default();
    match sides {
        Ok(sides) => sides.compare(&mut view),
        Err(error) => view.disagree(error.message),
    }
    view
}

/// What the payload has read, and where the harness reads the same.
struct Sides<'a> {
    inside: &'a Observation,
    init: Process,
    outside: Process,
    status: Status,
}

impl Sides<'_> {
    fn of(init: i32, pid: i32, inside: &Observation) -> Result<Sides<'_>> {
        let outside =
            Process::new(pid).context(format_args!("open /proc/{pid}"))?;
        let init =
            Process::new(init).context(format_args!("open /proc/{init}"))?;
        let status = outside
            .status()
            .context(format_args!("read /proc/{pid}/status"))?;
        Ok(Sides { inside, init, outside, status })
    }

    fn compare(&self, view: &mut View) {
        self.namespaces(view);
        self.mounts(view);
        self.ids(view);
        self.id_maps(view);
        self.cgroup(view);
        self.sets(view);
        self.words(view);
    }

    /// Compares the inode of every namespace.
    fn namespaces(&self, view: &mut View) {
        let Ok(seen) = self.outside.namespaces() else {
            // A link may be missing for a moment (pid_for_children before the
            // first child), and then procfs returns no links at all. The
            // payload has read all links or says why not.
            return;
        };
        for namespace in Namespace::ALL {
            let name = namespace.proc_name();
            let key = format!("ns.{name}");
            let Some(says) = self.inside.value(&key) else { continue };
            let inode = seen.0.get(std::ffi::OsStr::new(name));
            let Some(inode) = inode.map(|it| it.identifier) else { continue };
            let sees = format!("{name}:[{inode}]");
            view.enter(&key, says, &sees, says == sees);
        }
    }

    /// Compares every line of the mount table.
    fn mounts(&self, view: &mut View) {
        let Ok(inside) = &self.inside.mounts else { return };
        let outside = match mount_table(&self.outside) {
            Ok(mounts) => mounts,
            Err(error) => {
                view.disagree(format!("no mount table from outside: {error}"));
                return;
            }
        };
        if inside.len() != outside.len() {
            view.disagree(format!(
                "{} mounts inside, {} outside",
                inside.len(),
                outside.len()
            ));
            return;
        }
        // The root of a cgroup mount is shown relative to the reader's cgroup
        // namespace, and the harness is in another one.
        let same_cgroups =
            own_cgroup_namespace().as_deref() == self.inside.value("ns.cgroup");
        let keys = probe::mount_keys(inside);
        let tables = inside.iter().zip(&outside);
        for (key, (inside, (line, outside))) in keys.into_iter().zip(tables) {
            if !same_mount(inside, outside, same_cgroups) {
                view.disagree(format!(
                    "a mount is `{inside}` inside, `{line}` outside"
                ));
            }
            view.read.insert(key, line.clone());
        }
    }

    /// Compares user and group id, translated by the payload's own maps. An id
    /// that is not in the map is shown as the overflow id.
    fn ids(&self, view: &mut View) {
        let status = &self.status;
        for (key, file, sees) in [
            ("ids.uid", "uid_map", status.euid),
            ("ids.gid", "gid_map", status.egid),
        ] {
            let says = self.inside.value(key).and_then(|it| it.parse().ok());
            let map = self.map_to_here(&self.outside, file);
            let (Some(says), Some(map)) = (says, map) else { continue };
            let is_same = match map.outer(says) {
                Some(outer) => outer == sees,
                None => says == OVERFLOW_ID,
            };
            view.enter(key, says, sees, is_same);
        }
    }

    /// The map from the ids of a process to those of the harness's user
    /// namespace. In the harness's own namespace the map cannot be used: the
    /// kernel shows it with the ids of the namespace above.
    fn map_to_here(&self, process: &Process, file: &str) -> Option<IdMap> {
        let here = std::fs::read_link("/proc/self/ns/user").ok()?;
        if link(process, Namespace::User).as_deref() == here.to_str() {
            return Some(IdMap(vec![[0, 0, u32::MAX]]));
        }
        IdMap::read(process, file)
    }

    /// Compares the id maps. The kernel shows the outer ids in the reader's
    /// namespace, and to a reader in the namespace itself those of the
    /// namespace above. So a map that was read inside a namespace below init's
    /// is translated by init's map. Further below, the map of the namespace
    /// above is not known: then only the inner ids are compared.
    fn id_maps(&self, view: &mut View) {
        let same_user_namespace = link(&self.init, Namespace::User).as_deref()
            == self.inside.value("ns.user");
        for (key, file) in
            [("id_maps.uid", "uid_map"), ("id_maps.gid", "gid_map")]
        {
            let inside = self.inside.value(key).and_then(IdMap::parse);
            let outside = IdMap::read(&self.outside, file);
            let (Some(inside), Some(outside)) = (inside, outside) else {
                continue;
            };
            if !same_user_namespace && !self.is_child_of_inits() {
                let is_same = inside.inner() == outside.inner();
                view.enter(key, inside, outside, is_same);
                continue;
            }
            let inside = match same_user_namespace {
                true => inside,
                false => match self.map_to_here(&self.init, file) {
                    Some(map) => inside.through(&map),
                    None => continue,
                },
            };
            let is_same = inside == outside;
            view.enter(key, inside, outside, is_same);
        }
    }

    /// True if the payload's user namespace is a child of init's.
    fn is_child_of_inits(&self) -> bool {
        let path = format!("/proc/{}/ns/user", self.outside.pid);
        let Ok(namespace) = std::fs::File::open(path) else { return false };
        let parent = probe::namespace_parent(namespace.as_fd());
        let inode = parent.and_then(nix::sys::stat::fstat).map(|it| it.st_ino);
        inode.is_ok_and(|inode| {
            link(&self.init, Namespace::User) == Some(format!("user:[{inode}]"))
        })
    }

    /// Compares the cgroups. In init's own cgroup namespace the path inside is
    /// the path outside without the namespace's root. Another namespace has its
    /// root where its maker was, which is not known outside: then the path
    /// outside must end in the path inside.
    fn cgroup(&self, view: &mut View) {
        let (Ok(outside), Ok(init)) =
            (self.outside.cgroups(), self.init.cgroups())
        else {
            view.disagree("no cgroup from outside".to_owned());
            return;
        };
        let is_init_s = link(&self.init, Namespace::Cgroup).as_deref()
            == self.inside.value("ns.cgroup");
        for (sees, init) in outside.0.iter().zip(&init.0) {
            let sees_from = |root: &str| sees.pathname.strip_prefix(root);
            let root = cgroup_root(&self.init, init);
            let names: &[String] = match sees.hierarchy {
                0 => &["unified".to_owned()],
                _ => &sees.controllers,
            };
            for name in names {
                let key = format!("cgroup.{name}");
                let Some(says) = self.inside.value(&key) else { continue };
                let fits = match is_init_s {
                    true => sees_from(&root).is_some_and(|it| {
                        it == says || (it.is_empty() && says == "/")
                    }),
                    false => sees.pathname.ends_with(below_root(says)),
                };
                view.enter(&key, says, &sees.pathname, fits);
            }
        }
    }

    /// Compares signal sets and capability sets, bit by bit.
    fn sets(&self, view: &mut View) {
        let status = &self.status;
        let all = capabilities_of_this_kernel();
        let internal = 0b11 << 31;
        let signals = |set: u64| Some(probe::signal_words(set & !internal));
        let caps = |set: u64| Some(probe::capability_words(set, all));
        for (key, sees) in [
            ("signals.blocked", signals(status.sigblk)),
            ("signals.ignored", signals(status.sigign)),
            ("capabilities.effective", caps(status.capeff)),
            ("capabilities.permitted", caps(status.capprm)),
            ("capabilities.inheritable", caps(status.capinh)),
            ("capabilities.bounding", status.capbnd.and_then(caps)),
            ("capabilities.ambient", status.capamb.and_then(caps)),
        ] {
            if let (Some(sees), Some(says)) = (sees, self.inside.value(key)) {
                view.enter(key, says, &sees, says == sees);
            }
        }
    }

    /// Compares the values that are numbers in `/proc/PID/status` and words in
    /// the probe's reading, and the score of the out-of-memory killer.
    fn words(&self, view: &mut View) {
        let status = &self.status;
        let yes = |flag: u64| if flag == 0 { "no" } else { "yes" }.to_owned();
        let seccomp = |mode: u32| match mode {
            0 => "none".to_owned(),
            1 => "strict".to_owned(),
            _ => "filter".to_owned(),
        };
        let score = self.outside.oom_score_adj().ok();
        for (key, sees) in [
            ("security.no_new_privs", status.nonewprivs.map(yes)),
            ("security.seccomp", status.seccomp.map(seccomp)),
            ("umask", status.umask.map(|it| format!("{it:04o}"))),
            ("scheduling.oom_score_adj", score.map(|it| it.to_string())),
        ] {
            if let (Some(sees), Some(says)) = (sees, self.inside.value(key)) {
                view.enter(key, says, &sees, says == sees);
            }
        }
    }
}

/// A path in a cgroup namespace without the `/..` at its beginning; empty for
/// the root itself.
fn below_root(path: &str) -> &str {
    let mut rest = path;
    while let Some(outer) = rest.strip_prefix("/..") {
        rest = outer;
    }
    rest.trim_end_matches('/')
}

/// The root of init's cgroup namespace in a hierarchy, as a path from the root
/// of the harness's namespace; empty if both are the same namespace.
fn cgroup_root(init: &Process, its: &ProcessCGroup) -> String {
    if link(init, Namespace::Cgroup) == own_cgroup_namespace() {
        return String::new();
    }
    let path = its.pathname.as_str();
    let leaf = format!("/{}", crate::host::cgroup::INIT);
    let path = match its.hierarchy {
        // Init moved to a leaf after it made the namespace.
        0 => path.strip_suffix(&leaf).unwrap_or(path),
        _ => path,
    };
    path.trim_end_matches('/').to_owned()
}

/// Adds to the effect the cgroups to which the launcher has moved its payload,
/// read from outside: inside a new cgroup namespace every path may be `/`.
///
/// # Errors
///
/// Fails if the payload or init has ended.
pub fn moved(init: i32, payload: i32, effect: &mut Effect) -> Result<()> {
    let process =
        |pid| Process::new(pid).context(format_args!("open /proc/{pid}"));
    let cgroups = |process: &Process| {
        process
            .cgroups()
            .context(format_args!("read /proc/{}/cgroup", process.pid))
    };
    let (init, payload) = (process(init)?, process(payload)?);
    for (its, sees) in cgroups(&init)?.0.iter().zip(&cgroups(&payload)?.0) {
        let root = cgroup_root(&init, its);
        let from_root = |path: &str| match path.strip_prefix(&root) {
            Some("") => "/".to_owned(),
            Some(path) => path.to_owned(),
            None => "outside of the sandbox's own".to_owned(),
        };
        // If the sandbox has a cgroup of its own, init is in one leaf of it,
        // and the launcher starts in another.
        let start = match from_root(&its.pathname).strip_prefix('/') {
            Some(crate::host::cgroup::INIT) if !root.is_empty() => {
                format!("/{}", crate::host::cgroup::LAUNCHER)
            }
            _ => from_root(&its.pathname),
        };
        let now = from_root(&sees.pathname);
        if now == start {
            continue;
        }
        let names: &[String] = match sees.hierarchy {
            0 => &["unified".to_owned()],
            _ => &sees.controllers,
        };
        for name in names {
            effect.change(format!("host.cgroup.{name}"), &now);
        }
    }
    Ok(())
}

/// Every capability that the kernel knows, one bit each.
fn capabilities_of_this_kernel() -> u64 {
    let last: u32 = std::fs::read_to_string("/proc/sys/kernel/cap_last_cap")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(40);
    (1 << (last + 1)) - 1
}

/// The mount table of a process: each line as text and as procfs has parsed it.
/// The crate reads a table only if it is UTF-8, but the name of a directory may
/// have any bytes: those that are not UTF-8 are written in the way of the
/// probe.
fn mount_table(process: &Process) -> Result<Vec<(String, MountInfo)>> {
    let path = format!("/proc/{}/mountinfo", process.pid);
    let table = std::fs::read(&path).context(format_args!("read {path}"))?;
    probe::utf8(&table)
        .split_terminator('\n')
        .map(|line| {
            MountInfo::from_line(line)
                .map(|mount| (line.to_owned(), mount))
                .context(format_args!("parse {path}: {line}"))
        })
        .collect()
}

/// True if the strict parser inside and procfs outside have read the same line.
/// procfs leaves paths escaped, has no source if it is `none`, and does not
/// keep the order of options.
fn same_mount(inside: &Mount, outside: &MountInfo, same_cgroups: bool) -> bool {
    let options = |text: &str| -> BTreeSet<String> {
        text.split(',').map(str::to_owned).collect()
    };
    let pairs = |map: &std::collections::HashMap<String, Option<String>>| {
        map.iter()
            .map(|(name, value)| match value {
                Some(value) => format!("{name}={value}"),
                None => name.clone(),
            })
            .collect::<BTreeSet<String>>()
    };
    let peers = |wanted: fn(&MountOptFields) -> Option<u32>| {
        outside.opt_fields.iter().find_map(wanted).map(u64::from)
    };
    let escaped = inside.to_string();
    let mut fields = escaped.split(' ').skip(3);
    inside.id == outside.mnt_id as u64
        && inside.parent == outside.pid as u64
        && format!("{}:{}", inside.device.0, inside.device.1) == outside.majmin
        && (fields.next() == Some(&outside.root)
            || (!same_cgroups && inside.fs_type.starts_with("cgroup")))
        && fields.next() == outside.mount_point.to_str()
        && options(&inside.options) == pairs(&outside.mount_options)
        && inside.fs_type == outside.fs_type
        && options(&inside.super_options) == pairs(&outside.super_options)
        && inside.shared
            == peers(|field| match field {
                MountOptFields::Shared(id) => Some(*id),
                _ => None,
            })
        && inside.master
            == peers(|field| match field {
                MountOptFields::Master(id) => Some(*id),
                _ => None,
            })
}

/// An id map: inner id, outer id, count.
#[derive(Clone, Debug, PartialEq, Eq)]
struct IdMap(Vec<[u32; 3]>);

/// Writes it in the way of the probe: `0 1000 1, 1 100000 65536`.
impl fmt::Display for IdMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.0.iter().map(|ids| ids.map(|id| id.to_string()));
        let lines: Vec<String> = lines.map(|ids| ids.join(" ")).collect();
        f.write_str(&lines.join(", "))
    }
}

impl IdMap {
    fn read(process: &Process, file: &str) -> Option<IdMap> {
        let path = format!("/proc/{}/{file}", process.pid);
        IdMap::parse(&std::fs::read_to_string(path).ok()?)
    }

    /// Reads lines of three numbers, or such lines joined by commas.
    fn parse(text: &str) -> Option<IdMap> {
        text.split(['\n', ','])
            .filter(|line| !line.trim().is_empty() && *line != "none")
            .map(|line| {
                let mut numbers =
                    line.split_whitespace().map(|word| word.parse().ok());
                Some([numbers.next()??, numbers.next()??, numbers.next()??])
            })
            .collect::<Option<_>>()
            .map(IdMap)
    }

    /// The inner ids, each with the length of its range.
    fn inner(&self) -> Vec<[u32; 2]> {
        self.0.iter().map(|&[first, _, count]| [first, count]).collect()
    }

    fn outer(&self, inner: u32) -> Option<u32> {
        self.0.iter().find_map(|&[first, outer, count]| {
            let offset = inner.checked_sub(first)?;
            (offset < count).then(|| outer + offset)
        })
    }

    /// The same map with outer ids of the namespace one level further out.
    fn through(&self, outer: &IdMap) -> IdMap {
        IdMap(
            self.0
                .iter()
                .map(|&[first, middle, count]| {
                    let id = outer.outer(middle).unwrap_or(u32::MAX);
                    [first, id, count]
                })
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_map_is_followed_outwards() {
        let sandbox = IdMap::parse("0 1000 1\n").expect("a map");
        let payload =
            IdMap::parse("         0          0          1\n").expect("a map");
        assert_eq!(payload.through(&sandbox), sandbox);
        assert_eq!(sandbox.outer(0), Some(1000));
        assert_eq!(sandbox.outer(1), None);
        assert_eq!(IdMap::parse("none"), Some(IdMap(Vec::new())));
    }
}
