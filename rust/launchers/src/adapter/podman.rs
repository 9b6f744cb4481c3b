//! `podman:`, Podman: the options of podman, `run`, its options and an image.
//!
//! The probe is bound read-only in the container. Podman keeps its containers
//! in a directory of the sandbox over which the kernel mounts overlays, and
//! finds the images of the host in the host's own store, which it only reads.
//! In `/var/lib/containers` it could not: that is an overlay itself there, and
//! every second podman of a run would refuse what the first one made.

use super::run::{Run, TAKES, is_among, take};
use super::{Adapter, Prepared, find};
use harness::error::Result;
use harness::paths::STORAGE;
use std::fs;
use std::path::Path;

pub const ADAPTER: Adapter = Adapter {
    name: "podman",
    takes: TAKES,
    about: "Podman; the probe is bound read-only in the container",
    needs_words: true,
    prepare,
};

fn prepare(words: &[String]) -> Result<Prepared> {
    let mut run = Run::parse("podman", words)?;
    let program = find("podman")?;
    let storage = storage(&mut run.global);
    let first = vec![program.display().to_string()];
    let before_run = [first, storage, run.global.clone()].concat();
    let own = ["info", "--format", "{{.Host.OCIRuntime.Path}}"];
    let runtime = [before_run.clone(), own.map(str::to_owned).to_vec()];
    let argv = move |arguments: &[String]| {
        let mut argv = before_run.clone();
        argv.push("run".to_owned());
        argv.extend(run.with_probe(arguments));
        argv
    };
    Ok(Prepared {
        always: vec!["ns.mnt".to_owned()],
        names_runtime: Some(runtime.concat()),
        masks: vec![(STORAGE.to_owned(), "STORAGE")],
        ..Prepared::command(program, argv)
    })
}

/// The files that say where the store is; the first one that is there counts.
const CONFIGURATIONS: &[&str] =
    &["/etc/containers/storage.conf", "/usr/share/containers/storage.conf"];

/// Where the store is if no file says anything else.
const STORE: &str = "/var/lib/containers/storage";

/// The options that make a store of the sandbox's, with the images of the
/// host's below it, in the place of those with which the user chooses a store;
/// none where podman only asks a server.
fn storage(global: &mut Vec<String>) -> Vec<String> {
    let remote = ["--url", "--connection", "--remote", "-c", "-r"];
    if remote.iter().any(|it| is_among(global, it)) {
        return Vec::new();
    }
    let text = CONFIGURATIONS.iter().find_map(|it| fs::read_to_string(it).ok());
    // Podman refuses a broken file, and says so better.
    let mut configuration: toml::Table =
        text.unwrap_or_default().parse().unwrap_or_default();
    for (option, member) in
        [("--root", "graphroot"), ("--storage-driver", "driver")]
    {
        if let Some(value) = take(global, option)
            && let Some(table) = configuration
                .entry("storage")
                .or_insert_with(|| toml::Table::new().into())
                .as_table_mut()
        {
            table.insert(member.to_owned(), value.into());
        }
    }
    options(&configuration, |driver, store| {
        store.join(format!("{driver}-images/images.json")).is_file()
    })
}

/// The same for the text of a configuration; `has_images` says whether a driver
/// has images in a store.
fn options(
    configuration: &toml::Table,
    has_images: impl Fn(&str, &Path) -> bool,
) -> Vec<String> {
    let member = |path: &[&str]| {
        let table = configuration.get("storage")?;
        let value = path.iter().try_fold(table, |table, it| table.get(it))?;
        value.as_str().filter(|it| !it.is_empty())
    };
    let store = member(&["graphroot"]).unwrap_or(STORE);
    let has = |driver: &&str| has_images(driver, Path::new(store));
    let driver = member(&["driver"])
        .or_else(|| ["overlay", "vfs"].into_iter().find(has))
        .unwrap_or("overlay");
    let mut options =
        vec![format!("--root={STORAGE}"), format!("--storage-driver={driver}")];
    if has(&driver) {
        options.push(format!("--storage-opt={driver}.imagestore={store}"));
    }
    // With an option of the command line podman reads none of the file.
    let mounted = member(&["options", driver, "mountopt"])
        .or_else(|| member(&["options", "mountopt"]));
    if let Some(mounted) = mounted {
        options.push(format!("--storage-opt={driver}.mountopt={mounted}"));
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(text: &str, driver_with_images: &str) -> String {
        let table = text.parse().expect("it is TOML");
        options(&table, |driver, _| driver == driver_with_images).join(" ")
    }

    #[test]
    fn the_store_is_the_sandbox_s_and_the_images_are_the_host_s() {
        assert_eq!(
            made("", ""),
            "--root=/run/nsteps/storage --storage-driver=overlay"
        );
        assert!(made("", "vfs").ends_with(
            "--storage-driver=vfs \
                 --storage-opt=vfs.imagestore=/var/lib/containers/storage"
        ));
        let text = "[storage]\ndriver = \"overlay\"\ngraphroot = \"/g\"\n\
                    [storage.options.overlay]\nmountopt = \"nodev\"\n";
        assert!(made(text, "overlay").ends_with(
            "--storage-opt=overlay.imagestore=/g \
             --storage-opt=overlay.mountopt=nodev"
        ));
    }

    #[test]
    fn a_store_of_the_user_s_is_where_the_images_are() {
        let mut global: Vec<String> =
            ["--root", "/x", "--storage-driver=vfs", "--runtime=crun"]
                .map(str::to_owned)
                .to_vec();
        let made = storage(&mut global);
        assert_eq!(global, ["--runtime=crun"]);
        assert!(made.contains(&"--storage-driver=vfs".to_owned()), "{made:?}");
        let mut global = vec!["--url=unix:///x".to_owned()];
        assert_eq!(storage(&mut global), Vec::<String>::new());
        assert_eq!(global, ["--url=unix:///x"]);
    }
}
