//! The caller: it is as it was before, and what it started ends with it.

use std::fs;
use std::io::{BufRead, BufReader, Write, pipe};
use std::sync::mpsc;

use nix::sys::ptrace;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use nsteps_spawn::{Child, Command, IdMap, Namespace};

use crate::Test;
use crate::observed::{
    BOUND, Outcome, Root, Trouble, WAITING, holds, is_root, isolated,
    needs_root, same, succeeds,
};

pub const ALL: &[Test] = &[
    ("the_caller_is_as_it_was", unchanged),
    ("the_caller_is_dumpable_again", dumpable),
    ("a_payload_ends_with_the_thread_that_made_it", with_thread),
    ("nothing_is_left_of_a_caller_that_was_killed", killed),
    ("a_caller_whose_first_thread_ended_first_has_ended", first_thread),
    ("clone3_that_is_missing_is_not_asked_for_again", without_clone3),
];

/// Files of /proc that say what this process has, without those that time
/// changes.
fn state(root: &Root) -> Result<String, Trouble> {
    let mut state = String::new();
    let status = fs::read_to_string("/proc/thread-self/status")?;
    let kept = [
        "Uid:",
        "Gid:",
        "Groups:",
        "Umask:",
        "SigBlk",
        "SigIgn",
        "SigCgt",
        "Cap",
        "NoNewPrivs:",
        "NSpid:",
        "NSsid:",
    ];
    let lines = status
        .lines()
        .filter(|line| kept.iter().any(|name| line.starts_with(name)));
    lines.for_each(|line| state.push_str(&format!("{line}\n")));
    for file in ["limits", "cgroup", "timens_offsets"] {
        state.push_str(&fs::read_to_string(format!("/proc/self/{file}"))?);
    }
    // Other programs may mount as well: what is on the root of this test counts.
    let mounts = fs::read_to_string("/proc/thread-self/mountinfo")?;
    let root = root.path().to_string_lossy();
    let own = mounts.lines().filter(|line| line.contains(&*root));
    own.for_each(|line| state.push_str(&format!("{line}\n")));
    for link in [
        "cwd",
        "root",
        "ns/uts",
        "ns/mnt",
        "ns/net",
        "ns/pid",
        "ns/pid_for_children",
        "ns/user",
        "ns/time_for_children",
        "ns/ipc",
    ] {
        let target = fs::read_link(format!("/proc/thread-self/{link}"))?;
        state.push_str(&format!("{link} {}\n", target.display()));
    }
    state
        .push_str(&format!("dumpable {:?}\n", nix::sys::prctl::get_dumpable()));
    state.push_str(&format!("death {:?}\n", nix::sys::prctl::get_pdeathsig()));
    let name = nix::sys::prctl::get_name();
    state.push_str(&format!("name {name:?}\n"));
    state.push_str(&fs::read_to_string("/proc/sys/kernel/hostname")?);
    Ok(state)
}

fn unchanged() -> Outcome {
    let root = Root::new()?;
    let (reader, _writer) = pipe()?;
    let before = state(&root)?;
    let command = root
        .enter(isolated("/bin/true"))
        .namespaces(Namespace::all().without(Namespace::USER))
        .hostname("box")
        .loopback_up()
        .session()
        .umask(0o7)
        .limit(nsteps_spawn::Resource::OpenFiles, 20, 20)
        .no_new_privs()
        .keep_capabilities(nsteps_spawn::Capabilities::empty())
        .default_signals()
        .block_signal(libc::SIGTERM)
        .parent_death_signal(libc::SIGKILL)
        .pass_fd(&reader, 9)
        .close_other_fds();
    let status = command.spawn()?.wait()?;
    holds(status.success(), format!("{status}"))?;
    same("after a launch", state(&root)?, &before[..])?;
    let failed = command.clone().current_dir("/nowhere").spawn();
    holds(failed.is_err(), "it was no failure")?;
    same("after a failure", state(&root)?, before)
}

