//! Reading what a launcher and its payload write, all of it at the same time.
//!
//! The payload of a trial is the probe. It answers on a socket of its own, the
//! descriptor [`ANSWER`], so that a launcher may print, close or redirect the
//! standard streams. Where the launcher closes every descriptor that it was
//! not told to keep, the probe prints to standard output, between whatever the
//! launcher prints there.

use crate::error::{Context, Error, Result};
use crate::timeout::{self, any_readable};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::stat::fstat;
use probe::Observation;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

/// The number under which a launcher inherits the probe's socket: above those
/// that shells use for redirections of their own (10 and up), below 63, from
/// which bash counts down, and below a limit of 64 open files.
pub const ANSWER: i32 = 47;

/// The most that is kept of what is written to one pipe, in bytes: a hundred
/// times the longest text that has to be read here.
const MAX_OUTPUT: usize = 64 << 20;

/// The way on which an observation reached the harness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// The probe's own socket.
    #[default]
    Socket,
    /// Standard output: the launcher has closed the socket.
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
    /// Makes one.
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

    /// The probe's arguments: answer here, then wait for the end of it.
    pub fn held(&self) -> Vec<String> {
        let mut arguments = self.once();
        arguments.push("--hold".to_owned());
        arguments
    }

    /// The probe's arguments: answer here, and end.
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
    /// Closing it ends its standard input.
    pub stdin: Option<OwnedFd>,
    /// What it writes to standard output.
    pub stdout: Output,
    /// What it writes to standard error.
    pub stderr: Output,
    /// What its probe answers; closing it releases a held probe.
    pub answer: Option<Output>,
    /// The inodes of its three standard streams.
    pub streams: [u64; 3],
}

/// The inode of an open file, which tells one pipe or socket from another.
///
/// # Errors
///
/// Fails as fstat(2) does.
pub(super) fn inode(fd: impl AsFd) -> Result<u64> {
    fstat(fd).map(|it| it.st_ino).context("fstat a pipe")
}

/// The harness's end of a pipe, and what has been read of it and not used yet.
#[derive(Debug)]
pub struct Output {
    pipe: std::fs::File,
    unused: Vec<u8>,
    is_open: bool,
}

impl From<OwnedFd> for Output {
    fn from(pipe: OwnedFd) -> Output {
        Output { pipe: pipe.into(), unused: Vec::new(), is_open: true }
    }
}

impl Output {
    /// Reads what is there, waiting if there is nothing.
    fn fill(&mut self) {
        let mut buffer = [0; 65536];
        match self.pipe.read(&mut buffer) {
            Ok(0) | Err(_) => self.is_open = false,
            Ok(count) => {
                let room = MAX_OUTPUT.saturating_sub(self.unused.len());
                let kept = &buffer[..count.min(room)];
                self.unused.extend_from_slice(kept);
            }
        }
    }

    /// Whether more may come and may be kept.
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

/// What was read from a pipe, and whether more may come.
#[derive(Debug)]
pub enum LineRead {
    /// A whole line, without its newline.
    Line(Vec<u8>),
    /// Every writer has closed the pipe; what came after the last line.
    End(Vec<u8>),
    /// The end of the line did not come in time, or the line is too long; what
    /// had come of it.
    Late(Vec<u8>),
}

/// Reads one line; what comes after it is kept for the next call.
pub fn read_line(output: &mut Output, until: Instant) -> LineRead {
    loop {
        if let Some(line) = output.take_line() {
            return LineRead::Line(line);
        }
        if !output.is_open {
            return LineRead::End(std::mem::take(&mut output.unused));
        }
        if !output.goes_on() || !any_readable(&[output.pipe.as_fd()], until) {
            return LineRead::Late(std::mem::take(&mut output.unused));
        }
        output.fill();
    }
}

/// Reads until every writer has closed the pipe, or until the deadline; keeps
/// the beginning of a long text. What was written before the deadline is read
/// after it, too.
pub fn read_to_end(output: &mut Output, until: Instant) -> Vec<u8> {
    let may_read = |it: &Output| it.goes_on() || Instant::now() < until;
    while output.is_open
        && may_read(output)
        && any_readable(&[output.pipe.as_fd()], until)
    {
        output.fill();
    }
    std::mem::take(&mut output.unused)
}

/// Waits for the observation of a launcher's payload, on every way at once; so
/// no launcher is held up by a full pipe.
///
/// # Errors
///
/// Fails if every way was closed or the deadline has passed, and says which.
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
        // Lines that are whole hold no observation; the last may become one.
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

/// Waits until one of the streams has something, and reads all that have;
/// `false` where none had anything before the deadline.
fn fill_any<'a>(
    streams: impl Iterator<Item = &'a mut Output>,
    until: Instant,
) -> bool {
    let mut streams: Vec<_> = streams.filter(|it| it.goes_on()).collect();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let millis = u16::try_from(left.as_millis()).unwrap_or(u16::MAX);
        let mut fds: Vec<PollFd<'_>> = streams
            .iter()
            .map(|it| PollFd::new(it.pipe.as_fd(), PollFlags::POLLIN))
            .collect();
        match poll(&mut fds, PollTimeout::from(millis)) {
            Ok(0) if left.is_zero() => return false,
            Ok(0) | Err(nix::errno::Errno::EINTR) => continue,
            Ok(_) => {}
            Err(_) => return false,
        }
        let ready: Vec<bool> =
            fds.iter().map(|fd| fd.any().unwrap_or(false)).collect();
        for (stream, _) in
            streams.iter_mut().zip(&ready).filter(|(_, ready)| **ready)
        {
            stream.fill();
        }
        return true;
    }
}

/// How an observation begins.
const BEGINNING: &[u8] = b"{\"readings\":";

/// The first observation in a text: in a line of its own, or behind what the
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

/// The observation that a line is.
///
/// # Errors
///
/// Fails if the line is something else.
fn parse(line: &[u8]) -> Result<Observation> {
    let mut values = serde_json::Deserializer::from_slice(line).into_iter();
    values
        .next()
        .unwrap_or_else(|| Err(serde::de::Error::custom("an empty line")))
        .map_err(|error| Error::new(format!("not an observation: {error}")))
}
