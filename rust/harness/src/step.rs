//! The steps: what each one makes, and which post it follows.
//!
//! [`STEPS`] is the only list of steps in the project.  The command line, the
//! comparison, the tests, the benchmarks and the book loop over it; sources,
//! programs and pages are found by the step's name.

use std::fmt;

/// A kind of namespace, by the name the kernel gives it in `/proc/PID/ns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// The root of the visible cgroup hierarchy: cgroup_namespaces(7), Linux
    /// 4.6.
    Cgroup,
    /// System V IPC and POSIX queues: ipc_namespaces(7), Linux 2.6.19.
    Ipc,
    /// The mount table: mount_namespaces(7), Linux 2.4.19.
    Mnt,
    /// Interfaces, addresses, routes, ports: network_namespaces(7), Linux
    /// 2.6.29.
    Net,
    /// Process ids: pid_namespaces(7), Linux 2.6.24.
    Pid,
    /// The monotonic and the boot clock: time_namespaces(7), Linux 5.6.
    Time,
    /// User and group ids and capabilities: user_namespaces(7), Linux 3.8.
    User,
    /// The host and the domain name: uts_namespaces(7), Linux 2.6.19.
    Uts,
}

impl Namespace {
    /// Every kind, in the order of `/proc/PID/ns`.
    pub const ALL: [Namespace; 8] = [
        Namespace::Cgroup,
        Namespace::Ipc,
        Namespace::Mnt,
        Namespace::Net,
        Namespace::Pid,
        Namespace::Time,
        Namespace::User,
        Namespace::Uts,
    ];

    /// The name of its link in `/proc/PID/ns`.
    pub const fn proc_name(self) -> &'static str {
        match self {
            Namespace::Cgroup => "cgroup",
            Namespace::Ipc => "ipc",
            Namespace::Mnt => "mnt",
            Namespace::Net => "net",
            Namespace::Pid => "pid",
            Namespace::Time => "time",
            Namespace::User => "user",
            Namespace::Uts => "uts",
        }
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.proc_name())
    }
}

/// A post or text that steps follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Post {
    /// The name by which pages cite it.
    pub key: &'static str,
    /// The author's name, as the post gives it.
    pub author: &'static str,
    /// The title of the text.
    pub title: &'static str,
    /// The year in which it appeared, if the text says so.
    pub year: Option<u16>,
    /// Where it can be read, if that is known.
    pub address: Option<&'static str>,
}

/// Michael Crosby's post, the first part.
pub const CROSBY: Post = Post {
    key: "crosby",
    author: "Michael Crosby",
    title: "Creating containers - Part 1: Namespaces",
    year: Some(2014),
    address: Some("http://crosbymichael.com/creating-containers-part-1.html"),
};
/// JD's second part, with mount propagation and the Go `network`.
pub const JD: Post = Post {
    key: "jd",
    author: "JD",
    title: "Creating containers - Part 2",
    year: Some(2017),
    address: None,
};
/// Daniel Mitre's post of 2019 about recreating Docker.
pub const MITRE: Post = Post {
    key: "mitre",
    author: "Daniel Mitre",
    title: "Understanding Containerization By Recreating Docker",
    year: Some(2019),
    address: Some(
        "https://itnext.io/linux-container-from-scratch-339c3ba0411d",
    ),
};
/// Matthew Tejo's container in C.
pub const TEJO: Post = Post {
    key: "tejo",
    author: "Matthew Tejo",
    title: "Containers From Scratch pt1",
    year: Some(2016),
    address: Some(
        "https://tejom.github.io/c/linux/containers/docker/20\
         16/10/04/containers-from-scratch-pt1.html",
    ),
};
/// The exercise that adds one namespace per program.
pub const CDNE: Post = Post {
    key: "cdne",
    author: "the README of a system call exercise",
    title: "Containers do not exist",
    year: None,
    address: None,
};
/// Every post, in the order of [`STEPS`].
pub const POSTS: &[Post] = &[CROSBY, JD, MITRE, TEJO, CDNE];

/// The arguments of a step before the command that it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arguments {
    /// `STEP CMD [ARG...]`: the payload's command line and nothing else.
    Command,
    /// `STEP NEWROOT CMD [ARG...]`: a directory that becomes the root.
    NewRoot,
    /// `STEP PID CMD [ARG...]`: the process whose namespaces are joined.
    Pid,
}

/// One step: a small program that changes its namespaces and becomes the
/// command given to it.
#[derive(Debug)]
pub struct Step {
    /// The stem of its sources, programs and pages.
    pub name: &'static str,
    /// What a reader of its page will see, in a few words.
    pub title: &'static str,
    /// The namespaces that it makes, and no others.
    pub namespaces: &'static [Namespace],
    /// The form of its command line.
    pub arguments: Arguments,
    /// The texts that it follows; empty for the steps beyond the posts.
    pub posts: &'static [Post],
    /// The options and the script with which unshare(1) does the same, if it
    /// can: a control that this project did not write.
    pub control: Option<Control>,
}

