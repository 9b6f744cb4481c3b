//! The file mode creation mask: umask(2).

use nix::sys::stat::{Mode, umask};

use super::Property;
use crate::effect::Effect;
use crate::observation::Observation;
use crate::proc::Proc;

pub(super) const PROPERTY: Property = Property {
    name: "umask",
    families: &["umask"],
    about: "the file mode creation mask",
    observe,
    effect,
};

/// Without `/proc` the mask can be read only by setting it and setting it back.
/// In between it is the strictest one, so that a file that another thread
/// creates at that moment allows nothing to others.
fn observe(_: &Proc, observation: &mut Observation) {
    let mask = umask(Mode::all());
    umask(mask);
    observation.read("umask", Ok(format!("{:04o}", mask.bits())));
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    effect.compare_value("umask", baseline, seen);
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn another_mask_is_the_change() {
        let text =
            effect_of(&PROPERTY, &[("umask", "0022")], &[("umask", "0000")]);
        assert_eq!(text, "umask  0000\n");
    }
}
