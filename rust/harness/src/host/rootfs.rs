//! A real root filesystem to pivot into.

use crate::error::{Context, Error, Result};
use crate::host::layout::Layout;
use serde::{Deserialize, Serialize};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// The content of a new root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rootfs {
    /// A static busybox: one program, under the names of its applets.
    Busybox {
        /// The static program.
        program: PathBuf,
        /// The names of its applets.
        applets: Vec<String>,
    },
    /// An unpacked tree, below an overlay so that nothing is written to it.
    Directory(PathBuf),
}

/// Where distributions put a static busybox.
const BUSYBOX: &[&str] = &[
    "/bin/busybox",
    "/usr/bin/busybox",
    "/sbin/busybox",
    "/bin/busybox.static",
];

impl std::fmt::Display for Rootfs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Rootfs::Busybox { program, applets } => {
                let count = applets.len();
                write!(f, "{}, {count} applets", program.display())
            }
            Rootfs::Directory(dir) => write!(f, "{}", dir.display()),
        }
    }
}

impl Rootfs {
    /// The default: the static busybox of this machine, or the one that
    /// setup.sh unpacked because the installed one is dynamic.
    ///
    /// # Errors
    ///
    /// Fails if no static busybox is found, or if it cannot be run to list its
    /// applets.
    pub fn busybox(layout: &Layout) -> Result<Rootfs> {
        let program = BUSYBOX
            .iter()
            .map(PathBuf::from)
            .chain([layout.programs().join("bin/busybox")])
            .find(|path| path.exists() && is_static(path))
            .ok_or_else(|| {
                Error::new(
                    "no static busybox for the new root: install the package \
                     busybox-static, or give --rootfs DIR",
                )
            })?;
        let list = std::process::Command::new(&program)
            .arg("--list")
            .output()
            .context("run busybox --list")?;
        let applets = String::from_utf8_lossy(&list.stdout)
            .lines()
            .map(str::to_owned)
            .collect();
        Ok(Rootfs::Busybox { program, applets })
    }

    /// The root filesystem in a directory that the user names.
    ///
    /// # Errors
    ///
    /// Fails if it is not a directory, or has an entry `.old`, which pivot_root
    /// needs for the old root.
    pub fn directory(dir: &Path) -> Result<Rootfs> {
        let absolute = fs::canonicalize(dir).context(format_args!(
            "open the root filesystem {}",
            dir.display()
        ))?;
        if !absolute.is_dir() {
            return Err(Error::new(format!(
                "the root filesystem {} is not a directory",
                dir.display()
            )));
        }
        let old = absolute.join(".old");
        if fs::symlink_metadata(&old).is_ok() {
            return Err(Error::new(format!(
                "{} exists: pivot_root puts the old root there; move it away",
                old.display()
            )));
        }
        Ok(Rootfs::Directory(absolute))
    }

    /// The path of the busybox program or of the unpacked tree.
    pub fn source(&self) -> &Path {
        match self {
            Rootfs::Busybox { program, .. } => program,
            Rootfs::Directory(dir) => dir,
        }
    }

    /// The same root filesystem, with its program or tree at the path `source`.
    pub fn from(&self, source: &Path) -> Rootfs {
        let source = source.to_owned();
        match self {
            Rootfs::Busybox { applets, .. } => {
                let applets = applets.clone();
                Rootfs::Busybox { program: source, applets }
            }
            Rootfs::Directory(_) => Rootfs::Directory(source),
        }
    }

    /// Makes the tree at `at`, an existing directory on a writable mount.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be made, and names it.
    pub fn make(&self, at: &Path) -> Result<()> {
        match self {
            Rootfs::Busybox { program, applets } => fill(at, program, applets),
            Rootfs::Directory(lower) => overlay(at, lower),
        }
    }
}

/// Makes the directories, copies busybox and links its applets to it.
fn fill(at: &Path, program: &Path, applets: &[String]) -> Result<()> {
    for dir in ["bin", "dev", "etc", "proc", "root", "sys", "tmp"] {
        let dir = at.join(dir);
        fs::create_dir(&dir).context(format_args!("make {}", dir.display()))?;
    }
    put(program, &at.join("bin/busybox"))?;
    for applet in applets.iter().filter(|name| *name != "busybox") {
        symlink("busybox", at.join("bin").join(applet))
            .context(format_args!("link bin/{applet}"))?;
    }
    let passwd = "root:x:0:0:root:/root:/bin/sh\n";
    fs::write(at.join("etc/passwd"), passwd).context("write etc/passwd")?;
    fs::write(at.join("etc/group"), "root:x:0:\n").context("write etc/group")
}

/// Copies a program and makes the copy executable.
///
/// # Errors
///
/// Fails if a file cannot be copied, and names it.
pub fn put(program: &Path, to: &Path) -> Result<()> {
    fs::copy(program, to)
        .and_then(|_| {
            fs::set_permissions(to, fs::Permissions::from_mode(0o755))
        })
        .context(format_args!("copy {} to {}", program.display(), to.display()))
}

/// Mounts an overlay of `lower` at `at`, whose writable layer is a tmpfs.
fn overlay(at: &Path, lower: &Path) -> Result<()> {
    use nix::mount::{MsFlags, mount};
    let none = MsFlags::empty();
    mount(Some("none"), at, Some("tmpfs"), none, None::<&str>)
        .context("mount a tmpfs for the writable layer")?;
    let (upper, work) = (at.join("upper"), at.join("work"));
    for dir in [&upper, &work] {
        fs::create_dir(dir).context("make the writable layer")?;
    }
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        lower.display(),
        upper.display(),
        work.display()
    );
    mount(Some("overlay"), at, Some("overlay"), none, Some(&*options))
        .context(format_args!("mount an overlay over {}", lower.display()))
}

/// Whether `program` is a 64-bit ELF file that names no program interpreter. A
/// new root contains no interpreter.
pub fn is_static(program: &Path) -> bool {
    const PT_INTERP: u32 = 3;
    // A pipe of that name would be read without end.
    if !fs::metadata(program).is_ok_and(|it| it.is_file()) {
        return false;
    }
    let Ok(elf) = fs::read(program) else { return false };
    let half = |at: usize| {
        elf.get(at..at + 2).map(|b| u16::from_ne_bytes([b[0], b[1]]) as usize)
    };
    let (Some(b"\x7fELF\x02"), Some(size), Some(count)) =
        (elf.get(..5), half(54), half(56))
    else {
        return false;
    };
    let Some(start) = elf
        .get(32..40)
        .and_then(|bytes| bytes.try_into().ok())
        .map(|bytes| u64::from_ne_bytes(bytes) as usize)
    else {
        return false;
    };
    (0..count).all(|index| {
        let at = start + index * size;
        elf.get(at..at + 4) != Some(&PT_INTERP.to_ne_bytes()[..])
    })
}
