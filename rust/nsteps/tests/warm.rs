//! Tests `nsteps warm`: the payload of a warm launch observes what that of a
//! cold one does, status and signals are passed on, a daemon serves its own user
//! alone, and nothing is left of it.

mod availability;
mod reported;

use availability::unavailable;
use harness::found::NEEDS_ROOT;
use harness::host::layout::Layout;
use harness::scenario::{Identity, SCENARIOS, Scenario};
use harness::timeout::{any_readable, deadline, within};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reported::reported;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Output, Stdio};
use tempfile::TempDir;

type Found = Result<Completion, Failed>;

/// A trial: its name, and its function.
type Tried = (&'static str, fn() -> Found);

const TRIALS: &[Tried] = &[
    ("a_template_that_lacks_a_mount_is_seen", broken),
    ("the_status_is_passed_on", statuses),
    ("signals_are_passed_on", signals),
    ("the_payload_ends_with_its_client", client_killed),
    ("a_payload_goes_on_without_the_daemon", daemon_killed),
    ("descriptors_and_directory_are_those_of_the_client", inherited),
    ("a_directory_that_the_template_lacks_is_refused", other_directory),
    ("a_daemon_serves_its_own_user", own_user),
    ("the_socket_of_a_dead_daemon_is_replaced", replaced),
    ("a_daemon_lives_as_long_as_its_command", with_command),
    ("an_ordinary_user_is_root_of_a_namespace", ordinary_user),
    ("each_client_has_a_network_of_its_own", networks),
];

fn main() -> ExitCode {
    let mut trials: Vec<Trial> = TRIALS
        .iter()
        .map(|(name, run)| Trial::ignorable_test(*name, *run))
        .collect();
    for scenario in SCENARIOS {
        let name = format!("warm_is_as_cold::{scenario}");
        trials.push(Trial::ignorable_test(name, || as_cold(*scenario, &[])));
    }
    // The states of a caller are one more dimension: in one scenario.
    let states = || as_cold(natural(), &["--states=all", "--repeat=1"]);
    let name = "warm_is_as_cold::in_every_state";
    trials.push(Trial::ignorable_test(name, states));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn natural() -> Scenario {
    let is_natural = |it: &&Scenario| it.identity == Identity::natural();
    *SCENARIOS.iter().find(is_natural).expect("each identity has one")
}

fn program() -> Result<PathBuf, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    Ok(layout.programs().join("bin/nsteps"))
}

fn passed(is: bool, what: impl Into<String>) -> Result<(), Failed> {
    if is { Ok(()) } else { Err(what.into().into()) }
}

/// The launchers: cold, warm, and warm by way of a daemon; each of them beside
/// a daemon, so that the same processes are there.
fn launchers() -> Result<[String; 3], Failed> {
    let nsteps = program()?;
    let nsteps = nsteps.display();
    let launcher = |way: &str| {
        format!("{nsteps} warm --serve {SOCKET} -- {nsteps} warm {way} -- {{}}")
    };
    Ok([launcher("--cold"), launcher(""), launcher(&format!("--via {SOCKET}"))])
}

/// In a sandbox, whose /tmp is its own.
const SOCKET: &str = "/tmp/nsteps-warm.sock";

fn diff(
    options: &[&str],
    launchers: &[String],
) -> Result<Result<Value, String>, Failed> {
    let output = Command::new(program()?)
        .args(["diff", "--json"])
        .args(options)
        .args(launchers)
        .stdin(Stdio::null())
        .output()?;
    reported(&output)
}

/// Compares all that the probe reads: no key differs between cold and warm, and
/// the payload is in six new namespaces.
fn as_cold(scenario: Scenario, options: &[&str]) -> Found {
    if scenario.identity == Identity::Root
        && Identity::natural() == Identity::User
    {
        return unavailable(NEEDS_ROOT);
    }
    let scenario = format!("--scenario={scenario}");
    let options = [&[&*scenario], options].concat();
    // The last one shows what the others have in common, and that they ran.
    let mut launchers = launchers()?.to_vec();
    launchers.push("env {}".to_owned());
    let report = match diff(&options, &launchers)? {
        Ok(report) => report,
        Err(why) => return unavailable(&why),
    };
    for launcher in report["launchers"].as_array().into_iter().flatten() {
        let why = launcher["did_not_run"].as_str();
        passed(why.is_none(), format!("it did not run: {launcher:#}"))?;
    }
    passed(
        report["clusters"] == json!([[0, 1, 2], [3]]),
        format!("{}: {:#}", report["clusters"], report["differences"]),
    )?;
    // What varies, or what could not be read, is no proof.
    passed(report["unknown"] == json!([]), format!("{:#}", report["unknown"]))?;
    let keys: Vec<&str> = report["differences"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it["row"]["key"].as_str())
        .collect();
    for kind in ["cgroup", "ipc", "mnt", "net", "pid", "uts"] {
        let key = format!("ns.{kind}");
        passed(keys.contains(&&*key), format!("no {key} in {keys:?}"))?;
    }
    Ok(Completion::Completed)
}

/// The comparison notices a template without a mount that the caller has: one
/// that was made before that mount.
fn broken() -> Found {
    if Identity::natural() == Identity::User {
        return unavailable(NEEDS_ROOT);
    }
    let nsteps = program()?;
    let nsteps = nsteps.display();
    let launcher = |way: &str| {
        format!(
            "{nsteps} warm --serve {SOCKET} -- unshare --mount sh -c 'mount -t \
             tmpfs none /mnt && exec \"$@\"' sh {nsteps} warm {way} -- {{}}"
        )
    };
    let via = format!("--via {SOCKET}");
    let launchers = [launcher("--cold"), launcher(""), launcher(&via)];
    let report = match diff(&[], &launchers)? {
        Ok(report) => report,
        Err(why) => return unavailable(&why),
    };
    passed(
        report["clusters"] == json!([[0, 1], [2]]),
        format!("{}", report["clusters"]),
    )?;
    let key = report["differences"][0]["row"]["key"].as_str();
    let is_mount = key.is_some_and(|key| key.starts_with("mnt."));
    passed(is_mount, format!("{:#}", report["differences"]))?;
    Ok(Completion::Completed)
}

fn nsteps(words: &[&str]) -> Result<Command, Failed> {
    let mut command = Command::new(program()?);
    command.args(words).stdin(Stdio::null());
    Ok(command)
}

/// What a command does; why this machine does not allow it.
fn output(words: &[&str]) -> Result<Result<Output, String>, Failed> {
    let output = nsteps(words)?.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    match stderr.contains("user namespaces are forbidden") {
        true => Ok(Err(stderr.trim().to_owned())),
        false => Ok(Ok(output)),
    }
}

/// The result of a command, of which standard error is a part of the message.
macro_rules! output {
    ($($word:expr),+ $(,)?) => {
        match output(&[$($word),+])? {
            Ok(output) => output,
            Err(why) => return unavailable(&why),
        }
    };
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// Waits for a child, no longer than this machine may take.
fn ended(child: &mut Child, what: &str) -> Result<ExitStatus, Failed> {
    let pidfd = kernel::pidfd_open(child.id().cast_signed())?;
    if !any_readable(&[pidfd.as_fd()], deadline()) {
        child.kill()?;
        child.wait()?;
        return Err(format!("{what} did not end {}", within()).into());
    }
    Ok(child.wait()?)
}

/// Waits until something is so.
fn until(what: &str, is: impl Fn() -> bool) -> Result<(), Failed> {
    let until = deadline();
    while !is() {
        if std::time::Instant::now() > until {
            return Err(format!("{what}: not {}", within()).into());
        }
        std::thread::yield_now();
    }
    Ok(())
}

/// A daemon of a test, which is ended with it.
struct Daemon {
    child: Child,
    dir: TempDir,
}

impl Daemon {
    fn start(more: &[&str]) -> Result<Daemon, Failed> {
        let dir = tempfile::tempdir()?;
        let socket = dir.path().join("socket");
        Daemon::at(dir, &socket, more)
    }

    fn at(
        dir: TempDir,
        socket: &Path,
        more: &[&str],
    ) -> Result<Daemon, Failed> {
        let mut child = nsteps(&["warm", "--stock=2", "--serve"])?
            .arg(socket)
            .args(more)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let daemon = Daemon { child, dir };
        passed(line == "ready\n", format!("the daemon said {line:?}"))?;
        Ok(daemon)
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("socket")
    }

    fn client(&self, words: &[&str]) -> Result<Command, Failed> {
        let mut command = nsteps(&["warm", "--via"])?;
        command.arg(self.socket()).arg("--").args(words);
        Ok(command)
    }

    /// Ends the daemon, and waits until nothing is left of it.
    fn end(&mut self, signal: Signal) -> Result<ExitStatus, Failed> {
        let pid = Pid::from_raw(self.child.id().cast_signed());
        kill(pid, signal)?;
        let status = ended(&mut self.child, "the daemon")?;
        let socket = self.socket();
        until("the socket is removed", || !socket.exists())?;
        // The sweeper was a child of it, and names the socket, as clients do.
        let socket = socket.display().to_string();
        until("no sweeper is left", || {
            let left = processes_with(&socket);
            !left.iter().any(|line| line.contains(" sweeper "))
        })?;
        Ok(status)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The processes whose arguments name something.
fn processes_with(word: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            line.contains(word).then_some(line)
        })
        .collect()
}

/// A daemon, or why this machine allows none.
macro_rules! daemon {
    ($($word:expr),* $(,)?) => {{
        // What a launch needs a daemon needs.
        output!["warm", "--", "true"];
        Daemon::start(&[$($word),*])?
    }};
}

fn statuses() -> Found {
    let daemon = daemon![];
    let via = daemon.socket().display().to_string();
    let ways: [&[&str]; 3] =
        [&["warm"], &["warm", "--cold"], &["warm", "--via", &via]];
    for way in ways {
        let status = |words: &[&str]| -> Result<ExitStatus, Failed> {
            let words = [way, &["--"], words].concat();
            Ok(nsteps(&words)?.stderr(Stdio::null()).status()?)
        };
        let is = |words: &[&str], code: i32| {
            let status = status(words)?;
            let what = format!("{way:?} {words:?}: {status}, not {code}");
            passed(status.code() == Some(code), what)
        };
        is(&["true"], 0)?;
        is(&["sh", "-c", "exit 7"], 7)?;
        is(&["/no/such/program"], 127)?;
        is(&["/"], 126)?;
        // PID 1 cannot kill itself; what it starts can.
        let ends = "ulimit -c 0; sh -c 'kill -9 $$'; exit $?";
        is(&["sh", "-c", ends], 137)?;
    }
    let missing = output!["warm", "--via", "/no/such/socket", "--", "true"];
    let said = text(&missing.stderr);
    passed(missing.status.code() == Some(125), said.clone())?;
    passed(said.contains("start a daemon"), said)?;
    Ok(Completion::Completed)
}

/// Starts a client whose payload says a line when it is ready.
fn ready(mut client: Command) -> Result<Child, Failed> {
    let mut child = client.stdout(Stdio::piped()).spawn()?;
    let mut line = [0];
    let output = child.stdout.as_mut().ok_or("no output")?;
    output.read_exact(&mut line)?;
    Ok(child)
}

fn signals() -> Found {
    let daemon = daemon![];
    // No handler: what the signal does by default is done, though to PID 1.
    let cases: [(&str, Signal, Result<i32, Signal>); 4] = [
        ("echo; exec sleep 1000", Signal::SIGTERM, Err(Signal::SIGTERM)),
        ("echo; exec sleep 1000", Signal::SIGINT, Err(Signal::SIGINT)),
        (
            "trap 'exit 9' TERM; echo; while :; do read -t 1000 x <&3 || :; done",
            Signal::SIGTERM,
            Ok(9),
        ),
        (
            "trap '' TERM; trap 'exit 8' USR1; echo; kill -TERM 1; \
             while :; do read -t 1000 x <&3 || :; done",
            Signal::SIGUSR1,
            Ok(8),
        ),
    ];
    for (script, signal, expected) in cases {
        // The shell waits on a pipe of its own for the signal.
        let script = format!("exec 3<>{}; {script}", fifo(&daemon)?);
        // A caller in the background of a script ignores SIGINT.
        let words = ["env", "--default-signal=INT,TERM", "bash", "-c", &script];
        let mut child = ready(daemon.client(&words)?)?;
        kill(Pid::from_raw(child.id().cast_signed()), signal)?;
        let status = ended(&mut child, &script)?;
        let seen = match status.code() {
            Some(code) => Ok(code),
            None => Err(status.signal().map(Signal::try_from)),
        };
        let expected = expected.map_err(|signal| Some(Ok(signal)));
        passed(seen == expected, format!("{script}: {status}"))?;
    }
    Ok(Completion::Completed)
}

/// A fifo in the directory of a daemon.
fn fifo(daemon: &Daemon) -> Result<String, Failed> {
    let path = daemon.dir.path().join("fifo");
    if !path.exists() {
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU)?;
    }
    Ok(path.display().to_string())
}

fn client_killed() -> Found {
    let daemon = daemon![];
    let word = daemon.dir.path().join("payload").display().to_string();
    let script = "echo; while :; do sleep 1000; done";
    let mut child = ready(daemon.client(&["sh", "-c", script, &word])?)?;
    let shells = || {
        let all = processes_with(&word);
        all.iter().filter(|it| it.starts_with("sh ")).count()
    };
    // The shell, and for a moment its child that has yet to become `sleep`.
    passed(shells() >= 1, format!("{:?}", processes_with(&word)))?;
    child.kill()?;
    child.wait()?;
    until("the payload ends", || shells() == 0)?;
    Ok(Completion::Completed)
}

fn daemon_killed() -> Found {
    for signal in [Signal::SIGKILL, Signal::SIGTERM] {
        let mut daemon = daemon![];
        let script = "echo; read word; test \"$word\" = go && exit 6";
        let mut client = daemon.client(&["sh", "-c", script])?;
        client.stdin(Stdio::piped());
        let mut child = ready(client)?;
        let status = daemon.end(signal)?;
        let ended_well = status.success() || status.signal().is_some();
        passed(ended_well, format!("the daemon: {status}"))?;
        let mut input = child.stdin.take().ok_or("no input")?;
        input.write_all(b"go\n")?;
        let status = ended(&mut child, "the payload")?;
        passed(status.code() == Some(6), format!("{signal}: {status}"))?;
    }
    Ok(Completion::Completed)
}

fn inherited() -> Found {
    let daemon = daemon![];
    let there = tempfile::tempdir()?;
    let script = "pwd; umask; ulimit -n; cat; echo \"$WORD\" >&2";
    let mut child = daemon
        .client(&["sh", "-c", &format!("umask 027; ulimit -n 77; {script}")])?
        .current_dir(there.path())
        .env("WORD", "of the client")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(b"input\n")?;
    let output = child.wait_with_output()?;
    let there = fs::canonicalize(there.path())?;
    let expected = format!("{}\n0027\n77\ninput", there.display());
    let seen = text(&output.stdout);
    passed(seen == expected, format!("{seen:?}, not {expected:?}"))?;
    passed(text(&output.stderr) == "of the client", text(&output.stderr))?;
    Ok(Completion::Completed)
}

/// A mount that is younger than the template is not in it.
fn other_directory() -> Found {
    if Identity::natural() == Identity::User {
        return unavailable(NEEDS_ROOT);
    }
    let daemon = daemon![];
    let nsteps = program()?.display().to_string();
    let via = daemon.socket().display().to_string();
    for (script, errno) in [
        ("mount -t tmpfs none /mnt && cd /mnt", "ESTALE"),
        ("mount -t tmpfs none /mnt && mkdir /mnt/dir && cd /mnt/dir", "ENOENT"),
    ] {
        let script =
            format!("{script} && exec \"$0\" warm --via \"$1\" -- true");
        let output = Command::new("unshare")
            .args(["--mount", "sh", "-c", &script, &nsteps, &via])
            .output()?;
        let said = text(&output.stderr);
        passed(output.status.code() == Some(125), said.clone())?;
        passed(said.contains("cannot change the directory"), said.clone())?;
        passed(said.contains(errno), said)?;
    }
    Ok(Completion::Completed)
}

/// Another user, in no group of root.
const OTHER: [&str; 4] =
    ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/// A command as another user.
fn as_other(words: &[&str]) -> Command {
    let [program, options @ ..] = OTHER;
    let mut command = Command::new(program);
    command.args(options).args(words).stdin(Stdio::null());
    // A directory of root's in it is closed to others.
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

fn own_user() -> Found {
    if Identity::natural() == Identity::User {
        return unavailable(NEEDS_ROOT);
    }
    let daemon = daemon![];
    let socket = daemon.socket();
    let via = socket.display().to_string();
    let mode = fs::metadata(&socket)?.mode() & 0o777;
    passed(mode == 0o600, format!("the mode is {mode:o}"))?;
    // Another user may pass through the directory, and is kept out by the mode.
    fs::set_permissions(daemon.dir.path(), fs::Permissions::from_mode(0o755))?;
    let copy = daemon.dir.path().join("nsteps");
    fs::copy(program()?, &copy)?;
    let nsteps = copy.display().to_string();
    let ask = || as_other(&[&nsteps, "warm", "--via", &via, "--", "true"]);
    let refused = |output: Output, words: &str| {
        let said = text(&output.stderr);
        passed(output.status.code() == Some(125), said.clone())?;
        passed(said.contains(words), format!("{said:?} lacks {words:?}"))
    };
    refused(ask().output()?, "Permission denied")?;
    // And where the mode lets it in, by its credentials.
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o666))?;
    refused(ask().output()?, "belongs to the user")?;
    // The daemon looks as well: a client that does not look gets nothing.
    let script = "import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
data, fds, _, _ = socket.recv_fds(s, 8192, 9)
print(len(fds), data.decode())";
    let output = as_other(&["python3", "-c", script, &via]).output()?;
    let said = text(&output.stdout);
    let words = "0 -the other end of the socket belongs to the user 65534";
    passed(said.starts_with(words), said + &text(&output.stderr))?;
    // A client trusts no daemon of another user.
    let false_one = daemon.dir.path().join("false");
    let _listener = UnixListener::bind(&false_one)?;
    let stream = daemon.dir.path().join("false").display().to_string();
    let output = nsteps_output(&["warm", "--via", &stream, "--", "true"])?;
    passed(output.status.code() == Some(125), text(&output.stderr))?;
    let script = "import socket, sys, os
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
s.listen()
print(flush=True)
s.accept()[0].recv(1)";
    let theirs = tempfile::tempdir()?;
    fs::set_permissions(theirs.path(), fs::Permissions::from_mode(0o777))?;
    let theirs = theirs.path().join("socket").display().to_string();
    let mut server = as_other(&["python3", "-c", script, &theirs])
        .stdout(Stdio::piped())
        .spawn()?;
    let said = server.stdout.as_mut().ok_or("no output")?;
    said.read_exact(&mut [0])?;
    let output = nsteps_output(&["warm", "--via", &theirs, "--", "true"])?;
    let ended = ended(&mut server, "the daemon of another user")?;
    passed(ended.success(), format!("{ended}"))?;
    refused(output, "belongs to the user 65534")?;
    // And after all of that it serves.
    let status = daemon.client(&["true"])?.status()?;
    passed(status.success(), format!("{status}"))?;
    Ok(Completion::Completed)
}

