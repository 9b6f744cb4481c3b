//! Tests what `setup.sh`, `make` and `make install` do on machines that are not
//! like this one. PATH begins with a temporary directory of tools that answer
//! as those of such a machine would.

mod availability;

use availability::unavailable;
use harness::host::layout::Layout;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};
use tempfile::TempDir;

/// The result of a trial: passed, what is wrong, or why it could not look.
type Found = Result<Completion, Failed>;

/// A trial: its name, and its function.
type Tried = (&'static str, fn() -> Found);

const TRIALS: &[Tried] = &[
    ("every_target_says_in_one_line_that_rust_is_old", old_rust),
    ("every_target_says_in_one_line_that_there_is_no_rust", no_rust),
    ("a_missing_target_is_added", missing_target),
    ("a_broken_target_is_removed_and_added", broken_target),
    ("a_target_that_stays_broken_is_replaced_by_glibc", lost_target),
    ("a_target_that_rustup_cannot_remove_has_a_remedy", stuck_target),
    ("a_rust_that_is_not_of_rustup_is_left_alone", foreign_rust),
    ("the_readme_says_which_rust_is_needed", readme),
    ("links_of_a_hosted_book_lead_to_the_repository", hosted_links),
    ("a_link_of_the_book_that_leads_nowhere_is_named", dead_links),
    ("uninstall_leaves_what_was_there_before", uninstall),
    ("an_installed_copy_names_files_that_are_there", installed_files),
];

fn main() -> ExitCode {
    let trials = TRIALS
        .iter()
        .map(|(name, run)| Trial::ignorable_test(*name, *run))
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A clone of the repository in which nothing is built, and the tools of
/// another machine.
struct Machine {
    scratch: TempDir,
}

/// Tools that exist and do nothing.
const PRESENT: &[&str] = &[
    "cargo",
    "cc",
    "bwrap",
    "clang-format",
    "go",
    "crun",
    "ip",
    "ps",
    "readelf",
    "runc",
    "strace",
    "unshare",
];
/// Tools that would change the machine this test runs on.
const FORBIDDEN: &[&str] = &["apk", "apt-get", "dnf", "pacman", "sudo"];

/// A rustc of the release in the file `release`, which builds for musl if the
/// file `musl` says so.
const RUSTC: &str = r#"case "$*" in
-vV)
    echo "host: x86_64-unknown-linux-gnu"
    echo "release: $(cat "$machine/release")"
    ;;
"--print sysroot") echo "$machine/toolchain" ;;
*linux-musl*) [ "$(cat "$machine/musl")" = works ] ;;
esac
"#;

/// A rustup that calls any present target up to date, whatever its state, and
/// adds one as the file `added` says.
const RUSTUP: &str = r#"echo "$1 $2" >>"$machine/asked"
case "$1 $2" in
"which rustc") cat "$machine/rustups" ;;
"target add")
    if [ "$(cat "$machine/musl")" = missing ]; then
        cp "$machine/added" "$machine/musl"
    else
        echo "info: component rust-std is up to date" >&2
    fi
    ;;
"target remove")
    if [ "$(cat "$machine/musl")" = "a file is gone" ]; then
        exit 1
    fi
    echo missing >"$machine/musl"
    ;;
"show active-toolchain") echo "stable (default)" ;;
esac
"#;

impl Machine {
    /// A machine with this release of Rust, the musl target in this state, and
    /// this result of adding it.
    fn new(release: &str, musl: &str, added: &str) -> Result<Machine, Failed> {
        let machine = Machine { scratch: TempDir::new()? };
        let root = Layout::find().map_err(|it| it.message)?;
        fs::create_dir_all(machine.path("clone/target/bin"))?;
        fs::create_dir(machine.path("clone/docs"))?;
        fs::create_dir(machine.path("tools"))?;
        for file in ["Makefile", "setup.sh", "Cargo.toml", "docs/links.sh"] {
            let to = machine.path(&format!("clone/{file}"));
            fs::copy(root.root().join(file), to)?;
        }
        machine.write("release", release)?;
        machine.write("musl", musl)?;
        machine.write("added", added)?;
        let own = machine.path("toolchain/bin/rustc");
        machine.write("rustups", &own.to_string_lossy())?;
        machine.tool("tools/rustc", RUSTC)?;
        machine.tool("tools/rustup", RUSTUP)?;
        for name in PRESENT {
            machine.tool(&format!("tools/{name}"), "exit 0\n")?;
        }
        for name in FORBIDDEN {
            machine.tool(&format!("tools/{name}"), "exit 99\n")?;
        }
        machine.tool("clone/target/bin/busybox", "exit 0\n")?;
        Ok(machine)
    }

