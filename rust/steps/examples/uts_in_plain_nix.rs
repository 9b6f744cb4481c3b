//! The step `uts` in plain nix and std, as a program that uses no code of the
//! other steps.

use std::env::args_os;
use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;
use std::process::exit;

use nix::errno::Errno;
use nix::sched::{CloneFlags, clone};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{execvp, sethostname};

fn main() {
    let words = args_os().skip(1).map(|it| CString::new(it.into_vec()));
    let command: Vec<CString> = words.map(|it| it.expect("no NUL")).collect();
    if command.is_empty() {
        fail("usage: uts_in_plain_nix CMD [ARG...]", None)
    }
    // SAFETY: SIG_DFL is no handler. Rust's runtime ignores SIGPIPE, and the
    // payload would inherit that.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }
        .unwrap_or_else(|errno| fail("signal", Some(errno)));

    // The child: has a copy of the host name and of this memory, changes the
    // name, becomes the payload and ends with it.
    let child = Box::new(|| {
        sethostname("myhostname")
            .unwrap_or_else(|errno| fail("sethostname", Some(errno)));
        let Err(errno) = execvp(&command[0], &command);
        fail("execvp", Some(errno))
    });
    let mut stack = vec![0; 1 << 20];
    let (flags, told) =
        (CloneFlags::CLONE_NEWUTS, Some(Signal::SIGCHLD as i32));
    // SAFETY: this process has one thread, so that the child's copy of its
    // memory holds no lock that is never released; the stack outlives the call,
    // and without CLONE_VM the child uses a copy of it.
    let pid = unsafe { clone(child, &mut stack, flags, told) }
        .unwrap_or_else(|errno| fail("clone", Some(errno)));

    // The parent: ends as its child has ended.
    match waitpid(pid, None) {
        Ok(WaitStatus::Exited(_, status)) => exit(status),
        Ok(WaitStatus::Signaled(_, signal, _)) => exit(128 + signal as i32),
        Ok(other) => fail(&format!("waitpid: {other:?}"), None),
        Err(errno) => fail("waitpid", Some(errno)),
    }
}

/// Prints what failed and ends with the status of env(1) for it.
fn fail(call: &str, errno: Option<Errno>) -> ! {
    let why = errno.map_or(String::new(), |it| format!(": {}", it.desc()));
    eprintln!("uts_in_plain_nix: {call}{why}");
    exit(match (call, errno) {
        ("execvp", Some(Errno::ENOENT)) => 127,
        ("execvp", _) => 126,
        _ => 125,
    })
}
