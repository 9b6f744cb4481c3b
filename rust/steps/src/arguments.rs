//! The input of a step: its own name, NEWROOT or PID, the command, `$MYTMP`.

use std::ffi::CStr;
use std::sync::OnceLock;

use nix::unistd::Pid;

use crate::failure::{FAILED, print};
use crate::kernel::{ArgumentVector, environment_variable, exit, step};
use crate::text::Text;

/// The name of the argument before CMD in the usage of this step, if there is
/// one.
static OPERAND: OnceLock<&str> = OnceLock::new();

/// The directory that becomes `/`, and the mount point of the old `/`.
#[derive(Clone, Copy, Debug)]
pub struct NewRoot {
    /// NEWROOT as it was given.
    pub root: &'static CStr,
    /// `NEWROOT/.old`, where pivot_root(2) mounts the old root.
    pub put_old: &'static CStr,
}

/// Takes the argument before CMD. It also checks that there is a CMD, before a
/// step changes anything.
fn operand(name: &'static str) -> &'static CStr {
    OPERAND.get_or_init(|| name);
    let mut arguments = ArgumentVector::ours().skip(1);
    match (arguments.next(), arguments.next()) {
        (Some(operand), Some(_)) => operand,
        _ => usage(),
    }
}

/// Takes NEWROOT, the argument before CMD; if NEWROOT or CMD is missing, prints
/// the usage and exits with 125.
pub fn new_root() -> NewRoot {
    let root = operand("NEWROOT");
    // Parent and child point to it until the process ends.
    static PUT_OLD: OnceLock<Text> = OnceLock::new();
    let put_old = PUT_OLD.get_or_init(|| {
        let mut path = Text::from_slice(root.to_bytes());
        path.extend_from_slice(b"/.old\0");
        path
    });
    let put_old = CStr::from_bytes_with_nul(put_old)
        .expect("an argument has no NUL in it");
    NewRoot { root, put_old }
}

/// Takes PID, the argument before CMD; if PID or CMD is missing, or PID cannot
/// be the number of a process, prints the usage and exits with 125.
pub fn pid() -> Pid {
    match operand("PID").to_str().map(str::parse) {
        Ok(Ok(pid @ 1..)) => Pid::from_raw(pid),
        _ => usage(),
    }
}

/// If there is no CMD, prints the usage and exits with 125, as the skeleton
/// does; for a step that has to change something before it calls the skeleton.
pub fn require_command() {
    command();
}

/// True if there is something to launch; for a program that is a step only in
/// that case.
pub fn arguments_given() -> bool {
    ArgumentVector::ours().nth(1).is_some()
}

/// Returns CMD and its arguments; without a CMD prints the usage and exits with
/// 125.
pub(crate) fn command() -> ArgumentVector {
    let mut arguments = ArgumentVector::ours();
    arguments.next();
    if OPERAND.get().is_some() {
        arguments.next();
    }
    if arguments.clone().next().is_none() {
        usage()
    }
    arguments
}

/// The directory on which a step mounts its tmpfs: `$MYTMP`, else `/mytmp`.
pub fn mytmp() -> &'static CStr {
    environment_variable(c"MYTMP").unwrap_or(c"/mytmp")
}

fn usage() -> ! {
    print(&usage_line(step(), OPERAND.get().copied()));
    exit(FAILED)
}

fn usage_line(step: &[u8], operand: Option<&str>) -> Vec<u8> {
    let mut line = [b"usage: ", step, b" "].concat();
    if let Some(operand) = operand {
        line.extend([operand.as_bytes(), b" "].concat());
    }
    line.extend(b"CMD [ARG...]\n");
    line
}

#[cfg(test)]
mod tests {
    use super::usage_line;

    #[test]
    fn usage_names_the_step_and_its_operand() {
        assert_eq!(usage_line(b"uts", None), b"usage: uts CMD [ARG...]\n");
        assert_eq!(
            usage_line(b"join", Some("PID")),
            b"usage: join PID CMD [ARG...]\n"
        );
    }
}
