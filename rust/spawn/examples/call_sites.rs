//! Three places at which programs start others, played again: as they do it
//! with std's `pre_exec`, and with this crate.
//!
//!     call_sites large [GIB]     a caller with much memory runs `true`
//!     call_sites threads [N]     48 threads start programs at the same time
//!     call_sites build           an executor gives each action namespaces
//!
//! The first is that of openai/codex#42738: an agent of 11 GB whose sandbox is
//! made in `pre_exec`. The second is that of robinhood#157: 48 threads that
//! fork. The third is what TraceMachina/nativelink#2597 asks for. Before
//! anything is timed, a witness in the place of the program shows that both
//! ways have the same effect. It needs root.

mod measure;

use measure::{Outcome, compare_blocks, success, way};
use nsteps_spawn::{Command, Mount, Namespace, Resource, Template};
use std::io::{self, PipeWriter, Read, pipe};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::thread;

/// What a witness prints: its namespaces, and what else a way sets.
const WITNESS: &str = "for kind in ipc mnt net uts; do \
     test $(readlink /proc/self/ns/$kind) = $(readlink /proc/$PPID/ns/$kind) \
     && echo $kind same || echo $kind new; done; \
     grep NoNewPrivs /proc/self/status; pwd; ulimit -n; \
     cut -d' ' -f 6 </proc/$$/stat | grep -qx $$ && echo session; \
     grep -c . /proc/self/mountinfo; ls /build 2>/dev/null || :";

fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1);
    let which = words.next().unwrap_or_default();
    let number = words.next().map(|it| it.parse()).transpose()?;
    match &*which {
        "large" => large(number.unwrap_or(4)),
        "threads" => threads(number.unwrap_or(48)),
        "build" => build(),
        _ => Err("usage: call_sites large|threads|build [NUMBER]".into()),
    }
}

/// A program, its arguments and where its output goes.
struct Program<'a> {
    words: &'a [&'a str],
    output: Option<&'a PipeWriter>,
}

const TRUE: Program<'_> = Program { words: &["/bin/true"], output: None };

/// A way to run a program and wait for it.
type Run<'a> = &'a dyn Fn(&Program<'_>) -> Outcome<()>;

/// What a witness says that is run in this way.
fn witness(run: Run<'_>) -> Outcome<String> {
    let (mut reader, writer) = pipe()?;
    let words = ["/bin/sh", "-c", WITNESS];
    run(&Program { words: &words, output: Some(&writer) })?;
    drop(writer);
    let mut said = String::new();
    reader.read_to_string(&mut said)?;
    Ok(said)
}

/// Proves that all ways have the same effect, then times them.
fn prove_and_compare(
    title: &str,
    rounds: usize,
    block: usize,
    ways: &[(&'static str, Run<'_>)],
) -> Outcome<()> {
    let mut effects = Vec::new();
    for (_, run) in ways {
        effects.push(witness(*run)?);
    }
    let first = effects.first().cloned().unwrap_or_default();
    if let Some(other) = effects.iter().find(|it| **it != first) {
        return Err(format!("not the same: {first}{other}").into());
    }
    println!("the effect of all: {}", first.trim().replace('\n', ", "));
    let ways = ways.iter().map(|(name, run)| way(name, || run(&TRUE)));
    compare_blocks(title, rounds, block, ways.collect())
}

/// std's way: what `set_up` does happens between fork and exec.
fn with_std(
    program: &Program<'_>,
    set_up: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) -> Outcome<()> {
    let mut command = std::process::Command::new(program.words[0]);
    command.args(&program.words[1..]).env_clear();
    if let Some(output) = program.output {
        command.stdout(output.try_clone()?);
    }
    // SAFETY: each closure of this file makes system calls, and allocates
    // nothing.
    unsafe { command.pre_exec(set_up) };
    success(command.status()?.success())
}

fn with_this(command: Command<'_>, program: &Program<'_>) -> Outcome<()> {
    let command = command.args(&program.words[1..]).env_clear();
    let mut child = match &program.output {
        Some(output) => command.stdout(&output.as_fd()).spawn()?,
        None => command.spawn()?,
    };
    success(child.wait()?.success())
}

fn done(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The kinds that a sandbox of the kind of the first has.
fn kinds() -> Namespace {
    Namespace::IPC | Namespace::MNT | Namespace::NET | Namespace::UTS
}

fn unshare_all() -> io::Result<()> {
    // SAFETY: unshare of namespaces touches no memory.
    done(unsafe { libc::unshare(kinds().flags()) })?;
    let flags = libc::MS_REC | libc::MS_PRIVATE;
    mount(None, c"/", flags)
}

fn mount(
    source: Option<&std::ffi::CStr>,
    target: &std::ffi::CStr,
    flags: libc::c_ulong,
) -> io::Result<()> {
    let none = std::ptr::null();
    let source = source.map_or(none, std::ffi::CStr::as_ptr);
    // SAFETY: two strings, one of them may be null, and nothing else.
    done(unsafe {
        libc::mount(source, target.as_ptr(), none, flags, none.cast())
    })
}

fn no_new_privileges() -> io::Result<()> {
    // SAFETY: this operation takes numbers.
    done(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })
}

fn large(gib: usize) -> Outcome<()> {
    // One byte of each page, so that each has an entry that a fork copies.
    let mut memory = vec![0u8; gib << 30];
    memory.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
    let before = |program: &Program<'_>| {
        with_std(program, || {
            unshare_all()?;
            no_new_privileges()
        })
    };
    let after = |program: &Program<'_>| {
        let command = Command::new(program.words[0]).namespaces(kinds());
        with_this(command.no_new_privs(), program)
    };
    prove_and_compare(
        &format!("a caller of {gib} GiB runs a sandboxed true"),
        10,
        3,
        &[("std, unshare in pre_exec", &before), ("this crate", &after)],
    )?;
    drop(std::hint::black_box(memory));
    Ok(())
}

