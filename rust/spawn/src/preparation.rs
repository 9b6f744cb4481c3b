//! The acts of a command, in their order.

use std::ffi::{CString, OsStr, OsString};
use std::fmt::Write;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::act::{Act, Descriptor, Slot};
use crate::error::{Action, Error};
use crate::mount::{Attributes, Mount, What};
use crate::namespace::Namespace;
use crate::options::{Directory, Entry, Options, Signals};
use crate::raw::kernel;
use crate::raw::strings::Strings;

/// What the child does, and what the caller has to know of it.
#[derive(Debug)]
pub(crate) struct Preparation {
    pub(crate) acts: Vec<Act>,
    /// How many descriptors the child keeps.
    pub(crate) slots: usize,
    /// The namespaces that clone makes.
    pub(crate) cloned: Namespace,
    /// The files of id maps that the caller writes, below `/proc/PID`.
    pub(crate) maps: Option<Vec<(&'static str, String)>>,
    /// The child may change its ids, and with them the caller's attribute
    /// `dumpable`.
    pub(crate) changes_ids: bool,
    /// The child looks whether its caller has ended.
    pub(crate) watches_caller: bool,
    /// Descriptors of the caller that the child needs to the end have greater
    /// numbers than this.
    pub(crate) greatest: i32,
}

impl Preparation {
    pub(crate) fn new(options: &Options<'_>) -> Result<Self, Error> {
        if let Some(words) = options.contradiction() {
            return Err(Error::new(Action::Prepare, libc::EINVAL).on(words));
        }
        let numbers = options.passed.iter().map(|(_, number)| *number);
        let mut preparation = Preparation {
            acts: Vec::with_capacity(16),
            slots: 0,
            cloned: Namespace::empty(),
            maps: None,
            changes_ids: options.uid.is_some() || options.gid.is_some(),
            watches_caller: options.parent_death.is_some(),
            greatest: numbers.max().unwrap_or(2),
        };
        let early = match options.opens_sources_early() {
            true => Some(preparation.sources(options, true)?),
            false => None,
        };
        preparation.namespaces(options);
        preparation.ids(options)?;
        preparation.clocks(options)?;
        preparation.session(options);
        preparation.names(options);
        preparation.tree(options, early)?;
        preparation.descriptors(options);
        preparation.restrictions(options);
        preparation.signals(options);
        preparation.execution(options)?;
        Ok(preparation)
    }

    fn add(&mut self, act: Act) {
        self.acts.push(act);
    }

    fn slot(&mut self) -> Slot {
        self.slots += 1;
        self.slots - 1
    }

    fn namespaces(&mut self, options: &Options<'_>) {
        let (new, joined) = (options.new_kinds(), options.joined_kinds());
        let mut unshared = Namespace::empty();
        if joined.contains(Namespace::USER) {
            // They are to belong to the user namespace that is joined.
            unshared = new;
        }
        for kind in EACH {
            if new.contains(kind) && joined.contains(kind) {
                unshared |= kind;
            }
        }
        if let Some(directory) = options.cgroup {
            let directory = directory.as_raw_fd();
            self.add(Act::EnterCgroup { directory });
            if new.contains(Namespace::CGROUP) {
                // Its root is the cgroup of the process that makes it.
                unshared |= Namespace::CGROUP;
            }
        }
        // A child that unshares its pid namespace is not in the new one; and a
        // time namespace needs its offsets before a process is in it.
        let unshared = unshared.without(Namespace::PID | Namespace::TIME);
        self.cloned = new.without(unshared).without(Namespace::TIME);
        for (fd, kinds) in &options.joined {
            let kinds = kinds.without(Namespace::PID).flags();
            if kinds != 0 {
                self.add(Act::Join { fd: fd.as_raw_fd(), kinds });
            }
        }
        if options.networks.is_some() {
            self.add(Act::JoinNetwork);
        }
        if !unshared.is_empty() {
            self.add(Act::Unshare { kind: unshared.flags() });
        }
    }

