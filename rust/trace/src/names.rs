//! The names of the system calls.

use kernel::AUDIT_ARCH;
use syscalls::Sysno;

/// The name of a system call, as in `man 2 NAME`. A call without a known name
/// is `syscall_NUMBER`; a call of another architecture than this machine's is
/// `syscall_NUMBER_of_ARCHITECTURE`.
pub fn name(architecture: u32, number: u64) -> String {
    if AUDIT_ARCH.is_some_and(|ours| ours != architecture) {
        return format!("syscall_{number}_of_{architecture:#x}");
    }
    usize::try_from(number)
        .ok()
        .and_then(Sysno::new)
        .map_or_else(|| format!("syscall_{number}"), |it| it.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_the_name_of_its_manual_page() {
        let ours = AUDIT_ARCH.unwrap_or(0);
        assert_eq!(name(ours, Sysno::pivot_root as u64), "pivot_root");
        assert_eq!(name(ours, Sysno::clone3 as u64), "clone3");
    }

    #[test]
    fn a_call_younger_than_this_list_has_a_number() {
        assert_eq!(name(AUDIT_ARCH.unwrap_or(0), 99_999), "syscall_99999");
    }

    #[test]
    fn a_32_bit_program_is_not_read_as_a_64_bit_one() {
        if AUDIT_ARCH.is_some() {
            // On i386 number 2 is fork; on x86-64 it is open.
            assert_eq!(name(0x4000_0003, 2), "syscall_2_of_0x40000003");
        }
    }
}
