//! The claims of the posts, and the premises of their checks.

use crate::broken::{Break, By, Program, Script};
use crate::is_expected;
use libtest_mimic::Trial;
use nsteps::checks::claims::CLAIMS;

pub fn trials() -> Vec<Trial> {
    let claims = CLAIMS.iter().map(|claim| {
        let name = format!("claim_{:02}::{}", claim.number, claim.source());
        Trial::ignorable_test(name, move || is_expected(claim))
    });
    let breaks = BREAKS.iter().map(|it| {
        let Break { check, program, by, .. } = it;
        let name = format!("broken_{check:0>2}::{program}::{}", by.name());
        Trial::ignorable_test(name, move || it.is_noticed("claims"))
    });
    claims.chain(breaks).collect()
}

const fn broken(
    claim: &'static str,
    program: &'static str,
    by: By,
    verdict: &'static str,
) -> Break {
    Break { check: claim, program, by, verdict }
}

/// Makes no namespace at all.
const NO_STEP: By = Program("c/skeleton");
const HOLDS: &str = "holds";
const REFUTED: &str = "refuted";

/// Each claim whose check has a program of ours to be broken.
const BREAKS: &[Break] = &[
    broken("1", "c/network", NO_STEP, REFUTED),
    broken("3", "c/mount", NO_STEP, HOLDS),
    broken("4", "c/mount", Program("c/mount_rprivate"), HOLDS),
    broken("4", "c/mount", NO_STEP, REFUTED),
    broken("5", "c/mount", Script("another_tmp", ANOTHER_TMP), REFUTED),
    broken("6", "c/uts", NO_STEP, REFUTED),
    broken("7", "c/ipc", NO_STEP, REFUTED),
    broken("8", "c/pid_oldproc", Program("c/pid"), REFUTED),
    broken("8", "c/pid", Program("c/pid_oldproc"), REFUTED),
    broken("9", "c/pid", NO_STEP, REFUTED),
    broken("10", "c/user", Program("c/user_mapped"), REFUTED),
    broken("11", "c/mount_private", Program("c/mount"), REFUTED),
    broken("12", "c/pid", Program("c/pid_detach"), REFUTED),
    broken("13", "c/mount_private", Program("c/mount_rprivate"), REFUTED),
    broken("13", "c/mount_rprivate", Program("c/mount_private"), REFUTED),
    broken("14", "go/network", NO_STEP, REFUTED),
    broken("16", "bin/nsteps", Script("two_children", TWO_CHILDREN), REFUTED),
    broken("18", "bin/nsteps", Script("always_pivots", ALWAYS_OK), REFUTED),
    broken("19", "c/uts", NO_STEP, REFUTED),
    broken("20", "c/pitfalls/lowstack", Script("fine", FINE), HOLDS),
    broken("21", "c/pivot_root", Script("old_pids", OLD_PIDS), REFUTED),
    broken("22", "c/net_mount_uts", Program("c/net_mount"), REFUTED),
    broken("23", "go/pitfalls/goroutine", Script("stays", STAYS), REFUTED),
    broken("24", "c/skeleton", Program("c/uts"), REFUTED),
    broken("25", "c/uts", NO_STEP, "holds only where all else is as known"),
    broken("26", "c/unshare_init", NO_STEP, REFUTED),
    broken("27", "c/pid", NO_STEP, REFUTED),
    broken("28", "c/skeleton", Program("c/pid"), REFUTED),
    broken("29", "c/pivot_root", Script("chroot", CHROOT), REFUTED),
    broken("32", "c/user_mapped", NO_STEP, REFUTED),
    broken("33", "c/uts", NO_STEP, REFUTED),
    broken("36", "c/pid", Script("forks", FORKS), REFUTED),
    broken("37", "c/net_mount", Script("new_root", CHROOT_ALONE), HOLDS),
    broken("39", "c/pitfalls/no_chdir", Program("c/pivot_root"), HOLDS),
    broken("40", "c/network", NO_STEP, HOLDS),
    broken("41", "c/pivot_root", Script("old_root", OLD_ROOT), REFUTED),
    broken("42", "c/pitfalls/fork_exec", Script("once", FORK_ONCE), REFUTED),
    broken("43", "c/pitfalls/fork_exec", Script("never", NO_RETURN), HOLDS),
    broken("44", "c/pid_detach", Program("c/pid"), REFUTED),
    broken("45", "c/net_mount", Program("c/mount_rprivate"), HOLDS),
];

const ANOTHER_TMP: &str =
    "exec unshare -m sh -c 'mount -n -t tmpfs t /tmp; exec \"$@\"' sh \"$@\"";
const CHROOT: &str = "exec chroot \"$@\"";
const FORKS: &str = "echo 1; echo 2";
const CHROOT_ALONE: &str = "echo not here";
const FORK_ONCE: &str = "echo \"pid $$: fork returned 0\"";
const NO_RETURN: &str = "echo before; shift; \"$@\" 2>/dev/null || :";
const OLD_ROOT: &str = "shift; exec unshare --mount \"$@\"";
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
