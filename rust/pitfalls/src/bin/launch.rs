//! Every way in which Rust makes a child that becomes a command:
//! `launch WAY CMD [ARG...]` ends as the command ends.

use std::ffi::CString;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use nix::sched::CloneFlags;
use nix::sys::signal::Signal;
use nix::unistd::{getuid, setuid};
use pitfalls::{
    become_command, clone_child, command, end_like, end_with, fail, fork_child,
    in_child, must, reset_sigpipe,
};

const SIGCHLD: Option<i32> = Some(Signal::SIGCHLD as i32);

fn main() {
    let way = std::env::args().nth(1).unwrap_or_default();
    let argv = command(2);
    let child = || become_command(&argv);
    let with = |flags, signal| clone_child(flags, signal, child);
    let pid = match way.as_str() {
        "clone" => with(CloneFlags::empty(), SIGCHLD),
        "clone_newns" => with(CloneFlags::CLONE_NEWNS, SIGCHLD),
        "clone_reset" => clone_child(CloneFlags::empty(), SIGCHLD, || {
            reset_sigpipe();
            child()
        }),
        "clone_vm" => {
            with(CloneFlags::CLONE_VM | CloneFlags::CLONE_VFORK, SIGCHLD)
        }
        "fork" => fork_child(child),
        "command" => end_with(in_std(&argv).status()),
        // One variable more and std makes the environment anew, sorted.
        "command_env" => end_with(in_std(&argv).env("NEW", "1").status()),
        "command_no_dir" => {
            end_with(in_std(&argv).current_dir("/no/such").status())
        }
        // The child looks in the PATH that it is given, and so it forks.
        "command_path" => {
            let path = ["PAYLOAD_PATH", "PATH"]
                .iter()
                .find_map(std::env::var_os)
                .unwrap_or_default();
            end_with(in_std(&argv).env("PATH", path).status())
        }
        "command_output" => {
            end_with(in_std(&argv).output().map(|it| it.status))
        }
        // To change the ids of every thread musl sends them a signal of its
        // own, and so has a handler for it from then on.
        "command_setuid" => {
            let (_open, held) = mpsc::channel::<()>();
            thread::spawn(move || held.recv());
            must("setuid", setuid(getuid()));
            end_with(in_std(&argv).status())
        }
        "exec" => fail("exec", in_std(&argv).exec()),
        "pre_exec" => {
            end_with(in_child(&mut in_std(&argv), || Ok(())).status())
        }
        "pipe" => {
            let _ends = must("pipe", nix::unistd::pipe());
            with(CloneFlags::empty(), SIGCHLD)
        }
        // A thread makes the child, so that there has to be one.
        "thread" => {
            let made = thread::Builder::new()
                .spawn(move || end_with(in_std(&argv).status()));
            must("make a thread", made).join().unwrap_or_else(|_| {
                fail("launch", "the thread has not ended the process")
            })
        }
        "std_pipe" => {
            let _ends = must("pipe", std::io::pipe());
            with(CloneFlags::empty(), SIGCHLD)
        }
        // Not a way, but what decides what some of them do.
        "libc" => {
            println!(
                "{}",
                if cfg!(target_env = "gnu") { "gnu" } else { "musl" }
            );
            return;
        }
        other => fail("launch", format_args!("no way is called {other}")),
    };
    end_like(must("clone", pid))
}

fn in_std(argv: &[CString]) -> Command {
    let mut words = argv.iter().map(|word| word.to_string_lossy().into_owned());
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}
