//! Peers that report work that they have not done, fail, or do not answer: each
//! must make its row wrong.
//!
//! A benchmark that can be won by leaving out the work measures nothing. The
//! mutants are the peer in C with one call removed; the liars are scripts that
//! speak the protocol. The other peer of their contest does its work, and so
//! does the control, which must not be caught.

#[path = "../../rust/nsteps/tests/availability/mod.rs"]
mod availability;

use availability::unavailable;
use bench::measure::contest::Contest;
use bench::measure::launch::launch;
use bench::measure::paired::{PASS, Places, hold};
use bench::measure::place::{Place, Processors, said, sandbox};
use bench::measure::{attach, programs};
use bench::operation::{OPERATIONS, Operation};
use bench::peer::{PEERS, Peer};
use bench::record::outcome::{Extent, Outcome, Verdict};
use harness::found::Refusal;
use harness::host::layout::Layout;
use harness::host::rootfs::put;
use harness::launcher::Launcher;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::LazyLock;

/// A script that answers questions for `$operation` and `$count`.
struct Liar {
    name: &'static str,
    answer: &'static str,
    /// The message with which it is caught.
    caught: &'static str,
}

/// The operation that each is asked for.
const ASKED: &str = "unshare/uts";

const HONEST: &str = "echo \"$operation $count 90 1 2 3 uts*$count\"";

const LIARS: &[Liar] = &[
    Liar {
        name: "once_too_few",
        answer: "echo \"$operation $count 90 1 2 3 uts*$((count - 1))\"",
        caught: "c proves uts*1 and not uts*2",
    },
    Liar {
        name: "another_namespace",
        answer: "echo \"$operation $count 90 1 2 3 ipc*$count\"",
        caught: "c proves ipc*2 and not uts*2",
    },
    Liar {
        name: "no_namespace_once",
        answer: "echo \"$operation $count 90 1 2 3 mixed*$count\"",
        caught: "c proves mixed*2 and not uts*2",
    },
    // The first block is not counted.
    Liar {
        name: "honest_only_at_first",
        answer: "proof=uts; [ $count = 2 ] || proof=none
                 echo \"$operation $count 90 1 2 3 $proof*$count\"",
        caught: "c proves none*8 and not uts*8",
    },
    Liar {
        name: "another_count",
        answer: "echo \"$operation $((count + 1)) 90 1 2 3 uts*$count\"",
        caught: "c fails: no answer to unshare/uts: unshare/uts 3",
    },
    Liar {
        name: "another_operation",
        answer: "echo \"unshare/ipc $count 90 1 2 3 uts*$count\"",
        caught: "c fails: no answer to unshare/uts: unshare/ipc",
    },
    Liar {
        name: "no_time_at_all",
        answer: "echo \"$operation $count 0 0 0 0 uts*$count\"",
        caught: "c fails: no answer to unshare/uts: unshare/uts 2 0",
    },
    Liar {
        name: "times_that_cannot_be",
        answer: "echo \"$operation $count 90 3 2 1 uts*$count\"",
        caught: "c fails: no answer to unshare/uts: unshare/uts 2 90 3",
    },
    Liar {
        name: "garbage",
        answer: "head -c 100 /dev/urandom | tr -d '\\n'; echo",
        caught: "c fails: no answer to unshare/uts",
    },
    Liar {
        name: "two_answers",
        answer: "printf '%s\\n%s\\n' \
                 \"$operation $count 90 1 2 3 uts*$count\" more",
        caught: "c fails: no answer to unshare/uts",
    },
    Liar {
        name: "death",
        answer: "echo 'bench: unshare: Operation not permitted' >&2; exit 1",
        caught: "c fails: unshare EPERM",
    },
    Liar {
        name: "death_later",
        answer: "[ $count = 2 ] || kill -KILL $$
                 echo \"$operation $count 90 1 2 3 uts*$count\"",
        // For an ordinary user, unshare(1) reports the failure in its own
        // words.
        caught: "c fails: ",
    },
    Liar {
        name: "silence",
        answer: "sleep 3600",
        caught: "c fails: unshare/uts takes too long",
    },
];

