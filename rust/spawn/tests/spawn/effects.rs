//! Each action by its effect.

use std::fs;
use std::io::{PipeReader, Read, pipe};
use std::os::fd::AsRawFd;

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::{SigSet, Signal};
use nsteps_spawn::{
    Action, Capabilities, Clock, Command, IdMap, Mount, Namespace, Propagation,
    Resource,
};

use crate::Test;
use crate::observed::{
    Outcome, Root, Trouble, WAITING, held, holds, is_root, isolated,
    needs_root, output, same, script,
};

pub const ALL: &[Test] = &[
    ("a_payload_without_actions_is_in_the_namespaces_of_its_caller", plain),
    ("each_kind_of_namespace_is_new_alone", each_kind),
    ("all_kinds_are_new_at_once", all_kinds),
    ("the_payload_of_a_pid_namespace_is_pid_1", pid_1),
    ("names_are_set_in_the_payload_alone", names),
    ("lo_is_up", loopback),
    ("the_caller_is_root_in_its_user_namespace", root_of_caller),
    ("the_caller_stays_itself_in_its_user_namespace", caller),
    ("a_map_of_many_ids_is_written_by_the_caller", many_ids),
    ("clocks_have_their_offsets", clocks),
    ("a_new_root_has_what_it_was_given_and_nothing_else", new_root),
    ("the_root_of_the_caller_can_be_the_root", same_root),
    ("a_link_in_the_root_does_not_lead_out_of_it", link_in_root),
    ("mounts_have_their_options", mount_options),
    ("a_root_is_read_only", read_only_root),
    ("devices_are_those_of_the_caller", devices),
    ("files_are_made_in_the_mounts_before_them", made_files),
    ("mounts_are_private_unless_told_otherwise", propagation),
    ("the_directory_and_the_umask_are_set", directory),
    ("the_directory_of_the_caller_is_kept_or_refused", kept_directory),
    ("a_session_has_a_terminal", session),
    ("a_process_group_is_new", process_group),
    ("descriptors_change_places", descriptors),
    ("no_other_descriptor_is_open", other_descriptors),
    ("privileges_and_limits_are_given_up", restrictions),
    ("ids_are_those_asked_for", ids),
    ("signals_are_as_asked_for", signals),
    ("namespaces_are_joined_by_pidfd_and_by_file", join),
    ("a_pid_namespace_is_joined", join_pid),
    ("what_is_joined_and_new_is_a_copy", join_and_copy),
    ("a_payload_is_born_in_its_cgroup", cgroup),
    ("no_handler_of_the_caller_runs_in_the_child", no_handlers),
    ("the_environment_is_changed", environment),
    ("a_program_is_found_in_the_path_of_the_payload", path),
    ("a_child_can_be_waited_for_and_killed", child),
];

/// The kinds and their names in /proc/PID/ns.
const KINDS: [(Namespace, &str); 8] = [
    (Namespace::CGROUP, "cgroup"),
    (Namespace::IPC, "ipc"),
    (Namespace::MNT, "mnt"),
    (Namespace::NET, "net"),
    (Namespace::PID, "pid"),
    (Namespace::TIME, "time"),
    (Namespace::USER, "user"),
    (Namespace::UTS, "uts"),
];

/// The kinds in which a payload is not with its caller.
fn new_kinds(command: Command<'_>) -> Result<Namespace, Trouble> {
    let payload = held(command)?;
    let mut new = Namespace::empty();
    for (kind, name) in KINDS {
        let name = format!("ns/{name}");
        if payload.link(&name)? != fs::read_link(format!("/proc/self/{name}"))?
        {
            new |= kind;
        }
    }
    Ok(new)
}

fn plain() -> Outcome {
    same("new", new_kinds(Command::new(WAITING))?, Namespace::empty())
}

fn each_kind() -> Outcome {
    for (kind, name) in KINDS {
        let command = isolated(WAITING).namespaces(kind);
        let mut expected = kind;
        if !is_root() {
            expected |= Namespace::USER;
        }
        same(name, new_kinds(command)?, expected)?;
    }
    Ok(())
}

