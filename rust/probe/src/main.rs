//! The payload: a program that prints what a process can observe of itself.
//!
//! It has no Rust `main`, because Rust's runtime ignores SIGPIPE before `main`
//! begins, and handles SIGSEGV and SIGBUS. A signal that a launcher left
//! ignored could then not be distinguished from one that the probe itself
//! ignores, and that is one of the differences between launchers that it has to
//! show. The C library calls [`main`] directly instead.
//!
//! The options are parsed by hand: a parser that can do more would be most of
//! the program, and its start would take most of the run time.

#![no_main]

use std::ffi::{CStr, CString, OsStr, c_char, c_int};
use std::fs::File;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction,
};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::pipe2;
use probe::{DEEP, PROPERTIES, Proc, observe, observe_deep};
use then::Then;

mod heap;
mod then;

#[global_allocator]
static HEAP: heap::Heap = heap::Heap::new();

const HELP: &str = "\
Say what this process can see of itself.

usage: nsteps-probe [OPTION...]

  --json          as JSON instead of text
  --only NAME...  these properties alone (up to the next option)
  --deep          as well what this process can do, each thing tried in a child,
                  and what takes longer to read
  --proc DIR      procfs is mounted at DIR (/proc)
  --hold          then wait for the end of standard input
  --answer FD:INO print to this socket and hold on it, if FD still is it; else
                  print to standard output and hold until SIGUSR1
  --connect PATH  print to the unix socket at PATH and hold on it
  --then WHAT     at the end, after --hold if it is there, do this: exit:N,
                  fault, child (leave one behind), copy (standard input to
                  standard output), write (1 MiB to standard error), or term
                  (end with 43 at SIGTERM); without --hold nothing is observed
  --list          list the properties
  --help          this text

Text is one line for each reading, KEY = VALUE, or KEY ! CALL: ERRNO where
there is nothing to be read. Status: 0, 1 if the text could not be written,
2 if the options make no sense.
";

/// The entry point that the C library calls.
///
/// # Safety
/// `argv` must point to `argc` strings, each ending in NUL, that live as long
/// as the process.
// SAFETY: no other symbol of the program is called `main`, since `no_main`
// keeps Rust from making one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    let arguments: Vec<CString> = (1..usize::try_from(argc).unwrap_or(0))
        .map(|index| {
            // SAFETY: our caller passes an array of `argc` pointers, and
            // `index` is less than that.
            let argument = unsafe { argv.add(index) };
            // SAFETY: as above, so this element may be read.
            let argument = unsafe { *argument };
            // SAFETY: each of them points to a string that ends in NUL and
            // lives as long as the process.
            unsafe { CStr::from_ptr(argument) }.to_owned()
        })
        .collect();
    let arguments: Vec<&OsStr> = arguments
        .iter()
        .map(|argument| OsStr::from_bytes(argument.as_bytes()))
        .collect();

    match Options::read(&arguments) {
        Ok(Request::Help) => print(HELP.as_bytes(), 1),
        Ok(Request::List) => print(list().as_bytes(), 1),
        Ok(Request::Observe(options)) => run(&options),
        Err(mistake) => {
            print_error(&mistake);
            2
        }
    }
}

/// Observes, prints, waits if the options say so, and returns the exit status.
fn run(options: &Options) -> c_int {
    if let Some(then) = options.then {
        then.begin();
        if !options.hold {
            return then.end();
        }
    }
    let proc = Proc::at(&options.proc);
    let observation = match options.deep {
        true => observe_deep(&proc),
        false => observe(&proc, &options.only),
    };
    let text = if options.json {
        match serde_json::to_string(&observation) {
            Ok(json) => json + "\n",
            Err(error) => {
                print_error(&format!("make JSON of the readings: {error}"));
                return 1;
            }
        }
    } else {
        observation.to_string()
    };
    if let Some(path) = &options.connect {
        return answer_at(path, text.as_bytes(), options.hold);
    }
    let socket = options.answer.as_ref().filter(|answer| answer.is_there());
    let hold = match (&options.answer, socket) {
        _ if !options.hold => Hold::No,
        (_, Some(socket)) => Hold::UntilTheEndOf(socket.fd),
        (None, None) => Hold::UntilTheEndOf(0),
        (Some(_), None) => Hold::UntilASignal,
    };
    let woken = match hold {
        Hold::UntilASignal => wake_on_signal(),
        _ => None,
    };
    let status = print(text.as_bytes(), socket.map_or(1, |socket| socket.fd));
    if status != 0 {
        return status;
    }
    hold.wait(woken.as_ref());
    options.then.map_or(0, Then::end)
}

