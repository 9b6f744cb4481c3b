//! The commands that the pages about `nsteps diff` show, run as their reader
//! would: in one directory, in the order of the page, as root and as an ordinary
//! user.
//!
//! [`COMMANDS`] says what each prints. A command of a page that is not in it
//! fails, and so does one that is on no page.

use crate::availability::{is_of_the_machine, not_set_up, unavailable};
use crate::is_in_path;
use crate::truth::bundle::Bundle;
use harness::found::NEEDS_ROOT;
use harness::host::layout::Layout;
use harness::scenario::Identity;
use launchers::adapter::find;
use libtest_mimic::{Completion, Failed};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};

/// The pages, each with the heading of its section; a page without one is about
/// nothing else.
const PAGES: &[(&str, &str)] = &[
    ("README.md", "## Replace one launcher by another"),
    ("docs/src/launchers.md", ""),
];

/// The identity with which a command is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Root.
    Root,
    /// An ordinary user without a cgroup of its own.
    User,
}

/// What a reader sees of a command: its exit status, and words of what it
/// prints.
type Seen = (i32, &'static [&'static str]);

/// A command as a page shows it, what root sees, and what an ordinary user sees.
type Shown = (&'static str, Seen, Seen);

/// Why no launcher makes containers for an ordinary user in the directory of
/// root: what it says differs between versions.
const REFUSED: Seen = (2, &["did not run", "2 did not run or degraded"]);

const COMMANDS: &[Shown] = &[
    (
        "nsteps diff 'unshare --net --fork' 'bwrap: --unshare-net --bind / /'",
        (1, &["! net.link.lo", "down", "! mnt.options", "as root"]),
        (1, &["! net.link.lo", "as an ordinary user"]),
    ),
    (
        "nsteps diff runc:my-bundle crun:my-bundle",
        (1, &["A  runc:my-bundle", "B  crun:my-bundle", "differences"]),
        REFUSED,
    ),
    (
        "nsteps diff --suggest 'unshare --net --fork' 'bwrap: --bind / /'",
        (1, &["--unshare-net", "closes", "ns.net"]),
        (1, &["--unshare-net", "closes", "ns.net"]),
    ),
    (
        "nsteps explain net.link.lo",
        (0, &["breaks: where lo is down, connections"]),
        (0, &["breaks: where lo is down, connections"]),
    ),
    (
        "nsteps diff --situations all runc:my-bundle crun:my-bundle",
        (1, &["A  runc:my-bundle", " differences,"]),
        REFUSED,
    ),
    (
        "nsteps diff launchers.toml --report page.html --report junit.xml",
        (1, &["A  from: runc:", "B  to: crun:", "~ dev.core"]),
        REFUSED,
    ),
    (
        "nsteps observe -- unshare --net -- bwrap --unshare-net --dev-bind / /",
        (1, &["ns.net", "new", "! different"]),
        (1, &["! different"]),
    ),
    (
        "nsteps diff 'oci:/opt/runc-1.4/runc:my-bundle' runc:my-bundle",
        (0, &["A B do the same", "0 differences"]),
        REFUSED,
    ),
    (
        "nsteps diff launchers.toml",
        (1, &["A  from: runc:bundle", "B  to: crun:bundle", "~ dev.core"]),
        REFUSED,
    ),
    (
        "nsteps diff --situation killed --situation sigterm runc:my-bundle \
         'oci:/usr/bin/youki:my-bundle'",
        (1, &["A  runc:my-bundle", "differences"]),
        REFUSED,
    ),
    (
        "nsteps diff --pid-namespace no 'bwrap: --unshare-all --dev-bind / /' \
         'firejail: --noprofile'",
        (1, &["ns.net", "a launcher sees the processes of the host"]),
        (2, &["--pid-namespace no: ", "Delegate=yes nsteps diff"]),
    ),
    (
        "nsteps record -o runc-1.1.5.json runc:bundle",
        (0, &[]),
        (2, &["runc:bundle did not run: "]),
    ),
    (
        "nsteps diff runc-1.1.5.json runc:bundle",
        (0, &["recorded on ", "A B do the same"]),
        (2, &["runc-1.1.5.json"]),
    ),
];

/// Programs of the pages that are in no such place here, and the names of others
/// that take their places.
const INSTEAD: &[(&str, &str)] =
    &[("/opt/runc-1.4/runc", "runc"), ("/usr/bin/youki", "crun")];

/// Commands that need what this test cannot have, each with the reason.
const NOT_HERE: &[(&str, &str)] = &[
    (
        "nsteps diff 'podman: --runtime=runc run --rm alpine' 'podman: \
         --runtime=crun run --rm alpine'",
        "it needs an image from a registry: see podman_with_an_image of SELVES",
    ),
    (
        "nsteps diff 'docker: run --cap-drop=ALL alpine' 'podman: run \
         --cap-drop=ALL alpine'",
        "it needs an image from a registry: see docker_is_the_same_as_itself",
    ),
    (
        "nsteps diff 'srt: --settings=strict.json' 'bwrap: --unshare-all \
         --dev-bind / /'",
        "no distribution has srt: see srt of SELVES",
    ),
];

/// Each command of the pages is in the table, and each of the table on a page.
pub fn all_are_here() -> Result<(), Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let mut on_pages = Vec::new();
    for (page, heading) in PAGES {
        on_pages.extend(commands_of(&section(&layout, page, heading)?));
    }
    let known = COMMANDS.iter().map(|(command, ..)| *command);
    let known: Vec<&str> =
        known.chain(NOT_HERE.iter().map(|(command, _)| *command)).collect();
    let mut wrong: Vec<String> = on_pages
        .iter()
        .filter(|it| !known.contains(&it.as_str()))
        .map(|it| format!("not in COMMANDS: {it}"))
        .collect();
    let is_lost = |it: &&&str| !on_pages.iter().any(|on| on == **it);
    let lost = known.iter().filter(is_lost);
    wrong.extend(lost.map(|it| format!("on no page: {it}")));
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n").into()),
    }
}

