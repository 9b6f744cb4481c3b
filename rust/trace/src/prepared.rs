//! A sandbox with a command line that will be traced in it.

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

/// The payload of a step if no other is given. Every root has this program, and
/// it does nothing.
pub const PAYLOAD: &str = "/bin/true";

/// A sandbox, and the command line that is traced in it.
#[derive(Debug)]
pub struct Prepared {
    /// The sandbox, which ends when this value is dropped.
    pub sandbox: Sandbox,
    /// The command line that is traced, the program first.
    pub argv: Vec<String>,
    /// Its working directory in the sandbox; `/` if it is `None`.
    directory: Option<PathBuf>,
    /// The container that a step joins.
    _container: Option<Running>,
}

impl Prepared {
    /// Sets up a step that will become `payload`.
    ///
    /// # Errors
    ///
    /// Fails if the launcher cannot perform the step, if the step is not built,
    /// or if the machine does not allow the sandbox.
    pub fn of_step(
        step: &Step,
        launcher: Launcher,
        payload: &[&str],
        scenario: Scenario,
        equipment: &Equipment,
    ) -> Result<Prepared> {
        let program = launcher.program(step, &equipment.layout);
        if !launcher.performs(step) {
            return Err(Error::new(format!(
                "{launcher} has no program for the step {}",
                step.name
            )));
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

    /// Sets up any command line, in a sandbox that shows the whole of the host.
    /// It is run in the working directory of the caller.
    ///
    /// # Errors
    ///
    /// Fails if the machine does not allow the sandbox.
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

    /// Traces the command line until it becomes `payload`. Records all calls if
    /// `every` is set, else only those about namespaces and processes.
    ///
    /// # Errors
    ///
    /// Fails if tracing is forbidden on this machine, or if the program does
    /// not exist.
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
