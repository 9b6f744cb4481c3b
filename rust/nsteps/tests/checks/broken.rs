//! Breaks a premise of a check on purpose, and tests whether the check notices
//! it.

use crate::availability::unavailable;
use crate::scratch::Scratch;
use harness::host::layout::Layout;
use libtest_mimic::{Completion, Failed};
use serde_json::Value;

pub use By::{Program, Script};

/// A premise that is broken on purpose.
pub struct Break {
    /// The check that must notice it, by its name on the command line.
    pub check: &'static str,
    /// The program, below `target/`, that is replaced.
    pub program: &'static str,
    /// The program or script that replaces it.
    pub by: By,
    /// The verdict that must be the result.
    pub verdict: &'static str,
}

/// The replacement of a program of the project.
pub enum By {
    /// Another program of the project, below `target/`.
    Program(&'static str),
    /// A shell script: its name, then its text.
    Script(&'static str, &'static str),
}

impl By {
    pub fn name(&self) -> &'static str {
        match self {
            By::Program(name) | By::Script(name, _) => name,
        }
    }
}

impl Break {
    /// Runs the check, by the subcommand `command`, with the program replaced:
    /// its verdict must be that of the broken premise.
    pub fn is_noticed(&self, command: &str) -> Result<Completion, Failed> {
        let layout = Layout::find().map_err(|it| it.message)?;
        let target = layout.programs();
        let mut needed = vec![self.program];
        if let Program(other) = self.by {
            needed.push(other);
        }
        for program in needed {
            if !target.join(program).exists() {
                return unavailable(&format!("{program} is not built"));
            }
        }
        let scratch = Scratch::new(&layout)?;
        match self.by {
            Program(other) => scratch.put_program(self.program, other)?,
            Script(_, text) => scratch.put_script(self.program, text)?,
        }
        let words = [command, self.check, "--json"];
        let output =
            scratch.nsteps(&target.join("bin/nsteps"), &words).output()?;
        let report: Value =
            serde_json::from_slice(&output.stdout).map_err(|error| {
                let stderr = String::from_utf8_lossy(&output.stderr);
                format!("{error}: {stderr}")
            })?;
        let found = &report[command][0];
        if found["verdict"] == "unavailable" {
            return unavailable(found["reason"].as_str().unwrap_or_default());
        }
        let status = output.status.code();
        // Status 1 says that a check is not as expected.
        if found["verdict"] == self.verdict && status == Some(1) {
            return Ok(Completion::Completed);
        }
        Err(format!("not {}, status {status:?}: {found:#}", self.verdict)
            .into())
    }
}