fn all_kinds() -> Outcome {
    let command = Command::new(WAITING).namespaces(Namespace::all());
    let command = command.user(IdMap::root_of_caller());
    same("new", new_kinds(command)?, Namespace::all())
}

fn pid_1() -> Outcome {
    let command = script("echo $$").namespaces(Namespace::PID);
    same("inside", output(command)?, "1")?;
    let payload = held(isolated(WAITING).namespaces(Namespace::PID))?;
    let pid = payload.child().pid();
    same("outside", payload.status("NSpid")?, format!("{pid} 1"))
}

fn names() -> Outcome {
    let name = || fs::read_to_string("/proc/sys/kernel/hostname");
    let before = name()?;
    let command = script("uname -n; cat /proc/sys/kernel/domainname");
    let command = command.hostname("box").domainname("example.org");
    same("inside", output(command)?, "box\nexample.org")?;
    same("outside", name()?, before)
}

fn loopback() -> Outcome {
    let table = "net/fib_trie";
    let down = held(isolated(WAITING).namespaces(Namespace::NET))?;
    let has_address = |text: String| text.contains("127.0.0.1");
    holds(!has_address(down.read(table)?), "lo is up without a request")?;
    let up = held(isolated(WAITING).loopback_up())?;
    holds(has_address(up.read(table)?), "lo is down")
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

fn root_of_caller() -> Outcome {
    let map = IdMap::root_of_caller();
    let payload = held(Command::new(WAITING).user(map.clone()))?;
    let (user, group) = (
        nix::unistd::geteuid().to_string(),
        nix::unistd::getegid().to_string(),
    );
    same("users", words(&payload.read("uid_map")?), ["0", &user, "1"])?;
    same("groups", words(&payload.read("gid_map")?), ["0", &group, "1"])?;
    same("setgroups", payload.read("setgroups")?.trim(), "deny")?;
    let command = Command::new("/bin/sh").args(["-c", "id -u; id -g"]);
    same("inside", output(command.user(map))?, "0\n0")
}

fn caller() -> Outcome {
    let command = Command::new("/usr/bin/id").arg("-u");
    let (user, inside) =
        (nix::unistd::geteuid(), output(command.user(IdMap::caller()))?);
    same("inside", inside, user.to_string())?;
    let command = Command::new("/usr/bin/id").arg("-u");
    same("without ids", output(command.user(IdMap::new()))?, "65534")
}

fn many_ids() -> Outcome {
    needs_root()?;
    let map = IdMap::new().users(0, 100_000, 10).groups(0, 200_000, 20);
    let map = map.users(10, 300_000, 1).allow_setgroups();
    let command = Command::new(WAITING).user(map).groups([3]).gid(2).uid(10);
    let payload = held(command)?;
    let ids = |id: &str| [id; 4].join(" ");
    same("user", payload.status("Uid")?, ids("300000"))?;
    same("group", payload.status("Gid")?, ids("200002"))?;
    same("groups", payload.status("Groups")?, "200003")?;
    same("setgroups", payload.read("setgroups")?.trim(), "allow")?;
    let root = IdMap::new().users(0, 100_000, 10).groups(0, 200_000, 20);
    let payload = held(Command::new(WAITING).user(root))?;
    same("root", payload.status("Uid")?, ids("100000"))?;
    same("root's group", payload.status("Gid")?, ids("200000"))?;
    same("capabilities", payload.status("CapEff")?, payload.status("CapBnd")?)
}

fn clocks() -> Outcome {
    const DAY: i64 = 86_400;
    let uptime = |text: &str| -> f64 {
        words(text).first().and_then(|it| it.parse().ok()).unwrap_or(0.0)
    };
    let here = uptime(&fs::read_to_string("/proc/uptime")?);
    let command = isolated("/bin/cat").arg("/proc/uptime");
    let ahead = command.time_offset(Clock::Boottime, 10 * DAY, 500_000_000);
    let there = uptime(&output(ahead)?);
    let ahead = there - here - 10.0 * 86_400.0;
    holds((0.4..60.0).contains(&ahead), format!("{there} beside {here}"))?;
    let command = isolated(WAITING).time_offset(Clock::Monotonic, DAY, 5);
    let payload = held(command.time_offset(Clock::Boottime, -1, 0))?;
    let offsets = payload.read("timens_offsets")?;
    let expected = ["monotonic", "86400", "5", "boottime", "-1", "0"];
    same("offsets", words(&offsets), expected)?;
    let (own, children) =
        (payload.link("ns/time")?, payload.link("ns/time_for_children")?);
    same("the namespace", own, children)
}

/// The mount points of a payload, as it sees them.
fn mount_points(table: &str) -> Vec<&str> {
    let lines = table.lines();
    lines.filter_map(|line| line.split(' ').nth(4)).collect()
}

fn new_root() -> Outcome {
    let root = Root::new()?;
    let command = root.enter(isolated(WAITING));
    let payload = held(
        command
            .mount(Mount::proc("/proc"))
            .mount(Mount::tmpfs("/tmp"))
            .namespaces(Namespace::PID),
    )?;
    let table = payload.read("mountinfo")?;
    let mut points = mount_points(&table);
    points.retain(|it| !it.starts_with("/usr") && !it.starts_with("/lib"));
    points.retain(|it| !it.starts_with("/bin"));
    same("mounts", points, ["/", "/proc", "/tmp"])?;
    let command = root.enter(script("echo /proc/[0-9]*; pwd"));
    let command = command.mount(Mount::proc("/proc"));
    let inside = output(command.namespaces(Namespace::PID))?;
    same("inside", inside, "/proc/1\n/")?;
    let left = fs::read_dir(root.path().join("tmp"))?.count();
    same("left in the root", left, 0)
}

fn same_root() -> Outcome {
    let command = script("pwd; ls -d /proc/1").root("/");
    same("inside", output(command)?, "/\n/proc/1")
}

fn link_in_root() -> Outcome {
    let root = Root::new()?;
    let outside = tempfile::tempdir()?;
    std::os::unix::fs::symlink(outside.path(), root.path().join("out"))?;
    let command = root.enter(isolated(WAITING)).mount(Mount::tmpfs("/out"));
    match held(command) {
        Err(Trouble::Failed(text)) => {
            let says = "cannot mount tmpfs on /out: No such file";
            holds(text.starts_with(says), text)
        }
        Err(trouble) => Err(trouble),
        Ok(_) => Err(Trouble::Failed("mounted outside of the root".to_owned())),
    }
}

fn mount_options() -> Outcome {
    let source = tempfile::tempdir()?;
    fs::write(source.path().join("file"), "text")?;
    let root = Root::new()?;
    let tmpfs = Mount::tmpfs("/tmp").options("size=64k").no_suid().no_exec();
    let bind = Mount::bind(source.path(), "/mnt").read_only().no_devices();
    let command = root.enter(isolated(WAITING)).mount(tmpfs).mount(bind);
    let payload = held(command)?;
    let table = payload.read("mountinfo")?;
    let line = |point: &str| {
        let found = table
            .lines()
            .find(|line| line.split(' ').nth(4).is_some_and(|it| it == point));
        found.unwrap_or_default().to_owned()
    };
    let tmp = line("/tmp");
    holds(tmp.contains(" rw,nosuid,noexec,"), tmp.clone())?;
    holds(tmp.contains("size=64k"), tmp)?;
    let mnt = line("/mnt");
    holds(mnt.contains(" ro,nodev,") || mnt.contains(" ro,nosuid,nodev"), mnt)?;
    let bind = Mount::bind(source.path(), "/mnt").read_only();
    let text = "cat /mnt/file; touch /mnt/other 2>/dev/null || echo refused";
    let command = root.enter(script(text)).mount(bind);
    // There is no /dev/null: the redirection makes a file in the root's /dev.
    same("inside", output(command)?, "textrefused")
}

fn read_only_root() -> Outcome {
    let root = Root::new()?;
    let text = "exec 2>&1; touch /file; touch /tmp/file && echo made";
    let command = root.enter(script(text)).mount(Mount::tmpfs("/tmp"));
    let seen = output(command.root_read_only())?;
    holds(seen.contains("Read-only file system"), seen.clone())?;
    holds(seen.ends_with("made"), seen)?;
    same("file", root.path().join("file").exists(), false)
}

fn devices() -> Outcome {
    let root = Root::new()?;
    let text = "test -c /dev/null && echo lost >/dev/null && ls /dev && \
                readlink /dev/stdin";
    let command = root.enter(script(text)).devices();
    let seen = output(command)?;
    let expected = "fd\nfull\nnull\nrandom\nstderr\nstdin\nstdout\ntty\n\
                    urandom\nzero\n/proc/self/fd/0";
    same("inside", seen, expected)
}

fn made_files() -> Outcome {
    let root = Root::new()?;
    let text = "readlink /tmp/link; stat -c %a /tmp/dir; \
                test -f /tmp/dir/file && cat /tmp/dir/file";
    let source = tempfile::tempdir()?;
    let file = source.path().join("file");
    fs::write(&file, "bound")?;
    let command = root
        .enter(script(text))
        .mount(Mount::tmpfs("/tmp"))
        .make_dir("/tmp/dir", 0o750)
        .make_file("/tmp/dir/file", 0o600)
        .mount(Mount::bind(&file, "/tmp/dir/file").alone())
        .make_symlink("elsewhere", "/tmp/link");
    same("inside", output(command)?, "elsewhere\n750\nbound")
}

fn propagation() -> Outcome {
    // The fields between the options and the hyphen.
    let propagate = |table: &str| {
        let lines = table.lines();
        let has = |field: &&str| {
            field.starts_with("shared:") || field.starts_with("master:")
        };
        let fields = lines.flat_map(|line| line.split(' ').filter(has));
        fields.map(str::to_owned).collect::<Vec<_>>()
    };
    let all = "mount --make-rshared /; exec \"$@\"";
    // The caller is a shell with shared mounts; the payload of this payload
    // is looked at: it is this program's business to have only private ones.
    let shared = script(all).args(["sh", WAITING]).namespaces(Namespace::MNT);
    let shared = held(shared.propagation(Propagation::Unchanged))?;
    let joined = |propagation| {
        let child = shared.child();
        let kinds = match is_root() {
            true => Namespace::MNT,
            false => Namespace::MNT | Namespace::USER,
        };
        let command = Command::new(WAITING).join(child, kinds);
        let command = command.namespaces(Namespace::MNT);
        let payload = held(command.propagation(propagation))?;
        Ok::<_, Trouble>(propagate(&payload.read("mountinfo")?))
    };
    // The shell has made the mounts shared when it has become the program.
    wait_for(|| Ok(shared.read("comm")?.trim() == "cat"))?;
    let unchanged = joined(Propagation::Unchanged)?;
    holds(
        unchanged.iter().any(|it| it.starts_with("shared:")),
        format!("no shared mount: {unchanged:?}"),
    )?;
    same("private", joined(Propagation::Private)?, Vec::<String>::new())?;
    let slaves = joined(Propagation::Slave)?;
    holds(
        !slaves.is_empty() && slaves.iter().all(|it| it.starts_with("master:")),
        format!("not all are slaves: {slaves:?}"),
    )
}

/// Waits until something holds that no descriptor tells of.
fn wait_for(is: impl Fn() -> Result<bool, Trouble>) -> Outcome {
    let begun = std::time::Instant::now();
    while !is()? {
        if begun.elapsed() > crate::observed::BOUND {
            return Err(Trouble::Failed("waited in vain".to_owned()));
        }
        std::thread::yield_now();
    }
    Ok(())
}

fn directory() -> Outcome {
    let command = Command::new("/bin/sh").args(["-c", "pwd; umask"]);
    let command = command.current_dir("/usr").umask(0o027);
    same("inside", output(command)?, "/usr\n0027")
}

fn kept_directory() -> Outcome {
    let pwd = || isolated("/bin/pwd").root("/").keep_current_dir();
    let own = std::env::current_dir()?;
    same("inside", output(pwd())?, own.to_string_lossy())?;
    // Another directory is there, and a part of the path is missing.
    let covered = pwd().mount(Mount::tmpfs(&own));
    let error = covered.spawn().err().map(|it| (it.action(), it.errno()));
    let expected = (Action::CurrentDirectory, Some(libc::ESTALE));
    same("covered", error, Some(expected))?;
    let parent = own
        .parent()
        .ok_or_else(|| Trouble::Failed("the test runs in /".to_owned()))?;
    let missing = pwd().mount(Mount::tmpfs(parent));
    let error = missing.spawn().err().map(|it| (it.action(), it.errno()));
    let expected = (Action::CurrentDirectory, Some(libc::ENOENT));
    same("missing", error, Some(expected))
}

fn session() -> Outcome {
    let terminal = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY)?;
    grantpt(&terminal)?;
    unlockpt(&terminal)?;
    let name = ptsname_r(&terminal)?;
    let options = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let slave =
        nix::fcntl::open(&*name, options, nix::sys::stat::Mode::empty())?;
    let command = Command::new(WAITING).controlling_terminal(&slave);
    let payload = held(command)?;
    let stat = payload.read("stat")?;
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    let fields = words(fields);
    let pid = payload.child().pid().to_string();
    // state, ppid, pgrp, session, tty_nr
    same("group and session", &fields[2..4], [&pid[..], &pid[..]])?;
    holds(fields[4] != "0", "it has no terminal")?;
    let alone = held(Command::new(WAITING).session())?;
    let stat = alone.read("stat")?;
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    same("terminal", words(fields)[4], "0")
}

