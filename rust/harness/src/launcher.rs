//! The launchers: the programs that perform a step.
//!
//! Of the crates `harness` and `compare` only this file, `known.rs` and the
//! error messages in `trial.rs` distinguish the languages.

use crate::host::layout::Layout;
use crate::host::machine::{EXECVE_ENTERS_TIME, Version};
use crate::host::program::find_in;
use crate::paths::SEARCHED;
use crate::step::{Arguments, Step};
use std::path::PathBuf;

/// A way to perform a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Launcher {
    /// `reference-c`: the programs of the posts.
    C,
    /// `reference-go`: the same steps in Go.
    Go,
    /// `rust/steps`: the same steps in Rust, which check every call.
    Rust,
    /// unshare(1) of util-linux: a control that this project did not write.
    Unshare,
}

/// The launchers that are a language, in the order tables list them.
pub const LANGUAGES: &[Launcher] = &[Launcher::C, Launcher::Go, Launcher::Rust];

/// Every launcher, in the order tables list them.
pub const LAUNCHERS: &[Launcher] =
    &[Launcher::C, Launcher::Go, Launcher::Rust, Launcher::Unshare];

impl Launcher {
    /// The name on the command line and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Launcher::C => "c",
            Launcher::Go => "go",
            Launcher::Rust => "rust",
            Launcher::Unshare => "unshare",
        }
    }

    /// Finds the launcher of that name.
    pub fn named(name: &str) -> Option<Launcher> {
        LAUNCHERS.iter().copied().find(|launcher| launcher.name() == name)
    }

    /// The path of the step's source, from the top of the repository.
    /// unshare(1) has no source here.
    pub fn source(self, step: &Step) -> Option<PathBuf> {
        let name = step.name;
        match self {
            Launcher::C => Some(format!("reference-c/{name}.c").into()),
            Launcher::Go => Some(format!("reference-go/{name}/main.go").into()),
            Launcher::Rust => {
                Some(format!("rust/steps/src/bin/{name}.rs").into())
            }
            Launcher::Unshare => None,
        }
    }

    /// The files that all steps of this language use, for `nsteps show`: every
    /// file of the directory, and first the one whose functions a step calls.
    pub const fn shared(self) -> &'static [&'static str] {
        match self {
            Launcher::C => &["reference-c/skeleton.h"],
            Launcher::Go => &[
                "reference-go/internal/skeleton/skeleton.go",
                "reference-go/internal/skeleton/role.go",
                "reference-go/internal/skeleton/init.go",
                "reference-go/internal/skeleton/lo.go",
                "reference-go/internal/skeleton/map_root.go",
                "reference-go/internal/skeleton/mount_fd.go",
                "reference-go/internal/skeleton/new_root.go",
                "reference-go/internal/skeleton/setns.go",
                "reference-go/internal/skeleton/setns_386.go",
                "reference-go/internal/skeleton/setns_amd64.go",
                "reference-go/internal/skeleton/setns_newer.go",
            ],
            Launcher::Rust => &[
                "rust/steps/src/skeleton.rs",
                "rust/steps/src/lib.rs",
                "rust/steps/src/start.rs",
                "rust/steps/src/arguments.rs",
                "rust/steps/src/payload.rs",
                "rust/steps/src/prepare.rs",
                "rust/steps/src/mount_fd.rs",
                "rust/steps/src/kernel.rs",
                "rust/steps/src/text.rs",
                "rust/steps/src/status.rs",
                "rust/steps/src/failure.rs",
            ],
            Launcher::Unshare => &[],
        }
    }

    /// The keywords of the language that steps use.
    pub const fn keywords(self) -> &'static [&'static str] {
        match self {
            Launcher::C => &[
                "break", "case", "char", "const", "continue", "default",
                "define", "do", "else", "enum", "extern", "for", "goto", "if",
                "include", "inline", "int", "long", "return", "short",
                "signed", "sizeof", "static", "struct", "switch", "typedef",
                "union", "unsigned", "void", "volatile", "while",
            ],
            Launcher::Go => &[
                "break",
                "case",
                "chan",
                "const",
                "continue",
                "default",
                "defer",
                "else",
                "for",
                "func",
                "go",
                "goto",
                "if",
                "import",
                "interface",
                "map",
                "nil",
                "package",
                "range",
                "return",
                "select",
                "struct",
                "switch",
                "type",
                "var",
            ],
            Launcher::Rust => &[
                "as",
                "break",
                "const",
                "continue",
                "crate",
                "dyn",
                "else",
                "enum",
                "extern",
                "false",
                "fn",
                "for",
                "if",
                "impl",
                "in",
                "let",
                "loop",
                "macro_rules",
                "match",
                "mod",
                "move",
                "mut",
                "pub",
                "ref",
                "return",
                "self",
                "Self",
                "static",
                "struct",
                "super",
                "trait",
                "true",
                "type",
                "unsafe",
                "use",
                "where",
                "while",
            ],
            Launcher::Unshare => &[],
        }
    }

    /// What has to be installed to build it, for an error message.
    pub const fn toolchain(self) -> &'static str {
        match self {
            Launcher::C => "a C compiler (Debian: gcc)",
            Launcher::Go => "Go 1.19 or later (Debian: golang-go)",
            Launcher::Rust => "cargo",
            Launcher::Unshare => "unshare(1) (Debian: util-linux)",
        }
    }

    /// True if it has a program for this step.
    pub fn performs(self, step: &Step) -> bool {
        self != Launcher::Unshare || step.control.is_some()
    }

    /// What a kernel of this version, as `(6, 1)`, lacks for a step by this
    /// launcher, although it has the namespaces of the step.
    pub fn lacks(self, step: &str, kernel: Version) -> Option<&'static str> {
        (self == Launcher::Go && step == "time" && kernel < EXECVE_ENTERS_TIME).then_some(
            "needs Linux 6.2: Go makes its child with CLONE_VM|CLONE_VFORK, \
             which an older kernel refuses after unshare(CLONE_NEWTIME)",
        )
    }

    /// The path of the step's program on this machine; for unshare(1) its own
    /// path.
    pub fn program(self, step: &Step, layout: &Layout) -> PathBuf {
        match self {
            Launcher::Unshare => "/usr/bin/unshare".into(),
            _ => layout.programs().join(self.name()).join(step.name),
        }
    }

    /// The reason why this machine cannot perform the step by this launcher, if
    /// there is one.
    pub fn missing(self, step: &Step, layout: &Layout) -> Option<String> {
        let program = self.program(step, layout);
        if !program.exists() {
            let others = program.parent().and_then(|it| it.read_dir().ok());
            let is_alone = others.is_some_and(|it| it.count() > 0);
            return Some(match (self, is_alone) {
                (Launcher::Unshare, _) | (_, true) => format!(
                    "{} is not built: it needs {}",
                    program.display(),
                    self.toolchain()
                ),
                _ => format!(
                    "{} is not built: its programs need {}",
                    self.name(),
                    self.toolchain()
                ),
            });
        }
        let script = match self {
            Launcher::Unshare => step.control.as_ref()?.script?,
            _ => return None,
        };
        let absent = programs_of(script).find(|it| !is_installed(it))?;
        Some(format!("unshare(1) does it with {absent}: install {absent}"))
    }

    /// The command line that performs `step` on `payload`.
    ///
    /// `programs` is where `{c,go,rust}/STEP` are, as seen by the process that
    /// will run it; `subject` is the new root or the pid, for the steps that
    /// take one.
    pub fn argv(
        self,
        step: &Step,
        programs: &str,
        subject: Option<&str>,
        payload: &[&str],
    ) -> Vec<String> {
        let mut argv: Vec<String> = Vec::new();
        if self == Launcher::Unshare {
            let control =
                step.control.as_ref().expect("asked of performs() first");
            argv.push("unshare".into());
            argv.extend(control.options.iter().map(ToString::to_string));
            if let Some(script) = control.script {
                let script = format!("{script} && exec \"$@\"");
                argv.extend(["sh".into(), "-c".into(), script]);
                argv.push("sh".into());
            }
        } else {
            argv.push(format!("{programs}/{}/{}", self.name(), step.name));
        }
        if step.arguments != Arguments::Command {
            argv.push(subject.expect("the step takes a subject").into());
        }
        argv.extend(payload.iter().map(ToString::to_string));
        argv
    }
}

