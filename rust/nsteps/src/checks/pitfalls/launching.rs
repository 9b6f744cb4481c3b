//! How a payload is started, and what it finds: its name, its environment, its
//! descriptors and its limits.

use super::{C, GO, Programs, RUST, Way, by, in_one_line, names};
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::{Found, Refusal};
use harness::launcher::Launcher;
use harness::paths::OBSERVED_PROC;
use std::collections::BTreeMap;
use trace::{Made, Recording};

/// How much a large parent holds, in MiB.
const LARGE: &str = "512";
/// By how much a call that copies page tables gets slower, at the least: in
/// truth it is a hundred times.
const SLOWER: u64 = 4;
/// How often everything is timed before a call that should get slower is said
/// not to.  The least of all times counts, and a busy machine only adds to
/// some of them: more rounds come closer to what the call itself takes.
const ROUNDS: usize = 25;

/// Which languages copy the memory, and what that costs.
pub fn process_creation(conditions: &Conditions<'_>) -> Found<Evidence> {
    const SHARED: &str = "shares the memory";
    const COPIED: &str = "copies the page tables";
    const WAYS: &[Way<&str>] = &[
        (C, "clone", COPIED),
        (C, "fork", COPIED),
        (C, "clone_vm", SHARED),
        (C, "posix_spawn", SHARED),
        (RUST, "clone", COPIED),
        (RUST, "pre_exec", COPIED),
        (RUST, "command", SHARED),
        (GO, "cmd", SHARED),
        (GO, "cmd_newuser", COPIED),
    ];
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    let mut times = Times::new();
    for _ in 0..ROUNDS {
        let mut unclear: Vec<Launcher> = WAYS
            .iter()
            .filter(|(launcher, way, described)| {
                *described == COPIED && !is_slow(&times, (*launcher, way))
            })
            .map(|(launcher, ..)| *launcher)
            .collect();
        unclear.dedup();
        if unclear.is_empty() {
            break;
        }
        for launcher in unclear {
            time(&mut programs, launcher, &mut times)?;
        }
    }
    for (launcher, way, described) in WAYS {
        let (small, large) = times
            .get(&(*launcher, (*way).to_owned()))
            .copied()
            .ok_or_else(|| Refusal::Broken(format!("no time for {way}")))?;
        let call = call(&mut programs, *launcher, way)?;
        let how = if call.contains("CLONE_VM") { SHARED } else { COPIED };
        let slow = is_slow(&times, (*launcher, way));
        // What shares the memory is as fast as ever; but how fast that is
        // depends on what else the machine does, and so only the slow ones
        // are judged.
        let as_described = how == *described && (slow || *described == SHARED);
        evidence.judge(
            by(*launcher, way),
            &format!("{call}: {small} µs, {large} µs with {LARGE} MiB"),
            as_described,
            &format!("{described}, so takes its time"),
        );
    }
    unlike_their_kind(&mut programs, &mut evidence)?;
    Ok(evidence)
}

/// The least microseconds that each way took: in a small parent, in a large
/// one.
type Times = BTreeMap<(Launcher, String), (u64, u64)>;

/// Times every way of a launcher once more.
fn time(
    programs: &mut Programs<'_>,
    launcher: Launcher,
    times: &mut Times,
) -> Found<()> {
    for (mib, is_large) in [("0", false), (LARGE, true)] {
        let said = programs.run(launcher, "memory", &[mib])?.well()?;
        for line in said.lines() {
            let (way, micros) = line.split_once(' ').unwrap_or_default();
            let Ok(micros) = micros.parse::<u64>() else {
                let why = format!("memory: {line} is no time");
                return Err(Refusal::Broken(why));
            };
            let least = times
                .entry((launcher, way.to_owned()))
                .or_insert((u64::MAX, u64::MAX));
            let least = if is_large { &mut least.1 } else { &mut least.0 };
            *least = micros.min(*least);
        }
    }
    Ok(())
}

/// Ways that call another way than what they are called after.
fn unlike_their_kind(
    programs: &mut Programs<'_>,
    evidence: &mut Evidence,
) -> Found<()> {
    const FORKS: &str = "forks";
    // A name without a directory, and another PATH to look for it in.
    let call = call(programs, RUST, "command_path")?;
    let seen = if call.contains("CLONE_VM") { "spawns" } else { FORKS };
    evidence.see(by(RUST, "command_path"), seen, FORKS);
    let version = programs.go_version()?;
    let by_os_exec = match version {
        version if version >= (1, 23, 0) => "asks for a pidfd",
        _ => "asks for no pidfd",
    };
    for (way, described) in
        [("cmd", by_os_exec), ("forkexec", "asks for no pidfd")]
    {
        let call = self::call(programs, GO, way)?;
        let seen = match call.contains("CLONE_PIDFD") {
            true => "asks for a pidfd",
            false => "asks for no pidfd",
        };
        evidence.see(
            format!("{}, of the kernel", by(GO, way)),
            seen,
            described,
        );
    }
    Ok(())
}