fn process_group() -> Outcome {
    let payload = held(Command::new(WAITING).process_group(0))?;
    let pid = payload.child().pid().to_string();
    let stat = payload.read("stat")?;
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    same("group", words(fields)[2], pid)
}

fn written(text: &str) -> Result<PipeReader, Trouble> {
    use std::io::Write;
    let (reader, mut writer) = pipe()?;
    writer.write_all(text.as_bytes())?;
    Ok(reader)
}

fn descriptors() -> Outcome {
    let (first, second) = (written("first")?, written("second")?);
    // Each takes the number of the other.
    let numbers = (first.as_raw_fd(), second.as_raw_fd());
    let path = |number: i32| format!("/proc/self/fd/{number}");
    let command = Command::new("/bin/cat");
    let command = command.args([path(numbers.0), path(numbers.1)]);
    let command =
        command.pass_fd(&first, numbers.1).pass_fd(&second, numbers.0);
    same("changed", output(command)?, "secondfirst")?;
    let kept = written("kept")?;
    let number = kept.as_raw_fd();
    let command = Command::new("/bin/cat").arg(path(number));
    same("kept", output(command.pass_fd(&kept, number))?, "kept")
}

fn other_descriptors() -> Outcome {
    let leaked = written("leaked")?;
    fcntl(&leaked, FcntlArg::F_SETFD(FdFlag::empty()))?;
    let passed = written("passed")?;
    let open = |command: Command<'_>| -> Result<Vec<i32>, Trouble> {
        let payload = held(command)?;
        let dir = format!("/proc/{}/fd", payload.child().pid());
        let names = fs::read_dir(dir)?.flatten();
        let mut numbers: Vec<i32> = names
            .filter_map(|it| it.file_name().to_str()?.parse().ok())
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    };
    let command = || Command::new(WAITING).pass_fd(&passed, 7);
    let number = leaked.as_raw_fd();
    let all = open(command())?;
    holds(all.contains(&number), format!("{number} is not in {all:?}"))?;
    same("open", open(command().close_other_fds())?, [0, 1, 2, 7])?;
    // It is still open here.
    let mut text = String::new();
    (&leaked).read_to_string(&mut text)?;
    same("leaked", text, "leaked")
}

