//! Tables as text, and the expected words about their differences.

use super::super::tests::observation;
use super::place::Place;
use super::*;
use std::collections::HashSet;

/// A host with systemd: everything is shared, and two mounts are stacked below
/// /proc. Ids and groups are as irregular as on such a host.
const SHARED: &[&str] = &[
    "30 28 0:31 / /proc/sys/fs/binfmt_misc rw shared:15 - \
     autofs systemd-1 rw,fd=29",
    "26 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
    "28 26 0:21 / /proc rw,relatime shared:12 - proc proc rw",
    "29 26 0:5 / /dev rw,nosuid shared:2 - \
     devtmpfs udev rw,size=100k,mode=755",
    "41 30 0:32 / /proc/sys/fs/binfmt_misc rw,relatime shared:16 - \
     binfmt_misc binfmt_misc rw",
];

fn observed(lines: &[&str], namespaces: &[(&str, &str)]) -> Observation {
    let mut observation = observation(namespaces);
    observation.mounts = Ok(lines
        .iter()
        .map(|line| line.parse().expect("a line of mountinfo"))
        .collect());
    observation
}

fn changes(before: &[&str], after: &[&str]) -> String {
    let mut changes = Effect::default();
    effect(&observed(before, &[]), &observed(after, &[]), &mut changes);
    changes.to_string()
}

/// The table in a new mount namespace: other ids, the same groups.
fn copy(lines: &[&str]) -> Vec<String> {
    lines
        .iter()
        .map(|line| {
            let mut mount: Mount = line.parse().expect("a line");
            mount.id += 1000;
            mount.parent += 1000;
            mount.to_string()
        })
        .collect()
}

/// A copy of the table with `edit` applied to every mount, and with more lines.
fn edited(
    lines: &[&str],
    edit: impl Fn(&mut Mount),
    more: &[&str],
) -> Vec<String> {
    let mut table: Vec<String> = copy(lines)
        .iter()
        .map(|line| {
            let mut mount: Mount = line.parse().expect("a line");
            edit(&mut mount);
            mount.to_string()
        })
        .collect();
    table.extend(more.iter().map(|line| (*line).to_owned()));
    table
}

fn change_of(before: &[&str], after: &[String]) -> String {
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    changes(before, &after)
}

const MYTMP: &str = "1099 1026 0:60 / /mytmp rw,relatime - tmpfs none rw";

#[test]
fn a_copy_of_the_table_is_no_change() {
    assert_eq!(change_of(SHARED, &copy(SHARED)), "");
    let backwards: Vec<String> = copy(SHARED).into_iter().rev().collect();
    assert_eq!(change_of(SHARED, &backwards), "");
}

#[test]
fn a_tmpfs_is_added() {
    let after = edited(SHARED, |_| {}, &[MYTMP]);
    assert_eq!(
        change_of(SHARED, &after),
        "mnt./mytmp  + tmpfs none rw,relatime (super rw) private\n"
    );
}

#[test]
fn the_size_of_a_tmpfs_is_the_machines() {
    let line = "1099 1026 0:60 / /mytmp rw shared:77 - \
                tmpfs none rw,size=4k,nr_inodes=7,mode=700,inode64,uid=5";
    assert_eq!(
        change_of(SHARED, &edited(SHARED, |_| {}, &[line])),
        "mnt./mytmp  + tmpfs none rw (super rw,mode=700) shared\n"
    );
}

#[test]
fn every_mount_private_is_one_line() {
    let after = edited(SHARED, |mount| mount.shared = None, &[]);
    assert_eq!(
        change_of(SHARED, &after),
        "mnt.propagation  every shared mount: shared -> private\n"
    );
}

#[test]
fn without_ms_rec_only_the_root_is_private() {
    let edit = |mount: &mut Mount| {
        if mount.at == "/" {
            mount.shared = None;
        }
    };
    assert_eq!(
        change_of(SHARED, &edited(SHARED, edit, &[MYTMP])),
        "mnt./       propagation shared -> private\n\
         mnt./mytmp  + tmpfs none rw,relatime (super rw) private\n"
    );
}

