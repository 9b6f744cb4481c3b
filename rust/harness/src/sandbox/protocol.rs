//! The messages between the harness and the sandbox's init.
//!
//! A message is its length (four bytes, native order), then JSON. Descriptors
//! are sent with it (`SCM_RIGHTS`), and so is the sender's pid
//! (`SCM_CREDENTIALS`). The kernel translates that pid into the reader's pid
//! namespace, so the harness gets init's pid on the host.

use super::start::Start;
use crate::error::{Context, Error, Result};
use crate::found::Refusal;
use crate::timeout::{any_readable, within};
use nix::cmsg_space;
use nix::sys::socket::sockopt::PassCred;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag,
    SockType, UnixCredentials, recvmsg, sendmsg, setsockopt, socketpair,
};
use probe::Observation;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{IoSlice, IoSliceMut, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::PathBuf;
use std::time::Instant;

/// A command to run in the sandbox.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Command {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Variables that are added to the small environment of every command.
    pub environment: Vec<(String, String)>,
    /// The working directory in the sandbox; `/` if it is `None`.
    pub directory: Option<PathBuf>,
    /// The state in which it is started.
    pub start: Start,
}

/// A file that is put in the sandbox before a command is started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PutFile {
    /// Its path in the sandbox; the directories above it are made.
    pub at: PathBuf,
    /// The text or the file that it is a copy of.
    pub content: Content,
    /// Its permission bits, as in chmod(2).
    pub mode: u32,
}

/// The content of a file that is put in the sandbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Content {
    /// The file contains this text.
    Text(String),
    /// The file is a copy of this file in the sandbox.
    CopyOf(PathBuf),
}

/// A request from the harness to init.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    /// Start a command. The first three descriptors sent along become its
    /// standard streams unless its state has others, a fourth one its
    /// [`ANSWER`](super::listen::ANSWER).
    Run(Command),
    /// Put files in the sandbox; the reply is [`Reply::Put`].
    Put(Vec<PutFile>),
    /// Observe the sandbox; the reply is [`Reply::Host`].
    Observe,
    /// List the files in the directories in which launchers leave files.
    Files,
    /// Find out whether the root of a process is below the root of its mount
    /// namespace.
    IsChrooted {
        /// Its pid in the sandbox.
        pid: i32,
    },
    /// Send a signal to a process.
    Signal {
        /// Its pid in the sandbox.
        pid: i32,
        /// The signal's number.
        signal: i32,
    },
}

/// The end of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Its pid in the sandbox.
    pub pid: i32,
    /// Its status as a shell shows it: 128+n for signal n.
    pub status: i32,
}

/// A command that was started. If its standard output is not the harness's pipe
/// but a terminal, or a file, then the harness's end (the other end of the
/// terminal, or the file open for reading) is sent with the message, and then a
/// pidfd of the command.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Started {
    /// Its pid in the sandbox.
    pub pid: i32,
    /// The inodes of its standard streams; `None` for a closed one.
    pub streams: [Option<u64>; 3],
}

/// A reply of the sandbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// The sandbox is ready; this is its first observation.
    Ready(Box<Observation>),
    /// The sandbox cannot be set up, for this reason.
    Refused(Refusal),
    /// The command of [`Request::Run`] was started.
    Started(Started),
    /// The files of [`Request::Put`] were made.
    Put,
    /// A command of the sandbox has ended.
    Ended(Ended),
    /// The observation that [`Request::Observe`] asked for.
    Host(Box<Observation>),
    /// The files that [`Request::Files`] asked for.
    Files(BTreeSet<String>),
    /// Whether the process is chrooted; `None` if that cannot be found out.
    Chrooted(Option<bool>),
    /// A request has failed; the error message.
    Broken(String),
}

/// One end of the socket between the harness and the sandbox.
#[derive(Debug)]
pub struct Channel {
    socket: File,
    ended: Vec<Ended>,
}

impl Channel {
    /// Makes a socket pair: the harness's end, then the sandbox's.
    ///
    /// # Errors
    ///
    /// Fails as socketpair(2) and setsockopt(2) do.
    pub fn pair() -> Result<(Channel, Channel)> {
        let (ours, theirs) = socketpair(
            AddressFamily::Unix,
            SockType::Stream,
            None,
            SockFlag::SOCK_CLOEXEC,
        )
        .context("make a socket pair")?;
        setsockopt(&ours, PassCred, &true).context("set SO_PASSCRED")?;
        Ok((Channel::from(ours), Channel::from(theirs)))
    }

