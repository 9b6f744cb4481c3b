//! The hints that the wrong launchers have to get.

/// A wrong launcher, and for each requirement that it fails and the step in C
/// does not, or not so: its name, a part of the hint, and the page.
pub type Wrong =
    (&'static str, &'static [(&'static str, &'static str, &'static str)]);

/// Every wrong launcher. Those without a hint do what the contract of a step says
/// nothing about, and what only a deep look of `nsteps diff` sees.
pub const ZOO: &[Wrong] = &[
    (
        "cgroup_without_namespace",
        &[
            (
                "cgroup",
                "The path of the command's cgroup shows where on the machine it is.",
                "steps/cgroup.md",
            ),
            (
                "namespaces",
                "A namespace of this step is missing: for the command it is still that of the caller.",
                "steps/cgroup.md",
            ),
        ],
    ),
    (
        "container_lo_down",
        &[(
            "network",
            "lo is down: nothing in there reaches localhost.",
            "steps/container.md",
        )],
    ),
    (
        "container_without_init",
        &[(
            "init",
            "The command is PID 1 itself, or no child of PID 1: the processes that it leaves are not reaped.",
            "pitfalls/pid-1-and-signals.md",
        )],
    ),
    (
        "container_without_streams",
        &[(
            "devices",
            "The standard streams have no names in /dev.",
            "steps/container.md",
        )],
    ),
    (
        "ipc_with_uts",
        &[(
            "namespaces",
            "There is a namespace that this step does not make.",
            "steps/ipc.md",
        )],
    ),
    (
        "ipc_without_namespace",
        &[
            (
                "ipc",
                "The command sees the System V objects of the caller.",
                "steps/ipc.md",
            ),
            (
                "namespaces",
                "A namespace of this step is missing: for the command it is still that of the caller.",
                "steps/ipc.md",
            ),
        ],
    ),
    (
        "join_without_net",
        &[(
            "joins",
            "The command is not in all namespaces of that process.",
            "steps/join.md",
        )],
    ),
    (
        "mount_closes_null",
        &[(
            "inherits",
            "The command sees a mount, a mode or a device that this step leaves alone: dev.null.",
            "steps/mount.md",
        )],
    ),
    (
        "mount_nosuid",
        &[(
            "tmpfs",
            "There is a mount on $MYTMP, and it is not as the step makes it.",
            "steps/mount.md",
        )],
    ),
    (
        "mount_private_stays_shared",
        &[(
            "propagation",
            "/ does not have the propagation that the step gives it.",
            "kernel/propagation.md",
        )],
    ),
    (
        "mount_rprivate_slave",
        &[(
            "propagation",
            "Mounts that are made outside still arrive inside.",
            "kernel/propagation.md",
        )],
    ),
    (
        "mount_rprivate_without_rec",
        &[(
            "propagation",
            "Not every mount has the propagation that the step gives it.",
            "kernel/propagation.md",
        )],
    ),
    ("mount_small", &[]),
    (
        "network_lo_up",
        &[(
            "network",
            "lo is up, which this step leaves to the command.",
            "steps/network.md",
        )],
    ),
    (
        "pid_detach_flushes",
        &[(
            "output",
            "Standard output has more than what the command printed",
            "differences/stdio-at-exec.md",
        )],
    ),
    (
        "pid_goes_on",
        &[(
            "refuses",
            "The command ran though the old /proc could not be unmounted",
            "kernel/propagation.md",
        )],
    ),
    (
        "pid_hides_processes",
        &[(
            "proc",
            "There is a new /proc, and it is not mounted as the step does it.",
            "steps/pid.md",
        )],
    ),
    (
        "pid_keeps_proc",
        &[
            (
                "refuses",
                "The command ran though the old /proc could not be unmounted",
                "kernel/propagation.md",
            ),
            (
                "proc",
                "/proc is still the old one: it shows the processes of another pid namespace.",
                "kernel/whose-procfs.md",
            ),
        ],
    ),
    (
        "pid_with_child",
        &[(
            "pid",
            "The command sees another number of processes than itself.",
            "steps/pid.md",
        )],
    ),
    (
        "pid_without_mount_namespace",
        &[
            (
                "namespaces",
                "A namespace of this step is missing: for the command it is still that of the caller.",
                "steps/pid.md",
            ),
            (
                "propagation",
                "A mount of the program reached the outside.",
                "kernel/propagation.md",
            ),
        ],
    ),
    (
        "pivot_root_by_chroot",
        &[(
            "root",
            "/ is another directory, but the root of the mount namespace is the old one: root can leave such a root.",
            "steps/pivot_root.md",
        )],
    ),
    (
        "pivot_root_keeps_old",
        &[(
            "root",
            "The old root is still mounted somewhere in the new one.",
            "steps/pivot_root.md",
        )],
    ),
    (
        "pivot_root_leaves_directory",
        &[(
            "root",
            "The directory for the old root is left behind in NEWROOT.",
            "steps/pivot_root.md",
        )],
    ),
    (
        "pivot_root_stacks_old",
        &[(
            "root",
            "The old root is still mounted somewhere in the new one.",
            "steps/pivot_root.md",
        )],
    ),
    (
        "skeleton_adds_variable",
        &[(
            "environment",
            "The environment of the command is not the one that the program was given.",
            "pitfalls/environment.md",
        )],
    ),
    (
        "skeleton_arms_alarm",
        &[(
            "inherits",
            "The program changes what its command inherits, which this step leaves alone: lifecycle.timers.",
            "internals/observation.md",
        )],
    ),
    (
        "skeleton_arms_pdeathsig",
        &[
            (
                "inherits",
                "The command is sent a signal when its parent ends.",
                "pitfalls/pdeathsig.md",
            ),
            (
                "terminated",
                "A signal to the program ends the command as well.",
                "pitfalls/orphan-after-ctrl-c.md",
            ),
        ],
    ),
    (
        "skeleton_binds_memory",
        &[(
            "inherits",
            "The program changes what its command inherits, which this step leaves alone: scheduling.memory.",
            "internals/observation.md",
        )],
    ),
    (
        "skeleton_blocks_signal",
        &[(
            "signals",
            "The command starts with a signal blocked or ignored that was not so before.",
            "pitfalls/inherited-signals.md",
        )],
    ),
    (
        "skeleton_breaks_pipes",
        &[
            (
                "pipe",
                "A command that writes to a pipe without a reader is not ended by SIGPIPE.",
                "pitfalls/sigpipe.md",
            ),
            (
                "signals",
                "SIGPIPE is ignored in the command.",
                "pitfalls/sigpipe.md",
            ),
        ],
    ),
    (
        "skeleton_changes_directory",
        &[(
            "inherits",
            "The command starts in another directory.",
            "internals/contract.md",
        )],
    ),
    (
        "skeleton_drops_capability",
        &[(
            "inherits",
            "The command has other rights than the program: capabilities.bounding.",
            "internals/contract.md",
        )],
    ),
    (
        "skeleton_dumps_more",
        &[(
            "inherits",
            "The program changes what its command inherits, which this step leaves alone: lifecycle.coredump.",
            "internals/observation.md",
        )],
    ),
    (
        "skeleton_filters_calls",
        &[(
            "inherits",
            "The command may do less than the program: security.seccomp.",
            "internals/observation.md",
        )],
    ),
    (
        "skeleton_fixes_addresses",
        &[(
            "inherits",
            "The program changes what its command inherits, which this step leaves alone: lifecycle.personality.",
            "internals/observation.md",
        )],
    ),
    (
        "skeleton_forbids_directories",
        &[(
            "inherits",
            "The command may do less than the program: security.no_new_privs.",
            "internals/observation.md",
        )],
    ),
    (
        "skeleton_forges",
        &[
            (
                "arguments",
                "Not all arguments and variables reached the command, or the program could not take so many.",
                "pitfalls/environment.md",
            ),
            (
                "descriptors",
                "What the command inherits as a descriptor is not what the program was given.",
                "pitfalls/stdio-default.md",
            ),
            (
                "pipe",
                "A command that writes to a pipe without a reader is not ended by SIGPIPE.",
                "pitfalls/sigpipe.md",
            ),
            (
                "runs",
                "What the command said of itself is not what is seen from outside, or it ended before it was told to.",
                "internals/contract.md",
            ),
            (
                "terminated",
                "SIGTERM does not end the program as it ends others.",
                "pitfalls/orphan-after-ctrl-c.md",
            ),
        ],
    ),
    ("skeleton_forks_again", &[]),
    (
        "skeleton_idle_disk",
        &[(
            "inherits",
            "The program changes what its command inherits, which this step leaves alone: scheduling.io.",
            "internals/observation.md",
        )],
    ),
    (
        "skeleton_ignores_sigpipe",
        &[
            (
                "pipe",
                "A command that writes to a pipe without a reader is not ended by SIGPIPE.",
                "pitfalls/sigpipe.md",
            ),
            (
                "signals",
                "SIGPIPE is ignored in the command.",
                "pitfalls/sigpipe.md",
            ),
        ],
    ),
    ("skeleton_joins_keyring", &[]),
    ("skeleton_keeps_process", &[]),
    (
        "skeleton_kills_caller",
        &[(
            "inherits",
            "The command may do less than the program: security.no_new_privs.",
            "internals/observation.md",
        )],
    ),
    (
        "skeleton_leads_outside",
        &[
            (
                "arguments",
                "Not all arguments and variables reached the command, or the program could not take so many.",
                "pitfalls/environment.md",
            ),
            (
                "descriptors",
                "What the command inherits as a descriptor is not what the program was given.",
                "pitfalls/stdio-default.md",
            ),
            (
                "inherits",
                "The command starts in another directory.",
                "internals/contract.md",
            ),
            (
                "pipe",
                "A command that writes to a pipe without a reader is not ended by SIGPIPE.",
                "pitfalls/sigpipe.md",
            ),
            (
                "terminated",
                "SIGTERM does not end the program as it ends others.",
                "pitfalls/orphan-after-ctrl-c.md",
            ),
        ],
    ),
    (
        "skeleton_leaks_descriptor",
        &[(
            "descriptors",
            "A descriptor that the program opened reaches the command.",
            "pitfalls/descriptors.md",
        )],
    ),
    (
        "skeleton_leaves_file",
        &[(
            "outside",
            "Something that the program made or changed is left outside of its namespaces.",
            "internals/contract.md",
        )],
    ),
    (
        "skeleton_leaves_mount",
        &[
            (
                "inherits",
                "The command sees a mount, a mode or a device that this step leaves alone: mnt./mytmp.",
                "steps/skeleton.md",
            ),
            (
                "outside",
                "A mount of the program is there outside, too.",
                "kernel/propagation.md",
            ),
        ],
    ),
    (
        "skeleton_leaves_process",
        &[(
            "outside",
            "A process of the program's is left when it has ended.",
            "internals/contract.md",
        )],
    ),
    (
        "skeleton_leaves_queue",
        &[(
            "outside",
            "A queue that the program made is there outside, too.",
            "steps/ipc.md",
        )],
    ),
    ("skeleton_leaves_route", &[]),
    (
        "skeleton_limits_files",
        &[(
            "inherits",
            "limits.nofile of the command is not the limit that the program was given.",
            "differences/rlimit-nofile.md",
        )],
    ),
    (
        "skeleton_new_session",
        &[(
            "inherits",
            "The command is in another session or process group.",
            "internals/contract.md",
        )],
    ),
    (
        "skeleton_nice",
        &[(
            "inherits",
            "The program changes what its command inherits, which this step leaves alone: scheduling.nice.",
            "internals/observation.md",
        )],
    ),
    (
        "skeleton_no_new_privs",
        &[(
            "inherits",
            "The command may do less than the program: security.no_new_privs.",
            "internals/observation.md",
        )],
    ),
    (
        "skeleton_opens_dev",
        &[(
            "inherits",
            "The command sees a mount, a mode or a device that this step leaves alone: mode./dev.",
            "steps/skeleton.md",
        )],
    ),
    (
        "skeleton_opens_stderr",
        &[(
            "descriptors",
            "What the command inherits as a descriptor is not what the program was given.",
            "pitfalls/stdio-default.md",
        )],
    ),
    (
        "skeleton_own_network",
        &[(
            "namespaces",
            "There is a namespace that this step does not make.",
            "steps/skeleton.md",
        )],
    ),
    (
        "skeleton_pins_cpu",
        &[(
            "inherits",
            "The program changes what its command inherits, which this step leaves alone: scheduling.cpus.",
            "internals/observation.md",
        )],
    ),
    (
        "skeleton_refuses_keyctl",
        &[(
            "inherits",
            "The command may do less than the program: security.no_new_privs.",
            "internals/observation.md",
        )],
    ),
    (
        "skeleton_renames_payload",
        &[
            (
                "arguments",
                "Not all arguments and variables reached the command, or the program could not take so many.",
                "pitfalls/environment.md",
            ),
            (
                "pipe",
                "A command that writes to a pipe without a reader is not ended by SIGPIPE.",
                "pitfalls/sigpipe.md",
            ),
            (
                "terminated",
                "SIGTERM does not end the program as it ends others.",
                "pitfalls/orphan-after-ctrl-c.md",
            ),
        ],
    ),
    ("skeleton_sets_sysctl", &[]),
    (
        "skeleton_takes_payload_along",
        &[
            (
                "inherits",
                "The command is sent a signal when its parent ends.",
                "pitfalls/pdeathsig.md",
            ),
            (
                "terminated",
                "A signal to the program ends the command as well.",
                "pitfalls/orphan-after-ctrl-c.md",
            ),
        ],
    ),
    (
        "skeleton_umask",
        &[(
            "inherits",
            "The program changes what its command inherits, which this step leaves alone: umask.",
            "internals/observation.md",
        )],
    ),
    (
        "skeleton_without_huge_pages",
        &[(
            "inherits",
            "The program changes what its command inherits, which this step leaves alone: lifecycle.thp.",
            "internals/observation.md",
        )],
    ),
    (
        "time_without_offsets",
        &[(
            "clocks",
            "The clocks of the command are not a day ahead.",
            "steps/time.md",
        )],
    ),
    (
        "user_keeps_capabilities",
        &[(
            "ids",
            "Capabilities were kept across exec that this step loses there.",
            "steps/user.md",
        )],
    ),
    (
        "user_mapped_other_id",
        &[(
            "ids",
            "The ids are mapped, but not as in this step.",
            "kernel/id-maps.md",
        )],
    ),
    (
        "uts_other_name",
        &[(
            "hostname",
            "The command sees a host name, but not the one of this step.",
            "steps/uts.md",
        )],
    ),
    (
        "uts_swallows_status",
        &[(
            "exit",
            "The command ended with a status of its own, and the program with another.",
            "differences/exit-status.md",
        )],
    ),
    (
        "uts_without_namespace",
        &[
            (
                "namespaces",
                "A namespace of this step is missing: for the command it is still that of the caller.",
                "steps/uts.md",
            ),
            (
                "outside",
                "The host name outside has changed, too.",
                "steps/uts.md",
            ),
        ],
    ),
];