fn nsteps_output(words: &[&str]) -> Result<Output, Failed> {
    Ok(nsteps(words)?.output()?)
}

fn replaced() -> Found {
    let dir = tempfile::tempdir()?;
    let socket = dir.path().join("socket");
    // A listener that is gone leaves its file.
    drop(UnixListener::bind(&socket)?);
    output!["warm", "--", "true"];
    let daemon = Daemon::at(dir, &socket, &[])?;
    passed(daemon.client(&["true"])?.status()?.success(), "not served")?;
    let path = socket.display().to_string();
    let second = nsteps_output(&["warm", "--serve", &path])?;
    let said = text(&second.stderr);
    passed(said.contains("is served by another daemon"), said)?;
    passed(second.status.code() == Some(125), "not 125")?;
    passed(daemon.client(&["true"])?.status()?.success(), "not served")?;
    // What is no socket stays.
    let file = daemon.dir.path().join("file");
    fs::write(&file, "kept")?;
    let path = file.display().to_string();
    let third = nsteps_output(&["warm", "--serve", &path])?;
    passed(third.status.code() == Some(125), text(&third.stderr))?;
    passed(fs::read_to_string(&file)? == "kept", "the file is gone")?;
    Ok(Completion::Completed)
}

fn with_command() -> Found {
    output!["warm", "--", "true"];
    let dir = tempfile::tempdir()?;
    let socket = dir.path().join("socket");
    let path = socket.display().to_string();
    let script = "\"$0\" warm --via \"$1\" -- sh -c 'exit 4'; \
                  test $? = 4 && exit 5";
    let nsteps = program()?.display().to_string();
    let words = ["sh", "-c", script, &nsteps, &path];
    let words = [&["warm", "--serve", &path, "--"], &words[..]].concat();
    let output = nsteps_output(&words)?;
    let said = text(&output.stderr);
    passed(output.status.code() == Some(5), said)?;
    passed(!socket.exists(), "the socket is left")?;
    // Killed, it leaves nothing either.
    let words = ["sh", "-c", "echo; exec sleep 1000"];
    let words = [&["warm", "--serve", &path, "--"], &words[..]].concat();
    let mut child = ready(self::nsteps(&words)?)?;
    child.kill()?;
    child.wait()?;
    until("the socket is removed", || !socket.exists())?;
    until("the daemon ends", || processes_with(&path).is_empty())?;
    Ok(Completion::Completed)
}

