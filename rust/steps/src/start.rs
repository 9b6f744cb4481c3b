//! How a step begins: without Rust's runtime.

/// Makes a function `fn() -> !` the `main` that the C library calls.
///
/// Rust's own `main` is called by a runtime that ignores SIGPIPE, handles
/// SIGSEGV and SIGBUS on a stack made for that, and opens /dev/null for closed
/// standard streams. A launcher has to pass on the state in which it was
/// started, and would have to restore all of that; and the runtime makes a
/// dozen system calls in a program that makes five.
///
/// `cargo test` links every program once more. There the program does nothing,
/// because it is not asked to launch anything.
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
