//! `launch/six`, the row that is not a step: all six namespaces of the posts, a
//! new root, /proc and a tmpfs, by every launcher that can make them.

use crate::measure::command_line::{
    Launch, careful_program, not_built, program,
};
use crate::measure::oci::{self, RUNTIMES};
use crate::measure::programs::installed;
use crate::rows::{BESIDE_WARM, CAREFUL, WARM};
use harness::error::{Error, Result};
use harness::host::layout::Layout;
use harness::launcher::LANGUAGES;
use harness::paths::NEWROOT;
use harness::sandbox::Sandbox;
use harness::sandbox::listen::{LineRead, Running, read_line, read_to_end};
use harness::sandbox::protocol::Command;
use harness::step::Namespace;
use harness::timeout::deadline;

/// The namespaces that each launcher has to make.
pub const NAMESPACES: &[Namespace] = &[
    Namespace::Cgroup,
    Namespace::Ipc,
    Namespace::Mnt,
    Namespace::Net,
    Namespace::Pid,
    Namespace::Uts,
];

/// The options of other launchers that come closest.
const OTHERS: &[(&str, &[&str])] = &[
    // This one changes its root with chroot(2) and mounts no tmpfs, which is
    // less work.
    (
        "unshare",
        &[
            "--mount",
            "--uts",
            "--ipc",
            "--pid",
            "--net",
            "--cgroup",
            "--fork",
            "--root=/newroot",
            "--mount-proc",
        ],
    ),
    (
        "bwrap",
        &[
            "--unshare-ipc",
            "--unshare-pid",
            "--unshare-net",
            "--unshare-uts",
            "--unshare-cgroup",
            "--bind",
            NEWROOT,
            "/",
            "--proc",
            "/proc",
            "--tmpfs",
            "/dev",
        ],
    ),
];

/// Puts what the runtimes need into the sandboxes. If that is not possible,
/// they take no part, for the returned reason.
pub fn set_up<'a>(
    sandboxes: impl IntoIterator<Item = &'a mut Sandbox>,
) -> Option<String> {
    if RUNTIMES.iter().all(|runtime| runtime.program().is_none()) {
        return None;
    }
    sandboxes
        .into_iter()
        .find_map(|sandbox| oci::set_up(sandbox).err())
        .map(|error| error.message)
}

/// Every launcher of all six namespaces, and the absent ones with the reason;
/// `missing` is the reason why no runtime takes part.
pub fn launches(
    layout: &Layout,
    missing: Option<&str>,
) -> (Vec<Launch>, Vec<(String, String)>) {
    let mut launches = Vec::new();
    let mut absent = Vec::new();
    let mut enter =
        |name, launcher, argv: std::result::Result<Vec<String>, &str>| {
            match argv {
                Ok(argv) => launches.push(Launch {
                    name,
                    launcher,
                    argv: Box::new(move |_, what| with_payload(&argv, what)),
                }),
                Err(why) => absent.push((String::from(name), why.to_owned())),
            }
        };
    let ours = |name: &str, path: &str, argv: &[&str]| {
        let built = layout.programs().join(path).exists();
        let words = argv.iter().map(ToString::to_string);
        built
            .then(|| [program(path)].into_iter().chain(words).collect())
            .ok_or(not_built(name))
    };
    let floor = ours("floor", "bench/floor-launch", &["six", NEWROOT]);
    enter("floor", None, floor);
    let careful = ours(CAREFUL, &careful_program("six"), &[NEWROOT]);
    enter(CAREFUL, None, careful);
    for launcher in LANGUAGES {
        let name = launcher.name();
        let argv = ours(name, &format!("bench/peers/{name}"), &[NEWROOT]);
        enter(name, Some(*launcher), argv);
    }
    for (name, options) in OTHERS {
        let argv = installed(name).map(|path| {
            let words = options.iter().map(ToString::to_string);
            [path.display().to_string()].into_iter().chain(words).collect()
        });
        enter(name, None, argv.ok_or("not installed"));
    }
    for runtime in RUNTIMES {
        let name = runtime.name;
        match (runtime.program(), missing) {
            (None, _) => absent.push((name.to_owned(), "not installed".into())),
            (_, Some(why)) => absent.push((name.to_owned(), why.to_owned())),
            (Some(path), None) => launches.push(Launch {
                name,
                launcher: None,
                argv: Box::new(move |_, what| {
                    runtime.argv(&path.display().to_string(), what)
                }),
            }),
        }
    }
    (launches, absent)
}

/// The socket of the daemon of `nsteps warm` in a sandbox.
const SOCKET: &str = "/run/warm.sock";

/// Of all launchers those that are compared with `nsteps warm`, and this.
pub fn beside_warm(mut launches: Vec<Launch>) -> Vec<Launch> {
    launches.retain(|it| BESIDE_WARM.contains(&it.name));
    let argv = ["warm", "--via", SOCKET, "--"].map(str::to_owned);
    let argv: Vec<String> =
        [program("bin/nsteps")].into_iter().chain(argv).collect();
    launches.push(Launch {
        name: WARM,
        launcher: None,
        argv: Box::new(move |_, what| with_payload(&argv, what)),
    });
    launches
}

/// Starts the daemon that `nsteps warm` launches from, with more networks than
/// a block takes.
///
/// # Errors
///
/// Fails if the daemon does not serve, with its reason.
pub fn serve(sandbox: &mut Sandbox) -> Result<Running> {
    let words = ["warm", "--serve", SOCKET, "--root", NEWROOT, "--stock", "64"];
    let argv = [program("bin/nsteps")]
        .into_iter()
        .chain(words.map(str::to_owned))
        .collect();
    let command = Command { argv, ..Command::default() };
    let mut running = sandbox.run(&command)?;
    match read_line(&mut running.stdout, deadline()) {
        LineRead::Line(_) => Ok(running),
        _ => {
            let stderr = read_to_end(&mut running.stderr, deadline());
            let stderr = String::from_utf8_lossy(&stderr);
            Err(Error::new(format!("nsteps warm: {}", stderr.trim())))
        }
    }
}

fn with_payload(argv: &[String], what: &[&str]) -> Vec<String> {
    let what = what.iter().map(ToString::to_string);
    argv.iter().cloned().chain(what).collect()
}