/// The peer in C without a part of its work.
struct Mutant {
    name: &'static str,
    operation: &'static str,
    /// A text of bench/peers/c/bench.c, and what the mutant has instead.
    changes: &'static [(&'static str, &'static str)],
    caught: &'static str,
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "unshare_left_out",
        operation: "unshare/uts",
        changes: &[("return unshare(flags);", "return flags & 0;")],
        caught: "c proves none*2 and not uts*2",
    },
    Mutant {
        name: "unshare_of_another_namespace",
        operation: "unshare/uts",
        changes: &[(
            "return unshare(flags);",
            "return flags ? unshare(CLONE_NEWIPC) : 0;",
        )],
        caught: "c proves ipc*2 and not uts*2",
    },
    Mutant {
        name: "pivot_root_left_out",
        operation: "pivot_root/pivot",
        changes: &[
            ("pivot_root(NEWROOT, PUT_OLD)", "0"),
            ("pivot_root(\"/old\", \"/old\" NEWROOT)", "0"),
        ],
        caught: "c proves kept*2 and not switched*2",
    },
    Mutant {
        name: "pivot_root_not_undone",
        operation: "pivot_root/pivot",
        changes: &[("pivot_root(\"/old\", \"/old\" NEWROOT)", "0")],
        caught: "c fails: pivot_root",
    },
];