/// Prints to a socket that listens at a path, and waits for the end of it.
fn answer_at(path: &Path, text: &[u8], hold: bool) -> c_int {
    let answered = UnixStream::connect(path).and_then(|mut socket| {
        socket.write_all(text)?;
        match hold {
            true => std::io::copy(&mut socket, &mut std::io::sink()).map(drop),
            false => Ok(()),
        }
    });
    match answered {
        Ok(()) => 0,
        Err(error) => {
            print_error(&format!("answer at {}: {error}", path.display()));
            1
        }
    }
}

/// How long the payload waits after it has printed, to be observed from
/// outside.
enum Hold {
    No,
    /// Until the harness closes its end of the pipe or socket at this
    /// descriptor. The kernel closes it for a harness that has died.
    UntilTheEndOf(RawFd),
    /// Until SIGUSR1, but at most [`LIMIT`] seconds, because no descriptor is
    /// connected to the harness any more.
    UntilASignal,
}

/// The longest wait of a payload without a descriptor to the harness. The
/// harness gives up earlier; this limit ends a payload that a launcher has
/// moved to where the harness cannot kill it.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(600);

impl Hold {
    fn wait(&self, woken: Option<&OwnedFd>) {
        match self {
            Hold::No => {}
            // An error means that there is nothing to wait for.
            Hold::UntilTheEndOf(fd) => {
                let end = &mut std::io::sink();
                let _ = std::io::copy(&mut *stream(*fd), end);
            }
            Hold::UntilASignal => wait_for_signal(woken),
        }
    }
}

/// The pipe to which the handler of SIGUSR1 writes.
static WAKE: AtomicI32 = AtomicI32::new(-1);

/// From now on SIGUSR1 is seen at the other end of a pipe; where no pipe can be
/// made, it ends this process with status 0.
///
/// A handler, because PID 1 of a namespace ignores a signal without one, and
/// because a blocked or ignored signal would be seen from outside as one that
/// the launcher has blocked or ignored.
fn wake_on_signal() -> Option<OwnedFd> {
    extern "C" fn wake(_: c_int) {
        let fd = WAKE.load(Ordering::Relaxed);
        if fd < 0 {
            // SAFETY: _exit(2) may be called in a signal handler, see
            // signal-safety(7).
            unsafe { libc::_exit(0) }
        }
        // SAFETY: write(2) may be called in a signal handler, and reads one
        // byte of a static.
        let _ = unsafe { libc::write(fd, c"w".as_ptr().cast(), 1) };
    }
    let woken = pipe2(OFlag::O_CLOEXEC).ok().map(|(woken, wake)| {
        WAKE.store(wake.into_raw_fd(), Ordering::Relaxed);
        woken
    });
    let action = SigAction::new(
        SigHandler::Handler(wake),
        SaFlags::SA_RESTART,
        SigSet::empty(),
    );
    // SAFETY: sigaction(2) wants a handler that calls only what may be called
    // in one, and `wake` calls _exit(2) or write(2) alone.
    let _ = unsafe { sigaction(Signal::SIGUSR1, &action) };
    woken
}

/// Waits for SIGUSR1. A launcher may have blocked it, and then the handler of
/// [`wake_on_signal`] is not called: a signalfd is readable as soon as the
/// signal is pending. Of all ways to wait for a blocked signal, it alone does
/// not change the set of blocked signals, which the harness reads meanwhile.
fn wait_for_signal(woken: Option<&OwnedFd>) {
    let mut set = SigSet::empty();
    set.add(Signal::SIGUSR1);
    let signal = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC).ok();
    let readable = |fd| PollFd::new(fd, PollFlags::POLLIN);
    let mut fds: Vec<PollFd<'_>> = signal
        .iter()
        .map(AsFd::as_fd)
        .chain(woken.map(AsFd::as_fd))
        .map(readable)
        .collect();
    if fds.is_empty() {
        return wait_at_most();
    }
    let limit = PollTimeout::try_from(LIMIT).unwrap_or(PollTimeout::MAX);
    // The handler interrupts the call: then the pipe can be read.
    while poll(&mut fds, limit) == Err(Errno::EINTR) {}
}

/// Waits as long as a payload may at most.
fn wait_at_most() {
    std::thread::sleep(LIMIT);
}

/// The socket on which the probe has to answer.
struct Answer {
    fd: RawFd,
    inode: u64,
}

impl Answer {
    /// Parses the option's value, `FD:INODE`.
    fn parse(text: &OsStr) -> Option<Answer> {
        let (fd, inode) = text.to_str()?.split_once(':')?;
        Some(Answer { fd: fd.parse().ok()?, inode: inode.parse().ok()? })
    }