fn is_slow(times: &Times, (launcher, way): (Launcher, &str)) -> bool {
    times
        .get(&(launcher, way.to_owned()))
        .is_some_and(|(small, large)| *large > SLOWER * small)
}

/// The call by which a launcher makes the child that execs.
fn call(
    programs: &mut Programs<'_>,
    launcher: Launcher,
    way: &str,
) -> Found<String> {
    let launch = programs.program(launcher, "pitfalls/launch")?;
    let recording = trace(programs, &[&launch, way, "true"])?;
    let execs = |process: usize| {
        let mut calls = recording.calls.iter();
        calls.any(|it| it.process == process && it.name == "execve")
    };
    recording
        .calls
        .iter()
        .filter(|call| match call.made {
            Some(Made::Process(made)) => execs(made),
            _ => false,
        })
        .map(|call| {
            let to = call.arguments.as_deref().unwrap_or_default();
            let to = to.first().map(ToString::to_string).unwrap_or_default();
            format!("{}({to})", call.name)
        })
        .next()
        .ok_or_else(|| Refusal::Broken(format!("{way} makes no process")))
}

/// What a command line calls, by the tracer of `nsteps trace`.
fn trace(programs: &mut Programs<'_>, argv: &[&str]) -> Found<Recording> {
    let tracer = format!("{OBSERVED_PROC}/1/exe");
    let argv = [&[tracer.as_str(), "tracer", "--"], argv].concat();
    let said = programs.session.run(&argv)?;
    serde_json::from_str(&said.stdout).map_err(|_| {
        let why = said.stderr.lines().last().unwrap_or("it said nothing");
        Refusal::Unavailable(format!("nothing can be traced here: {why}"))
    })
}

/// Which languages can set a host name in the child without a second start.
pub fn between_clone_and_exec(conditions: &Conditions<'_>) -> Found<Evidence> {
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    for (launcher, described) in [
        (C, "the child sets the host name, then execs the payload"),
        (RUST, "the child sets the host name, then execs the payload"),
        (
            GO,
            "the child execs the launcher, sets the host name, then execs \
              the payload",
        ),
    ] {
        let step = programs.program(launcher, "uts")?;
        let recording = trace(&mut programs, &[&step, "/bin/true"])?;
        let mut words = Vec::new();
        for call in &recording.calls {
            let to = call.arguments.as_deref().unwrap_or_default();
            let to = to.first().map(ToString::to_string).unwrap_or_default();
            match call.name.as_str() {
                _ if call.process == 0 => {}
                "execve" if to.contains("/proc/self/exe") => {
                    words.push("execs the launcher");
                }
                "execve" => words.push("then execs the payload"),
                "sethostname" => words.push("sets the host name"),
                _ => {}
            }
        }
        let seen = format!("the child {}", words.join(", "));
        evidence.see(format!("{launcher}, uts"), &seen, described);
    }
    // What stays behind as PID 1 has the name that it was executed by.
    for (launcher, described) in
        [(C, "unshare_init"), (RUST, "unshare_init"), (GO, "exe")]
    {
        let payload = ["cat", "/proc/1/comm"];
        let said = programs.step(launcher, "unshare_init", &payload)?.well()?;
        let seen = said.lines().last().unwrap_or_default();
        let case = format!("{launcher}, unshare_init, the name of PID 1");
        evidence.see(case, seen, described);
    }
    // So it cannot do without a /proc, and the others can.
    programs.session.sh("mount -n -t tmpfs none /proc")?.well()?;
    for (launcher, described) in [
        (C, "works"),
        (RUST, "works"),
        (GO, "fork/exec /proc/self/exe: no such file or directory"),
    ] {
        let said = programs.step(launcher, "uts", &["true"])?;
        let first = said.error_message();
        let seen = match (said.status, launcher) {
            (0, _) if said.stderr.is_empty() => "works",
            // Its own words, or the step's.
            (_, GO) if first.ends_with("no such file or directory") => {
                "fork/exec /proc/self/exe: no such file or directory"
            }
            _ => first,
        };
        let case = format!("{launcher}, uts without a /proc");
        evidence.see(case, seen, described);
    }
    Ok(evidence)
}

