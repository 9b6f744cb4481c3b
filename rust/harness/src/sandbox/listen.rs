//! Reads what a launcher and its payload write, all streams at the same time.
//!
//! The payload of a trial is the probe. It answers on a socket of its own, the
//! descriptor [`ANSWER`], so that a launcher may print to, close or redirect
//! the standard streams. If the launcher closes every descriptor that it was
//! not told to keep, the probe prints its answer to standard output, between
//! the lines that the launcher prints there.

use crate::descendants::{Descendant, descendants};
use crate::error::{Context, Error, Result};
use crate::timeout::{self, any_readable};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::stat::fstat;
use probe::Observation;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Instant;

/// The number under which a launcher inherits the probe's socket. It is above
/// those that shells use for their own redirections (10 and up), below 63, from
/// which bash counts down, and below a limit of 64 open files.
pub const ANSWER: i32 = 47;

/// The limit of what is kept of one stream, in bytes: a hundred times the
/// longest text that has to be read here.
const MAX_OUTPUT: usize = 64 << 20;

/// The way by which an observation reached the harness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// The probe's own socket, which most launchers keep open.
    #[default]
    Socket,
    /// Standard output, because the launcher has closed the socket.
    Stdout,
}

/// The probe's socket, before the launcher has been started.
#[derive(Debug)]
pub struct Answer {
    pub(super) ours: OwnedFd,
    pub(super) theirs: OwnedFd,
    inode: u64,
}

impl Answer {
    /// Makes a pair of connected sockets.
    ///
    /// # Errors
    ///
    /// Fails as socketpair(2) does.
    pub fn new() -> Result<Answer> {
        let (family, kind) = (AddressFamily::Unix, SockType::Stream);
        let (ours, theirs) =
            socketpair(family, kind, None, SockFlag::SOCK_CLOEXEC)
                .context("make a socket for the probe's answer")?;
        let inode = inode(&theirs)?;
        Ok(Answer { ours, theirs, inode })
    }

    /// The probe's arguments for: answer on this socket, then wait for its end.
    pub fn held(&self) -> Vec<String> {
        let mut arguments = self.once();
        arguments.push("--hold".to_owned());
        arguments
    }

    /// The probe's arguments for: answer on this socket, then end.
    pub fn once(&self) -> Vec<String> {
        let socket = format!("{ANSWER}:{}", self.inode);
        ["--json", "--answer", &socket].map(str::to_owned).to_vec()
    }
}

/// A command started in a sandbox.
#[derive(Debug)]
pub struct Running {
    /// Its pid in the sandbox.
    pub pid: i32,
    /// Its standard input, which ends when this is closed.
    pub stdin: Option<OwnedFd>,
    /// What it writes to standard output.
    pub stdout: Output,
    /// What it writes to standard error.
    pub stderr: Output,
    /// What its probe answers. Closing this releases a held probe.
    pub answer: Option<Output>,
    /// The inodes of its three standard streams; `None` for a closed one.
    pub streams: [Option<u64>; 3],
    /// True if its standard streams are one terminal, whose other end `stdin`
    /// and `stdout` are.
    pub on_a_terminal: bool,
}

impl Running {
    /// Ends its standard input: closes the pipe, or sends the terminal's
    /// end-of-file character.
    pub fn end_input(&mut self) {
        if let (Some(stdin), true) = (&self.stdin, self.on_a_terminal) {
            // This fails if the terminal has been closed; then no process reads
            // from it.
            let _ = nix::unistd::write(stdin, b"\x04");
        }
        drop(self.stdin.take());
    }

    /// What it has written to standard error, or to its terminal without the
    /// observation of its probe. Call this after it has ended. A pipe then has
    /// everything that it wrote; a terminal has it when it is closed, or at the
    /// deadline.
    pub fn said(&mut self, until: Instant) -> String {
        let text = match self.on_a_terminal {
            true => without_observation(&read_to_end(&mut self.stdout, until)),
            // A process that was left behind may keep the pipe open for ever.
            false => read_to_end(&mut self.stderr, Instant::now()),
        };
        String::from_utf8_lossy(&text).into_owned()
    }
}

/// A text without the lines that are observations.
fn without_observation(text: &[u8]) -> Vec<u8> {
    let lines = text.split_inclusive(|&byte| byte == b'\n');
    lines.filter(|line| within(line).is_none()).flatten().copied().collect()
}

/// The inode of an open file, which distinguishes pipes and sockets.
///
/// # Errors
///
/// Fails as fstat(2) does.
pub(crate) fn inode(fd: impl AsFd) -> Result<u64> {
    fstat(fd).map(|it| it.st_ino).context("fstat a pipe")
}

