//! Tests each consequence by a pair of launchers: under these, exactly these
//! keys have exactly this record.

mod availability;
mod reported;

use availability::{not_set_up, unavailable};
use harness::found::NEEDS_ROOT;
use harness::host::layout::Layout;
use harness::scenario::Identity;
use launchers::consequence::{CONSEQUENCES, Change};
use launchers::situation::of_key;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use reported::reported;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// A record, two launchers, and the keys that have this record under them.
///
/// A launcher that begins with `{` is a patch of a small config.json, in the
/// form of RFC 7396, and runs under runc.
type Case = (&'static str, [&'static str; 2], &'static [&'static str]);

const BARE: &str = "env";

/// A second look would find what is not the same twice, which no case is about,
/// and take as long as the first.
const ONCE: &str = "--repeat=1";
const BWRAP: &str = "bwrap: --dev-bind / /";

/// A ruleset of Landlock that forbids to make symbolic links.
const LANDLOCK: &str = "python3 -c 'import ctypes, os, sys; libc = ctypes.CDLL(None); rules = (ctypes.c_uint64 * 1)(1 << 12); fd = libc.syscall(444, rules, 8, 0); libc.prctl(38, 1, 0, 0, 0); libc.syscall(446, fd, 0); os.close(fd); os.execv(sys.argv[1], sys.argv[1:])' {}";

