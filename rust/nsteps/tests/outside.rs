//! The view from outside must be able to contradict the payload: each thing it
//! looks at is falsified once.

use nsteps::equipment::Equipment;
use nsteps::outside::disagreements;
use nsteps::sandbox::protocol::Command;
use nsteps::sandbox::{
    Answer, Identity, Mounts, PROBE, Plan, Sandbox, Scenario, Tree, deadline,
    listen,
};
use probe::{Observation, Reading};

/// What is falsified, and how.
type Lie = (&'static str, fn(&mut Observation));

fn set(seen: &mut Observation, key: &str, value: &str) {
    seen.readings.insert(key.to_owned(), Reading::Value(value.to_owned()));
}

const LIES: &[Lie] = &[
    ("ns.uts", |seen| set(seen, "ns.uts", "uts:[1]")),
    ("ns.net", |seen| set(seen, "ns.net", "net:[1]")),
    ("ids.uid", |seen| set(seen, "ids.uid", "1")),
    ("ids.gid", |seen| set(seen, "ids.gid", "1")),
    ("id_maps.uid", |seen| set(seen, "id_maps.uid", "0 0 17")),
    ("id_maps.gid", |seen| set(seen, "id_maps.gid", "5 0 17")),
    ("signals.ignored", |seen| set(seen, "signals.ignored", "SIGPIPE")),
    ("signals.blocked", |seen| set(seen, "signals.blocked", "SIGUSR1")),
    ("capabilities.effective", |seen| {
        set(seen, "capabilities.effective", "KILL");
    }),
    ("capabilities.bounding", |seen| {
        set(seen, "capabilities.bounding", "none");
    }),
    ("cgroup.", |seen| {
        let key = seen.readings.keys().find(|it| it.starts_with("cgroup."));
        let key = key.expect("there is a cgroup").clone();
        set(seen, &key, "/somewhere/else");
    }),
    ("mounts", |seen| {
        seen.mounts.as_mut().expect("a mount table").pop();
    }),
    ("mount", |seen| {
        let mounts = seen.mounts.as_mut().expect("a mount table");
        mounts[0].options = "ro".to_owned();
    }),
    ("mount", |seen| {
        let mounts = seen.mounts.as_mut().expect("a mount table");
        mounts[1].at = "/elsewhere".to_owned();
    }),
    ("mount", |seen| {
        let mounts = seen.mounts.as_mut().expect("a mount table");
        mounts[1].shared = Some(4711);
    }),
];

#[test]
fn every_lie_of_a_payload_is_contradicted_from_outside() {
    let equipment = Equipment::gather(None).expect("the repository");
    let scenario =
        Scenario { mounts: Mounts::Shared, identity: Identity::User };
    let plan = Plan::of(scenario, Tree::Small, &equipment);
    let mut sandbox = match Sandbox::enter(&plan, &equipment) {
        Ok(sandbox) => sandbox,
        Err(refusal) if std::env::var("MUST_RUN").is_ok() => {
            panic!("no sandbox: {refusal:?}")
        }
        Err(refusal) => {
            eprintln!("skipped: {refusal:?}");
            return;
        }
    };
    let answer = Answer::new().expect("a socket");
    let argv = [&[PROBE.to_owned()][..], &answer.held()].concat();
    let mut running = sandbox
        .run_probe(&Command { argv, ..Command::default() }, answer)
        .expect("the probe starts");
    let (truth, _) =
        listen::observation(&mut running, deadline()).expect("an observation");
    let none: Vec<String> = Vec::new();
    assert_eq!(disagreements(sandbox.init(), &truth), none);
    for (about, lie) in LIES {
        let mut told = truth.clone();
        lie(&mut told);
        let found = disagreements(sandbox.init(), &told);
        assert!(
            found.iter().any(|it| it.contains(about)),
            "a false {about} was believed: {found:?}"
        );
    }
}
