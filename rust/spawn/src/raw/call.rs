//! One system call, and one clone whose child never returns: in assembly,
//! because the C library's functions write `errno`, which the child shares with
//! the thread that made it.

use std::ffi::{c_int, c_long, c_void};

/// The result of a system call: a value that is not negative, or an errno.
pub(crate) type Result<T> = std::result::Result<T, c_int>;

/// A system call with up to six arguments ([syscall(2)]).
///
/// [syscall(2)]: https://man7.org/linux/man-pages/man2/syscall.2.html
///
/// # Safety
///
/// The arguments must be what the call `number` demands: each pointer leads to
/// memory that the call may read or write for as long as it runs.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) unsafe fn call(
    number: c_long,
    arguments: [usize; 6],
) -> Result<usize> {
    let [a, b, c, d, e, f] = arguments;
    let result: isize;
    // SAFETY: the instruction enters the kernel, which keeps every register
    // but rax, rcx and r11. What it does to memory the caller answers for.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") a, in("rsi") b, in("rdx") c,
            in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    judge(result)
}

/// A system call with up to six arguments ([syscall(2)]).
///
/// [syscall(2)]: https://man7.org/linux/man-pages/man2/syscall.2.html
///
/// # Safety
///
/// The arguments must be what the call `number` demands: each pointer leads to
/// memory that the call may read or write for as long as it runs.
#[cfg(target_arch = "aarch64")]
#[inline]
pub(crate) unsafe fn call(
    number: c_long,
    arguments: [usize; 6],
) -> Result<usize> {
    let [a, b, c, d, e, f] = arguments;
    let result: isize;
    // SAFETY: the instruction enters the kernel, which keeps every register
    // but x0. What it does to memory the caller answers for.
    unsafe {
        std::arch::asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") a => result,
            in("x1") b, in("x2") c, in("x3") d, in("x4") e, in("x5") f,
            options(nostack),
        );
    }
    judge(result)
}

/// On another processor this crate is built and starts nothing.
///
/// # Safety
///
/// It does nothing.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) unsafe fn call(_: c_long, _: [usize; 6]) -> Result<usize> {
    Err(libc::ENOSYS)
}

/// The kernel answers with an errno as a number from -4095 to -1.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline]
fn judge(result: isize) -> Result<usize> {
    match result {
        -4095..=-1 => Err(-result as c_int),
        value => Ok(value.cast_unsigned()),
    }
}

/// The system call `number` (clone or clone3) with a new stack among its
/// arguments: the child calls `child` with `argument` on it. The result is the
/// child's pid.
///
/// # Safety
///
/// The arguments must be what the call demands, and among them a stack that
/// the child alone uses, whose top is aligned to 16 bytes. `child` must never
/// return, and `argument` must be what it takes, for as long as it runs.
#[cfg(target_arch = "x86_64")]
pub(crate) unsafe fn clone(
    number: c_long,
    arguments: [usize; 5],
    child: unsafe extern "C" fn(*const c_void) -> !,
    argument: *const c_void,
) -> Result<usize> {
    let [a, b, c, d, e] = arguments;
    let result: isize;
    // SAFETY: in the caller only rax, rcx and r11 change. The child has copies
    // of the other registers and an empty stack of its own: it calls a function
    // that does not return, so it never runs what follows label 2.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            // The outermost frame, for debuggers.
            "xor ebp, ebp",
            "mov rdi, r13",
            "call r12",
            "ud2",
            "2:",
            inlateout("rax") number as isize => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e,
            in("r12") child, in("r13") argument,
            lateout("rcx") _, lateout("r11") _,
        );
    }
    judge(result)
}

/// The system call `number` (clone or clone3) with a new stack among its
/// arguments: the child calls `child` with `argument` on it. The result is the
/// child's pid.
///
/// # Safety
///
/// The arguments must be what the call demands, and among them a stack that
/// the child alone uses, whose top is aligned to 16 bytes. `child` must never
/// return, and `argument` must be what it takes, for as long as it runs.
#[cfg(target_arch = "aarch64")]
pub(crate) unsafe fn clone(
    number: c_long,
    arguments: [usize; 5],
    child: unsafe extern "C" fn(*const c_void) -> !,
    argument: *const c_void,
) -> Result<usize> {
    let [a, b, c, d, e] = arguments;
    let result: isize;
    // SAFETY: in the caller only x0 changes. The child has copies of the other
    // registers and an empty stack of its own: it calls a function that does
    // not return, so it never runs what follows label 2.
    unsafe {
        std::arch::asm!(
            "svc 0",
            "cbnz x0, 2f",
            // The outermost frame, for debuggers.
            "mov x29, xzr",
            "mov x0, x21",
            "blr x20",
            "brk #1",
            "2:",
            in("x8") number,
            inlateout("x0") a => result,
            in("x1") b, in("x2") c, in("x3") d, in("x4") e,
            in("x20") child, in("x21") argument,
            // The call of `child` writes it.
            out("x30") _,
        );
    }
    judge(result)
}

/// On another processor this crate is built and starts nothing.
///
/// # Safety
///
/// It does nothing.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) unsafe fn clone(
    _: c_long,
    _: [usize; 5],
    _: unsafe extern "C" fn(*const c_void) -> !,
    _: *const c_void,
) -> Result<usize> {
    Err(libc::ENOSYS)
}
