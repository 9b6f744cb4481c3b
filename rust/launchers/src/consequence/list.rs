//! The records, the only list of them. The first one that matches a row is
//! shown, so that special ones stand before general ones.

use super::record::Change::{
    Add, All, Around, Before, Edit as Edits, First, Inside, Swap,
};
use super::record::Edit::{Mount, MountOption, Push, Remove, Set, Take};
use super::record::Level::{Breaks, Changes, Cosmetic, Security};
use super::record::{Change, Consequence, Fix, Level};

const fn record(
    name: &'static str,
    (key, value): (&'static str, &'static str),
    level: Level,
    sentence: &'static str,
    fixes: &'static [Fix],
) -> Consequence {
    Consequence { name, key, value, level, sentence, fixes, page: None }
}

const fn fix(
    launcher: &'static str,
    wanted: &'static str,
    change: Change,
) -> Fix {
    Fix { launcher, wanted, change }
}

/// A mount that is read-only, one that is writable, and none: it is about rows
/// of which one launcher shows another of these than another launcher.
const READ_ONLY_OR_NOT: &str = "{* ro[,]*,*+ro*} | * rw[,]* | *- gone*";

/// A mount, and none.
const MOUNTED_OR_NOT: &str = "+ * | *- gone*";

/// The words with which a command starts in a network namespace of its own,
/// whose lo is down; and the same after lo was brought up.
const LO_DOWN: Change = Around(&["unshare", "--net"]);
const LO_UP: Change = Around(&[
    "unshare",
    "--net",
    "perl",
    "-e",
    "system split / /, shift; exec @ARGV",
    "ip link set lo up",
]);

/// The fixes of the interface lo: first one of the record's own, then those that
/// every such record has. A launcher that makes a network namespace brings lo up
/// in it, or leaves it down, whatever it is told: another state needs another
/// maker of the namespace.
macro_rules! loopback {
    ($($first:expr),*) => {
        &[
            $($first,)*
            fix(
                "oci",
                "{down,ENETUNREACH}",
                All(&[
                    Edits(&[Take("/linux/namespaces", "type", "network")]),
                    LO_DOWN,
                ]),
            ),
            fix(
                "oci",
                "{unchanged,up*}",
                Edits(&[Push(
                    "/hooks/createContainer",
                    "{\"path\":\"/sbin/ip\",\
                      \"args\":[\"ip\",\"link\",\"set\",\"lo\",\"up\"]}",
                )]),
            ),
            fix(
                "bwrap",
                "{down,ENETUNREACH}",
                All(&[Swap(&["--unshare-net"], &[]), LO_DOWN]),
            ),
            fix(
                "bwrap",
                "{down,ENETUNREACH}",
                All(&[
                    Swap(
                        &["--unshare-all"],
                        &[
                            "--unshare-user",
                            "--unshare-ipc",
                            "--unshare-pid",
                            "--unshare-uts",
                            "--unshare-cgroup",
                        ],
                    ),
                    LO_DOWN,
                ]),
            ),
            fix(
                "podman",
                "{down,ENETUNREACH}",
                All(&[
                    Swap(
                        &["--network=none"],
                        &["--network=ns:/proc/self/ns/net", "--dns=none"],
                    ),
                    LO_DOWN,
                ]),
            ),
            fix(
                "nspawn",
                "{down,ENETUNREACH}",
                All(&[Swap(&["--private-network"], &[]), LO_DOWN]),
            ),
            fix(
                "firejail",
                "{down,ENETUNREACH}",
                All(&[Swap(&["--net=none"], &[]), LO_DOWN]),
            ),
        ]
    };
}

/// The fixes of a seccomp filter that a launcher sets by itself.
const NO_FILTER_OF_NSPAWN: Fix =
    fix("nspawn", "{none,unchanged,0}", Around(&["env", "SYSTEMD_SECCOMP=0"]));
const NO_FILTER_OF_PODMAN: Fix = fix(
    "podman",
    "{none,unchanged,0}",
    Add(&["--security-opt=seccomp=unconfined"]),
);
const NO_FILTER_OF_A_RUNTIME: Fix =
    fix("oci", "{none,unchanged,0}", Edits(&[Remove("/linux/seccomp")]));

/// The fixes of a path that Podman masks or makes read-only.
const UNMASKED: Change = Add(&["--security-opt=unmask={path}"]);
const ALL_UNMASKED: Change = Add(&["--security-opt=unmask=ALL"]);

/// What masks a path, or shows it, in each record of what launchers mask.
const MASKED_BY_A_RUNTIME: Fix =
    fix("oci", "+ *", Edits(&[Push("/linux/maskedPaths", "\"{path}\"")]));
const SHOWN_BY_A_RUNTIME: Fix =
    fix("oci", "unchanged", Edits(&[Take("/linux/maskedPaths", "", "{path}")]));
const MASKED_BY_BWRAP: Fix = fix(
    "bwrap",
    "+ tmpfs tmpfs ro*",
    Add(&["--tmpfs", "{path}", "--remount-ro", "{path}"]),
);
const MASKED_BY_NSPAWN: Fix =
    fix("nspawn", "+ *", Add(&["--inaccessible={path}"]));
const MASKED_BY_A_MOUNT: Fix = fix(
    "cmd",
    "+ tmpfs tmpfs ro*",
    Before("mount -t tmpfs -o ro tmpfs {path}"),
);

/// The fixes of a path that a launcher masks: first one of the record's own,
/// then those that every such record has.
macro_rules! masked {
    ($first:expr) => {
        &[
            $first,
            fix("oci", "unchanged", Edits(&[Remove("/linux/maskedPaths")])),
            MASKED_BY_A_RUNTIME,
            SHOWN_BY_A_RUNTIME,
            MASKED_BY_BWRAP,
            MASKED_BY_NSPAWN,
            fix("podman", "unchanged", ALL_UNMASKED),
            fix("podman", "unchanged", UNMASKED),
            fix("podman", "+ *", Add(&["--security-opt=mask={path}"])),
            MASKED_BY_A_MOUNT,
        ]
    };
}

