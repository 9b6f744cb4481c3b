//! Embeds the probe that the variable NSTEPS_EMBED names, so that `nsteps diff`
//! needs no other file. Without it nothing is embedded: then the probe is read
//! from the built programs.

use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-env-changed=NSTEPS_EMBED");
    println!("cargo::rustc-check-cfg=cfg(embedded)");
    let Some(probe) = env::var_os("NSTEPS_EMBED") else { return };
    let probe = Path::new(&probe);
    println!("cargo::rerun-if-changed={}", probe.display());
    let out = env::var_os("OUT_DIR").expect("cargo sets it");
    fs::copy(probe, Path::new(&out).join("nsteps-probe"))
        .unwrap_or_else(|error| panic!("read {}: {error}", probe.display()));
    println!("cargo::rustc-cfg=embedded");
}
