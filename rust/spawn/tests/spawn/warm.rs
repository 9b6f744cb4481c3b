//! Launches from a template and a stock of networks: what the payload has is
//! what a cold launch gives it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};

use nsteps_spawn::{Command, Mount, Namespace, Networks, Template};

use crate::Test;
use crate::observed::{
    Held, Outcome, Root, Trouble, WAITING, held, holds, needs_root, output,
    same,
};

pub const ALL: &[Test] = &[
    ("a_warm_payload_has_what_a_cold_one_has", as_cold),
    ("a_template_is_not_changed_by_its_launches", unchanged),
    ("a_source_of_the_caller_is_bound_in_a_template", bind),
    ("a_network_is_given_to_one_launch", once),
    ("a_stock_ends_with_its_value", dropped),
];

const KINDS: [Namespace; 5] = [
    Namespace::CGROUP,
    Namespace::IPC,
    Namespace::MNT,
    Namespace::PID,
    Namespace::UTS,
];

/// What both kinds of launches do.
fn common(command: Command<'_>) -> Command<'_> {
    let kinds = KINDS.iter().fold(Namespace::NET, |all, kind| all | *kind);
    command
        .namespaces(kinds)
        .hostname("box")
        .loopback_up()
        .mount(Mount::proc("/proc"))
        .mount(Mount::tmpfs("/tmp"))
}

/// What a mount table says apart from numbers of mounts and devices.
fn table(payload: &Held) -> Result<Vec<String>, Trouble> {
    let text = payload.read("mountinfo")?;
    let lines = text.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').skip(3).collect();
        words.join(" ")
    });
    Ok(lines.collect())
}

fn as_cold() -> Outcome {
    needs_root()?;
    let root = Root::new()?;
    for name in ["bin", "lib", "lib64", "usr"] {
        // The programs are in the root itself, so that it holds one mount.
        let place = root.path().join(name);
        if place.is_dir() && !place.is_symlink() {
            fs::remove_dir(&place)?;
        }
    }
    let program = static_program(&root)?;
    let template = Template::new(root.path())?;
    let networks = Networks::new(2)?;
    let words = |command: Command<'_>| output(command.arg("--look"));
    let cold = || common(Command::new(&program).root(root.path()));
    let warm = || {
        let command = Command::new(&program).template(&template);
        common(command.networks(&networks))
    };
    let (one, other) = (words(cold())?, words(warm())?);
    holds(one.contains("pid 1\n"), format!("not looked at: {one}"))?;
    same("inside", other, one)?;
    let wait = |command: Command<'_>| held(command.arg("--echo"));
    let (one, other) = (wait(cold())?, wait(warm())?);
    same("mounts", table(&other)?, table(&one)?)?;
    for file in [
        "limits",
        "cgroup",
        "uid_map",
        "timens_offsets",
        "net/fib_trie",
        "net/route",
        "net/dev",
        "net/unix",
        "net/if_inet6",
        "oom_score_adj",
    ] {
        same(file, other.read(file)?, one.read(file)?)?;
    }
    for name in [
        "Uid",
        "Gid",
        "Groups",
        "CapEff",
        "CapBnd",
        "SigBlk",
        "SigIgn",
        "NoNewPrivs",
        "Seccomp",
        "Umask",
    ] {
        same(name, other.status(name)?, one.status(name)?)?;
    }
    for name in ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"] {
        let name = format!("ns/{name}");
        let own = fs::read_link(format!("/proc/self/{name}"))?;
        let is_new = [one.link(&name)? != own, other.link(&name)? != own];
        same(&name, is_new[1], is_new[0])?;
        if is_new[0] {
            holds(one.link(&name)? != other.link(&name)?, name)?;
        }
    }
    Ok(())
}

/// This program, if it is static, in the root.
fn static_program(root: &Root) -> Result<String, Trouble> {
    // A build for another C library needs its shared objects.
    if cfg!(not(any(target_env = "musl", target_feature = "crt-static"))) {
        let why = "needs a test that is linked statically, as by make test";
        return Err(Trouble::Unavailable(why.to_owned()));
    }
    let own = std::env::current_exe()?;
    fs::copy(own, root.path().join("program"))?;
    Ok("/program".to_owned())
}

