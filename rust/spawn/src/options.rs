//! What a command consists of, as it was asked for.

use std::ffi::OsString;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::id_map::IdMap;
use crate::limits::{Capabilities, Resource};
use crate::mount::{Mount, Propagation};
use crate::namespace::{Clock, Namespace};
use crate::networks::Networks;

/// Everything that a command says.
#[derive(Clone, Debug)]
pub(crate) struct Options<'fd> {
    pub(crate) program: OsString,
    /// The first is the name that the payload is called by.
    pub(crate) arguments: Vec<OsString>,
    pub(crate) inherits_environment: bool,
    /// Variables in the order in which they were set; without a value those
    /// that were removed.
    pub(crate) environment: Vec<(OsString, Option<OsString>)>,
    pub(crate) new: Namespace,
    pub(crate) joined: Vec<(BorrowedFd<'fd>, Namespace)>,
    pub(crate) template: Option<BorrowedFd<'fd>>,
    pub(crate) networks: Option<&'fd Networks>,
    pub(crate) user: Option<IdMap>,
    pub(crate) clocks: Vec<(Clock, i64, u32)>,
    pub(crate) cgroup: Option<BorrowedFd<'fd>>,
    pub(crate) hostname: Option<OsString>,
    pub(crate) domainname: Option<OsString>,
    pub(crate) loopback: bool,
    pub(crate) propagation: Propagation,
    pub(crate) root: Option<OsString>,
    pub(crate) root_is_read_only: bool,
    pub(crate) tree: Vec<Entry>,
    pub(crate) directory: Option<Directory>,
    pub(crate) umask: Option<u32>,
    pub(crate) session: bool,
    pub(crate) group: Option<i32>,
    pub(crate) terminal: Option<BorrowedFd<'fd>>,
    pub(crate) passed: Vec<(BorrowedFd<'fd>, i32)>,
    pub(crate) closes_others: bool,
    pub(crate) limits: Vec<(Resource, u64, u64)>,
    pub(crate) no_new_privileges: bool,
    pub(crate) capabilities: Option<Capabilities>,
    pub(crate) groups: Option<Vec<u32>>,
    pub(crate) gid: Option<u32>,
    pub(crate) uid: Option<u32>,
    pub(crate) parent_death: Option<i32>,
    pub(crate) signals: Signals,
    pub(crate) ignored: Vec<i32>,
    pub(crate) blocked: Vec<i32>,
}

/// Something in the tree of files of the payload.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Mount(Mount),
    Directory { path: OsString, mode: u32 },
    File { path: OsString, mode: u32 },
    Link { target: OsString, path: OsString },
}

/// The working directory of a payload.
#[derive(Clone, Debug)]
pub(crate) enum Directory {
    /// What the path leads to in its root.
    At(OsString),
    /// The caller's.
    Kept,
}

/// The state of signals that a payload starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signals {
    /// None blocked, SIGPIPE with its default action: as std has it.
    Usual,
    /// None blocked, each with its default action.
    Default,
    /// As in the caller's thread.
    Inherited,
}

impl<'fd> Options<'fd> {
    pub(crate) fn new(program: OsString) -> Self {
        Options {
            arguments: vec![program.clone()],
            program,
            inherits_environment: true,
            environment: Vec::new(),
            new: Namespace::empty(),
            joined: Vec::new(),
            template: None,
            networks: None,
            user: None,
            clocks: Vec::new(),
            cgroup: None,
            hostname: None,
            domainname: None,
            loopback: false,
            propagation: Propagation::default(),
            root: None,
            root_is_read_only: false,
            tree: Vec::new(),
            directory: None,
            umask: None,
            session: false,
            group: None,
            terminal: None,
            passed: Vec::new(),
            closes_others: false,
            limits: Vec::new(),
            no_new_privileges: false,
            capabilities: None,
            groups: None,
            gid: None,
            uid: None,
            parent_death: None,
            signals: Signals::Usual,
            ignored: Vec::new(),
            blocked: Vec::new(),
        }
    }

    /// All kinds that are joined.
    pub(crate) fn joined_kinds(&self) -> Namespace {
        let kinds = self.joined.iter().map(|(_, kinds)| *kinds);
        kinds.fold(Namespace::empty(), |all, kinds| all | kinds)
    }