fn restrictions() -> Outcome {
    let two = Capabilities::KILL | Capabilities::CHOWN;
    let command = isolated(WAITING)
        .no_new_privs()
        .keep_capabilities(two)
        .limit(Resource::OpenFiles, 17, 18)
        .limit(Resource::Core, 0, 0);
    let payload = held(command)?;
    same("no_new_privs", payload.status("NoNewPrivs")?, "1")?;
    let bits = format!("{:016x}", two.bits());
    for set in ["CapBnd", "CapPrm", "CapEff"] {
        same(set, payload.status(set)?, &bits[..])?;
    }
    same("CapAmb", payload.status("CapAmb")?, "0".repeat(16))?;
    let limits = payload.read("limits")?;
    let line = |name: &str| {
        let found = limits.lines().find_map(|it| it.strip_prefix(name));
        words(found.unwrap_or_default()).join(" ")
    };
    same("files", line("Max open files"), "17 18 files")?;
    same("core", line("Max core file size"), "0 0 bytes")
}

fn ids() -> Outcome {
    needs_root()?;
    let command = Command::new(WAITING).groups([5, 6]).gid(4).uid(3);
    let payload = held(command)?;
    same("user", payload.status("Uid")?, "3 3 3 3")?;
    same("group", payload.status("Gid")?, "4 4 4 4")?;
    same("groups", payload.status("Groups")?, "5 6")?;
    same("capabilities", payload.status("CapEff")?, "0".repeat(16))
}

