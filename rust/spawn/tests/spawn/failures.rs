//! Each action by its failure: what the kernel refuses, and what a filter of
//! system calls has it refuse.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;

use nsteps_spawn::{
    Action, Capabilities, Clock, Command, Error, IdMap, Mount, Namespace,
    Networks, Resource, Template,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp,
    SeccompCondition, SeccompFilter, SeccompRule, apply_filter,
};

use crate::Test;
use crate::observed::{
    Outcome, Root, Trouble, WAITING, held, holds, is_root, isolated,
    needs_root, same,
};

pub const ALL: &[Test] = &[
    ("the_kernel_refuses_what_is_wrong", refused),
    ("the_kernel_refuses_an_ordinary_user", refused_to_users),
    ("a_program_that_cannot_be_executed_is_named", not_executed),
    ("clone_is_used_where_clone3_is_refused", by_clone),
    ("a_child_that_a_filter_ends_is_told", ended_by_filter),
    ("a_template_and_a_stock_say_why_they_cannot_be", no_stock),
    ("an_allocation_in_the_child_would_be_noticed", trap),
];

/// The system call of an action, one of its arguments, and what the kernel
/// answers.
type Refusal = (i64, Option<(u8, u64)>, i32);

/// Runs something in a thread in which these calls are refused.
pub fn under<T: Send>(
    refusals: &[Refusal],
    run: impl FnOnce() -> Result<T, Trouble> + Send,
) -> Result<T, Trouble> {
    let programs = refusals.iter().map(|(call, argument, errno)| {
        program(*call, *argument, SeccompAction::Errno(errno.unsigned_abs()))
    });
    filtered(programs.collect::<Result<_, _>>()?, run)
}

fn program(
    call: i64,
    argument: Option<(u8, u64)>,
    answer: SeccompAction,
) -> Result<BpfProgram, Trouble> {
    let failed = |error: seccompiler::BackendError| {
        Trouble::Failed(format!("a filter: {error}"))
    };
    let rules = match argument {
        None => Vec::new(),
        Some((index, value)) => {
            let (length, is) = (SeccompCmpArgLen::Dword, SeccompCmpOp::Eq);
            let condition = SeccompCondition::new(index, length, is, value);
            let rule = SeccompRule::new(vec![condition.map_err(failed)?]);
            vec![rule.map_err(failed)?]
        }
    };
    let filter = SeccompFilter::new(
        BTreeMap::from([(call, rules)]),
        SeccompAction::Allow,
        answer,
        std::env::consts::ARCH.try_into().map_err(failed)?,
    );
    filter.and_then(BpfProgram::try_from).map_err(failed)
}

fn filtered<T: Send>(
    programs: Vec<BpfProgram>,
    run: impl FnOnce() -> Result<T, Trouble> + Send,
) -> Result<T, Trouble> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            for program in &programs {
                apply_filter(program).map_err(|error| {
                    Trouble::Failed(format!("a filter: {error}"))
                })?;
            }
            run()
        });
        let ended = thread.join();
        ended.unwrap_or_else(|_| Err(Trouble::Failed("panic".to_owned())))
    })
}

/// A filter of the kind that answers for what it does not know. ENOSYS would be
/// remembered by this process.
pub fn without_clone3() -> [Refusal; 1] {
    [(libc::SYS_clone3, None, libc::EPERM)]
}

/// Fails unless the launch fails with this action and errno, and leaves no
/// child of this thread.
fn fails(
    launched: Result<nsteps_spawn::Child, Error>,
    action: Action,
    errno: i32,
) -> Outcome {
    let error = match launched {
        Ok(mut child) => {
            let status = child.wait()?;
            let what = format!("{action:?} did not fail: {status}");
            return Err(Trouble::Failed(what));
        }
        Err(error) => error,
    };
    let seen = (error.action(), error.errno());
    same(&error.to_string(), seen, (action, Some(errno)))?;
    holds(
        error.to_string().starts_with(&format!("cannot {}", action.words())),
        format!("the words of {action:?}: {error}"),
    )?;
    match fs::read_to_string("/proc/thread-self/children") {
        Ok(children) => same("children left", children.trim(), ""),
        // Not every kernel has the file.
        Err(_) => Ok(()),
    }
}

