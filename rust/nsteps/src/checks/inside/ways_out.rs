//! Ways to leave a root directory, for a process that is root in it.

use harness::error::{Context, Result};
use nix::errno::Errno;
use nix::sys::stat::Mode;
use nix::unistd::{chdir, chroot, mkdir};

/// A file that exists only in the old root.
const SECRET: &str = "secret";

/// Leaves a chroot by a second chroot without a chdir: the current directory is
/// then above the root, and `..` does not stop at the root any more.
///
/// # Errors
///
/// Fails without CAP_SYS_CHROOT.
pub fn second_chroot(_: &[String]) -> Result<()> {
    let below = "/nsteps-below";
    match mkdir(below, Mode::S_IRWXU) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(errno) => return Err(errno).context("mkdir"),
    }
    chroot(below).context("chroot")?;
    for _ in 0..16 {
        chdir("..").context("chdir")?;
    }
    chroot(".").context("chroot to the directory above the root")?;
    look();
    Ok(())
}

/// Leaves a new root through a directory of the old one that was left open as
/// descriptor 3.
///
/// # Errors
///
/// Fails if no directory was left open.
pub fn open_directory(_: &[String]) -> Result<()> {
    kernel::change_directory_to(3).context("fchdir")?;
    chroot(".").context("chroot")?;
    look();
    Ok(())
}

/// Prints the content of the file below the root that this process has reached.
fn look() {
    let path = format!("/{SECRET}");
    match std::fs::read_to_string(&path) {
        Ok(text) => println!("cat {path}: {}", text.trim_end()),
        Err(error) => {
            let words = error.to_string();
            let words = words.split(" (os").next().unwrap_or(&words);
            println!("cat {path}: {words}");
        }
    }
}