    /// Sends a message and descriptors with it.
    ///
    /// # Errors
    ///
    /// Fails if the message cannot be encoded, or if the other side has closed
    /// the socket.
    pub fn send<M: Serialize>(
        &self,
        message: &M,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<()> {
        let text = serde_json::to_vec(message).context("write a message")?;
        let length = u32::try_from(text.len()).context("measure a message")?;
        let raw: Vec<RawFd> =
            descriptors.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&raw)];
        let rights = if raw.is_empty() { &[][..] } else { &rights[..] };
        let mut whole = length.to_ne_bytes().to_vec();
        whole.extend_from_slice(&text);
        let sent = sendmsg::<()>(
            self.socket.as_raw_fd(),
            &[IoSlice::new(&whole)],
            rights,
            MsgFlags::MSG_NOSIGNAL,
            None,
        )
        .context("write to the sandbox's socket")?;
        use std::io::Write;
        (&self.socket)
            .write_all(&whole[sent..])
            .context("write to the sandbox's socket")
    }

    /// Receives a message, and the pid of its sender.
    ///
    /// # Errors
    ///
    /// Fails if the other side has closed the socket, has sent nothing by
    /// `until`, or has sent no such message.
    pub fn receive<M: DeserializeOwned>(
        &self,
        until: Option<Instant>,
    ) -> Result<(M, Option<i32>)> {
        let (message, sender, _) = self.receive_with_descriptors(until)?;
        Ok((message, sender))
    }

    /// Receives a message, the pid of its sender, and the descriptors that were
    /// sent with it.
    ///
    /// # Errors
    ///
    /// Fails if the other side has closed the socket, has sent nothing by
    /// `until`, or has sent no such message.
    pub fn receive_with_descriptors<M: DeserializeOwned>(
        &self,
        until: Option<Instant>,
    ) -> Result<(M, Option<i32>, Vec<OwnedFd>)> {
        if until.is_some_and(|until| !any_readable(&[self.as_fd()], until)) {
            let why = format!("the sandbox did not answer {}", within());
            return Err(Error::new(why));
        }
        let mut header = [0u8; 4];
        let mut slices = [IoSliceMut::new(&mut header)];
        let mut space = cmsg_space!([RawFd; 4], UnixCredentials);
        let received = recvmsg::<()>(
            self.socket.as_raw_fd(),
            &mut slices,
            Some(&mut space),
            MsgFlags::MSG_CMSG_CLOEXEC | MsgFlags::MSG_WAITALL,
        )
        .context("read from the sandbox's socket")?;
        if received.bytes < 4 {
            return Err(Error::new("the sandbox is gone"));
        }
        let mut sender = None;
        let mut descriptors = Vec::new();
        for message in received
            .cmsgs()
            .context("read the descriptors on the sandbox's socket")?
        {
            match message {
                ControlMessageOwned::ScmCredentials(credentials) => {
                    sender = Some(credentials.pid());
                }
                ControlMessageOwned::ScmRights(raw) => {
                    descriptors.extend(raw.into_iter().map(kernel::own));
                }
                _ => {}
            }
        }
        let mut text = vec![0; u32::from_ne_bytes(header) as usize];
        (&self.socket)
            .read_exact(&mut text)
            .context("read from the sandbox's socket")?;
        let message = serde_json::from_slice(&text)
            .context("parse a message on the sandbox's socket")?;
        Ok((message, sender, descriptors))
    }

    /// Closes both directions: the other side reads the end, and ends.
    pub fn close(&self) {
        // If the other side has already closed, nothing is left to do.
        use nix::sys::socket::{Shutdown, shutdown};
        let _ = shutdown(self.socket.as_raw_fd(), Shutdown::Both);
    }

    /// Keeps the end of a command until [`Channel::recall`] takes it.
    pub fn remember(&mut self, ended: Ended) {
        self.ended.push(ended);
    }

    /// Takes the end of the command `pid`, if it was kept.
    pub fn recall(&mut self, pid: i32) -> Option<Ended> {
        let index = self.ended.iter().position(|it| it.pid == pid)?;
        Some(self.ended.swap_remove(index))
    }
}

impl From<OwnedFd> for Channel {
    fn from(socket: OwnedFd) -> Channel {
        Channel { socket: socket.into(), ended: Vec::new() }
    }
}

impl From<Channel> for OwnedFd {
    fn from(channel: Channel) -> OwnedFd {
        channel.socket.into()
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
