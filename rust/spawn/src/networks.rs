//! A stock of network namespaces, made before they are needed.

mod inventory;

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns, unshare};

use crate::error::{Action, Error};
use inventory::{Inventory, bring_lo_up};

/// A stock of network namespaces, which a thread keeps full.
///
/// To make one takes the kernel longer than everything else that a launch does.
/// A launch with [`Command::networks`](crate::Command::networks) takes one
/// from the stock, and no other launch gets the same: so the payload has what
/// [`Namespace::NET`](crate::Namespace::NET) gives it. If the stock is empty,
/// the launch waits until the thread has made one.
///
/// With [`Networks::reusing`] a network goes back into the stock when its
/// payload has ended and has left it as it was.
///
/// The thread ends when this is dropped, and with it the namespaces that were
/// not taken.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use nsteps_spawn::{Command, Networks};
///
/// let networks = Networks::new(16)?;
/// let command = Command::new("true").networks(&networks).loopback_up();
/// match command.spawn() {
///     Ok(mut child) => assert!(child.wait()?.success()),
///     // It takes CAP_SYS_ADMIN.
///     Err(error) => assert_eq!(error.errno(), Some(libc::EPERM)),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Networks {
    shared: Arc<Shared>,
    maker: Option<JoinHandle<()>>,
}

/// The interface `lo` of a network that is used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loopback {
    /// Down, as in a new network. A payload that has it brought up leaves the
    /// network changed: it is not used again.
    Down,
    /// Up, for every payload.
    Up,
}

/// What has become of the networks whose payloads have ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reuse {
    /// How many were as they had been made, and went back into the stock.
    pub clean: u64,
    /// How many were not, and were dropped.
    pub dropped: u64,
    /// What was different in the last one that was dropped, for instance
    /// `routes`, `net/tcp` or `sysctl/ipv4/ip_forward`.
    pub last: Option<String>,
}

#[derive(Debug)]
struct Shared {
    stock: Mutex<Stock>,
    changed: Condvar,
    /// How many networks the thread makes ahead.
    most: usize,
    /// If networks are used again.
    loopback: Option<Loopback>,
}

#[derive(Debug, Default)]
struct Stock {
    ready: VecDeque<Network>,
    /// Those whose payloads have ended.
    returned: VecDeque<Returned>,
    /// How many launches have one that may come back.
    leased: usize,
    /// How many launches wait for one.
    waiting: usize,
    /// When one was taken last.
    taken: Option<Instant>,
    /// Why no more are made. The error is told once.
    failure: Option<Option<Error>>,
    has_ended: bool,
    reuse: Reuse,
}

/// A network namespace.
#[derive(Debug)]
struct Network {
    namespace: OwnedFd,
    /// What was in it when it was made, if it is to be used again.
    before: Option<Inventory>,
}

/// A network that is not ready yet.
#[derive(Debug)]
struct Returned {
    network: Network,
    since: Instant,
    /// Before, it is not looked at.
    due: Instant,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A payload in it has ended, and it is not compared yet.
    Used,
    /// It is as it was made but for sockets that the kernel has yet to free:
    /// those by which that was found out, and those of the payload.
    Same,
    /// No payload has had it; what was in it was read a moment ago.
    New,
}

/// A network that a launch has taken.
#[derive(Debug)]
pub(crate) struct Lease {
    /// `None` when it was given back.
    network: Option<Network>,
    shared: Arc<Shared>,
}

impl Lease {
    /// Gives it back, if it is of a stock whose networks are used again. No
    /// process may be in it any more.
    pub(crate) fn give_back(mut self) {
        if let (true, Some(network)) = (self.comes_back(), self.network.take())
        {
            let since = Instant::now();
            let state = State::Used;
            let returned = Returned { network, since, due: since, state };
            let mut stock = self.shared.lock();
            stock.leased -= 1;
            stock.returned.push_back(returned);
            drop(stock);
            self.shared.changed.notify_all();
        }
    }

    /// Whether it is to be given back.
    pub(crate) fn comes_back(&self) -> bool {
        self.shared.loopback.is_some()
    }

    /// The namespace.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.network.as_ref().map(|network| network.namespace.as_fd())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.comes_back() && self.network.is_some() {
            self.shared.lock().leased -= 1;
            self.shared.changed.notify_all();
        }
    }
}

