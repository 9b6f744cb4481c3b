//! The differences between the languages, their pages, and the premises of
//! their checks.

use crate::availability::unavailable;
use crate::broken::{Break, Script};
use crate::{is_expected, outcome};
use harness::found::{NEEDS_ROOT, Refusal};
use harness::host::layout::Layout;
use harness::scenario::Identity;
use libtest_mimic::{Completion, Failed, Trial};
use nsteps::checks::pitfalls::{Affected, Difference, SURPRISES};
use std::fs;

pub fn trials() -> Vec<Trial> {
    let differences = Difference::all().into_iter().map(|difference| {
        Trial::ignorable_test(difference.slug(), move || {
            is_expected(difference)
        })
    });
    let pages = Difference::all().into_iter().map(|difference| {
        let name = format!("page::{}", difference.slug());
        Trial::ignorable_test(name, move || has_a_page(difference))
    });
    let rows = SURPRISES.iter().map(|surprise| {
        let name = format!("rows::{}", surprise.slug);
        let difference = Difference::Pitfall(surprise);
        Trial::ignorable_test(name, move || has_its_rows(difference))
    });
    let orphans = Trial::ignorable_test("page::each_has_a_check", has_a_check);
    let breaks = BREAKS.iter().map(|it| {
        let name = format!("broken::{}::{}", it.check, it.program);
        Trial::ignorable_test(name, move || it.is_noticed("differences"))
    });
    differences
        .chain(pages)
        .chain(rows)
        .chain([orphans])
        .chain(breaks)
        .collect()
}

/// The page of a surprise has a row for every situation with what its check
/// sees.
fn has_its_rows(difference: Difference) -> Result<Completion, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let path = format!("docs/src/kernel/{}.md", difference.slug());
    let Ok(page) = fs::read_to_string(layout.root().join(&path)) else {
        return unavailable("there are no docs/src/kernel here");
    };
    if Identity::natural() == Identity::User {
        return unavailable(&format!(
            "the table is what root sees: {NEEDS_ROOT}"
        ));
    }
    let evidence = match outcome(difference)? {
        Ok(evidence) => evidence,
        Err(Refusal::Unavailable(reason)) => return unavailable(&reason),
        Err(Refusal::Broken(why)) => return Err(why.into()),
    };
    if evidence.sights.is_empty() {
        return Err("the check sees nothing".into());
    }
    let plain = |line: &str| line.replace(['`', '*', '\\'], "");
    let rows: Vec<String> = page.lines().map(plain).collect();
    let missing: Vec<String> = evidence
        .sights
        .iter()
        .map(|sight| plain(&format!("| {} | {} |", sight.case, sight.seen)))
        .filter(|row| !rows.contains(row))
        .map(|row| format!("{path}: add the row {row}"))
        .collect();
    if missing.is_empty() {
        return Ok(Completion::Completed);
    }
    Err(missing.join("\n").into())
}

/// A difference has its page among the pitfalls or the kernel's surprises; or
/// it is a known difference, and has its page there.
fn has_a_page(difference: Difference) -> Result<Completion, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    if !layout.root().join("docs/src").exists() {
        return unavailable("there are no docs/src here");
    }
    let slug = difference.slug();
    let is_in = |part: &str| {
        layout.root().join(format!("docs/src/{part}/{slug}.md")).exists()
    };
    let is_known = layout.difference_page(slug).exists();
    if PARTS.iter().any(|part| is_in(part)) || is_known {
        return Ok(Completion::Completed);
    }
    let part = match difference {
        Difference::Pitfall(it) if it.affects == [Affected::Kernel] => "kernel",
        Difference::Pitfall(_) => "pitfalls",
        Difference::Known(_) => "differences",
    };
    Err(format!("write docs/src/{part}/{slug}.md").into())
}

/// The parts of the book in which every page is reproduced.
const PARTS: &[&str] = &["pitfalls", "kernel"];

