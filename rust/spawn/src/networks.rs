//! A stock of new network namespaces, made before they are needed.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use nix::sched::{CloneFlags, setns, unshare};

use crate::error::{Action, Error};

/// A stock of new network namespaces, which a thread keeps full.
///
/// To make one takes the kernel longer than everything else that a launch does.
/// A launch with [`Command::networks`](crate::Command::networks) takes one
/// from the stock, and no other launch gets the same: so the payload has what
/// [`Namespace::NET`](crate::Namespace::NET) gives it. If the stock is empty,
/// the launch waits until the thread has made one.
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
    /// `None` while this is dropped.
    stock: Option<Mutex<Receiver<Made>>>,
    maker: Option<JoinHandle<()>>,
}

/// A namespace, or why there is none and will be none.
type Made = Result<OwnedFd, Error>;

impl Networks {
    /// Starts the thread that makes `count` namespaces, and one for each that
    /// is taken. At least one is made ahead.
    ///
    /// # Errors
    ///
    /// Fails with [`Action::Prepare`] if the thread cannot be started. If the
    /// namespaces cannot be made, the launches fail.
    pub fn new(count: usize) -> Result<Self, Error> {
        // One more is in the hands of the thread.
        let (send, stock) = sync_channel::<Made>(count.saturating_sub(1));
        let maker = thread::Builder::new()
            .name("networks".to_owned())
            .spawn(move || {
                loop {
                    let made = make();
                    let is_last = made.is_err();
                    if send.send(made).is_err() || is_last {
                        break;
                    }
                }
            })
            .map_err(|error| {
                Error::new(Action::Prepare, errno(&error)).on("(a thread)")
            })?;
        Ok(Networks { stock: Some(Mutex::new(stock)), maker: Some(maker) })
    }

    /// Takes a namespace that no other launch has or will have.
    pub(crate) fn take(&self) -> Made {
        let gone = || Error::new(Action::TakeNetwork, libc::ESHUTDOWN);
        let stock = self.stock.as_ref().ok_or_else(gone)?;
        let stock = stock.lock().unwrap_or_else(PoisonError::into_inner);
        // The thread has ended after an error that an earlier launch was told.
        stock.recv().map_err(|_| gone())?
    }
}

impl Drop for Networks {
    fn drop(&mut self) {
        // The thread finds that nothing is taken any more, and ends.
        self.stock = None;
        if let Some(maker) = self.maker.take() {
            // It does not panic.
            let _ = maker.join();
        }
    }
}

/// Makes a network namespace in which no process and no thread is.
fn make() -> Made {
    let own = "/proc/thread-self/ns/net";
    let open = || {
        File::open(own).map_err(|error| {
            Error::new(Action::TakeNetwork, errno(&error)).on(own)
        })
    };
    let failed = |errno| Error::new(Action::TakeNetwork, errno as i32);
    let before = open()?;
    unshare(CloneFlags::CLONE_NEWNET).map_err(failed)?;
    let made = open();
    setns(&before, CloneFlags::CLONE_NEWNET).map_err(failed)?;
    made.map(OwnedFd::from)
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}