/// The programs that a control's script starts, one for each command.
fn programs_of(script: &str) -> impl Iterator<Item = &str> {
    script
        .split("&&")
        .filter_map(|command| command.split_whitespace().next())
        .filter(|word| !["cd", "shift"].contains(word))
}

/// True if a sandbox has a program, given by its path or by a name that is
/// searched in [`SEARCHED`].
fn is_installed(program: &str) -> bool {
    find_in(program, &[SEARCHED]).is_some()
}

impl std::fmt::Display for Launcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::STEPS;

    #[test]
    fn an_older_kernel_lacks_what_go_needs_for_time() {
        for (launcher, step, kernel, lacks) in [
            (Launcher::Go, "time", (6, 1), true),
            (Launcher::Go, "time", (6, 2), false),
            (Launcher::C, "time", (6, 1), false),
            (Launcher::Go, "uts", (6, 1), false),
        ] {
            let why = launcher.lacks(step, kernel);
            assert_eq!(why.is_some(), lacks, "{launcher} {step} {kernel:?}");
        }
    }

    #[test]
    fn the_programs_of_each_script_are_seen() {
        let script = "mount -n -t tmpfs none \"$MYTMP\" && cd / && \
                      busybox hostname x && shift";
        let programs: Vec<_> = programs_of(script).collect();
        assert_eq!(programs, ["mount", "busybox"]);
        assert!(is_installed("sh") && is_installed("/bin/sh"));
        assert!(!is_installed("no-such-program"));
    }

    #[test]
    fn a_launcher_without_its_program_says_what_it_needs() {
        let layout = Layout::find().expect("the repository");
        let nowhere = layout.with_programs("/no/such/directory".into());
        let step = &STEPS[0];
        assert_eq!(
            Launcher::Go.missing(step, &nowhere).as_deref(),
            Some(
                "go is not built: its programs need Go 1.19 or later \
                 (Debian: golang-go)"
            )
        );
    }
}
