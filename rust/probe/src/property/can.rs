//! What the process can do, by trying it: write, listen, connect, make
//! namespaces, be traced; how many Landlock layers restrict it, and its
//! security label.

use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{
    Backlog, SockaddrIn, UnixAddr, bind, connect, getsockname, listen,
};
use nix::sys::stat::Mode;
use nix::unistd::mkdir;

use super::Property;
use crate::attempt::{
    Outcome, attempt, be_traced, landlock_layers_left, socket,
};
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;

pub(super) const PROPERTY: Property = Property {
    name: "can",
    families: &["can", "landlock", "lsm"],
    about: "what the process can do, tried; Landlock layers; LSM label",
    observe,
    effect,
};

/// The name of the abstract socket on which a sandbox of nsteps listens: a
/// process that can connect to it is in the sandbox's network namespace.
pub const SANDBOX_SOCKET: &str = "nsteps-sandbox";

/// An operation that is tried in a child.
type Attempt = fn() -> nix::Result<()>;

const ATTEMPTS: [(&str, Attempt); 15] = [
    ("can.bind.80", || listen_at(80).map(drop)),
    ("can.connect.loopback", connect_to_itself),
    ("can.connect.sandbox", connect_to_sandbox),
    ("can.ptrace", be_traced),
    ("can.socket.packet", || {
        socket(libc::AF_PACKET, libc::SOCK_RAW, 0).map(drop)
    }),
    ("can.socket.ping", || {
        let protocol = libc::IPPROTO_ICMP;
        socket(libc::AF_INET, libc::SOCK_DGRAM, protocol).map(drop)
    }),
    ("can.socket.raw", || {
        let protocol = libc::IPPROTO_ICMP;
        socket(libc::AF_INET, libc::SOCK_RAW, protocol).map(drop)
    }),
    ("can.unshare.mnt", || unshare(CloneFlags::CLONE_NEWNS)),
    ("can.unshare.net", || unshare(CloneFlags::CLONE_NEWNET)),
    ("can.unshare.user", || unshare(CloneFlags::CLONE_NEWUSER)),
    ("can.write./", || make_directory("/.nsteps-made")),
    ("can.write./dev", || make_directory("/dev/.nsteps-made")),
    ("can.write./proc/sys", || open_to_write("/proc/sys/kernel/hostname")),
    ("can.write./sys/fs/cgroup", || {
        open_to_write("/sys/fs/cgroup/cgroup.procs")
    }),
    ("can.write./tmp", || make_directory("/tmp/.nsteps-made")),
];

const LAYERS: &str = "landlock.layers";
const LABEL: &str = "lsm.label";

/// Reads `can.DEED`: `yes`, or the errno; [`LAYERS`]; and [`LABEL`], the label
/// that a security module has given the process.
fn observe(proc: &Proc, observation: &mut Observation) {
    let label = proc.read_text("self/attr/current");
    let label = label.map(|it| it.trim_end_matches('\0').to_owned());
    observation.read(LABEL, label);
    for (key, deed) in ATTEMPTS {
        let outcome = attempt(|| deed().map(|()| Vec::new()));
        observation.read(key, outcome.map(|it| it.words("yes")));
    }
    let outcome = attempt(|| landlock_layers_left().map(|left| vec![left]));
    observation.read(LAYERS, outcome.and_then(layers));
}

/// The largest number of layers that a process may have.
const MOST: u8 = 16;

fn layers(outcome: Outcome) -> Result<String, Unread> {
    match outcome {
        Outcome::Answered(Ok(left)) => {
            let left = left.first().copied().unwrap_or(0);
            Ok(MOST.saturating_sub(left).to_string())
        }
        Outcome::Answered(Err(errno)) => {
            Err(Unread::new("landlock_restrict_self", errno))
        }
        other => Err(Unread::senseless(format!(
            "landlock_restrict_self: {}",
            other.words("")
        ))),
    }
}

/// Makes a directory and removes it.
fn make_directory(path: &str) -> nix::Result<()> {
    mkdir(path, Mode::S_IRWXU)?;
    nix::unistd::unlinkat(
        nix::fcntl::AT_FDCWD,
        path,
        nix::unistd::UnlinkatFlags::RemoveDir,
    )
}

/// Opens a file for writing, and writes nothing.
fn open_to_write(path: &str) -> nix::Result<()> {
    open(path, OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty()).map(drop)
}

/// Makes a socket that listens on this port of the loopback address; 0 is any
/// port.
fn listen_at(port: u16) -> nix::Result<(std::os::fd::OwnedFd, SockaddrIn)> {
    let listening = socket(libc::AF_INET, libc::SOCK_STREAM, 0)?;
    let address = SockaddrIn::new(127, 0, 0, 1, port);
    match bind(listening.as_raw_fd(), &address) {
        // The port is in use, so listening on it was not forbidden.
        Err(Errno::EADDRINUSE) => return Ok((listening, address)),
        bound => bound?,
    }
    listen(&listening, Backlog::new(1)?)?;
    let address = getsockname(listening.as_raw_fd())?;
    Ok((listening, address))
}

/// Connects over the loopback interface to a socket of this process.
fn connect_to_itself() -> nix::Result<()> {
    let (_listening, address) = listen_at(0)?;
    let connecting = socket(libc::AF_INET, libc::SOCK_STREAM, 0)?;
    connect(connecting.as_raw_fd(), &address)
}

/// Connects to the abstract socket on which the sandbox listens.
fn connect_to_sandbox() -> nix::Result<()> {
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK;
    let connecting = socket(libc::AF_UNIX, kind, 0)?;
    let address = UnixAddr::new_abstract(SANDBOX_SOCKET.as_bytes())?;
    match connect(connecting.as_raw_fd(), &address) {
        // The queue is full: so many have connected that the next one has to
        // wait.
        Err(Errno::EAGAIN) => Ok(()),
        connected => connected,
    }
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    for (key, _) in ATTEMPTS {
        effect.compare_value(key, baseline, seen);
    }
    effect.compare_value(LAYERS, baseline, seen);
    effect.compare_value(LABEL, baseline, seen);
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn every_attempt_has_an_answer_and_changes_nothing() {
        let hostname = nix::unistd::gethostname();
        let mut seen = Observation::default();
        observe(&Proc::at("/proc"), &mut seen);
        for (key, _) in ATTEMPTS {
            let answer = seen.value(key).expect("an answer");
            assert_ne!(answer, "no answer in time", "{key}");
        }
        assert_eq!(seen.value("can.write./tmp"), Some("yes"));
        let left = std::path::Path::new("/tmp/.nsteps-made");
        assert!(!left.exists());
        assert_eq!(nix::unistd::gethostname(), hostname);
    }

    #[test]
    fn layers_are_what_is_missing_of_all() {
        let of = |left| layers(Outcome::Answered(left));
        assert_eq!(of(Ok(vec![16])).as_deref(), Ok("0"));
        assert_eq!(of(Ok(vec![14])).as_deref(), Ok("2"));
        let unread = Unread::new("landlock_restrict_self", Errno::EOPNOTSUPP);
        assert_eq!(of(Err(Errno::EOPNOTSUPP)), Err(unread));
    }

    #[test]
    fn what_can_no_longer_be_done_is_seen() {
        assert_eq!(
            effect_of(
                &PROPERTY,
                &[("can.write./", "yes"), (LAYERS, "0"), (LABEL, "a")],
                &[("can.write./", "EACCES"), (LAYERS, "1"), (LABEL, "b")],
            ),
            "can.write./      EACCES\nlandlock.layers  1\nlsm.label        b\n"
        );
    }
}
