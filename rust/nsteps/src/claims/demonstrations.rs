//! What a shell cannot do: `nsteps demonstrate NAME`, which checks of claims
//! run in their sandboxes.

mod first_child;
pub mod pivot_root;
mod ways_out;

use crate::error::{Context, Error, Result};
use crate::sandbox::PROBE;
use crate::sys;
use std::ffi::CString;

/// Shows one thing, on standard output, with the words that follow its name.
type Demonstration = fn(&[String]) -> Result<()>;

/// Everything that can be demonstrated.
const DEMONSTRATIONS: &[(&str, Demonstration)] = &[
    ("domain", domain),
    ("open_directory", ways_out::open_directory),
    ("pid_for_children", first_child::pid_for_children),
    ("pivot_root", pivot_root::table),
    ("queue", queue),
    ("second_chroot", ways_out::second_chroot),
];

/// Runs a demonstration; they change what they run in, and so run in a
/// sandbox or not at all.
///
/// # Errors
///
/// No such demonstration, not a sandbox, or what it tried before it began.
pub fn run(words: &[String]) -> Result<u8> {
    let (name, words) = words
        .split_first()
        .ok_or_else(|| Error::new("there is nothing to demonstrate"))?;
    let (_, demonstration) = DEMONSTRATIONS
        .iter()
        .find(|(known, _)| known == name)
        .ok_or_else(|| Error::new(format!("nobody demonstrates {name}")))?;
    let is_new_root = std::path::Path::new("/nsteps-probe").exists();
    if !is_new_root && !std::path::Path::new(PROBE).exists() {
        return Err(Error::new(
            "demonstrations are for the sandboxes of nsteps claims",
        ));
    }
    demonstration(words).map(|()| 0)
}

/// Sets the domain name of the uts namespace.
fn domain(words: &[String]) -> Result<()> {
    let name = words.first().map_or("", String::as_str);
    let name = CString::new(name).context("pass the name on")?;
    sys::set_domain_name(&name).context("setdomainname")
}

/// Makes a System V queue with a key given in hexadecimal.
fn queue(words: &[String]) -> Result<()> {
    let key = words.first().map_or("", String::as_str);
    let key = i32::from_str_radix(key.trim_start_matches("0x"), 16)
        .context("read the key")?;
    sys::message_queue(key).map(drop).context("msgget")
}