#[test]
fn a_new_user_namespace_makes_every_mount_a_slave() {
    let edit = |mount: &mut Mount| mount.master = mount.shared.take();
    assert_eq!(
        change_of(SHARED, &edited(SHARED, edit, &[])),
        "mnt.propagation  every shared mount: shared -> slave\n"
    );
    let edit = |mount: &mut Mount| {
        mount.shared = None;
        mount.master = Some(99);
    };
    assert_eq!(
        change_of(SHARED, &edited(SHARED, edit, &[])),
        "mnt.propagation  every shared mount: \
         shared -> slave of another peer group\n"
    );
}

#[test]
fn the_same_word_may_be_another_peer_group() {
    let edit = |mount: &mut Mount| {
        if mount.at == "/dev" {
            mount.shared = Some(500);
        }
    };
    assert_eq!(
        change_of(SHARED, &edited(SHARED, edit, &[])),
        "mnt./dev  propagation shared -> shared in another peer group\n"
    );
}

/// The result of umount("/proc") and mount("proc") if nothing is mounted below
/// it.
const FLAT: &[&str] = &[
    "26 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
    "28 26 0:21 / /proc rw,relatime shared:12 - proc proc rw",
];

#[test]
fn proc_is_replaced() {
    let after = [
        "36 35 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
        "39 36 0:70 / /proc rw,nosuid shared:90 - proc proc rw",
    ];
    assert_eq!(
        changes(FLAT, &after),
        "mnt./proc  superblock new, options -relatime +nosuid\n"
    );
}

#[test]
fn proc_is_replaced_after_rprivate() {
    let after = [
        "36 35 8:1 / / rw,relatime - ext4 /dev/sda1 rw",
        "39 36 0:70 / /proc rw,relatime - proc proc rw",
    ];
    assert_eq!(
        changes(FLAT, &after),
        "mnt./proc        superblock new\n\
         mnt.propagation  every shared mount: shared -> private\n"
    );
}

#[test]
fn proc_is_detached_with_what_was_nested() {
    let after = [
        "36 35 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
        "39 36 0:70 / /proc rw,relatime shared:90 - proc proc rw",
        "40 36 0:5 / /dev rw,nosuid shared:2 - \
         devtmpfs udev rw,size=100k,mode=755",
    ];
    assert_eq!(
        changes(SHARED, &after),
        "mnt./proc                       superblock new\n\
         mnt./proc/sys/fs/binfmt_misc    - gone\n\
         mnt./proc/sys/fs/binfmt_misc#2  - gone\n"
    );
}

#[test]
fn proc_is_over_mounted() {
    let line = "1099 1028 0:70 / /proc rw,relatime shared:90 - proc proc rw";
    assert_eq!(
        change_of(SHARED, &edited(SHARED, |_| {}, &[line])),
        "mnt./proc                       over-mounted\n\
         mnt./proc#2                     \
         + proc proc rw,relatime (super rw) shared\n\
         mnt./proc/sys/fs/binfmt_misc    hidden\n\
         mnt./proc/sys/fs/binfmt_misc#2  hidden\n"
    );
}

#[test]
fn the_tops_of_two_stacks_are_matched_too() {
    let before = [
        "26 1 8:1 / / rw - ext4 /dev/sda1 rw",
        "28 26 0:21 / /a rw - tmpfs x rw",
    ];
    let after = [
        "26 1 8:1 / / rw - ext4 /dev/sda1 rw",
        "29 26 0:50 / /a rw - tmpfs beneath rw",
        "28 29 0:21 / /a rw - tmpfs x rw",
    ];
    assert_eq!(
        changes(&before, &after),
        "mnt./a  + tmpfs beneath rw (super rw) private over-mounted\n"
    );
}

