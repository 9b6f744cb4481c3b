//! Bundles of the OCI for the cases: busybox as root file system, and the
//! configuration of `runc spec` with edits.

use harness::host::layout::Layout;
use harness::host::rootfs::Rootfs;
use libtest_mimic::Failed;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// One edit of a config.json.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// A JSON pointer; where it ends with `/-`, an item is added to the list.
    pub at: String,
    /// The new value; without one the member is removed.
    #[serde(default)]
    pub to: Option<Value>,
}

impl Edit {
    /// Makes the edit.
    ///
    /// # Panics
    ///
    /// If the pointer leads nowhere: a case would show nothing then.
    fn apply(&self, config: &mut Value) {
        let (parent, last) =
            self.at.rsplit_once('/').unwrap_or_else(|| panic!("{self:?}"));
        let parent = config
            .pointer_mut(parent)
            .unwrap_or_else(|| panic!("{self:?} leads nowhere"));
        match (parent, self.to.clone()) {
            (Value::Array(list), Some(item)) if last == "-" => list.push(item),
            (Value::Array(list), None) => {
                let index = last.parse().expect("the index of an item");
                list.remove(index);
            }
            (Value::Object(map), Some(value)) => {
                map.insert(last.to_owned(), value);
            }
            (Value::Object(map), None) => {
                map.remove(last).unwrap_or_else(|| panic!("{self:?}: none"));
            }
            _ => panic!("{self:?} is not possible"),
        }
    }
}

/// A bundle with busybox as its root, as `runc spec` makes one, without limits
/// of resources: crun asks for an unlimited RLIMIT_MEMLOCK to set them, which
/// not every root may have.
pub struct Bundle(TempDir);

impl Bundle {
    /// A bundle whose configuration has these edits, and in whose root this
    /// script of the shell was run.
    pub fn new(edits: &[Edit], script: &str) -> Result<Bundle, Failed> {
        let layout = Layout::find().map_err(|it| it.message)?;
        let rootfs = Rootfs::busybox(&layout).map_err(|it| it.message)?;
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
        let root = dir.path().join("rootfs");
        fs::create_dir(&root)?;
        rootfs.make(&root).map_err(|it| it.message)?;
        // With it every runtime sets HOME.
        let _ = fs::remove_file(root.join("etc/passwd"));
        let mut config = default_config();
        for edit in edits {
            edit.apply(&mut config);
        }
        let config = format!("{config:#}");
        fs::write(dir.path().join("config.json"), config)?;
        if !script.is_empty() {
            let status = Command::new("sh")
                .args(["-euc", script])
                .current_dir(&root)
                .status()?;
            if !status.success() {
                return Err(format!("{script}: {status}").into());
            }
        }
        Ok(Bundle(dir))
    }

    /// Changes its configuration by operations of RFC 6902.
    pub fn patch(&self, operations: &[Value]) -> Result<(), Failed> {
        let path = self.path().join("config.json");
        let mut config: Value =
            serde_json::from_str(&fs::read_to_string(&path)?)?;
        for operation in operations {
            let at =
                operation["path"].as_str().ok_or("an operation has no path")?;
            let (parent, last) = at.rsplit_once('/').ok_or("no path")?;
            let parent =
                config.pointer_mut(parent).ok_or(format!("no {parent}"))?;
            let value = operation["value"].clone();
            match (operation["op"].as_str(), parent) {
                (Some("remove"), Value::Array(list)) => {
                    list.remove(last.parse()?);
                }
                (Some("remove"), Value::Object(map)) => {
                    map.remove(last);
                }
                (Some("add"), Value::Array(list)) if last == "-" => {
                    list.push(value);
                }
                (Some("replace"), Value::Array(list)) => {
                    list[last.parse::<usize>()?] = value;
                }
                (_, Value::Object(map)) => {
                    map.insert(last.to_owned(), value);
                }
                _ => return Err(format!("{operation} is not possible").into()),
            }
        }
        fs::write(path, format!("{config:#}"))?;
        Ok(())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The same as a text.
    pub fn text(&self) -> String {
        self.path().display().to_string()
    }
}

/// The configuration of `runc spec`, without its limits.
fn default_config() -> Value {
    let capabilities =
        json!(["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]);
    let quiet = ["nosuid", "noexec", "nodev"];
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false,
            "user": { "uid": 0, "gid": 0 },
            "args": ["sh"],
            "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            "cwd": "/",
            "capabilities": {
                "bounding": capabilities,
                "effective": capabilities,
                "permitted": capabilities
            },
            "rlimits":
                [{ "type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024 }],
            "noNewPrivileges": true
        },
        "root": { "path": "rootfs", "readonly": true },
        "hostname": "box",
        "mounts": [
            { "destination": "/proc", "type": "proc", "source": "proc" },
            { "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
              "options": ["nosuid", "strictatime", "mode=755", "size=65536k"] },
            { "destination": "/dev/pts", "type": "devpts", "source": "devpts",
              "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666",
                          "mode=0620"] },
            { "destination": "/dev/shm", "type": "tmpfs", "source": "shm",
              "options": ["nosuid", "noexec", "nodev", "mode=1777",
                          "size=65536k"] },
            { "destination": "/dev/mqueue", "type": "mqueue",
              "source": "mqueue", "options": quiet },
            { "destination": "/sys", "type": "sysfs", "source": "sysfs",
              "options": ["nosuid", "noexec", "nodev", "ro"] }
        ],
        "linux": {
            "namespaces": [
                { "type": "pid" }, { "type": "network" }, { "type": "ipc" },
                { "type": "uts" }, { "type": "mount" }
            ],
            "maskedPaths": ["/proc/acpi", "/proc/keys", "/sys/firmware"],
            "readonlyPaths": ["/proc/bus", "/proc/irq", "/proc/sys"]
        }
    })
}
