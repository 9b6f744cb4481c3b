//! The system calls that seccomp profiles decide about, each with arguments
//! that have no effect: invalid pointers, descriptors that are not open,
//! operations that do not exist.

use std::ffi::c_long;

use nix::errno::Errno;

/// A system call and arguments for it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    number: c_long,
    arguments: [c_long; 6],
}

const fn call(
    name: &'static str,
    number: c_long,
    arguments: [c_long; 6],
) -> Call {
    Call { name, number, arguments }
}

/// An invalid pointer, a descriptor that is not open, an operation that does
/// not exist.
const BAD: c_long = -1;

/// Every call that is tried. If a filter allows it, the kernel checks the
/// arguments, and then the errno is a different one.
pub(crate) const CALLS: &[Call] = &[
    call("add_key", libc::SYS_add_key, [BAD, BAD, 0, 0, BAD, 0]),
    call("adjtimex", libc::SYS_adjtimex, [BAD, 0, 0, 0, 0, 0]),
    call("bpf", libc::SYS_bpf, [BAD, 0, 0, 0, 0, 0]),
    call("chroot", libc::SYS_chroot, [BAD, 0, 0, 0, 0, 0]),
    call("clock_settime", libc::SYS_clock_settime, [BAD, BAD, 0, 0, 0, 0]),
    // The kernel refuses a structure of 0 bytes.
    call("clone3", libc::SYS_clone3, [BAD, 0, 0, 0, 0, 0]),
    call("delete_module", libc::SYS_delete_module, [BAD, 0, 0, 0, 0, 0]),
    call("fanotify_init", libc::SYS_fanotify_init, [BAD, 0, 0, 0, 0, 0]),
    call("finit_module", libc::SYS_finit_module, [BAD, BAD, 0, 0, 0, 0]),
    call("fsopen", libc::SYS_fsopen, [BAD, BAD, 0, 0, 0, 0]),
    call("init_module", libc::SYS_init_module, [BAD, 0, BAD, 0, 0, 0]),
    call("io_uring_setup", libc::SYS_io_uring_setup, [0, BAD, 0, 0, 0, 0]),
    call("kcmp", libc::SYS_kcmp, [BAD, BAD, BAD, 0, 0, 0]),
    // More segments than the kernel allows.
    call("kexec_load", libc::SYS_kexec_load, [0, 1000, BAD, 0, 0, 0]),
    call("keyctl", libc::SYS_keyctl, [BAD, 0, 0, 0, 0, 0]),
    // Asks for the version of the interface.
    call(
        "landlock_create_ruleset",
        libc::SYS_landlock_create_ruleset,
        [0, 0, 1, 0, 0, 0],
    ),
    call("mbind", libc::SYS_mbind, [0, 0, BAD, 0, 0, BAD]),
    call("memfd_secret", libc::SYS_memfd_secret, [BAD, 0, 0, 0, 0, 0]),
    call("mount", libc::SYS_mount, [BAD, BAD, BAD, 0, 0, 0]),
    call("move_mount", libc::SYS_move_mount, [BAD, BAD, BAD, BAD, BAD, 0]),
    call(
        "name_to_handle_at",
        libc::SYS_name_to_handle_at,
        [BAD, BAD, BAD, BAD, BAD, 0],
    ),
    call(
        "open_by_handle_at",
        libc::SYS_open_by_handle_at,
        [BAD, BAD, 0, 0, 0, 0],
    ),
    call("open_tree", libc::SYS_open_tree, [BAD, BAD, BAD, 0, 0, 0]),
    call(
        "perf_event_open",
        libc::SYS_perf_event_open,
        [BAD, BAD, BAD, BAD, BAD, 0],
    ),
    // Only asks for the current value.
    call("personality", libc::SYS_personality, [0xffff_ffff, 0, 0, 0, 0, 0]),
    call("pidfd_getfd", libc::SYS_pidfd_getfd, [BAD, BAD, 0, 0, 0, 0]),
    call("pivot_root", libc::SYS_pivot_root, [BAD, BAD, 0, 0, 0, 0]),
    call(
        "process_vm_readv",
        libc::SYS_process_vm_readv,
        [BAD, BAD, 1, BAD, 1, 0],
    ),
    call("ptrace", libc::SYS_ptrace, [BAD, BAD, 0, 0, 0, 0]),
    call("quotactl", libc::SYS_quotactl, [BAD, BAD, 0, BAD, 0, 0]),
    // Without the two magic numbers the call does nothing.
    call("reboot", libc::SYS_reboot, [0, 0, 0, 0, 0, 0]),
    call("request_key", libc::SYS_request_key, [BAD, BAD, BAD, 0, 0, 0]),
    call("seccomp", libc::SYS_seccomp, [BAD, 0, 0, 0, 0, 0]),
    call("setdomainname", libc::SYS_setdomainname, [BAD, BAD, 0, 0, 0, 0]),
    call("setns", libc::SYS_setns, [BAD, 0, 0, 0, 0, 0]),
    call("swapon", libc::SYS_swapon, [BAD, BAD, 0, 0, 0, 0]),
    call("syslog", libc::SYS_syslog, [BAD, 0, 0, 0, 0, 0]),
    call("umount2", libc::SYS_umount2, [BAD, BAD, 0, 0, 0, 0]),
    // No kernel has a call of this number.
    call("unknown", 0x0fff, [0, 0, 0, 0, 0, 0]),
    // Without flags it changes nothing.
    call("unshare", libc::SYS_unshare, [0, 0, 0, 0, 0, 0]),
    call("userfaultfd", libc::SYS_userfaultfd, [BAD, 0, 0, 0, 0, 0]),
];

impl Call {
    /// Makes the call; the calling process must be one that ends at once.
    pub(crate) fn make(&self) -> nix::Result<c_long> {
        let [a, b, c, d, e, f] = self.arguments;
        // SAFETY: each pointer in the arguments above is -1, where no process
        // has memory, or has a size or number that the kernel refuses; so the
        // kernel reads and writes no memory of ours.
        Errno::result(unsafe { libc::syscall(self.number, a, b, c, d, e, f) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_sorted_and_there_once() {
        let names: Vec<&str> = CALLS.iter().map(|it| it.name).collect();
        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
    }
}
