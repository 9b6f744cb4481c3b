//! The command line of `nsteps`: types only.

use crate::checks::claims::Claim;
use crate::checks::pitfalls::Difference;
use crate::choice;
use clap::{Args, Parser, Subcommand};
use harness::host::cgroups::Cgroups;
use harness::host::pids::PidNamespace;
use harness::launcher::Launcher;
use harness::scenario::Scenario;
use harness::step::Step;
use launchers::adapter::ADAPTERS;
use launchers::consequence::Level;
use launchers::situation::{Incident, SITUATIONS};
use launchers::state::{STATES, State};
use std::ffi::OsString;
use std::path::PathBuf;

/// Linux namespaces, step by step, in Rust, C and Go, and the proof of where
/// the three do the same.
#[derive(Debug, Parser)]
#[command(name = "nsteps", version, max_term_width = 80)]
#[command(after_help = FIRST)]
pub struct Cli {
    /// The subcommand, with its options.
    #[command(subcommand)]
    pub command: Command,
}

/// The first commands for a new user: `nsteps` prints them without a
/// subcommand.
pub const FIRST: &str = "\
Begin with:
  nsteps run uts hostname  # run a step, with a command inside
  nsteps show uts          # read it in C, Go and Rust
  nsteps compare uts       # see that the three do the same

Where one of them fails, `nsteps doctor` says what is missing.";

/// The subcommands, in the order of the help.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the steps: what each makes, and which post it follows
    #[command(after_help = LIST)]
    List,
    /// Run one step, with a command of your choice inside
    Run(Run),
    /// Show a step: its three sources side by side, and its effect
    Show(Show),
    /// Run every step in every language and compare what the payload sees
    Compare(Compare),
    /// Check a program of your own: does it what a step has to do?
    Check(Check),
    /// Check what the posts claim, on this machine
    Claims(Claims),
    /// Reproduce what differs between the languages, and what the kernel does
    /// to all of them
    Differences(Differences),
    /// Compare launchers by what their payload observes
    Diff(Diff),
    /// Hold one launcher against what a file expects of it
    Expect(Expect),
    /// Keep what a launcher does, to compare it on another day
    Record(Record),
    /// Say what a key is, what it does to a payload and what sets it
    #[command(after_help = EXPLAIN)]
    Explain {
        /// The key, or the key and a value of it
        #[arg(value_name = "KEY[=VALUE]")]
        key: String,
    },
    /// Show the effect of any command line that runs the probe
    Observe(Observe),
    /// Show the system calls by which each language performs a step
    Trace(Trace),
    /// Launch a command in new namespaces that were made before
    Warm(Warm),
    /// Say what this machine allows, what is missing, and the remedy
    #[command(after_help = DOCTOR)]
    Doctor,
    /// Say what this kernel answers where versions of Linux differ
    #[command(after_help = FACTS)]
    Facts {
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell that it is for
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a directory
    #[command(after_help = MAN)]
    Man {
        /// The directory, which is made if it is missing
        dir: PathBuf,
    },
}

/// The command line of a process that the harness starts for itself.
///
/// It is not a part of [`Cli`], so that help, manual page, completion and
/// suggestions do not mention it.
#[derive(Debug, Parser)]
#[command(name = "nsteps")]
pub struct Own {
    /// The subcommand, with its options.
    #[command(subcommand)]
    pub command: OwnCommand,
}

/// The subcommands that the harness starts itself.
#[derive(Debug, Subcommand)]
pub enum OwnCommand {
    /// Run a demonstration for a check, in its sandbox
    Demonstrate {
        /// The name of the demonstration, and its arguments
        #[arg(trailing_var_arg = true)]
        words: Vec<String>,
    },
    /// Remove a cgroup after the harness has ended
    Cleaner {
        /// The directories of the cgroup
        #[arg(required = true)]
        dirs: Vec<PathBuf>,
    },
    /// Be what `facts` executes: compare the time namespace with a number
    TimeNamespace {
        /// The number of another time namespace
        old: u64,
    },
    /// Be the monitor of a sandbox
    Sandbox,
    /// Trace a command in a sandbox
    Tracer(Tracer),
    /// Remove the socket of a daemon after it has ended
    Sweeper(Sweeper),
}

