//! The command as its users meet it: statuses, one clear line where something
//! is wrong, and no panic.

mod availability;
mod elsewhere;

use availability::unavailable;
use elsewhere::elsewhere;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nsteps::layout::Layout;
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Output, Stdio};

/// What a trial found: nothing, what is wrong, or why it could not look.
type Found = Result<Completion, Failed>;

/// A name and what is done under it.
type Tried = (&'static str, fn() -> Found);

const TRIALS: &[Tried] = &[
    ("an_unknown_name_is_trouble", unknown_names),
    ("run_ends_with_125_for_its_own_mistakes", own_mistakes),
    ("run_returns_the_status_of_the_program", statuses),
    ("run_shows_an_isolated_network", isolated_network),
    ("a_directory_with_put_old_in_it_is_refused", put_old),
    ("nobody_has_to_read_what_is_printed", nobody_reads),
    ("a_full_disk_is_said", full_disk),
    ("colours_are_for_terminals", colours),
    ("without_procfs_there_is_one_line", without_procfs),
    ("what_is_forbidden_is_said_with_its_remedy", forbidden),
];

fn main() -> ExitCode {
    let trials = TRIALS
        .iter()
        .map(|(name, run)| Trial::ignorable_test(*name, *run))
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn program() -> Result<PathBuf, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    Ok(layout.programs().join("bin/nsteps"))
}

fn nsteps(arguments: &[&str]) -> Result<Command, Failed> {
    let mut command = Command::new(program()?);
    command.args(arguments).stdin(Stdio::null());
    Ok(command)
}

/// Runs it and expects a status and what is on standard error: nothing, or
/// one line with these words in it.  Gives what is on standard output.
fn expect(
    command: &mut Command,
    status: i32,
    words: &str,
) -> Result<String, Failed> {
    judge(command.output()?, status, words)
        .map_err(|why| format!("{command:?}: {why}").into())
}

fn judge(output: Output, status: i32, words: &str) -> Result<String, String> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let right = match words {
        "" => stderr.is_empty(),
        words => stderr.contains(words) && stderr.lines().count() == 1,
    };
    if output.status.code() != Some(status) || !right {
        return Err(format!(
            "expected {status} and `{words}`, found {} and `{stderr}`",
            output.status
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Gives the reason if this machine does not let us run a step.
fn cannot_run() -> Result<Option<String>, Failed> {
    let output = nsteps(&["run", "skeleton", "--", "true"])?.output()?;
    if output.status.success() {
        return Ok(None);
    }
    let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Ok(Some(why))
}

fn unknown_names() -> Found {
    for (arguments, words) in [
        (&["show", "nosuch"][..], "no step is called nosuch"),
        (&["compare", "--only", "nosuch"], "no step is called nosuch"),
        (&["compare", "--lang", "perl"], "no language is called perl"),
        (&["compare", "--scenario", "nosuch"], "no scenario is called nosuch"),
        (
            &["observe", "--scenario", "nosuch", "--", "env"],
            "no scenario is called nosuch",
        ),
    ] {
        expect(&mut nsteps(arguments)?, 2, words)?;
    }
    // clap answers with usage, in more lines than one.
    let output = nsteps(&["run", "uts", "--lang", "perl"])?.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.status.code() != Some(2) || !stderr.contains("perl") {
        return Err(format!("{}: {stderr}", output.status).into());
    }
    Ok(Completion::Completed)
}

fn own_mistakes() -> Found {
    expect(
        &mut nsteps(&["run", "nosuch", "--", "true"])?,
        125,
        "no step is called nosuch",
    )?;
    expect(
        &mut nsteps(&["compare", "--rootfs", "/no/such", "--only", "uts"])?,
        2,
        "open the root filesystem /no/such",
    )?;
    if let Some(reason) = cannot_run()? {
        return unavailable(&reason);
    }
    for program in ["pivot_root", "container"] {
        let mut run = nsteps(&["run", program, "--rootfs", "/no/such"])?;
        expect(&mut run, 125, "open the root filesystem /no/such")?;
    }
    Ok(Completion::Completed)
}

/// C throws the status away, as published; Go panics, as published.
fn statuses() -> Found {
    if let Some(reason) = cannot_run()? {
        return unavailable(&reason);
    }
    let exit_7 = ["--", "sh", "-c", "exit 7"];
    for (language, status) in [("c", 0), ("go", 2), ("rust", 7)] {
        let mut run = nsteps(&["run", "uts", "--lang", language])?;
        let output = run.args(exit_7).output()?;
        if output.status.code() != Some(status) {
            let why = format!("{language} ends with {}", output.status);
            return Err(why.into());
        }
    }
    let mut missing = nsteps(&["run", "uts", "--", "/no/such/program"])?;
    expect(&mut missing, 127, "uts: execvp: No such file or directory")?;
    Ok(Completion::Completed)
}

fn isolated_network() -> Found {
    if let Some(reason) = cannot_run()? {
        return unavailable(&reason);
    }
    for language in ["c", "go", "rust"] {
        let mut run = nsteps(&["run", "network", "--lang", language, "--"])?;
        let said = expect(run.args(["cat", "/proc/net/dev"]), 0, "")?;
        let links: Vec<&str> = said
            .lines()
            .filter_map(|line| Some(line.split_once(':')?.0.trim()))
            .collect();
        if links != ["lo"] {
            return Err(format!("{language}: {links:?}").into());
        }
    }
    Ok(Completion::Completed)
}

/// A directory of this trial's own, gone when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Result<Scratch, Failed> {
        let name = format!("nsteps-{name}-{}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        fs::create_dir(&dir)?;
        Ok(Scratch(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn put_old() -> Found {
    let scratch = Scratch::new("put-old")?;
    let old = scratch.0.join(".old");
    fs::create_dir(&old)?;
    fs::write(old.join("precious"), "")?;
    let words = format!("{} exists", old.display());
    let mut compare = nsteps(&["compare", "--only", "pivot_root", "--rootfs"])?;
    expect(compare.arg(&scratch.0), 2, &words)?;
    if !old.join("precious").exists() {
        return Err("what was in it is gone".into());
    }
    if let Some(reason) = cannot_run()? {
        return unavailable(&reason);
    }
    let mut run = nsteps(&["run", "pivot_root", "--rootfs"])?;
    expect(run.arg(&scratch.0).args(["--", "true"]), 125, &words)?;
    Ok(Completion::Completed)
}

/// `nsteps list | true`: the reader is gone before anything is written.
fn nobody_reads() -> Found {
    for arguments in
        [&["list"][..], &["compare", "--list"], &["completions", "bash"]]
    {
        let (reader, writer) = std::io::pipe()?;
        drop(reader);
        expect(nsteps(arguments)?.stdout(writer), 0, "")?;
        // And with no standard output at all.
        let mut closed = Command::new("sh");
        closed.args(["-c", "exec \"$@\" >&-", "sh"]).arg(program()?);
        expect(closed.args(arguments), 0, "")?;
    }
    Ok(Completion::Completed)
}

fn full_disk() -> Found {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return unavailable("there is no /dev/full");
    };
    let mut list = nsteps(&["list"])?;
    expect(list.stdout(full), 2, "write to standard output")?;
    Ok(Completion::Completed)
}

fn colours() -> Found {
    let escapes = |no_color: bool, terminal: bool| -> Result<bool, Failed> {
        let mut show = nsteps(&["show", "uts"])?;
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            show.env_remove(name);
        }
        show.env("TERM", "xterm");
        if no_color {
            show.env("NO_COLOR", "1");
        }
        let said = match terminal {
            true => on_a_terminal(&mut show)?,
            false => show.output()?.stdout,
        };
        if said.is_empty() {
            return Err("it says nothing".into());
        }
        Ok(said.contains(&0x1b))
    };
    for (no_color, terminal, wanted) in
        [(false, true, true), (true, true, false), (false, false, false)]
    {
        if escapes(no_color, terminal)? != wanted {
            return Err(format!(
                "NO_COLOR {no_color}, terminal {terminal}: colours {}",
                !wanted
            )
            .into());
        }
    }
    Ok(Completion::Completed)
}

/// What a command writes when its standard output is a terminal.
fn on_a_terminal(command: &mut Command) -> Result<Vec<u8>, Failed> {
    let terminal = nix::pty::openpty(None, None)?;
    let mut child = command.stdout(terminal.slave).spawn()?;
    // The command has the other copy of the slave's descriptor: the end of
    // what is written comes when both are closed.
    command.stdout(Stdio::null());
    let mut said = Vec::new();
    let mut master = File::from(terminal.master);
    let mut buffer = [0; 4096];
    // EIO is how a terminal says that nobody is left to write.
    while let Ok(count @ 1..) = master.read(&mut buffer) {
        said.extend_from_slice(&buffer[..count]);
    }
    child.wait()?;
    Ok(said)
}

fn without_procfs() -> Found {
    let script = "mount -t tmpfs none /proc && exec \"$@\"";
    for arguments in
        [&["compare", "--only", "uts"][..], &["observe", "--", "env"]]
    {
        match elsewhere(&["--mount"], script)? {
            Err(reason) => return unavailable(&reason),
            Ok(mut command) => {
                expect(command.args(arguments), 2, "mount it on /proc")?;
            }
        }
    }
    Ok(Completion::Completed)
}

fn forbidden() -> Found {
    let script = "echo 0 >/proc/sys/user/max_user_namespaces && exec \"$@\"";
    let command = elsewhere(&["--user", "--map-root-user"], script)?;
    let mut command = match command {
        Err(reason) => return unavailable(&reason),
        Ok(command) => command,
    };
    command.args(["compare", "--only", "uts", "--scenario", "user"]);
    let said = expect(&mut command, 2, "")?;
    if !said.contains("sysctl user.max_user_namespaces") {
        return Err(format!("it does not say what to do:\n{said}").into());
    }
    Ok(Completion::Completed)
}
