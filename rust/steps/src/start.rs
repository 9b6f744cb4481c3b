//! How a step begins: without Rust's runtime.

/// Makes a function `fn() -> !` what the C library calls as `main`.
///
/// Rust's own `main` comes after a runtime that ignores SIGPIPE, handles
/// SIGSEGV and SIGBUS on a stack made for that, and opens /dev/null for what
/// was closed. A launcher is to pass on what it was started with, and would
/// have to put all of that back; and it would take a dozen system calls for a
/// program that makes five.
///
/// `cargo test` links every program once more. There it does nothing, because
/// it was not asked to launch anything.
#[macro_export]
macro_rules! start {
    ($main:path) => {
        #[unsafe(export_name = "main")]
        extern "C" fn start(
            _: ::std::ffi::c_int,
            argv: *mut *const ::std::ffi::c_char,
        ) -> ::std::ffi::c_int {
            if cfg!(test) {
                return 0;
            }
            // SAFETY: the C library passes the arguments as the kernel made
            // them, and no step changes them.
            unsafe { $crate::remember(argv) };
            $main()
        }
    };
}
