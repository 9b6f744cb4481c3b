//! What can be typed: types only.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Linux namespaces, step by step, in Rust, C and Go, and the proof of where
/// the three do the same.
#[derive(Debug, Parser)]
#[command(name = "nsteps", version, max_term_width = 80)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the steps: what each makes, and which post it follows
    List,
    /// Run one step, with a command of your choice inside
    Run(Run),
    /// Show a step: its three sources side by side, and its effect
    Show(Show),
    /// Run every step in every language and compare what the payload sees
    Compare(Compare),
    /// Check what the posts claim, on this machine
    Claims(Claims),
    /// Reproduce what differs between the languages, and what the kernel does
    /// to all of them, with evidence
    Differences(Differences),
    /// Show the effect of any command line that runs the probe
    Observe(Observe),
    /// Say what this machine allows, what is missing, and the remedy
    Doctor,
    /// Print a completion script
    Completions {
        /// For this shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages
    Man {
        /// Into this directory
        dir: PathBuf,
    },
    /// What checks of claims run in their sandboxes
    #[command(hide = true)]
    Demonstrate {
        /// What, and with what
        #[arg(trailing_var_arg = true)]
        words: Vec<String>,
    },
    /// Who removes a cgroup when the harness has ended
    #[command(hide = true)]
    Janitor {
        /// The cgroups' directories
        #[arg(required = true)]
        dirs: Vec<PathBuf>,
    },
    /// The warden of a sandbox: the harness starts it, nobody else should
    #[command(hide = true)]
    Sandbox,
    /// Show the system calls by which each language performs a step
    Trace(Trace),
    /// Who traces in a sandbox: the harness starts it, nobody else should
    #[command(hide = true)]
    Tracer(Tracer),
}

/// A language of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// rust/steps, the careful implementation
    Rust,
    /// reference-c, the programs of the posts
    C,
    /// reference-go, the same in Go
    Go,
}

/// `nsteps run`.
///
/// The status is the program's own: C's 0 and Go's 2 are what they are.
/// Before it starts, `run` steps into a mount namespace from which nothing
/// propagates out and, for an ordinary user, into a user namespace in which
/// the user is root.
#[derive(Debug, Args)]
pub struct Run {
    /// The step; `nsteps list` knows them all
    pub step: String,
    /// Whose program to run
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    pub lang: Language,
    /// What to pivot into: any unpacked root filesystem [default: busybox]
    #[arg(long, value_name = "DIR")]
    pub rootfs: Option<PathBuf>,
    /// Run the program exactly as the post did: nothing protects the machine
    #[arg(long)]
    pub bare: bool,
    /// The command it becomes [default: sh]; for `join`, the pid comes first
    #[arg(last = true, value_name = "CMD")]
    pub payload: Vec<OsString>,
}

/// `nsteps show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The step; `nsteps list` knows them all
    pub step: String,
}

/// `nsteps compare`.
///
/// Exit status: 0 if nothing is unexplained, 1 if something is (or an
/// explanation is no longer seen), 2 if the question could not be answered.
#[derive(Debug, Args)]
pub struct Compare {
    /// Only this step (may be repeated)
    #[arg(long, value_name = "STEP")]
    pub only: Vec<String>,
    /// Only this launcher: c, go, rust or unshare (may be repeated)
    #[arg(long, value_name = "LANG")]
    pub lang: Vec<String>,
    /// Only this scenario, as `private`, `user` or `private/user` (may be
    /// repeated)
    #[arg(long, value_name = "SCENARIO")]
    pub scenario: Vec<String>,
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
    /// Bless what is seen now, and called, as what is expected
    #[arg(long)]
    pub bless: bool,
}

/// `nsteps claims`.
///
/// Each claim is checked in sandboxes, and the verdict follows from what was
/// seen: it holds, holds only where something is the case, or is refuted.
///
/// Exit status: 0 if every verdict is the expected one, 1 if one is not, 2 if
/// the question could not be answered.
#[derive(Debug, Args)]
pub struct Claims {
    /// Only these: a number, a post (crosby) or a topic of it (crosby/mount)
    #[arg(value_name = "N|POST")]
    pub which: Vec<String>,
    /// Print verdicts and evidence as JSON
    #[arg(long)]
    pub json: bool,
    /// Print the table of the book; nothing is checked for it
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
}

/// `nsteps differences`.
///
/// Each is reproduced in sandboxes by small programs in each language, by the
/// comparison of a step or, where the kernel surprises, situation by situation;
/// what was seen is compared with what the page of
/// that name says.  Where chance decides, a check runs until it has its proof
/// or has reached a bound, and says which.
///
/// Exit status: 0 if all are reproduced, 1 if one is not, 2 if the question
/// could not be answered.
#[derive(Debug, Args)]
pub struct Differences {
    /// Only these
    #[arg(value_name = "SLUG")]
    pub slugs: Vec<String>,
    /// Print verdicts and evidence as JSON
    #[arg(long)]
    pub json: bool,
}

/// `nsteps observe`.
///
/// The probe is added at the end of each command line, or put where `{}`
/// stands.  Several command lines, separated by `--`, are compared.
///
/// Exit status: 0 if they all do the same, 1 if they differ, 2 if the
/// question could not be answered.
#[derive(Debug, Args)]
pub struct Observe {
    /// The conditions, as `private/user`
    #[arg(long, value_name = "SCENARIO")]
    pub scenario: Option<String>,
    /// Print the effects as JSON
    #[arg(long)]
    pub json: bool,
    /// The command lines, for instance: unshare --uts -- bwrap --unshare-uts
    #[arg(last = true, required = true, value_name = "LAUNCHER")]
    pub launchers: Vec<String>,
}

/// `nsteps trace`.
///
/// Side by side, one column for each: what the launcher calls until its
/// payload begins, and what it calls after that.  Several command lines are
/// separated by `--`; nobody knows what their payload is, so all is shown.
/// `~` stands where not all do the same.  A trace ends after ten seconds.
///
/// Exit status: 0, or 2 if the question could not be answered.
#[derive(Debug, Args)]
pub struct Trace {
    /// The step; `nsteps list` knows them all
    #[arg(required_unless_present = "launchers")]
    pub step: Option<String>,
    /// Only this launcher: c, go, rust or unshare (may be repeated)
    #[arg(long, value_name = "LANG", conflicts_with = "launchers")]
    pub lang: Vec<String>,
    /// The conditions, as `private/user`
    #[arg(long, value_name = "SCENARIO")]
    pub scenario: Option<String>,
    /// Show every call, not only those about namespaces and processes
    #[arg(long)]
    pub all: bool,
    /// Print everything that was seen as JSON
    #[arg(long)]
    pub json: bool,
    /// Any command line instead, for instance: bwrap --unshare-uts true
    #[arg(last = true, value_name = "CMD", conflicts_with = "step")]
    pub launchers: Vec<String>,
}

/// `nsteps tracer`.
#[derive(Debug, Args)]
pub struct Tracer {
    /// Look away from whoever becomes this program
    #[arg(long)]
    pub payload: Option<String>,
    /// Tell of every call
    #[arg(long)]
    pub every: bool,
    /// How long it may take
    #[arg(long)]
    pub seconds: Option<f64>,
    /// The command line
    #[arg(last = true, required = true)]
    pub argv: Vec<String>,
}
