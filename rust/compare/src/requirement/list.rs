//! The requirements, and for each what may be wrong, the hint, the answer and
//! the page.
//!
//! What differs goes to the first requirement that is one of the step and has a
//! mistake that fits it.

use super::mistake::{Mistake, Of, PAYLOAD, Requirement, TWO_SIDES};
use harness::step::{Arguments, Namespace, Step};

/// A mistake that fits any key and value, to be completed.
const ANY: Mistake = Mistake {
    keys: &[],
    wanted: &[],
    seen: &[],
    hint: "",
    answer: "",
    page: CONTRACT,
};

/// The page about what every step does.
const CONTRACT: &str = "internals/contract.md";
/// The page of the step.
const STEP: &str = "steps/{step}.md";

fn has_an_init(step: &Step) -> bool {
    ["unshare_init", "container", "rootless"].contains(&step.name)
}

fn has_a_mount_table(step: &Step) -> bool {
    step.namespaces.contains(&Namespace::Mnt)
}

/// Of a command that joins it is seen where it is, and nothing else.
fn is_looked_at_whole(step: &Step) -> bool {
    step.arguments != Arguments::Pid
}

/// Every requirement, in the order reports list them.
pub const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        name: "runs",
        about: "the command that it was given runs, and is waited for",
        of: Of::Every,
        mistakes: &[
            Mistake {
                keys: &[PAYLOAD],
                seen: &["it had more than*"],
                hint: "The program makes process after process. All of them \
                       were killed.",
                answer: "Call clone or fork once. The child has to exec the \
                         command, or to exit when exec fails; it must not \
                         return into the code that made it.",
                page: "pitfalls/process-creation.md",
                ..ANY
            },
            Mistake {
                keys: &[PAYLOAD],
                seen: &["*within*"],
                hint: "The program neither ran the command nor ended in time. \
                       It waits for something that does not come.",
                answer: "Look for a read from a pipe of which this process \
                         still has the writing end open, for a wait for a \
                         child that never ends, or for a loop without an end.",
                page: "pitfalls/map-without-a-pipe.md",
                ..ANY
            },
            Mistake {
                keys: &[PAYLOAD],
                seen: &["*not permitted*", "*EPERM*", "*ermission denied*"],
                hint: "The kernel refused a call, and the command never ran. \
                       The rights for a call depend on what was called before.",
                answer: "What a step may do follows from its user namespace: \
                         make that one first, map its ids, and only then do the \
                         rest. A map of group ids needs `deny` in setgroups.",
                page: "kernel/id-maps.md",
                ..ANY
            },
            Mistake {
                keys: &[PAYLOAD],
                hint: "The program ended before its command began, or it did \
                       not take its command from its arguments.",
                answer: "The words behind the name of the program (and behind \
                         NEWROOT or PID, where the step takes one) are the \
                         command: hand them to execvp as they are, and check \
                         what each call before it returns.",
                page: CONTRACT,
                ..ANY
            },
            Mistake {
                keys: &[TWO_SIDES],
                hint: "What the command said of itself is not what is seen \
                       from outside, or it ended before it was told to.",
                answer: "Let the command write to the standard streams and the \
                         descriptors that it inherits; do not read its output \
                         to print it again.",
                page: CONTRACT,
                ..ANY
            },
        ],
    },
    Requirement {
        name: "joins",
        about: "the command is in each namespace of the process that is joined",
        of: Of::Those(|step| step.arguments == Arguments::Pid),
        mistakes: &[Mistake {
            keys: &["ns.*", "mounts"],
            hint: "The command is not in all namespaces of that process.",
            answer: "Open a pidfd of PID and call setns with the flags of all \
                     namespaces that differ from the caller's, the user \
                     namespace first; then fork, because a pid namespace holds \
                     for children.",
            page: "steps/join.md",
            ..ANY
        }],
    },
    Requirement {
        name: "namespaces",
        about: "the namespaces of the step are new for the command, no others",
        of: Of::Those(is_looked_at_whole),
        mistakes: &[
            Mistake {
                keys: &["ns.pid"],
                wanted: &["new"],
                hint: "The command is not in a new pid namespace.",
                answer: "A new pid namespace begins with a child: pass \
                         CLONE_NEWPID to clone, or fork after unshare. The \
                         flags of this step: {flags}.",
                page: "pitfalls/hidden-first-child.md",
                ..ANY
            },
            Mistake {
                keys: &["ns.time"],
                wanted: &["new"],
                hint: "The command is not in a new time namespace.",
                answer: "clone does not know CLONE_NEWTIME (0x80): it is part of \
                         the exit signal there. Call unshare or clone3 with it, \
                         then make the child.",
                page: "pitfalls/newtime-through-clone.md",
                ..ANY
            },
            Mistake {
                keys: &["ns.*"],
                wanted: &["new"],
                hint: "A namespace of this step is missing: for the command it \
                       is still that of the caller.",
                answer: "Pass the flags of the step to clone, clone3 or \
                         unshare, and check what the call returns: {flags}.",
                page: STEP,
                ..ANY
            },
            Mistake {
                keys: &["ns.*"],
                hint: "There is a namespace that this step does not make.",
                answer: "Leave {key} as it is. The flags of this step: {flags}.",
                page: STEP,
                ..ANY
            },
        ],
    },
    Requirement {
        name: "refuses",
        about: "where the old /proc is busy, the program fails and says why",
        of: Of::Expecting(&["refused"]),
        mistakes: &[
            Mistake {
                keys: &["refused"],
                seen: &["-"],
                hint: "The command ran though the old /proc could not be \
                       unmounted: something is mounted below it.",
                answer: "Call umount without MNT_DETACH, check what it returns, \
                         and end with 125 where it fails.",
                page: "kernel/propagation.md",
                ..ANY
            },
            Mistake {
                keys: &["refused"],
                hint: "The error message does not say what the kernel said.",
                answer: "Print the failing call and strerror(errno): \
                         `{wanted}`.",
                page: CONTRACT,
                ..ANY
            },
            Mistake {
                keys: &["exit"],
                wanted: &["125"],
                hint: "The program failed before its command began, and its \
                       status does not say so.",
                answer: "End with 125 where a call fails before exec; the \
                         launcher passes on what the child ended with.",
                page: "differences/exit-status.md",
                ..ANY
            },
        ],
    },
    Requirement {
        name: "hostname",
        about: "the command sees the host name of the step",
        of: Of::Expecting(&["uts.*"]),
        mistakes: &[
            Mistake {
                keys: &["uts.*"],
                seen: &["-"],
                hint: "The command still sees the host name of the caller.",
                answer: "Call sethostname(\"{wanted}\") in the new uts \
                         namespace, before exec.",
                page: STEP,
                ..ANY
            },
            Mistake {
                keys: &["uts.*"],
                hint: "The command sees a host name, but not the one of this \
                       step.",
                answer: "The name is {wanted}.",
                page: STEP,
                ..ANY
            },
        ],
    },
    Requirement {
        name: "propagation",
        about: "mounts propagate as the step says, and no further",
        of: Of::Those(has_a_mount_table),
        mistakes: &[
            Mistake {
                keys: &["mnt.propagation", "mnt./*"],
                wanted: &["every shared mount: shared -> private"],
                seen: &["*slave*"],
                hint: "Mounts that are made outside still arrive inside.",
                answer: "MS_SLAVE receives and does not send; the step wants \
                         MS_REC | MS_PRIVATE.",
                page: "kernel/propagation.md",
            },
            Mistake {
                keys: &["mnt.propagation"],
                hint: "Not every mount has the propagation that the step gives \
                       it.",
                answer: "mount(NULL, \"/\", NULL, FLAGS, NULL), before the first \
                         mount: with MS_PRIVATE alone it changes / and nothing \
                         below it, with MS_REC | MS_PRIVATE everything. What \
                         this step wants: {wanted}.",
                page: "kernel/propagation.md",
                ..ANY
            },
            Mistake {
                keys: &["mnt./"],
                wanted: &["-", "propagation*"],
                hint: "/ does not have the propagation that the step gives it.",
                answer: "mount(NULL, \"/\", NULL, FLAGS, NULL): MS_PRIVATE alone \
                         changes / and nothing below it, MS_REC | MS_PRIVATE \
                         everything. What this step wants of /: {wanted}.",
                page: "kernel/propagation.md",
                ..ANY
            },
            Mistake {
                keys: &["mnt./mytmp"],
                wanted: &["*private"],
                seen: &["*shared"],
                hint: "The tmpfs is shared with the outside.",
                answer: "A mount inherits the propagation of the mount it is \
                         made on: change that first, then mount.",
                page: "kernel/propagation.md",
            },
            Mistake {
                keys: &["mnt./mytmp"],
                wanted: &["*shared"],
                seen: &["*private", "*slave"],
                hint: "The propagation was changed, and this step leaves it as \
                       it is.",
                answer: "Mount the tmpfs, and nothing else.",
                page: "kernel/propagation.md",
            },
            Mistake {
                keys: &["host.mnt.*", "residue.mnt.*"],
                wanted: &["-"],
                hint: "A mount of the program reached the outside.",
                answer: "Make the mount namespace first, then what is mounted \
                         private as far as the step says so, and only then \
                         mount.",
                page: "kernel/propagation.md",
                ..ANY
            },
            Mistake {
                keys: &["host.mnt.*", "residue.mnt.*"],
                seen: &["-"],
                hint: "Where / is shared, the mount of this step arrives \
                       outside as well. It did not.",
                answer: "This step does not change the propagation: mount, and \
                         nothing else.",
                page: "kernel/propagation.md",
                ..ANY
            },
        ],
    },
    Requirement {
        name: "tmpfs",
        about: "a tmpfs of the step's is mounted on $MYTMP",
        of: Of::Expecting(&["mnt./mytmp"]),
        mistakes: &[
            Mistake {
                keys: &["mnt./mytmp*", "mode./mytmp"],
                seen: &["-"],
                hint: "The command sees no new tmpfs on $MYTMP.",
                answer: "mount(\"none\", $MYTMP, \"tmpfs\", 0, NULL) in the new \
                         mount namespace; /mytmp where MYTMP is not set.",
                page: STEP,
                ..ANY
            },
            Mistake {
                keys: &["mnt./mytmp*", "mode./mytmp"],
                hint: "There is a mount on $MYTMP, and it is not as the step \
                       makes it.",
                answer: "The source is none, the type tmpfs, and there are no \
                         flags and no data: {wanted}.",
                page: STEP,
                ..ANY
            },
        ],
    },
    Requirement {
        name: "root",
        about: "/ is NEWROOT, and nothing leads back to the old root",
        of: Of::Expecting(&["root.file"]),
        mistakes: &[
            Mistake {
                keys: &["mnt./.old*", "mnt./#2", "mode./.old*"],
                hint: "The old root is still mounted somewhere in the new one.",
                answer: "After pivot_root and chdir(\"/\"): umount2(\"/.old\", \
                         MNT_DETACH).",
                page: "steps/pivot_root.md",
                ..ANY
            },
            Mistake {
                keys: &["root"],
                hint: "/ is another directory, but the root of the mount \
                       namespace is the old one: root can leave such a root.",
                answer: "pivot_root(NEWROOT, NEWROOT/.old), not chroot.",
                page: "steps/pivot_root.md",
                ..ANY
            },
            Mistake {
                keys: &["residue.files"],
                seen: &["*.old*"],
                hint: "The directory for the old root is left behind in \
                       NEWROOT.",
                answer: "rmdir(\"/.old\"), once the old root is unmounted.",
                page: "steps/pivot_root.md",
                ..ANY
            },
            Mistake {
                keys: &["cwd*"],
                hint: "The working directory of the command is not / of the \
                       new root.",
                answer: "chdir(\"/\") directly after pivot_root.",
                page: "pitfalls/no-chdir.md",
                ..ANY
            },
            Mistake {
                keys: &["mnt", "mnt./", "root.*", "mode./run"],
                hint: "/ is not the directory that the program was given, or \
                       its mounts are not those of the step.",
                answer: "Bind NEWROOT on itself (MS_BIND | MS_REC), mkdir \
                         NEWROOT/.old, pivot_root(NEWROOT, NEWROOT/.old), \
                         chdir(\"/\").",
                page: "steps/pivot_root.md",
                ..ANY
            },
            Mistake {
                keys: &["mnt./*", "mode./*"],
                wanted: &["-"],
                hint: "The new root has a mount that the step does not make, \
                       at {key}.",
                answer: "Only /, /dev, what is in it and /proc are mounts.",
                page: STEP,
                ..ANY
            },
        ],
    },
    Requirement {
        name: "devices",
        about: "/dev is a new tmpfs, with the devices that the step puts there",
        of: Of::Expecting(&["mode./dev"]),
        mistakes: &[
            Mistake {
                keys: &["dev.std*", "dev.fd", "*.reopen"],
                hint: "The standard streams have no names in /dev.",
                answer: "Make the links fd -> /proc/self/fd, stdin -> \
                         /proc/self/fd/0, stdout and stderr in /dev.",
                page: STEP,
                ..ANY
            },
            Mistake {
                keys: &["dev*", "mnt./dev*", "mode./dev"],
                hint: "/dev is not as the step makes it.",
                answer: "mount(\"none\", \"/dev\", \"tmpfs\", MS_NOSUID | \
                         MS_STRICTATIME, NULL); what is expected of {key}: \
                         {wanted}. `pivot_root` leaves it empty, `container` \
                         and `rootless` bind six devices there.",
                page: "pitfalls/empty-dev.md",
                ..ANY
            },
        ],
    },
    Requirement {
        name: "proc",
        about: "/proc is that of the new pid namespace",
        of: Of::Expecting(&["mnt./proc"]),
        mistakes: &[
            Mistake {
                keys: &["mnt./proc", "processes.proc", "processes.visible"],
                seen: &["-", "of the*"],
                hint: "/proc is still the old one: it shows the processes of \
                       another pid namespace.",
                answer: "Mount a new procfs in the child, which is in the new \
                         pid namespace: mount(\"proc\", \"/proc\", \"proc\", 0, \
                         NULL). A procfs belongs to the pid namespace of the \
                         process that mounts it.",
                page: "kernel/whose-procfs.md",
                ..ANY
            },
            Mistake {
                keys: &["mnt./proc*"],
                hint: "There is a new /proc, and it is not mounted as the step \
                       does it.",
                answer: "Without flags and data. What is expected: {wanted}.",
                page: STEP,
                ..ANY
            },
            Mistake {
                keys: &["processes.proc"],
                hint: "The /proc that the command sees is that of another pid \
                       namespace.",
                answer: "Mount a new procfs in the child, which is in the new \
                         pid namespace.",
                page: "kernel/whose-procfs.md",
                ..ANY
            },
        ],
    },
    Requirement {
        name: "init",
        about: "PID 1 is an init of the step's own; the command is its child",
        of: Of::Those(has_an_init),
        mistakes: &[
            Mistake {
                keys: &["processes.pid", "processes.ppid", "processes.visible"],
                hint: "The command is PID 1 itself, or no child of PID 1: the \
                       processes that it leaves are not reaped.",
                answer: "Fork again in PID 1. The child execs the command, PID \
                         1 waits for every child until there is none.",
                page: "pitfalls/pid-1-and-signals.md",
                ..ANY
            },
            Mistake {
                keys: &["processes.*"],
                hint: "The command is in another session or process group than \
                       the step leaves it in.",
                answer: "Do not call setsid or setpgid. What is expected of \
                         {key}: {wanted}.",
                page: STEP,
                ..ANY
            },
        ],
    },
    Requirement {
        name: "pid",
        about: "the command is PID 1, and alone",
        of: Of::Expecting(&["processes.ppid"]),
        mistakes: &[
            Mistake {
                keys: &["processes.pid", "processes.ppid"],
                hint: "The command is not PID 1 of a new pid namespace.",
                answer: "clone with CLONE_NEWPID: the child is PID 1, and execs \
                         the command itself.",
                page: "pitfalls/hidden-first-child.md",
                ..ANY
            },
            Mistake {
                keys: &["processes.visible"],
                hint: "The command sees another number of processes than \
                       itself.",
                answer: "The child makes no other child before it execs, and \
                         /proc is mounted again where the step does that.",
                page: STEP,
                ..ANY
            },
            Mistake {
                keys: &["processes.*"],
                hint: "The command is in another session or process group than \
                       the step leaves it in.",
                answer: "Do not call setsid or setpgid. What is expected of \
                         {key}: {wanted}.",
                page: STEP,
                ..ANY
            },
        ],
    },
    Requirement {
        name: "network",
        about: "the network is new, and lo is as the step leaves it",
        of: Of::Those(|step| step.namespaces.contains(&Namespace::Net)),
        mistakes: &[
            Mistake {
                keys: &["net.link.lo"],
                wanted: &["-"],
                hint: "lo is down: nothing in there reaches localhost.",
                answer: "Set IFF_UP on lo: ioctl SIOCSIFFLAGS on any socket of \
                         the new namespace.",
                page: STEP,
                ..ANY
            },
            Mistake {
                keys: &["net.link.lo"],
                seen: &["-", "up*"],
                hint: "lo is up, which this step leaves to the command.",
                answer: "A new network namespace has lo, down. Leave it so.",
                page: STEP,
                ..ANY
            },
            Mistake {
                keys: &["net.*"],
                hint: "The command sees links that a new network namespace \
                       does not have.",
                answer: "Pass CLONE_NEWNET.",
                page: STEP,
                ..ANY
            },
        ],
    },
    Requirement {
        name: "ipc",
        about: "no System V queue of the caller's is in sight",
        of: Of::Expecting(&["sysvipc.*"]),
        mistakes: &[Mistake {
            keys: &["sysvipc.*"],
            hint: "The command sees the System V objects of the caller.",
            answer: "Pass CLONE_NEWIPC.",
            page: STEP,
            ..ANY
        }],
    },
    Requirement {
        name: "ids",
        about: "ids and capabilities follow from the map of the step",
        of: Of::Expecting(&["id_maps.*"]),
        mistakes: &[
            Mistake {
                keys: &["id_maps.setgroups"],
                hint: "setgroups is not denied, or is where the step leaves it.",
                answer: "Write deny to /proc/PID/setgroups before gid_map: \
                         {wanted}.",
                page: "kernel/id-maps.md",
                ..ANY
            },
            Mistake {
                keys: &["id_maps.*", "ids.*"],
                seen: &["-"],
                hint: "The ids are those of the caller's user namespace, or \
                       there is no map where the step writes one.",
                answer: "The parent writes /proc/PID/uid_map and gid_map while \
                         the child waits on a pipe. What is expected of {key}: \
                         {wanted}.",
                page: "pitfalls/map-without-a-pipe.md",
                ..ANY
            },
            Mistake {
                keys: &["id_maps.*", "ids.*"],
                hint: "The ids are mapped, but not as in this step.",
                answer: "What is expected of {key}: {wanted}.",
                page: "kernel/id-maps.md",
                ..ANY
            },
            Mistake {
                keys: &["capabilities.ambient"],
                hint: "Capabilities were kept across exec that this step loses \
                       there.",
                answer: "Do not raise ambient capabilities: a user that is not \
                         mapped to root has none after exec.",
                page: STEP,
                ..ANY
            },
            Mistake {
                keys: &["capabilities.*"],
                hint: "The command has other capabilities than the ids of this \
                       step give it.",
                answer: "They follow from the map at the time of exec. What is \
                         expected of {key}: {wanted}.",
                page: STEP,
                ..ANY
            },
        ],
    },
    Requirement {
        name: "cgroup",
        about: "every cgroup path of the command begins at its own root",
        of: Of::Expecting(&["cgroup"]),
        mistakes: &[Mistake {
            keys: &["cgroup*"],
            hint: "The path of the command's cgroup shows where on the machine \
                   it is.",
            answer: "Pass CLONE_NEWCGROUP; what is the root is decided when the \
                     namespace is made.",
            page: "steps/cgroup.md",
            ..ANY
        }],
    },
    Requirement {
        name: "clocks",
        about: "the clocks of the command were started a day earlier",
        of: Of::Expecting(&["time_offsets.*"]),
        mistakes: &[Mistake {
            keys: &["time_offsets.*"],
            hint: "The clocks of the command are not a day ahead.",
            answer: "Write `monotonic 86400 0` and `boottime 86400 0` to \
                     /proc/self/timens_offsets after unshare, before the first \
                     child enters.",
            page: "steps/time.md",
            ..ANY
        }],
    },
    Requirement {
        name: "descriptors",
        about: "standard streams pass through, no descriptor is added",
        of: Of::Those(is_looked_at_whole),
        mistakes: &[
            Mistake {
                keys: &[
                    "descriptors.0*",
                    "descriptors.1*",
                    "descriptors.2*",
                    "descriptors.inherited",
                ],
                hint: "What the command inherits as a descriptor is not what \
                       the program was given.",
                answer: "Leave descriptors 0, 1 and 2, and those that the \
                         caller passed on, as they are.",
                page: "pitfalls/stdio-default.md",
                ..ANY
            },
            Mistake {
                keys: &["descriptors.*"],
                hint: "A descriptor that the program opened reaches the \
                       command.",
                answer: "Open everything with O_CLOEXEC (SOCK_CLOEXEC, \
                         pipe2).",
                page: "pitfalls/descriptors.md",
                ..ANY
            },
        ],
    },
    Requirement {
        name: "signals",
        about: "signal mask and ignored signals are as they came",
        of: Of::Those(is_looked_at_whole),
        mistakes: &[
            Mistake {
                keys: &["signals.ignored"],
                seen: &["*SIGPIPE*"],
                hint: "SIGPIPE is ignored in the command.",
                answer: "A runtime ignores it (Rust, Python): set it to its \
                         default before exec.",
                page: "pitfalls/sigpipe.md",
                ..ANY
            },
            Mistake {
                keys: &["signals.*"],
                hint: "The command starts with a signal blocked or ignored \
                       that was not so before.",
                answer: "exec keeps the mask and what is ignored: put {key} \
                         back in the child.",
                page: "pitfalls/inherited-signals.md",
                ..ANY
            },
        ],
    },
    Requirement {
        name: "environment",
        about: "the environment passes through",
        of: Of::Those(is_looked_at_whole),
        mistakes: &[Mistake {
            keys: &["env.*", "environment.*"],
            hint: "The environment of the command is not the one that the \
                   program was given.",
            answer: "Use execvp, which passes environ on, and set no variable \
                     ({key}).",
            page: "pitfalls/environment.md",
            ..ANY
        }],
    },
    Requirement {
        name: "outside",
        about: "outside of its namespaces nothing changes, nothing is left",
        of: Of::Those(is_looked_at_whole),
        mistakes: &[
            Mistake {
                keys: &["host.uts.*", "residue.uts.*"],
                hint: "The host name outside has changed, too.",
                answer: "sethostname belongs in the child, after CLONE_NEWUTS.",
                page: "steps/uts.md",
                ..ANY
            },
            Mistake {
                keys: &["host.mnt.*", "residue.mnt.*"],
                hint: "A mount of the program is there outside, too.",
                answer: "Mount in a mount namespace of your own, and nothing \
                         where the step makes none.",
                page: "kernel/propagation.md",
                ..ANY
            },
            Mistake {
                keys: &["residue.processes"],
                hint: "A process of the program's is left when it has ended.",
                answer: "Wait for every child.",
                page: CONTRACT,
                ..ANY
            },
            Mistake {
                keys: &["*mqueue.queues", "*sysvipc.queues"],
                hint: "A queue that the program made is there outside, too.",
                answer: "Make none, or in an ipc namespace of your own.",
                page: "steps/ipc.md",
                ..ANY
            },
            Mistake {
                keys: &["host.*", "residue.*"],
                hint: "Something that the program made or changed is left \
                       outside of its namespaces.",
                answer: "Remove what you make, or make it in a namespace of \
                         your own: {key}.",
                page: CONTRACT,
                ..ANY
            },
        ],
    },
    Requirement {
        name: "status",
        about: "the program ends as its command did",
        of: Of::Every,
        mistakes: &[Mistake {
            keys: &["exit"],
            hint: "The command succeeded, and the program ended with another \
                   status or did not end.",
            answer: "Wait for the child and end with WEXITSTATUS.",
            page: "differences/exit-status.md",
            ..ANY
        }],
    },
    Requirement {
        name: "inherits",
        about: "the command finds everything else as the program did",
        of: Of::Those(is_looked_at_whole),
        mistakes: &[
            Mistake {
                keys: &["processes.sid", "processes.pgid"],
                hint: "The command is in another session or process group.",
                answer: "Do not call setsid or setpgid ({key}).",
                page: CONTRACT,
                ..ANY
            },
            Mistake {
                keys: &["limits.*"],
                hint: "{key} of the command is not the limit that the program \
                       was given.",
                answer: "Put {key} back before exec; some runtimes raise the \
                         limit of open files when they start.",
                page: "differences/rlimit-nofile.md",
                ..ANY
            },
            Mistake {
                keys: &["cwd*", "root*"],
                hint: "The command starts in another directory.",
                answer: "Leave the working directory and the root alone.",
                page: CONTRACT,
                ..ANY
            },
            Mistake {
                keys: &["lifecycle.pdeathsig"],
                hint: "The command is sent a signal when its parent ends.",
                answer: "Do not set PR_SET_PDEATHSIG for the command.",
                page: "pitfalls/pdeathsig.md",
                ..ANY
            },
            Mistake {
                keys: &["mnt*", "mode.*", "dev*"],
                hint: "The command sees a mount, a mode or a device that this \
                       step leaves alone: {key}.",
                answer: "Take away what changes {key}.",
                page: STEP,
                ..ANY
            },
            Mistake {
                keys: &["security.*"],
                hint: "The command may do less than the program: {key}.",
                answer: "Set neither no_new_privs nor a filter: no exec takes \
                         them back.",
                page: "internals/observation.md",
                ..ANY
            },
            Mistake {
                keys: &["capabilities.*", "ids.*", "id_maps.*"],
                hint: "The command has other rights than the program: {key}.",
                answer: "Leave ids and capabilities alone ({key}).",
                page: CONTRACT,
                ..ANY
            },
            Mistake {
                keys: &["*"],
                hint: "The program changes what its command inherits, which \
                       this step leaves alone: {key}.",
                answer: "Take away what changes {key}; `nsteps explain` says \
                         what sets it.",
                page: "internals/observation.md",
                ..ANY
            },
        ],
    },
    Requirement {
        name: "exit",
        about: "the status of a command that fails is passed on",
        of: Of::Situations(&["exit_3"]),
        mistakes: &[
            Mistake {
                keys: &["exit"],
                seen: &["126", "127"],
                hint: "A command that is in the last directory of PATH was not \
                       found or not started.",
                answer: "execvp goes on with the next directory of PATH after \
                         ENOENT and ENOTDIR.",
                page: "pitfalls/path-lookup.md",
                ..ANY
            },
            Mistake {
                keys: &["exit"],
                hint: "The command ended with a status of its own, and the \
                       program with another.",
                answer: "Wait for the child, and where WIFEXITED end with \
                         WEXITSTATUS. Expected here: {wanted}.",
                page: "differences/exit-status.md",
                ..ANY
            },
        ],
    },
    Requirement {
        name: "signal",
        about: "a command that is killed by signal n gives status 128 + n",
        of: Of::Situations(&["killed"]),
        mistakes: &[Mistake {
            keys: &["exit"],
            hint: "The command was killed by a signal, and the status of \
                       the program does not say so.",
            answer: "Where WIFSIGNALED, end with 128 + WTERMSIG. Expected \
                         here: {wanted}.",
            page: "differences/exit-status.md",
            ..ANY
        }],
    },
    Requirement {
        name: "missing",
        about: "a command that is not there gives status 127 and an error",
        of: Of::Situations(&["missing", "found_nowhere"]),
        mistakes: &[
            Mistake {
                keys: &["exit"],
                hint: "The command does not exist, and the status of the \
                       program does not say so.",
                answer: "exec returns only when it has failed: end the child \
                         with 127 where errno is ENOENT, and pass that on.",
                page: CONTRACT,
                ..ANY
            },
            Mistake {
                keys: &["*"],
                hint: "The command does not exist, and no line on standard \
                       error says so.",
                answer: "Print one line with the call and strerror(errno): \
                         `{wanted}`.",
                page: CONTRACT,
                ..ANY
            },
        ],
    },
    Requirement {
        name: "not_executable",
        about: "a command that may not be executed gives status 126",
        of: Of::Situations(&["not_executable"]),
        mistakes: &[
            Mistake {
                keys: &["exit"],
                hint: "The command may not be executed, and the status of the \
                       program does not say so.",
                answer: "End the child with 126 where exec has failed with \
                         another errno than ENOENT.",
                page: CONTRACT,
                ..ANY
            },
            Mistake {
                keys: &["*"],
                hint: "The command may not be executed, and no line on \
                       standard error says so.",
                answer: "Print one line with the call and strerror(errno): \
                         `{wanted}`.",
                page: CONTRACT,
                ..ANY
            },
        ],
    },
    Requirement {
        name: "arguments",
        about: "ten thousand arguments and a large environment arrive whole",
        of: Of::Situations(&["much"]),
        mistakes: &[Mistake {
            keys: &["*"],
            hint: "Not all arguments and variables reached the command, or the \
                   program could not take so many.",
            answer: "Hand argv on by its pointer, without a buffer of a fixed \
                     size.",
            page: "pitfalls/environment.md",
            ..ANY
        }],
    },
    Requirement {
        name: "pipe",
        about: "a command whose reader has gone is killed by SIGPIPE",
        of: Of::Situations(&["broken_pipe"]),
        mistakes: &[Mistake {
            keys: &["*"],
            hint: "A command that writes to a pipe without a reader is not \
                   ended by SIGPIPE.",
            answer: "Set SIGPIPE to its default before exec, and leave it \
                     unblocked.",
            page: "pitfalls/sigpipe.md",
            ..ANY
        }],
    },
    Requirement {
        name: "output",
        about: "nothing but the command writes to standard output",
        of: Of::Situations(&["order"]),
        mistakes: &[Mistake {
            keys: &["*"],
            hint: "Standard output has more than what the command printed, or \
                   in another order.",
            answer: "Print nothing to standard output; where you must, flush \
                     before clone and exec.",
            page: "differences/stdio-at-exec.md",
            ..ANY
        }],
    },
    Requirement {
        name: "terminated",
        about: "SIGTERM ends the program, and leaves its command alone",
        of: Of::Situations(&["terminated"]),
        mistakes: &[
            Mistake {
                keys: &["exit"],
                hint: "SIGTERM does not end the program as it ends others.",
                answer: "Do not handle, block or ignore it.",
                page: "pitfalls/orphan-after-ctrl-c.md",
                ..ANY
            },
            Mistake {
                keys: &["*"],
                hint: "A signal to the program ends the command as well.",
                answer: "Do not set PR_SET_PDEATHSIG, and do not pass the \
                         signal on.",
                page: "pitfalls/orphan-after-ctrl-c.md",
                ..ANY
            },
        ],
    },
];
