//! A sandbox with a command line that is about to be traced in it.

use super::{Request, Traced};
use harness::error::{Context, Error, Result};
use harness::host::Equipment;
use harness::launcher::Launcher;
use harness::paths::{NEWROOT, PROGRAMS};
use harness::sandbox::Sandbox;
use harness::sandbox::listen::Running;
use harness::sandbox::plan::{Plan, Tree};
use harness::scenario::Scenario;
use harness::step::{Arguments, Namespace, Step};
use harness::timeout::timeout;
use harness::trial::join::held_container;
use std::path::PathBuf;

/// What a step becomes if nothing else was asked for: every root has one,
/// and it does nothing.
pub const PAYLOAD: &str = "/bin/true";

/// Where it happens, and what is to be run there.
#[derive(Debug)]
pub struct Prepared {
    /// The sandbox; it lasts as long as this.
    pub sandbox: Sandbox,
    /// The command line that is traced, the program first.
    pub argv: Vec<String>,
    /// Where it is run; `/` where that is not said.
    directory: Option<PathBuf>,
    /// The container that a step joins.
    _container: Option<Running>,
}

impl Prepared {
    /// Sets up a step that will become `payload`.
    ///
    /// # Errors
    ///
    /// Fails if it is not built, or the machine does not allow it.
    pub fn of_step(
        step: &Step,
        launcher: Launcher,
        payload: &[&str],
        scenario: Scenario,
        equipment: &Equipment,
    ) -> Result<Prepared> {
        let program = launcher.program(step, &equipment.layout);
        if !launcher.performs(step) {
            return Err(Error::new(format!("{launcher} cannot do that")));
        }
        if !program.exists() {
            return Err(Error::new(format!(
                "{} is not built: run make build; it needs {}",
                program.display(),
                launcher.toolchain()
            )));
        }
        let mut plan = Plan::of(scenario, Tree::Small, equipment);
        if step.arguments != Arguments::Command {
            plan.rootfs = Some(equipment.rootfs.clone()?);
        }
        if step.namespaces.contains(&Namespace::Cgroup) {
            plan.in_a_cgroup = equipment.cgroup.is_ok();
        }
        let mut sandbox = Sandbox::enter(&plan, equipment)?;
        let mut container = None;
        let subject = match step.arguments {
            Arguments::Command => None,
            Arguments::NewRoot => Some(NEWROOT.to_owned()),
            Arguments::Pid => {
                let (_, pid, running) = held_container(&mut sandbox, launcher)?;
                container = Some(running);
                Some(pid.to_string())
            }
        };
        let argv = launcher.argv(step, PROGRAMS, subject.as_deref(), payload);
        Ok(Prepared { sandbox, argv, directory: None, _container: container })
    }

    /// Sets up any command line, with the whole of the host to choose from, in
    /// the caller's directory.
    ///
    /// # Errors
    ///
    /// Fails if the machine does not allow it.
    pub fn of_command(
        argv: &[String],
        scenario: Scenario,
        equipment: &Equipment,
    ) -> Result<Prepared> {
        let plan = Plan::of(scenario, Tree::Whole, equipment);
        let sandbox = Sandbox::enter(&plan, equipment)?;
        let here =
            std::env::current_dir().context("find the working directory")?;
        let (argv, directory) = (argv.to_vec(), Some(here));
        Ok(Prepared { sandbox, argv, directory, _container: None })
    }

    /// Traces it, up to where it becomes `payload`; every call, or only those
    /// about namespaces and processes.
    ///
    /// # Errors
    ///
    /// Fails if tracing is forbidden here, or there is no such program.
    pub fn trace(
        &mut self,
        payload: Option<&str>,
        every: bool,
    ) -> Result<Traced> {
        let request = Request {
            bound: timeout(),
            argv: self.argv.clone(),
            directory: self.directory.clone(),
            payload: payload.map(str::to_owned),
            every,
        };
        super::trace(&mut self.sandbox, &request)
    }
}