fn dumpable() -> Outcome {
    needs_root()?;
    let dumpable = || nix::sys::prctl::get_dumpable();
    same("before", dumpable()?, true)?;
    // Many at once, so that the launches overlap.
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| -> Outcome {
                    for _ in 0..20 {
                        let command = Command::new("/bin/true").uid(3);
                        let status = command.gid(3).spawn()?.wait()?;
                        holds(status.success(), "it failed")?;
                        let map = IdMap::new().users(0, 7, 1).groups(0, 7, 1);
                        let command = Command::new("/bin/true").user(map);
                        command.spawn()?.wait()?;
                    }
                    Ok(())
                })
            })
            .collect();
        threads.into_iter().try_for_each(|thread| {
            let ended = thread.join();
            ended.unwrap_or_else(|_| Err(Trouble::Failed("panic".to_owned())))
        })
    })?;
    same("after", dumpable()?, true)
}

fn with_thread() -> Outcome {
    let (reader, _writer) = pipe()?;
    let (sender, receiver) = mpsc::channel::<()>();
    let (child, made) = mpsc::channel();
    std::thread::scope(|scope| -> Outcome {
        let reader = &reader;
        scope.spawn(move || {
            let command = Command::new(WAITING).stdin(reader);
            let command = command.parent_death_signal(libc::SIGKILL);
            // The other end waits for either.
            let _ = child.send(command.spawn());
            let _ = receiver.recv();
        });
        let made = made.recv().map_err(|it| Trouble::Failed(it.to_string()))?;
        let mut payload: Child = made?;
        let soon = std::time::Duration::from_millis(20);
        same("while the thread runs", payload.wait_until(soon)?, None)?;
        drop(sender);
        let ended = payload.wait_until(BOUND)?;
        use std::os::unix::process::ExitStatusExt;
        let signal = ended.and_then(|status| status.signal());
        same("when it has ended", signal, Some(libc::SIGKILL))
    })
}

/// Starts this program in a role.
fn role<'fd>(words: &[&str]) -> Result<Command<'fd>, Trouble> {
    Ok(Command::new(std::env::current_exe()?).args(words))
}

/// How often a caller is killed, and after how many of its launches at most.
const KILLS: usize = 60;
const LAUNCHES: usize = 12;

fn killed() -> Outcome {
    // It does not end as long as a process is left of a caller.
    succeeds(role(&["--reaper"])?.spawn()?, 3 * BOUND)
}

/// Kills callers in the middle of their launches, adopts what they leave, and
/// waits until nothing is left.
pub fn reaper(_: &[String]) -> Outcome {
    nix::sys::prctl::set_child_subreaper(true)?;
    for round in 0..KILLS {
        let (reader, writer) = pipe()?;
        let mut mother = role(&["--mother"])?.stdout(&writer).spawn()?;
        drop(writer);
        let lines = BufReader::new(reader).lines();
        let launches =
            lines.take(round % LAUNCHES).collect::<Result<Vec<_>, _>>()?;
        same("launches", launches.len(), round % LAUNCHES)?;
        mother.kill()?;
        mother.wait()?;
        while let Ok(status) = nix::sys::wait::wait() {
            // A child that has found its caller dead exits.
            if let WaitStatus::Exited(_, code) = status
                && code != 127
            {
                return Err(Trouble::Failed(format!("{status:?}")));
            }
        }
    }
    Ok(())
}

/// Launches payloads that never end, in several threads.
pub fn mother(_: &[String]) -> Outcome {
    let launch = || -> Outcome {
        // It never ends by itself: its input is a pipe of its own caller.
        let (reader, writer) = pipe()?;
        std::mem::forget(writer);
        let plain = Command::new("/bin/sleep").arg("100000").stdin(&reader);
        let plain = plain.parent_death_signal(libc::SIGKILL);
        let mut commands = vec![plain.clone()];
        let command = plain.clone().user(IdMap::root_of_caller());
        commands.push(command.namespaces(Namespace::PID | Namespace::UTS));
        if is_root() {
            let map = IdMap::new().users(0, 7, 1).groups(0, 7, 1);
            commands.push(plain.clone().user(map));
            commands.push(plain.uid(3));
        }
        for command in commands.iter().cycle() {
            command.spawn()?;
            println!("launched");
            std::io::stdout().flush()?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(launch);
        launch()?;
        other
            .join()
            .unwrap_or_else(|_| Err(Trouble::Failed("panic".to_owned())))
    })
}

