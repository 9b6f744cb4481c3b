//! One named trial for each claim, and one for each premise that is broken on
//! purpose: a check that still says the same then is no check.
//!
//! A premise is broken by another program in the place of the one that is
//! checked, in a copy of `target/` that is this test's own.

mod availability;
mod scratch;

use availability::unavailable;
use harness::found::Refusal;
use harness::host::Equipment;
use harness::host::layout::Layout;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nsteps::checks::claims::{CLAIMS, Claim, Conditions};
use scratch::Scratch;
use std::process::ExitCode;
use std::sync::LazyLock;

fn main() -> ExitCode {
    let claims = CLAIMS.iter().map(|claim| {
        let name = format!("claim_{:02}::{}", claim.number, claim.source());
        Trial::ignorable_test(name, || is_as_expected(claim))
    });
    let breaks = BREAKS.iter().enumerate().map(|(index, it)| {
        let Break { claim, program, by, .. } = it;
        let name = format!("broken_{claim:02}::{program}::{}", by.name());
        Trial::ignorable_test(name, move || it.is_noticed(index))
    });
    let trials = claims.chain(breaks).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

static EQUIPMENT: LazyLock<Result<Equipment, String>> =
    LazyLock::new(|| Equipment::gather(None).map_err(|it| it.message));

fn is_as_expected(claim: &Claim) -> Result<Completion, Failed> {
    let equipment = EQUIPMENT.as_ref()?;
    match claim.check(&Conditions::new(equipment)) {
        Ok(finding) if finding.verdict() == claim.expected => {
            Ok(Completion::Completed)
        }
        Ok(finding) => Err(format!(
            "{}, expected: {}\n{}",
            finding.verdict(),
            claim.expected,
            finding.evidence.join("\n")
        )
        .into()),
        Err(Refusal::Unavailable(reason)) => unavailable(&reason),
        Err(Refusal::Broken(why)) => Err(why.into()),
    }
}

/// A premise that is broken.
struct Break {
    /// The claim whose check must notice.
    claim: u8,
    /// The program, below `target/`, that is not what it says.
    program: &'static str,
    /// What it is instead.
    by: By,
    /// The verdict that must come out then.
    verdict: &'static str,
}

/// What takes a program's place.
enum By {
    /// Another program of the project, below `target/`.
    Program(&'static str),
    /// A shell script; its name comes first.
    Script(&'static str, &'static str),
}

impl By {
    fn name(&self) -> &'static str {
        match self {
            By::Program(name) | By::Script(name, _) => name,
        }
    }
}

use By::{Program, Script};

const fn broken(
    claim: u8,
    program: &'static str,
    by: By,
    verdict: &'static str,
) -> Break {
    Break { claim, program, by, verdict }
}

/// Makes no namespace at all.
const NO_STEP: By = Program("c/skeleton");
const HOLDS: &str = "holds";
const REFUTED: &str = "refuted";

/// Each claim whose check has a program of ours to be broken.
const BREAKS: &[Break] = &[
    broken(1, "c/network", NO_STEP, REFUTED),
    broken(3, "c/mount", NO_STEP, HOLDS),
    broken(4, "c/mount", Program("c/mount_rprivate"), HOLDS),
    broken(4, "c/mount", NO_STEP, REFUTED),
    broken(5, "c/mount", Script("another_tmp", ANOTHER_TMP), REFUTED),
    broken(6, "c/uts", NO_STEP, REFUTED),
    broken(7, "c/ipc", NO_STEP, REFUTED),
    broken(8, "c/pid_oldproc", Program("c/pid"), REFUTED),
    broken(8, "c/pid", Program("c/pid_oldproc"), REFUTED),
    broken(9, "c/pid", NO_STEP, REFUTED),
    broken(10, "c/user", Program("c/user_mapped"), REFUTED),
    broken(11, "c/mount_private", Program("c/mount"), REFUTED),
    broken(12, "c/pid", Program("c/pid_detach"), REFUTED),
    broken(13, "c/mount_private", Program("c/mount_rprivate"), REFUTED),
    broken(13, "c/mount_rprivate", Program("c/mount_private"), REFUTED),
    broken(14, "go/network", NO_STEP, REFUTED),
    broken(16, "bin/nsteps", Script("two_children", TWO_CHILDREN), REFUTED),
    broken(18, "bin/nsteps", Script("always_pivots", ALWAYS_OK), REFUTED),
    broken(19, "c/uts", NO_STEP, REFUTED),
    broken(20, "c/pitfalls/lowstack", Script("fine", FINE), HOLDS),
    broken(21, "c/pivot_root", Script("old_pids", OLD_PIDS), REFUTED),
    broken(22, "c/net_mount_uts", Program("c/net_mount"), REFUTED),
    broken(23, "go/pitfalls/goroutine", Script("stays", STAYS), REFUTED),
    broken(24, "c/skeleton", Program("c/uts"), REFUTED),
    broken(25, "c/uts", NO_STEP, "holds only where all else is as known"),
    broken(26, "c/unshare_init", NO_STEP, REFUTED),
    broken(27, "c/pid", NO_STEP, REFUTED),
    broken(28, "c/skeleton", Program("c/pid"), REFUTED),
    broken(29, "c/pivot_root", Script("chroot", CHROOT), REFUTED),
    broken(32, "c/user_mapped", NO_STEP, REFUTED),
    broken(33, "c/uts", NO_STEP, REFUTED),
];

const ANOTHER_TMP: &str =
    "exec unshare -m sh -c 'mount -n -t tmpfs t /tmp; exec \"$@\"' sh \"$@\"";
const CHROOT: &str = "exec chroot \"$@\"";
const OLD_PIDS: &str = "exec unshare -m sh -c \
    'mount -n -t proc proc $1/proc; exec chroot \"$@\"' sh \"$@\"";
const FINE: &str = "echo \"$1: the child exited with 0\"";
const STAYS: &str = "echo 200 samples, 0 elsewhere";
const ALWAYS_OK: &str = "/nsteps/bin/nsteps.real \"$@\" |
    sed 's/^E[A-Z]*\\t/ok\\t/'";
const TWO_CHILDREN: &str = "echo 'before unshare, getpid(): 3
after it, getpid(): 3
first child, getpid(): 1
it has ended; the next fork: ok'";

impl Break {
    /// Runs the check where the program has been replaced.
    fn is_noticed(&self, index: usize) -> Result<Completion, Failed> {
        let layout = Layout::find().map_err(|it| it.message)?;
        let target = layout.programs();
        if let Program(other) = self.by
            && !target.join(other).exists()
        {
            return unavailable(&format!("{other} is not built"));
        }
        if !target.join(self.program).exists() {
            return unavailable(&format!("{} is not built", self.program));
        }
        let scratch = Scratch::new(&layout, &index.to_string())?;
        match self.by {
            Program(other) => scratch.put_program(self.program, other)?,
            Script(_, text) => scratch.put_script(self.program, text)?,
        }
        let words = ["claims", &self.claim.to_string(), "--json"];
        let output =
            scratch.nsteps(&target.join("bin/nsteps"), &words).output()?;
        let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let found = &report["claims"][0];
        if found["verdict"] == "unavailable" {
            return unavailable(found["reason"].as_str().unwrap_or_default());
        }
        let status = output.status.code();
        if found["verdict"] == self.verdict
            && found["as_expected"] == false
            && status == Some(1)
        {
            return Ok(Completion::Completed);
        }
        Err(format!("not {}, status {status:?}: {found:#}", self.verdict)
            .into())
    }
}