const CASES: &[Case] = &[
    ("ran", [BARE, "unshare --uts"], &["ran"]),
    (
        "when-exit",
        [BARE, r#"sh -c '"$@"; exit 3' sh {}"#],
        &["when.exit_0", "when.exit_255", "when.exit_7"],
    ),
    (
        "when-signal",
        [BARE, r#"sh -c '"$@"; exit 3' sh {}"#],
        &["when.killed", "when.segv"],
    ),
    (
        "when-not-started",
        [BARE, r#"sh -c '"$@"; exit 3' sh {}"#],
        &["when.missing", "when.not_executable"],
    ),
    (
        "when-no-shebang",
        [BARE, r#"sh -c '"$@"; exit 3' sh {}"#],
        &["when.no_shebang"],
    ),
    (
        "when-at-once",
        [
            BARE,
            r#"sh -c 'case "$*" in *--hold*) ;; *--then*) exec cat /dev/ptmx ;; esac; exec "$@"' sh {}"#,
        ],
        &["when.at_once"],
    ),
    ("when-sigterm", [BARE, r#"sh -c '"$@" & wait' sh {}"#], &["when.sigterm"]),
    (
        "when-launcher-killed",
        [BARE, r#"sh -c '"$@" & wait' sh {}"#],
        &["when.launcher_killed"],
    ),
    ("when-child-left", [BARE, "unshare --pid --fork"], &["when.child_left"]),
    (
        "when-streams",
        [BARE, r#"sh -c '"$@" 2>/dev/null | head -c 100' sh {}"#],
        &["when.stderr", "when.stdin_stdout"],
    ),
    (
        "loopback-tried",
        [
            "unshare -n",
            r#"unshare -n sh -c 'ip link set lo up; exec "$@"' sh {}"#,
        ],
        &["can.connect.loopback"],
    ),
    (
        "tried",
        [BARE, "setpriv --bounding-set -net_raw --inh-caps -net_raw"],
        &["can.socket.packet", "can.socket.raw"],
    ),
    ("write-root", ["{}", r#"{"root":{"readonly":true}}"#], &["can.write./"]),
    (
        "write-proc-sys",
        [BWRAP, "bwrap: --dev-bind / / --ro-bind /proc/sys /proc/sys"],
        &["can.write./proc/sys"],
    ),
    (
        "clone3",
        [
            "{}",
            r#"{"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["clone3"],"action":"SCMP_ACT_ERRNO"}]}}}"#,
        ],
        &["call.clone3"],
    ),
    (
        "call",
        [
            "{}",
            r#"{"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["keyctl"],"action":"SCMP_ACT_ERRNO"}]}}}"#,
        ],
        &["call.keyctl"],
    ),
    ("keyring", [BARE, "{}"], &["keyring.session"]),
    (
        "stream-by-name",
        [BARE, "setpriv --reuid=1000 --clear-groups"],
        &[
            "descriptors.0.reopen",
            "descriptors.1.reopen",
            "descriptors.2.reopen",
        ],
    ),
    (
        "stream-mode",
        [BARE, "sh -c 'exec \"$@\" </dev/null' sh {}"],
        &["descriptors.0.mode"],
    ),
    (
        "leads-outside",
        [
            r#"unshare -m sh -c 'mkdir /tmp/r; mount --rbind / /tmp/r; exec chroot /tmp/r "$@"' sh {}"#,
            r#"unshare -m sh -c 'exec 5</; mkdir /tmp/r; mount --rbind / /tmp/r; exec chroot /tmp/r "$@"' sh {}"#,
        ],
        &["descriptors.5.leads"],
    ),
    ("landlock", [BARE, LANDLOCK], &["landlock.layers"]),
    ("lsm-label", [BARE, "aa-exec -p nsteps"], &["lsm.label"]),
    (
        "shared-memory-size",
        [
            r#"unshare -m sh -c 'mount -t tmpfs x /dev/shm; exec "$@"' sh {}"#,
            r#"unshare -m sh -c 'mount -t tmpfs -o size=64k x /dev/shm; exec "$@"' sh {}"#,
        ],
        &["size./dev/shm"],
    ),
    (
        "size",
        [
            r#"unshare -m sh -c 'mount -t tmpfs x /srv; exec "$@"' sh {}"#,
            r#"unshare -m sh -c 'mount -t tmpfs -o size=64k x /srv; exec "$@"' sh {}"#,
        ],
        &["size./srv"],
    ),
    (
        "processes-before",
        [
            r#"unshare -p --fork sh -c '"$@"; exit $?' sh {}"#,
            r#"unshare -p --fork sh -c '/bin/true; /bin/true; "$@"; exit $?' sh {}"#,
        ],
        &["processes.last_pid"],
    ),
    (
        "host-limit",
        [
            r#"{"linux":{"cgroupsPath":"/one"}}"#,
            r#"{"linux":{"cgroupsPath":"/one","resources":{"pids":{"limit":7}}}}"#,
        ],
        &["host.limit.pids"],
    ),
    (
        "mode",
        [BARE, "sh -c 'chmod 700 /tmp; exec \"$@\"' sh {}"],
        &["mode./tmp"],
    ),
    (
        "device",
        [BARE, "sh -c 'chmod 600 /dev/full; exec \"$@\"' sh {}"],
        &["dev.full"],
    ),
    (
        "sysctl",
        [
            BARE,
            "sh -c 'echo 1 >/proc/sys/net/ipv4/ip_unprivileged_port_start; exec \"$@\"' sh {}",
        ],
        &["sysctl.net.ipv4.ip_unprivileged_port_start"],
    ),
    (
        "routes",
        [
            BARE,
            "sh -c 'ip route add 198.51.100.0/24 dev lo; exec \"$@\"' sh {}",
        ],
        &["routes.ipv4"],
    ),
    (
        "arguments",
        [BARE, "bash -c 'exec -a other \"$@\"' bash {}"],
        &["argv.0"],
    ),
    ("io-priority", [BARE, "ionice -c 3"], &["scheduling.io"]),
    (
        "timers",
        [
            BARE,
            "python3 -c 'import os, signal, sys; signal.setitimer(signal.ITIMER_REAL, 1000); os.execv(sys.argv[1], sys.argv[1:])' {}",
        ],
        &["lifecycle.timers"],
    ),
    (
        "coredump-filter",
        [
            BARE,
            "sh -c 'echo 0x7f >/proc/self/coredump_filter; exec \"$@\"' sh {}",
        ],
        &["lifecycle.coredump"],
    ),
    ("parent-outside", [BARE, "sh -c '\"$@\"; exit' sh {}"], &["host.parent"]),
    (
        "launcher-processes",
        [BARE, "sh -c '\"$@\"; exit' sh {}"],
        &["host.launcher"],
    ),
    (
        "user-outside",
        [BARE, "setpriv --reuid=1000 --clear-groups"],
        &["host.uid"],
    ),
    (
        "seccomp-outside",
        [
            "{}",
            r#"{"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["keyctl"],"action":"SCMP_ACT_ERRNO"}]}}}"#,
        ],
        &["host.seccomp"],
    ),
    (
        "seccomp",
        [
            BARE,
            r#"{"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["clone3"],"action":"SCMP_ACT_ERRNO"}]}}}"#,
        ],
        &["security.seccomp"],
    ),
    (
        "seccomp-filters",
        [
            "{}",
            r#"{"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["clone3"],"action":"SCMP_ACT_ERRNO"}]}}}"#,
        ],
        &["security.seccomp_filters"],
    ),
    (
        "no-new-privs",
        [BARE, "setpriv --no-new-privs"],
        &["security.no_new_privs"],
    ),
    (
        "securebits",
        [BARE, "setpriv --securebits +noroot"],
        &["security.securebits"],
    ),
    (
        "capabilities-effective",
        [BARE, "setpriv --inh-caps -all --bounding-set -all"],
        &["capabilities.effective", "capabilities.permitted"],
    ),
    (
        "capabilities-bounding",
        [BARE, "setpriv --bounding-set -kill"],
        &["capabilities.bounding"],
    ),
    (
        "capabilities-ambient",
        [BARE, "setpriv --inh-caps +kill --ambient-caps +kill"],
        &["capabilities.ambient", "capabilities.inheritable"],
    ),
    ("user-id", [BARE, "setpriv --reuid 1000 --keep-groups"], &["ids.uid"]),
    ("group-id", [BARE, "setpriv --regid 1000 --keep-groups"], &["ids.gid"]),
    ("supplementary-groups", [BARE, "setpriv --groups 4,24"], &["ids.groups"]),
    ("id-map", [BARE, "unshare -U -r"], &["id_maps.gid", "id_maps.uid"]),
    ("setgroups", [BARE, "unshare -U -r"], &["id_maps.setgroups"]),
    ("namespace-mnt", [BARE, "unshare -m"], &["ns.mnt"]),
    ("namespace-pid", [BARE, "unshare -p --fork"], &["ns.pid"]),
    ("namespace-net", [BARE, "unshare -n"], &["ns.net"]),
    ("namespace-ipc", [BARE, "unshare -i"], &["ns.ipc"]),
    ("namespace-uts", [BARE, "unshare -u"], &["ns.uts"]),
    ("namespace-user", [BARE, "unshare -U -r"], &["ns.user"]),
    ("namespace-cgroup", [BARE, "unshare -C"], &["ns.cgroup"]),
    ("namespace-time", [BARE, "unshare -T"], &["ns.time"]),
    ("namespace-of-children", [BARE, "unshare -p"], &["ns.pid_for_children"]),
    (
        "namespace-owner",
        ["unshare -U -r -n", "unshare -n unshare -U -r"],
        &["ns.net.owner"],
    ),
    (
        "chroot",
        [
            BARE,
            r#"unshare -m sh -c 'mkdir /tmp/r; mount --rbind / /tmp/r; set -- chroot /tmp/r "$@"; exec "$@"' sh {}"#,
        ],
        &["root"],
    ),
    ("root-file", [BARE, "{}"], &["root.file"]),
    ("working-directory", [BARE, "env --chdir=/"], &["cwd"]),
    ("root-mount", [BARE, "{}"], &["mnt"]),
    (
        "propagation",
        ["unshare -m", "unshare -m --propagation shared"],
        &["mnt.propagation"],
    ),
    (
        "mount-shared",
        [
            r#"unshare -m sh -c 'mount -t tmpfs x /media; exec "$@"' sh {}"#,
            r#"unshare -m sh -c 'mount -t tmpfs x /media; mount --make-shared /media; exec "$@"' sh {}"#,
        ],
        &["mnt./media#2"],
    ),
    ("options-nodev", [BWRAP, "bwrap: --bind / /"], &["mnt.options"]),
    ("options-nosuid", [BARE, BWRAP], &["mnt.options"]),
    (
        "options",
        ["bwrap: --bind / /", "bwrap: --ro-bind / /"],
        &["mnt.options"],
    ),
    (
        "proc-sys",
        [BWRAP, "bwrap: --dev-bind / / --ro-bind /proc/sys /proc/sys"],
        &["mnt./proc/sys"],
    ),
    (
        "proc-masked",
        [BWRAP, "bwrap: --dev-bind / / --ro-bind /dev/null /proc/keys"],
        &["mnt./proc/keys"],
    ),
    (
        "proc-read-only",
        [BWRAP, "bwrap: --dev-bind / / --ro-bind /proc/irq /proc/irq"],
        &["mnt./proc/irq"],
    ),
    (
        "sys-masked",
        [BWRAP, "bwrap: --dev-bind / / --tmpfs /sys/firmware"],
        &["mnt./sys/firmware"],
    ),
    (
        "sys-cgroup",
        [
            BWRAP,
            "bwrap: --dev-bind / / --ro-bind /sys/fs/cgroup /sys/fs/cgroup",
        ],
        &["mnt./sys/fs/cgroup#2", "mnt./sys/fs/cgroup#3"],
    ),
    (
        "sys",
        [
            r#"{"mounts":[{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/sys","type":"sysfs","source":"sysfs","options":["ro"]}]}"#,
            r#"{"mounts":[{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/sys","type":"sysfs","source":"sysfs"}]}"#,
        ],
        &["mnt./sys"],
    ),
    (
        "proc-options",
        [
            "bwrap: --dev-bind / / --ro-bind /proc/irq /proc/irq",
            "unshare -m sh -c 'mount --bind /proc/irq /proc/irq; mount -o remount,bind,ro,noexec /proc/irq; exec \"$@\"' sh {}",
        ],
        &["mnt./proc/irq"],
    ),
    (
        "masked-otherwise",
        [
            "bwrap: --dev-bind / / --ro-bind /dev/null /proc/keys",
            "bwrap: --dev-bind / / --ro-bind /dev/zero /proc/keys",
        ],
        &["mnt./proc/keys"],
    ),
    (
        "sys-options",
        [
            r#"{"mounts":[{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/sys","type":"sysfs","source":"sysfs","options":["ro"]}]}"#,
            r#"{"mounts":[{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/sys","type":"sysfs","source":"sysfs","options":["ro","noexec"]}]}"#,
        ],
        &["mnt./sys"],
    ),
    (
        "proc-of-another",
        [
            BARE,
            r#"unshare -m sh -c 'mount -t proc proc /proc; exec "$@"' sh {}"#,
        ],
        &["mnt./proc", "mnt./proc#2"],
    ),
    (
        "dev",
        [BARE, r#"unshare -m sh -c 'mount -t tmpfs x /dev; exec "$@"' sh {}"#],
        &["mnt./dev", "mnt./dev#2"],
    ),
    (
        "dev-pts",
        [
            BARE,
            r#"unshare -m sh -c 'mount -t devpts x /dev/pts; exec "$@"' sh {}"#,
        ],
        &["mnt./dev/pts", "mnt./dev/pts#2"],
    ),
    (
        "dev-shm",
        [
            BARE,
            r#"unshare -m sh -c 'mount -t tmpfs x /dev/shm; exec "$@"' sh {}"#,
        ],
        &["mnt./dev/shm", "mnt./dev/shm#2"],
    ),
    (
        "temporary-files",
        [BARE, r#"unshare -m sh -c 'mount -t tmpfs x /tmp; exec "$@"' sh {}"#],
        &["mnt./tmp", "mnt./tmp#2"],
    ),
    ("root-read-only", ["{}", r#"{"root":{"readonly":true}}"#], &["mnt./"]),
    (
        "system-read-only",
        [BARE, r#"unshare -m sh -c 'mount -t tmpfs x /etc; exec "$@"' sh {}"#],
        &["mnt./etc", "mnt./etc#2"],
    ),
    (
        "etc-hosts",
        [
            BARE,
            r#"unshare -m sh -c 'mount --bind /etc/passwd /etc/hosts; exec "$@"' sh {}"#,
        ],
        &["mnt./etc/hosts"],
    ),
    (
        "mount-gone",
        [BARE, r#"unshare -m sh -c 'umount /media; exec "$@"' sh {}"#],
        &["mnt./media"],
    ),
    (
        "mount",
        [
            BARE,
            r#"unshare -m sh -c 'mount -t tmpfs x /media; exec "$@"' sh {}"#,
        ],
        &["mnt./media", "mnt./media#2"],
    ),
    (
        "pid-1",
        [
            "unshare -p --fork",
            r#"unshare -p --fork sh -c '"$@"; exit $?' sh {}"#,
        ],
        &["processes.pid"],
    ),
    (
        "pid",
        [
            r#"unshare -p --fork sh -c '"$@"; exit $?' sh {}"#,
            r#"unshare -p --fork sh -c 'sh -c "\$@; exit \$?" sh "$@"; exit $?' sh {}"#,
        ],
        &["processes.pid"],
    ),
    (
        "procfs",
        ["unshare -p --fork", "unshare -p --fork --mount-proc"],
        &["processes.proc"],
    ),
    (
        "visible-processes",
        [
            "unshare -p --fork --mount-proc",
            r#"unshare -p --fork --mount-proc sh -c '"$@"; exit $?' sh {}"#,
        ],
        &["processes.visible"],
    ),
    ("session", [BARE, "setsid"], &["processes.pgid", "processes.sid"]),
    ("parent", [BARE, "unshare -p --fork"], &["processes.ppid"]),
    ("pdeathsig", [BARE, "setpriv --pdeathsig KILL"], &["lifecycle.pdeathsig"]),
    ("personality", [BARE, "setarch x86_64 -R"], &["lifecycle.personality"]),
    ("tty", [BARE, "script -qec {sh} /dev/null"], &["lifecycle.tty"]),
    (
        "sigpipe-ignored",
        [BARE, r#"sh -c 'trap "" PIPE; exec "$@"' sh {}"#],
        &["signals.ignored"],
    ),
    ("sighup-ignored", [BARE, "nohup"], &["signals.ignored"]),
    (
        "signals-ignored",
        [BARE, r#"sh -c 'trap "" USR1; exec "$@"' sh {}"#],
        &["signals.ignored"],
    ),
    (
        "signals-internal",
        [
            BARE,
            "python3 -c 'import os, sys; pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ); os.waitpid(pid, 0)' {}",
        ],
        &["signals.ignored.internal"],
    ),
    (
        "signals-blocked",
        [BARE, "env --block-signal=USR1"],
        &["signals.blocked"],
    ),
    ("home-unset", [BARE, "env -u HOME"], &["env.HOME"]),
    ("path", [BARE, "env PATH=/bin"], &["env.PATH"]),
    ("listen-fds", [BARE, "env LISTEN_FDS=1"], &["env.LISTEN_FDS"]),
    ("loader", [BARE, "env LD_PRELOAD=/x.so"], &["env.LD_PRELOAD"]),
    (
        "proxy",
        [BARE, "env https_proxy=http://localhost:1"],
        &["env.https_proxy"],
    ),
    ("pwd", [BARE, "env PWD=/"], &["env.PWD"]),
    ("variable", [BARE, "env A=b"], &["env.A"]),
    (
        "environment-order",
        [BARE, r#"sh -c 'A=1; exec "$@"' sh {}"#],
        &["environment.order"],
    ),
    ("umask", [BARE, r#"sh -c 'umask 077; exec "$@"' sh {}"#], &["umask"]),
    ("limit-nofile", [BARE, "prlimit --nofile=100:200"], &["limits.nofile"]),
    ("limit", [BARE, "prlimit --core=0:0"], &["limits.core"]),
    ("oom-score", [BARE, "choom -n 500 --"], &["scheduling.oom_score_adj"]),
    ("priority", [BARE, "nice -n 5"], &["scheduling.nice"]),
    ("processors", [BARE, "taskset --cpu-list 0"], &["scheduling.cpus"]),
    (
        "timer-slack",
        [
            BARE,
            r#"sh -c 'echo 100000 > /proc/$$/timerslack_ns; exec "$@"' sh {}"#,
        ],
        &["scheduling.timer_slack"],
    ),
    (
        "loopback-down",
        [
            "unshare -n",
            r#"unshare -n sh -c 'ip link set lo up; exec "$@"' sh {}"#,
        ],
        &["net.link.lo"],
    ),
    ("links", [BARE, "unshare -n"], &["net.link.veth0", "net.link.veth1"]),
    ("sysv-objects", [BARE, "unshare -i"], &["sysvipc.queues"]),
    (
        "posix-queues",
        [
            BARE,
            r#"{"linux":{"namespaces":[{"type":"mount"},{"type":"pid"},{"type":"ipc"}]}}"#,
        ],
        &["mqueue.queues"],
    ),
    (
        "host-cgroup",
        [BARE, r#"{"linux":{"cgroupsPath":"/one"}}"#],
        &["host.cgroup.unified"],
    ),
    (
        "cgroup",
        [
            BARE,
            r#"sh -c 'mkdir /sys/fs/cgroup/one; echo $$ > /sys/fs/cgroup/one/cgroup.procs; exec "$@"' sh {}"#,
        ],
        &["cgroup.unified"],
    ),
    (
        "clock-offsets",
        ["unshare -T", "unshare -T --monotonic 1000"],
        &["time_offsets.monotonic"],
    ),
    (
        "hostname",
        ["unshare -u", r#"unshare -u sh -c 'hostname one; exec "$@"' sh {}"#],
        &["uts.hostname"],
    ),
    (
        "domainname",
        ["unshare -u", r#"unshare -u sh -c 'domainname one; exec "$@"' sh {}"#],
        &["uts.domainname"],
    ),
    ("kernel", [BARE, "setarch x86_64 --uname-2.6"], &["uts.release"]),
    ("streams", [BARE, r#"sh -c '"$@" </dev/null' sh {}"#], &["descriptors.0"]),
    (
        "directory-leaked",
        [BARE, r#"sh -c 'exec "$@" 5</' sh {}"#],
        &["descriptors.5"],
    ),
    ("descriptors-inherited", [BARE, "{}"], &["descriptors.inherited"]),
    (
        "descriptor-leaked",
        [BARE, r#"sh -c 'exec "$@" 5</etc/passwd' sh {}"#],
        &["descriptors.5"],
    ),
    (
        "degraded",
        [
            BARE,
            r#"sh -c 'echo without any additional sandboxing features >&2; exec "$@"' sh {}"#,
        ],
        &["said"],
    ),
    ("said", [BARE, r#"sh -c 'echo a word >&2; exec "$@"' sh {}"#], &["said"]),
    ("exit", [BARE, r#"sh -c '"$@"; exit 3' sh {}"#], &["exit"]),
    (
        "left-processes",
        [
            BARE,
            r#"sh -c 'tail -f /dev/null </dev/null >/dev/null 2>&1 & true; exec "$@"' sh {}"#,
        ],
        &["residue.processes"],
    ),
    (
        "stopped-processes",
        [BARE, r#"sh -c 'sleep 1000 & kill -STOP $!; exec "$@"' sh {}"#],
        &["residue.stopped"],
    ),
    (
        "left-mounts",
        [BARE, r#"sh -c 'mount -t tmpfs x /media; exec "$@"' sh {}"#],
        &["residue.mnt./media", "residue.mnt./media#2"],
    ),
    (
        "left",
        [BARE, r#"sh -c 'echo x > /var/tmp/left; exec "$@"' sh {}"#],
        &["residue.files"],
    ),
    (
        "caller-changed",
        [BARE, r#"sh -c 'hostname other; exec "$@"' sh {}"#],
        &["host.uts.hostname"],
    ),
];

/// A fix of Podman's: a name, the options of `run` that show what is wanted, or
/// another launcher that shows it, the options to which the fix is added, the
/// change that `--suggest` has to find, and a key that it closes.
type PodmanFix = (&'static str, [&'static str; 2], &'static str, &'static str);

/// The options that each of them has as well: crun needs no limit of this
/// machine without cgroups, and a container without a network no plugin.
const PODMAN: &str = "podman: --runtime=crun run --rm --cgroups=disabled";
const NO_NETWORK: &str = "--network=none";
const PODMAN_FIXES: &[PodmanFix] = &[
    (
        "no-new-privs",
        ["--network=none --security-opt=no-new-privileges", NO_NETWORK],
        "add --security-opt=no-new-privileges",
        "security.no_new_privs",
    ),
    (
        "capabilities-none",
        ["--network=none --cap-drop=ALL", NO_NETWORK],
        "add --cap-drop=ALL",
        "capabilities.effective",
    ),
    (
        "capabilities-all",
        ["--network=none --cap-add=ALL", NO_NETWORK],
        "add --cap-add=ALL",
        "capabilities.effective",
    ),
    (
        "user",
        ["--network=none --user=1000", "--network=none --user=7"],
        "add --user=1000",
        "ids.uid",
    ),
    (
        "network-new",
        [NO_NETWORK, "--network=host"],
        "--network=none in the place of --network=host",
        "ns.net",
    ),
    (
        "network-host",
        ["--network=host", NO_NETWORK],
        "--network=host in the place of --network=none",
        "ns.net",
    ),
    (
        "network-of-two-words",
        ["--network=host", "--network none"],
        "--network=host in the place of --network none",
        "ns.net",
    ),
    (
        "network-new-of-two-words",
        [NO_NETWORK, "--network host"],
        "--network=none in the place of --network host",
        "ns.net",
    ),
    (
        "ipc",
        ["--network=none --ipc=host", NO_NETWORK],
        "add --ipc=host",
        "ns.ipc",
    ),
    (
        "uts",
        ["--network=none --uts=host", NO_NETWORK],
        "add --uts=host",
        "ns.uts",
    ),
    (
        "cgroup",
        ["--network=none --cgroupns=host", NO_NETWORK],
        "add --cgroupns=host",
        "ns.cgroup",
    ),
    (
        "working-directory",
        ["--network=none --workdir=/proc", "--network=none --workdir=/sys"],
        "add --workdir=/proc",
        "cwd",
    ),
    (
        "init",
        ["--network=none --init", NO_NETWORK],
        "add --init",
        "processes.pid",
    ),
    (
        "variable",
        ["--network=none --env=A=b", "--network=none --env=A=c"],
        "add --env=A=b",
        "env.A",
    ),
    (
        "limit-nofile",
        // Without its own, podman sets others, which not every root may have.
        [
            "--network=none --ulimit=nproc=9:9 --ulimit=nofile=100:200",
            "--network=none --ulimit=nproc=9:9 --ulimit=nofile=300:400",
        ],
        "add --ulimit=nofile=100:200",
        "limits.nofile",
    ),
    (
        "seccomp",
        ["--network=none --security-opt=seccomp=unconfined", NO_NETWORK],
        "add --security-opt=seccomp=unconfined",
        "security.seccomp",
    ),
    (
        "unmask-all",
        ["--network=none --security-opt=unmask=ALL", NO_NETWORK],
        "add --security-opt=unmask=ALL",
        "mnt./proc/keys",
    ),
    (
        "unmask-one",
        ["--network=none --security-opt=unmask=/proc/keys", NO_NETWORK],
        "add --security-opt=unmask=/proc/keys",
        "mnt./proc/keys",
    ),
    (
        "mask",
        ["--network=none --security-opt=mask=/proc/interrupts", NO_NETWORK],
        "add --security-opt=mask=/proc/interrupts",
        "mnt./proc/interrupts",
    ),
    (
        "capabilities-some",
        ["--network=none --cap-drop=ALL --cap-add=KILL", NO_NETWORK],
        "add --cap-drop=ALL --cap-add CAP_KILL",
        "capabilities.bounding",
    ),
    (
        "read-only",
        ["--network=none --read-only --read-only-tmpfs=false", NO_NETWORK],
        "add --read-only --read-only-tmpfs=false",
        "can.write./",
    ),
    (
        "not-read-only",
        [NO_NETWORK, "--network=none --read-only --read-only-tmpfs=false"],
        "leave out --read-only",
        "can.write./",
    ),
    (
        "device",
        ["--network=none --device=/dev/fuse", NO_NETWORK],
        "add --device=/dev/fuse",
        "dev.fuse",
    ),
    (
        "sysctl",
        [
            "--network=none --sysctl=net.ipv4.ip_unprivileged_port_start=7",
            NO_NETWORK,
        ],
        "add --sysctl=net.ipv4.ip_unprivileged_port_start=7",
        "sysctl.net.ipv4.ip_unprivileged_port_start",
    ),
    (
        "shared-memory-size",
        ["--network=none --shm-size=1024k", NO_NETWORK],
        "add --shm-size=1024k",
        "size./dev/shm",
    ),
    (
        "user-namespace",
        ["--network=none --uidmap=0:0:1 --gidmap=0:0:1", NO_NETWORK],
        "add --uidmap=0:0:1 --gidmap=0:0:1",
        "ns.user",
    ),
    (
        "loopback-down",
        ["unshare --net", NO_NETWORK],
        "--network=ns:/proc/self/ns/net --dns=none in the place of \
         --network=none; and put before it: unshare --net",
        "net.link.lo",
    ),
    (
        "etc-hosts",
        ["--network=none --no-hosts", NO_NETWORK],
        "add --no-hosts",
        "mnt./etc/hosts",
    ),
    (
        "pwd",
        ["--network=none --env=PWD=/", NO_NETWORK],
        "add --env=PWD=/",
        "env.PWD",
    ),
    (
        "path",
        ["--network=none --env=PATH=/x", NO_NETWORK],
        "add --env=PATH=/x",
        "env.PATH",
    ),
    (
        "home",
        ["--network=none --env=HOME=/x", NO_NETWORK],
        "add --env=HOME=/x",
        "env.HOME",
    ),
    (
        "variable-unset",
        ["--network=none --unsetenv=TERM", NO_NETWORK],
        "add --unsetenv=TERM",
        "env.TERM",
    ),
    (
        "streams",
        ["--network=none --interactive", NO_NETWORK],
        "add --interactive",
        "descriptors.0",
    ),
    (
        "hostname",
        ["--network=none --hostname=one", "--network=none --hostname=two"],
        "add --hostname=one",
        "uts.hostname",
    ),
];

/// One fix of each kind of change. The others take two seconds each, and run
/// with `--ignored`: `make soak`.
const IN_EVERY_RUN: &[&str] = &[
    "network-of-two-words",
    "not-read-only",
    "loopback-down",
    "limit-nofile",
    "variable",
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = vec![Trial::test("each_record_has_a_case", each_record)];
    trials
        .push(Trial::test("each_fix_of_podman_has_a_case", each_fix_of_podman));
    trials.extend(PODMAN_FIXES.iter().map(|case| {
        let name = format!("podman::{}", case.0);
        Trial::ignorable_test(name, move || podman_fix(case))
            .with_ignored_flag(!IN_EVERY_RUN.contains(&case.0))
    }));
    trials.extend(
        CASES
            .iter()
            .map(|case| Trial::ignorable_test(case.0, move || proof(case))),
    );
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Every record has a case, because otherwise it is not tested; and every case
/// has a record.
fn each_record() -> Result<(), Failed> {
    let records: BTreeSet<&str> =
        CONSEQUENCES.iter().map(|it| it.name).collect();
    let cases: BTreeSet<&str> = CASES.iter().map(|it| it.0).collect();
    let missing: Vec<_> = records.difference(&cases).collect();
    let orphans: Vec<_> = cases.difference(&records).collect();
    if missing.is_empty() && orphans.is_empty() {
        return Ok(());
    }
    Err(format!(
        "add a case to CASES in rust/nsteps/tests/consequences.rs for \
         {missing:?}; remove the cases {orphans:?}, which have no record"
    )
    .into())
}

/// A fix that no case tries may not work. A change is told by its words up to
/// the value, which only a case has.
fn each_fix_of_podman() -> Result<(), Failed> {
    let fixes = CONSEQUENCES.iter().flat_map(|it| it.fixes);
    let missing: Vec<String> = fixes
        .filter(|it| it.launcher == "podman")
        .map(|it| in_words(&it.change))
        .map(|it| it.split('{').next().unwrap_or_default().to_owned())
        .filter(|it| !PODMAN_FIXES.iter().any(|case| case.2.starts_with(it)))
        // It closes what the default network opens, which needs plugins.
        .filter(|it| it != "add --network=host")
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(format!("without a case: {missing:?}").into()),
    }
}

/// A change in the words of `--suggest`.
fn in_words(change: &Change) -> String {
    match change {
        Change::Add(words) => format!("add {}", words.join(" ")),
        Change::Around(words) => format!("put before it: {}", words.join(" ")),
        Change::Swap(from, []) => format!("leave out {}", from.join(" ")),
        Change::Swap(from, to) => {
            let [from, to] = [from, to].map(|it| it.join(" "));
            format!("{to} in the place of {from}")
        }
        Change::All(changes) => {
            let all: Vec<String> = changes.iter().map(in_words).collect();
            all.join("; and ")
        }
        other => format!("{other:?}"),
    }
}

/// `--suggest` finds the change, and it closes the key.
fn podman_fix(
    (name, [wanted, options], change, key): &PodmanFix,
) -> Result<Completion, Failed> {
    if Identity::natural() == Identity::User {
        return unavailable(NEEDS_ROOT);
    }
    let layout = Layout::find().map_err(|it| it.message)?;
    let program = layout.programs().join("bin/nsteps");
    if !program.exists() {
        return unavailable("nsteps is not built: make build");
    }
    // The probe needs no file of the root filesystem.
    let scratch = Scratch::new(&format!("podman-{name}"))?;
    let launcher = |options: &str| match options.starts_with("--") {
        true => format!("{PODMAN} {options} --rootfs {}", scratch.0.display()),
        false => options.to_owned(),
    };
    let output = Command::new(program)
        .args(["diff", "--json", "--suggest", ONCE])
        .args([launcher(wanted), launcher(options)])
        .stdin(Stdio::null())
        .output()?;
    let seen = match reported(&output)? {
        Err(why) => return unavailable(&why),
        Ok(seen) => seen,
    };
    for it in seen["launchers"].as_array().into_iter().flatten() {
        let said = it["said"].as_str().unwrap_or_default();
        match it["did_not_run"].as_str() {
            Some(why) if it["path"].is_null() => {
                let where_from = "no podman for its fixes: apt-get install \
                                  podman crun catatonit";
                return not_set_up(&format!("{why}: {where_from}"));
            }
            Some(_) if said.contains("container-init binary not found") => {
                return not_set_up(
                    "no catatonit for --init: apt-get install catatonit",
                );
            }
            Some(why) => return Err(format!("{why}: {said}").into()),
            None => {}
        }
    }
    let changes = seen["suggestions"][0]["changes"].as_array();
    let is_right = |it: &Value| {
        // Words are quoted as a shell needs it.
        let shown = it["change"].as_str().map(|it| it.replace('\'', ""));
        shown.as_deref() == Some(*change)
            && it["closes"]
                .as_array()
                .is_some_and(|it| it.contains(&json!(key)))
    };
    match changes.is_some_and(|it| it.iter().any(is_right)) {
        true => Ok(Completion::Completed),
        false => Err(format!(
            "no `{change}` that closes {key}: {:#} of {:#}",
            seen["suggestions"], seen["differences"]
        )
        .into()),
    }
}

/// What an ordinary user may not do even as root of a user namespace: take other
/// ids, make a cgroup, own a device.
const NEED_ROOT: &[&str] = &[
    "cgroup",
    "device",
    "group-id",
    "host-cgroup",
    "host-limit",
    "left",
    "stream-by-name",
    "supplementary-groups",
    "sys",
    "sys-cgroup",
    "sys-options",
    "user-id",
    "user-outside",
];

/// What the proof of a record needs of the kernel: a word that a file has.
/// Without that no launcher can show the difference.
const NEED_KERNEL: &[(&str, &str, &str, &str)] = &[
    (
        "lsm-label",
        "/sys/kernel/security/lsm",
        "apparmor",
        "AppArmor with a profile called nsteps",
    ),
    (
        "host-limit",
        "/sys/fs/cgroup/cgroup.controllers",
        "pids",
        "the controller pids in cgroup version 2",
    ),
];

fn proof((name, launchers, keys): &Case) -> Result<Completion, Failed> {
    let lacks = NEED_KERNEL.iter().find(|(it, file, word, _)| {
        let text = fs::read_to_string(file).unwrap_or_default();
        it == name && !text.contains(word)
    });
    if let Some((.., what)) = lacks {
        return Ok(Completion::ignored_with(format!("needs {what}")));
    }
    if NEED_ROOT.contains(name) && Identity::natural() == Identity::User {
        return unavailable(NEEDS_ROOT);
    }
    let layout = Layout::find().map_err(|it| it.message)?;
    let program = layout.programs().join("bin/nsteps");
    if !program.exists() {
        return unavailable("nsteps is not built: make build");
    }
    let scratch = Scratch::new(name)?;
    let mut words = Vec::new();
    for (index, launcher) in launchers.iter().enumerate() {
        words.push(scratch.launcher(launcher, index)?);
    }
    let output = Command::new(program)
        .args(["diff", "--json", ONCE])
        .args(states(name))
        .args(situations(keys))
        .args(&words)
        .stdin(Stdio::null())
        .output()?;
    let seen = match reported(&output)? {
        Err(why) => return unavailable(&why),
        Ok(seen) => seen,
    };
    for it in seen["launchers"].as_array().into_iter().flatten() {
        if let Some(why) = it["did_not_run"].as_str() {
            // A launcher that was never started is missing; one that failed is
            // a failure.
            return match it["path"].is_null() {
                true => unavailable(why),
                false => {
                    Err(format!("{} did not run: {why}", it["run"]).into())
                }
            };
        }
    }
    let differences = seen["differences"].as_array().into_iter().flatten();
    let found: BTreeSet<&str> = differences
        .filter(|it| it["record"] == *name)
        .filter_map(|it| it["row"]["key"].as_str())
        .collect();
    let expected: BTreeSet<&str> = keys.iter().copied().collect();
    if found == expected {
        return Ok(Completion::Completed);
    }
    let text = format!("expected {expected:?}, found {found:?}: {seen:#}");
    Err(text.into())
}

/// The states in which the launchers of a record are started. Whether a
/// launcher runs its payload is a difference only if it does in another state.
fn states(name: &str) -> &'static [&'static str] {
    match name {
        "ran" => &["--state", "plain", "--state", "user"],
        _ => &[],
    }
}

/// The situations that the keys are about.
fn situations(keys: &[&str]) -> Vec<&'static str> {
    keys.iter()
        .filter_map(|it| of_key(it))
        .flat_map(|it| ["--situation", it.name])
        .collect()
}

/// The bundles of a trial, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Result<Scratch, Failed> {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("consequences-{}-{name}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Scratch(path))
    }

    fn launcher(&self, text: &str, index: usize) -> Result<String, Failed> {
        if !text.starts_with('{') {
            return Ok(text.to_owned());
        }
        let mut config = config();
        merge(&mut config, &serde_json::from_str(text)?);
        let bundle = self.0.join(index.to_string());
        fs::create_dir_all(bundle.join("rootfs"))?;
        fs::write(bundle.join("config.json"), format!("{config:#}"))?;
        Ok(format!("runc:{}", bundle.display()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A container with its own root, /proc, /dev and namespaces.
fn config() -> Value {
    let mount = |at: &str, kind: &str| json!({ "destination": at, "type": kind, "source": kind });
    let space = |kind: &str| json!({ "type": kind });
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "args": ["sh"],
            "cwd": "/",
            "env": ["PATH=/bin"],
            "user": { "uid": 0, "gid": 0 },
        },
        "root": { "path": "rootfs" },
        "mounts": [mount("/proc", "proc"), mount("/dev", "tmpfs")],
        "linux": { "namespaces": [space("mount"), space("pid"), space("uts")] },
    })
}

/// Applies a patch in the form of RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Some(members) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in members {
        if value.is_null() {
            target.as_object_mut().map(|it| it.remove(name));
        } else {
            merge(&mut target[name], value);
        }
    }
}