/// The options of `nsteps run`.
///
/// Before it starts, `run` enters a mount namespace from which nothing
/// propagates out and, for an ordinary user, a user namespace in which the user
/// is root.
#[derive(Debug, Args)]
#[command(after_help = RUN)]
pub struct Run {
    /// The step, as in `nsteps list`
    #[arg(value_parser = choice::step(), hide_possible_values = true)]
    pub step: &'static Step,
    /// The language of the program to run
    #[arg(long, value_parser = choice::language(), default_value = "rust")]
    pub lang: Launcher,
    /// What to pivot into: any unpacked root filesystem [default: busybox]
    #[arg(long, value_name = "DIR")]
    pub rootfs: Option<PathBuf>,
    /// Run the program exactly as the post did: nothing protects the machine,
    /// not even its mounts, and root may lose them
    #[arg(long)]
    pub bare: bool,
    /// Run it in a sandbox, as `compare` does: what it writes, and the mounts,
    /// host name, links, queues, cgroups and processes that it sees, are not
    /// those of the machine
    #[arg(long, conflicts_with = "bare")]
    pub sandbox: bool,
    /// The command it becomes, with its arguments [default: sh]; for `join`,
    /// the pid comes first
    #[arg(trailing_var_arg = true, value_name = "CMD")]
    pub payload: Vec<OsString>,
}

/// The options of `nsteps show`.
#[derive(Debug, Args)]
#[command(after_help = SHOW)]
pub struct Show {
    /// The step, as in `nsteps list`
    #[arg(value_parser = choice::step(), hide_possible_values = true)]
    pub step: &'static Step,
}

/// The options of `nsteps compare`.
#[derive(Debug, Args)]
#[command(after_help = COMPARE)]
pub struct Compare {
    /// Only these steps, as in `nsteps list`
    #[arg(value_name = "STEP", value_delimiter = ',')]
    #[arg(value_parser = choice::step(), hide_possible_values = true)]
    pub steps: Vec<&'static Step>,
    /// The same as STEP, as an option
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    #[arg(value_parser = choice::step(), hide_possible_values = true)]
    pub only: Vec<&'static Step>,
    /// Only these languages, or `unshare` for unshare(1)
    #[arg(long, value_name = "LANG", value_delimiter = ',')]
    #[arg(value_parser = choice::launcher())]
    pub lang: Vec<Launcher>,
    /// Only these scenarios, as `private`, `user` or `private/user`
    #[arg(long, value_name = "SCENARIO", value_delimiter = ',')]
    #[arg(value_parser = choice::scenarios(), hide_possible_values = true)]
    pub scenario: Vec<Vec<Scenario>>,
    /// What the steps pivot into, seen through an overlay [default: busybox]
    #[arg(long, value_name = "DIR")]
    pub rootfs: Option<PathBuf>,
    /// Only list what would be compared
    #[arg(long)]
    pub list: bool,
    /// Print every observed change as JSON
    #[arg(long)]
    pub json: bool,
    /// Show every key, not only what differs
    #[arg(long, short)]
    pub verbose: bool,
    /// Write the effects and calls of this run as the expected ones
    #[arg(long)]
    pub bless: bool,
}