#[test]
fn another_type_in_the_same_place_is_another_mount() {
    let after = [
        "26 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
        "28 26 0:50 / /proc rw - tmpfs mask rw",
    ];
    assert_eq!(
        changes(FLAT, &after),
        "mnt./proc  - gone; + tmpfs mask rw (super rw) private\n"
    );
}

#[test]
fn a_mount_of_an_old_superblock_is_a_bind() {
    let line = "1099 1026 8:1 /etc/skel /mytmp ro,relatime shared:1 - \
                ext4 /dev/sda1 rw";
    assert_eq!(
        change_of(SHARED, &edited(SHARED, |_| {}, &[line])),
        "mnt./mytmp  + bind of /etc/skel options -rw +ro shared with /\n"
    );
    let line = "1099 1026 0:5 /shm /mytmp rw,nosuid master:2 - \
                devtmpfs udev rw,size=100k,mode=755";
    assert_eq!(
        change_of(SHARED, &edited(SHARED, |_| {}, &[line])),
        "mnt./mytmp  + bind of /dev/shm slave of /dev\n"
    );
}

#[test]
fn options_and_super_options() {
    let edit = |mount: &mut Mount| {
        if mount.at == "/" {
            mount.options = "ro,nodev,relatime".to_owned();
            mount.super_options = "ro".to_owned();
        }
    };
    assert_eq!(
        change_of(SHARED, &edited(SHARED, edit, &[])),
        "mnt./  options -rw +ro +nodev, super -rw +ro\n"
    );
}

#[test]
fn what_every_mount_has_won_is_one_line() {
    let before = [
        "26 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw",
        "28 26 0:21 / /proc rw,nosuid - proc proc rw",
        "29 26 0:22 / /dev rw,relatime - tmpfs dev rw",
        "30 29 0:23 / /dev rw,relatime - tmpfs dev rw",
    ];
    let after = [
        "26 1 8:1 / / ro,nosuid,relatime - ext4 /dev/sda1 rw",
        "28 26 0:21 / /proc ro,nosuid - proc proc rw",
        "29 26 0:22 / /dev rw,relatime - tmpfs dev rw",
        "30 29 0:23 / /dev ro,nosuid,noexec,relatime - tmpfs dev rw",
    ];
    assert_eq!(
        changes(&before, &after),
        "mnt./dev#2   options +noexec\n\
         mnt.options  every mount: -rw +ro +nosuid\n"
    );
}

#[test]
fn a_bound_namespace_has_no_number() {
    let line = "1099 1026 0:4 net:[4026532211] /run/a rw - nsfs nsfs rw";
    assert_eq!(
        change_of(SHARED, &edited(SHARED, |_| {}, &[line])),
        "mnt./run/a  + net namespace private\n"
    );
}

#[test]
fn a_new_cgroup_namespace_renames_the_roots() {
    let before = [
        "26 1 8:1 / / rw - ext4 /dev/sda1 rw",
        "28 26 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw",
    ];
    let after = [
        "26 1 8:1 / / rw - ext4 /dev/sda1 rw",
        "28 26 0:26 /.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw",
    ];
    let mut text = Effect::default();
    effect(
        &observed(&before, &[("ns.cgroup", "cgroup:[1]")]),
        &observed(&after, &[("ns.cgroup", "cgroup:[2]")]),
        &mut text,
    );
    assert_eq!(text.to_string(), "");
}

/// The root of this table is a directory of the old root's superblock.
const PIVOTED: &[&str] = &[
    "70 60 8:1 /tmp/x/root / rw,relatime - ext4 /dev/sda1 rw",
    "71 70 0:80 / /dev rw,nosuid - tmpfs tmpfs rw,size=9k,mode=755",
    "72 70 0:81 / /proc rw,relatime - proc proc rw",
];