fn main() -> ExitCode {
    let mut trials = Vec::new();
    let mut add = |name: String, run: fn(&str) -> Caught| {
        let what = name.clone();
        trials.push(Trial::ignorable_test(name, move || run(&what)));
    };
    for liar in LIARS {
        add(format!("liar::{}", liar.name), |name| {
            let liar = LIARS.iter().find(|it| name.ends_with(it.name));
            liar.ok_or("no such liar")?.is_caught(name)
        });
    }
    add("liar::none".to_owned(), an_honest_script_is_not_caught);
    add("liar::honest_only_once".to_owned(), a_later_peer_is_checked);
    for mutant in MUTANTS {
        add(format!("mutant::{}", mutant.name), |name| {
            let mutant = MUTANTS.iter().find(|it| name.ends_with(it.name));
            mutant.ok_or("no such mutant")?.is_caught(name)
        });
    }
    add("mutant::step_without_its_flag".to_owned(), a_step_is_caught);
    add("mutant::careful_c".to_owned(), a_careful_c_is_caught);
    add("mutant::plain_nix".to_owned(), a_plain_step_is_caught);
    add("cgroup::page".to_owned(), the_page_says_what_witnesses_see);
    add("cgroup::mutant".to_owned(), a_birth_elsewhere_is_caught);
    add("criterion".to_owned(), what_criterion_asks_is_checked);
    add("silence::is_ended".to_owned(), a_silent_peer_is_ended);
    add("order::any".to_owned(), no_operation_spoils_another);
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

type Caught = Result<Completion, Failed>;

impl Liar {
    fn is_caught(&self, test: &str) -> Caught {
        let tree = Tree::built(test)?;
        tree.script("bench/peers/c", self.answer)?;
        tree.script("bench/floor", HONEST)?;
        tree.judge(ASKED, |verdict| wrong_with(verdict, self.caught))
    }
}

fn an_honest_script_is_not_caught(test: &str) -> Caught {
    let tree = Tree::built(test)?;
    tree.script("bench/peers/c", HONEST)?;
    tree.script("bench/floor", HONEST)?;
    tree.judge(ASKED, proved)
}

/// Peers are replaced during a run, and the second one is checked like the
/// first.
fn a_later_peer_is_checked(test: &str) -> Caught {
    let tree = Tree::built(test)?;
    let answer = "first=/newroot/first; [ -e $first ] || echo $$ >$first
                  proof=uts; [ $(cat $first) = $$ ] || proof=none
                  echo \"$operation $count 90 1 2 3 $proof*$count\"";
    tree.script("bench/peers/c", answer)?;
    tree.script("bench/floor", HONEST)?;
    let rounds = PASS + 1;
    let extent = Extent { rounds, most: rounds, block: 8 };
    tree.judge_over(extent, ASKED, |verdict| {
        wrong_with(verdict, "c proves none*2 and not uts*2")
    })
}

impl Mutant {
    fn is_caught(&self, test: &str) -> Caught {
        let tree = Tree::built(test)?;
        let proof = operation(self.operation)?.expected(7);
        let proof = proof.trim_end_matches('7');
        let honest =
            format!("echo \"$operation $count 90 1 2 3 {proof}$count\"");
        tree.script("bench/floor", &honest)?;
        tree.compile_peer(&[])?;
        if let Completion::Ignored { reason } =
            tree.judge(self.operation, proved)?
        {
            return Ok(Completion::Ignored { reason });
        }
        tree.compile_peer(self.changes)?;
        tree.judge(self.operation, |it| wrong_with(it, self.caught))
    }
}

/// If the payload of a launch is not in the namespace of the step, it is
/// caught.
fn a_step_is_caught(test: &str) -> Caught {
    let tree = Tree::built(test)?;
    let step = "launch/network";
    tree.compile("network", &[])?;
    let mut places = match tree.places()? {
        Ok(places) => places,
        Err(reason) => return unavailable(&reason),
    };
    launch(step, &tree.layout, &mut places)?;
    tree.compile("network", &[("flags = CLONE_NEWNET", "flags = 0")])?;
    match launch(step, &tree.layout, &mut places) {
        Err(error) if error.message.contains("c made none and not net") => {
            Ok(Completion::Completed)
        }
        Err(error) => Err(error.message.into()),
        Ok(_) => Err("a step that makes nothing is not caught".into()),
    }
}

/// Changes of the careful C that omit something, or do it otherwise than the
/// step in Rust.
const CARELESS: &[(&str, &str, &str, &str)] = &[
    (
        "network",
        "flags = CLONE_NEWNET",
        "flags = 0",
        "careful made none and not net",
    ),
    (
        "uts",
        "set_hostname(\"myhostname\")",
        "set_hostname(\"yourhostname\")",
        "careful has uts.hostname",
    ),
    ("uts", "set_hostname(\"myhostname\");", "", "careful has uts.hostname"),
    ("mount", "mount_mytmp();", "", "careful has "),
    (
        "uts",
        "set_hostname(\"myhostname\")",
        "errno = EPERM, fail(\"sethostname\", NULL, errno)",
        "careful alone refuses: sethostname EPERM",
    ),
];

/// Careful C has the effect of the step in Rust; otherwise there is no row.
fn a_careful_c_is_caught(test: &str) -> Caught {
    let tree = Tree::built(test)?;
    let steps = CARELESS.iter().map(|it| it.0);
    fs::create_dir_all(tree.programs.join("rust"))?;
    for step in steps.clone() {
        let program = format!("rust/{step}");
        let from = Layout::find()?.programs().join(&program);
        put(&from, &tree.programs.join(program))?;
        tree.compile_careful(step, &[])?;
    }
    let mut places = match tree.places()? {
        Ok(places) => places,
        Err(reason) => return unavailable(&reason),
    };
    for step in steps {
        launch(&format!("launch/{step}"), &tree.layout, &mut places)?;
    }
    for (step, from, to, caught) in CARELESS {
        tree.compile_careful(step, &[(from, to)])?;
        let row = format!("launch/{step}");
        match launch(&row, &tree.layout, &mut places) {
            Err(error) if error.message.starts_with(caught) => {}
            Err(error) => return Err(error.message.into()),
            Ok(_) => return Err(format!("not caught: {step}: {to}").into()),
        }
        tree.compile_careful(step, &[])?;
    }
    Ok(Completion::Completed)
}

/// The step in plain nix has the effect of the step with the skeleton;
/// otherwise there is no row. Here the careful C takes its place.
fn a_plain_step_is_caught(test: &str) -> Caught {
    const PLAIN: &str = "bench/plain/uts_in_plain_nix";
    let tree = Tree::built(test)?;
    for dir in ["rust", "bench/plain"] {
        fs::create_dir_all(tree.programs.join(dir))?;
    }
    let from = Layout::find()?.programs().join("rust/uts");
    put(&from, &tree.programs.join("rust/uts"))?;
    let source = tree.layout.root().join("bench/careful/uts.c");
    tree.compile_source(&source, PLAIN, &[])?;
    let mut places = match tree.places()? {
        Ok(places) => places,
        Err(reason) => return unavailable(&reason),
    };
    launch("launch/uts", &tree.layout, &mut places)?;
    let other_name = ("\"myhostname\"", "\"yourhostname\"");
    tree.compile_source(&source, PLAIN, &[other_name])?;
    match launch("launch/uts", &tree.layout, &mut places) {
        Err(error) if error.message.starts_with("plain has uts.hostname") => {
            Ok(Completion::Completed)
        }
        Err(error) => Err(error.message.into()),
        Ok(_) => Err("a plain step with another name is not caught".into()),
    }
}

/// The ways into a cgroup, in the words of the page about them, and where the
/// child is at its beginning and at its end.
const WAYS: &[(&str, &str, &str, &str)] = &[
    ("attach/none", "no cgroup is asked for", "no", "no"),
    (
        "attach/child",
        "the child writes itself into `cgroup.procs`",
        "no",
        "yes",
    ),
    (
        "attach/parent",
        "the parent writes the child's pid, and then lets it continue",
        "perhaps",
        "yes",
    ),
    ("attach/birth", "`CLONE_INTO_CGROUP` in clone3(2)", "yes", "yes"),
];

/// The floor and the payloads, built once for all tests that use them.
fn build_own() -> Result<Layout, Failed> {
    static BUILT: LazyLock<Result<(), String>> = LazyLock::new(|| {
        let layout = Layout::find().map_err(|it| it.message)?;
        programs::build_own(&layout).map_err(|it| it.message)
    });
    BUILT.clone()?;
    Ok(Layout::find()?)
}

/// For each way, the page about cgroups says what the witnesses of every peer
/// see.
fn the_page_says_what_witnesses_see(test: &str) -> Caught {
    let tree = Tree::built(test)?;
    let page = "docs/src/costs/born-in-a-cgroup.md";
    let page = fs::read_to_string(tree.layout.root().join(page))?;
    for (name, way, begins, ends) in WAYS {
        let row = format!("| {way} | {begins} | {ends} |");
        if !page.lines().any(|line| line == row) {
            return Err(format!("the page has no row {row}").into());
        }
        let word = operation(name)?.expected(1);
        let seen = match (*begins, *ends) {
            ("no", "no") => "kept*",
            ("yes", "yes") => "born*",
            _ => "moved*",
        };
        assert!(word.starts_with(seen), "{name}: {word}");
    }
    let layout = build_own()?;
    let mut places = match Tree::places_in(&layout)? {
        Ok(places) => places,
        Err(reason) => return unavailable(&reason),
    };
    let _lease = match attach::set_up(&layout, places.sandboxes()) {
        Ok(lease) => lease,
        Err(why) => return unavailable(&why.message),
    };
    for (name, ..) in WAYS {
        let mut contest = Contest::of(operation(name)?, false);
        let built = |peer: Peer| peer.program(&layout).exists();
        contest.contenders.retain(|it| built(it.peer));
        assert!(contest.contenders.len() > 1, "only one peer is built");
        proved(&hold(contest, Extent::SHORT, &mut places).verdict)?;
    }
    Ok(Completion::Completed)
}

/// A child that is not born in the cgroup that the operation names is caught.
fn a_birth_elsewhere_is_caught(test: &str) -> Caught {
    let tree = Tree::built(test)?;
    let programs = build_own()?.programs().to_owned();
    for program in ["bench/floor", "bench/attach"] {
        put(&programs.join(program), &tree.programs.join(program))?;
    }
    tree.compile_peer(&[(
        "clone3_into(CLONE_INTO_CGROUP, cgroup)",
        "clone3_into(0, cgroup)",
    )])?;
    let mut places = match tree.places()? {
        Ok(places) => places,
        Err(reason) => return unavailable(&reason),
    };
    let _lease = match attach::set_up(&tree.layout, places.sandboxes()) {
        Ok(lease) => lease,
        Err(why) => return unavailable(&why.message),
    };
    let mut contest = Contest::of(operation("attach/birth")?, false);
    contest.contenders.retain(|it| it.name == "floor" || it.name == "c");
    let outcome = hold(contest, Extent::SHORT, &mut places);
    wrong_with(
        &outcome.verdict,
        "c proves kept*2,ended*4 and not born*2,ended*4",
    )?;
    Ok(Completion::Completed)
}

/// Criterion gets its times from [`Place::perform`], and only proved ones.
fn what_criterion_asks_is_checked(test: &str) -> Caught {
    let tree = Tree::built(test)?;
    tree.script("bench/floor", HONEST)?;
    tree.script("bench/peers/c", LIARS[1].answer)?;
    let mut places = match tree.places()? {
        Ok(places) => places,
        Err(reason) => return unavailable(&reason),
    };
    let operation = operation(ASKED)?;
    places.one.perform(Peer::Floor, operation, 120)?;
    match places.one.perform(Peer::Of(Launcher::C), operation, 120) {
        Err(error) if error.message == "proves ipc*50 and not uts*50" => {
            Ok(Completion::Completed)
        }
        other => Err(format!("not caught: {other:?}").into()),
    }
}

/// A peer that has not answered is ended, so that it does not use the processor
/// of the others.
fn a_silent_peer_is_ended(test: &str) -> Caught {
    let tree = Tree::built(test)?;
    tree.script("bench/peers/c", "while :; do :; done")?;
    let mut places = match tree.places()? {
        Ok(places) => places,
        Err(reason) => return unavailable(&reason),
    };
    let asked = places.one.perform(Peer::Of(Launcher::C), operation(ASKED)?, 2);
    if asked.is_ok() {
        return Err("it has answered".into());
    }
    // The brackets keep grep from finding itself. The kernel may need a moment
    // to end the peer; a process that stays longer than the deadline is still
    // there.
    let gone = "while grep -sq '[c]/bench' /proc/[0-9]*/cmdline; do :; done";
    said(places.one.sandbox(), &["sh", "-c", gone])
        .map(|_| Completion::Completed)
        .map_err(|_| "it is still there".into())
}

/// A peer performs any operation after any other: a descriptor that one leaves
/// open is not used by another.
fn no_operation_spoils_another(_test: &str) -> Caught {
    let layout = build_own()?;
    let mut places = match Tree::places_in(&layout)? {
        Ok(places) => places,
        Err(reason) => return unavailable(&reason),
    };
    let built = |peer: &Peer| peer.program(&layout).exists();
    let peers: Vec<_> = PEERS.iter().copied().filter(built).collect();
    assert!(peers.len() > 1, "only one peer is built");
    // The cgroup that children attach to belongs to another test.
    let asked = OPERATIONS.iter().filter(|it| !it.name.starts_with("attach/"));
    for peer in peers {
        for operation in asked.clone().chain(asked.clone().rev()) {
            let contest = Contest::of(operation, false);
            if contest.contenders.iter().any(|it| it.peer == peer) {
                places.one.perform(peer, operation, 2).map_err(|why| {
                    format!("{} in {}: {why}", operation.name, peer.name())
                })?;
            }
        }
    }
    Ok(Completion::Completed)
}

fn proved(verdict: &Verdict) -> Result<(), String> {
    match verdict {
        Verdict::Proved => Ok(()),
        other => Err(format!("the right peer is caught: {other:?}")),
    }
}

fn wrong_with(verdict: &Verdict, words: &str) -> Result<(), String> {
    match verdict {
        Verdict::Wrong(why) if why.starts_with(words) => Ok(()),
        other => Err(format!("not caught by `{words}`: {other:?}")),
    }
}

fn operation(name: &str) -> Result<&'static Operation, String> {
    let operation = OPERATIONS.iter().find(|it| it.name == name);
    operation.ok_or_else(|| format!("no operation {name}"))
}