/// `nsteps check`.
///
/// The program may be in any language; it is started as the step is, with a
/// command of the check's behind it, in sandboxes: what it writes does not reach
/// the machine, it may not run for ever, and it has at most 256 processes.
///
/// Each requirement passes, fails or could not be looked at. One that fails
/// gives a hint that says what is wrong and which page explains it.
#[derive(Debug, Args)]
#[command(after_help = CHECK)]
#[command(
    override_usage = "nsteps check [OPTIONS] STEP -- PROGRAM [ARG...]\n       \
                            nsteps check [OPTIONS] --next DIR\n       \
                            nsteps check --list [STEP]"
)]
pub struct Check {
    /// The step that the program is to be, as in `nsteps list`
    #[arg(value_parser = choice::step(), hide_possible_values = true)]
    pub step: Option<&'static Step>,
    /// Say where you stand: check DIR/STEP for each step that is there
    #[arg(long, value_name = "DIR", conflicts_with_all = ["step", "program"])]
    pub next: Option<PathBuf>,
    /// List the course: the steps in order and what each requires
    #[arg(long, conflicts_with_all = ["next", "program"])]
    pub list: bool,
    /// Give the answers, and what was seen
    #[arg(long)]
    pub explain: bool,
    /// Only in these scenarios, as `private`, `user` or `private/user`
    #[arg(long, value_name = "SCENARIO", value_delimiter = ',')]
    #[arg(value_parser = choice::scenarios(), hide_possible_values = true)]
    pub scenario: Vec<Vec<Scenario>>,
    /// Write a report for JUnit's readers: FILE ends with .xml
    #[arg(long, value_name = "FILE", value_parser = choice::junit)]
    pub report: Vec<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// The program, and what stands before a step's own words
    #[arg(last = true, value_name = "PROGRAM")]
    pub program: Vec<String>,
}

/// `nsteps claims`.
///
/// Each claim is checked in sandboxes, and the verdict follows from what was
/// seen: it holds, holds only under some conditions, or is refuted.
#[derive(Debug, Args)]
#[command(after_help = CLAIMS)]
pub struct Claims {
    /// Only these: a number, a post (crosby) or a topic of it (crosby/mount)
    #[arg(value_name = "N|POST", value_delimiter = ',')]
    #[arg(value_parser = choice::claims(), hide_possible_values = true)]
    pub which: Vec<Vec<&'static Claim>>,
    /// Show what was seen, and why it is so
    #[arg(long, short)]
    pub verbose: bool,
    /// Print verdicts and evidence as JSON
    #[arg(long)]
    pub json: bool,
    /// Print the table of the book; nothing is checked for it
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
}

/// The options of `nsteps differences`.
///
/// Each difference is reproduced in sandboxes by small programs in each
/// language, by the comparison of a step or, for a surprise of the kernel,
/// situation by situation; what was seen is compared with what the page of that
/// name says. If chance decides, a check runs until it has its proof or has
/// reached a bound, and says which.
#[derive(Debug, Args)]
#[command(after_help = DIFFERENCES)]
pub struct Differences {
    /// Only these, by the names of their pages
    #[arg(value_name = "SLUG", value_delimiter = ',')]
    #[arg(value_parser = choice::difference(), hide_possible_values = true)]
    pub slugs: Vec<Difference>,
    /// Show what the checks have seen
    #[arg(long, short)]
    pub verbose: bool,
    /// Only list them; nothing is reproduced
    #[arg(long)]
    pub list: bool,
    /// Print verdicts and evidence as JSON
    #[arg(long)]
    pub json: bool,
}