/// Each page about a pitfall has a check that reproduces it.
fn has_a_check() -> Result<Completion, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let mut pages = Vec::new();
    for part in PARTS {
        match fs::read_dir(layout.root().join("docs/src").join(part)) {
            Ok(entries) => pages.extend(entries.flatten()),
            Err(_) => return unavailable("there are no docs/src here"),
        }
    }
    let all = Difference::all();
    // A directory may have a page about all its pages.
    let known = |stem: &str| {
        stem == "README"
            || stem == "index"
            || all.iter().any(|it| it.slug() == stem)
    };
    let orphans: Vec<String> = pages
        .into_iter()
        .filter_map(|page| {
            let name = page.file_name().into_string().ok()?;
            let stem = name.strip_suffix(".md")?;
            (!known(stem)).then(|| format!("no check reproduces {name}"))
        })
        .collect();
    if orphans.is_empty() {
        return Ok(Completion::Completed);
    }
    Err(orphans.join("\n").into())
}

const fn broken(
    check: &'static str,
    program: &'static str,
    script: &'static str,
) -> Break {
    let by = Script("", script);
    Break { check, program, by, verdict: "not reproduced" }
}

/// A program in Go that launches as C does.
const GO_AS_C: &str = "case $1 in version) echo go1.26 ;;
*) shift; exec /nsteps/c/pitfalls/launch clone_newns \"$@\" ;; esac";
/// A program in Rust that does everything as C does.
const RUST_AS_C: &str = "case $1 in libc) echo musl ;;
*) shift; exec /nsteps/c/pitfalls/launch clone \"$@\" ;; esac";
const RUST_AS_POSIX_SPAWN: &str = "case $1 in libc) echo musl ;;
*) shift; exec /nsteps/c/pitfalls/launch posix_spawn \"$@\" ;; esac";
/// A step that does not reset SIGPIPE.
const FORGETFUL: &str = "exec /nsteps/rust/pitfalls/launch clone \"$@\"";
/// A step that pivots and does not change its directory.
const NO_CHDIR: &str = "exec /nsteps/c/pitfalls/no_chdir \"$@\"";
/// A launcher whose payload is not PID 1.
const AS_PID_2: &str = "exec unshare --pid --fork sh -c '\"$@\"; :' sh \"$@\"";
/// A caller that does not close a descriptor.
const OPEN_STDIN: &str = "while [ \"$1\" = -x ]; do shift 2; done; exec \"$@\"";
/// A step that reports that it is ready after it has become undumpable.
const UNDUMPABLE: &str = "mkfifo /tmp/said
sed -u s/0/ready/ </tmp/said &
exec /nsteps/c/pitfalls/dumpable setuid hold >/tmp/said";
const FAST: &str = "for way in clone clone_vm fork posix_spawn; do
echo $way 50; done";

/// A step in C that ends, prints and refuses as that in Rust does.
const SKELETON_AS_RUST: &str = "exec /nsteps/rust/skeleton \"$@\"";