/// Where a name is looked up that only, or also, the new root has.
pub fn path_lookup(conditions: &Conditions<'_>) -> Found<Evidence> {
    /// The new root, and its directory of programs.
    const ROOT: &str = "/tmp/root";
    const PATH: &str = "PATH=/usr/bin:/bin:/opt/bin";
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    let found_at = programs.program(RUST, "pitfalls/found_at")?;
    programs
        .session
        .sh(&format!(
            "mkdir -p {ROOT}/opt/bin; for name in id only-inside; do \
             cp {found_at} {ROOT}/opt/bin/$name; done"
        ))?
        .well()?;
    let program = |programs: &Programs<'_>, launcher| {
        programs.program(launcher, "pitfalls/lookup")
    };
    let c = program(&programs, C)?;
    let rust = program(&programs, RUST)?;
    let go = program(&programs, GO)?;
    let ways: [(&str, Vec<&str>, &str, &str); 4] = [
        (
            "c, clone, chroot, execvp",
            vec![&c],
            "/opt/bin/only-inside",
            "/opt/bin/id",
        ),
        (
            "rust, nix::clone, chroot, execvp",
            vec![&rust, "clone"],
            "/opt/bin/only-inside",
            "/opt/bin/id",
        ),
        (
            "rust, Command, chroot in pre_exec",
            vec![&rust, "pre_exec"],
            "/opt/bin/only-inside",
            "/opt/bin/id",
        ),
        (
            "go, SysProcAttr.Chroot",
            vec![&go],
            "exec: \"only-inside\": executable file not found in $PATH",
            "fork/exec /usr/bin/id: no such file or directory",
        ),
    ];
    for (case, argv, only_inside, id) in ways {
        for (name, described) in [("only-inside", only_inside), ("id", id)] {
            let argv = [&["env", PATH], &argv[..], &[ROOT, name]].concat();
            let said = programs.session.run(&argv)?;
            let seen = format!("{name}: {}", in_one_line(&said));
            evidence.see(case, &seen, &format!("{name}: {described}"));
        }
    }
    names::without_a_path(&mut programs, &mut evidence)?;
    names::path_of_the_payload(&mut programs, &mut evidence)?;
    names::what_an_error_names(&mut programs, &mut evidence)?;
    names::without_a_linker(&mut programs, &mut evidence)?;
    Ok(evidence)
}

/// What becomes of an odd environment.
pub fn environment(conditions: &Conditions<'_>) -> Found<Evidence> {
    const ODD: &[&str] = &[
        "-e",
        "ZED=1",
        "-e",
        "DUP=first",
        "-e",
        "PATH=/usr/bin:/bin",
        "-e",
        "DUP=second",
        "-e",
        "NOEQUALS",
        "-e",
        "=odd=x",
        "-e",
        "EMPTY=",
    ];
    const AS_IT_IS: &str =
        "ZED=1 DUP=first PATH DUP=second NOEQUALS =odd=x EMPTY=";
    const FIRST_WINS: &str = "ZED=1 DUP=first PATH NOEQUALS =odd=x EMPTY=";
    const WAYS: &[Way<&str>] = &[
        (C, "clone", AS_IT_IS),
        (C, "posix_spawn", AS_IT_IS),
        (RUST, "clone", AS_IT_IS),
        (RUST, "command", AS_IT_IS),
        (RUST, "command_env", "=odd=x DUP=second EMPTY= NEW=1 PATH ZED=1"),
        (GO, "cmd", FIRST_WINS),
        (GO, "forkexec", FIRST_WINS),
        (GO, "cmd_dir", "ZED=1 DUP=first PATH NOEQUALS =odd=x EMPTY= PWD=/tmp"),
    ];
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    for (launcher, way, described) in WAYS {
        let payload = ["cat", "/proc/self/environ"];
        let said = programs.launch(ODD, (*launcher, way), &payload)?.well()?;
        let entries: Vec<&str> = said
            .split_terminator('\0')
            .map(|it| if it.starts_with("PATH=") { "PATH" } else { it })
            .collect();
        evidence.see(by(*launcher, way), &entries.join(" "), described);
    }
    preloaded(&mut programs, &mut evidence)?;
    Ok(evidence)
}