/// The options of `nsteps diff`.
///
/// A launcher is one argument: a command line, in which `{}` is the payload, or
/// an adapter, a colon and the adapter's arguments. It is split as a shell
/// splits it; no shell runs it. Each launcher runs the probe in sandboxes: what
/// it writes does not reach the host.
///
/// A file of `nsteps record` stands for the launcher that it is about. The only
/// argument may also be a file of launchers, waivers and expectations, whose
/// name ends with `.toml`.
#[derive(Debug, Args)]
#[command(after_help = diff_help())]
pub struct Diff {
    /// The launchers, each as one argument
    #[arg(required = true, value_name = "LAUNCHER")]
    pub launchers: Vec<String>,
    /// Fail from this level on [default: cosmetic, or that of the file]
    #[arg(long, value_name = "LEVEL", value_parser = choice::level())]
    pub deny: Option<Level>,
    /// Try what makes the other launchers do as the first one
    #[arg(long)]
    pub suggest: bool,
    /// Show every value in full length
    #[arg(long, short)]
    pub verbose: bool,
    /// Start the launchers in this state; with several, in each of them
    #[arg(long, value_name = "NAME", value_parser = choice::state())]
    #[arg(hide_possible_values = true, conflicts_with = "states")]
    pub state: Vec<&'static State>,
    /// Start the launchers in every state
    #[arg(long, value_name = "all", value_parser = ["all"])]
    #[arg(hide_possible_values = true)]
    pub states: Option<String>,
    /// Look this many times at each launcher in each state; what is not the
    /// same every time is not compared
    #[arg(long, value_name = "N", default_value_t = 2)]
    #[arg(value_parser = clap::value_parser!(u8).range(1..))]
    pub repeat: u8,
    /// How the launchers are run, and what is written
    #[command(flatten)]
    pub looking: Looking,
}