/// What the commands of injections use.
struct Fixture {
    root: Root,
    file: File,
    namespace: File,
    networks: Networks,
}

/// A call that a filter refuses in the child.
pub struct Injection {
    calls: &'static [Refusal],
    names: &'static [&'static str],
    action: Action,
    errno: i32,
    command: fn(&Fixture) -> Command<'_>,
}

impl Injection {
    pub fn name(&self) -> String {
        let calls = self.calls.iter().zip(self.names);
        let calls = calls.map(|((_, argument, errno), name)| {
            let argument = argument
                .map_or_else(String::new, |(_, value)| format!("_{value}"));
            let errno = nix::errno::Errno::from_raw(*errno);
            format!("{}{argument}_{errno:?}", name.trim_start_matches("SYS_"))
        });
        let calls = calls.collect::<Vec<_>>().join("_and_");
        format!("{:?}_{calls}", self.action).to_lowercase()
    }

    pub fn run(&self) -> Outcome {
        needs_root()?;
        let fixture = Fixture {
            root: Root::new()?,
            file: File::open("/")?,
            namespace: File::open("/proc/self/ns/uts")?,
            networks: Networks::new(1)?,
        };
        let command = (self.command)(&fixture);
        let prepared = command.prepare()?;
        // Without the filter it succeeds, unless it is no real command.
        under(self.calls, || fails(prepared.spawn(), self.action, self.errno))
    }
}

/// A program without actions.
fn plain<'fd>() -> Command<'fd> {
    Command::new("/bin/true")
}

fn in_root(fixture: &Fixture) -> Command<'_> {
    fixture.root.enter(plain())
}

fn mapped<'fd>() -> Command<'fd> {
    let map = IdMap::new().users(0, 1000, 2).groups(0, 1000, 2);
    plain().user(map.allow_setgroups())
}

const PRIVATE: u64 = libc::MS_REC | libc::MS_PRIVATE;
const BIND: u64 = libc::MS_REC | libc::MS_BIND;
const NOSUID: u64 = libc::MS_NOSUID;
const DUPFD: u64 = libc::F_DUPFD_CLOEXEC as u64;
const SETFD: u64 = libc::F_SETFD as u64;
const PDEATHSIG: u64 = libc::PR_SET_PDEATHSIG as u64;
const CAPBSET_READ: u64 = libc::PR_CAPBSET_READ as u64;
const CAPBSET_DROP: u64 = libc::PR_CAPBSET_DROP as u64;
const NO_NEW_PRIVS: u64 = libc::PR_SET_NO_NEW_PRIVS as u64;
const SIGPIPE: u64 = libc::SIGPIPE as u64;
const SIGUSR1: u64 = libc::SIGUSR1 as u64;

/// One injection: the action, what is refused, and the command.
macro_rules! inject {
    ($action:ident $errno:ident, $($call:ident $(($index:literal $value:expr))? $answer:ident),+ => $command:expr) => {
        Injection {
            calls: &[$((
                libc::$call,
                inject!(@argument $($index $value)?),
                libc::$answer,
            )),+],
            names: &[$(stringify!($call)),+],
            action: Action::$action,
            errno: libc::$errno,
            command: $command,
        }
    };
    (@argument) => { None };
    (@argument $index:literal $value:expr) => { Some(($index, $value)) };
}