fn ordinary_user() -> Found {
    let dir = tempfile::tempdir()?;
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777))?;
    let copy = dir.path().join("nsteps");
    fs::copy(program()?, &copy)?;
    let nsteps = copy.display().to_string();
    let socket = dir.path().join("socket").display().to_string();
    let script = "test $(id -u) = 0 && test $$ = 1 && \
                  test $(cat /proc/self/uid_map | wc -l) = 1 && \
                  grep -q 00000000000000000000000000000001 /proc/net/if_inet6";
    let words = |way: &[&str]| -> Vec<String> {
        let words =
            [&[&*nsteps, "warm"], way, &["--", "sh", "-c", script]].concat();
        words.into_iter().map(str::to_owned).collect()
    };
    let run = |words: &[String]| -> Result<Output, Failed> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = match Identity::natural() {
            Identity::Root => as_other(&words),
            Identity::User => {
                let mut command = Command::new(words[0]);
                command.args(&words[1..]).stdin(Stdio::null());
                command
            }
        };
        Ok(command.current_dir("/").output()?)
    };
    let inner = words(&["--via", &socket]);
    let serve = ["warm", "--serve", &socket, "--"].map(str::to_owned);
    let via = [std::slice::from_ref(&nsteps), &serve[..], &inner].concat();
    for words in [words(&[]), words(&["--cold"]), via] {
        let output = run(&words)?;
        let said = text(&output.stderr);
        if said.contains("user namespace:") {
            return unavailable(&said);
        }
        passed(output.status.success(), format!("{words:?}: {said}"))?;
    }
    // A template with another root is more than a user namespace allows.
    let root = dir.path().join("root");
    for name in ["dev", "proc"] {
        fs::create_dir_all(root.join(name))?;
    }
    let root = root.display().to_string();
    let output = run(&words(&["--root", &root]))?;
    let said = text(&output.stderr);
    passed(output.status.code() == Some(125), said.clone())?;
    passed(said.ends_with("add --cold"), said)?;
    Ok(Completion::Completed)
}

fn networks() -> Found {
    let daemon = daemon![];
    let own = fs::read_link("/proc/self/ns/net")?;
    let mut seen = vec![own.display().to_string()];
    let mut clients = Vec::new();
    for _ in 0..5 {
        let script = "readlink /proc/self/ns/net; read word";
        let mut client = daemon.client(&["sh", "-c", script])?;
        client.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = client.spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let line = line.trim().to_owned();
        passed(line.starts_with("net:"), format!("{line:?}"))?;
        passed(!seen.contains(&line), format!("{line} again"))?;
        seen.push(line);
        clients.push(child);
    }
    for mut client in clients {
        drop(client.stdin.take());
        ended(&mut client, "a client")?;
    }
    Ok(Completion::Completed)
}
