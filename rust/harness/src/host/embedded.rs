//! The probe that is part of the program `nsteps`.

/// The probe, if it was embedded: a build without it reads the probe from the
/// built programs.
#[cfg(embedded)]
pub const PROBE: Option<&[u8]> =
    Some(include_bytes!(concat!(env!("OUT_DIR"), "/nsteps-probe")));

/// The probe, if it was embedded: a build without it reads the probe from the
/// built programs.
#[cfg(not(embedded))]
pub const PROBE: Option<&[u8]> = None;