fn bit(signal: Signal) -> u64 {
    1 << (signal as i32 - 1)
}

fn signals() -> Outcome {
    let sets = |command: Command<'_>| -> Result<[u64; 2], Trouble> {
        let payload = held(command)?;
        let number = |name| {
            let digits = payload.status(name)?;
            u64::from_str_radix(&digits, 16)
                .map_err(|error| Trouble::Failed(error.to_string()))
        };
        Ok([number("SigBlk")?, number("SigIgn")?])
    };
    // In a thread of its own, whose mask changes.
    let test = || -> Outcome {
        let blocked = SigSet::from(Signal::SIGUSR1);
        blocked.thread_block()?;
        let command = || Command::new(WAITING);
        // A test in Rust ignores SIGPIPE.
        let [mask, ignored] = sets(command().inherit_signals())?;
        same("inherited mask", mask, bit(Signal::SIGUSR1))?;
        let pipe = bit(Signal::SIGPIPE);
        same("inherited", ignored & pipe, pipe)?;
        let [mask, usual] = sets(command())?;
        same("usual mask", mask, 0)?;
        same("usual", usual, ignored & !pipe)?;
        same("default", sets(command().default_signals())?, [0, 0])?;
        let command = command().default_signals();
        let command = command.ignore_signal(libc::SIGINT);
        let command = command.block_signal(libc::SIGHUP).block_signal(64);
        let expected = [bit(Signal::SIGHUP) | 1 << 63, bit(Signal::SIGINT)];
        same("asked for", sets(command)?, expected)?;
        let mask = SigSet::thread_get_mask()?;
        holds(mask == blocked, format!("the mask of the caller: {mask:?}"))
    };
    std::thread::scope(|scope| {
        let ended = scope.spawn(test).join();
        ended.unwrap_or_else(|_| Err(Trouble::Failed("panic".to_owned())))
    })
}

