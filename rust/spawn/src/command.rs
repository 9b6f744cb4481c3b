//! A command, as it is built up.

use std::ffi::OsStr;
use std::os::fd::AsFd;

use crate::error::Error;
use crate::id_map::IdMap;
use crate::limits::{Capabilities, Resource};
use crate::mount::{Mount, Propagation};
use crate::namespace::{Clock, Namespace};
use crate::networks::Networks;
use crate::options::{Directory, Entry, Options, Signals};
use crate::prepared::Prepared;
use crate::process::Child;
use crate::template::Template;

/// A program, and what is done between its process being made and it being
/// executed.
///
/// Nothing happens before [`spawn`](Command::spawn). The methods may be called
/// in any order; the actions have an order of their own, in which each one has
/// what it needs:
///
/// 1. In the caller: a network is taken ([`networks`]), the pid namespace to join is chosen ([`join`]), then
///    [clone3(2)](https://man7.org/linux/man-pages/man2/clone.2.html) makes the
///    child with its new namespaces ([`namespaces`]) in its [`cgroup`].
/// 2. The other namespaces are joined ([`join`], [`template`], the network); of a kind that is joined and
///    new, the new one is made in what was joined: a copy of its mounts, names.
/// 3. Id maps ([`user`]); with a map that only the caller may write, the child
///    becomes id 0 if there is one.
/// 4. The time namespace and its clocks ([`time_offset`]).
/// 5. [`session`], [`controlling_terminal`], [`process_group`].
/// 6. [`hostname`], [`domainname`], [`loopback_up`].
/// 7. [`propagation`], the sources of bind mounts (they are opened before a
///    mount namespace is joined, unless a user namespace is joined too), the new
///    [`root`]; then in the order of the calls [`mount`], [`make_dir`], [`make_file`],
///    [`make_symlink`], [`devices`]; then the old root is detached.
/// 8. [`root_read_only`], [`current_dir`], [`umask`].
/// 9. [`pass_fd`], [`close_other_fds`].
/// 10. [`limit`], [`no_new_privs`], the bounding set ([`keep_capabilities`]),
///     [`groups`], [`gid`], [`uid`], the other sets of capabilities.
/// 11. [`parent_death_signal`].
/// 12. Signals: dispositions, then the mask.
/// 13. [execve(2)](https://man7.org/linux/man-pages/man2/execve.2.html).
///
/// An action that changes something in a namespace asks for a new one, unless
/// that kind is joined: [`hostname`] and [`domainname`] for uts,
/// [`loopback_up`] for net, [`time_offset`] for time, [`user`] for user, and
/// [`root`], [`mount`] and the like for mnt. So no action changes a namespace
/// of the caller.
///
/// Descriptors are borrowed, for as long as the command and what is
/// [prepared](Command::prepare) of it live.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use nsteps_spawn::{Command, IdMap, Mount, Namespace};
///
/// let mut child = Command::new("/bin/sh")
///     .args(["-c", "test $(id -u) = 0 && test $$ = 1"])
///     .user(IdMap::root_of_caller())
///     .namespaces(Namespace::PID | Namespace::NET | Namespace::IPC)
///     .hostname("box")
///     .loopback_up()
///     .mount(Mount::tmpfs("/tmp"))
///     .close_other_fds()
///     .no_new_privs()
///     .spawn()?;
/// assert!(child.wait()?.success());
/// # Ok(())
/// # }
/// ```
///
/// [`cgroup`]: Command::cgroup
/// [`close_other_fds`]: Command::close_other_fds
/// [`controlling_terminal`]: Command::controlling_terminal
/// [`current_dir`]: Command::current_dir
/// [`devices`]: Command::devices
/// [`domainname`]: Command::domainname
/// [`gid`]: Command::gid
/// [`groups`]: Command::groups
/// [`hostname`]: Command::hostname
/// [`join`]: Command::join
/// [`keep_capabilities`]: Command::keep_capabilities
/// [`limit`]: Command::limit
/// [`loopback_up`]: Command::loopback_up
/// [`make_dir`]: Command::make_dir
/// [`make_file`]: Command::make_file
/// [`make_symlink`]: Command::make_symlink
/// [`mount`]: Command::mount
/// [`namespaces`]: Command::namespaces
/// [`networks`]: Command::networks
/// [`no_new_privs`]: Command::no_new_privs
/// [`parent_death_signal`]: Command::parent_death_signal
/// [`pass_fd`]: Command::pass_fd
/// [`process_group`]: Command::process_group
/// [`propagation`]: Command::propagation
/// [`root`]: Command::root
/// [`root_read_only`]: Command::root_read_only
/// [`session`]: Command::session
/// [`template`]: Command::template
/// [`time_offset`]: Command::time_offset
/// [`uid`]: Command::uid
/// [`umask`]: Command::umask
/// [`user`]: Command::user
#[derive(Clone, Debug)]
#[must_use]
pub struct Command<'fd> {
    options: Options<'fd>,
}