/// How launchers are run, and what is written about them.
#[derive(Debug, Args)]
pub struct Looking {
    /// The conditions: mounts and user of the sandbox
    #[arg(long, value_name = "SCENARIO", value_parser = choice::scenario())]
    pub scenario: Option<Scenario>,
    /// Try the launchers in this situation; with several, in each of them
    #[arg(long, value_name = "NAME", value_parser = choice::situation())]
    #[arg(hide_possible_values = true, conflicts_with = "situations")]
    pub situation: Vec<&'static Incident>,
    /// Try the launchers in every situation
    #[arg(long, value_name = "all", value_parser = ["all"])]
    #[arg(hide_possible_values = true)]
    pub situations: Option<String>,
    /// What the launchers may write to on the host
    #[arg(long, value_name = "PATH")]
    pub write: Vec<PathBuf>,
    /// The cgroups that the launchers see [default: v2 where it is possible,
    /// else host]
    #[arg(long, value_name = "WHICH", value_parser = choice::cgroups())]
    pub cgroups: Option<Cgroups>,
    /// Whether the sandboxes have a pid namespace of their own; some launchers
    /// isolate less below any, and `no` protects less
    #[arg(long, value_name = "yes|no", default_value = "yes")]
    #[arg(value_parser = choice::pid_namespace())]
    #[arg(hide_possible_values = true)]
    pub pid_namespace: PidNamespace,
    /// Write a report: FILE ends with .json, .xml (JUnit), .sarif, .md or .html
    #[arg(long, value_name = "FILE", value_parser = choice::report)]
    pub report: Vec<PathBuf>,
    /// A launcher that this machine lacks is no failure
    #[arg(long)]
    pub allow_unavailable: bool,
    /// Show values of variables and arguments that look like secrets
    #[arg(long)]
    pub show_values: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// `nsteps expect`.
///
/// The file has the form of that of `nsteps diff`; its launchers and waivers
/// are left out.
#[derive(Debug, Args)]
#[command(after_help = EXPECT)]
pub struct Expect {
    /// The file with the table `[expect]`
    #[arg(value_name = "POLICY.toml")]
    pub policy: PathBuf,
    /// How the launcher is run, and what is written
    #[command(flatten)]
    pub looking: Looking,
    /// The launcher, in the form of `nsteps diff` or in words
    #[arg(last = true, required = true, value_name = "LAUNCHER")]
    pub launcher: Vec<String>,
}

/// The options of `nsteps record`.
#[derive(Debug, Args)]
#[command(after_help = RECORD)]
pub struct Record {
    /// The file that is written
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// The launcher, in the form of `nsteps diff`
    #[arg(value_name = "LAUNCHER")]
    pub launcher: String,
    /// The conditions: mounts and user of the sandbox
    #[arg(long, value_name = "SCENARIO", value_parser = choice::scenario())]
    pub scenario: Option<Scenario>,
    /// What the launcher may write to on the host
    #[arg(long, value_name = "PATH")]
    pub write: Vec<PathBuf>,
    /// The cgroups that the launcher sees [default: v2 where it is possible,
    /// else host]
    #[arg(long, value_name = "WHICH", value_parser = choice::cgroups())]
    pub cgroups: Option<Cgroups>,
    /// Keep values of variables and arguments that look like secrets
    #[arg(long)]
    pub show_values: bool,
}

/// The options of `nsteps observe`.
///
/// The probe is added at the end of each command line, or put where `{}` is.
/// Several command lines, separated by `--`, are compared.
#[derive(Debug, Args)]
#[command(after_help = OBSERVE)]
pub struct Observe {
    /// The conditions: mounts and user of the sandbox
    #[arg(long, value_name = "SCENARIO", value_parser = choice::scenario())]
    pub scenario: Option<Scenario>,
    /// What the launchers may write to on the host
    #[arg(long, value_name = "PATH")]
    pub write: Vec<PathBuf>,
    /// The cgroups that the launchers see [default: v2 where it is possible,
    /// else host]
    #[arg(long, value_name = "WHICH", value_parser = choice::cgroups())]
    pub cgroups: Option<Cgroups>,
    /// Whether the sandboxes have a pid namespace of their own; some launchers
    /// isolate less below any, and `no` protects less
    #[arg(long, value_name = "yes|no", default_value = "yes")]
    #[arg(value_parser = choice::pid_namespace())]
    #[arg(hide_possible_values = true)]
    pub pid_namespace: PidNamespace,
    /// Print the effects as JSON
    #[arg(long)]
    pub json: bool,
    /// The command lines, separated by `--`
    #[arg(last = true, required = true, value_name = "LAUNCHER")]
    pub launchers: Vec<String>,
}

/// The options of `nsteps trace`.
///
/// The traces are shown side by side, one column for each: what the launcher
/// calls until its payload begins, and what it calls after that. Several
/// command lines are separated by `--`; their payload is not known, so all
/// calls are shown. A trace ends after ten seconds.
#[derive(Debug, Args)]
#[command(after_help = TRACE)]
#[command(
    override_usage = "nsteps trace [OPTIONS] STEP [-- PAYLOAD...]\n       \
                            nsteps trace [OPTIONS] -- CMD... [-- CMD...]..."
)]
pub struct Trace {
    /// The step, as in `nsteps list`
    #[arg(required_unless_present = "words")]
    #[arg(value_parser = choice::step(), hide_possible_values = true)]
    pub step: Option<&'static Step>,
    /// Only these launchers of the step
    #[arg(long, value_name = "LANG", value_delimiter = ',')]
    #[arg(value_parser = choice::launcher())]
    pub lang: Vec<Launcher>,
    /// The conditions: mounts and user of the sandbox
    #[arg(long, value_name = "SCENARIO", value_parser = choice::scenario())]
    pub scenario: Option<Scenario>,
    /// Show every call, not only those about namespaces and processes
    #[arg(long)]
    pub all: bool,
    /// Print everything that was seen as JSON
    #[arg(long)]
    pub json: bool,
    /// What the step becomes [default: /bin/true]; without a step, any command
    /// lines
    #[arg(last = true, value_name = "CMD")]
    pub words: Vec<String>,
}

/// The options of `nsteps tracer`.
#[derive(Debug, Args)]
pub struct Tracer {
    /// Stop tracing the process that becomes this program
    #[arg(long)]
    pub payload: Option<String>,
    /// Record every call, not only the selected ones
    #[arg(long)]
    pub every: bool,
    /// The timeout of the trace, in seconds
    #[arg(long)]
    pub seconds: Option<f64>,
    /// The command line that is traced
    #[arg(last = true, required = true)]
    pub argv: Vec<String>,
}