/// The kinds that an ordinary user has to join as well.
fn with_user(kinds: Namespace) -> Namespace {
    if is_root() { kinds } else { kinds | Namespace::USER }
}

fn join() -> Outcome {
    let first =
        held(isolated(WAITING).hostname("first").namespaces(Namespace::IPC))?;
    let kinds = with_user(Namespace::UTS | Namespace::IPC);
    let command = Command::new(WAITING).join(first.child(), kinds);
    let second = held(command)?;
    for name in ["ns/uts", "ns/ipc", "ns/user"] {
        same(name, second.link(name)?, first.link(name)?)?;
    }
    let net = fs::read_link("/proc/self/ns/net")?;
    same("ns/net", second.link("ns/net")?, net)?;
    let open = |name: &str| {
        fs::File::open(format!("/proc/{}/ns/{name}", first.child().pid()))
    };
    let (uts, user) = (open("uts")?, open("user")?);
    let mut command = Command::new("/bin/uname").arg("-n");
    if !is_root() {
        command = command.join(&user, Namespace::USER);
    }
    let command = command.join(&uts, Namespace::UTS);
    same("by file", output(command)?, "first")
}

fn join_pid() -> Outcome {
    needs_root()?;
    let first = held(isolated(WAITING).namespaces(Namespace::PID))?;
    let own = || fs::read_link("/proc/thread-self/ns/pid_for_children");
    let before = own()?;
    let command = Command::new(WAITING).join(first.child(), Namespace::PID);
    let second = held(command)?;
    same("ns/pid", second.link("ns/pid")?, first.link("ns/pid")?)?;
    let pid = second.child().pid();
    same("NSpid", second.status("NSpid")?, format!("{pid} 2"))?;
    same("the caller's", own()?, before)
}

