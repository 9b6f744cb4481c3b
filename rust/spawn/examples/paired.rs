//! What a launch costs beside other ways to do the same, in pairs: the ways
//! take turns, in an order that rotates, and each round gives one ratio.
//!
//!     paired [PAYLOAD [ROUNDS]]
//!
//! PAYLOAD is a program that ends at once, best a static one; the default is
//! /bin/true. It needs root. A time is from before the launch until the payload
//! has been waited for.

use std::ffi::{CStr, CString, c_int, c_void};
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::ptr;

mod measure;

use measure::{BLOCK, Outcome, compare, success, way};
use nsteps_spawn::{
    Command, Mount, Namespace, Networks, Prepared, Propagation, Template,
};

/// The namespaces of the launches that have any.
const SIX: [Namespace; 6] = [
    Namespace::CGROUP,
    Namespace::IPC,
    Namespace::MNT,
    Namespace::NET,
    Namespace::PID,
    Namespace::UTS,
];

fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1);
    let payload = words.next().unwrap_or_else(|| "/bin/true".to_owned());
    let rounds = words.next().map_or(Ok(100), |it| it.parse())?;
    let six = SIX.iter().fold(Namespace::empty(), |all, kind| all | *kind);
    let root = Root::new(&payload)?;

    let plain = || Command::new(&payload).env_clear();
    let prepared = plain().prepare()?;
    let program = CString::new(payload.clone())?;
    let mut bare = Bare::new(&program, 0, None);
    compare(
        "no namespaces",
        rounds,
        vec![
            way("clone with CLONE_VM|CLONE_VFORK, execve", || bare.launch()),
            way("this crate, prepared", || once(&prepared)),
            way("this crate", || once(&plain().prepare()?)),
            way("std Command", || {
                let mut command = std::process::Command::new(&payload);
                success(command.env_clear().status()?.success())
            }),
            way("std Command with pre_exec", || {
                let mut command = std::process::Command::new(&payload);
                // SAFETY: the closure does nothing.
                unsafe { command.pre_exec(|| Ok(())) };
                success(command.env_clear().status()?.success())
            }),
        ],
    )?;

    let with = || plain().namespaces(six).propagation(Propagation::Unchanged);
    let prepared = with().prepare()?;
    let mut bare = Bare::new(&program, six.flags(), None);
    let flags = six.flags();
    compare(
        "six namespaces",
        rounds,
        vec![
            way("clone with CLONE_VM|CLONE_VFORK, execve", || bare.launch()),
            way("this crate, prepared", || once(&prepared)),
            way("std Command, unshare in pre_exec", || {
                let mut command = std::process::Command::new(&payload);
                let unshare = move || {
                    // SAFETY: unshare of namespaces touches no memory.
                    match unsafe { libc::unshare(flags) } {
                        0 => Ok(()),
                        _ => Err(std::io::Error::last_os_error()),
                    }
                };
                // SAFETY: the closure makes one system call and allocates
                // nothing.
                unsafe { command.pre_exec(unshare) };
                success(command.env_clear().status()?.success())
            }),
            way("unshare(1)", || {
                let mut command = std::process::Command::new("unshare");
                let flags = "--mount --uts --ipc --net --pid --cgroup --fork";
                command.args(flags.split(' ')).arg("--propagation=unchanged");
                command.arg(&payload).stdin(Stdio::null());
                success(command.status()?.success())
            }),
        ],
    )?;

    let inside = root.payload();
    let full = Command::new(inside.to_str()?)
        .env_clear()
        .namespaces(six)
        .hostname("box")
        .mount(Mount::proc("/proc"))
        .mount(Mount::tmpfs("/tmp"));
    let prepared = full.clone().root(root.path.to_str()?).prepare()?;
    let template = Template::new(root.path.to_str()?)?;
    let copied = full.clone().template(&template).prepare()?;
    // A block takes no longer than the stock lasts.
    let networks = Networks::new(2 * BLOCK)?;
    let warm = full.template(&template).networks(&networks).prepare()?;
    let mut plain = Bare::new(&program, 0, None);
    let mut bare = Bare::new(&inside, six.flags(), Some(&root.path));
    let set_up = root.path.clone();
    compare(
        "six namespaces, host name, root, proc, tmpfs",
        rounds,
        vec![
            way("the same calls by hand", || bare.launch()),
            way("this crate, prepared", || once(&prepared)),
            way("this crate, template", || once(&copied)),
            way("this crate, template and networks", || once(&warm)),
            way("no namespaces: clone, execve", || plain.launch()),
            way("std Command, the same in pre_exec", || {
                let mut command = std::process::Command::new(inside.to_str()?);
                let root = set_up.clone();
                let set_up = move || {
                    // pre_exec runs in the process that becomes the payload:
                    // it cannot enter a new pid namespace.
                    let kinds = flags & !libc::CLONE_NEWPID;
                    // SAFETY: unshare of namespaces touches no memory.
                    let made = 0 == unsafe { libc::unshare(kinds) };
                    match made && enter(&root) {
                        true => Ok(()),
                        false => Err(std::io::Error::last_os_error()),
                    }
                };
                // SAFETY: the closure makes system calls and allocates nothing
                // but in the error.
                unsafe { command.pre_exec(set_up) };
                success(command.env_clear().status()?.success())
            }),
        ],
    )
}