/// `nsteps warm`.
///
/// The command has new mount, pid, uts, ipc, net and cgroup namespaces, a /proc
/// of its own, and `lo` up. Of these the kernel needs longest for the mounts and
/// the network: here they are made before, from a template.
///
/// A daemon (`--serve`) keeps a template and a stock of networks, and gives
/// their descriptors to launches of the same user (`--via`). The launch itself
/// happens in the client: the command inherits from it what any command does,
/// and ends with it. The daemon may end at any time.
#[derive(Debug, Args)]
#[command(after_help = WARM)]
#[command(
    override_usage = "nsteps warm [--root DIR] [--cold] [-- CMD...]\n       \
                            nsteps warm --serve SOCK [--root DIR] [--stock N] \
                            [-- CMD...]\n       \
                            nsteps warm --via SOCK [-- CMD...]"
)]
pub struct Warm {
    /// Serve on this socket until SIGTERM, or as long as CMD runs
    #[arg(long, value_name = "SOCK", conflicts_with_all = ["via", "cold"])]
    pub serve: Option<PathBuf>,
    /// Launch from what the daemon on this socket has made
    #[arg(long, value_name = "SOCK", conflicts_with_all = ["root", "cold"])]
    pub via: Option<PathBuf>,
    /// The root of the command, with empty directories dev and proc; without it
    /// all mounts stay, as copies
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Make nothing before: the same launch, to compare with
    #[arg(long)]
    pub cold: bool,
    /// How many networks the daemon has in stock
    #[arg(long, value_name = "N", default_value_t = 8, requires = "serve")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    pub stock: u16,
    /// The command, with its arguments [default: sh; with --serve none]
    #[arg(last = true, value_name = "CMD")]
    pub payload: Vec<OsString>,
}

impl Warm {
    /// Reads `nsteps warm --via SOCK -- CMD...`, written exactly so. To build the
    /// parser of all commands takes longer than such a launch.
    pub fn of_client(words: impl Iterator<Item = OsString>) -> Option<Warm> {
        let mut words = words.skip(1);
        let mut is = |word: &str| words.next().is_some_and(|it| it == word);
        if !is("warm") || !is("--via") {
            return None;
        }
        let socket = words.next()?;
        let is_separated = words.next()? == "--";
        let payload: Vec<OsString> = words.collect();
        let is_said = is_separated && !payload.is_empty();
        is_said.then(|| Warm {
            serve: None,
            via: Some(socket.into()),
            root: None,
            cold: false,
            stock: 8,
            payload,
        })
    }
}

/// The options of `nsteps sweeper`.
#[derive(Debug, Args)]
pub struct Sweeper {
    /// The path of the socket
    pub socket: PathBuf,
    /// The number of its device
    pub device: u64,
    /// Its inode
    pub inode: u64,
}

const LIST: &str = "\
Examples:
  nsteps list
  nsteps list | grep pid

Exit status: 0, or 2 if the list could not be written.";

const RUN: &str = "\
Examples:
  nsteps run uts hostname
  nsteps run network --lang c ip addr
  nsteps run mount --sandbox -- sh -c 'rm -rf /etc; hostname other'

As an ordinary user it can change nothing but what you can change without it. As
root it protects the mounts of the machine, and nothing else: CMD changes its
files, sysctls, devices and processes, and its host name, links, queues and
cgroups if the step makes no namespace for them. --sandbox keeps mistakes of CMD
from all of these, except from sysctls that no namespace has (vm, fs and most of
kernel), kernel modules and the clock; it does not hold a program of root that
is made to do harm.

Exit status: that of the step's program (C ends with 0 and Go with 2, as
published, whatever the command did); 125 if the step could not be started.";

const SHOW: &str = "\
Examples:
  nsteps show uts
  nsteps show pivot_root | less

Exit status: 0, or 2 if there is no such step or a source is missing.";

const COMPARE: &str = "\
Examples:
  nsteps compare
  nsteps compare uts,ipc --lang c,rust
  nsteps compare pid --scenario user --verbose

Exit status: 0 if nothing is unexplained, 1 if something is (or an explanation
is no longer seen), 2 if the question could not be answered.";