/// The harness's end of a pipe or terminal, or a file that a command writes;
/// and what has been read from it and not been used yet.
#[derive(Debug)]
pub struct Output {
    pipe: std::fs::File,
    unused: Vec<u8>,
    is_open: bool,
    /// How to wait for more in a file, because poll(2) cannot.
    growing: Option<Growing>,
}

/// How to wait for more in a file, and for its end: no more comes when the
/// command and all processes that were started after it have ended.
#[derive(Debug)]
struct Growing {
    written: Inotify,
    /// A pidfd of the command; `None` once the command has ended.
    process: Option<OwnedFd>,
    init: i32,
    /// The number of processes that existed before the command.
    others: usize,
}

impl Growing {
    /// True if no process is left that may write to the file.
    fn is_over(&mut self) -> bool {
        let ended = |it: &OwnedFd| any_readable(&[it.as_fd()], Instant::now());
        if self.process.as_ref().is_some_and(ended) {
            self.process = None;
        }
        let alive = |it: &&Descendant| it.is_still_alive();
        self.process.is_none()
            && descendants(self.init).iter().filter(alive).count()
                <= self.others
    }
}

impl From<OwnedFd> for Output {
    fn from(pipe: OwnedFd) -> Output {
        let (pipe, unused) = (pipe.into(), Vec::new());
        Output { pipe, unused, is_open: true, growing: None }
    }
}

impl Output {
    /// A file that a command writes. `process` is a pidfd of the command;
    /// before it, `others` processes existed below the sandbox's `init`.
    ///
    /// # Errors
    ///
    /// Fails as inotify_init(2) and inotify_add_watch(2) do.
    pub(super) fn of_file(
        file: OwnedFd,
        process: OwnedFd,
        init: i32,
        others: usize,
    ) -> Result<Output> {
        let flags = InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC;
        let written = Inotify::init(flags).context("inotify_init")?;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        written
            .add_watch(path.as_str(), AddWatchFlags::IN_MODIFY)
            .context("watch a file in the sandbox")?;
        let process = Some(process);
        let growing = Some(Growing { written, process, init, others });
        let mut output = Output { growing, ..Output::from(file) };
        // Reads what was written before the watch began.
        output.fill();
        Ok(output)
    }

    /// The descriptors that become readable when there is more, or at the end.
    fn waited_for(&self) -> Vec<BorrowedFd<'_>> {
        match &self.growing {
            None => vec![self.pipe.as_fd()],
            Some(Growing { written, process, .. }) => {
                let process = process.as_ref().map(AsFd::as_fd);
                [written.as_fd()].into_iter().chain(process).collect()
            }
        }
    }

    /// Reads what is available; waits if a pipe has nothing.
    fn fill(&mut self) {
        // On the heap: the stack may have only 64 KiB.
        let mut buffer = vec![0; 65536];
        // The end is checked first, so everything that was written before it is
        // read.
        let is_over = self.growing.as_mut().is_none_or(|it| {
            let over = it.is_over();
            let _ = it.written.read_events();
            over
        });
        match self.pipe.read(&mut buffer) {
            Ok(0) if !is_over => {}
            Ok(0) | Err(_) => self.is_open = false,
            Ok(count) => {
                let room = MAX_OUTPUT.saturating_sub(self.unused.len());
                let kept = &buffer[..count.min(room)];
                self.unused.extend_from_slice(kept);
            }
        }
    }

    /// True if more may come and may be kept.
    fn goes_on(&self) -> bool {
        self.is_open && self.unused.len() < MAX_OUTPUT
    }

    fn take_line(&mut self) -> Option<Vec<u8>> {
        let end = self.unused.iter().position(|&byte| byte == b'\n')?;
        let mut line: Vec<u8> = self.unused.drain(..=end).collect();
        line.pop();
        Some(line)
    }
}

/// A line that was read, or why there is none.
#[derive(Debug)]
pub enum LineRead {
    /// A whole line, without its newline.
    Line(Vec<u8>),
    /// Every writer has closed the pipe; what came after the last newline.
    End(Vec<u8>),
    /// The newline did not come in time, or the line is too long; the part of
    /// the line that was read.
    Late(Vec<u8>),
}

/// Reads one line. What comes after it is kept for the next call.
pub fn read_line(output: &mut Output, until: Instant) -> LineRead {
    loop {
        if let Some(line) = output.take_line() {
            return LineRead::Line(line);
        }
        if !output.is_open {
            return LineRead::End(std::mem::take(&mut output.unused));
        }
        if !output.goes_on() || !any_readable(&output.waited_for(), until) {
            return LineRead::Late(std::mem::take(&mut output.unused));
        }
        output.fill();
    }
}

