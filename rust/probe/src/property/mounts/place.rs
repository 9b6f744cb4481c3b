//! The place of each mount of a table: its order, what covers it, and where the
//! baseline had the same directory.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::mount::Mount;
use crate::observation::Key;

/// A mount, with its place among the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) mount: &'a Mount,
    /// Its position in the stack on its mount point, from 1.
    pub(super) nth: usize,
    /// True if another mount is stacked on it.
    covered: bool,
    /// True if a mount further up covers the directory that it is mounted in.
    hidden: bool,
}

impl Place<'_> {
    pub(super) fn key(&self) -> Key {
        match self.nth {
            1 => format!("mnt.{}", self.mount.at),
            nth => format!("mnt.{}#{nth}", self.mount.at),
        }
    }

    /// The reason why no path leads to it, if none does.
    pub(super) fn state(&self) -> Option<&'static str> {
        match (self.hidden, self.covered) {
            (true, _) => Some("hidden"),
            (_, true) => Some("over-mounted"),
            _ => None,
        }
    }
}

/// The mounts of a table in the order of the mount tree: a mount, everything
/// mounted below it, and then what covers it.
pub(super) fn places(table: &[Mount]) -> Vec<Place<'_>> {
    let ids: HashSet<u64> = table.iter().map(|mount| mount.id).collect();
    let mut children: HashMap<u64, Vec<&Mount>> = HashMap::new();
    let mut tops = Vec::new();
    for mount in table {
        if ids.contains(&mount.parent) && mount.parent != mount.id {
            children.entry(mount.parent).or_default().push(mount);
        } else {
            tops.push(mount);
        }
    }
    // The sort keeps the kernel's order of equal elements.
    tops.sort_by(|a, b| a.at.cmp(&b.at));

    let mut places = Vec::with_capacity(table.len());
    let mut stacked: HashMap<&str, usize> = HashMap::new();
    let mut visited: HashSet<u64> = HashSet::new();
    // A table that is not from the kernel may have a circle of parents, which
    // is below no top mount; its mounts come last, in their own order.
    let mut waiting: Vec<(&Mount, bool)> =
        tops.into_iter().chain(table).rev().map(|top| (top, false)).collect();
    while let Some((mount, hidden)) = waiting.pop() {
        if !visited.insert(mount.id) {
            continue;
        }
        let nth = stacked.entry(&mount.at).or_insert(0);
        *nth += 1;
        let mut below = children.remove(&mount.id).unwrap_or_default();
        let covered = below.iter().any(|child| child.at == mount.at);
        places.push(Place { mount, nth: *nth, covered, hidden });
        // A mount that covers the root of a process hides nothing from it,
        // because its paths begin below that mount.
        let hides = hidden || (covered && mount.at != "/");
        below.sort_by(|a, b| {
            let covers = |child: &Mount| child.at == mount.at;
            covers(a).cmp(&covers(b)).then_with(|| a.at.cmp(&b.at))
        });
        waiting.extend(below.into_iter().rev().map(|child| {
            (child, if child.at == mount.at { hidden } else { hides })
        }));
    }
    places
}

pub(super) fn by_point<'a>(
    places: &[Place<'a>],
) -> BTreeMap<&'a str, Vec<Place<'a>>> {
    let mut points: BTreeMap<&str, Vec<Place<'_>>> = BTreeMap::new();
    for place in places {
        points.entry(&place.mount.at).or_default().push(*place);
    }
    points
}

/// If the two roots are different mounts: where the baseline had the new one;
/// empty if it did not have it.
pub(super) fn new_root(
    before: &[Place<'_>],
    after: &[Place<'_>],
) -> Option<String> {
    let root = |places: &[Place<'_>]| {
        let root = places.iter().find(|place| place.mount.at == "/")?;
        Some((root.mount.device, root.mount.root.clone()))
    };
    if root(before) == root(after) {
        return None;
    }
    Some(
        after
            .iter()
            .find(|place| place.mount.at == "/")
            .and_then(|root| Some(origin(before, root.mount)?.1))
            .unwrap_or_default(),
    )
}

/// The mount of the baseline that has the superblock and the directory of
/// `mount`, and the path of that directory in the baseline.
pub(super) fn origin<'a>(
    before: &[Place<'a>],
    mount: &Mount,
) -> Option<(&'a Mount, String)> {
    before
        .iter()
        .map(|place| place.mount)
        .filter(|candidate| candidate.device == mount.device)
        .filter_map(|candidate| {
            Some((candidate, below(&mount.root, &candidate.root)?))
        })
        // The nearest one; `min_by_key` returns the first of equal elements.
        .min_by_key(|(_, rest)| rest.len())
        .map(|(candidate, rest)| {
            let path = format!("{}{rest}", candidate.at.trim_end_matches('/'));
            let path = if path.is_empty() { "/".to_owned() } else { path };
            (candidate, path)
        })
}

/// The part of `path` below `above`, beginning with a slash; `None` if it is
/// not below.
pub(super) fn below(path: &str, above: &str) -> Option<String> {
    if path == above {
        return Some(String::new());
    }
    let rest = path.strip_prefix(above.trim_end_matches('/'))?;
    (rest.starts_with('/') && path.starts_with('/')).then(|| rest.to_owned())
}
