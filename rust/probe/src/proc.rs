//! Reads a procfs at any mount point, so that a harness can use the same code
//! with a procfs of its own.

use std::cell::OnceCell;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::observation::Unread;
use crate::text;

/// A mounted procfs, by its path.
#[derive(Clone, Debug)]
pub struct Proc {
    at: PathBuf,
    status: OnceCell<Result<String, Unread>>,
}

impl Proc {
    /// The procfs mounted at `at`. It opens no file: the descriptors that are
    /// open when an observation begins belong to the launcher.
    pub fn at(at: impl Into<PathBuf>) -> Proc {
        Proc { at: at.into(), status: OnceCell::new() }
    }

    /// The path where it is mounted.
    pub fn path(&self) -> &Path {
        &self.at
    }

    /// The content of a file in it, as bytes.
    pub fn read(&self, file: &str) -> Result<Vec<u8>, Unread> {
        let path = self.at.join(file);
        // Most files of procfs fit into this, and so take two reads.
        let mut bytes = Vec::with_capacity(8192);
        File::open(&path)
            .map_err(|error| failed("open", &path, &error))?
            .read_to_end(&mut bytes)
            .map_err(|error| failed("read", &path, &error))?;
        Ok(bytes)
    }

    /// The content of a file in it, as text: without the newline at its end,
    /// and with bytes that are not UTF-8 escaped.
    pub fn read_text(&self, file: &str) -> Result<String, Unread> {
        let bytes = self.read(file)?;
        Ok(text::utf8(bytes.strip_suffix(b"\n").unwrap_or(&bytes)))
    }

    /// Opens a file in it.
    pub fn open(&self, file: &str) -> Result<File, Unread> {
        let path = self.at.join(file);
        File::open(&path).map_err(|error| failed("open", &path, &error))
    }

    /// The target of a link in it.
    pub fn read_link(&self, link: &str) -> Result<String, Unread> {
        use std::os::unix::ffi::OsStrExt;
        let path = self.at.join(link);
        let target = std::fs::read_link(&path)
            .map_err(|error| failed("readlink", &path, &error))?;
        Ok(text::lossless(target.as_os_str().as_bytes()))
    }

    /// The names in its root directory.
    pub fn names(&self) -> Result<Vec<Vec<u8>>, Unread> {
        names(&self.at)
    }

    /// One field of `self/status`, which is read once and then remembered.
    pub fn status(&self, field: &str) -> Result<&str, Unread> {
        let status = self
            .status
            .get_or_init(|| self.read_text("self/status"))
            .as_ref()
            .map_err(Clone::clone)?;
        status
            .lines()
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))
            .map(str::trim)
            .ok_or_else(|| {
                let path = self.at.join("self/status");
                Unread::senseless(format!("{}: no {field}", path.display()))
            })
    }
}

/// The names in a directory, without `.` and `..`.
pub(crate) fn names(directory: &Path) -> Result<Vec<Vec<u8>>, Unread> {
    use std::os::unix::ffi::OsStringExt;
    std::fs::read_dir(directory)
        .map_err(|error| failed("open", directory, &error))?
        .map(|entry| match entry {
            Ok(entry) => Ok(entry.file_name().into_vec()),
            Err(error) => Err(failed("getdents", directory, &error)),
        })
        .collect()
}

fn failed(call: &str, path: &Path, error: &std::io::Error) -> Unread {
    let errno = Errno::from_raw(error.raw_os_error().unwrap_or(0));
    Unread::new(format!("{call} {}", path.display()), errno)
}
