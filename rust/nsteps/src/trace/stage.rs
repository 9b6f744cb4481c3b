//! A sandbox in which a launcher is about to perform a step, or somebody to
//! run a command line.

use crate::equipment::Equipment;
use crate::error::{Context, Error, Result};
use crate::launcher::Launcher;
use crate::outside;
use crate::sandbox::protocol::Command;
use crate::sandbox::{
    NEWROOT, PROBE_IN_NEWROOT, PROGRAMS, Plan, Refusal, Running, Sandbox,
    Scenario, Tree, deadline, read_line,
};
use crate::step::{Arguments, Namespace, Step};
use crate::trial::observation_in;

/// What the step becomes: every root has one, and it does nothing.
pub const PAYLOAD: &str = "/bin/true";

/// Where it happens, and what is to be run there.
#[derive(Debug)]
pub struct Stage {
    /// The sandbox; it lasts as long as this.
    pub sandbox: Sandbox,
    /// The command line.
    pub argv: Vec<String>,
    /// The container that a step joins.
    _container: Option<Running>,
}

impl Stage {
    /// Sets up a step that will become [`PAYLOAD`].
    ///
    /// # Errors
    ///
    /// It is not built, or the machine does not allow it.
    pub fn of_step(
        step: &Step,
        launcher: Launcher,
        scenario: Scenario,
        equipment: &Equipment,
    ) -> Result<Stage> {
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
        let mut sandbox = enter(&plan, equipment)?;
        let mut container = None;
        let subject = match step.arguments {
            Arguments::Command => None,
            Arguments::NewRoot => Some(NEWROOT.to_owned()),
            Arguments::Pid => {
                let (pid, running) = hold_container(&mut sandbox, launcher)?;
                container = Some(running);
                Some(pid.to_string())
            }
        };
        let argv =
            launcher.argv(step, PROGRAMS, subject.as_deref(), &[PAYLOAD]);
        Ok(Stage { sandbox, argv, _container: container })
    }

    /// Sets up any command line, with the whole of the host to choose from.
    ///
    /// # Errors
    ///
    /// The machine does not allow it.
    pub fn of_command(
        argv: &[String],
        scenario: Scenario,
        equipment: &Equipment,
    ) -> Result<Stage> {
        let plan = Plan::of(scenario, Tree::Whole, equipment);
        let sandbox = enter(&plan, equipment)?;
        Ok(Stage { sandbox, argv: argv.to_vec(), _container: None })
    }
}

fn enter(plan: &Plan, equipment: &Equipment) -> Result<Sandbox> {
    Sandbox::enter(plan, equipment).map_err(|refusal| match refusal {
        Refusal::Unavailable(why) | Refusal::Broken(why) => {
            Error::new(format!("no sandbox: {why}"))
        }
    })
}

/// Starts a container that a step can join: its pid in the sandbox, and what
/// holds it.
fn hold_container(
    sandbox: &mut Sandbox,
    maker: Launcher,
) -> Result<(i32, Running)> {
    let step = Step::named("container").expect("it is in STEPS");
    let payload = [PROBE_IN_NEWROOT, "--json", "--hold"];
    let argv = maker.argv(step, PROGRAMS, Some(NEWROOT), &payload);
    let mut running = sandbox.run(&Command { argv, ..Command::default() })?;
    let said = read_line(&mut running.stdout, deadline());
    let container = observation_in(said.text())
        .map_err(|error| Error::new(format!("{maker}'s container: {error}")))?;
    let outer = outside::find(sandbox.init(), &container)
        .context("find the container from outside")?;
    let pid = outside::pid_as_seen_by(sandbox.init(), outer)?;
    Ok((pid, running))
}