    /// The kinds that are made: those that were asked for, and those in which
    /// something is changed and that are not joined. So no action changes a
    /// namespace of the caller.
    pub(crate) fn new_kinds(&self) -> Namespace {
        let changes_mounts = self.root.is_some() || !self.tree.is_empty();
        let changes_names =
            self.hostname.is_some() || self.domainname.is_some();
        let needed = [
            (self.user.is_some(), Namespace::USER),
            (!self.clocks.is_empty(), Namespace::TIME),
            (changes_mounts, Namespace::MNT),
            (changes_names, Namespace::UTS),
            (self.loopback, Namespace::NET),
        ];
        let needed = needed.iter().filter(|(needed, _)| *needed);
        let needed =
            needed.fold(Namespace::empty(), |all, (_, kind)| all | *kind);
        let new = self.new | needed.without(self.joined_kinds());
        match self.networks {
            // One from the stock takes the place of a new one.
            Some(_) => new.without(Namespace::NET),
            None => new,
        }
    }

    /// Whether the sources of bind mounts are opened before a mount namespace
    /// is joined, in which they are not.
    pub(crate) fn opens_sources_early(&self) -> bool {
        let joined = self.joined_kinds();
        joined.contains(Namespace::MNT) && !joined.contains(Namespace::USER)
    }

    /// Why the command contradicts itself, if it does.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let (new, joined) = (self.new_kinds(), self.joined_kinds());
        let both = |kind| new.contains(kind) && joined.contains(kind);
        let numbers = self.passed.iter().map(|(_, number)| *number);
        let twice = numbers.clone().enumerate().any(|(at, number)| {
            numbers.clone().take(at).any(|other| other == number)
        });
        let is_signal = |signal: &i32| (1..=64).contains(signal);
        let mut signals =
            self.parent_death.iter().chain(&self.ignored).chain(&self.blocked);
        let problems = [
            (
                both(Namespace::USER),
                "(a user namespace cannot be both new and joined)",
            ),
            (
                self.template.is_some() && self.root.is_some(),
                "(a template and a root are given)",
            ),
            (
                (self.template.is_some() || self.networks.is_some())
                    && (new | joined).contains(Namespace::USER),
                "(a template and a network from a stock belong to the user \
                 namespace of the caller)",
            ),
            (
                self.networks.is_some() && joined.contains(Namespace::NET),
                "(a network namespace is joined, and one taken from a stock)",
            ),
            (
                self.networks.is_some_and(Networks::is_reusing)
                    && !new.contains(Namespace::PID),
                "(a network that is used again needs a new pid namespace, \
                 with which all processes in it end)",
            ),
            (
                both(Namespace::PID),
                "(a pid namespace cannot be both new and joined)",
            ),
            (
                joined.contains(Namespace::TIME),
                "(a time namespace cannot be joined by a child that borrows \
                 memory)",
            ),
            (
                joined.contains(Namespace::USER)
                    && new.contains(Namespace::PID),
                "(a new pid namespace cannot belong to a user namespace that \
                 is joined)",
            ),
            (
                self.joined.iter().any(|(_, kinds)| kinds.is_empty()),
                "(a namespace is joined of which no kind is named)",
            ),
            (twice, "(two descriptors are passed under one number)"),
            (
                self.passed.iter().any(|(_, number)| *number < 0),
                "(a descriptor is passed under a number below 0)",
            ),
            (
                !signals.all(is_signal),
                "(the numbers of signals are from 1 to 64)",
            ),
            (
                self.clocks.iter().any(|(.., nanos)| *nanos > 999_999_999),
                "(a second has 999999999 nanoseconds at most)",
            ),
        ];
        let found = problems.into_iter().find(|(is, _)| *is);
        found.map(|(_, words)| words)
    }

    /// The environment of the payload: that of the caller, changed.
    pub(crate) fn variables(&self) -> Vec<(OsString, OsString)> {
        let mut variables: Vec<_> = match self.inherits_environment {
            true => std::env::vars_os().collect(),
            false => Vec::new(),
        };
        for (name, value) in &self.environment {
            let old = variables.iter_mut().find(|(old, _)| old == name);
            match (old, value) {
                (Some((_, old)), Some(value)) => old.clone_from(value),
                (None, Some(value)) => {
                    variables.push((name.clone(), value.clone()));
                }
                (_, None) => variables.retain(|(old, _)| old != name),
            }
        }
        variables
    }

    /// The descriptors that are passed, as numbers of the caller and of the
    /// payload.
    pub(crate) fn passed_numbers(&self) -> Vec<(i32, i32)> {
        let numbers = self.passed.iter();
        numbers.map(|(fd, number)| (fd.as_raw_fd(), *number)).collect()
    }
}