impl Networks {
    /// Starts the thread that makes `count` namespaces, and one for each that
    /// is taken. At least one is made ahead. Each is used once.
    ///
    /// To make one keeps the kernel busy, and slows down a launch that goes on
    /// at the same time. So while launches come one soon after the other the
    /// thread makes none, as long as half of the stock is there.
    ///
    /// # Errors
    ///
    /// Fails with [`Action::Prepare`] if the thread cannot be started. If the
    /// namespaces cannot be made, the launches fail.
    pub fn new(count: usize) -> Result<Self, Error> {
        Networks::start(count, None)
    }

    /// As [`new`](Networks::new), but a network whose payload has ended is used
    /// again if it is clean: if nothing in it is different from when it was
    /// made. Otherwise it is dropped, and another one is made.
    ///
    /// The command needs a new pid namespace: when its PID 1 has ended, no
    /// process is left in the network. The network comes back when
    /// [`Child::wait`](crate::Child::wait) or the like has returned a status.
    ///
    /// Compared are all files of the namespace in `/proc/net` and
    /// `/proc/sys/net` (interfaces and their counters, sockets of all families,
    /// connection tracking, routes, sysctls), and what netlink lists of it:
    /// links, addresses, routes, rules, neighbours, queues, next hops, security
    /// associations and policies, sets, and the generation of the rules of
    /// nftables. A payload that has sent anything, over `lo` as well, leaves
    /// counters, so its network is dropped.
    ///
    /// Not seen are the settings of `lo` that only ethtool shows, BPF programs
    /// that are attached to the namespace, and a descriptor of it that the
    /// payload has sent to a process outside. A payload without
    /// `CAP_NET_ADMIN` and `CAP_BPF` ([`Command::keep_capabilities`](crate::Command::keep_capabilities))
    /// can do neither of the first two.
    ///
    /// A comparison takes the thread some milliseconds, and then it waits until
    /// the kernel has freed the sockets that it took, which are counted in the
    /// network: tens of milliseconds. A network is made in less than one. So
    /// reuse is slower unless the stock is large; it relieves the kernel, which
    /// removes networks one after the other for the whole machine.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use nsteps_spawn::{Command, Loopback, Namespace, Networks};
    ///
    /// let networks = Networks::reusing(4, Loopback::Up)?;
    /// let command = Command::new("true").networks(&networks);
    /// match command.namespaces(Namespace::PID).spawn() {
    ///     Ok(mut child) => assert!(child.wait()?.success()),
    ///     // It takes CAP_SYS_ADMIN.
    ///     Err(error) => assert_eq!(error.errno(), Some(libc::EPERM)),
    /// }
    /// println!("{:?}", networks.reuse());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails as [`new`](Networks::new).
    pub fn reusing(count: usize, loopback: Loopback) -> Result<Self, Error> {
        Networks::start(count, Some(loopback))
    }

    fn start(count: usize, loopback: Option<Loopback>) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            stock: Mutex::default(),
            changed: Condvar::new(),
            most: count.max(1),
            loopback,
        });
        let of_maker = Arc::clone(&shared);
        let maker = thread::Builder::new()
            .name("networks".to_owned())
            .spawn(move || of_maker.keep_full())
            .map_err(|error| {
                Error::new(Action::Prepare, errno(&error)).on("(a thread)")
            })?;
        Ok(Networks { shared, maker: Some(maker) })
    }

    /// Takes a namespace that no launch has or will have, to send it to another
    /// process or to set it up before a launch. A command enters it by
    /// [`join`](crate::Command::join) with
    /// [`Namespace::NET`](crate::Namespace::NET). It does not come back.
    ///
    /// # Errors
    ///
    /// Fails with [`Action::TakeNetwork`] if it could not be made: with `EPERM`
    /// without `CAP_SYS_ADMIN`, with `ENOSPC` if there are too many. After a
    /// failure there are no more, and the error is `ESHUTDOWN`.
    pub fn take(&self) -> Result<OwnedFd, Error> {
        self.shared.take(false).map(|network| network.namespace)
    }

    /// What has become of the networks that came back so far; nothing if each
    /// is used once.
    pub fn reuse(&self) -> Reuse {
        self.shared.lock().reuse.clone()
    }

    /// Takes a namespace for one launch.
    pub(crate) fn lease(&self) -> Result<Lease, Error> {
        let network = self.shared.take(self.is_reusing())?;
        let shared = Arc::clone(&self.shared);
        Ok(Lease { network: Some(network), shared })
    }

    /// Whether networks are used again.
    pub(crate) fn is_reusing(&self) -> bool {
        self.shared.loopback.is_some()
    }
}

