//! The program as a launcher sees it: what it prints, how it ends, and that it
//! changes nothing that it reports.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use probe::{DEEP, Observation, PROPERTIES, Reading};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nsteps-probe"));
    command.stdin(Stdio::null());
    command
}

/// Returns the exit status, standard output and standard error.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output =
        program().args(arguments).output().expect("the probe to start");
    (
        output.status.code(),
        String::from_utf8(output.stdout).expect("text"),
        String::from_utf8(output.stderr).expect("text"),
    )
}

fn observe(arguments: &[&str]) -> Observation {
    let (status, text, error_message) = run(&[&["--json"], arguments].concat());
    assert_eq!((status, error_message.as_str()), (Some(0), ""));
    serde_json::from_str(&text).expect("an observation")
}

#[test]
fn text_is_one_line_for_each_reading() {
    let (status, text, error_message) = run(&[]);
    assert_eq!((status, error_message.as_str()), (Some(0), ""));
    for line in text.lines() {
        let (key, rest) = line.split_once(' ').expect("a key");
        assert!(!key.is_empty(), "{line}");
        let rest = rest.trim_start();
        assert!(rest.starts_with("= ") || rest.starts_with("! "), "{line}");
    }
}

#[test]
fn json_has_every_property() {
    let seen = observe(&[]);
    for key in [
        "capabilities.effective",
        "cgroup",
        "cwd",
        "descriptors",
        "environment.order",
        "id_maps.uid",
        "ids.uid",
        "lifecycle.pdeathsig",
        "limits.nofile",
        "mounts.from",
        "mqueue.queues",
        "net.links",
        "ns.uts",
        "processes.pid",
        "root.file",
        "scheduling.nice",
        "security.seccomp",
        "signals.ignored",
        "sysvipc.queues",
        "time_offsets.boottime",
        "umask",
        "uts.hostname",
    ] {
        assert!(seen.readings.contains_key(key), "{key}");
    }
    assert!(!seen.mounts.expect("a mount table").is_empty());
}

#[test]
fn the_signals_and_descriptors_are_those_it_was_started_with() {
    // Command resets SIGPIPE to its default; a Rust runtime in the probe would
    // ignore it again.
    let seen = observe(&["--only", "signals", "descriptors"]);
    assert!(!seen.value("signals.ignored").unwrap_or("").contains("PIPE"));
    assert_eq!(seen.value("descriptors.0"), Some("null, read"));
    assert_eq!(seen.value("descriptors.1"), Some("pipe, write"));
    // The probe opens no descriptor of its own: whatever was leaked to this
    // test is in both observations.
    let again = observe(&[]);
    assert_eq!(again.value("descriptors"), seen.value("descriptors"));
}

#[test]
fn without_proc_it_says_what_it_could_not_read() {
    let seen = observe(&["--proc", "/nonexistent"]);
    assert_eq!(
        seen.readings.get("cgroup"),
        Some(&Reading::Unread {
            call: "open /nonexistent/self/cgroup".to_owned(),
            errno: libc::ENOENT
        })
    );
    for key in [
        "uts.hostname",
        "ids.uid",
        "capabilities.effective",
        "signals.blocked",
        "descriptors",
        "net.links",
        "processes.pid",
        "limits.nofile",
        "umask",
    ] {
        assert!(seen.value(key).is_some(), "{key}");
    }
}

#[test]
fn the_listed_properties_can_be_asked_for() {
    let (status, list, _) = run(&["--list"]);
    assert_eq!(status, Some(0));
    let names: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let known: Vec<&str> =
        PROPERTIES.iter().chain(DEEP).map(|property| property.name).collect();
    assert_eq!(names, known);
    for name in names {
        assert!(!observe(&["--only", name]).readings.is_empty(), "{name}");
    }
}

#[test]
fn what_takes_longer_is_read_only_if_asked() {
    let shallow = observe(&[]);
    assert!(!shallow.readings.contains_key("call.keyctl"));
    let deep = observe(&["--deep"]);
    for key in [
        "argv.0",
        "call.keyctl",
        "can.write./",
        "landlock.layers",
        "routes.ipv4",
        "sizes",
        "sysctl.kernel.shmmax",
    ] {
        assert!(deep.readings.contains_key(key), "{key}");
    }
    // The attempts leave nothing behind.
    let effect = probe::effect(&shallow, &observe(&[]));
    assert_eq!(effect.to_string(), "");
}

#[test]
fn options_that_make_no_sense_are_one_line_and_status_2() {
    for arguments in [
        &["--bogus"][..],
        &["uts"],
        &["--only"],
        &["--only", "--json"],
        &["--only", "uts", "nothing"],
        &["--proc"],
        &["--deep", "--only", "uts"],
    ] {
        let (status, text, error_message) = run(arguments);
        assert_eq!((status, text.as_str()), (Some(2), ""), "{arguments:?}");
        assert_eq!(error_message.lines().count(), 1, "{arguments:?}");
        assert!(error_message.starts_with("nsteps-probe: "), "{error_message}");
    }
}

#[test]
fn help_is_no_mistake() {
    let (status, text, error_message) = run(&["--help"]);
    assert_eq!((status, error_message.as_str()), (Some(0), ""));
    assert!(text.contains("--hold"));
}

#[test]
fn held_it_lives_until_its_input_ends() {
    let mut child = program()
        .args(["--hold", "--only", "umask"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the probe to start");
    let mut input = child.stdin.take().expect("its input");
    let mut output = child.stdout.take().expect("its output");
    // The complete answer is there before the input ends.
    let mut line = [0; 5];
    output.read_exact(&mut line).expect("a line");
    assert_eq!(&line, b"umask");
    input.write_all(b"anything").expect("it to listen");
    assert_eq!(child.try_wait().expect("its status"), None);
    drop(input);
    assert_eq!(child.wait().expect("its status").code(), Some(0));
}

#[test]
fn without_a_reader_it_ends_quietly() {
    use std::os::unix::process::ExitStatusExt;
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut child = program()
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the probe to start");
    let status = child.wait().expect("its status");
    assert_eq!(status.signal(), Some(libc::SIGPIPE));
    let mut error_message = String::new();
    let mut errors = child.stderr.take().expect("its errors");
    errors.read_to_string(&mut error_message).expect("text");
    assert_eq!(error_message, "");
}

#[test]
fn a_full_disk_is_reported() {
    let full = std::fs::File::create("/dev/full").expect("/dev/full");
    let output = program().stdout(full).output().expect("the probe to start");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "nsteps-probe: write to standard output: \
         No space left on device (os error 28)\n"
    );
}
