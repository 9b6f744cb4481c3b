//! Many launches from many threads: nothing hangs, and nothing is left.

use std::fs;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use nsteps_spawn::{
    Action, Child, Command, Error, IdMap, Mount, Namespace, Prepared,
};

use crate::Test;
use crate::observed::{BOUND, Outcome, Trouble, holds, same, succeeds};

pub const ALL: &[Test] = &[(
    "of_twenty_thousand_launches_from_64_threads_nothing_is_left",
    thousands,
)];

/// The name of the long test.
pub const MILLION: &str =
    "of_a_million_launches_from_64_threads_nothing_is_left";

const THREADS: usize = 64;

/// How many namespaces of a kind may be there at once: those of the threads,
/// and some that the kernel has not removed yet.
const QUOTA: usize = 3 * THREADS;

fn thousands() -> Outcome {
    run(20_000, Duration::from_secs(300))
}

pub fn million() -> Outcome {
    run(1_000_000, Duration::from_secs(3 * 3600))
}

/// In a user namespace of its own, whose limits on namespaces a launch that
/// left one would reach; and in a pid namespace, where what is left is seen.
fn run(count: usize, bound: Duration) -> Outcome {
    let (count, threads) = (count.to_string(), THREADS.to_string());
    let command = Command::new(std::env::current_exe()?);
    let child = command
        .args(["--many", &count, &threads, "limited"])
        .user(IdMap::root_of_caller())
        .namespaces(Namespace::PID)
        .mount(Mount::proc("/proc"))
        .spawn()?;
    succeeds(child, bound)
}

/// What there is of this process.
#[derive(Debug)]
struct Inventory {
    descriptors: usize,
    mounts: usize,
    /// Those that procfs shows, if it shows only those of this test.
    processes: usize,
}

impl Inventory {
    fn take(limited: bool) -> Result<Self, Trouble> {
        let processes = fs::read_dir("/proc")?.flatten().filter(|entry| {
            entry.file_name().to_string_lossy().parse::<u32>().is_ok()
        });
        Ok(Inventory {
            descriptors: fs::read_dir("/proc/self/fd")?.count(),
            mounts: fs::read_to_string("/proc/self/mountinfo")?.lines().count(),
            processes: if limited { processes.count() } else { 0 },
        })
    }
}

/// Spawns; if the limit on namespaces is reached, again until the kernel has
/// removed some: it does that later than their last process ends. Those that a
/// launch had left would stay.
fn spawn(prepared: &Prepared<'_>) -> Result<Child, Error> {
    let begun = Instant::now();
    loop {
        let spawned = prepared.spawn();
        let is_full = |error: &Error| {
            error.action() == Action::Clone
                && error.errno() == Some(libc::ENOSPC)
        };
        match spawned {
            Err(error) if is_full(&error) && begun.elapsed() < BOUND => {
                std::thread::yield_now();
            }
            other => return other,
        }
    }
}

/// Launches: COUNT, THREADS, and whether the namespaces are limited.
pub fn role(words: &[String]) -> Outcome {
    let number = |at: usize| words.get(at).and_then(|it| it.parse().ok());
    let (Some(count), Some(threads)) = (number(0), number(1)) else {
        return Err(Trouble::Failed("--many COUNT THREADS".to_owned()));
    };
    let limited = words.get(2).is_some_and(|it| it == "limited");
    if limited {
        for kind in ["ipc", "mnt", "pid", "user", "uts"] {
            let path = format!("/proc/sys/user/max_{kind}_namespaces");
            fs::write(path, QUOTA.to_string())?;
        }
    }
    let plain = Command::new("/bin/true").env_clear();
    let mut commands = vec![
        plain.clone(),
        plain.clone().close_other_fds().default_signals(),
        Command::new("/nowhere"),
    ];
    if limited {
        let names = Namespace::UTS | Namespace::MNT;
        commands.push(plain.clone().namespaces(names).hostname("box"));
        let user = plain.user(IdMap::root_of_caller());
        commands.push(user.namespaces(Namespace::PID | Namespace::IPC));
        commands.push(commands[3].clone().current_dir("/nowhere"));
    }
    let prepared: Result<Vec<_>, _> =
        commands.iter().map(Command::prepare).collect();
    let prepared = prepared?;
    // Each thread of this one's first launch maps its stack, and std opens
    // nothing later: so the threads have all run before the first count.
    let before = Inventory::take(limited)?;
    let begun = AtomicUsize::new(0);
    let refused = AtomicUsize::new(0);
    let launch = || -> Outcome {
        loop {
            let number = begun.fetch_add(1, Relaxed);
            if number >= count {
                return Ok(());
            }
            match spawn(&prepared[number % prepared.len()]) {
                Ok(mut child) => {
                    let status = child.wait()?;
                    holds(status.success(), format!("{status}"))?;
                }
                Err(error) => match (error.action(), error.errno()) {
                    (Action::Execute, Some(libc::ENOENT))
                    | (Action::CurrentDirectory, Some(libc::ENOENT)) => {
                        refused.fetch_add(1, Relaxed);
                    }
                    _ => return Err(Trouble::Failed(error.to_string())),
                },
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..threads).map(|_| scope.spawn(launch)).collect();
        threads.into_iter().try_for_each(|thread| {
            let ended = thread.join();
            ended.unwrap_or_else(|_| Err(Trouble::Failed("panic".to_owned())))
        })
    })?;
    holds(refused.into_inner() >= count / 6, "no launch was refused")?;
    let after = Inventory::take(limited)?;
    // A mount goes when another program removes the directory that it is on.
    holds(
        after.descriptors == before.descriptors
            && after.processes == before.processes
            && after.mounts <= before.mounts,
        format!("before {before:?}, after {after:?}"),
    )?;
    let child = nix::sys::wait::wait();
    same("a child", child, Err(nix::Error::ECHILD))
}