/// Devices that programs expect, and links to their own descriptors.
const DEVICES: [&str; 6] = ["full", "null", "random", "tty", "urandom", "zero"];
const STREAMS: [(&str, &str); 4] = [
    ("/proc/self/fd", "/dev/fd"),
    ("/proc/self/fd/0", "/dev/stdin"),
    ("/proc/self/fd/1", "/dev/stdout"),
    ("/proc/self/fd/2", "/dev/stderr"),
];

impl<'fd> Command<'fd> {
    /// A program without arguments, in the namespaces of the caller and with
    /// its descriptors, environment and directory.
    ///
    /// A name without a slash is looked for in the directories of the
    /// payload's `PATH`, in the payload's root, as by
    /// [execvp(3)](https://man7.org/linux/man-pages/man3/exec.3.html); a path
    /// is looked up there as well.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Command { options: Options::new(program.as_ref().to_owned()) }
    }

    /// Adds one argument behind those given before.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.options.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments behind those given before.
    pub fn args<T: AsRef<OsStr>>(
        mut self,
        arguments: impl IntoIterator<Item = T>,
    ) -> Self {
        let arguments = arguments.into_iter().map(|it| it.as_ref().to_owned());
        self.options.arguments.extend(arguments);
        self
    }

    /// What the payload finds in place of the program's name, in `argv[0]`.
    pub fn arg0(mut self, name: impl AsRef<OsStr>) -> Self {
        if let Some(first) = self.options.arguments.first_mut() {
            *first = name.as_ref().to_owned();
        }
        self
    }

    /// Sets a variable of the environment, which otherwise is that of the
    /// caller.
    pub fn env(
        mut self,
        name: impl AsRef<OsStr>,
        value: impl AsRef<OsStr>,
    ) -> Self {
        let value = Some(value.as_ref().to_owned());
        self.options.environment.push((name.as_ref().to_owned(), value));
        self
    }

    /// Removes a variable from the environment.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.options.environment.push((name.as_ref().to_owned(), None));
        self
    }

    /// The environment is empty but for what is set after that.
    pub fn env_clear(mut self) -> Self {
        self.options.inherits_environment = false;
        self.options.environment.clear();
        self
    }

    /// Kinds of namespaces of which new ones are made. Calls add up.
    ///
    /// Without [`Namespace::USER`] this takes `CAP_SYS_ADMIN`.
    pub fn namespaces(mut self, kinds: Namespace) -> Self {
        self.options.new |= kinds;
        self
    }

    /// Joins namespaces: those of the kinds `kinds` of a process, if `fd` is
    /// its pidfd (Linux 5.8), or the one namespace that `fd` is a file of
    /// `/proc/PID/ns` of
    /// ([setns(2)](https://man7.org/linux/man-pages/man2/setns.2.html)).
    ///
    /// This takes `CAP_SYS_ADMIN` in the user namespace that owns the
    /// namespace; to join that one too gives it. A time namespace cannot be
    /// joined, and a user or pid namespace not be both joined and new. A pid
    /// namespace is chosen by the calling thread, which goes back when the child
    /// is made: it takes `CAP_SYS_ADMIN` of the caller.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use nsteps_spawn::{Command, IdMap, Namespace};
    ///
    /// let first = Command::new("sleep")
    ///     .arg("1000")
    ///     .user(IdMap::root_of_caller())
    ///     .hostname("first")
    ///     .spawn()?;
    /// let kinds = Namespace::USER | Namespace::UTS;
    /// let mut second = Command::new("/bin/sh")
    ///     .args(["-c", "test $(uname -n) = first"])
    ///     .join(&first, kinds)
    ///     .spawn()?;
    /// assert!(second.wait()?.success());
    /// first.kill()?;
    /// # let mut first = first;
    /// # first.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn join(mut self, fd: &'fd impl AsFd, kinds: Namespace) -> Self {
        self.options.joined.push((fd.as_fd(), kinds));
        self
    }

    /// The id maps of the new user namespace.
    pub fn user(mut self, map: IdMap) -> Self {
        self.options.user = Some(map);
        self
    }

    /// What the payload's clock is ahead of the caller's, or behind if
    /// `seconds` is negative; `nanoseconds` are added in both cases
    /// ([time_namespaces(7)](https://man7.org/linux/man-pages/man7/time_namespaces.7.html)).
    ///
    /// Takes Linux 6.2: before, execve(2) does not enter a time namespace.
    pub fn time_offset(
        mut self,
        clock: Clock,
        seconds: i64,
        nanoseconds: u32,
    ) -> Self {
        self.options.clocks.push((clock, seconds, nanoseconds));
        self
    }

    /// The child is born in the cgroup that `directory` is a descriptor of, a
    /// directory of cgroup version 2
    /// ([cgroups(7)](https://man7.org/linux/man-pages/man7/cgroups.7.html)).
    /// With [`Namespace::CGROUP`] that cgroup is the root of the new namespace.
    ///
    /// Where clone3(2) cannot be used, the child moves itself there, which
    /// takes longer.
    pub fn cgroup(mut self, directory: &'fd impl AsFd) -> Self {
        self.options.cgroup = Some(directory.as_fd());
        self
    }

    /// The host name, at most 64 bytes
    /// ([sethostname(2)](https://man7.org/linux/man-pages/man2/sethostname.2.html)).
    pub fn hostname(mut self, name: impl AsRef<OsStr>) -> Self {
        self.options.hostname = Some(name.as_ref().to_owned());
        self
    }

    /// The NIS domain name, at most 64 bytes
    /// ([setdomainname(2)](https://man7.org/linux/man-pages/man2/setdomainname.2.html)).
    pub fn domainname(mut self, name: impl AsRef<OsStr>) -> Self {
        self.options.domainname = Some(name.as_ref().to_owned());
        self
    }

    /// Brings the interface `lo` up, which is down in a new network namespace
    /// ([netdevice(7)](https://man7.org/linux/man-pages/man7/netdevice.7.html)).
    pub fn loopback_up(mut self) -> Self {
        self.options.loopback = true;
        self
    }

    /// What becomes of the propagation of mounts in a new mount namespace:
    /// all are made private if this is not called.
    pub fn propagation(mut self, propagation: Propagation) -> Self {
        self.options.propagation = propagation;
        self
    }

    /// The payload has a copy of the mounts of `template`, in place of those of
    /// the caller, and its root. It takes `CAP_SYS_ADMIN`, and there can be no
    /// user namespace, because the template belongs to that of the caller.
    pub fn template(mut self, template: &'fd Template) -> Self {
        self.options.template = Some(template.as_fd());
        self.options.new |= Namespace::MNT;
        self.join(template, Namespace::MNT)
    }

    /// The payload has a network namespace from the stock, in place of one that
    /// is made in the launch. It takes `CAP_SYS_ADMIN`, and there can be no
    /// user namespace, because the network belongs to that of the caller.
    pub fn networks(mut self, networks: &'fd Networks) -> Self {
        self.options.networks = Some(networks);
        self
    }

    /// The directory `root` becomes `/`, with all mounts below it, and the old
    /// root is detached
    /// ([pivot_root(2)](https://man7.org/linux/man-pages/man2/pivot_root.2.html)).
    /// The working directory is the new `/`.
    ///
    /// `root` need not be a mount. Nothing is created in it. With `/` all mounts
    /// stay, as copies.
    pub fn root(mut self, root: impl AsRef<OsStr>) -> Self {
        self.options.root = Some(root.as_ref().to_owned());
        self
    }

    /// The mount `/` becomes read-only, and no mount below it
    /// ([mount_setattr(2)](https://man7.org/linux/man-pages/man2/mount_setattr.2.html),
    /// Linux 5.12). Without [`root`](Command::root) it is the copy of the
    /// caller's.
    pub fn root_read_only(mut self) -> Self {
        self.options.root_is_read_only = true;
        self.options.new |= Namespace::MNT;
        self
    }

    /// One more mount, after those before it.
    pub fn mount(self, mount: Mount) -> Self {
        self.entry(Entry::Mount(mount))
    }

    /// Makes a directory
    /// ([mkdir(2)](https://man7.org/linux/man-pages/man2/mkdir.2.html)), in
    /// one of the mounts before it or in the root. The umask applies.
    pub fn make_dir(self, path: impl AsRef<OsStr>, mode: u32) -> Self {
        let path = path.as_ref().to_owned();
        self.entry(Entry::Directory { path, mode })
    }

    /// Makes an empty file, for a bind mount of a file
    /// ([mknod(2)](https://man7.org/linux/man-pages/man2/mknod.2.html)). The
    /// umask applies.
    pub fn make_file(self, path: impl AsRef<OsStr>, mode: u32) -> Self {
        let path = path.as_ref().to_owned();
        self.entry(Entry::File { path, mode })
    }

    /// Makes a symbolic link at `path` that leads to `target`
    /// ([symlink(2)](https://man7.org/linux/man-pages/man2/symlink.2.html)).
    pub fn make_symlink(
        self,
        target: impl AsRef<OsStr>,
        path: impl AsRef<OsStr>,
    ) -> Self {
        let target = target.as_ref().to_owned();
        let path = path.as_ref().to_owned();
        self.entry(Entry::Link { target, path })
    }

    fn entry(mut self, entry: Entry) -> Self {
        self.options.tree.push(entry);
        self
    }

    /// Mounts a tmpfs on `/dev` and fills it: the caller's `full`, `null`,
    /// `random`, `tty`, `urandom` and `zero`, as far as it has them, each
    /// bound on an empty file, and the links `fd`, `stdin`, `stdout` and
    /// `stderr` into `/proc/self/fd`.
    ///
    /// It is a shorthand for [`mount`](Command::mount),
    /// [`make_file`](Command::make_file) and
    /// [`make_symlink`](Command::make_symlink).
    pub fn devices(self) -> Self {
        let tmpfs = Mount::tmpfs("/dev").options("mode=755").no_suid();
        let mut command = self.mount(tmpfs);
        for name in DEVICES {
            let path = format!("/dev/{name}");
            if std::fs::exists(&path).unwrap_or(false) {
                command = command.make_file(&path, 0o666);
                command = command.mount(Mount::bind(&path, &path).alone());
            }
        }
        for (target, path) in STREAMS {
            command = command.make_symlink(target, path);
        }
        command
    }

    /// The working directory, looked up in the payload's root
    /// ([chdir(2)](https://man7.org/linux/man-pages/man2/chdir.2.html)).
    pub fn current_dir(mut self, directory: impl AsRef<OsStr>) -> Self {
        let directory = directory.as_ref().to_owned();
        self.options.directory = Some(Directory::At(directory));
        self
    }

    /// The working directory of the caller, by its path in the payload's root.
    ///
    /// The launch fails with `ENOENT` if there is no such path, and with
    /// `ESTALE` if another directory is there: the mount that it is on may be
    /// missing in the new root, or be covered by another one.
    pub fn keep_current_dir(mut self) -> Self {
        self.options.directory = Some(Directory::Kept);
        self
    }

    /// The file mode creation mask
    /// ([umask(2)](https://man7.org/linux/man-pages/man2/umask.2.html)). It is
    /// set after all files of the root were made.
    pub fn umask(mut self, mask: u32) -> Self {
        self.options.umask = Some(mask);
        self
    }

    /// The payload leads a new session
    /// ([setsid(2)](https://man7.org/linux/man-pages/man2/setsid.2.html)).
    pub fn session(mut self) -> Self {
        self.options.session = true;
        self
    }

    /// The terminal becomes the controlling terminal of a new session
    /// (`TIOCSCTTY` of
    /// [ioctl_tty(2)](https://man7.org/linux/man-pages/man2/ioctl_tty.2.html)).
    /// It is not passed to the payload: see [`pass_fd`](Command::pass_fd).
    pub fn controlling_terminal(mut self, terminal: &'fd impl AsFd) -> Self {
        self.options.terminal = Some(terminal.as_fd());
        self
    }

    /// The process group that the payload is in, 0 for a new one
    /// ([setpgid(2)](https://man7.org/linux/man-pages/man2/setpgid.2.html)).
    /// After [`session`](Command::session) it fails with `EPERM`.
    pub fn process_group(mut self, group: i32) -> Self {
        self.options.group = Some(group);
        self
    }

    /// The payload has the descriptor under the number `number`. What the
    /// caller has under that number, the payload has no more.
    ///
    /// Several descriptors may change places. The number must be below the
    /// limit of open files of the caller.
    pub fn pass_fd(mut self, fd: &'fd impl AsFd, number: i32) -> Self {
        self.options.passed.push((fd.as_fd(), number));
        self
    }

    /// The payload's standard input: descriptor 0.
    pub fn stdin(self, fd: &'fd impl AsFd) -> Self {
        self.pass_fd(fd, 0)
    }

    /// The payload's standard output: descriptor 1.
    pub fn stdout(self, fd: &'fd impl AsFd) -> Self {
        self.pass_fd(fd, 1)
    }

    /// The payload's standard error: descriptor 2.
    pub fn stderr(self, fd: &'fd impl AsFd) -> Self {
        self.pass_fd(fd, 2)
    }

    /// The payload has no descriptors but 0, 1 and 2 and those that are
    /// passed, whatever the caller has left open
    /// ([close_range(2)](https://man7.org/linux/man-pages/man2/close_range.2.html),
    /// Linux 5.11).
    pub fn close_other_fds(mut self) -> Self {
        self.options.closes_others = true;
        self
    }

    /// A limit of a resource: the soft one, and the hard one
    /// ([getrlimit(2)](https://man7.org/linux/man-pages/man2/getrlimit.2.html)).
    pub fn limit(mut self, resource: Resource, soft: u64, hard: u64) -> Self {
        self.options.limits.push((resource, soft, hard));
        self
    }

    /// No program that is executed gains a privilege
    /// ([PR_SET_NO_NEW_PRIVS](https://man7.org/linux/man-pages/man2/PR_SET_NO_NEW_PRIVS.2const.html)).
    pub fn no_new_privs(mut self) -> Self {
        self.options.no_new_privileges = true;
        self
    }

    /// All other capabilities are taken from the bounding, permitted, effective
    /// and inheritable set, and with those from the ambient set
    /// ([capabilities(7)](https://man7.org/linux/man-pages/man7/capabilities.7.html)).
    /// It gives none: what the payload has of `kept` depends on its ids, too.
    ///
    /// Takes `CAP_SETPCAP`, which a new user namespace gives.
    pub fn keep_capabilities(mut self, kept: Capabilities) -> Self {
        self.options.capabilities = Some(kept);
        self
    }

    /// Sets the supplementary groups of the payload
    /// ([setgroups(2)](https://man7.org/linux/man-pages/man2/getgroups.2.html)).
    pub fn groups(mut self, groups: impl Into<Vec<u32>>) -> Self {
        self.options.groups = Some(groups.into());
        self
    }

    /// The real, effective and saved group id
    /// ([setresgid(2)](https://man7.org/linux/man-pages/man2/setresuid.2.html)).
    pub fn gid(mut self, id: u32) -> Self {
        self.options.gid = Some(id);
        self
    }

    /// The real, effective and saved user id
    /// ([setresuid(2)](https://man7.org/linux/man-pages/man2/setresuid.2.html)).
    ///
    /// While the child does that, the caller is not dumpable, because both have
    /// the same memory; it is again when `spawn` returns.
    pub fn uid(mut self, id: u32) -> Self {
        self.options.uid = Some(id);
        self
    }

    /// The signal that the payload gets when the *thread* that spawns it ends
    /// ([PR_SET_PDEATHSIG](https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html)).
    /// If the thread has ended before, the child exits instead of executing the
    /// program; before Linux 6.9, if the process has ended.
    ///
    /// PID 1 of a pid namespace ignores a signal without a handler, SIGKILL
    /// and SIGSTOP from outside excepted.
    pub fn parent_death_signal(mut self, signal: i32) -> Self {
        self.options.parent_death = Some(signal);
        self
    }

    /// Every signal has its default action and none is blocked.
    ///
    /// If neither this nor [`inherit_signals`](Command::inherit_signals) is
    /// called, none is blocked, SIGPIPE has its default action, and a signal
    /// that the caller ignores is ignored, as by [`std::process::Command`].
    pub fn default_signals(mut self) -> Self {
        self.options.signals = Signals::Default;
        self
    }

    /// The payload blocks and ignores what the calling thread blocks and the
    /// caller ignores. A program in Rust ignores SIGPIPE.
    pub fn inherit_signals(mut self) -> Self {
        self.options.signals = Signals::Inherited;
        self
    }

    /// The payload ignores one more signal, by its number.
    pub fn ignore_signal(mut self, signal: i32) -> Self {
        self.options.ignored.push(signal);
        self
    }

    /// The payload starts with one more signal blocked, by its number.
    pub fn block_signal(mut self, signal: i32) -> Self {
        self.options.blocked.push(signal);
        self
    }

    /// Prepares everything that does not change from launch to launch, to
    /// spawn the command many times.
    ///
    /// # Errors
    ///
    /// Fails with [`Action::Prepare`](crate::Action::Prepare) and `EINVAL` if a
    /// text has a NUL in it, two descriptors are passed under one number, a
    /// signal does not exist, or namespaces are combined that cannot be; with
    /// [`Action::Unshare`](crate::Action::Unshare) and `ENOSYS` if a time
    /// namespace is asked for before Linux 6.2.
    pub fn prepare(&self) -> Result<Prepared<'fd>, Error> {
        Prepared::new(&self.options)
    }

    /// Starts the process. Returns when it has executed its program.
    ///
    /// # Errors
    ///
    /// Fails as [`prepare`](Command::prepare) and [`Prepared::spawn`] do.
    pub fn spawn(&self) -> Result<Child, Error> {
        self.prepare()?.spawn()
    }
}
