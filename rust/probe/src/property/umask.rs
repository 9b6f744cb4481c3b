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

/// The only way to read the mask without `/proc` is to set it and to set it
/// back. In between it is the strictest, so that a thread that creates a file
/// at that moment gives nothing away.
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