    fn path(&self, below: &str) -> PathBuf {
        self.scratch.path().join(below)
    }

    fn write(&self, below: &str, text: &str) -> Result<(), Failed> {
        Ok(fs::write(self.path(below), format!("{text}\n"))?)
    }

    fn tool(&self, below: &str, script: &str) -> Result<(), Failed> {
        let path = self.path(below);
        let machine = self.scratch.path().display();
        fs::write(&path, format!("#!/bin/sh\nmachine={machine}\n{script}"))?;
        Ok(fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?)
    }

    /// Runs a program in the clone, with the tools of the other machine before
    /// those of this one.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<Run, Failed> {
        let tools = self.path("tools");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.path("clone"))
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", tools.display()))
            .env("HOME", self.scratch.path())
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        Ok(Run::of(command.output()?))
    }

    fn setup(&self, purpose: &str) -> Result<Run, Failed> {
        self.run("./setup.sh", &[purpose])
    }

    /// The requests about targets that rustup got.
    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.path("asked")).unwrap_or_default();
        asked
            .lines()
            .filter(|it| it.starts_with("target"))
            .map(str::to_owned)
            .collect()
    }
}

/// How a program ended, and what it printed.
#[derive(Debug)]
struct Run {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn of(output: Output) -> Run {
        let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
        Run {
            status: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

fn demand(holds: bool, what: &str, seen: &impl std::fmt::Debug) -> Found {
    if holds {
        return Ok(Completion::Completed);
    }
    Err(format!("expected {what}, found {seen:#?}").into())
}

/// The oldest Rust that can build this project.
fn wanted() -> &'static str {
    env!("CARGO_PKG_RUST_VERSION")
}

/// The targets of make that build or check something with Rust.
const BUILDING: &[&str] =
    &["compare", "build", "test", "check", "bless", "bench", "deny", "docs"];

/// Each target prints this one line, make names the target, and nothing else is
/// printed or done.
fn one_line(machine: &Machine, line: &str) -> Found {
    for target in BUILDING {
        let run = machine.run("make", &[target])?;
        let mut said = run.stderr.lines();
        let right = said.next().is_some_and(|it| it.starts_with(line))
            && said.all(|it| it.starts_with("make: *** "))
            && run.stdout.is_empty();
        demand(
            run.status == Some(2) && right,
            &format!("make {target} to print `{line}` and end with 2"),
            &run,
        )?;
    }
    Ok(Completion::Completed)
}

fn old_rust() -> Found {
    let machine = Machine::new("1.2.3", "works", "works")?;
    let line = format!("setup: rustc is 1.2.3, and {} or later", wanted());
    one_line(&machine, &line)
}

fn no_rust() -> Found {
    let machine = Machine::new(wanted(), "works", "works")?;
    // As rustup's cargo does if no toolchain is installed.
    machine.tool("tools/cargo", "exit 1\n")?;
    let line = format!(
        "setup: no cargo, or no toolchain: install Rust {} or later",
        wanted()
    );
    one_line(&machine, &line)
}

const MUSL: &str = "x86_64-unknown-linux-musl\n";
const GLIBC: &str = "x86_64-unknown-linux-gnu\n";

/// What setup does about a target, what it asks of rustup, and what make builds
/// for afterwards.
fn target(
    machine: &Machine,
    asked: &[&str],
    said: &str,
    builds_for: &str,
) -> Found {
    if !Path::new("/usr/include/sched.h").exists() {
        return unavailable("no /usr/include/sched.h: setup.sh installs it");
    }
    let run = machine.setup("compare")?;
    demand(
        run.status == Some(0) && run.stdout.contains(said),
        &format!("success, and `{said}`"),
        &run,
    )?;
    let seen = machine.asked();
    demand(seen == asked, &format!("rustup to be asked {asked:?}"), &seen)?;
    let run = machine.setup("target")?;
    demand(run.stdout == builds_for, builds_for, &run)
}

fn missing_target() -> Found {
    let machine = Machine::new(wanted(), "missing", "works")?;
    target(&machine, &["target add"], "setup: missing", MUSL)
}

fn broken_target() -> Found {
    let machine = Machine::new(wanted(), "broken", "works")?;
    let asked = ["target add", "target remove", "target add"];
    target(&machine, &asked, "or not working", MUSL)
}

fn lost_target() -> Found {
    let machine = Machine::new(wanted(), "broken", "broken")?;
    let asked = ["target add", "target remove", "target add"];
    target(&machine, &asked, "building with glibc instead", GLIBC)
}

fn stuck_target() -> Found {
    let machine = Machine::new(wanted(), "a file is gone", "works")?;
    let remedy = "rustup toolchain uninstall stable && \
                  rustup toolchain install stable\n\
                  setup: building with glibc instead";
    target(&machine, &["target add", "target remove"], remedy, GLIBC)
}

fn foreign_rust() -> Found {
    let machine = Machine::new(wanted(), "missing", "works")?;
    machine.write("rustups", "/somewhere/else/bin/rustc")?;
    target(&machine, &[], "building with glibc instead", GLIBC)
}

fn readme() -> Found {
    let layout = Layout::find().map_err(|it| it.message)?;
    let readme = fs::read_to_string(layout.root().join("README.md"))?;
    let words = format!("Rust {} or later", wanted());
    demand(readme.contains(&words), &words, &"another version")
}

/// An mdBook that makes a book of one page, which has the links in the file
/// `links`, and prints what it was told about the repository.
const MDBOOK: &str = r#"case $1 in
--version) echo "mdbook v$(cat "$machine/version")" ;;
build)
    mkdir -p docs/book/steps
    cp "$machine/links" docs/book/steps/uts.html
    echo '<h2 id="here">' >docs/book/index.html
    env | grep MDBOOK_OUTPUT >"$machine/told" || :
    ;;