/// Reads until every writer has closed the pipe, or until the deadline; keeps
/// the beginning of a long text. What was written before the deadline is read
/// even if the call comes after it.
pub fn read_to_end(output: &mut Output, until: Instant) -> Vec<u8> {
    let may_read = |it: &Output| it.goes_on() || Instant::now() < until;
    while output.is_open
        && may_read(output)
        && any_readable(&output.waited_for(), until)
    {
        output.fill();
    }
    std::mem::take(&mut output.unused)
}

/// Reads several streams as [`read_to_end`] reads one, all at the same time, so
/// that no writer waits because a pipe is full.
pub fn read_all_to_end<const N: usize>(
    mut outputs: [&mut Output; N],
    until: Instant,
) -> [Vec<u8>; N] {
    while outputs.iter().any(|it| it.goes_on())
        && fill_any(outputs.iter_mut().map(|it| &mut **it), until)
    {}
    outputs.map(|it| std::mem::take(&mut it.unused))
}

/// Waits for the observation of a launcher's payload, on all streams at the
/// same time, so that no launcher waits because a pipe is full.
///
/// # Errors
///
/// Fails if every stream was closed or the deadline has passed, and says which.
pub fn observation(
    running: &mut Running,
    until: Instant,
) -> Result<(Observation, Way)> {
    let mut searched = 0;
    loop {
        if let Some(answer) = &mut running.answer
            && let Some(line) = answer.take_line()
        {
            let observation = parse(&line)?;
            return Ok((observation, Way::Socket));
        }
        if let Some(found) = within(&running.stdout.unused[searched..]) {
            return Ok((found, Way::Stdout));
        }
        // Complete lines contain no observation; the last line may become one.
        let lines = running.stdout.unused.iter().rposition(|it| *it == b'\n');
        searched = lines.map_or(0, |end| end + 1);
        let answer_ended =
            running.answer.as_ref().is_none_or(|it| !it.goes_on());
        if answer_ended && !running.stdout.goes_on() {
            return Err(Error::new("the launcher did not run the probe"));
        }
        let streams = [
            running.answer.as_mut(),
            Some(&mut running.stdout),
            Some(&mut running.stderr),
        ];
        if !fill_any(streams.into_iter().flatten(), until) {
            let why = "the probe did not answer";
            return Err(Error::new(format!("{why} {}", timeout::within())));
        }
    }
}

/// Waits until one of the streams has data, and reads all that have; `false` if
/// none had any before the deadline.
fn fill_any<'a>(
    streams: impl Iterator<Item = &'a mut Output>,
    until: Instant,
) -> bool {
    let mut streams: Vec<_> = streams.filter(|it| it.goes_on()).collect();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let millis = u16::try_from(left.as_millis()).unwrap_or(u16::MAX);
        let waited_for: Vec<_> =
            streams.iter().map(|it| it.waited_for()).collect();
        let mut fds: Vec<PollFd<'_>> = waited_for
            .iter()
            .flatten()
            .map(|fd| PollFd::new(*fd, PollFlags::POLLIN))
            .collect();
        match poll(&mut fds, PollTimeout::from(millis)) {
            Ok(0) if left.is_zero() => return false,
            Ok(0) | Err(nix::errno::Errno::EINTR) => continue,
            Ok(_) => {}
            Err(_) => return false,
        }
        let mut fds = fds.iter().map(|fd| fd.any().unwrap_or(false));
        let ready: Vec<bool> = waited_for
            .iter()
            .map(|own| fds.by_ref().take(own.len()).filter(|it| *it).count())
            .map(|readable| readable > 0)
            .collect();
        for (stream, _) in
            streams.iter_mut().zip(&ready).filter(|(_, ready)| **ready)
        {
            stream.fill();
        }
        return true;
    }
}

/// The first bytes of an observation.
const BEGINNING: &[u8] = b"{\"readings\":";

/// The first observation in a text: in a line of its own, or after what the
/// launcher has written without a newline.
fn within(text: &[u8]) -> Option<Observation> {
    text.split_inclusive(|&byte| byte == b'\n')
        .filter_map(|line| line.strip_suffix(b"\n"))
        .find_map(|line| {
            let at = line
                .windows(BEGINNING.len())
                .position(|window| window == BEGINNING)?;
            parse(&line[at..]).ok()
        })
}

/// Decodes the observation in a line.
///
/// # Errors
///
/// Fails if the line is not an observation.
fn parse(line: &[u8]) -> Result<Observation> {
    let mut values = serde_json::Deserializer::from_slice(line).into_iter();
    values
        .next()
        .unwrap_or_else(|| Err(serde::de::Error::custom("an empty line")))
        .map_err(|error| Error::new(format!("not an observation: {error}")))
}