/// Runs the commands of each page.
pub fn show_what_is_said(reader: Reader) -> Result<Completion, Failed> {
    let own = Identity::natural();
    if reader == Reader::Root && own == Identity::User {
        return unavailable(NEEDS_ROOT);
    }
    for program in ["runc", "crun", "bwrap", "firejail"] {
        if !is_in_path(program) {
            return not_set_up(&format!("{program} is not in PATH"));
        }
    }
    let layout = Layout::find().map_err(|it| it.message)?;
    let mut wrong = Vec::new();
    for (page, heading) in PAGES {
        let text = section(&layout, page, heading)?;
        let dir = directory(&text, reader)?;
        for command in commands_of(&text) {
            let found = COMMANDS.iter().find(|(it, ..)| *it == command);
            let Some((_, root, user)) = found else { continue };
            let wanted = if reader == Reader::Root { root } else { user };
            match run(&layout, &command, dir.path(), reader)? {
                Ran::Unavailable(why) => return unavailable(&why),
                Ran::Printed(status, text) => {
                    let what = unlike(*wanted, status, &text);
                    wrong.extend(what.map(|what| {
                        format!("{page}: {command}: {what}\n{text}")
                    }));
                }
            }
        }
    }
    match wrong.is_empty() {
        true => Ok(Completion::Completed),
        false => Err(wrong.join("\n").into()),
    }
}

/// What is not as wanted.
fn unlike(wanted: Seen, status: i32, text: &str) -> Option<String> {
    let (wanted, words) = wanted;
    if status != wanted {
        return Some(format!("status {status}, not {wanted}"));
    }
    let missing = words.iter().find(|it| !text.contains(**it))?;
    Some(format!("it does not print {missing}"))
}

/// A check that cannot fail shows nothing.
pub fn another_output_is_noticed() -> Result<(), Failed> {
    let seen = (1, &["down"][..]);
    let right = unlike(seen, 1, "lo is down").is_none()
        && unlike(seen, 0, "lo is down").is_some()
        && unlike(seen, 1, "lo is up").is_some();
    match right {
        true => Ok(()),
        false => Err("another output is as wanted".into()),
    }
}

/// The section of a page below this heading.
fn section(
    layout: &Layout,
    page: &str,
    heading: &str,
) -> Result<String, Failed> {
    let text = fs::read_to_string(layout.root().join(page))?;
    if heading.is_empty() {
        return Ok(text);
    }
    let (_, after) = text
        .split_once(&format!("{heading}\n"))
        .ok_or_else(|| format!("{page} has no {heading}"))?;
    let end = after.find("\n## ").unwrap_or(after.len());
    Ok(after[..end].to_owned())
}