fn once(prepared: &Prepared<'_>) -> Outcome<()> {
    success(prepared.spawn()?.wait()?.success())
}

/// A directory that can be a root, with the payload in it.
struct Root {
    path: CString,
}

impl Root {
    fn new(payload: &str) -> Outcome<Self> {
        let id = std::process::id();
        let path = std::env::temp_dir().join(format!("paired-{id}"));
        for name in ["proc", "tmp"] {
            std::fs::create_dir_all(path.join(name))?;
        }
        std::fs::copy(payload, path.join("payload"))?;
        Ok(Root { path: CString::new(path.to_str().ok_or("no text")?)? })
    }

    fn payload(&self) -> CString {
        c"/payload".to_owned()
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        // What is left lies in a directory for temporary files.
        let _ = self.path.to_str().map(std::fs::remove_dir_all);
    }
}

/// The floor: the system calls and nothing else.
struct Bare<'a> {
    program: &'a CStr,
    flags: c_int,
    root: Option<&'a CStr>,
    stack: Vec<u128>,
}

impl<'a> Bare<'a> {
    fn new(program: &'a CStr, flags: c_int, root: Option<&'a CStr>) -> Self {
        Bare { program, flags, root, stack: vec![0; 4096] }
    }

    fn launch(&mut self) -> Outcome<()> {
        extern "C" fn child(bare: *mut c_void) -> c_int {
            // SAFETY: `launch` passes a reference to itself, and waits.
            let bare = unsafe { &*bare.cast::<Bare<'_>>() };
            if let Some(root) = bare.root
                && !enter(root)
            {
                return 126;
            }
            let argv = [bare.program.as_ptr(), ptr::null()];
            let none = [ptr::null()];
            // SAFETY: a string and two vectors that end with a null.
            unsafe {
                libc::execve(argv[0], argv.as_ptr(), none.as_ptr());
            }
            127
        }
        let flags =
            self.flags | libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        let top = self.stack.as_mut_ptr_range().end.cast::<c_void>();
        let this = ptr::from_mut(self).cast::<c_void>();
        // SAFETY: the stack is the child's alone, and this thread is suspended
        // while the child uses it.
        let pid = unsafe { libc::clone(child, top, flags, this) };
        if pid < 0 {
            return Err(std::io::Error::last_os_error().into());
        }
        let mut status = 0;
        // SAFETY: the status is an int.
        unsafe { libc::waitpid(pid, &raw mut status, 0) };
        success(status == 0)
    }
}

/// What the crate does for a host name, a root, a procfs and a tmpfs.
fn enter(root: &CStr) -> bool {
    let none = ptr::null::<i8>();
    let mount = |source: &CStr, target: &CStr, kind: &CStr, flags| {
        // SAFETY: three strings, and no options.
        0 == unsafe {
            libc::mount(
                source.as_ptr(),
                target.as_ptr(),
                kind.as_ptr(),
                flags,
                none.cast(),
            )
        }
    };
    let private = libc::MS_REC | libc::MS_PRIVATE;
    let bind = libc::MS_REC | libc::MS_BIND;
    // SAFETY: a string of three bytes.
    0 == unsafe { libc::sethostname(c"box".as_ptr(), 3) }
        && mount(c"none", c"/", c"none", private)
        && mount(root, root, c"none", bind)
        // SAFETY: a string.
        && 0 == unsafe { libc::chdir(root.as_ptr()) }
        // SAFETY: two strings.
        && 0 == unsafe {
            libc::syscall(libc::SYS_pivot_root, c".".as_ptr(), c".".as_ptr())
        }
        && mount(c"proc", c"/proc", c"proc", 0)
        && mount(c"tmpfs", c"/tmp", c"tmpfs", 0)
        // SAFETY: a string.
        && 0 == unsafe { libc::umount2(c".".as_ptr(), libc::MNT_DETACH) }
        // SAFETY: a string.
        && 0 == unsafe { libc::chdir(c"/".as_ptr()) }
}
