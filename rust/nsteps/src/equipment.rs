//! What trials need of this machine, gathered once.

use crate::cgroup::Lent;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::rootfs::Rootfs;
use crate::timeout;
use std::path::Path;

/// It is not an error that something is missing: the trials that need it are
/// unavailable, for the reason kept here.
#[derive(Debug)]
pub struct Equipment {
    /// The built programs.
    pub layout: Layout,
    /// What steps pivot into.
    pub rootfs: Result<Rootfs>,
    /// Where the step `cgroup` starts.
    pub cgroup: Result<Lent>,
}

impl Equipment {
    /// Gathers it; `rootfs` is what the user wants to pivot into.
    ///
    /// # Errors
    ///
    /// There is no repository, or what the user named or set cannot be used.
    pub fn gather(rootfs: Option<&Path>) -> Result<Equipment> {
        timeout::check()?;
        let layout = Layout::find()?;
        if !Path::new("/proc/self/ns").exists() {
            return Err(Error::new(
                "nothing can be observed without procfs: mount it on /proc",
            ));
        }
        let rootfs = match rootfs {
            Some(dir) => Ok(Rootfs::directory(dir)?),
            None => Rootfs::busybox(&layout),
        };
        let cgroup = Lent::take(&layout);
        Ok(Equipment { layout, rootfs, cgroup })
    }
}
