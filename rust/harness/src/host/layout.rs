//! Where the built programs, the sources and the pages are.

use crate::error::{Context, Error, Result};
use crate::host::{embedded, owner};
use crate::step::Step;
use std::path::{Path, PathBuf};

/// The top of a repository in which `make build` has run.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
    programs: PathBuf,
}

impl Layout {
    /// Finds the repository: `$NSTEPS_ROOT` if it is set, else the first
    /// directory above the running program that has a `reference-c`, then above
    /// the package whose program cargo runs, then, unless this is root, above
    /// the current directory.
    ///
    /// # Errors
    ///
    /// Fails if none of these is the repository, or if root would run programs
    /// of another user from it, see [`owner`].
    pub fn find() -> Result<Layout> {
        let layout = Layout::look()?;
        layout.check_owners()?;
        Ok(layout)
    }

    fn look() -> Result<Layout> {
        if let Some(root) = std::env::var_os("NSTEPS_ROOT") {
            return Layout::at(PathBuf::from(root)).ok_or_else(|| {
                Error::new("$NSTEPS_ROOT has no reference-c directory")
            });
        }
        let above = |path: &Path| {
            path.ancestors().find_map(|dir| Layout::at(dir.to_owned()))
        };
        let program = std::env::current_exe().ok();
        // A test may be built in a directory outside of the repository.
        let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        // Root may be in a directory of any user.
        let here = match nix::unistd::geteuid().is_root() {
            true => None,
            false => std::env::current_dir().ok(),
        };
        [program, package, here]
            .iter()
            .flatten()
            .find_map(|path| above(path))
            .ok_or_else(|| {
                Error::new(
                    "cannot find the nsteps repository: set NSTEPS_ROOT to it",
                )
            })
    }

    /// Checks that root may run the programs.
    fn check_owners(&self) -> Result<()> {
        owner::check_one(&self.root)?;
        if self.programs.exists() {
            owner::check_one(&self.programs)?;
        }
        ["bin", "c", "go", "rust"]
            .iter()
            .map(|it| self.programs.join(it))
            .filter(|it| it.exists())
            .try_for_each(|it| owner::check(&it))
    }

    /// A layout without a repository: only the running program, in which the
    /// probe is embedded; `None` if it is not.
    pub fn alone() -> Option<Layout> {
        embedded::PROBE?;
        Some(Layout { root: PathBuf::new(), programs: PathBuf::new() })
    }

    /// True if there is no repository, as in [`alone`](Self::alone).
    pub fn is_alone(&self) -> bool {
        self.programs.as_os_str().is_empty()
    }

    fn at(root: PathBuf) -> Option<Layout> {
        let programs = root.join("target");
        root.join("reference-c").is_dir().then_some(Layout { root, programs })
    }

    /// The same repository with other programs, from a directory that has the
    /// structure of `target/`: so a wrong program can replace a step.
    pub fn with_programs(self, programs: PathBuf) -> Layout {
        Layout { programs, ..self }
    }

    /// The top of the repository.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory that `make build` fills, with `c/`, `go/`, `rust/`,
    /// `bin/`.
    pub fn programs(&self) -> PathBuf {
        self.programs.clone()
    }

    /// The probe: the static program that prints what a process observes of
    /// itself.
    pub fn probe(&self) -> PathBuf {
        self.programs().join("bin/nsteps-probe")
    }

    /// The program `nsteps`, also when the caller is a test or a benchmark.
    ///
    /// # Errors
    ///
    /// Fails if the running program cannot be found.
    pub fn command(&self) -> Result<PathBuf> {
        let own =
            std::env::current_exe().context("find the running program")?;
        let is_nsteps = own.file_name().is_some_and(|name| name == "nsteps");
        if is_nsteps || self.is_alone() {
            return Ok(own);
        }
        Ok(self.programs().join("bin/nsteps"))
    }

    /// The directory of the expected effects.
    pub fn expected(&self) -> PathBuf {
        self.root.join("rust/nsteps/tests/expected")
    }

    /// The file of the expected calls of a step.
    pub fn expected_calls(&self, step: &Step) -> PathBuf {
        self.expected().join(format!("calls/{}.txt", step.name))
    }

    /// The page about a known difference.
    pub fn difference_page(&self, slug: &str) -> PathBuf {
        self.root.join(format!("{PAGES}/differences/{slug}.md"))
    }

    /// The book, whose pages are named by paths that can be opened from where
    /// the user is, whether nsteps runs in its repository or is installed.
    pub fn book(&self) -> Book {
        let directory = (!self.is_alone()).then(|| self.shown(PAGES));
        Book { directory }
    }

    /// The page about a difference, in whichever part of the book it is.
    pub fn page_of(&self, slug: &str) -> Option<String> {
        ["differences", "pitfalls", "kernel"]
            .iter()
            .map(|part| format!("{part}/{slug}.md"))
            .find(|page| self.root.join(PAGES).join(page).exists())
            .map(|page| self.book().page(&page))
    }

    /// A path below [`Layout::root`] that can be opened from where the user
    /// is: relative there itself, absolute everywhere else.
    pub fn shown(&self, below: &str) -> String {
        let root = std::path::absolute(&self.root);
        match (root, std::env::current_dir()) {
            (Ok(root), Ok(here)) if root == here => below.to_owned(),
            (Ok(root), _) => root.join(below).display().to_string(),
            (Err(_), _) => self.root.join(below).display().to_string(),
        }
    }
}

/// Where a reader finds the pages of the book.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// The directory of its pages; none if nsteps is here without the book.
    directory: Option<String>,
}

impl Book {
    /// A page, given by its path in the book, as a reader can find it.
    pub fn page(&self, page: &str) -> String {
        match &self.directory {
            Some(directory) => format!("{directory}/{page}"),
            None => format!("{page} of the book"),
        }
    }
}

/// Where the pages of the book are, below the root.
const PAGES: &str = "docs/src";