    fn ids(&mut self, options: &Options<'_>) -> Result<(), Error> {
        let Some(map) = &options.user else { return Ok(()) };
        if map.is_the_caller_alone() {
            for (name, content) in map.files() {
                let path = text(format!("/proc/self/{name}").as_ref())?;
                self.add(Act::WriteMap { path, text: content.into_bytes() });
            }
            return Ok(());
        }
        self.maps = Some(map.files());
        self.watches_caller = true;
        self.add(Act::AwaitMaps);
        if map.has_root_group() {
            self.add(Act::BecomeRootGroup);
            self.changes_ids = true;
        }
        if map.has_root() {
            self.add(Act::BecomeRoot);
            self.changes_ids = true;
        }
        Ok(())
    }

    fn clocks(&mut self, options: &Options<'_>) -> Result<(), Error> {
        if !options.new_kinds().contains(Namespace::TIME) {
            return Ok(());
        }
        if !execve_enters_time_namespaces() {
            let error = Error::new(Action::Unshare, libc::ENOSYS);
            return Err(error.on("time"));
        }
        self.add(Act::Unshare { kind: Namespace::TIME.flags() });
        if !options.clocks.is_empty() {
            let mut offsets = String::new();
            for (clock, seconds, nanoseconds) in &options.clocks {
                let name = clock.name();
                // Writing to a string does not fail.
                let _ = writeln!(offsets, "{name} {seconds} {nanoseconds}");
            }
            self.add(Act::TimeOffsets { text: offsets.into_bytes() });
        }
        Ok(())
    }

    fn session(&mut self, options: &Options<'_>) {
        if options.session || options.terminal.is_some() {
            self.add(Act::Session);
        }
        if let Some(terminal) = options.terminal {
            self.add(Act::Terminal { fd: terminal.as_raw_fd() });
        }
        if let Some(group) = options.group {
            self.add(Act::ProcessGroup { group });
        }
    }

    fn names(&mut self, options: &Options<'_>) {
        if let Some(name) = &options.hostname {
            self.add(Act::Hostname { name: name.clone().into_vec() });
        }
        if let Some(name) = &options.domainname {
            self.add(Act::Domainname { name: name.clone().into_vec() });
        }
        if options.loopback {
            self.add(Act::Loopback);
        }
    }

    /// What is done with files and mounts. `early` are the sources of bind
    /// mounts, if they have been opened.
    fn tree(
        &mut self,
        options: &Options<'_>,
        early: Option<Vec<Option<Slot>>>,
    ) -> Result<(), Error> {
        if options.new_kinds().contains(Namespace::MNT)
            && let Some(flags) = options.propagation.flags()
        {
            self.add(Act::Propagation { flags });
        }
        let sources = match early {
            Some(sources) => sources,
            None => self.sources(options, false)?,
        };
        let root = options.root.as_deref().map(text).transpose()?;
        // A bind mount on `/` would be above the root that paths begin at.
        let is_other = root.as_deref().is_some_and(|root| root != c"/");
        if let (Some(root), true) = (&root, is_other) {
            self.add(Act::BindRoot { root: root.clone() });
            self.add(Act::EnterRoot { root: root.clone() });
            self.add(Act::PivotRoot { root: root.clone() });
        }
        let mut sources = sources.into_iter();
        for entry in &options.tree {
            let act = match entry {
                Entry::Mount(mount) => {
                    let source = sources.next().flatten();
                    mount_act(mount, source)?
                }
                Entry::Directory { path, mode } => {
                    Act::MakeDirectory { path: text(path)?, mode: *mode }
                }
                Entry::File { path, mode } => {
                    Act::MakeFile { path: text(path)?, mode: *mode }
                }
                Entry::Link { target, path } => {
                    Act::MakeLink { target: text(target)?, path: text(path)? }
                }
            };
            self.add(act);
        }
        if is_other {
            self.add(Act::DetachRoot);
        } else if let Some(root) = root {
            self.add(Act::EnterRoot { root });
        }
        if options.root_is_read_only {
            let attributes = Attributes::READ_ONLY.attributes();
            self.add(Act::RootAttributes { attributes });
        }
        if let Some(directory) = &options.directory {
            self.directory(directory)?;
        }
        if let Some(mask) = options.umask {
            self.add(Act::Umask { mask });
        }
        Ok(())
    }