pub fn injected() -> Vec<Injection> {
    use Namespace as N;
    vec![
        inject!(Clone EAGAIN, SYS_clone3 EAGAIN => |_| plain()),
        inject!(Clone ENOSPC, SYS_clone3 ENOSPC => |_| {
            plain().namespaces(N::UTS)
        }),
        inject!(Clone EPERM, SYS_clone3 EPERM, SYS_clone EPERM => |_| plain()),
        inject!(Clone ENOMEM, SYS_clone3 EINVAL, SYS_clone ENOMEM => |_| {
            plain()
        }),
        inject!(OpenSelf EMFILE, SYS_pidfd_open EMFILE => |_| {
            plain().parent_death_signal(libc::SIGKILL)
        }),
        inject!(JoinPid EPERM, SYS_setns EPERM => |it| {
            plain().join(&it.namespace, N::PID)
        }),
        inject!(EnterCgroup EACCES, SYS_clone3 EPERM, SYS_openat EACCES => |it| {
            plain().cgroup(&it.file)
        }),
        inject!(EnterCgroup ENOENT, SYS_clone3 EPERM => |it| {
            plain().cgroup(&it.file)
        }),
        inject!(Join EPERM, SYS_setns EPERM => |it| {
            plain().join(&it.namespace, N::UTS)
        }),
        inject!(Join EUSERS, SYS_setns EUSERS => |it| {
            plain().join(&it.namespace, N::UTS)
        }),
        inject!(Join EBADF, SYS_setns EBADF => |it| {
            plain().networks(&it.networks)
        }),
        inject!(MapIds EACCES, SYS_openat EACCES => |_| {
            plain().user(IdMap::root_of_caller())
        }),
        inject!(MapIds EPERM, SYS_write EPERM => |_| {
            plain().user(IdMap::root_of_caller())
        }),
        inject!(MapIds EINVAL, SYS_write EINVAL => |_| mapped()),
        inject!(MapIds ENOMEM, SYS_ppoll ENOMEM => |_| mapped()),
        inject!(MapIds EMFILE, SYS_eventfd2 EMFILE => |_| mapped()),
        inject!(BecomeRoot EPERM, SYS_setresgid EPERM => |_| mapped()),
        inject!(BecomeRoot EAGAIN, SYS_setresuid EAGAIN => |_| mapped()),
        inject!(Unshare EINVAL, SYS_unshare EINVAL => |_| {
            plain().namespaces(N::TIME)
        }),
        inject!(Unshare ENOSPC, SYS_unshare ENOSPC => |it| {
            plain().join(&it.namespace, N::UTS).namespaces(N::UTS)
        }),
        inject!(TimeOffsets EACCES, SYS_openat EACCES => |_| {
            plain().time_offset(Clock::Monotonic, 1, 0)
        }),
        inject!(TimeOffsets ERANGE, SYS_write ERANGE => |_| {
            plain().time_offset(Clock::Monotonic, 1, 0)
        }),
        inject!(Session EPERM, SYS_setsid EPERM => |_| plain().session()),
        inject!(ProcessGroup EPERM, SYS_setpgid EPERM => |_| {
            plain().process_group(0)
        }),
        inject!(Terminal EPERM, SYS_ioctl EPERM => |it| {
            plain().controlling_terminal(&it.file)
        }),
        inject!(Hostname EPERM, SYS_sethostname EPERM => |_| {
            plain().hostname("box")
        }),
        inject!(Domainname EPERM, SYS_setdomainname EPERM => |_| {
            plain().domainname("box")
        }),
        inject!(Loopback EAFNOSUPPORT, SYS_socket EAFNOSUPPORT => |_| {
            plain().loopback_up()
        }),
        inject!(Loopback EPERM, SYS_ioctl EPERM => |_| plain().loopback_up()),
        inject!(Propagation EINVAL, SYS_mount (3 PRIVATE) EINVAL => in_root),
        inject!(OpenSource ENOSYS, SYS_open_tree ENOSYS => in_root),
        inject!(OpenSource EINVAL, SYS_open_tree EINVAL => in_root),
        inject!(Attributes ENOSYS, SYS_mount_setattr ENOSYS => in_root),
        inject!(BindRoot EINVAL, SYS_mount (3 BIND) EINVAL => in_root),
        inject!(CurrentDirectory EACCES, SYS_chdir EACCES => in_root),
        inject!(PivotRoot EINVAL, SYS_pivot_root EINVAL => in_root),
        inject!(PivotRoot EPERM, SYS_pivot_root EPERM => in_root),
        inject!(MakeDirectory EROFS, SYS_mkdirat EROFS => |it| {
            in_root(it).make_dir("/tmp/dir", 0o700)
        }),
        inject!(MakeFile EPERM, SYS_mknodat EPERM => |it| {
            in_root(it).make_file("/tmp/file", 0o600)
        }),
        inject!(MakeLink ENOSPC, SYS_symlinkat ENOSPC => |it| {
            in_root(it).make_symlink("to", "/tmp/link")
        }),
        inject!(Mount EPERM, SYS_mount (3 0) EPERM => |it| {
            in_root(it).mount(Mount::proc("/proc"))
        }),
        inject!(Mount ENODEV, SYS_mount (3 NOSUID) ENODEV => |it| {
            in_root(it).mount(Mount::tmpfs("/tmp").no_suid())
        }),
        inject!(Mount EINVAL, SYS_move_mount EINVAL => in_root),
        inject!(DetachRoot EINVAL, SYS_umount2 EINVAL => in_root),
        inject!(Attributes EPERM, SYS_mount_setattr EPERM => |_| {
            plain().root_read_only()
        }),
        inject!(CurrentDirectory ELOOP, SYS_chdir ELOOP => |_| {
            plain().current_dir("/")
        }),
        inject!(PassDescriptor EMFILE, SYS_fcntl (1 DUPFD) EMFILE => |it| {
            use std::os::fd::AsRawFd;
            let number = it.namespace.as_raw_fd();
            plain().pass_fd(&it.namespace, 0).pass_fd(&it.file, number)
        }),
        inject!(PassDescriptor EBADF, SYS_fcntl (1 SETFD) EBADF => |it| {
            use std::os::fd::AsRawFd;
            plain().pass_fd(&it.file, it.file.as_raw_fd())
        }),
        inject!(PassDescriptor EBUSY, SYS_dup3 EBUSY => |it| {
            plain().stdin(&it.file)
        }),
        inject!(CloseDescriptors ENOSYS, SYS_close_range ENOSYS => |_| {
            plain().close_other_fds()
        }),
        inject!(Limit EPERM, SYS_prlimit64 EPERM => |_| {
            plain().limit(Resource::Core, 0, 0)
        }),
        inject!(NoNewPrivileges EINVAL, SYS_prctl (0 NO_NEW_PRIVS) EINVAL => |_| {
            plain().no_new_privs()
        }),
        inject!(BoundingSet EPERM, SYS_prctl (0 CAPBSET_DROP) EPERM => |_| {
            plain().keep_capabilities(Capabilities::empty())
        }),
        inject!(BoundingSet ENOSYS, SYS_prctl (0 CAPBSET_READ) ENOSYS => |_| {
            plain().keep_capabilities(Capabilities::empty())
        }),
        inject!(Groups EPERM, SYS_setgroups EPERM => |_| plain().groups([1])),
        inject!(GroupId EINVAL, SYS_setresgid EINVAL => |_| plain().gid(1)),
        inject!(UserId EAGAIN, SYS_setresuid EAGAIN => |_| plain().uid(1)),
        inject!(Capabilities EINVAL, SYS_capget EINVAL => |_| {
            plain().keep_capabilities(Capabilities::KILL)
        }),
        inject!(Capabilities EPERM, SYS_capset EPERM => |_| {
            plain().keep_capabilities(Capabilities::KILL)
        }),
        inject!(ParentDeath EINVAL, SYS_prctl (0 PDEATHSIG) EINVAL => |_| {
            plain().parent_death_signal(libc::SIGKILL)
        }),
        inject!(ParentDeath ENOMEM, SYS_ppoll ENOMEM => |_| {
            plain().parent_death_signal(libc::SIGKILL)
        }),
        inject!(Disposition EINVAL, SYS_rt_sigaction (0 SIGPIPE) EINVAL => |_| {
            plain()
        }),
        inject!(Disposition ENOSYS, SYS_rt_sigaction (0 SIGUSR1) ENOSYS => |_| {
            plain().default_signals()
        }),
        inject!(Execute E2BIG, SYS_execve E2BIG => |_| plain()),
        inject!(Execute ETXTBSY, SYS_execve ETXTBSY => |_| plain()),
        inject!(Execute EACCES, SYS_execve EACCES => |_| Command::new("true")),
    ]
}