/// As a payload: what there is.
pub fn look(_: &[String]) -> Outcome {
    println!("pid {}", std::process::id());
    println!(
        "name {}",
        fs::read_to_string("/proc/sys/kernel/hostname")?.trim()
    );
    println!("cwd {}", std::env::current_dir()?.display());
    for dir in ["/", "/proc/self/fd", "/tmp"] {
        let names: BTreeSet<_> =
            fs::read_dir(dir)?.flatten().map(|it| it.file_name()).collect();
        println!("{dir} {names:?}");
    }
    for (name, value) in std::env::vars_os() {
        println!("{name:?} {value:?}");
    }
    let status = fs::read_to_string("/proc/self/status")?;
    let kept = ["Uid", "Gid", "Cap", "Sig", "NS", "Umask", "PPid", "Tracer"];
    for line in status.lines() {
        if kept.iter().any(|it| line.starts_with(it)) && !line.contains("SigQ")
        {
            println!("{line}");
        }
    }
    for file in ["net/ipv4/ip_forward", "net/core/somaxconn", "kernel/msgmax"] {
        let path = format!("/proc/sys/{file}");
        println!("{file} {}", fs::read_to_string(path)?.trim());
    }
    Ok(())
}

/// As a payload: it gives back what it is given, until there is no more.
pub fn echo(_: &[String]) -> Outcome {
    let mut byte = [0];
    while std::io::stdin().read(&mut byte)? == 1 {
        std::io::stdout().write_all(&byte)?;
        std::io::stdout().flush()?;
    }
    Ok(())
}

fn unchanged() -> Outcome {
    needs_root()?;
    let template = Template::new("/")?;
    let first = held(Command::new(WAITING).template(&template))?;
    let before = table(&first)?;
    let changed = Command::new(WAITING).template(&template);
    let changed = held(changed.mount(Mount::tmpfs("/tmp")))?;
    same("more mounts", table(&changed)?.len(), before.len() + 1)?;
    let last = held(Command::new(WAITING).template(&template))?;
    same("the next", table(&last)?, before.clone())?;
    same("the first", table(&first)?, before)
}

fn bind() -> Outcome {
    needs_root()?;
    let source = tempfile::tempdir()?;
    fs::write(source.path().join("file"), "bound")?;
    let root = Root::new()?;
    // What is bound below the root now is in the template.
    let template = Template::new("/")?;
    let place = root.path().join("mnt");
    let command = Command::new("/bin/cat").arg(place.join("file"));
    let command = command.template(&template);
    let mount = Mount::bind(source.path(), &place).read_only();
    same("inside", output(command.mount(mount.clone()))?, "bound")?;
    same("outside", fs::read_dir(&place)?.count(), 0)?;
    let payload = held(Command::new(WAITING).template(&template).mount(mount))?;
    let lines = table(&payload)?;
    let line = lines.iter().find(|it| {
        it.split(' ').nth(1).is_some_and(|it| place.as_os_str() == it)
    });
    let line = line.cloned().unwrap_or_default();
    holds(line.contains(" ro,"), line.clone())?;
    holds(!line.contains("shared:"), line)
}

fn once() -> Outcome {
    needs_root()?;
    let networks = Networks::new(2)?;
    let own = fs::read_link("/proc/self/ns/net")?;
    let command = Command::new(WAITING).networks(&networks);
    let prepared: Vec<Held> =
        (0..6).map(|_| held(command.clone())).collect::<Result<_, _>>()?;
    let mut seen = BTreeSet::from([own.clone()]);
    for payload in &prepared {
        let net = payload.link("ns/net")?;
        holds(seen.insert(net.clone()), format!("{} again", net.display()))?;
        let table = payload.read("net/fib_trie")?;
        holds(!table.contains("127.0.0.1"), "lo is up without a request")?;
    }
    for task in fs::read_dir("/proc/self/task")?.flatten() {
        let name = fs::read_to_string(task.path().join("comm"));
        let Ok(net) = fs::read_link(task.path().join("ns/net")) else {
            // The thread of another test has ended.
            continue;
        };
        // The thread that makes them goes back at once.
        if name.is_ok_and(|it| it.trim() != "networks") {
            same("a thread's", net, own.clone())?;
        }
    }
    let up = held(command.loopback_up())?;
    let table = up.read("net/fib_trie")?;
    holds(table.contains("127.0.0.1"), "lo is down")
}

fn dropped() -> Outcome {
    let begun = std::time::Instant::now();
    for count in [0, 1, 5] {
        drop(Networks::new(count)?);
    }
    holds(
        begun.elapsed() < crate::observed::BOUND,
        "the threads did not end in time",
    )
}