fn join_and_copy() -> Outcome {
    let first = held(isolated(WAITING).mount(Mount::tmpfs("/tmp")))?;
    let kinds = with_user(Namespace::MNT);
    let command = Command::new(WAITING).join(first.child(), kinds);
    let second = held(command.namespaces(Namespace::MNT))?;
    holds(
        first.link("ns/mnt")? != second.link("ns/mnt")?,
        "the mount namespace is no copy",
    )?;
    let (one, other) = (first.read("mountinfo")?, second.read("mountinfo")?);
    same("mounts", mount_points(&other), mount_points(&one))
}

/// A cgroup of version 2 that is removed in the end.
struct Cgroup(std::path::PathBuf);

impl Cgroup {
    fn new(word: &str) -> Result<Self, Trouble> {
        let table = fs::read_to_string("/proc/self/mountinfo")?;
        let line = table.lines().find(|it| it.contains(" - cgroup2 "));
        let Some(point) = line.and_then(|it| it.split(' ').nth(4)) else {
            let why = "there is no cgroup file system of version 2";
            return Err(Trouble::Unavailable(why.to_owned()));
        };
        let name = format!("nsteps-spawn-{word}-{}", std::process::id());
        let path = std::path::Path::new(point).join(name);
        fs::create_dir(&path).map_err(|error| {
            Trouble::Unavailable(format!("{}: {error}", path.display()))
        })?;
        Ok(Cgroup(path))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // A test may have failed before it did so.
        let _ = fs::write(self.0.join("cgroup.freeze"), "0");
        // Its processes have been waited for.
        let _ = fs::remove_dir(&self.0);
    }
}

fn cgroup() -> Outcome {
    needs_root()?;
    let cgroup = Cgroup::new("birth")?;
    let name = cgroup.0.file_name().unwrap_or_default().to_string_lossy();
    let directory = fs::File::open(&cgroup.0)?;
    let line = |text: &str| {
        let found = text.lines().find(|it| it.starts_with("0::"));
        found.unwrap_or_default().to_owned()
    };
    let test = || -> Outcome {
        let payload = held(Command::new(WAITING).cgroup(&directory))?;
        let seen = line(&payload.read("cgroup")?);
        holds(seen.ends_with(&format!("/{name}")), seen)?;
        let command = Command::new("/bin/cat").arg("/proc/self/cgroup");
        let command = command.namespaces(Namespace::CGROUP);
        same("inside", line(&output(command.cgroup(&directory))?), "0::/")
    };
    test()?;
    // And where clone3 is not to be had.
    crate::failures::under(&crate::failures::without_clone3(), test)
}