/// The known consequences. Of several that fit a row, the first counts.
pub const CONSEQUENCES: &[Consequence] = &[
    record(
        "when-exit",
        ("when.exit_*", "*"),
        Breaks,
        "the status of the launcher is not that of the payload: a script that \
         tests it decides otherwise",
        &[],
    )
    .page("differences/exit-status.md"),
    record(
        "when-signal",
        ("when.{killed,segv}", "*"),
        Breaks,
        "a payload that a signal ends is reported by another status: a script \
         that tests it decides otherwise",
        &[],
    )
    .page("differences/exit-status.md"),
    record(
        "when-not-started",
        ("when.{missing,not_executable}", "*"),
        Changes,
        "a payload that cannot be executed is reported by another status",
        &[],
    )
    .page("differences/exit-status.md"),
    record(
        "when-no-shebang",
        ("when.no_shebang", "*"),
        Changes,
        "a script without `#!` is refused under one launcher, and run by a \
         shell under another",
        &[],
    )
    .page("differences/script-without-shebang.md"),
    record(
        "when-at-once",
        ("when.at_once", "*"),
        Breaks,
        "where a launcher does not end after a payload that ends at once, what \
         waits for the launcher waits for ever",
        &[],
    ),
    record(
        "when-sigterm",
        ("when.sigterm", "*"),
        Breaks,
        "SIGTERM, as a service manager sends it, reaches the payload under one \
         launcher; under another it does not, or the payload runs on",
        &[],
    )
    .page("pitfalls/pid-1-and-signals.md"),
    record(
        "when-launcher-killed",
        ("when.launcher_killed", "*"),
        Breaks,
        "where the payload lives on after its launcher was killed, no process \
         waits for it or ends it",
        &[],
    )
    .page("pitfalls/orphan-after-ctrl-c.md"),
    record(
        "when-child-left",
        ("when.child_left", "*"),
        Changes,
        "a process that the payload leaves behind lives on under one launcher, \
         and not under another",
        &[],
    )
    .page("steps/unshare_init.md"),
    record(
        "when-streams",
        ("when.{stdin_stdout,stderr}", "*"),
        Breaks,
        "what goes through a standard stream does not arrive, or the launcher \
         ends otherwise",
        &[],
    ),
    record(
        "loopback-tried",
        ("can.connect.loopback", "*"),
        Breaks,
        "a program that connects to itself at 127.0.0.1 fails where lo is down",
        loopback!(),
    )
    .page("steps/network.md"),
    record(
        "write-root",
        ("{can.write./,can.write./tmp}", "*"),
        Security,
        "where the payload may write to its root or to /tmp, it changes files \
         there; where it may not, a program that needs a file there fails",
        &[
            fix("oci", "EROFS", Edits(&[Set("/root/readonly", "true")])),
            fix("oci", "unchanged", Edits(&[Set("/root/readonly", "false")])),
            fix("bwrap", "EROFS", Swap(&["--bind"], &["--ro-bind"])),
            fix("bwrap", "unchanged", Swap(&["--ro-bind"], &["--bind"])),
            fix("nspawn", "EROFS", Add(&["--read-only"])),
            fix("nspawn", "unchanged", Swap(&["--read-only"], &[])),
            fix(
                "firejail",
                "EROFS",
                Add(&["--read-only=/", "--read-only=/tmp"]),
            ),
            fix(
                "podman",
                "EROFS",
                Add(&["--read-only", "--read-only-tmpfs=false"]),
            ),
            fix("podman", "unchanged", Swap(&["--read-only"], &[])),
        ],
    ),
    record(
        "write-proc-sys",
        ("can.write./proc/sys", "*"),
        Security,
        "where the payload may write to /proc/sys, it changes settings of the \
         kernel",
        &[
            fix(
                "oci",
                "EROFS",
                Edits(&[Push("/linux/readonlyPaths", "\"{path}\"")]),
            ),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/linux/readonlyPaths", "", "{path}")]),
            ),
            fix("bwrap", "EROFS", Add(&["--ro-bind", "{path}", "{path}"])),
            fix(
                "nspawn",
                "unchanged",
                Around(&["env", "SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes"]),
            ),
            fix("podman", "unchanged", UNMASKED),
        ],
    ),
    record(
        "tried",
        ("can.*", "*"),
        Security,
        "the payload tried it: it may do this under one launcher and not under \
         another",
        &[],
    ),
    record(
        "clone3",
        ("call.clone3", "*"),
        Breaks,
        "EPERM for clone3 stops threads and posix_spawn of the GNU C library, \
         and ENOSYS does not",
        &[],
    )
    .page("pitfalls/clone3-refused.md"),
    record(
        "call",
        ("call.*", "*"),
        Breaks,
        "the kernel answers this system call of the payload in another way",
        &[
            NO_FILTER_OF_NSPAWN,
            NO_FILTER_OF_PODMAN,
            fix("nspawn", "unchanged", Add(&["--system-call-filter={name}"])),
            fix(
                "oci",
                "EPERM",
                Edits(&[
                    Set("/linux/seccomp/defaultAction", "\"SCMP_ACT_ALLOW\""),
                    Push(
                        "/linux/seccomp/syscalls",
                        "{\"names\":[\"{name}\"],\
                          \"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1}",
                    ),
                ]),
            ),
            fix(
                "oci",
                "ENOSYS",
                Edits(&[
                    Set("/linux/seccomp/defaultAction", "\"SCMP_ACT_ALLOW\""),
                    Push(
                        "/linux/seccomp/syscalls",
                        "{\"names\":[\"{name}\"],\
                          \"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38}",
                    ),
                ]),
            ),
            NO_FILTER_OF_A_RUNTIME,
        ],
    ),
    record(
        "keyring",
        ("keyring.session", "*"),
        Security,
        "where the session keyring is not its own, the payload reads and \
         changes the keys of the caller",
        &[fix("oci", "unchanged", Add(&["--no-new-keyring"]))],
    ),
    record(
        "stream-by-name",
        ("descriptors.[012].reopen", "*"),
        Breaks,
        "a program that opens a standard stream by its name, as /dev/stderr, \
         is refused",
        &[],
    ),
    record(
        "stream-mode",
        ("descriptors.[012].mode", "*"),
        Changes,
        "a standard stream has another owner or mode",
        &[],
    ),
    record(
        "leads-outside",
        ("descriptors.*.leads", "*"),
        Security,
        "through a descriptor that leads out of its root, the payload reaches \
         the files there",
        &[],
    )
    .page("kernel/handles-that-survive.md"),
    record(
        "landlock",
        ("landlock.layers", "*"),
        Security,
        "a layer of Landlock forbids the payload what file modes allow",
        &[],
    ),
    record(
        "lsm-label",
        ("lsm.label", "*"),
        Security,
        "the security module holds the payload to another profile",
        &[],
    ),
    record(
        "shared-memory-size",
        ("size./dev/shm", "*"),
        Changes,
        "shared memory of the payload is full at another size, as that of a \
         browser or of a database",
        &[
            fix(
                "bwrap",
                "{[0-9]*,+ [0-9]*}",
                Swap(
                    &["--tmpfs", "{path}"],
                    &["--size", "{bytes}", "--tmpfs", "{path}"],
                ),
            ),
            fix(
                "bwrap",
                "{[0-9]*,+ [0-9]*}",
                Add(&[
                    "--perms", "1777", "--size", "{bytes}", "--tmpfs", "{path}",
                ]),
            ),
            fix(
                "oci",
                "{[0-9]*,+ [0-9]*}",
                Edits(&[MountOption("size={kib}k")]),
            ),
            fix("podman", "[0-9]*", Add(&["--shm-size={kib}k"])),
        ],
    ),
    record(
        "size",
        ("{sizes,size.*}", "*"),
        Changes,
        "a tmpfs is full, and writing fails with ENOSPC, at another size",
        &[
            fix(
                "bwrap",
                "{[0-9]*,+ [0-9]*}",
                Add(&["--size", "{bytes}", "--tmpfs", "{path}"]),
            ),
            fix(
                "bwrap",
                "{[0-9]*,+ [0-9]*}",
                Add(&[
                    "--perms", "1777", "--size", "{bytes}", "--tmpfs", "{path}",
                ]),
            ),
            fix(
                "oci",
                "{[0-9]*,+ [0-9]*}",
                Edits(&[MountOption("size={kib}k")]),
            ),
        ],
    ),
    record(
        "processes-before",
        ("processes.last_pid", "*"),
        Cosmetic,
        "another number of processes was started before the payload, and its \
         children have other pids",
        &[],
    )
    .page("differences/payload-pid.md"),
    record(
        "host-limit",
        ("host.limit.*", "*"),
        Breaks,
        "the cgroup of the payload refuses processes, memory or processor time \
         at another limit",
        &[],
    )
    .page("steps/cgroup.md"),
    record(
        "mode",
        ("mode.*", "*"),
        Changes,
        "a directory has another mode or owner: other users may write to it, \
         or the payload may not",
        &[
            fix(
                "oci",
                "{[0-9]*,+ [0-9]*}",
                Edits(&[MountOption("mode={mode}")]),
            ),
            fix(
                "bwrap",
                "{[0-9]*,+ [0-9]*}",
                Add(&["--chmod", "{mode}", "{path}"]),
            ),
        ],
    ),
    record(
        "device",
        ("{dev,dev.*}", "*"),
        Breaks,
        "the payload finds other devices, or may not open one",
        &[
            fix("bwrap", "unchanged", Swap(&["--dev", "/dev"], &[])),
            fix(
                "bwrap",
                "unchanged",
                Swap(&["--dev", "/dev"], &["--dev-bind", "/dev", "/dev"]),
            ),
            fix("bwrap", "unchanged", Add(&["--{name}", "/dev/{name}"])),
            fix("bwrap", "unchanged", Add(&["--dir", "/dev/{name}"])),
            fix("podman", "character device *", Add(&["--device=/dev/{name}"])),
            fix(
                "oci",
                "character device *",
                Edits(&[
                    Push(
                        "/linux/devices",
                        "{\"path\":\"/dev/{name}\",\"type\":\"c\",\
                          \"major\":{major},\"minor\":{minor},\
                          \"fileMode\":{filemode},\
                          \"uid\":{uid},\"gid\":{gid}}",
                    ),
                    Push(
                        "/linux/resources/devices",
                        "{\"allow\":true,\"type\":\"c\",\
                          \"major\":{major},\"minor\":{minor},\
                          \"access\":\"rwm\"}",
                    ),
                ]),
            ),
        ],
    )
    .page("pitfalls/empty-dev.md"),
    record(
        "sysctl",
        ("sysctl.*", "*"),
        Changes,
        "a setting of the kernel has another value for the payload",
        &[
            fix("podman", "[0-9]*", Add(&["--sysctl={sysctl}={value}"])),
            fix(
                "oci",
                "[0-9]*",
                Edits(&[Set("/linux/sysctl/{sysctl}", "\"{value}\"")]),
            ),
        ],
    ),
    record(
        "routes",
        ("{routes.*,nftables}", "*"),
        Breaks,
        "the payload reaches other networks, or other packet filters apply",
        &[],
    )
    .page("steps/network.md"),
    record(
        "arguments",
        ("{argv,argv.*}", "*"),
        Breaks,
        "the payload gets other arguments, or another name for itself",
        &[],
    ),
    record(
        "io-priority",
        ("scheduling.io", "*"),
        Changes,
        "the disk serves the payload earlier or later than others",
        &[
            fix("cmd", "idle", Around(&["ionice", "-c", "3"])),
            fix(
                "oci",
                "best effort *",
                Edits(&[Set(
                    "/process/ioPriority",
                    "{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":{level}}",
                )]),
            ),
        ],
    ),
    record(
        "timers",
        ("lifecycle.timers", "*"),
        Breaks,
        "a timer that the launcher set ends the payload by a signal",
        &[],
    ),
    record(
        "coredump-filter",
        ("lifecycle.coredump", "*"),
        Changes,
        "a core dump of the payload contains other parts of its memory",
        &[],
    ),
    record(
        "parent-outside",
        ("host.parent", "*"),
        Changes,
        "seen from outside, another process is the parent of the payload: it \
         waits for it and ends with it, or does not",
        &[],
    ),
    record(
        "launcher-processes",
        ("host.launcher", "*"),
        Cosmetic,
        "the launcher has other processes or threads while the payload runs",
        &[],
    ),
    record(
        "user-outside",
        ("host.{uid,gid}", "*"),
        Security,
        "seen from outside, the payload belongs to another user or group",
        &[],
    )
    .page("pitfalls/another-user.md"),
    record(
        "seccomp-outside",
        ("host.seccomp", "*"),
        Security,
        "the payload has another seccomp filter, read from outside",
        &[NO_FILTER_OF_NSPAWN, NO_FILTER_OF_PODMAN, NO_FILTER_OF_A_RUNTIME],
    )
    .page("steps/container.md"),
    record(
        "ran",
        ("ran", "*"),
        Breaks,
        "a launcher that runs its payload in another state does not run it in \
         this one",
        &[],
    ),
    record(
        "seccomp",
        ("security.seccomp", "*"),
        Security,
        "where there is no filter, the payload may make every system call",
        &[NO_FILTER_OF_NSPAWN, NO_FILTER_OF_PODMAN, NO_FILTER_OF_A_RUNTIME],
    )
    .page("steps/container.md"),
    record(
        "seccomp-filters",
        ("security.seccomp_filters", "*"),
        Security,
        "the payload has another number of seccomp filters, so that other \
         calls may be refused",
        &[NO_FILTER_OF_NSPAWN, NO_FILTER_OF_PODMAN, NO_FILTER_OF_A_RUNTIME],
    )
    .page("steps/container.md"),
    record(
        "no-new-privs",
        ("security.no_new_privs", "*"),
        Security,
        "where no_new_privs is not set, a set-user-ID program gives the \
         payload more privileges",
        &[
            fix(
                "oci",
                "yes",
                Edits(&[Set("/process/noNewPrivileges", "true")]),
            ),
            fix(
                "oci",
                "unchanged",
                Edits(&[Set("/process/noNewPrivileges", "false")]),
            ),
            fix("cmd", "yes", Around(&["setpriv", "--no-new-privs"])),
            fix("nspawn", "yes", Add(&["--no-new-privileges=yes"])),
            fix("firejail", "yes", Add(&["--nonewprivs"])),
            fix("podman", "yes", Add(&["--security-opt=no-new-privileges"])),
        ],
    )
    .page("steps/container.md"),
    record(
        "securebits",
        ("security.securebits", "*"),
        Security,
        "the securebits decide whether user ID 0 has capabilities after \
         execve",
        &[],
    ),
    record(
        "capabilities-effective",
        ("capabilities.{effective,permitted}", "*"),
        Security,
        "the kernel allows the payload other privileged operations",
        &[
            fix("bwrap", "none", Add(&["--cap-drop", "ALL"])),
            fix(
                "bwrap",
                "[A-Z]*",
                Add(&["--cap-drop", "ALL", "--cap-add {cap}"]),
            ),
            fix("bwrap", "unchanged", Add(&["--cap-add", "ALL"])),
            fix("firejail", "none", Add(&["--caps.drop=all"])),
            fix("firejail", "[A-Z]*", Add(&["--caps.keep={caps}"])),
            fix("nspawn", "unchanged", Add(&["--capability=all"])),
            fix("podman", "none", Add(&["--cap-drop=ALL"])),
            fix("podman", "unchanged", Add(&["--cap-add=ALL"])),
            fix(
                "podman",
                "[A-Z]*",
                Add(&["--cap-drop=ALL", "--cap-add {cap}"]),
            ),
            fix("oci", "none", Edits(&[Set("/process/capabilities", "{}")])),
            fix(
                "oci",
                "[A-Z]*",
                Edits(&[
                    Set("/process/capabilities/bounding", "[{cap}]"),
                    Set("/process/capabilities/effective", "[{cap}]"),
                    Set("/process/capabilities/permitted", "[{cap}]"),
                ]),
            ),
            fix(
                "oci",
                "all*",
                Edits(&[
                    Set("/process/capabilities/bounding", "[{cap}]"),
                    Set("/process/capabilities/effective", "[{cap}]"),
                    Set("/process/capabilities/permitted", "[{cap}]"),
                ]),
            ),
            fix(
                "cmd",
                "none",
                Inside(&[
                    "setpriv",
                    "--inh-caps",
                    "-all",
                    "--bounding-set",
                    "-all",
                ]),
            ),
            fix(
                "cmd",
                "{[A-Z]*,all but *}",
                Inside(&["setpriv", "--bounding-set", "{minuscaps}"]),
            ),
            fix("nspawn", "none", Add(&["--drop-capability=all"])),
            fix(
                "nspawn",
                "{[A-Z]*,all but *}",
                Add(&["--capability={caps}", "--drop-capability={others}"]),
            ),
        ],
    )
    .page("steps/user.md"),
    record(
        "capabilities-bounding",
        ("capabilities.bounding", "*"),
        Security,
        "a set-user-ID program can give the payload the capabilities of \
         the bounding set",
        &[
            fix("cmd", "none", Around(&["setpriv", "--bounding-set", "-all"])),
            fix(
                "oci",
                "none",
                Edits(&[Set("/process/capabilities/bounding", "[]")]),
            ),
            fix(
                "oci",
                "all*",
                Edits(&[Set("/process/capabilities/bounding", "[{cap}]")]),
            ),
            fix(
                "oci",
                "[A-Z]*",
                Edits(&[Set("/process/capabilities/bounding", "[{cap}]")]),
            ),
            fix("nspawn", "unchanged", Add(&["--capability=all"])),
            fix("podman", "unchanged", Add(&["--cap-add=ALL"])),
            fix(
                "podman",
                "[A-Z]*",
                Add(&["--cap-drop=ALL", "--cap-add {cap}"]),
            ),
            fix(
                "cmd",
                "none",
                Inside(&[
                    "setpriv",
                    "--inh-caps",
                    "-all",
                    "--bounding-set",
                    "-all",
                ]),
            ),
            fix(
                "cmd",
                "{[A-Z]*,all but *}",
                Inside(&["setpriv", "--bounding-set", "{minuscaps}"]),
            ),
            fix("nspawn", "none", Add(&["--drop-capability=all"])),
            fix(
                "nspawn",
                "{[A-Z]*,all but *}",
                Add(&["--capability={caps}", "--drop-capability={others}"]),
            ),
        ],
    )
    .page("steps/user.md"),
    record(
        "capabilities-ambient",
        ("capabilities.{ambient,inheritable}", "*"),
        Security,
        "an ambient capability stays with programs that the payload \
         starts, even where it is not user ID 0",
        &[
            fix(
                "oci",
                "none",
                Edits(&[
                    Set("/process/capabilities/ambient", "[]"),
                    Set("/process/capabilities/inheritable", "[]"),
                ]),
            ),
            fix(
                "oci",
                "unchanged",
                Edits(&[
                    Set("/process/capabilities/ambient", "[]"),
                    Set("/process/capabilities/inheritable", "[]"),
                ]),
            ),
            fix(
                "oci",
                "{[A-Z]*,all*}",
                Edits(&[Set("/process/capabilities/{name}", "[{cap}]")]),
            ),
        ],
    )
    .page("steps/user.md"),
    record(
        "user-id",
        ("ids.uid", "*"),
        Security,
        "the payload runs as another user: it may open other files and \
         signal other processes",
        &[
            fix(
                "cmd",
                "[0-9]*",
                Around(&["setpriv", "--reuid={value}", "--keep-groups"]),
            ),
            fix("unshare", "[0-9]*", Add(&["--setuid={value}"])),
            fix("podman", "[0-9]*", Add(&["--user={value}"])),
            fix("oci", "[0-9]*", Edits(&[Set("/process/user/uid", "{value}")])),
            fix("oci", "unchanged", Edits(&[Set("/process/user/uid", "0")])),
        ],
    )
    .page("pitfalls/another-user.md"),
    record(
        "group-id",
        ("ids.gid", "*"),
        Security,
        "the payload runs as another group: it may open other files",
        &[
            fix(
                "cmd",
                "[0-9]*",
                Around(&["setpriv", "--regid={value}", "--keep-groups"]),
            ),
            fix("unshare", "[0-9]*", Add(&["--setgid={value}"])),
            fix("oci", "[0-9]*", Edits(&[Set("/process/user/gid", "{value}")])),
            fix("oci", "unchanged", Edits(&[Set("/process/user/gid", "0")])),
        ],
    )
    .page("pitfalls/another-user.md"),
    record(
        "supplementary-groups",
        ("ids.groups", "*"),
        Security,
        "a supplementary group gives the payload the files of that group",
        &[
            fix("cmd", "[0-9]*", Around(&["setpriv", "--groups", "{list}"])),
            fix(
                "cmd",
                "{none,unchanged}",
                Around(&["setpriv", "--clear-groups"]),
            ),
            fix(
                "oci",
                "[0-9]*",
                Edits(&[Set("/process/user/additionalGids", "[{list}]")]),
            ),
            fix(
                "oci",
                "{none,unchanged}",
                Edits(&[Remove("/process/user/additionalGids")]),
            ),
        ],
    )
    .page("pitfalls/another-user.md"),
    record(
        "id-map",
        ("id_maps.{uid,gid}", "*"),
        Changes,
        "files of users that are not mapped belong to the overflow user \
         for the payload",
        &[],
    )
    .page("kernel/id-maps.md"),
    record(
        "setgroups",
        ("id_maps.setgroups", "*"),
        Breaks,
        "where setgroups is denied, a program that changes its user fails \
         with EPERM",
        &[],
    )
    .page("kernel/id-maps.md"),
    record(
        "namespace-mnt",
        ("ns.mnt", "*"),
        Security,
        "where the mount namespace is not new, mounts of the payload are \
         mounts of the caller",
        &[
            fix("unshare", "new", Add(&["--mount"])),
            fix(
                "oci",
                "new",
                Edits(&[Push("/linux/namespaces", "{\"type\":\"mount\"}")]),
            ),
            fix("unshare", "unchanged", Swap(&["--mount"], &[])),
        ],
    )
    .page("steps/mount.md"),
    record(
        "namespace-pid",
        ("ns.pid", "*"),
        Security,
        "where the pid namespace is not new, the payload sees the \
         processes of the caller and may signal them",
        &[
            fix("bwrap", "new", Add(&["--unshare-pid", "--proc", "/proc"])),
            fix("bwrap", "new", Add(&["--unshare-pid"])),
            fix("unshare", "new", Add(&["--pid", "--fork", "--mount-proc"])),
            fix("unshare", "new", Add(&["--pid", "--fork"])),
            fix(
                "oci",
                "new",
                Edits(&[Push("/linux/namespaces", "{\"type\":\"pid\"}")]),
            ),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/linux/namespaces", "type", "pid")]),
            ),
            fix(
                "bwrap",
                "unchanged",
                Swap(
                    &["--unshare-all"],
                    &[
                        "--unshare-user",
                        "--unshare-ipc",
                        "--unshare-net",
                        "--unshare-uts",
                        "--unshare-cgroup",
                    ],
                ),
            ),
            fix("bwrap", "unchanged", Swap(&["--unshare-pid"], &[])),
            fix(
                "unshare",
                "unchanged",
                Swap(&["--pid", "--fork", "--mount-proc"], &[]),
            ),
            fix("unshare", "unchanged", Swap(&["--pid"], &[])),
        ],
    )
    .page("steps/pid.md"),
    record(
        "namespace-net",
        ("ns.net", "*"),
        Security,
        "where the network namespace is not new, the payload uses the \
         network, the ports and the abstract sockets of the caller",
        &[
            fix("bwrap", "new", Add(&["--unshare-net"])),
            fix("unshare", "new", Add(&["--net"])),
            fix("nspawn", "new", Add(&["--private-network"])),
            fix("nspawn", "new", LO_DOWN),
            fix("nspawn", "new", LO_UP),
            fix("firejail", "new", Add(&["--net=none"])),
            fix("firejail", "new", LO_DOWN),
            // Podman adds a network to those that it has; it takes no other
            // beside the host's or none.
            fix(
                "podman",
                "new",
                Swap(&["--network=host"], &["--network=none"]),
            ),
            fix(
                "podman",
                "new",
                Swap(&["--network", "host"], &["--network=none"]),
            ),
            fix(
                "podman",
                "unchanged",
                Swap(&["--network=none"], &["--network=host"]),
            ),
            fix(
                "podman",
                "unchanged",
                Swap(&["--network", "none"], &["--network=host"]),
            ),
            fix("podman", "unchanged", Add(&["--network=host"])),
            fix(
                "oci",
                "new",
                Edits(&[Push("/linux/namespaces", "{\"type\":\"network\"}")]),
            ),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/linux/namespaces", "type", "network")]),
            ),
            fix(
                "bwrap",
                "unchanged",
                Swap(
                    &["--unshare-all"],
                    &[
                        "--unshare-user",
                        "--unshare-ipc",
                        "--unshare-pid",
                        "--unshare-uts",
                        "--unshare-cgroup",
                    ],
                ),
            ),
            fix("bwrap", "unchanged", Swap(&["--unshare-net"], &[])),
            fix("unshare", "unchanged", Swap(&["--net"], &[])),
        ],
    )
    .page("steps/network.md"),
    record(
        "namespace-ipc",
        ("ns.ipc", "*"),
        Security,
        "where the ipc namespace is not new, the payload reaches the \
         queues and the shared memory of the caller",
        &[
            fix("bwrap", "new", Add(&["--unshare-ipc"])),
            fix("unshare", "new", Add(&["--ipc"])),
            fix("firejail", "new", Add(&["--ipc-namespace"])),
            fix("podman", "unchanged", Add(&["--ipc=host"])),
            fix(
                "oci",
                "new",
                Edits(&[Push("/linux/namespaces", "{\"type\":\"ipc\"}")]),
            ),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/linux/namespaces", "type", "ipc")]),
            ),
            fix(
                "bwrap",
                "unchanged",
                Swap(
                    &["--unshare-all"],
                    &[
                        "--unshare-user",
                        "--unshare-pid",
                        "--unshare-net",
                        "--unshare-uts",
                        "--unshare-cgroup",
                    ],
                ),
            ),
            fix("bwrap", "unchanged", Swap(&["--unshare-ipc"], &[])),
            fix("unshare", "unchanged", Swap(&["--ipc"], &[])),
        ],
    )
    .page("steps/ipc.md"),
    record(
        "namespace-uts",
        ("ns.uts", "*"),
        Security,
        "where the uts namespace is not new, a host name that the payload \
         sets is set for the caller",
        &[
            fix("bwrap", "new", Add(&["--unshare-uts"])),
            fix("unshare", "new", Add(&["--uts"])),
            fix("firejail", "new", Add(&["--hostname={hostname}"])),
            fix("podman", "unchanged", Add(&["--uts=host"])),
            fix(
                "oci",
                "new",
                Edits(&[Push("/linux/namespaces", "{\"type\":\"uts\"}")]),
            ),
            fix(
                "oci",
                "unchanged",
                Edits(&[
                    Take("/linux/namespaces", "type", "uts"),
                    Remove("/hostname"),
                    Remove("/domainname"),
                ]),
            ),
            fix(
                "bwrap",
                "unchanged",
                Swap(
                    &["--unshare-all"],
                    &[
                        "--unshare-user",
                        "--unshare-ipc",
                        "--unshare-pid",
                        "--unshare-net",
                        "--unshare-cgroup",
                    ],
                ),
            ),
            fix("bwrap", "unchanged", Swap(&["--unshare-uts"], &[])),
            fix("unshare", "unchanged", Swap(&["--uts"], &[])),
        ],
    )
    .page("steps/uts.md"),
    record(
        "namespace-user",
        ("ns.user", "*"),
        Security,
        "where the user namespace is not new, root of the payload is root \
         of the caller",
        &[
            fix("bwrap", "new", Add(&["--unshare-user"])),
            fix("unshare", "new", Add(&["--user", "--map-root-user"])),
            fix("nspawn", "new", Add(&["--private-users=pick"])),
            fix("podman", "new", Add(&["--uidmap=0:0:1", "--gidmap=0:0:1"])),
            fix(
                "oci",
                "new",
                Edits(&[
                    Push("/linux/namespaces", "{\"type\":\"user\"}"),
                    Set(
                        "/linux/uidMappings",
                        "[{\"containerID\":0,\"hostID\":0,\"size\":1}]",
                    ),
                    Set(
                        "/linux/gidMappings",
                        "[{\"containerID\":0,\"hostID\":0,\"size\":1}]",
                    ),
                ]),
            ),
            fix(
                "oci",
                "unchanged",
                Edits(&[
                    Take("/linux/namespaces", "type", "user"),
                    Remove("/linux/uidMappings"),
                    Remove("/linux/gidMappings"),
                ]),
            ),
            fix(
                "bwrap",
                "unchanged",
                Swap(
                    &["--unshare-all"],
                    &[
                        "--unshare-ipc",
                        "--unshare-pid",
                        "--unshare-net",
                        "--unshare-uts",
                        "--unshare-cgroup",
                    ],
                ),
            ),
            fix("bwrap", "unchanged", Swap(&["--unshare-user"], &[])),
            fix("bwrap", "unchanged", Swap(&["--unshare-user-try"], &[])),
            fix(
                "unshare",
                "unchanged",
                Swap(&["--user", "--map-root-user"], &[]),
            ),
            fix("nspawn", "unchanged", Add(&["--private-users=no"])),
        ],
    )
    .page("steps/user.md"),
    record(
        "namespace-cgroup",
        ("ns.cgroup", "*"),
        Security,
        "where the cgroup namespace is not new, the payload sees the names \
         of cgroups above its own",
        &[
            fix("bwrap", "new", Add(&["--unshare-cgroup"])),
            fix("unshare", "new", Add(&["--cgroup"])),
            fix("podman", "unchanged", Add(&["--cgroupns=host"])),
            fix(
                "oci",
                "new",
                Edits(&[Push("/linux/namespaces", "{\"type\":\"cgroup\"}")]),
            ),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/linux/namespaces", "type", "cgroup")]),
            ),
            fix(
                "bwrap",
                "unchanged",
                Swap(
                    &["--unshare-all"],
                    &[
                        "--unshare-user",
                        "--unshare-ipc",
                        "--unshare-pid",
                        "--unshare-net",
                        "--unshare-uts",
                    ],
                ),
            ),
            fix("bwrap", "unchanged", Swap(&["--unshare-cgroup"], &[])),
            fix("bwrap", "unchanged", Swap(&["--unshare-cgroup-try"], &[])),
            fix("unshare", "unchanged", Swap(&["--cgroup"], &[])),
            fix(
                "nspawn",
                "unchanged",
                Around(&["env", "SYSTEMD_NSPAWN_USE_CGNS=0"]),
            ),
        ],
    )
    .page("steps/cgroup.md"),
    record(
        "namespace-time",
        ("ns.{time,time_for_children}", "*"),
        Changes,
        "in a new time namespace, the clocks of the payload may count from \
         another moment",
        &[
            fix("unshare", "new", Add(&["--time"])),
            fix(
                "oci",
                "new",
                Edits(&[Push("/linux/namespaces", "{\"type\":\"time\"}")]),
            ),
            fix(
                "oci",
                "unchanged",
                Edits(&[
                    Take("/linux/namespaces", "type", "time"),
                    Remove("/linux/timeOffsets"),
                ]),
            ),
        ],
    )
    .page("steps/time.md"),
    record(
        "namespace-of-children",
        ("ns.pid_for_children", "*"),
        Breaks,
        "the first child of the payload becomes init of another pid \
         namespace, and no process can be started there after its end",
        &[fix("unshare", "unchanged", Add(&["--fork"]))],
    )
    .page("pitfalls/hidden-first-child.md"),
    record(
        "namespace-owner",
        ("ns.*.owner", "*"),
        Security,
        "the user namespace that owns a namespace decides which \
         capabilities count in it",
        &[],
    )
    .page("steps/user.md"),
    record(
        "chroot",
        ("root", "*"),
        Security,
        "a privileged payload leaves a root that was set by chroot(2)",
        &[],
    )
    .page("steps/pivot_root.md"),
    record(
        "root-file",
        ("root.file", "*"),
        Changes,
        "the payload has another root directory",
        &[],
    )
    .page("steps/pivot_root.md"),
    record(
        "working-directory",
        ("{cwd,cwd.file}", "*"),
        Breaks,
        "relative paths lead the payload to other files",
        &[
            fix("bwrap", "/*", Add(&["--chdir", "{value}"])),
            fix("unshare", "/*", Add(&["--wd={value}"])),
            fix("nspawn", "/*", Add(&["--chdir={value}"])),
            fix("podman", "/*", Add(&["--workdir={value}"])),
            fix("oci", "/*", Edits(&[Set("/process/cwd", "\"{value}\"")])),
            fix("cmd", "/*", Around(&["env", "--chdir={value}"])),
        ],
    )
    .page("pitfalls/no-chdir.md"),
    record(
        "root-mount",
        ("mnt", "*"),
        Changes,
        "the payload sees another mount tree: the rows of its mounts say \
         which",
        &[],
    ),
    record(
        "propagation",
        ("mnt.propagation", "*"),
        Security,
        "a mount in a shared tree appears in other mount namespaces",
        &[
            fix("unshare", "*-> private*", Add(&["--propagation", "private"])),
            fix("unshare", "*-> slave*", Add(&["--propagation", "slave"])),
            fix("unshare", "*-> shared*", Add(&["--propagation", "shared"])),
            fix("unshare", "unchanged", Add(&["--propagation", "unchanged"])),
        ],
    )
    .page("kernel/propagation.md"),
    record(
        "mount-shared",
        ("mnt./*", "*shared*"),
        Security,
        "mounts that are made there propagate between the payload and \
         other mount namespaces",
        &[
            fix("oci", "+ *", Edits(&[Mount])),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "{path}")]),
            ),
            fix(
                "nspawn",
                "unchanged",
                Around(&["env", "SYSTEMD_NSPAWN_API_VFS_WRITABLE=no"]),
            ),
            fix(
                "nspawn",
                "unchanged",
                Around(&["env", "SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes"]),
            ),
            fix("nspawn", "unchanged", Add(&["--timezone=off"])),
        ],
    )
    .page("kernel/propagation.md"),
    record(
        "options-nodev",
        ("mnt.options", "*+nodev*"),
        Breaks,
        "no device can be opened: open of /dev/null fails with EACCES",
        &[
            fix(
                "bwrap",
                "unchanged",
                Swap(&["--bind", "/", "/"], &["--dev-bind", "/", "/"]),
            ),
            fix(
                "bwrap",
                "*+nosuid",
                Swap(&["--bind", "/", "/"], &["--dev-bind", "/", "/"]),
            ),
            fix(
                "bwrap",
                "*+nodev*",
                Swap(&["--dev-bind", "/", "/"], &["--bind", "/", "/"]),
            ),
        ],
    )
    .page("kernel/mount-flags.md"),
    record(
        "options-nosuid",
        ("mnt.options", "*+nosuid*"),
        Changes,
        "set-user-ID programs such as sudo give no privileges",
        &[],
    )
    .page("kernel/mount-flags.md"),
    record(
        "options",
        ("mnt.options", "*"),
        Changes,
        "every mount has other options",
        &[],
    )
    .page("kernel/mount-flags.md"),
    record(
        "proc-sys",
        ("mnt./proc/{sys,sys#*}", READ_ONLY_OR_NOT),
        Security,
        "where /proc/sys is writable, the payload changes settings of the \
         kernel",
        &[
            fix("bwrap", "*ro*", Add(&["--ro-bind", "/proc/sys", "/proc/sys"])),
            fix("nspawn", "*ro*", Add(&["--bind-ro=/proc/sys"])),
            fix("oci", "unchanged", Edits(&[Remove("/linux/readonlyPaths")])),
            fix(
                "oci",
                "{* ro[,]*,*+ro*}",
                Edits(&[Push("/linux/readonlyPaths", "\"{path}\"")]),
            ),
            fix(
                "oci",
                "{unchanged,* rw[,]*}",
                Edits(&[Take("/linux/readonlyPaths", "", "{path}")]),
            ),
            fix("cmd", "* ro[,]*", Before("mount --bind -o ro {path} {path}")),
            fix("podman", "unchanged", ALL_UNMASKED),
            fix("podman", "unchanged", UNMASKED),
            fix(
                "nspawn",
                "unchanged",
                Around(&["env", "SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes"]),
            ),
        ],
    )
    .page("kernel/proc-in-a-user-namespace.md"),
    record(
        "proc-masked",
        (
            "mnt./proc/{acpi,asound,interrupts,kcore,keys,latency_stats,\
             sched_debug,scsi,timer_list,timer_stats}*",
            MOUNTED_OR_NOT,
        ),
        Security,
        "a file of /proc that is not masked tells the payload about the \
         host",
        masked![fix(
            "bwrap",
            "*",
            Add(&["--ro-bind", "/dev/null", "/proc/{name}"])
        )],
    )
    .page("kernel/proc-in-a-user-namespace.md"),
    record(
        "proc-read-only",
        ("mnt./proc/{bus,fs,irq,sysrq-trigger}*", READ_ONLY_OR_NOT),
        Security,
        "where it is writable, root of the payload changes the host \
         through it",
        &[
            fix("podman", "unchanged", ALL_UNMASKED),
            fix("podman", "unchanged", UNMASKED),
            fix(
                "bwrap",
                "*ro*",
                Add(&["--ro-bind", "/proc/{name}", "/proc/{name}"]),
            ),
            fix("oci", "unchanged", Edits(&[Remove("/linux/readonlyPaths")])),
            fix(
                "oci",
                "{* ro[,]*,*+ro*}",
                Edits(&[Push("/linux/readonlyPaths", "\"{path}\"")]),
            ),
            fix(
                "oci",
                "{unchanged,* rw[,]*}",
                Edits(&[Take("/linux/readonlyPaths", "", "{path}")]),
            ),
            fix("cmd", "* ro[,]*", Before("mount --bind -o ro {path} {path}")),
        ],
    )
    .page("kernel/proc-in-a-user-namespace.md"),
    record(
        "sys-masked",
        ("mnt./sys/{firmware,devices,dev}*", MOUNTED_OR_NOT),
        Security,
        "what is not masked in /sys tells the payload about the hardware \
         of the host",
        masked![fix("bwrap", "*tmpfs*", Add(&["--tmpfs", "/sys/firmware"]))],
    ),
    record(
        "sys-cgroup",
        ("mnt./sys/fs/cgroup*", "*"),
        Security,
        "where the cgroup file system is writable, root of the payload \
         changes its limits",
        &[
            fix(
                "bwrap",
                "*ro*",
                Add(&["--ro-bind", "/sys/fs/cgroup", "/sys/fs/cgroup"]),
            ),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "/sys/fs/cgroup")]),
            ),
            fix("oci", "+ *", Edits(&[Mount])),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "{path}")]),
            ),
        ],
    )
    .page("steps/cgroup.md"),
    record(
        "sys",
        ("mnt./{sys,sys#*}", READ_ONLY_OR_NOT),
        Security,
        "where /sys is writable, root of the payload changes devices of \
         the host",
        &[
            fix("bwrap", "*ro*", Add(&["--ro-bind", "/sys", "/sys"])),
            fix("oci", "+ *", Edits(&[Mount])),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "{path}")]),
            ),
            fix(
                "nspawn",
                "*rw*",
                Around(&["env", "SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes"]),
            ),
        ],
    ),
    record(
        "sys-options",
        ("mnt./{sys,sys#*}", "*"),
        Changes,
        "/sys is read-only under each, or under none, and has other options",
        &[
            fix("oci", "+ *", Edits(&[Mount])),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "{path}")]),
            ),
        ],
    ),
    record(
        "masked-otherwise",
        (
            "mnt./{sys/{firmware,devices,dev},proc/{acpi,asound,interrupts,kcore,\
             keys,latency_stats,sched_debug,scsi,timer_list,timer_stats}}*",
            "*",
        ),
        Cosmetic,
        "something else is mounted over what each launcher masks",
        &[
            MASKED_BY_A_RUNTIME,
            SHOWN_BY_A_RUNTIME,
            MASKED_BY_BWRAP,
            MASKED_BY_NSPAWN,
            MASKED_BY_A_MOUNT,
        ],
    )
    .page("kernel/proc-in-a-user-namespace.md"),
    record(
        "proc-options",
        ("mnt./proc/{sys,bus,fs,irq,sysrq-trigger}*", "*"),
        Changes,
        "a part of /proc that is read-only under each, or under none, has \
         other options",
        &[
            fix(
                "oci",
                "{* ro[,]*,*+ro*}",
                Edits(&[Push("/linux/readonlyPaths", "\"{path}\"")]),
            ),
            fix(
                "oci",
                "{unchanged,* rw[,]*}",
                Edits(&[Take("/linux/readonlyPaths", "", "{path}")]),
            ),
            fix("cmd", "* ro[,]*", Before("mount --bind -o ro {path} {path}")),
        ],
    ),
    record(
        "proc-of-another",
        ("mnt./proc*", "*"),
        Breaks,
        "a missing or another /proc: ps, and what reads /proc/self, find \
         other processes or none",
        &[
            fix("bwrap", "*proc*", Add(&["--proc", "/proc"])),
            fix("unshare", "*proc*", Add(&["--mount-proc"])),
            fix("oci", "+ *", Edits(&[Mount])),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "{path}")]),
            ),
            fix("bwrap", "unchanged", Swap(&["--proc", "/proc"], &[])),
            fix("unshare", "unchanged", Swap(&["--mount-proc"], &[])),
        ],
    )
    .page("kernel/whose-procfs.md"),
    record(
        "dev",
        ("mnt./{dev,dev#*}", "*"),
        Breaks,
        "the payload finds other devices in /dev",
        &[
            fix("bwrap", "*tmpfs*", Add(&["--dev", "/dev"])),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "/dev")]),
            ),
            fix("oci", "+ *", Edits(&[Mount])),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "{path}")]),
            ),
            fix("bwrap", "unchanged", Swap(&["--dev", "/dev"], &[])),
            fix(
                "bwrap",
                "unchanged",
                Swap(&["--dev", "/dev"], &["--dev-bind", "/dev", "/dev"]),
            ),
        ],
    )
    .page("pitfalls/empty-dev.md"),
    record(
        "dev-pts",
        ("mnt./dev/{pts,console}*", "*"),
        Breaks,
        "the payload cannot make, or does not see, the same terminals",
        &[
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "/dev/pts")]),
            ),
            fix("oci", "+ *", Edits(&[Mount])),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "{path}")]),
            ),
        ],
    ),
    record(
        "dev-shm",
        ("mnt./dev/{shm,mqueue}*", "*"),
        Changes,
        "the payload shares its memory or its queues in /dev with other \
         processes",
        &[
            fix("bwrap", "*tmpfs*", Add(&["--tmpfs", "/dev/shm"])),
            fix("bwrap", "*mqueue*", Add(&["--mqueue", "/dev/mqueue"])),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "/dev/{name}")]),
            ),
            fix("oci", "+ *", Edits(&[Mount])),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "{path}")]),
            ),
        ],
    ),
    record(
        "temporary-files",
        ("mnt./{tmp,run,var/tmp}*", "*"),
        Changes,
        "temporary files and sockets of the caller are not those of the \
         payload",
        &[
            fix("bwrap", "+ tmpfs*", Add(&["--tmpfs", "/{name}"])),
            fix("firejail", "*tmpfs*", Add(&["--private-tmp"])),
            fix("firejail", "unchanged", Add(&["--keep-var-tmp"])),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "/{name}")]),
            ),
            fix("oci", "+ *", Edits(&[Mount])),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "{path}")]),
            ),
            fix(
                "nspawn",
                "unchanged",
                Around(&["env", "SYSTEMD_NSPAWN_TMPFS_TMP=0"]),
            ),
            fix("nspawn", "+ tmpfs*", Add(&["--tmpfs={path}"])),
        ],
    ),
    record(
        "root-read-only",
        ("mnt./", READ_ONLY_OR_NOT),
        Changes,
        "where the root is read-only, the payload changes no file there",
        &[
            fix("oci", "*+ro*", Edits(&[Set("/root/readonly", "true")])),
            fix("oci", "+ *", Edits(&[Set("/root/readonly", "false")])),
            fix("nspawn", "*+ro*", Add(&["--read-only"])),
            fix("bwrap", "*+ro*", Swap(&["--bind"], &["--ro-bind"])),
            fix("bwrap", "+ *", Swap(&["--ro-bind"], &["--bind"])),
        ],
    )
    .page("kernel/mount-flags.md"),
    record(
        "system-read-only",
        ("mnt./{etc,etc#*,var,var#*,var/log,var/log#*}", "*"),
        Breaks,
        "what the payload writes below /etc and /var fails, or goes to another \
         place",
        &[
            fix("firejail", "unchanged", Add(&["--writable-etc"])),
            fix("firejail", "unchanged", Add(&["--writable-var"])),
            fix("firejail", "unchanged", Add(&["--writable-var-log"])),
            fix("oci", "+ *", Edits(&[Mount])),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "{path}")]),
            ),
        ],
    ),
    record(
        "etc-hosts",
        ("mnt./etc/hosts*", "*"),
        Changes,
        "the payload finds other names in /etc/hosts",
        &[fix("podman", "unchanged", Add(&["--no-hosts"]))],
    ),
    record(
        "mount-gone",
        ("mnt./*", "*gone*"),
        Breaks,
        "what the mount showed is not there for the payload",
        &[
            fix("oci", "+ *", Edits(&[Mount])),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "{path}")]),
            ),
        ],
    ),
    record(
        "mount",
        ("mnt./*", "*"),
        Changes,
        "the payload sees another mount there",
        &[
            fix("oci", "+ *", Edits(&[Mount])),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/mounts", "destination", "{path}")]),
            ),
            fix("firejail", "unchanged", Add(&["--noblacklist={path}"])),
            fix("firejail", "unchanged", Add(&["--allow-debuggers"])),
            fix("nspawn", "unchanged", Add(&["--timezone=off"])),
        ],
    ),
    record(
        "pid-1",
        ("processes.pid", "1"),
        Breaks,
        "as init of its pid namespace, the payload is not ended by a \
         signal that it does not handle, and has to reap orphans",
        &[
            fix("bwrap", "1", Add(&["--as-pid-1"])),
            fix("nspawn", "[2-9]*", Add(&["--as-pid2"])),
            fix("unshare", "1", Add(&["--fork"])),
            fix("podman", "[2-9]*", Add(&["--init"])),
            fix("nspawn", "2", Add(&["--as-pid2"])),
            fix(
                "cmd",
                "[2-9]",
                Inside(&["perl", "-e", "exit(system(@ARGV) >> 8)"]),
            ),
        ],
    )
    .page("pitfalls/pid-1-and-signals.md"),
    record(
        "pid",
        ("processes.pid", "*"),
        Changes,
        "the payload has another number in its pid namespace",
        &[
            fix("nspawn", "[2-9]*", Add(&["--as-pid2"])),
            fix(
                "cmd",
                "[2-9]",
                Inside(&["perl", "-e", "exit(system(@ARGV) >> 8)"]),
            ),
        ],
    )
    .page("differences/payload-pid.md"),
    record(
        "procfs",
        ("processes.proc", "*"),
        Security,
        "/proc shows the processes of another pid namespace, with their \
         arguments and environments",
        &[
            fix(
                "bwrap",
                "{unchanged,of this pid namespace}",
                Add(&["--proc", "/proc"]),
            ),
            fix(
                "unshare",
                "{unchanged,of this pid namespace}",
                Add(&["--mount-proc"]),
            ),
            fix("bwrap", "unchanged", Swap(&["--proc", "/proc"], &[])),
            fix("unshare", "unchanged", Swap(&["--mount-proc"], &[])),
        ],
    )
    .page("kernel/whose-procfs.md"),
    record(
        "visible-processes",
        ("processes.visible", "*"),
        Changes,
        "the payload sees another number of processes",
        &[],
    )
    .page("kernel/whose-procfs.md"),
    record(
        "session",
        ("processes.{sid,pgid}", "*"),
        Changes,
        "signals of the terminal, such as that of Ctrl-C, reach another \
         group of processes",
        &[
            fix("bwrap", "self", Add(&["--new-session"])),
            fix("cmd", "self", Around(&["setsid"])),
            fix("cmd", "{self,unchanged}", Inside(&["setsid"])),
            fix("bwrap", "unchanged", Add(&["--new-session"])),
        ],
    )
    .page("kernel/kill-0.md"),
    record(
        "parent",
        ("processes.ppid", "*"),
        Changes,
        "the parent of the payload is another process or lies outside its \
         pid namespace",
        &[],
    ),
    record(
        "pdeathsig",
        ("lifecycle.pdeathsig", "*"),
        Breaks,
        "where it is not set, the payload lives on when the launcher is \
         killed",
        &[
            fix("bwrap", "SIGKILL", Add(&["--die-with-parent"])),
            fix("unshare", "SIGKILL", Add(&["--kill-child"])),
            fix("cmd", "SIG*", Around(&["setpriv", "--pdeathsig", "{signal}"])),
        ],
    )
    .page("pitfalls/pdeathsig.md"),
    record(
        "personality",
        ("{lifecycle.personality,uts.machine}", "*"),
        Changes,
        "the kernel treats the payload by another personality: another \
         machine name or memory layout",
        &[
            fix("oci", "unchanged", Edits(&[Remove("/linux/personality")])),
            fix(
                "oci",
                "*8",
                Edits(&[Set("/linux/personality", "{\"domain\":\"LINUX32\"}")]),
            ),
        ],
    ),
    record(
        "tty",
        ("lifecycle.tty", "*"),
        Breaks,
        "without a controlling terminal, job control and prompts for \
         passwords fail",
        &[fix(
            "cmd",
            "foreground",
            Around(&["script", "-qec", "{sh}", "/dev/null"]),
        )],
    ),
    record(
        "sigpipe-ignored",
        ("signals.ignored", "*PIPE*"),
        Breaks,
        "the payload ignores SIGPIPE: a writer in a pipeline gets EPIPE \
         instead of ending",
        &[
            fix("cmd", "unchanged", Around(&["env", "--default-signal=PIPE"])),
            fix("cmd", "+SIGPIPE", Around(&["env", "--ignore-signal=PIPE"])),
            fix("oci", "+SIGPIPE", Around(&["env", "--ignore-signal=PIPE"])),
        ],
    )
    .page("pitfalls/sigpipe.md"),
    record(
        "sighup-ignored",
        ("signals.ignored", "*HUP*"),
        Changes,
        "the payload ignores SIGHUP: it outlives its terminal",
        &[
            fix("cmd", "unchanged", Around(&["env", "--default-signal=HUP"])),
            fix("cmd", "+SIGHUP", Around(&["env", "--ignore-signal=HUP"])),
        ],
    )
    .page("pitfalls/inherited-signals.md"),
    record(
        "signals-ignored",
        ("signals.ignored", "*"),
        Breaks,
        "the payload ignores other signals, and so do programs that it \
         starts",
        &[fix("cmd", "unchanged", Around(&["env", "--default-signal"]))],
    )
    .page("pitfalls/inherited-signals.md"),
    record(
        "signals-internal",
        ("signals.*.internal", "*"),
        Cosmetic,
        "signals that the C library keeps for itself are ignored, until it \
         uses them",
        &[],
    )
    .page("pitfalls/signals-32-33.md"),
    record(
        "signals-blocked",
        ("signals.blocked", "*"),
        Breaks,
        "a blocked signal does not end the payload until the payload \
         unblocks it",
        &[fix("cmd", "unchanged", Around(&["env", "--block-signal="]))],
    )
    .page("pitfalls/inherited-signals.md"),
    record(
        "home-unset",
        ("env.HOME", "*"),
        Breaks,
        "shells, ssh and package managers look for their files in HOME",
        &[
            fix("bwrap", "unset", Add(&["--unsetenv", "HOME"])),
            fix("cmd", "unset", Around(&["env", "--unset=HOME"])),
            fix("bwrap", "*/*", Add(&["--setenv", "HOME", "{value}"])),
            fix("cmd", "*/*", Around(&["env", "HOME={value}"])),
            fix("oci", "unset", Edits(&[Take("/process/env", "", "HOME=")])),
            fix(
                "oci",
                "*/*",
                Edits(&[Push("/process/env", "\"HOME={value}\"")]),
            ),
            fix("nspawn", "*/*", Add(&["--setenv=HOME={value}"])),
            fix("podman", "*/*", Add(&["--env=HOME={value}"])),
            fix("firejail", "*/*", Add(&["--env=HOME={value}"])),
        ],
    )
    .page("pitfalls/environment.md"),
    record(
        "path",
        ("env.PATH", "*"),
        Breaks,
        "programs are looked for in other directories",
        &[
            fix("bwrap", "*/*", Add(&["--setenv", "PATH", "{value}"])),
            fix("cmd", "*/*", Around(&["env", "PATH={value}"])),
            fix(
                "oci",
                "*/*",
                Edits(&[Push("/process/env", "\"PATH={value}\"")]),
            ),
            fix("nspawn", "*/*", Add(&["--setenv=PATH={value}"])),
            fix("podman", "*/*", Add(&["--env=PATH={value}"])),
        ],
    )
    .page("pitfalls/path-lookup.md"),
    record(
        "listen-fds",
        ("env.LISTEN_*", "*"),
        Breaks,
        "a service that is started by socket activation does not find its \
         sockets",
        &[
            fix("bwrap", "unset", Add(&["--unsetenv", "{name}"])),
            fix("cmd", "unset", Around(&["env", "--unset={name}"])),
            fix("cmd", "+*", Around(&["env", "{name}={value}"])),
            fix(
                "oci",
                "+*",
                Edits(&[Push("/process/env", "\"{name}={value}\"")]),
            ),
        ],
    )
    .page("pitfalls/listen-pid.md"),
    record(
        "loader",
        ("env.LD_*", "*"),
        Security,
        "the dynamic linker loads what these variables name into every \
         program of the payload",
        &[
            fix("bwrap", "unset", Add(&["--unsetenv", "{name}"])),
            fix("cmd", "unset", Around(&["env", "--unset={name}"])),
            fix("bwrap", "+*", Add(&["--setenv", "{name}", "{value}"])),
            fix("cmd", "+*", Around(&["env", "{name}={value}"])),
        ],
    )
    .page("pitfalls/environment.md"),
    record(
        "proxy",
        ("env.*{PROXY,proxy}", "*"),
        Breaks,
        "programs reach the network through another proxy, or through none",
        &[
            fix("bwrap", "unset", Add(&["--unsetenv", "{name}"])),
            fix("cmd", "unset", Around(&["env", "--unset={name}"])),
            fix("bwrap", "+*", Add(&["--setenv", "{name}", "{value}"])),
            fix("cmd", "+*", Around(&["env", "{name}={value}"])),
            fix(
                "oci",
                "+*",
                Edits(&[Push("/process/env", "\"{name}={value}\"")]),
            ),
        ],
    ),
    record(
        "pwd",
        ("env.{PWD,OLDPWD,SHLVL,_}", "*"),
        Cosmetic,
        "the shell of a launcher sets this variable, and a payload that is \
         a shell sets it again",
        &[
            fix("bwrap", "unchanged", Add(&["--unsetenv", "{name}"])),
            // What the variable is told to name does not matter: a shell sets it
            // again.
            fix("cmd", "+ *", Around(&["env", "{name}=/"])),
            fix("oci", "+ *", Edits(&[Push("/process/env", "\"{name}=/\"")])),
            fix("nspawn", "+ *", Add(&["--setenv={name}=/"])),
            fix("podman", "+ *", Add(&["--env={name}=/"])),
        ],
    )
    .page("pitfalls/environment.md"),
    record(
        "variable",
        ("env.*", "*"),
        Changes,
        "the payload finds another value of the variable",
        &[
            fix("bwrap", "unset", Add(&["--unsetenv", "{name}"])),
            fix("cmd", "unset", Around(&["env", "--unset={name}"])),
            fix("bwrap", "*", Add(&["--setenv", "{name}", "{value}"])),
            fix("cmd", "*", Around(&["env", "{name}={value}"])),
            fix("oci", "unset", Edits(&[Take("/process/env", "", "{name}=")])),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/process/env", "", "{name}=")]),
            ),
            fix(
                "oci",
                "*",
                Edits(&[Push("/process/env", "\"{name}={value}\"")]),
            ),
            fix("nspawn", "*", Add(&["--setenv={name}={value}"])),
            fix("firejail", "*", Add(&["--env={name}={value}"])),
            fix("firejail", "{unset,unchanged}", Add(&["--rmenv={name}"])),
            fix("podman", "*", Add(&["--env={name}={value}"])),
            fix("podman", "{unset,unchanged}", Add(&["--unsetenv={name}"])),
        ],
    )
    .page("pitfalls/environment.md"),
    record(
        "environment-order",
        ("environment.order", "*"),
        Cosmetic,
        "the variables come in another order",
        &[
            fix("cmd", "*=*", Around(&["env", "-i", "{variables}"])),
            fix("oci", "*=*", Edits(&[Set("/process/env", "[{variables}]")])),
        ],
    )
    .page("pitfalls/environment.md"),
    record(
        "umask",
        ("umask", "*"),
        Changes,
        "files that the payload makes have other permissions",
        &[
            fix(
                "cmd",
                "0*",
                Around(&["sh", "-c", "umask {value}; exec \"$@\"", "sh"]),
            ),
            fix("oci", "0*", Edits(&[Set("/process/user/umask", "{octal}")])),
        ],
    ),
    record(
        "limit-nofile",
        ("limits.nofile", "*"),
        Breaks,
        "where the limit is low, open and accept fail with EMFILE; select \
         fails above descriptor 1023",
        &[
            fix(
                "cmd",
                "[0-9]* of *",
                Around(&["prlimit", "--nofile={soft}:{hard}"]),
            ),
            fix(
                "oci",
                "[0-9]* of *",
                Edits(&[Set(
                    "/process/rlimits",
                    "[{\"type\":\"RLIMIT_NOFILE\",\"soft\":{soft},\"hard\":{hard}}]",
                )]),
            ),
            fix("oci", "unchanged", Edits(&[Remove("/process/rlimits")])),
            fix(
                "podman",
                "[0-9]* of *",
                Add(&["--ulimit=nofile={soft}:{hard}"]),
            ),
            fix(
                "nspawn",
                "[0-9]* of *",
                Add(&["--rlimit=NOFILE={soft}:{hard}"]),
            ),
        ],
    )
    .page("differences/rlimit-nofile.md"),
    record(
        "limit",
        ("limits.*", "*"),
        Breaks,
        "a lower limit makes calls of the payload fail that worked",
        &[
            fix(
                "cmd",
                "[0-9]* of *",
                Around(&["prlimit", "--{name}={soft}:{hard}"]),
            ),
            fix("oci", "unchanged", Edits(&[Remove("/process/rlimits")])),
            fix(
                "nspawn",
                "[0-9]* of *",
                Add(&["--rlimit={NAME}={soft}:{hard}"]),
            ),
        ],
    ),
    record(
        "oom-score",
        ("scheduling.oom_score_adj", "*"),
        Changes,
        "under memory pressure the kernel kills the payload earlier or \
         later",
        &[
            fix("cmd", "[-0-9]*", Around(&["choom", "-n", "{value}", "--"])),
            fix(
                "oci",
                "[-0-9]*",
                Edits(&[Set("/process/oomScoreAdj", "{value}")]),
            ),
            fix("oci", "unchanged", Edits(&[Set("/process/oomScoreAdj", "0")])),
            fix("nspawn", "[-0-9]*", Add(&["--oom-score-adjust={value}"])),
        ],
    ),
    record(
        "priority",
        ("scheduling.{nice,policy}", "*"),
        Changes,
        "the payload gets more or less of a busy processor",
        &[
            fix("cmd", "[-0-9]*", Around(&["nice", "-n", "{value}"])),
            fix("cmd", "batch", Around(&["chrt", "--batch", "0"])),
            fix("cmd", "idle", Around(&["chrt", "--idle", "0"])),
            fix(
                "oci",
                "batch",
                Edits(&[Set(
                    "/process/scheduler",
                    "{\"policy\":\"SCHED_BATCH\"}",
                )]),
            ),
            fix("firejail", "[-0-9]*", Add(&["--nice={value}"])),
        ],
    ),
    record(
        "processors",
        ("scheduling.cpus", "*"),
        Changes,
        "the payload counts other processors and starts another number of \
         threads",
        &[
            fix("cmd", "[0-9]*", Around(&["taskset", "--cpu-list", "{value}"])),
            fix(
                "oci",
                "[0-9]*",
                Edits(&[Set("/linux/resources/cpu/cpus", "\"{value}\"")]),
            ),
            fix("firejail", "[0-9]*", Add(&["--cpu={value}"])),
            fix("nspawn", "[0-9]*", Add(&["--cpu-affinity={value}"])),
        ],
    ),
    record(
        "timer-slack",
        ("scheduling.timer_slack", "*"),
        Cosmetic,
        "timers of the payload end with another accuracy",
        &[],
    ),
    record(
        "loopback-down",
        ("net.link.lo", "*"),
        Breaks,
        "where lo is down, connections to 127.0.0.1 fail with ENETUNREACH",
        loopback!(
            fix("cmd", "down", LO_DOWN),
            fix("cmd", "{unchanged,up*}", Before("ip link set lo up"))
        ),
    )
    .page("steps/network.md"),
    record(
        "links",
        ("net.{links,link.*}", "*"),
        Security,
        "an interface of the caller gives the payload the network of the \
         caller",
        &[
            fix("bwrap", "- gone", Add(&["--unshare-net"])),
            fix("unshare", "- gone", Add(&["--net"])),
            fix(
                "oci",
                "- gone",
                Edits(&[Push("/linux/namespaces", "{\"type\":\"network\"}")]),
            ),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/linux/namespaces", "type", "network")]),
            ),
        ],
    )
    .page("steps/network.md"),
    record(
        "sysv-objects",
        ("sysvipc.*", "*"),
        Security,
        "the payload reaches other System V queues, segments and \
         semaphores",
        &[
            fix("bwrap", "none", Add(&["--unshare-ipc"])),
            fix("unshare", "none", Add(&["--ipc"])),
            fix(
                "oci",
                "none",
                Edits(&[Push("/linux/namespaces", "{\"type\":\"ipc\"}")]),
            ),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/linux/namespaces", "type", "ipc")]),
            ),
        ],
    )
    .page("steps/ipc.md"),
    record(
        "posix-queues",
        ("mqueue.*", "*"),
        Security,
        "the payload reaches other POSIX message queues, or may not look \
         at them",
        &[],
    )
    .page("steps/ipc.md"),
    record(
        "host-cgroup",
        ("host.cgroup.*", "*"),
        Changes,
        "the payload counts towards the limits of another cgroup of the \
         host",
        &[
            fix("crun", "unchanged", First(&["--cgroup-manager=disabled"])),
            fix("oci", "*", Edits(&[Set("/linux/cgroupsPath", "\"{value}\"")])),
        ],
    )
    .page("costs/born-in-a-cgroup.md"),
    record(
        "cgroup",
        ("{cgroup,cgroup.*}", "*"),
        Changes,
        "programs that read their cgroup find another path, and so other \
         limits",
        &[
            fix("crun", "unchanged", First(&["--cgroup-manager=disabled"])),
            fix("unshare", "/ in every hierarchy", Add(&["--cgroup"])),
            fix("bwrap", "/ in every hierarchy", Add(&["--unshare-cgroup"])),
            fix(
                "oci",
                "/ in every hierarchy",
                Edits(&[Push("/linux/namespaces", "{\"type\":\"cgroup\"}")]),
            ),
            fix(
                "oci",
                "unchanged",
                Edits(&[Take("/linux/namespaces", "type", "cgroup")]),
            ),
        ],
    )
    .page("steps/cgroup.md"),
    record(
        "clock-offsets",
        ("time_offsets.*", "*"),
        Changes,
        "uptime and monotonic clocks count from another moment",
        &[
            fix("unshare", "* s", Add(&["--time", "--{name}", "{seconds}"])),
            fix(
                "oci",
                "* s",
                Edits(&[
                    Push("/linux/namespaces", "{\"type\":\"time\"}"),
                    Set(
                        "/linux/timeOffsets/{name}",
                        "{\"secs\":{seconds},\"nanosecs\":0}",
                    ),
                ]),
            ),
        ],
    )
    .page("steps/time.md"),
    record(
        "hostname",
        ("uts.hostname", "*"),
        Changes,
        "programs write another host name into logs, names and \
         certificates",
        &[
            fix("bwrap", "*", Add(&["--unshare-uts", "--hostname", "{value}"])),
            fix("nspawn", "*", Add(&["--hostname={value}"])),
            fix("podman", "*", Add(&["--hostname={value}"])),
            fix("firejail", "*", Add(&["--hostname={value}"])),
            fix("oci", "unchanged", Edits(&[Remove("/hostname")])),
            fix("oci", "*", Edits(&[Set("/hostname", "\"{value}\"")])),
            fix("cmd", "*", Before("hostname {value}")),
        ],
    )
    .page("steps/uts.md"),
    record(
        "domainname",
        ("uts.domainname", "*"),
        Changes,
        "programs that ask for the NIS domain find another one",
        &[
            fix("oci", "unchanged", Edits(&[Remove("/domainname")])),
            fix("oci", "*", Edits(&[Set("/domainname", "\"{value}\"")])),
            fix("cmd", "*", Before("domainname {value}")),
        ],
    )
    .page("steps/uts.md"),
    record(
        "kernel",
        ("uts.*", "*"),
        Changes,
        "the payload is told of another kernel",
        &[],
    )
    .page("steps/uts.md"),
    record(
        "streams",
        ("descriptors.[0-2]", "*"),
        Changes,
        "a standard stream is another file: it may be no terminal, be \
         buffered differently or end at another time",
        &[fix("podman", "*pipe*", Add(&["--interactive"]))],
    )
    .page("pitfalls/stdio-default.md"),
    record(
        "directory-leaked",
        ("descriptors.*", "+ directory*"),
        Security,
        "through an inherited directory the payload reaches files outside \
         its root",
        &[],
    )
    .page("kernel/handles-that-survive.md"),
    record(
        "descriptors-inherited",
        ("descriptors.inherited", "*"),
        Changes,
        "descriptors that the caller hands on, as for socket activation, \
         are closed",
        &[fix("firejail", "unchanged", Add(&["--keep-fd=all"]))],
    )
    .page("pitfalls/descriptors.md"),
    record(
        "descriptor-leaked",
        ("descriptors.*", "*"),
        Security,
        "the payload reads or writes what the launcher left open",
        &[],
    )
    .page("pitfalls/descriptors.md"),
    record(
        "degraded",
        ("said", "*without any additional sandboxing*"),
        Security,
        "the launcher says that it isolates the payload less than it would \
         elsewhere",
        &[],
    ),
    record(
        "said",
        ("said", "*"),
        Cosmetic,
        "the launchers write other words to standard error",
        &[],
    ),
    record(
        "exit",
        ("exit", "*"),
        Breaks,
        "the launcher reports the end of the payload by another exit \
         status",
        &[],
    )
    .page("differences/exit-status.md"),
    record(
        "left-processes",
        ("residue.processes", "*"),
        Security,
        "processes live on when the launcher has ended",
        &[],
    )
    .page("pitfalls/orphan-after-ctrl-c.md"),
    record(
        "stopped-processes",
        ("residue.stopped", "*"),
        Breaks,
        "processes are stopped: they answer nothing until they get SIGCONT",
        &[],
    ),
    record(
        "left-mounts",
        ("residue.mnt*", "*"),
        Security,
        "mounts stay in the namespace of the caller when the launcher has \
         ended",
        &[],
    )
    .page("kernel/propagation.md"),
    record(
        "left",
        ("residue.*", "*"),
        Changes,
        "something stays on the machine when the launcher has ended",
        &[],
    ),
    record(
        "caller-changed",
        ("host.*", "*"),
        Security,
        "the launcher changes the namespaces of its caller while the \
         payload runs",
        &[],
    ),
];