fn first_thread() -> Outcome {
    let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
    if scope.is_ok_and(|it| it.trim() == "3") {
        let why = "kernel.yama.ptrace_scope is 3: no process is traced here";
        return Err(Trouble::Unavailable(why.to_owned()));
    }
    succeeds(role(&["--tracer"])?.spawn()?, BOUND)
}

/// Kills a caller whose child has just been born, and holds both where it
/// seldom is by itself: the first thread, which launched, is gone, the other
/// one has ended and is not reaped, and so no pidfd of the caller is readable.
/// Then the child looks whether its caller has ended.
pub fn tracer(_: &[String]) -> Outcome {
    nix::sys::prctl::set_child_subreaper(true)?;
    ["plain", "pid"].into_iter().try_for_each(|word| {
        let (output, for_mother) = pipe()?;
        let (input, mut to_mother) = pipe()?;
        let mother = role(&["--two-threads", word])?;
        let mother = mother.stdin(&input).stdout(&for_mother).spawn()?;
        drop(for_mother);
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let other = line.trim().parse().map(Pid::from_raw);
        let other = other.map_err(|_| Trouble::Failed(line.clone()))?;
        let first = Pid::from_raw(mother.pid());
        let births = ptrace::Options::PTRACE_O_TRACECLONE
            | ptrace::Options::PTRACE_O_TRACEFORK
            | ptrace::Options::PTRACE_O_TRACEVFORK;
        ptrace::seize(first, births)?;
        ptrace::seize(other, ptrace::Options::empty())?;
        to_mother.write_all(b"launch\n")?;
        let all = Some(WaitPidFlag::__WALL);
        waitpid(first, all)?;
        let child = ptrace::getevent(first)?;
        let child = Pid::from_raw(child.try_into().unwrap_or(0));
        // It is stopped before its first instruction.
        waitpid(child, all)?;
        mother.kill()?;
        let ended = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        waitid(Id::Pid(other), ended | WaitPidFlag::__WALL)?;
        // No call waits for a first thread that has ended before the others.
        let state = format!("/proc/{first}/stat");
        let begun = std::time::Instant::now();
        while !fs::read_to_string(&state)?.contains(") Z ") {
            let waited = begun.elapsed();
            holds(waited < BOUND, "the first thread has not ended")?;
            std::thread::yield_now();
        }
        ptrace::detach(child, None)?;
        let status = waitpid(child, all)?;
        waitpid(other, all)?;
        waitpid(first, all)?;
        // 0 is the end of the payload, which must not have begun.
        same(word, status, WaitStatus::Exited(child, 127))
    })
}

/// Has another thread, says which, waits for a line and launches a payload.
pub fn two_threads(words: &[String]) -> Outcome {
    std::thread::spawn(|| {
        println!("{}", nix::unistd::gettid());
        // It ends with its process.
        let (mut reader, _writer) = pipe()?;
        std::io::Read::read(&mut reader, &mut [0])
    });
    std::io::stdin().read_line(&mut String::new())?;
    let command = Command::new("/bin/true");
    let mut command = command.parent_death_signal(libc::SIGKILL);
    if words.iter().any(|word| word == "pid") {
        command = command
            .user(IdMap::root_of_caller())
            .namespaces(Namespace::USER | Namespace::PID);
    }
    command.spawn()?.wait()?;
    Ok(())
}

fn without_clone3() -> Outcome {
    // In a process of its own, which remembers it.
    succeeds(role(&["--without-clone3"])?.spawn()?, BOUND)
}

/// Launches where clone3 is missing: after the first launch it is not called,
/// so that a filter that ends the caller for it does nothing.
pub fn no_clone3(_: &[String]) -> Outcome {
    let calls = [(libc::SYS_clone3, None, libc::ENOSYS)];
    crate::failures::under(&calls, || {
        crate::many::role(&["200".to_owned(), "4".to_owned()])
    })?;
    crate::failures::under_deadly(libc::SYS_clone3, || {
        let status = Command::new("/bin/true").spawn()?.wait()?;
        holds(status.success(), format!("{status}"))
    })
}