/// Which launchers execute code of a library that the environment names.
fn preloaded(
    programs: &mut Programs<'_>,
    evidence: &mut Evidence,
) -> Found<()> {
    const LOADED: &str = "is in the launcher";
    const ABSENT: &str = "is not in the launcher";
    let library = programs.program(C, "pitfalls/libnss_inner.so.2")?;
    let look = "grep -q libnss_inner /proc/$PPID/maps && echo loaded; :";
    for (launcher, described) in [(C, LOADED), (GO, ABSENT), (RUST, ABSENT)] {
        let program = programs.program(launcher, "skeleton")?;
        let preload = format!("LD_PRELOAD={library}");
        let argv = ["env", &preload, &program, "sh", "-c", look];
        let said = programs.session.run(&argv)?.well()?;
        let is_loaded = said.lines().any(|it| it == "loaded");
        let seen = if is_loaded { LOADED } else { ABSENT };
        let case = format!("{launcher}, skeleton, a library of LD_PRELOAD");
        evidence.see(case, seen, described);
    }
    Ok(())
}

/// Which payload has the raised limit of open files.
pub fn limit_of_files(conditions: &Conditions<'_>) -> Found<Evidence> {
    const AS_GIVEN: &str = "the payload has the caller's soft limit";
    const RAISED: &str = "the payload has a raised soft limit";
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    let own = "ulimit -Sn; ulimit -Hn";
    let own = programs.session.sh(own)?.well()?;
    if own.lines().next() == own.lines().nth(1) {
        return Err(Refusal::Unavailable(
            "the hard limit of files is no higher than the soft one".to_owned(),
        ));
    }
    let version = programs.go_version()?;
    // Two older branches got the correction as well.
    let by_library = match version {
        (1, 19, patch) if patch < 9 => RAISED,
        (1, 20, patch) if patch < 4 => RAISED,
        _ => AS_GIVEN,
    };
    for (launcher, way, described) in [
        (C, "clone", AS_GIVEN),
        (RUST, "clone", AS_GIVEN),
        (RUST, "command", AS_GIVEN),
        (GO, "cmd", by_library),
        (GO, "raw_exec", RAISED),
        (GO, "setrlimit", RAISED),
    ] {
        let payload = ["sh", "-c", "ulimit -Sn"];
        let said = programs.launch(&[], (launcher, way), &payload)?.well()?;
        let as_given = Some(said.as_str()) == own.lines().next();
        let seen = if as_given { AS_GIVEN } else { RAISED };
        let case = match launcher {
            GO => {
                let (major, minor, patch) = version;
                format!("{} (Go {major}.{minor}.{patch})", by(GO, way))
            }
            _ => by(launcher, way),
        };
        evidence.see(case, seen, described);
    }
    Ok(evidence)
}

/// Which descriptors reach the payload.
pub fn descriptors(conditions: &Conditions<'_>) -> Found<Evidence> {
    /// One without close-on-exec, and one with it.
    const ODD: &[&str] = &["-d", "7", "-c", "8"];
    const NOTHING: &[&str] = &[];
    const PAYLOAD: &[&str] = &[
        "sh",
        "-c",
        "for fd in 3 4 5 6 7 8 9; do \
         [ ! -e /proc/$$/fd/$fd ] || echo $fd; done",
    ];
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    for (launcher, way, before, described) in [
        (C, "clone", ODD, "inherited 7, close-on-exec 8: leaks 7"),
        (RUST, "clone", ODD, "inherited 7, close-on-exec 8: leaks 7"),
        (RUST, "command", ODD, "inherited 7, close-on-exec 8: leaks 7"),
        (GO, "cmd", ODD, "inherited 7, close-on-exec 8: leaks 7"),
        (C, "pipe", NOTHING, "pipe(): leaks 3 4"),
        (RUST, "pipe", NOTHING, "nix's pipe(): leaks 3 4"),
        (RUST, "std_pipe", NOTHING, "std's pipe(): leaks nothing"),
        // Where the runtime has descriptors of its own, the numbers vary.
        (GO, "pipe", NOTHING, "syscall.Pipe: leaks two"),
        (GO, "os_pipe", NOTHING, "os.Pipe: leaks nothing"),
    ] {
        let said = programs.launch(before, (launcher, way), PAYLOAD)?.well()?;
        let leaked: Vec<&str> = said.lines().collect();
        let leaked = match (leaked.len(), launcher) {
            (0, _) => "nothing".to_owned(),
            (2, GO) => "two".to_owned(),
            _ => leaked.join(" "),
        };
        let what = described.split(": ").next().unwrap_or_default();
        let case = match before {
            [] => launcher.to_string(),
            _ => by(launcher, way),
        };
        evidence.see(case, &format!("{what}: leaks {leaked}"), described);
    }
    Ok(evidence)
}