esac
"#;

/// A machine that has mdBook, and files that the book links to.
fn machine_with_a_book(links: &[&str]) -> Result<Machine, Failed> {
    let machine = Machine::new(wanted(), "works", "works")?;
    let makefile = fs::read_to_string(machine.path("clone/Makefile"))?;
    let version = makefile.lines().find_map(|it| it.strip_prefix("MDBOOK = "));
    machine.write("version", version.ok_or("no MDBOOK in the Makefile")?)?;
    fs::create_dir_all(machine.path("clone/target/tools/bin"))?;
    machine.tool("clone/target/tools/bin/mdbook", MDBOOK)?;
    fs::create_dir(machine.path("clone/reference-c"))?;
    machine.write("clone/reference-c/uts.c", "")?;
    machine.write("clone/reference-c/README.md", "")?;
    let links: Vec<_> =
        links.iter().map(|it| format!("<a href=\"{it}\">")).collect();
    machine.write("links", &links.join("\n"))?;
    Ok(machine)
}

/// A source, a page of the repository that is not in the book, a directory, a
/// page of the book, and another host.
const LINKS: [&str; 5] = [
    "../../../reference-c/uts.c",
    "../../../reference-c/README.html#top",
    "../../../reference-c",
    "../index.html#here",
    "https://example.org/",
];

/// The address of the repository may come from the command line or from
/// Cargo.toml; without either, the links lead to the files.
fn hosted_links() -> Found {
    let at = "https://forge.example/nsteps";
    let argument = format!("REPOSITORY={at}");
    let field = format!("repository = \"{at}\"\n");
    let hosted = [
        format!("{at}/blob/main/reference-c/uts.c"),
        format!("{at}/blob/main/reference-c/README.md#top"),
        format!("{at}/tree/main/reference-c"),
        LINKS[3].to_owned(),
        LINKS[4].to_owned(),
    ];
    let mut beside = LINKS.map(str::to_owned);
    beside[1] = LINKS[1].replace(".html", ".md");
    let told = format!(
        "MDBOOK_OUTPUT__HTML__EDIT_URL_TEMPLATE={at}/edit/main/docs/{{path}}\n\
         MDBOOK_OUTPUT__HTML__GIT_REPOSITORY_URL={at}\n"
    );
    for (arguments, manifest, links, told) in [
        (&["docs"][..], "", &beside, ""),
        (&["docs", &argument], "", &hosted, &*told),
        (&["docs"], &*field, &hosted, &*told),
    ] {
        let machine = machine_with_a_book(&LINKS)?;
        let path = machine.path("clone/Cargo.toml");
        let package = "[workspace.package]\n";
        let text = fs::read_to_string(&path)?;
        let text = text.replace(package, &format!("{package}{manifest}"));
        fs::write(&path, text)?;
        let run = machine.run("make", arguments)?;
        demand(run.status == Some(0), "success", &run)?;
        let page =
            fs::read_to_string(machine.path("clone/docs/book/steps/uts.html"))?;
        let seen: Vec<_> =
            page.split('"').skip(1).step_by(2).map(str::to_owned).collect();
        demand(seen == links, &format!("{links:#?}"), &seen)?;
        let written = fs::read_to_string(machine.path("told"))?;
        let mut written: Vec<_> = written.lines().collect();
        written.sort_unstable();
        demand(told.lines().eq(written.iter().copied()), told, &written)?;
    }
    Ok(Completion::Completed)
}