/// Fails unless the command fails so, as it is.
fn so(command: Command<'_>, action: Action, errno: i32) -> Outcome {
    let launched = command.spawn();
    if let Err(error) = &launched
        && error.action() == Action::Clone
        && action != Action::Clone
    {
        return Err(error.clone().into());
    }
    fails(launched, action, errno)
}

fn refused() -> Outcome {
    use Action as A;
    let program = "/bin/true";
    let root = Root::new()?;
    let own = || isolated(program);
    let long = "x".repeat(65);
    let file = File::open("/dev/null")?;
    let uts = File::open("/proc/self/ns/uts")?;
    let in_root = || root.enter(own());
    so(own().root("/nowhere"), A::BindRoot, libc::ENOENT)?;
    so(own().root("/dev/null"), A::CurrentDirectory, libc::ENOTDIR)?;
    so(own().hostname(&long), A::Hostname, libc::EINVAL)?;
    so(own().domainname(&long), A::Domainname, libc::EINVAL)?;
    let nofs = Mount::filesystem("nofs", "none", "/tmp");
    so(in_root().mount(nofs), A::Mount, libc::ENODEV)?;
    let tmpfs = Mount::tmpfs("/tmp").options("nonsense=1");
    so(in_root().mount(tmpfs), A::Mount, libc::EINVAL)?;
    let nowhere = Mount::tmpfs("/nowhere");
    so(in_root().mount(nowhere), A::Mount, libc::ENOENT)?;
    let missing = Mount::bind("/nowhere", "/mnt");
    so(in_root().mount(missing), A::OpenSource, libc::ENOENT)?;
    let on_file = Mount::bind("/usr", "/mnt/none");
    so(in_root().mount(on_file), A::Mount, libc::ENOENT)?;
    let again = in_root().make_dir("/tmp", 0o755);
    so(again, A::MakeDirectory, libc::EEXIST)?;
    let again = in_root().make_file("/tmp", 0o644);
    so(again, A::MakeFile, libc::EEXIST)?;
    let again = in_root().make_symlink("to", "/tmp");
    so(again, A::MakeLink, libc::EEXIST)?;
    so(own().controlling_terminal(&file), A::Terminal, libc::ENOTTY)?;
    so(own().current_dir("/nowhere"), A::CurrentDirectory, libc::ENOENT)?;
    so(own().pass_fd(&file, 1 << 29), A::PassDescriptor, libc::EBADF)?;
    so(own().session().process_group(0), A::ProcessGroup, libc::EPERM)?;
    let inverted = own().limit(Resource::Core, 2, 1);
    so(inverted, A::Limit, libc::EINVAL)?;
    so(own().ignore_signal(libc::SIGKILL), A::Disposition, libc::EINVAL)?;
    so(own().join(&file, Namespace::UTS), A::Join, libc::EINVAL)?;
    let user = Command::new(program).user(IdMap::root_of_caller());
    so(user.clone().uid(5), A::UserId, libc::EINVAL)?;
    so(user.clone().gid(5), A::GroupId, libc::EINVAL)?;
    so(user.clone().groups([0]), A::Groups, libc::EPERM)?;
    let proc = user.clone().mount(Mount::proc("/proc"));
    so(proc, A::Mount, libc::EPERM)?;
    let join = user.clone().join(&uts, Namespace::UTS);
    so(join, A::Join, libc::EPERM)?;
    let late = user.time_offset(Clock::Boottime, i64::MAX, 0);
    so(late, A::TimeOffsets, libc::ERANGE)?;
    so(own().cgroup(&file), A::Clone, libc::EBADF)
}