/// A child in a frozen cgroup stands still before its program is executed: then
/// it has no handler of its caller, and every signal is blocked.
fn no_handlers() -> Outcome {
    needs_root()?;
    let cgroup = Cgroup::new("frozen")?;
    let directory = fs::File::open(&cgroup.0)?;
    let freeze = |word: &str| fs::write(cgroup.0.join("cgroup.freeze"), word);
    let set = |pid: &str, name: &str| -> Result<u64, Trouble> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let found = status.lines().find_map(|line| line.strip_prefix(name));
        let set = found.and_then(|it| u64::from_str_radix(it.trim(), 16).ok());
        set.ok_or_else(|| Trouble::Failed(format!("no {name} {status}")))
    };
    let procs = cgroup.0.join("cgroup.procs");
    let test = || -> Outcome {
        // Those of Rust's runtime, for SIGSEGV and SIGBUS.
        holds(set("self", "SigCgt:")? != 0, "the caller has no handler")?;
        freeze("1")?;
        let (child, looked) = std::thread::scope(|scope| {
            let launch = scope
                .spawn(|| Command::new("/bin/true").cgroup(&directory).spawn());
            let look = || -> Outcome {
                wait_for(|| Ok(!fs::read_to_string(&procs)?.is_empty()))?;
                let pid = fs::read_to_string(&procs)?.trim().to_owned();
                let own = fs::read_link("/proc/self/exe")?;
                let exe = fs::read_link(format!("/proc/{pid}/exe"))?;
                same("its program", exe, own)?;
                same("handlers", set(&pid, "SigCgt:")?, 0)?;
                // The kernel blocks neither SIGKILL nor SIGSTOP.
                let not = bit(Signal::SIGKILL) | bit(Signal::SIGSTOP);
                same("blocked", set(&pid, "SigBlk:")?, !not)
            };
            let looked = look();
            let thawed = freeze("0");
            (launch.join(), looked.and(thawed.map_err(Trouble::from)))
        });
        looked?;
        let child = child.map_err(|_| Trouble::Failed("panic".to_owned()))?;
        let status = child?.wait()?;
        holds(status.success(), format!("{status}"))
    };
    test()?;
    crate::failures::under(&crate::failures::without_clone3(), test)
}

fn environment() -> Outcome {
    let command = Command::new("/usr/bin/env").env_clear().env("B", "2");
    let command = command.env("A", "1").env("B", "3").env("C", "");
    same("cleared", output(command)?, "B=3\nA=1\nC=")?;
    let command = Command::new("/usr/bin/env").env("A", "1").env_remove("PATH");
    let seen = output(command)?;
    let lines: Vec<&str> = seen.lines().collect();
    holds(lines.contains(&"A=1"), seen.clone())?;
    holds(!lines.iter().any(|it| it.starts_with("PATH=")), seen.clone())?;
    holds(lines.len() == std::env::vars_os().count(), seen)?;
    let command = Command::new("/bin/sh").arg0("name").args(["-c", "echo $0"]);
    same("arg0", output(command)?, "name")
}

fn path() -> Outcome {
    let dir = tempfile::tempdir()?;
    let program = dir.path().join("program");
    fs::write(&program, "#!/bin/sh\necho found\n")?;
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    let command = Command::new("program").env("PATH", dir.path());
    same("found", output(command)?, "found")?;
    let command = Command::new("program").env_clear().env("PATH", "/nowhere");
    match output(command) {
        Err(Trouble::Failed(text)) => same(
            "not found",
            &text[..],
            "cannot execute program: No such file or directory (ENOENT)",
        ),
        other => Err(Trouble::Failed(format!("{other:?}"))),
    }
}

fn child() -> Outcome {
    let mut child = Command::new("/bin/sh").args(["-c", "exit 7"]).spawn()?;
    let status = child.wait()?;
    same("status", status.code(), Some(7))?;
    same("again", child.wait()?, status)?;
    let (reader, writer) = pipe()?;
    let mut child = Command::new(WAITING).stdin(&reader).spawn()?;
    drop(reader);
    let soon = std::time::Duration::from_millis(20);
    same("waits", child.wait_until(soon)?, None)?;
    same("waits", child.try_wait()?, None)?;
    child.kill()?;
    let status = child.wait_until(crate::observed::BOUND)?;
    drop(writer);
    use std::os::unix::process::ExitStatusExt;
    let signal = status.and_then(|status| status.signal());
    same("signal", signal, Some(libc::SIGKILL))?;
    let late = child.kill().map_err(|error| error.raw_os_error());
    same("after it was reaped", late, Err(Some(libc::ESRCH)))
}