impl Drop for Networks {
    fn drop(&mut self) {
        self.shared.lock().has_ended = true;
        self.shared.changed.notify_all();
        if let Some(maker) = self.maker.take() {
            // It does not panic.
            let _ = maker.join();
        }
    }
}

/// How long a network that came back may take to become clean: the kernel frees
/// a socket of netlink a grace period of RCU after it was closed, and gives no
/// sign of that. On a machine with more to do than processors such a period was
/// seen to take more than a second.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the thread waits before it looks again, if there is nothing else to
/// do.
const AGAIN: Duration = Duration::from_millis(4);

/// How long after a launch the thread makes and compares none that is not
/// urgent.
const REST: Duration = Duration::from_millis(4);

/// What the thread does next.
enum Task {
    Make,
    Compare(Returned),
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Stock> {
        // What it guards is not changed by halves.
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a network; one that `comes_back` is counted at once, because the
    /// thread would make another one in its place.
    fn take(&self, comes_back: bool) -> Result<Network, Error> {
        let mut stock = self.lock();
        loop {
            if let Some(network) = stock.ready.pop_front() {
                stock.taken = Some(Instant::now());
                stock.leased += usize::from(comes_back);
                self.changed.notify_all();
                return Ok(network);
            }
            if let Some(failure) = &mut stock.failure {
                let gone = || Error::new(Action::TakeNetwork, libc::ESHUTDOWN);
                return Err(failure.take().unwrap_or_else(gone));
            }
            stock.waiting += 1;
            self.changed.notify_all();
            let waited = self.changed.wait(stock);
            stock = waited.unwrap_or_else(PoisonError::into_inner);
            stock.waiting -= 1;
        }
    }

    /// Whether the stock is to have one more. Networks that come back are not
    /// made again as long as no launch waits.
    fn needs_more(&self, stock: &Stock) -> bool {
        let ready = stock.ready.len();
        match self.loopback {
            None => ready < self.most,
            Some(_) => {
                let here = ready + stock.returned.len();
                here < stock.waiting || here + stock.leased < self.most
            }
        }
    }

    /// How long the thread is to do nothing, so that it slows down no launch.
    fn rest(&self, stock: &Stock, now: Instant) -> Option<Duration> {
        let is_urgent = stock.waiting > 0 || 2 * stock.ready.len() < self.most;
        let since = now.saturating_duration_since(stock.taken?);
        let left = REST.saturating_sub(since);
        (!is_urgent && !left.is_zero()).then_some(left)
    }

    /// What the thread does, until the stock has an end.
    fn keep_full(&self) {
        let home = home();
        while let Some(task) = self.next() {
            let home = home.as_ref().map_err(Clone::clone);
            let done = home.and_then(|home| match task {
                Task::Make => make(home, self.loopback).map(|network| {
                    let mut stock = self.lock();
                    match self.loopback {
                        None => stock.ready.push_back(network),
                        Some(_) => stock.returned.push_back(settling(network)),
                    }
                }),
                Task::Compare(returned) => self.compare(returned, home),
            });
            let mut stock = self.lock();
            if let Err(error) = done {
                stock.failure = Some(Some(error));
                stock.has_ended = true;
            }
            drop(stock);
            self.changed.notify_all();
        }
    }

    /// Waits for something to do; `None` at the end.
    fn next(&self) -> Option<Task> {
        let mut stock = self.lock();
        loop {
            if stock.has_ended {
                return None;
            }
            let now = Instant::now();
            let rest = self.rest(&stock, now);
            if rest.is_none() {
                let due = stock.returned.iter().position(|it| it.due <= now);
                let due = due.and_then(|at| stock.returned.remove(at));
                if let Some(returned) = due {
                    return Some(Task::Compare(returned));
                }
                if self.needs_more(&stock) {
                    return Some(Task::Make);
                }
            }
            let again = (!stock.returned.is_empty()).then_some(AGAIN);
            let lock = match rest.or(again) {
                None => self.changed.wait(stock),
                Some(bound) => {
                    let waited = self.changed.wait_timeout(stock, bound);
                    waited.map(|(stock, _)| stock).map_err(|error| {
                        let (stock, _) = error.into_inner();
                        PoisonError::new(stock)
                    })
                }
            };
            stock = lock.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Puts a network into the stock if it is clean, drops it if it is not, and
    /// looks again later if it may still become clean.
    fn compare(&self, returned: Returned, home: &File) -> Result<(), Error> {
        let Some(before) = &returned.network.before else { return Ok(()) };
        let network = returned.network.namespace.as_fd();
        setns(network, CloneFlags::CLONE_NEWNET).map_err(failed)?;
        // The sockets are read without a socket: otherwise each look would put
        // off the moment at which all are freed.
        let now = match returned.state {
            State::Used => Inventory::take(),
            State::Same | State::New => Inventory::of_sockets(),
        };
        setns(home, CloneFlags::CLONE_NEWNET).map_err(failed)?;
        let different = match (now, returned.state) {
            (_, State::Used) if before.has_what_is_not_listed() => {
                Some("rules of ip_tables, which are not listed".to_owned())
            }
            (Err(error), _) => Some(format!("(not read: {error})")),
            (Ok(now), State::Used) => before.difference(&now),
            (Ok(now), State::Same | State::New) => now.difference_in(before),
        };
        let waited = returned.since.elapsed();
        let mut stock = self.lock();
        match (different, returned.state) {
            (None, State::Used) => stock.returned.push_back(Returned {
                due: Instant::now() + AGAIN,
                state: State::Same,
                ..returned
            }),
            (None, state) => {
                stock.reuse.clean += u64::from(state == State::Same);
                // More may have been made for launches that waited.
                if stock.ready.len() < self.most {
                    stock.ready.push_back(returned.network);
                }
            }
            (Some(_), State::Same | State::New) if waited < TIMEOUT => {
                let due = Instant::now() + AGAIN.max(waited / 2);
                stock.returned.push_back(Returned { due, ..returned });
            }
            (Some(_), State::New) => {}
            (Some(what), State::Used | State::Same) => {
                stock.reuse.dropped += 1;
                stock.reuse.last = Some(what);
            }
        }
        Ok(())
    }
}

/// A network whose content was read a moment ago.
fn settling(network: Network) -> Returned {
    let since = Instant::now();
    Returned { network, since, due: since + AGAIN, state: State::New }
}

/// Where the thread is while it makes nothing: the namespace of the caller if it
/// may go back there, else one of its own. In a user namespace it may not go
/// back to one that belongs to an outer user namespace.
fn home() -> Result<File, Error> {
    let own = open_own()?;
    if setns(&own, CloneFlags::CLONE_NEWNET).is_ok() {
        return Ok(own);
    }
    unshare(CloneFlags::CLONE_NEWNET).map_err(failed)?;
    open_own()
}

/// Makes a network namespace in which no process and no thread is.
fn make(home: &File, loopback: Option<Loopback>) -> Result<Network, Error> {
    unshare(CloneFlags::CLONE_NEWNET).map_err(failed)?;
    let made = set_up(loopback);
    setns(home, CloneFlags::CLONE_NEWNET).map_err(failed)?;
    made
}

/// The namespace that the thread is in, as a launch is to find it.
fn set_up(loopback: Option<Loopback>) -> Result<Network, Error> {
    let before = loopback.map(prepared).transpose()?;
    Ok(Network { namespace: open_own()?.into(), before })
}

/// Prepares the namespace of the thread to be used again: what is in it then.
fn prepared(loopback: Loopback) -> Result<Inventory, Error> {
    let unread = |error: io::Error| {
        Error::new(Action::TakeNetwork, errno(&error))
            .on("(what is in it could not be read)")
    };
    // Before there is a socket of our own, which would be counted until the
    // kernel has freed it.
    let sockets = Inventory::of_sockets().map_err(unread)?;
    if loopback == Loopback::Up {
        let of_lo = |error| Error::new(Action::Loopback, errno(&error));
        bring_lo_up().map_err(of_lo)?;
    }
    Ok(Inventory::take().map_err(unread)?.with(sockets))
}

/// The network namespace of the calling thread.
fn open_own() -> Result<File, Error> {
    let own = "/proc/thread-self/ns/net";
    File::open(own)
        .map_err(|error| Error::new(Action::TakeNetwork, errno(&error)).on(own))
}

fn failed(errno: Errno) -> Error {
    Error::new(Action::TakeNetwork, errno as i32)
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}
