//! The command as its users see it: exit statuses, one clear line if something
//! is wrong, and no panic.

mod availability;
mod elsewhere;

use availability::{is_of_the_machine, unavailable};
use elsewhere::elsewhere;
use harness::host::layout::Layout;
use harness::interrupt;
use harness::launcher::LANGUAGES;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};

/// The result of a trial: passed, what is wrong, or why it could not look.
type Found = Result<Completion, Failed>;

/// A trial: its name, and its function.
type Tried = (&'static str, fn() -> Found);

const TRIALS: &[Tried] = &[
    ("an_unknown_name_is_trouble", unknown_names),
    ("run_ends_with_125_for_its_own_mistakes", own_mistakes),
    ("run_returns_the_status_of_the_program", statuses),
    ("run_shows_an_isolated_network", isolated_network),
    ("the_root_of_a_user_namespace_may_unmount_proc", root_of_a_user_namespace),
    ("a_directory_with_put_old_in_it_is_refused", put_old),
    ("the_output_need_not_be_read", no_reader),
    ("a_full_disk_is_reported", full_disk),
    ("colours_are_for_terminals", colours),
    ("without_procfs_there_is_one_line", without_procfs),
    ("what_is_forbidden_is_reported_with_its_remedy", forbidden),
    ("without_a_word_it_says_what_to_do_first", first_words),
    ("names_are_completed_but_no_hidden_one", completions),
    ("no_manual_page_is_about_what_is_hidden", manual_pages),
    ("nothing_is_wider_than_the_terminal", narrow),
    ("show_ends_with_the_files_that_all_steps_use", skeletons),
    ("a_step_is_traced_with_another_payload", traced_payload),
    ("interrupted_it_ends_at_once::compare", || interrupted(&["compare"])),
    ("interrupted_it_ends_at_once::claims", || interrupted(&["claims"])),
    ("interrupted_it_ends_at_once::differences", || {
        interrupted(&["differences"])
    }),
    ("interrupted_it_ends_at_once::observe", || {
        interrupted(&["observe", "--", "sh", "-c", "sleep 1000"])
    }),
    ("interrupted_it_ends_at_once::trace", || {
        interrupted(&["trace", "--", "sleep", "1000"])
    }),
    ("interrupted_it_ends_at_once::doctor", || interrupted(&["doctor"])),
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

/// Runs a command and expects a status and a standard error: empty, or one line
/// with these words in it. Returns its standard output.
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

/// In a shell that `unshare -Ur` starts the steps that unmount /proc may do
/// so, though the mounts of the caller are locked there.
fn root_of_a_user_namespace() -> Found {
    let layout = Layout::find().map_err(|it| it.message)?;
    for step in ["pid", "pid_detach", "net_mount_uts_ipc_pid"] {
        let mut run = Command::new("unshare");
        run.args(["--user", "--map-root-user"]);
        run.arg(layout.programs().join("bin/nsteps"));
        run.args(["run", step, "--", "sh", "-c", "echo $$"]);
        let output = run.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        if said.starts_with("unshare: ") {
            return unavailable(said.trim());
        }
        if output.stdout != b"1\n" {
            return Err(format!("{step}: {said}").into());
        }
    }
    Ok(Completion::Completed)
}

/// The reason why this machine does not let us run a step, if it does not.
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
        (&["show", "pivotroot"], "did you mean pivot_root?"),
        (&["compare", "--only", "nosuch"], "no step is called nosuch"),
        (&["compare", "uts,ipx"], "no step is called ipx: did you mean ipc?"),
        (&["trace", "nosuch"], "no step is called nosuch"),
        (&["trace", "--lang", "perl", "uts"], "no language is called perl"),
        (&["claims", "crosbi"], "no claim is called crosbi: did you mean"),
        (&["differences", "sigpip"], "did you mean sigpipe?"),
        (&["compare", "--lang", "perl"], "no language is called perl"),
        (&["compare", "--scenario", "nosuch"], "no scenario is called nosuch"),
        (
            &["observe", "--scenario", "nosuch", "--", "env"],
            "no scenario is called nosuch",
        ),
    ] {
        expect(&mut nsteps(arguments)?, 2, words)?;
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
        &mut nsteps(&["run", "uts", "--lang", "perl"])?,
        125,
        "no language is called perl",
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

/// C discards the status, as published; Go panics, as published.
fn statuses() -> Found {
    if let Some(reason) = cannot_run()? {
        return unavailable(&reason);
    }
    for dashes in [&["--"][..], &[]] {
        for (language, status) in [("c", 0), ("go", 2), ("rust", 7)] {
            let mut run = nsteps(&["run", "uts", "--lang", language])?;
            run.args(dashes).args(["sh", "-c", "exit 7"]);
            let output = run.output()?;
            if output.status.code() != Some(status) {
                let why = format!("{language} ends with {}", output.status);
                return Err(why.into());
            }
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

fn put_old() -> Found {
    let scratch = tempfile::tempdir()?;
    let old = scratch.path().join(".old");
    fs::create_dir(&old)?;
    fs::write(old.join("precious"), "")?;
    let words = format!("{} exists", old.display());
    let mut compare = nsteps(&["compare", "--only", "pivot_root", "--rootfs"])?;
    expect(compare.arg(scratch.path()), 2, &words)?;
    if !old.join("precious").exists() {
        return Err("what was in it is gone".into());
    }
    if let Some(reason) = cannot_run()? {
        return unavailable(&reason);
    }
    let mut run = nsteps(&["run", "pivot_root", "--rootfs"])?;
    expect(run.arg(scratch.path()).args(["--", "true"]), 125, &words)?;
    Ok(Completion::Completed)
}

/// `nsteps list | true`: the reader ends before anything is written.
fn no_reader() -> Found {
    for arguments in
        [&["list"][..], &["compare", "--list"], &["completions", "bash"]]
    {
        let (reader, writer) = std::io::pipe()?;
        drop(reader);
        expect(nsteps(arguments)?.stdout(writer), 0, "")?;
        // Also with no standard output at all.
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

fn first_words() -> Found {
    let output = nsteps(&[])?.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let commands =
        said.lines().filter(|it| it.starts_with("  nsteps ")).count();
    if output.status.code() != Some(2) || commands != 3 {
        return Err(format!("{}: {said}", output.status).into());
    }
    Ok(Completion::Completed)
}

/// The subcommands that the harness starts for itself, and users do not.
const HIDDEN: &[&str] = &["demonstrate", "cleaner", "sandbox", "tracer"];

/// The completions that a shell gets for a command line.
fn completed(words: &[&str]) -> Result<Vec<String>, Failed> {
    let mut asked = nsteps(&["--", "nsteps"])?;
    asked.args(words).env("NSTEPS_COMPLETE", "fish");
    let said = expect(&mut asked, 0, "")?;
    Ok(said
        .lines()
        .filter_map(|line| line.split('\t').next())
        .map(str::to_owned)
        .collect())
}

fn completions() -> Found {
    for (words, wanted) in [
        (&["show", "pid_o"][..], "pid_oldproc"),
        (&["run", "mou"], "mount"),
        (&["run", "uts", "--lang", "r"], "rust"),
        (&["compare", "uts,ip"], "uts,ipc"),
        (&["compare", "--lang", "uns"], "unshare"),
        (&["compare", "--scenario", "private/u"], "private/user"),
        (&["trace", "pid_o"], "pid_oldproc"),
        (&["observe", "--scenario", "sh"], "shared/root"),
        (&["differences", "sigp"], "sigpipe"),
        (&["claims", "crosby/m"], "crosby/mount"),
    ] {
        let all = completed(words)?;
        if !all.iter().any(|it| it == wanted) {
            return Err(format!("{words:?} becomes {all:?}").into());
        }
    }
    let all = completed(&[""])?;
    let shown = HIDDEN.iter().find(|it| all.iter().any(|all| all == *it));
    if let Some(hidden) = shown {
        return Err(format!("{hidden} is completed").into());
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = expect(&mut nsteps(&["completions", shell])?, 0, "")?;
        if !script.contains("NSTEPS_COMPLETE") {
            return Err(format!("{shell} asks nothing: {script}").into());
        }
    }
    let script = "source <(\"$1\" completions bash)
        PATH=${1%/*}:$PATH
        COMP_WORDS=(nsteps show pid_o); COMP_CWORD=2; COMP_TYPE=9
        _clap_complete_nsteps nsteps pid_o show; echo \"${COMPREPLY[*]}\"";
    let mut bash = Command::new("bash");
    bash.args(["-c", script, "bash"]).arg(program()?);
    let said = expect(&mut bash, 0, "")?;
    if said.trim() != "pid_oldproc" {
        return Err(format!("bash completes {said}").into());
    }
    Ok(Completion::Completed)
}

fn manual_pages() -> Found {
    let scratch = tempfile::tempdir()?;
    expect(nsteps(&["man"])?.arg(scratch.path()), 0, "")?;
    let mut pages = 0;
    for page in fs::read_dir(scratch.path())? {
        let page = page?.path();
        let text = fs::read_to_string(&page)?;
        pages += 1;
        for hidden in HIDDEN {
            let of_its_own = page.ends_with(format!("nsteps-{hidden}.1"));
            if of_its_own || text.contains(&format!("nsteps\\-{hidden}")) {
                return Err(format!("{} has {hidden}", page.display()).into());
            }
        }
    }
    if pages < 10 {
        return Err(format!("there are {pages} pages").into());
    }
    Ok(Completion::Completed)
}

/// The widths of terminals: half a screen, a whole one, a wide and a very wide
/// one.
const WIDTHS: &[usize] = &[60, 80, 120, 200];

fn narrow() -> Found {
    for width in WIDTHS {
        for arguments in [&["list"][..], &["differences", "--list"]] {
            let mut command = nsteps(arguments)?;
            command.env("COLUMNS", width.to_string());
            let said = expect(&mut command, 0, "")?;
            for line in said.lines() {
                if line.chars().count() > *width {
                    let why = format!("{arguments:?} at {width}: {line}");
                    return Err(why.into());
                }
            }
        }
    }
    Ok(Completion::Completed)
}

/// Each file is shown completely, whatever the terminal: only spaces may
/// differ.
fn skeletons() -> Found {
    let layout = Layout::find().map_err(|it| it.message)?;
    let letters = |text: &str| -> String {
        text.chars().filter(|it| !it.is_whitespace()).collect()
    };
    let mut show = nsteps(&["show", "uts"])?;
    let said = letters(&expect(show.env("COLUMNS", "80"), 0, "")?);
    for launcher in LANGUAGES {
        for path in launcher.shared() {
            let text = fs::read_to_string(layout.root().join(path))?;
            if !said.contains(&letters(&text)) {
                return Err(format!("{path} is not shown").into());
            }
        }
    }
    Ok(Completion::Completed)
}

fn traced_payload() -> Found {
    let mut trace = nsteps(&["trace", "uts", "--lang", "rust,c", "--"])?;
    trace.args(["sh", "-c", "exit 3"]).env("COLUMNS", "120");
    let output = trace.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if is_of_the_machine(&stderr) {
        return unavailable(stderr.trim());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    // The payload was found by its name, and its own calls are not shown.
    let right = said.contains("/sh, [sh, -c, exit 3])")
        && said.contains(", exited 3")
        && !said.contains("child     exit_group");
    if right { Ok(Completion::Completed) } else { Err(said.into()) }
}

/// The longest time until a command ends after the user has asked for it.
const SOON: Duration = Duration::from_secs(2);

/// SIGINT reaches it while its sandboxes are stopped: it ends nevertheless,
/// with the status that a shell expects, and leaves no process.
fn interrupted(arguments: &[&str]) -> Found {
    let mut command = nsteps(arguments)?;
    let mut run =
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let until = Instant::now() + Duration::from_secs(10);
    let started = loop {
        let started = monitors(run.id());
        if !started.is_empty() {
            break started;
        }
        if let Some(status) = run.try_wait()? {
            let mut said = String::new();
            run.stderr.take().ok_or("a pipe")?.read_to_string(&mut said)?;
            if is_of_the_machine(&said) {
                return unavailable(said.trim());
            }
            return Err(format!("{status} before it did a thing").into());
        }
        if Instant::now() > until {
            run.kill()?;
            run.wait()?;
            return Err("it started nothing within 10 s".into());
        }
        std::thread::yield_now();
    };
    for child in &started {
        // It may have ended already.
        let _ = kill(*child, Signal::SIGSTOP);
    }
    let begun = Instant::now();
    kill(Pid::from_raw(run.id().cast_signed()), Signal::SIGINT)?;
    let status = loop {
        match run.try_wait()? {
            Some(status) => break status,
            None if begun.elapsed() < SOON => std::thread::yield_now(),
            None => {
                run.kill()?;
                run.wait()?;
                return Err(format!("it did not end within {SOON:?}").into());
            }
        }
    };
    for child in &started {
        let _ = kill(*child, Signal::SIGCONT);
    }
    let left = started.into_iter().find(|it| !is_gone(*it));
    if let Some(pid) = left {
        return Err(format!("process {pid} is left").into());
    }
    if status.code() != Some(interrupt::STATUS.into()) {
        return Err(format!("it ended with {status}").into());
    }
    Ok(Completion::Completed)
}

/// The monitors of the sandboxes that a process has started, by whichever
/// thread.
fn monitors(pid: u32) -> Vec<Pid> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    tasks
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|task| {
            fs::read_to_string(task.path().join("children")).ok()
        })
        .flat_map(|text| {
            let pids = text.split_whitespace().filter_map(|it| it.parse().ok());
            pids.map(Pid::from_raw).collect::<Vec<_>>()
        })
        .filter(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline"));
            line.is_ok_and(|line| line.ends_with(b"\0sandbox\0"))
        })
        .collect()
}

/// True if a process ends within a second: the kernel kills it after its parent
/// has ended. A zombie has ended, whether its new parent waits or not.
fn is_gone(pid: Pid) -> bool {
    let until = Instant::now() + Duration::from_secs(1);
    let lives = || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    };
    while lives() {
        if Instant::now() > until {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

/// The output of a command whose standard output is a terminal.
fn on_a_terminal(command: &mut Command) -> Result<Vec<u8>, Failed> {
    let terminal = nix::pty::openpty(None, None)?;
    let mut child = command.stdout(terminal.slave).spawn()?;
    // The command has the other copy of the terminal's descriptor: the output
    // ends when both are closed.
    command.stdout(Stdio::null());
    let mut said = Vec::new();
    let mut master = File::from(terminal.master);
    let mut buffer = [0; 4096];
    // A terminal returns EIO when no writer is left.
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