#[test]
fn under_a_new_root_the_table_is_listed() {
    assert_eq!(
        changes(SHARED, PIVOTED),
        "mnt        new root: none of the earlier mounts remains\n\
         mnt./      + bind of NEWROOT private\n\
         mnt./dev   + tmpfs tmpfs rw,nosuid (super rw,mode=755) private\n\
         mnt./proc  + proc proc rw,relatime (super rw) private\n"
    );
}

#[test]
fn mounts_left_of_the_earlier_root_are_reported() {
    let mut after = PIVOTED.to_vec();
    after.push("80 70 8:1 / /.old rw,relatime - ext4 /dev/sda1 rw");
    after.push("81 80 0:21 / /.old/proc rw,relatime - proc proc rw");
    assert!(changes(SHARED, &after).contains(
        "mnt./.old  + the earlier root, with some of the \
                       mounts below it private\n"
    ));
    after
        .push("82 80 0:5 / /.old/dev rw - devtmpfs udev rw,size=100k,mode=755");
    let text = changes(FLAT, &after[..5]);
    assert!(text.contains(
        "mnt./.old  + the earlier root, with every mount below it private"
    ));
    assert!(
        text.contains(
            "mnt        new root: of the earlier mounts remain /.old\n"
        )
    );
    assert!(!text.contains("mnt./.old/proc"));
}

#[test]
fn a_new_root_of_its_own_superblock() {
    let after = [
        "70 60 0:90 / / rw,relatime - tmpfs root rw",
        "71 70 8:1 /usr /usr ro,relatime - ext4 /dev/sda1 rw",
    ];
    assert_eq!(
        changes(SHARED, &after),
        "mnt       new root: of the earlier mounts remain /usr\n\
         mnt./     + tmpfs root rw,relatime (super rw) private\n\
         mnt./usr  + bind of /usr options -rw +ro private\n"
    );
}

#[test]
fn a_root_that_is_no_mount_point() {
    let after = ["71 70 0:81 / /proc rw,relatime - proc proc rw"];
    assert_eq!(
        changes(SHARED, &after),
        "mnt        new root, which is no mount point: \
         none of the earlier mounts remains\n\
         mnt./proc  + proc proc rw,relatime (super rw) private\n"
    );
}

#[test]
fn the_order_is_that_of_the_tree() {
    let lines = [
        "5 1 0:5 / /a rw - tmpfs cover rw",
        "4 5 0:4 / /a/b rw - tmpfs above rw",
        "3 1 0:3 / /a rw - tmpfs never-read rw",
        "2 3 0:2 / /a/b rw - tmpfs below rw",
        "1 0 0:1 / / rw - tmpfs root rw",
    ];
    // Two mounts on one point of one parent are not possible; but if a table
    // has them, both must be kept.
    let table: Vec<Mount> =
        lines.iter().map(|line| line.parse().expect("a line")).collect();
    assert_eq!(places(&table).len(), 5);

    let lines = [
        "5 3 0:5 / /a rw - tmpfs cover rw",
        "4 5 0:4 / /a/b rw - tmpfs above rw",
        "3 1 0:3 / /a rw - tmpfs first rw",
        "2 3 0:2 / /a/b rw - tmpfs below rw",
        "1 0 0:1 / / rw - tmpfs root rw",
    ];
    let table: Vec<Mount> =
        lines.iter().map(|line| line.parse().expect("a line")).collect();
    let order: Vec<(Key, &str, Option<&str>)> = places(&table)
        .iter()
        .map(|place| (place.key(), place.mount.source.as_str(), place.state()))
        .collect();
    let expected = [
        ("mnt./", "root", None),
        ("mnt./a", "first", Some("over-mounted")),
        ("mnt./a/b", "below", Some("hidden")),
        ("mnt./a#2", "cover", None),
        ("mnt./a/b#2", "above", None),
    ];
    let expected: Vec<(Key, &str, Option<&str>)> = expected
        .into_iter()
        .map(|(key, source, state)| (key.to_owned(), source, state))
        .collect();
    assert_eq!(order, expected);
}