fn dead_links() -> Found {
    for link in [
        "../../../reference-c/nosuch.c",
        "../../../reference-c/nosuch.html",
        "nosuch.html",
        "../index.html#nosuch",
    ] {
        let machine = machine_with_a_book(&[LINKS[0], link])?;
        let run = machine.run("make", &["docs"])?;
        let words = format!("the link to {link} leads nowhere");
        demand(
            run.status == Some(2) && run.stderr.contains(&words),
            &words,
            &run,
        )?;
    }
    Ok(Completion::Completed)
}

/// Everything below a directory, by name.
fn everything_below(directory: &Path) -> Result<BTreeSet<PathBuf>, Failed> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(everything_below(&path)?);
        }
        found.insert(path);
    }
    Ok(found)
}

/// Runs `install.sh` with a prefix.
fn install(purpose: &str, prefix: &Path) -> Result<Run, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let output = Command::new(layout.root().join("install.sh"))
        .arg(purpose)
        .arg(prefix)
        .current_dir("/")
        .output()?;
    let run = Run::of(output);
    demand(run.status == Some(0), "success", &run)?;
    Ok(run)
}

/// The reason why nothing can be installed, if nothing is built.
fn not_built() -> Result<Option<&'static str>, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let is_built = layout.programs().join("bin/nsteps").exists();
    Ok((!is_built).then_some("nsteps is not built: make build"))
}

fn uninstall() -> Found {
    if let Some(reason) = not_built()? {
        return unavailable(reason);
    }
    let scratch = tempfile::tempdir()?;
    let prefix = scratch.path().join("prefix");
    // A page of another program, and an empty directory.
    fs::create_dir_all(prefix.join("share/man/man1"))?;
    fs::create_dir_all(prefix.join("share/zsh/site-functions"))?;
    fs::write(prefix.join("share/man/man1/other.1"), "")?;
    let before = everything_below(&prefix)?;
    install("install", &prefix)?;
    // A second installation over the first.
    install("install", &prefix)?;
    let installed = everything_below(&prefix)?;
    demand(
        installed.contains(&prefix.join("bin/nsteps"))
            && installed.contains(&prefix.join("share/man/man1/nsteps.1")),
        "a command and its page",
        &installed,
    )?;
    // A file that another program put into a directory of ours is not removed.
    let theirs = prefix.join("share/fish/theirs");
    fs::write(&theirs, "")?;
    install("uninstall", &prefix)?;
    let mut expected = before;
    expected.insert(prefix.join("share/fish"));
    expected.insert(theirs);
    let after = everything_below(&prefix)?;
    demand(after == expected, &format!("{expected:#?}"), &after)
}

/// The words of a text that are absolute paths, with every name that `<name>`
/// and `{one,other}` can stand for.
fn paths_in(text: &str) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for word in text.split_whitespace().filter(|it| it.starts_with('/')) {
        let (head, parts, tail) = word
            .split_once('{')
            .and_then(|(head, rest)| {
                let (parts, tail) = rest.split_once('}')?;
                Some((head, parts, tail))
            })
            .unwrap_or((word, "", ""));
        for part in parts.split(',') {
            let path = format!("{head}{part}{tail}");
            paths.push(path.replace("/<name>.md", "").into());
        }
    }
    paths
}

/// A user outside of the repository can open the files that are named.
fn installed_files() -> Found {
    if let Some(reason) = not_built()? {
        return unavailable(reason);
    }
    let scratch = tempfile::tempdir()?;
    install("install", scratch.path())?;
    for (arguments, at_least) in [
        (&["show", "uts"][..], 3),
        (&["differences", "sigpipe", "exit-status", "inode-reuse"], 3),
        (
            &[
                "differences",
                "sigpipe",
                "exit-status",
                "inode-reuse",
                "environment",
            ],
            3,
        ),
        (&["claims", "1"], 1),
        (&["compare", "--only", "uts", "--scenario", "private/root"], 1),
    ] {
        let output = Command::new(scratch.path().join("bin/nsteps"))
            .args(arguments)
            .current_dir("/")
            .env_remove("NSTEPS_ROOT")
            .stdin(Stdio::null())
            .output()?;
        let run = Run::of(output);
        // If nothing can be run, nothing is explained.
        if run.stderr.contains("no sandbox")
            || run.stdout.contains("no sandbox")
        {
            return unavailable("no sandbox: nothing can be compared here");
        }
        let own: Vec<_> = paths_in(&run.stdout)
            .into_iter()
            .filter(|it| it.starts_with(scratch.path()))
            .collect();
        demand(
            own.len() >= at_least && own.iter().all(|it| it.exists()),
            &format!(
                "{arguments:?} to name {at_least} or more of our files, all \
                 there"
            ),
            &(own, run),
        )?;
    }
    Ok(Completion::Completed)
}