/// What a payload's streams are if the caller does not set them.
pub fn stdio_default(conditions: &Conditions<'_>) -> Found<Evidence> {
    const INHERITED: &str = "stdin: inherited, stdout: inherited";
    const WAYS: &[Way<&str>] = &[
        (C, "clone", INHERITED),
        (C, "posix_spawn", INHERITED),
        (RUST, "command", INHERITED),
        (RUST, "command_output", "stdin: /dev/null, stdout: a new pipe"),
        (GO, "cmd_bare", "stdin: /dev/null, stdout: /dev/null"),
    ];
    /// Written to a file, because some callers do not show the output; and not
    /// redirected, for a shell may do that to itself while the command runs.
    const LOOK: &str = "streams=$(readlink /proc/$$/fd/0 /proc/$$/fd/1)";
    const NOTE: &str = "echo \"$streams\" >/tmp";
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    for (launcher, way, described) in WAYS {
        let launch = programs.program(*launcher, "pitfalls/launch")?;
        let script = format!(
            "{LOOK}; {NOTE}/own; exec {launch} {way} sh -c '{LOOK}; {NOTE}/its'"
        );
        programs.session.sh(&script)?.well()?;
        let notes =
            programs.session.run(&["cat", "/tmp/own", "/tmp/its"])?.well()?;
        let lines: Vec<&str> = notes.lines().collect();
        let [own_in, own_out, its_in, its_out] = lines[..] else {
            return Err(Refusal::Broken(format!("four streams: {notes}")));
        };
        let kind = |own: &str, its: &str| match its {
            _ if own == its => "inherited".to_owned(),
            _ if its.starts_with("pipe:") => "a new pipe".to_owned(),
            other => other.to_owned(),
        };
        let (stdin, stdout) = (kind(own_in, its_in), kind(own_out, its_out));
        let seen = format!("stdin: {stdin}, stdout: {stdout}");
        evidence.see(by(*launcher, way), &seen, described);
    }
    closed_stdin(&mut programs, &mut evidence)?;
    left_behind(&mut programs, &mut evidence)?;
    Ok(evidence)
}

/// Which launchers wait for a process that holds the payload's streams when the
/// payload has ended.
fn left_behind(
    programs: &mut Programs<'_>,
    evidence: &mut Evidence,
) -> Found<()> {
    const WAITS: &str = "waits for it";
    const RETURNS: &str = "returns";
    /// How long a launcher that waits is looked at, in seconds.
    const BOUND: &str = "1";
    /// A fifo that is open for writing too never has an end.
    const PAYLOAD: &str = "sh -c 'read _ <>/tmp/gate' & exit 0";
    programs.session.run(&["mkfifo", "/tmp/gate"])?.well()?;
    for (launcher, way, described) in [
        (RUST, "command_output", WAITS),
        (GO, "cmd_output", WAITS),
        (RUST, "command", RETURNS),
        (GO, "cmd", RETURNS),
    ] {
        let launch = programs.program(launcher, "pitfalls/launch")?;
        let script = "timeout $1 $2 $3 sh -c \"$4\" >/tmp/said 2>&1; echo $?";
        let argv = ["sh", "-c", script, "sh", BOUND, &launch, way, PAYLOAD];
        let said = programs.session.run(&argv)?.well()?;
        let seen = match said.as_str() {
            "124" => WAITS,
            "0" => RETURNS,
            other => other,
        };
        let case = format!("{}, a process is left behind", by(launcher, way));
        evidence.see(case, seen, described);
    }
    Ok(())
}

/// What descriptor 0 is in the payload if the caller has closed it.
fn closed_stdin(
    programs: &mut Programs<'_>,
    evidence: &mut Evidence,
) -> Found<()> {
    const CLOSED: &str = "closed";
    const NULL: &str = "/dev/null";
    const PAYLOAD: &[&str] =
        &["sh", "-c", "readlink /proc/$$/fd/0 || echo closed"];
    let start = ["-x", "0"];
    let version = programs.go_version()?;
    let by_go = if version < (1, 22, 0) { CLOSED } else { NULL };
    for (launcher, way, described) in
        [(C, "clone", CLOSED), (RUST, "command", NULL), (GO, "exec", by_go)]
    {
        let said = programs.launch(&start, (launcher, way), PAYLOAD)?.well()?;
        let case = match launcher {
            GO => format!("{} (Go {}.{})", by(GO, way), version.0, version.1),
            _ => by(launcher, way),
        };
        evidence.see(format!("{case}, stdin closed"), &said, described);
    }
    let said =
        programs.step_after(&start, RUST, "skeleton", PAYLOAD)?.well()?;
    evidence.see("rust, skeleton, stdin closed", &said, CLOSED);
    Ok(())
}