/// A directory with the structure of `target/`, with peers of this test.
struct Tree {
    layout: Layout,
    programs: PathBuf,
}

impl Tree {
    fn built(test: &str) -> Result<Tree, Failed> {
        let name = test.replace("::", "-");
        let programs =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("liars").join(name);
        let _ = fs::remove_dir_all(&programs);
        let layout = Layout::find()?;
        for dir in ["bin", "bench", "bench/careful", "bench/peers", "c"] {
            fs::create_dir_all(programs.join(dir))?;
        }
        for program in ["bin/nsteps", "bin/nsteps-probe"] {
            put(&layout.programs().join(program), &programs.join(program))?;
        }
        // These payloads are never started.
        for payload in ["bench/true", "bench/first"] {
            put(&layout.probe(), &programs.join(payload))?;
        }
        let layout = layout.with_programs(programs.clone());
        Ok(Tree { layout, programs })
    }

    /// Writes a peer: a script that runs `answer` for each line.
    fn script(&self, path: &str, answer: &str) -> Result<(), Failed> {
        let path = self.programs.join(path);
        let text = format!(
            "#!/bin/sh\nwhile read -r operation count; do\n{answer}\ndone\n"
        );
        fs::write(&path, text)?;
        Ok(fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?)
    }

    /// Builds a program of reference-c with some of its text changed.
    fn compile(
        &self,
        stem: &str,
        changes: &[(&str, &str)],
    ) -> Result<(), Failed> {
        self.compile_from("reference-c", "c", stem, changes)
    }

