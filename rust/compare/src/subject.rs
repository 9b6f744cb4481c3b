//! The subject of a comparison: a step, or a situation around it.

use harness::trial::situation::{SITUATIONS, Situation};

/// The subject of a comparison: a step, or a situation around a step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// The name of the step.
    pub step: &'static str,
    /// The name of a situation, or the container that was joined; `None` for
    /// the step alone.
    pub situation: Option<String>,
}

impl Subject {
    /// True if the subject is a launcher that joins a container.
    pub fn is_a_join(&self) -> bool {
        self.situation.is_some() && self.situation().is_none()
    }

    /// The situation of that name; `None` for the step alone and for a joined
    /// container.
    pub fn situation(&self) -> Option<&'static Situation> {
        let name = self.situation.as_deref()?;
        SITUATIONS.iter().find(|it| it.name == name)
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.situation {
            None => f.pad(self.step),
            Some(situation) => f.pad(&format!("{}:{situation}", self.step)),
        }
    }
}