fn refused_to_users() -> Outcome {
    use Action as A;
    // As another user: in a user namespace whose map has only that one.
    let program = "/bin/true";
    if is_root() {
        // The ids of the map are not those of the caller, which is root.
        let map = IdMap::new().users(0, 0, 1).users(0, 1, 1);
        return so(Command::new(program).user(map), A::MapIds, libc::EINVAL);
    }
    let map = IdMap::new().users(0, 0, 1);
    so(Command::new(program).user(map), A::MapIds, libc::EPERM)?;
    let two = IdMap::root_of_caller().users(1, 100_000, 10);
    so(Command::new(program).user(two), A::MapIds, libc::EPERM)?;
    let new = Command::new(program).namespaces(Namespace::UTS);
    so(new, A::Clone, libc::EPERM)?;
    let uid = Command::new(program).uid(0);
    so(uid, A::UserId, libc::EPERM)
}

fn not_executed() -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("program");
    let file = |text: &str, mode| -> io::Result<()> {
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))
    };
    let action = Action::Execute;
    so(Command::new(&path), action, libc::ENOENT)?;
    so(Command::new(dir.path()), action, libc::EACCES)?;
    so(Command::new(path.join("below")), action, libc::ENOENT)?;
    file("exit 0\n", 0o755)?;
    so(Command::new(&path), action, libc::ENOEXEC)?;
    so(Command::new(path.join("below")), action, libc::ENOTDIR)?;
    file("#!/nowhere\n", 0o755)?;
    so(Command::new(&path), action, libc::ENOENT)?;
    file("exit 0\n", 0o644)?;
    so(Command::new(&path), action, libc::EACCES)?;
    // What may not be executed is passed over, and told if nothing else is.
    let both = format!("{}:/bin:/usr/bin", dir.path().display());
    let command = Command::new("program").env("PATH", &both);
    so(command, action, libc::EACCES)
}