fn threads(count: usize) -> Outcome<()> {
    /// How many programs each thread starts.
    const EACH: usize = 10;
    let before = |program: &Program<'_>| {
        // SAFETY: setsid takes nothing.
        let session = || match unsafe { libc::setsid() } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        };
        with_std(program, session)
    };
    let after = |program: &Program<'_>| {
        with_this(Command::new(program.words[0]).session(), program)
    };
    fn at_once(
        count: usize,
        run: impl Fn(&Program<'_>) -> Outcome<()> + Sync,
        program: &Program<'_>,
    ) -> Outcome<()> {
        if program.output.is_some() {
            return run(program);
        }
        let words = program.words;
        let failed = thread::scope(|scope| {
            let start = || {
                let program = Program { words, output: None };
                (0..EACH).all(|_| run(&program).is_ok())
            };
            let threads: Vec<_> =
                (0..count).map(|_| scope.spawn(start)).collect();
            threads.into_iter().any(|it| !it.join().unwrap_or(false))
        });
        success(!failed)
    }
    prove_and_compare(
        &format!("{count} threads, {EACH} programs each"),
        10,
        1,
        &[
            ("std, setsid in pre_exec", &|program| {
                at_once(count, before, program)
            }),
            ("this crate", &|program| at_once(count, after, program)),
        ],
    )
}

/// What an executor gives an action: namespaces, its directory at a fixed
/// place, and a limit.
fn build() -> Outcome<()> {
    const FILES: u64 = 256;
    let work = std::env::temp_dir();
    let work = work.join(format!("call-sites-{}", std::process::id()));
    let root = Path::new("/build");
    std::fs::create_dir(&work)?;
    std::fs::write(work.join("input"), "")?;
    let made = std::fs::create_dir(root);
    let source = std::ffi::CString::new(work.to_str().ok_or("no text")?)?;
    let before = |program: &Program<'_>| {
        let source = source.clone();
        with_std(program, move || {
            unshare_all()?;
            let bind = libc::MS_BIND | libc::MS_REC;
            mount(Some(&source), c"/build", bind)?;
            // SAFETY: a string.
            done(unsafe { libc::chdir(c"/build".as_ptr()) })?;
            let limit = libc::rlimit { rlim_cur: FILES, rlim_max: FILES };
            // SAFETY: one limit, which is alive.
            done(unsafe {
                libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit)
            })
        })
    };
    let common = |program: &Program<'_>| {
        Command::new(program.words[0])
            .namespaces(kinds())
            .mount(Mount::bind(&work, root))
            .current_dir(root)
            .limit(Resource::OpenFiles, FILES, FILES)
    };
    let after = |program: &Program<'_>| with_this(common(program), program);
    let template = Template::new("/")?;
    let warm = |program: &Program<'_>| {
        with_this(common(program).template(&template), program)
    };
    let compared = prove_and_compare(
        "an executor gives an action namespaces and its directory",
        20,
        10,
        &[
            ("std, unshare and mount in pre_exec", &before),
            ("this crate", &after),
            ("this crate, template", &warm),
        ],
    );
    std::fs::remove_dir_all(&work)?;
    if made.is_ok() {
        std::fs::remove_dir(root)?;
    }
    compared
}