const CHECK: &str = "\
Examples:
  nsteps check uts -- ./my-program
  nsteps check uts --explain -- python3 uts.py
  nsteps check --next my-steps --report course.xml

Exit status: 0 if every requirement is met, 1 if one is not or a program is
missing, 2 if one could not be looked at or if the input is wrong.";

const CLAIMS: &str = "\
Examples:
  nsteps claims
  nsteps claims 13 --verbose
  nsteps claims crosby/mount jd

Exit status: 0 if every verdict is the expected one, 1 if one is not, 2 if the
question could not be answered.";

const DIFFERENCES: &str = "\
Examples:
  nsteps differences
  nsteps differences sigpipe exit-status --verbose
  nsteps differences --list

Exit status: 0 if all are reproduced, 1 if one is not, 2 if the question could
not be answered.";

/// The examples of `nsteps diff`, with the names of the adapters and states.
fn diff_help() -> String {
    let adapters: Vec<String> = ADAPTERS
        .iter()
        .map(|it| format!("  {:<7} {}", format!("{}:", it.name), it.about))
        .collect();
    let states: Vec<String> = STATES
        .iter()
        .map(|it| format!("  {:<15} {}", it.name, it.about))
        .collect();
    let situations: Vec<String> = SITUATIONS
        .iter()
        .map(|it| format!("  {:<15} {}", it.name, it.about))
        .collect();
    format!(
        "Adapters:\n{}\n\nStates:\n{}\n\nSituations:\n{}\n\n\
         Examples:\n  \
         nsteps diff 'unshare -n' 'bwrap --dev-bind / / --unshare-net'\n  \
         nsteps diff runc: crun: --states all\n  \
         nsteps diff launchers.toml --report page.html --report junit.xml\n\n\
         Exit status: 0 if no difference is denied, 1 if one is, or if the file \
         has an\nexpectation that is not met or a waiver that matches nothing or has \
         expired,\n2 if a launcher ran the probe in no state or isolates less here \
         than elsewhere,\nif a state is not possible, or if the input is wrong.",
        adapters.join("\n"),
        states.join("\n"),
        situations.join("\n")
    )
}

const EXPECT: &str = "\
Examples:
  nsteps expect policy.toml -- runc:my-bundle
  nsteps expect policy.toml --report junit.xml -- bwrap --dev-bind / /

Exit status: 0 if all expectations are met, 1 if one is not, 2 if the launcher
did not run the probe or if the input is wrong.";

const RECORD: &str = "\
Examples:
  nsteps record -o runc-1.1.5.json runc:my-bundle
  nsteps record -o today.json 'unshare --net'

Exit status: 0, or 2 if the launcher did not run the probe.";

const EXPLAIN: &str = "\
Examples:
  nsteps explain ns.net
  nsteps explain signals.ignored=+SIGPIPE

Exit status: 0, or 2 if there is no such key.";

const OBSERVE: &str = "\
Examples:
  nsteps observe -- unshare --uts
  nsteps observe -- unshare --uts -- bwrap --unshare-uts --dev-bind / /
  nsteps observe --scenario private/user -- sh -c 'exec {}'

Exit status: 0 if they all do the same, 1 if they differ, 2 if the question
could not be answered.";

const TRACE: &str = "\
Examples:
  nsteps trace uts
  nsteps trace uts --lang rust,unshare -- hostname
  nsteps trace -- bwrap --unshare-uts --dev-bind / / true

Exit status: 0, or 2 if the question could not be answered.";

const WARM: &str = "\
Examples:
  nsteps warm -- ip addr
  nsteps warm --serve /run/warm.sock --stock 64
  nsteps warm --via /run/warm.sock -- make test

Exit status: that of the command; 125 if an action failed, 126 if the command
cannot be executed, 127 if it is not there; 0 of a daemon that was ended.";

const DOCTOR: &str = "\
Examples:
  nsteps doctor
  sudo nsteps doctor

Exit status: 0 if nothing is missing, 1 if something is.";

const FACTS: &str = "\
Examples:
  nsteps facts
  nsteps facts --json