/// Each difference whose check uses a program of ours, which can be broken.
const BREAKS: &[Break] = &[
    broken("exit-status", "c/skeleton", SKELETON_AS_RUST),
    broken("script-without-shebang", "c/skeleton", SKELETON_AS_RUST),
    broken(
        "stdio-at-exec",
        "c/pid_detach",
        "exec /nsteps/rust/pid_detach \"$@\"",
    ),
    broken(
        "payload-pid",
        "go/unshare_init",
        "exec /nsteps/c/unshare_init \"$@\"",
    ),
    broken("process-creation", "c/pitfalls/memory", FAST),
    broken("between-clone-and-exec", "go/uts", "exec /nsteps/c/uts \"$@\""),
    broken("sigpipe", "rust/skeleton", FORGETFUL),
    broken("sigpipe", "rust/pitfalls/launch", RUST_AS_C),
    broken("signals-32-33", "rust/pitfalls/launch", RUST_AS_POSIX_SPAWN),
    broken("inherited-signals", "go/pitfalls/launch", GO_AS_C),
    broken(
        "sigchld-ignored",
        "rust/skeleton",
        "exec /nsteps/c/skeleton \"$@\"",
    ),
    broken(
        "path-lookup",
        "go/pitfalls/lookup",
        "exec /nsteps/c/pitfalls/lookup \"$@\"",
    ),
    broken("environment", "go/pitfalls/launch", GO_AS_C),
    broken("rlimit-nofile", "go/pitfalls/launch", GO_AS_C),
    broken("descriptors", "rust/pitfalls/launch", RUST_AS_C),
    broken("stdio-default", "go/pitfalls/launch", GO_AS_C),
    broken(
        "goroutines",
        "go/pitfalls/goroutine",
        "echo 200 samples, 0 elsewhere",
    ),
    broken(
        "goroutines",
        "go/pitfalls/main_thread",
        "echo the process shows the new namespace for ever",
    ),
    broken(
        "hidden-first-child",
        "go/pitfalls/hidden_first_child",
        "echo exec.Command: ok",
    ),
    broken(
        "threads-and-setns",
        "go/pitfalls/threads",
        "exec /nsteps/c/pitfalls/threads alone",
    ),
    broken("unshareflags", "go/pitfalls/launch", GO_AS_C),
    broken("pdeathsig", "c/pitfalls/pdeathsig", "echo lived"),
    broken(
        "locks-after-clone",
        "c/pitfalls/locks",
        "echo 200 children, none hung",
    ),
    broken(
        "clone-without-signal",
        "rust/pitfalls/exit_signal",
        "exec /nsteps/c/pitfalls/exit_signal chld",
    ),
    broken(
        "pid-1-and-signals",
        "go/unshare_init",
        "exec /nsteps/c/unshare_init \"$@\"",
    ),
    broken(
        "orphan-after-ctrl-c",
        "c/pid_oldproc",
        "exec /nsteps/c/skeleton \"$@\"",
    ),
    broken(
        "map-without-a-pipe",
        "c/pitfalls/id_map",
        "echo 100 children, none lost its capabilities",
    ),
    broken("newtime-through-clone", "c/time", "exec /nsteps/c/skeleton \"$@\""),
    broken(
        "low-end-stack",
        "c/pitfalls/lowstack",
        "echo \"$1: the child exited with 0; 0 words\"",
    ),
    broken(
        "no-chdir",
        "c/pitfalls/no_chdir",
        "exec /nsteps/c/pivot_root \"$@\"",
    ),
    broken("no-chdir", "go/pivot_root", NO_CHDIR),
    broken("pid-1-and-signals", "go/pid_oldproc", AS_PID_2),
    broken("pid-1-and-signals", "c/pitfalls/fault", "kill -SEGV $$"),
    broken("path-lookup", "go/pitfalls/launch", GO_AS_C),
    broken("stdio-default", "c/pitfalls/start_with", OPEN_STDIN),
    broken("process-creation", "go/pitfalls/launch", GO_AS_C),
    broken("kill-0", "c/pid", "exec setsid -w /nsteps/c/skeleton \"$@\""),
    broken(
        "whose-procfs",
        "bin/nsteps",
        "/nsteps/bin/nsteps.real \"$@\" \
         | sed \"s/^the new namespace's\\tthe launcher/EPERM\\tthe launcher/\"",
    ),
    broken(
        "id-maps",
        "bin/nsteps",
        "/nsteps/bin/nsteps.real \"$@\" \
         | sed 's/^ok\\tallow to set/EPERM\\tallow to set/'",
    ),
    broken(
        "two-children-on-one-stack",
        "c/pitfalls/twostack",
        "echo 0 words of the first child have changed",
    ),
    broken("two-children-on-one-stack", "rust/rootless", "kill -SEGV $$"),
    broken(
        "ids-in-borrowed-memory",
        "c/pitfalls/dumpable",
        "echo 1; read _ || :",
    ),
    broken("ids-in-borrowed-memory", "rust/skeleton", UNDUMPABLE),
    broken(
        "empty-dev",
        "rust/container",
        "exec /nsteps/rust/pivot_root \"$@\"",
    ),
    broken("empty-dev", "rust/pitfalls/launch", "exit 0"),
    broken(
        "another-user",
        "c/pitfalls/another_user",
        "id=$2; shift 2; exec setpriv --reuid=$id --regid=$id \
         --clear-groups \"$@\"",
    ),
    broken(
        "another-user",
        "go/pitfalls/another_user",
        "shift; exec /nsteps/c/pitfalls/another_user ids \"$@\"",
    ),
    broken(
        "names-in-the-new-root",
        "c/pitfalls/user_lookup",
        "exec /nsteps/rust/pitfalls/user_lookup \"$@\"",
    ),
    broken(
        "names-in-the-new-root",
        "go/pitfalls/user_lookup_cgo",
        "exec /nsteps/go/pitfalls/user_lookup \"$@\"",
    ),
    broken("clone3-refused", "c/pitfalls/start_with", "shift 2; exec \"$@\""),
    broken(
        "clone3-refused",
        "go/pitfalls/user_lookup_cgo",
        "exec /nsteps/go/pitfalls/user_lookup \"$@\"",
    ),
    broken("threads-and-setns", "go/pitfalls/thread_ids", "echo every thread"),
    broken(
        "pid-1-and-signals",
        "go/pitfalls/reaper",
        "echo 500 children, none lost",
    ),
    broken(
        "between-clone-and-exec",
        "go/unshare_init",
        "exec /nsteps/c/unshare_init \"$@\"",
    ),
    broken("environment", "c/skeleton", SKELETON_AS_RUST),
    broken("path-lookup", "rust/pitfalls/launch", RUST_AS_C),
    broken("stdio-default", "rust/pitfalls/launch", RUST_AS_C),
    broken("listen-pid", "c/skeleton", "exec \"$@\""),
    broken("listen-pid", "go/pid", "exec /nsteps/c/pid \"$@\" 3<&-"),
    broken(
        "execve-enters-the-time-namespace",
        "bin/nsteps",
        "/nsteps/bin/nsteps.real \"$@\" \
         | sed 's/^the old one\\ta child that b/the new one\\ta child that b/'",
    ),
    broken(
        "handles-that-survive",
        "bin/nsteps",
        "/nsteps/bin/nsteps.real \"$@\" \
         | sed 's/^ok\\tthe same, in a user/ENOENT\\tthe same, in a user/'",
    ),
    broken(
        "locked-mounts",
        "bin/nsteps",
        "/nsteps/bin/nsteps.real \"$@\" | sed \
         's|.*\\t\\(umount2(\"/proc\", 0)\\)$|\
         ok\\t\\1|'",
    ),
    broken(
        "mount-flags",
        "bin/nsteps",
        "/nsteps/bin/nsteps.real \"$@\" \
         | sed 's/^rw\\tremount with MS_REC/ro\\tremount with MS_REC/'",
    ),
    broken(
        "proc-in-a-user-namespace",
        "bin/nsteps",
        "/nsteps/bin/nsteps.real \"$@\" | sed \
         's|.*\\t\\(an ordinary /proc, in a new pid namespace\\)$|\
         EPERM\\t\\1|'",
    ),
    broken(
        "pivot-root-errors",
        "bin/nsteps",
        "/nsteps/bin/nsteps.real \"$@\" \
         | sed 's/^ok\\tthe same, with no mount/EBUSY\\tthe same, with no mount/'",
    ),
    broken("mode-of-a-queue", "rust/pitfalls/queue_mode", "echo mode 0600"),
];