    /// True if the descriptor is open and is still that socket: a launcher may
    /// have closed it, or may use its number for a file of its own.
    fn is_there(&self) -> bool {
        stream(self.fd).metadata().is_ok_and(|it| it.ino() == self.inode)
    }
}

/// The request of the command line.
enum Request<'a> {
    Help,
    List,
    Observe(Options<'a>),
}

struct Options<'a> {
    json: bool,
    deep: bool,
    hold: bool,
    answer: Option<Answer>,
    connect: Option<PathBuf>,
    proc: PathBuf,
    only: Vec<&'a str>,
    then: Option<Then>,
}

impl<'a> Options<'a> {
    fn read(arguments: &[&'a OsStr]) -> Result<Request<'a>, String> {
        let mut options = Options {
            json: false,
            deep: false,
            hold: false,
            answer: None,
            connect: None,
            proc: PathBuf::from("/proc"),
            only: Vec::new(),
            then: None,
        };
        let mut arguments = arguments.iter().peekable();
        while let Some(argument) = arguments.next() {
            match argument.as_bytes() {
                b"--help" | b"-h" => return Ok(Request::Help),
                b"--list" => return Ok(Request::List),
                b"--json" => options.json = true,
                b"--hold" => options.hold = true,
                b"--deep" => options.deep = true,
                // The rest is only there to be observed.
                b"--words" => break,
                b"--answer" => {
                    let answer = arguments
                        .next()
                        .and_then(|word| Answer::parse(word))
                        .ok_or("--answer takes FD:INODE")?;
                    options.answer = Some(answer);
                }
                b"--connect" => {
                    let path =
                        arguments.next().ok_or("--connect takes a path")?;
                    options.connect = Some(PathBuf::from(path));
                }
                b"--proc" => {
                    let directory =
                        arguments.next().ok_or("--proc takes a directory")?;
                    options.proc = PathBuf::from(directory);
                }
                b"--then" => {
                    let then = arguments
                        .next()
                        .and_then(|word| Then::parse(word))
                        .ok_or("--then takes what --help lists")?;
                    options.then = Some(then);
                }
                b"--only" => {
                    let is_name =
                        |word: &&&OsStr| !word.as_bytes().starts_with(b"-");
                    while let Some(word) = arguments.next_if(is_name) {
                        options.only.push(property(word)?);
                    }
                    if options.only.is_empty() {
                        return Err("--only takes names of properties; \
                                    --list lists them"
                            .to_owned());
                    }
                }
                _ => {
                    return Err(format!(
                        "no such option: {}; --help lists them",
                        argument.display()
                    ));
                }
            }
        }
        if options.deep && !options.only.is_empty() {
            return Err("--deep is everything: leave out --only".to_owned());
        }
        Ok(Request::Observe(options))
    }
}

/// The property of that name.
fn property(name: &OsStr) -> Result<&'static str, String> {
    PROPERTIES
        .iter()
        .chain(DEEP)
        .map(|property| property.name)
        .find(|known| *known == name)
        .ok_or_else(|| {
            format!("no such property: {}; --list lists them", name.display())
        })
}

fn list() -> String {
    let line = |property: &probe::Property, only: &str| {
        format!("{:13} {}{only}\n", property.name, property.about)
    };
    let all = PROPERTIES.iter().map(|it| line(it, ""));
    all.chain(DEEP.iter().map(|it| line(it, " (--deep)"))).collect()
}

/// Writes all of `text` to the descriptor `to` and returns the exit status.
///
/// It is one write, so that lines of two probes on one terminal do not mix. A
/// closed pipe is not reported: usually SIGPIPE ends a program then, and if a
/// launcher left SIGPIPE ignored, the probe should not print more.
fn print(text: &[u8], to: RawFd) -> c_int {
    match stream(to).write_all(text) {
        Ok(()) => 0,
        Err(error) => {
            let errno = error.raw_os_error();
            if !matches!(errno, Some(libc::EPIPE | libc::EBADF)) {
                let to = match to {
                    1 => "standard output".to_owned(),
                    fd => format!("descriptor {fd}"),
                };
                print_error(&format!("write to {to}: {error}"));
            }
            1
        }
    }
}

/// Prints one line on standard error. A failure of that cannot be reported.
fn print_error(what: &str) {
    let line = format!("nsteps-probe: {what}\n");
    let _ = stream(2).write_all(line.as_bytes());
}

/// An inherited descriptor, without a buffer, which is never closed.
fn stream(fd: RawFd) -> ManuallyDrop<File> {
    // SAFETY: from_raw_fd wants the descriptor to be ours alone: nothing else
    // in this program uses it, and it is never dropped. If it is not open,
    // every use of it fails with EBADF.
    ManuallyDrop::new(unsafe { File::from_raw_fd(fd) })
}