Exit status: 0 if the kernel answers as others of its version, 1 if it does not,
2 if something could not be tried.";

const COMPLETIONS: &str = "\
Examples:
  nsteps completions bash >~/.local/share/bash-completion/completions/nsteps
  nsteps completions fish >~/.config/fish/completions/nsteps.fish

Exit status: 0, or 2 if the script could not be written.";

const MAN: &str = "\
Examples:
  nsteps man ~/.local/share/man/man1
  nsteps man /tmp/pages

Exit status: 0, or 2 if a page could not be written.";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// The words of an example, split as a shell splits them.
    fn words(line: &str) -> Vec<String> {
        let line = line.split(['>', '|', '#']).next().unwrap_or("");
        let mut words = Vec::new();
        for (index, part) in line.split('\'').enumerate() {
            match index % 2 {
                0 => words.extend(part.split_whitespace().map(str::to_owned)),
                _ => words.push(part.to_owned()),
            }
        }
        words.retain(|it| it != "sudo");
        words
    }

    #[test]
    fn every_help_has_examples_that_can_be_typed_and_the_statuses() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string);
            let help = help.unwrap_or_default();
            let name = command.get_name();
            let examples: Vec<&str> = help
                .lines()
                .skip_while(|it| *it != "Examples:")
                .filter(|it| it.starts_with("  "))
                .collect();
            assert!((2..=3).contains(&examples.len()), "{name}: {help}");
            assert!(
                help.contains("\n\nExit status: 0")
                    || help.contains("\n\nExit status: that"),
                "{name}: {help}"
            );
            for example in examples {
                let words = words(example);
                assert!(words.contains(&name.to_owned()), "{example}");
                let parsed = Cli::try_parse_from(words);
                assert!(parsed.is_ok(), "{example}: {parsed:?}");
            }
        }
    }

    #[test]
    fn what_to_do_first_can_be_typed() {
        let lines: Vec<&str> =
            FIRST.lines().filter(|it| it.starts_with("  nsteps")).collect();
        assert_eq!(lines.len(), 3);
        for line in lines {
            let parsed = Cli::try_parse_from(words(line));
            assert!(parsed.is_ok(), "{line}: {parsed:?}");
        }
    }

    #[test]
    fn run_needs_no_dashes_before_its_command() {
        for line in [
            "nsteps run uts --lang c sh -c x --lang",
            "nsteps run uts --lang c -- sh -c x --lang",
            "nsteps run --lang c uts sh -c x --lang",
        ] {
            let parsed = Cli::try_parse_from(line.split(' '));
            let Ok(Cli { command: Command::Run(run) }) = parsed else {
                panic!("{line}: {parsed:?}");
            };
            assert_eq!(run.payload, ["sh", "-c", "x", "--lang"], "{line}");
            assert_eq!(run.lang, Launcher::C);
        }
        let typo = "nsteps run uts --lagn c sh".split(' ');
        assert!(Cli::try_parse_from(typo).is_err());
    }

    #[test]
    fn steps_are_named_in_any_way() {
        for line in [
            "nsteps compare uts ipc",
            "nsteps compare uts,ipc",
            "nsteps compare --only uts,ipc",
            "nsteps compare --only uts --only ipc",
            "nsteps compare uts --only ipc",
        ] {
            let parsed = Cli::try_parse_from(line.split(' '));
            let Ok(Cli { command: Command::Compare(it) }) = parsed else {
                panic!("{line}: {parsed:?}");
            };
            let names: Vec<&str> =
                it.steps.iter().chain(&it.only).map(|it| it.name).collect();
            assert_eq!(names, ["uts", "ipc"], "{line}");
        }
    }

    #[test]
    fn what_the_harness_starts_for_itself_is_nowhere_to_be_seen() {
        for own in Own::command().get_subcommands() {
            let name = own.get_name();
            assert!(Cli::command().find_subcommand(name).is_none(), "{name}");
        }
    }
}
