//! What a payload in a new root still reaches of the old one.

use super::{C, GO, RUST};
use crate::checks::old_root::{self, BELOW_ROOT, DIRECTORY, was_read};
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::{Conditions, Session};
use harness::found::Found;
use harness::paths::{NEWROOT, NO_SHEBANG, PROGRAMS};
use harness::scenario::Mounts;
use harness::step::Step;

const READ: &str = "the payload reads it";
const NOT_THERE: &str = "No such file or directory";

/// Which payload reads a file of the old root by a relative path.
pub fn no_chdir(conditions: &Conditions<'_>) -> Found<Evidence> {
    let mut session = conditions.session_with_new_root(Mounts::Private)?;
    let mut evidence = Evidence::new();
    conditions.program("c/pitfalls/no_chdir", C.toolchain())?;
    let faulty = format!("{PROGRAMS}/c/pitfalls/no_chdir");
    let up = format!("../..{NO_SHEBANG}");
    for (from, file, what, described) in [
        (DIRECTORY, "secret", "a file of the caller's directory", READ),
        (DIRECTORY, &up, "a file of the old root, by ..", READ),
        ("/", BELOW_ROOT, "the same, started in /", NOT_THERE),
    ] {
        let argv = [&faulty, NEWROOT, "cat", file];
        let seen = read(&mut session, from, &argv)?;
        evidence.see(format!("c, without chdir: {what}"), &seen, described);
    }
    let step = Step::named("pivot_root").expect("it is in STEPS");
    for launcher in [C, GO, RUST] {
        let name = format!("{launcher}/{}", step.name);
        conditions.program(&name, launcher.toolchain())?;
        let payload = ["cat", "secret"];
        let argv = launcher.argv(step, PROGRAMS, Some(NEWROOT), &payload);
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let seen = read(&mut session, DIRECTORY, &argv)?;
        let case = format!("{launcher}, pivot_root: the same file");
        evidence.see(case, &seen, NOT_THERE);
    }
    Ok(evidence)
}

/// Whether the payload of a launcher that was started in a directory read a
/// file, in words.
fn read(session: &mut Session<'_>, from: &str, argv: &[&str]) -> Found<String> {
    let said = old_root::read(session, from, argv)?;
    Ok(if was_read(&said) || said.stdout.contains("run by a shell") {
        READ.to_owned()
    } else if said.error_message().ends_with(NOT_THERE) {
        NOT_THERE.to_owned()
    } else {
        said.error_message().to_owned()
    })
}