#[test]
fn a_circle_of_parents_ends() {
    let lines = [
        "1 2 0:1 / /a rw - tmpfs x rw",
        "2 1 0:2 / /b rw - tmpfs x rw",
        "3 3 0:3 / /c rw - tmpfs x rw",
    ];
    let table: Vec<Mount> =
        lines.iter().map(|line| line.parse().expect("a line")).collect();
    assert_eq!(places(&table).len(), 3);
}

mod any_table {
    use proptest::prelude::*;

    use super::*;

    fn one_of(
        words: &'static [&'static str],
    ) -> impl Strategy<Value = &'static str> {
        prop::sample::select(words)
    }

    prop_compose! {
        /// A mount with few possible values, so that a table of some has
        /// stacks, circles, orphans and pairs.
        fn mount()(
            id in 1u64..8,
            parent in 0u64..8,
            device in (0u32..2, 1u32..4),
            root in one_of(&["/", "/a", "/a/b", "uts:[1]"]),
            at in one_of(&["/", "/a", "/a/b", "/c", "/ab"]),
            options in one_of(&["rw", "ro", "rw,nosuid"]),
            shared in prop::option::of(1u64..3),
            master in prop::option::of(1u64..3),
            unbindable: bool,
            fs_type in one_of(&["tmpfs", "nsfs", "cgroup"]),
        ) -> Mount {
            Mount {
                id,
                parent,
                device,
                root: root.to_owned(),
                at: at.to_owned(),
                options: options.to_owned(),
                shared,
                master,
                propagate_from: None,
                unbindable,
                other: vec![],
                fs_type: fs_type.to_owned(),
                source: "none".to_owned(),
                super_options: "rw".to_owned(),
            }
        }
    }

    fn table() -> impl Strategy<Value = Vec<Mount>> {
        prop::collection::vec(mount(), 0..7).prop_map(|mut table| {
            table.sort_by_key(|mount| mount.id);
            table.dedup_by_key(|mount| mount.id);
            table
        })
    }

    fn changes(before: &[Mount], after: &[Mount]) -> Effect {
        let observed = |table: &[Mount]| Observation {
            mounts: Ok(table.to_vec()),
            ..Observation::default()
        };
        let mut changes = Effect::default();
        effect(&observed(before), &observed(after), &mut changes);
        changes
    }

    proptest! {
        #[test]
        fn has_every_mount_in_one_place(table in table()) {
            prop_assert_eq!(places(&table).len(), table.len());
            let keys: HashSet<Key> =
                places(&table).iter().map(Place::key).collect();
            prop_assert_eq!(keys.len(), table.len());
        }

        #[test]
        fn is_the_same_as_itself(table in table()) {
            prop_assert!(changes(&table, &table).is_empty());
        }

        #[test]
        fn can_become_any_other(before in table(), after in table()) {
            changes(&before, &after);
        }

        #[test]
        fn is_not_known_by_its_ids(before in table(), after in table()) {
            let renumbered: Vec<Mount> = after
                .iter()
                .cloned()
                .map(|mut mount| {
                    mount.id += 100;
                    mount.parent += 100;
                    mount
                })
                .collect();
            prop_assert_eq!(
                changes(&before, &after),
                changes(&before, &renumbered)
            );
        }
    }
}

#[test]
fn a_table_that_cannot_be_read_any_more() {
    use nix::errno::Errno;
    let before = observed(SHARED, &[]);
    let mut after = Observation::default();
    let unread = Unread::new("open /proc/self/mountinfo", Errno::ENOENT);
    after.mounts = Err(unread.clone());
    after.read("mounts.from", Err::<String, _>(unread));
    let mut text = Effect::default();
    effect(&before, &after, &mut text);
    assert_eq!(
        text.to_string(),
        "mnt  unread: open /proc/self/mountinfo: ENOENT\n"
    );
    let mut text = Effect::default();
    effect(&before, &Observation::default(), &mut text);
    assert!(text.is_empty());
}