    /// Builds the peer in C with some of its text changed.
    fn compile_peer(&self, changes: &[(&str, &str)]) -> Result<(), Failed> {
        let from = self.layout.root().join("bench/peers/c/bench.c");
        self.compile_source(&from, "bench/peers/c", changes)
    }

    /// Builds the careful C with some of its text changed. Only its effect is
    /// compared, not its time, so any C library will do.
    fn compile_careful(
        &self,
        stem: &str,
        changes: &[(&str, &str)],
    ) -> Result<(), Failed> {
        self.compile_from("bench/careful", "bench/careful", stem, changes)
    }

    fn compile_from(
        &self,
        sources: &str,
        to: &str,
        stem: &str,
        changes: &[(&str, &str)],
    ) -> Result<(), Failed> {
        let source = self.layout.root().join(sources);
        let source = source.join(format!("{stem}.c"));
        self.compile_source(&source, &format!("{to}/{stem}"), changes)
    }

    /// Builds one source, with its own headers and those of the steps or of the
    /// floor. Only a quoted include finds the last: the floor has a spawn.h,
    /// and the C library has one too.
    fn compile_source(
        &self,
        source: &Path,
        to: &str,
        changes: &[(&str, &str)],
    ) -> Result<(), Failed> {
        let mut text = fs::read_to_string(source)?;
        for (from, to) in changes {
            if !text.contains(from) {
                let source = source.display();
                return Err(format!("{source} has no `{from}`").into());
            }
            text = text.replace(from, to);
        }
        let mutant = self.programs.join("mutant.c");
        fs::write(&mutant, text)?;
        let built = Command::new("cc")
            .args(["-std=c17", "-pthread", "-I"])
            .arg(source.with_file_name(""))
            .arg("-I")
            .arg(self.layout.root().join("reference-c"))
            .arg("-iquote")
            .arg(self.layout.root().join("bench/floor"))
            .arg("-o")
            .arg(self.programs.join(to))
            .arg(&mutant)
            .output()?;
        if built.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&built.stderr).into_owned().into())
    }

    /// The sandboxes of the peers; or why this machine allows none.
    fn places(&self) -> Result<Result<Places, String>, Failed> {
        Tree::places_in(&self.layout)
    }

    fn places_in(layout: &Layout) -> Result<Result<Places, String>, Failed> {
        match sandbox(layout) {
            Err(Refusal::Unavailable(reason)) => return Ok(Err(reason)),
            Err(Refusal::Broken(why)) => return Err(why.into()),
            Ok(_) => {}
        }
        let processors = Processors::find()?;
        let one = Place::enter(layout, &processors, &[processors.one])?;
        Ok(Ok(Places { one, two: None }))
    }

    /// Measures a short contest between the floor and C.
    fn judge(
        &self,
        name: &str,
        expect: impl Fn(&Verdict) -> Result<(), String>,
    ) -> Caught {
        self.judge_over(Extent::SHORT, name, expect)
    }

    fn judge_over(
        &self,
        extent: Extent,
        name: &str,
        expect: impl Fn(&Verdict) -> Result<(), String>,
    ) -> Caught {
        let mut places = match self.places()? {
            Ok(places) => places,
            Err(reason) => return unavailable(&reason),
        };
        let mut contest = Contest::of(operation(name)?, false);
        contest.contenders.retain(|it| {
            [Peer::Floor, Peer::Of(Launcher::C)].contains(&it.peer)
        });
        assert_eq!(contest.contenders.len(), 2, "of {PEERS:?}");
        let outcome: Outcome = hold(contest, extent, &mut places);
        expect(&outcome.verdict)?;
        if outcome.verdict != Verdict::Proved && !outcome.figures.is_empty() {
            return Err("it is wrong, and has figures".into());
        }
        Ok(Completion::Completed)
    }
}