/// The commands of a text, each once: the lines of blocks without a language,
/// and what stands in backquotes, that begin with nsteps. A word in capital
/// letters stands for something, and makes it no command.
fn commands_of(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut block: Option<&str> = None;
    for line in text.lines() {
        if let Some(language) = line.strip_prefix("```") {
            block = match block {
                None => Some(language),
                Some(_) => None,
            };
            continue;
        }
        let shown: Vec<&str> = match block {
            Some("") => vec![line],
            Some(_) => Vec::new(),
            None => line.split('`').skip(1).step_by(2).collect(),
        };
        for it in shown {
            let command = it.trim_start_matches("target/bin/");
            if is_command(command) && !found.iter().any(|it| it == command) {
                found.push(command.to_owned());
            }
        }
    }
    found
}

fn is_command(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let stands_for = |it: &&str| {
        let head = it.split(['=', '.']).next().unwrap_or_default();
        !head.is_empty() && head.chars().all(char::is_uppercase)
    };
    words.first() == Some(&"nsteps")
        && words.len() > 2
        && words.last() != Some(&"--help")
        && !words.iter().any(stands_for)
}

/// A directory with what the commands of a page name.
fn directory(text: &str, reader: Reader) -> Result<tempfile::TempDir, Failed> {
    let dir = tempfile::tempdir_in("/tmp")?;
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
    for name in ["my-bundle", "bundle"] {
        let bundle = Bundle::new(&[], "")?;
        let copied = Command::new("cp")
            .arg("-a")
            .arg(bundle.path())
            .arg(dir.path().join(name))
            .status()?;
        if !copied.success() {
            return Err(format!("cp: {copied}").into());
        }
    }
    let begin = text.split("```toml\n# launchers.toml\n").nth(1);
    let policy = begin.and_then(|it| it.split("```").next());
    let policy = policy.ok_or("the page has no launchers.toml")?;
    // The day of the page will pass.
    let policy: Vec<&str> =
        policy.lines().filter(|it| !it.starts_with("until")).collect();
    fs::write(dir.path().join("launchers.toml"), policy.join("\n"))?;
    if reader == Reader::User && Identity::natural() == Identity::Root {
        chown(dir.path(), Some(USER), Some(USER))?;
    }
    Ok(dir)
}

/// The ordinary user of a test that root runs.
const USER: u32 = 1000;

/// How a command ended.
enum Ran {
    /// Its status, and what it printed on both streams.
    Printed(i32, String),
    /// Why this machine does not allow it.
    Unavailable(String),
}

fn run(
    layout: &Layout,
    command: &str,
    directory: &Path,
    reader: Reader,
) -> Result<Ran, Failed> {
    let programs = layout.programs().join("bin");
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", programs.display());
    let mut shell =
        match reader == Reader::User && Identity::natural() == Identity::Root {
            false => Command::new("sh"),
            true => {
                let id = USER.to_string();
                let mut setpriv = Command::new("setpriv");
                setpriv
                    .args(["--reuid", &id, "--regid", &id, "--clear-groups"])
                    .args(["--inh-caps", "-all", "sh"]);
                setpriv
            }
        };
    let mut command = command.to_owned();
    for (named, instead) in INSTEAD {
        if command.contains(named) {
            let program = find(instead).map_err(|it| it.message)?;
            command = command.replace(named, &program.display().to_string());
        }
    }
    let output = shell
        .args(["-c", &command])
        .current_dir(directory)
        .env("PATH", path)
        .env("HOME", directory)
        .env("NSTEPS_ROOT", layout.root())
        .env_remove("GITHUB_ACTIONS")
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("nsteps: Permission denied") {
        let why = "another user may not see the programs";
        return Ok(Ran::Unavailable(why.to_owned()));
    }
    if output.stdout.is_empty() && is_of_the_machine(&said) {
        return Ok(Ran::Unavailable(said.trim().to_owned()));
    }
    let status = output.status.code().ok_or("it was killed")?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(Ran::Printed(status, format!("{text}{said}")))
}