fn by_clone() -> Outcome {
    under(&without_clone3(), || {
        let command = isolated(WAITING).hostname("box");
        let payload = held(command.namespaces(Namespace::PID))?;
        holds(payload.status("NSpid")?.ends_with(" 1"), "it is not PID 1")?;
        // A test has handlers for SIGSEGV and SIGBUS.
        let caught = payload.status("SigCgt")?;
        same("caught", caught, "0".repeat(16))?;
        if is_root() {
            let map = IdMap::new().users(0, 1000, 2).groups(0, 1000, 2);
            let payload = held(Command::new(WAITING).user(map))?;
            same("user", payload.status("Uid")?, "1000 1000 1000 1000")?;
        }
        drop(payload);
        fails(Command::new("/nowhere").spawn(), Action::Execute, libc::ENOENT)
    })
}

/// Runs something in a thread whose process, or child, is ended by a call.
pub fn under_deadly<T: Send>(
    call: i64,
    run: impl FnOnce() -> Result<T, Trouble> + Send,
) -> Result<T, Trouble> {
    filtered(vec![program(call, None, SeccompAction::KillProcess)?], run)
}

fn ended_by_filter() -> Outcome {
    under_deadly(libc::SYS_sethostname, || {
        match isolated("/bin/true").hostname("box").spawn() {
            Ok(_) => Err(Trouble::Failed("it was not ended".to_owned())),
            Err(error) => {
                let seen = (error.action(), error.signal());
                let expected = (Action::Hostname, Some(libc::SIGSYS));
                same(&error.to_string(), seen, expected)
            }
        }
    })
}

fn no_stock() -> Outcome {
    needs_root()?;
    let missing = Template::new("/nowhere").map(drop);
    let error = missing.err().map(|it| (it.action(), it.errno()));
    let expected = (Action::BindRoot, Some(libc::ENOENT));
    same("a root that is missing", error, Some(expected))?;
    under(&[(libc::SYS_unshare, None, libc::EPERM)], || {
        let template = Template::new("/").map(drop);
        let error = template.err().map(|it| (it.action(), it.errno()));
        let expected = (Action::Unshare, Some(libc::EPERM));
        same("a template", error, Some(expected))?;
        let networks = Networks::new(3)?;
        let command = plain().networks(&networks);
        so(command.clone(), Action::TakeNetwork, libc::EPERM)?;
        // And it does not wait for what will not come.
        so(command, Action::TakeNetwork, libc::ESHUTDOWN)
    })
}

fn trap() -> Outcome {
    let ended = crate::allocator::allocate_in_a_child()?;
    same("a child that allocates", ended, crate::allocator::ALLOCATED)
}