    fn directory(&mut self, directory: &Directory) -> Result<(), Error> {
        let act = match directory {
            Directory::At(path) => {
                Act::CurrentDirectory { path: text(path)?, is: None }
            }
            Directory::Kept => {
                let failed = |errno| {
                    let error = Error::new(Action::CurrentDirectory, errno);
                    error.on("(that of the caller)")
                };
                let path = std::env::current_dir().map_err(|error| {
                    failed(error.raw_os_error().unwrap_or(libc::EIO))
                })?;
                let is = kernel::current_directory().map_err(failed)?;
                let path = text(path.as_os_str())?;
                Act::CurrentDirectory { path, is: Some(is) }
            }
        };
        self.add(act);
        Ok(())
    }

    /// Opens the sources of bind mounts: a slot for each mount that is one.
    fn sources(
        &mut self,
        options: &Options<'_>,
        early: bool,
    ) -> Result<Vec<Option<Slot>>, Error> {
        let mut sources = Vec::new();
        for entry in &options.tree {
            if let Entry::Mount(mount) = entry {
                sources.push(self.source(mount, early)?);
            }
        }
        Ok(sources)
    }

    /// Opens the source of a bind mount, while the old root is there. Early,
    /// the mounts of the caller have not been made private.
    fn source(
        &mut self,
        mount: &Mount,
        early: bool,
    ) -> Result<Option<Slot>, Error> {
        let What::Bind { source, recursive } = &mount.what else {
            return Ok(None);
        };
        let (path, recursive) = (text(source)?, *recursive);
        let slot = self.slot();
        self.add(Act::OpenSource { path: path.clone(), recursive, slot });
        let attributes = mount.attributes.attributes();
        if attributes != 0 || early {
            self.add(Act::SourceAttributes {
                path,
                attributes,
                private: early,
                recursive,
                slot,
            });
        }
        Ok(Some(slot))
    }

    fn descriptors(&mut self, options: &Options<'_>) {
        let passed = options.passed_numbers();
        let sources = passed.iter().map(|(fd, _)| *fd);
        let lowest = sources.fold(self.greatest, i32::max).saturating_add(1);
        let mut passes = Vec::with_capacity(passed.len());
        for (fd, number) in &passed {
            let is_overwritten = passed
                .iter()
                .any(|(other, number)| number == fd && other != fd);
            passes.push(if is_overwritten {
                let slot = self.slot();
                self.add(Act::CopyDescriptor { fd: *fd, lowest, slot });
                let from = Descriptor::Slot(slot);
                Act::PassDescriptor { from, number: *number }
            } else if fd == number {
                Act::KeepDescriptor { fd: *fd }
            } else {
                let from = Descriptor::Number(*fd);
                Act::PassDescriptor { from, number: *number }
            });
        }
        self.acts.extend(passes);
        if options.closes_others {
            let kept = passed.iter().map(|(_, number)| *number);
            let kept = kept.chain(0..=2).filter_map(|it| it.try_into().ok());
            for (first, last) in gaps(kept.collect()) {
                self.add(Act::CloseDescriptors { first, last });
            }
        }
    }

    fn restrictions(&mut self, options: &Options<'_>) {
        for (resource, soft, hard) in &options.limits {
            self.add(Act::Limit {
                resource: resource.number(),
                name: resource.name(),
                soft: *soft,
                hard: *hard,
            });
        }
        if options.no_new_privileges {
            self.add(Act::NoNewPrivileges);
        }
        if let Some(kept) = options.capabilities {
            self.add(Act::BoundingSet { kept: kept.bits() });
        }
        if let Some(groups) = &options.groups {
            self.add(Act::Groups { groups: groups.clone() });
        }
        if let Some(id) = options.gid {
            self.add(Act::GroupId { id });
        }
        if let Some(id) = options.uid {
            self.add(Act::UserId { id });
        }
        if let Some(kept) = options.capabilities {
            self.add(Act::Capabilities { kept: kept.bits() });
        }
        // A change of ids takes the signal away: so it comes after.
        if let Some(signal) = options.parent_death {
            self.add(Act::ParentDeath { signal });
        }
    }