/// How unshare(1) performs a step.
#[derive(Debug)]
pub struct Control {
    /// The options that make unshare(1) do what the step does.
    pub options: &'static [&'static str],
    /// A shell script that runs inside and ends in the command (`"$@"`).
    pub script: Option<&'static str>,
}

const fn control(options: &'static [&'static str]) -> Option<Control> {
    Some(Control { options, script: None })
}

const fn scripted(
    options: &'static [&'static str],
    script: &'static str,
) -> Option<Control> {
    Some(Control { options, script: Some(script) })
}

use Namespace::{Cgroup, Ipc, Mnt, Net, Pid, Time, User, Uts};

/// The steps, in the order of the book.
pub const STEPS: &[Step] = &[
    Step {
        name: "skeleton",
        title: "clone a child and become the command: nothing changes yet",
        namespaces: &[],
        arguments: Arguments::Command,
        posts: &[CROSBY, CDNE, TEJO, MITRE],
        control: control(&["--fork"]),
    },
    Step {
        name: "network",
        title: "a network with nothing in it but lo, down",
        namespaces: &[Net],
        arguments: Arguments::Command,
        posts: &[CROSBY, CDNE, JD],
        control: control(&["--net", "--fork"]),
    },
    Step {
        name: "mount",
        title: "a mount table of its own, with one more tmpfs",
        namespaces: &[Mnt],
        arguments: Arguments::Command,
        posts: &[CROSBY],
        control: scripted(
            &["--mount", "--propagation", "unchanged", "--fork"],
            "mount -n -t tmpfs none \"$MYTMP\"",
        ),
    },
    Step {
        name: "mount_private",
        title: "the same, with / made private, and only /",
        namespaces: &[Mnt],
        arguments: Arguments::Command,
        posts: &[JD],
        control: scripted(
            &["--mount", "--propagation", "unchanged", "--fork"],
            "mount -n --make-private / && mount -n -t tmpfs none \"$MYTMP\"",
        ),
    },
    Step {
        name: "mount_rprivate",
        title: "the same, with / and everything below it made private",
        namespaces: &[Mnt],
        arguments: Arguments::Command,
        posts: &[MITRE, TEJO],
        control: scripted(
            &["--mount", "--propagation", "private", "--fork"],
            "mount -n -t tmpfs none \"$MYTMP\"",
        ),
    },
    Step {
        name: "mount_fd",
        title: "the same, by the calls that take descriptors",
        namespaces: &[Mnt],
        arguments: Arguments::Command,
        posts: &[],
        control: scripted(
            &["--mount", "--propagation", "private", "--fork"],
            "mount -n -t tmpfs none \"$MYTMP\"",
        ),
    },
    Step {
        name: "uts",
        title: "a host name of its own",
        namespaces: &[Uts],
        arguments: Arguments::Command,
        posts: &[CROSBY, MITRE, CDNE],
        control: scripted(&["--uts", "--fork"], "busybox hostname myhostname"),
    },
    Step {
        name: "ipc",
        title: "no System V queue of the host's in sight",
        namespaces: &[Ipc],
        arguments: Arguments::Command,
        posts: &[CROSBY, CDNE],
        control: control(&["--ipc", "--fork"]),
    },
    Step {
        name: "pid_oldproc",
        title: "PID 1, and a /proc that still shows every process",
        namespaces: &[Pid],
        arguments: Arguments::Command,
        posts: &[CROSBY],
        control: control(&["--pid", "--fork"]),
    },
    Step {
        name: "pid",
        title: "PID 1, and a /proc that shows it alone",
        namespaces: &[Mnt, Pid],
        arguments: Arguments::Command,
        posts: &[CROSBY, CDNE],
        control: scripted(
            &["--mount", "--propagation", "unchanged", "--pid", "--fork"],
            "umount -n /proc && mount -n -t proc proc /proc",
        ),
    },
    Step {
        name: "pid_detach",
        title: "the same, with the old /proc detached, busy or not",
        namespaces: &[Mnt, Pid],
        arguments: Arguments::Command,
        posts: &[TEJO],
        control: scripted(
            &["--mount", "--propagation", "unchanged", "--pid", "--fork"],
            "umount -n -l /proc && mount -n -t proc proc /proc",
        ),
    },
    Step {
        name: "user",
        title: "a user namespace without an id map: only overflow ids",
        namespaces: &[User],
        arguments: Arguments::Command,
        posts: &[CROSBY],
        control: control(&["--user", "--fork"]),
    },
    Step {
        name: "user_mapped",
        title: "root inside, the caller outside",
        namespaces: &[User],
        arguments: Arguments::Command,
        posts: &[JD],
        control: control(&["--user", "--map-root-user", "--fork"]),
    },
    Step {
        name: "net_mount",
        title: "two namespaces: net, mnt",
        namespaces: &[Mnt, Net],
        arguments: Arguments::Command,
        posts: &[CDNE],
        control: scripted(
            &["--net", "--mount", "--propagation", "unchanged", "--fork"],
            "mount -n -t tmpfs none \"$MYTMP\"",
        ),
    },
    Step {
        name: "net_mount_uts",
        title: "three namespaces: net, mnt, uts",
        namespaces: &[Mnt, Net, Uts],
        arguments: Arguments::Command,
        posts: &[CDNE],
        control: scripted(
            &[
                "--net",
                "--mount",
                "--propagation",
                "unchanged",
                "--uts",
                "--fork",
            ],
            "mount -n -t tmpfs none \"$MYTMP\" && busybox hostname custom_hostname",
        ),
    },
    Step {
        name: "net_mount_uts_ipc",
        title: "four namespaces: net, mnt, uts, ipc",
        namespaces: &[Ipc, Mnt, Net, Uts],
        arguments: Arguments::Command,
        posts: &[CDNE],
        control: scripted(
            &[
                "--net",
                "--mount",
                "--propagation",
                "unchanged",
                "--uts",
                "--ipc",
                "--fork",
            ],
            "mount -n -t tmpfs none \"$MYTMP\" && busybox hostname custom_hostname",
        ),
    },
    Step {
        name: "net_mount_uts_ipc_pid",
        title: "five namespaces: net, mnt, uts, ipc, pid",
        namespaces: &[Ipc, Mnt, Net, Pid, Uts],
        arguments: Arguments::Command,
        posts: &[CDNE],
        control: scripted(
            &[
                "--net",
                "--mount",
                "--propagation",
                "unchanged",
                "--uts",
                "--ipc",
                "--pid",
                "--fork",
            ],
            "mount -n -t tmpfs none \"$MYTMP\" && busybox hostname custom_hostname && \
             umount -n /proc && mount -n -t proc proc /proc",
        ),
    },
    Step {
        name: "unshare_init",
        title: "an init that runs the command and reaps what it leaves",
        namespaces: &[Mnt, Pid, Uts],
        arguments: Arguments::Command,
        posts: &[MITRE],
        control: None,
    },
    Step {
        name: "pivot_root",
        title: "another root, and no way back to the old one",
        namespaces: &[Mnt, Pid],
        arguments: Arguments::NewRoot,
        posts: &[TEJO, MITRE],
        control: scripted(
            &["--mount", "--propagation", "private", "--pid", "--fork"],
            "mount -n --rbind \"$1\" \"$1\" && mkdir -m 700 \"$1/.old\" && \
             cd \"$1\" && pivot_root . .old && cd / && \
             /bin/mount -t tmpfs -o nosuid,strictatime none /dev && \
             /bin/mount -t proc proc /proc && /bin/umount -l /.old && \
             /bin/rmdir /.old && shift",
        ),
    },
    Step {
        name: "container",
        title: "the aim of the posts: all of these together, behind an init",
        namespaces: &[Ipc, Mnt, Net, Pid, Uts],
        arguments: Arguments::NewRoot,
        posts: &[CROSBY, JD, MITRE, TEJO, CDNE],
        control: None,
    },
    Step {
        name: "cgroup",
        title: "every cgroup path begins at /",
        namespaces: &[Cgroup],
        arguments: Arguments::Command,
        posts: &[],
        control: control(&["--cgroup", "--fork"]),
    },
    Step {
        name: "time",
        title: "clocks that were started a day earlier",
        namespaces: &[Time],
        arguments: Arguments::Command,
        posts: &[],
        control: control(&[
            "--time",
            "--monotonic",
            "86400",
            "--boottime",
            "86400",
            "--fork",
        ]),
    },
    Step {
        name: "rootless",
        title: "the container of an ordinary user",
        namespaces: &[Ipc, Mnt, Net, Pid, User, Uts],
        arguments: Arguments::NewRoot,
        posts: &[],
        control: None,
    },
    Step {
        name: "join",
        title: "into the namespaces of a process that has them already",
        namespaces: &[],
        arguments: Arguments::Pid,
        posts: &[],
        control: None,
    },
];

impl Step {
    /// Finds the step of that name.
    pub fn named(name: &str) -> Option<&'static Step> {
        STEPS.iter().find(|step| step.name == name)
    }

    /// The names of its namespaces with spaces between them, `-` if it makes
    /// none.
    pub fn namespace_names(&self) -> String {
        let names: Vec<_> =
            self.namespaces.iter().map(|ns| ns.proc_name()).collect();
        if names.is_empty() { "-".to_owned() } else { names.join(" ") }
    }
}