    fn signals(&mut self, options: &Options<'_>) {
        match options.signals {
            Signals::Default => self.add(Act::DefaultDispositions),
            Signals::Usual if !options.ignored.contains(&libc::SIGPIPE) => {
                let signal = libc::SIGPIPE;
                self.add(Act::Disposition { signal, ignored: false });
            }
            Signals::Usual | Signals::Inherited => {}
        }
        for signal in &options.ignored {
            self.add(Act::Disposition { signal: *signal, ignored: true });
        }
        let blocked = (options.signals != Signals::Inherited).then_some(0u64);
        let more = options.blocked.iter().fold(0, |set, signal| {
            set | 1u64.checked_shl(signal.cast_unsigned() - 1).unwrap_or(0)
        });
        self.add(Act::Mask { blocked, more });
    }

    fn execution(&mut self, options: &Options<'_>) -> Result<(), Error> {
        let variables = options.variables();
        let programs = programs(&options.program, &variables)?;
        let arguments = options.arguments.iter();
        let arguments = arguments.map(|it| text(it));
        let environment = variables.into_iter().map(|(mut entry, value)| {
            entry.push("=");
            entry.push(value);
            CString::new(entry.into_vec()).map_err(|_| has_nul())
        });
        self.add(Act::Execute {
            program: text(&options.program)?,
            programs,
            arguments: Strings::new(arguments.collect::<Result<_, _>>()?),
            environment: Strings::new(environment.collect::<Result<_, _>>()?),
        });
        Ok(())
    }
}

/// All kinds, one by one.
const EACH: [Namespace; 8] = [
    Namespace::CGROUP,
    Namespace::IPC,
    Namespace::MNT,
    Namespace::NET,
    Namespace::PID,
    Namespace::TIME,
    Namespace::USER,
    Namespace::UTS,
];

/// Where a program is looked for if its name has no slash and the environment
/// no PATH, as in execvp(3).
const USUAL_PATH: &str = "/bin:/usr/bin";

/// What is executed: the program, or the candidates for its name in the PATH
/// of the payload.
fn programs(
    program: &OsStr,
    variables: &[(OsString, OsString)],
) -> Result<Vec<CString>, Error> {
    if program.as_bytes().contains(&b'/') || program.is_empty() {
        return Ok(vec![text(program)?]);
    }
    let path = variables.iter().find(|(name, _)| name == "PATH");
    let path = path.map_or(USUAL_PATH.as_ref(), |(_, path)| path.as_os_str());
    let directories = path.as_bytes().split(|byte| *byte == b':');
    let candidates = directories.map(|directory| {
        // An empty one is the working directory.
        let directory = if directory.is_empty() { b"." } else { directory };
        let candidate = [directory, b"/", program.as_bytes()].concat();
        text(OsStr::from_bytes(&candidate))
    });
    candidates.collect()
}

fn mount_act(mount: &Mount, slot: Option<Slot>) -> Result<Act, Error> {
    let target = text(&mount.target)?;
    Ok(match (&mount.what, slot) {
        (What::Bind { source, .. }, Some(slot)) => {
            Act::Attach { source: text(source)?, slot, target }
        }
        (What::Bind { source, .. }, None) => {
            // Each bind mount has been given a slot.
            return Err(Error::new(Action::Prepare, libc::EINVAL)
                .on(source.to_string_lossy()));
        }
        (What::Filesystem { kind, source }, _) => Act::Mount {
            kind: text(kind)?,
            source: text(source)?,
            target,
            flags: mount.attributes.flags(),
            options: mount.options.as_deref().map(text).transpose()?,
        },
    })
}

/// The ranges of numbers in which there is none of `kept`.
fn gaps(mut kept: Vec<u32>) -> Vec<(u32, u32)> {
    kept.sort_unstable();
    let mut gaps = Vec::new();
    let mut next = 0u32;
    for number in kept {
        if number > next {
            gaps.push((next, number - 1));
        }
        next = next.max(number.saturating_add(1));
    }
    gaps.push((next, u32::MAX));
    gaps
}

fn text(text: &OsStr) -> Result<CString, Error> {
    CString::new(text.as_bytes()).map_err(|_| has_nul())
}

fn has_nul() -> Error {
    Error::new(Action::Prepare, libc::EINVAL).on("(a text has a NUL in it)")
}

/// Whether a child that borrows memory is in its new time namespace after
/// execve(2): since Linux 6.2. Before, it would not be, without an error.
fn execve_enters_time_namespaces() -> bool {
    let Ok(release) = std::fs::read_to_string("/proc/sys/kernel/osrelease")
    else {
        return false;
    };
    let mut numbers = release.split(['.', '-']).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (6, 2),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::{AsFd, BorrowedFd};

    fn preparation(options: &Options<'_>) -> Preparation {
        Preparation::new(options).expect("a preparation")
    }

    fn options<'fd>() -> Options<'fd> {
        Options::new("/bin/true".into())
    }

    #[test]
    fn between_the_descriptors_that_are_kept_all_are_closed() {
        assert_eq!(gaps(vec![2, 0, 1]), [(3, u32::MAX)]);
        assert_eq!(gaps(vec![0, 1, 2, 5]), [(3, 4), (6, u32::MAX)]);
        assert_eq!(gaps(vec![0, 1, 2, 3, 3]), [(4, u32::MAX)]);
    }

    #[test]
    fn a_program_without_a_slash_is_looked_for_in_the_path_of_the_payload() {
        let path = |path: &str| vec![("PATH".into(), path.into())];
        let found = |program: &str, variables: &[_]| {
            programs(program.as_ref(), variables).expect("candidates")
        };
        assert_eq!(
            found("true", &path("/a::/b")),
            [
                c"/a/true".to_owned(),
                c"./true".to_owned(),
                c"/b/true".to_owned(),
            ]
        );
        assert_eq!(found("./true", &path("/a")), [c"./true".to_owned()]);
        assert_eq!(found("true", &[]).len(), 2);
    }

    #[test]
    fn what_is_changed_is_made_unless_it_is_joined() {
        let mut options = options();
        options.hostname = Some("box".into());
        options.root = Some("/srv".into());
        let both = Namespace::UTS | Namespace::MNT;
        assert_eq!(preparation(&options).cloned, both);
        let input = std::io::stdin();
        options.joined.push((input.as_fd(), Namespace::UTS));
        assert_eq!(preparation(&options).cloned, Namespace::MNT);
    }

    #[test]
    fn what_is_joined_and_new_is_made_below_what_was_joined() {
        let mut options = options();
        let input = std::io::stdin();
        options.joined.push((input.as_fd(), Namespace::MNT));
        options.new = Namespace::MNT | Namespace::NET;
        let preparation = preparation(&options);
        assert_eq!(preparation.cloned, Namespace::NET);
        let mnt = Namespace::MNT.flags();
        assert!(matches!(
            preparation.acts[..2],
            [Act::Join { kinds, .. }, Act::Unshare { kind }]
                if kinds == mnt && kind == mnt
        ));
    }

    #[test]
    fn a_descriptor_whose_number_another_one_takes_is_copied_first() {
        // SAFETY-free: the standard streams are open in a test.
        let (input, output) = (std::io::stdin(), std::io::stdout());
        let (input, output): (BorrowedFd<'_>, BorrowedFd<'_>) =
            (input.as_fd(), output.as_fd());
        let mut options = options();
        options.passed = vec![(input, 1), (output, 0)];
        let preparation = preparation(&options);
        let copies = preparation.acts.iter().filter(|act| {
            matches!(act, Act::CopyDescriptor { lowest, .. } if *lowest > 1)
        });
        assert_eq!(copies.count(), 2);
        assert_eq!(preparation.slots, 2);
    }

    #[test]
    fn a_contradiction_is_told() {
        let mut options = options();
        let input = std::io::stdin();
        options.passed = vec![(input.as_fd(), 3), (input.as_fd(), 3)];
        let error = Preparation::new(&options).expect_err("two of a number");
        assert_eq!(error.action(), Action::Prepare);
        options.passed.clear();
        options.joined.push((input.as_fd(), Namespace::TIME));
        let error = Preparation::new(&options).expect_err("a time namespace");
        assert!(error.to_string().contains("time namespace"), "{error}");
    }

    #[test]
    fn a_text_with_nul_is_refused() {
        let options = Options::new("a\0b".into());
        let error = Preparation::new(&options).expect_err("a NUL");
        assert_eq!(error.errno(), Some(libc::EINVAL));
    }
}
