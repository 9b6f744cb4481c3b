//! What a lookup of a name executes after the root has changed.

use super::{C, GO, Programs, RUST};
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::{Found, Refusal};

/// The new root.
const ROOT: &str = "/tmp/root";

/// A root whose /etc/nsswitch.conf names a library that it brings along, in
/// every directory in which a dynamic linker looks, with what that needs.
const MAKE_ROOT: &str = "
library=$1 root=$2
for libc in /lib/*-linux-gnu*/libc.so.6 /lib64/libc.so.6 /usr/lib/libc.so.6
do [ -e \"$libc\" ] && break; done
linker=$(ls ${libc%/*}/ld-linux*.so.* /lib64/ld-linux*.so.* /lib/ld-linux*.so.* \
    2>/dev/null | head -n 1)
mkdir -p $root/etc || exit
echo 'passwd: files inner' >$root/etc/nsswitch.conf
echo 'known:x:4242:4242::/:/bin/sh' >$root/etc/passwd
for dir in ${libc%/*} /lib /lib64 /usr/lib /usr/lib64; do
    mkdir -p $root$dir && cp $library $libc $linker $root$dir/ || exit
done";

/// Which launchers execute code of the new root when they look a user up.
pub fn lookups(conditions: &Conditions<'_>) -> Found<Evidence> {
    const INNER: &str = "answered by code of the new root, in the launcher";
    const READ: &str = "read in /etc/passwd of the new root";
    const UNKNOWN: &str = "no such user";
    let mut programs = Programs::new(conditions)?;
    if programs.session.sh("getconf GNU_LIBC_VERSION")?.status != 0 {
        return Err(Refusal::Unavailable(
            "the C library is not the GNU one, which alone loads sources of \
             names"
                .to_owned(),
        ));
    }
    let library = programs.program(C, "pitfalls/libnss_inner.so.2")?;
    programs
        .session
        .run(&["sh", "-c", MAKE_ROOT, "sh", &library, ROOT])?
        .well()?;
    let musl = programs.launch(&[], (RUST, "libc"), &["-"])?.well()?;
    let rust = match musl.as_str() {
        "musl" => UNKNOWN,
        _ => INNER,
    };
    let rust_who = format!("rust, nix's User, static with {musl}");
    let mut evidence = Evidence::new();
    for (launcher, program, who, described) in [
        (C, "user_lookup", "c, getpwnam", INNER),
        (C, "user_lookup_static", "c, getpwnam, linked statically", INNER),
        (GO, "user_lookup_cgo", "go, os/user with cgo", INNER),
        (GO, "user_lookup", "go, os/user without cgo", UNKNOWN),
        (RUST, "user_lookup", rust_who.as_str(), rust),
    ] {
        for (name, what, described) in [
            ("known", "a user of /etc/passwd", READ),
            ("stranger", "a user of the library alone", described),
        ] {
            let seen = look_up(&mut programs, (launcher, program), &[name])?;
            evidence.see(format!("{who}, {what}"), &seen, described);
        }
    }
    for (launcher, program, who) in [
        (C, "user_lookup", "c, getpwnam"),
        (GO, "user_lookup_cgo", "go, os/user with cgo"),
    ] {
        let names = ["stranger", "no-such-user"];
        let seen = look_up(&mut programs, (launcher, program), &names)?;
        let who = format!("{who}, after a lookup in the old root");
        evidence.see(who, &seen, UNKNOWN);
    }
    Ok(evidence)
}

/// Where a launcher that has changed its root found a user, in words.
fn look_up(
    programs: &mut Programs<'_>,
    (launcher, name): (harness::launcher::Launcher, &str),
    names: &[&str],
) -> Found<String> {
    let program = programs.program(launcher, &format!("pitfalls/{name}"))?;
    // The shell becomes the program, and so tells its number.
    let script = "echo $$; exec \"$@\"";
    let argv = ["sh", "-c", script, "sh", &program, ROOT];
    let said = programs.session.run(&[&argv[..], names].concat())?.well()?;
    let (pid, found) = said.split_once('\n').unwrap_or_default();
    let own = pid.parse::<u32>().map(|pid| format!("uid {}", 100_000 + pid));
    Ok(match found {
        "uid 4242" => "read in /etc/passwd of the new root".to_owned(),
        found if own.as_deref() == Ok(found) => {
            "answered by code of the new root, in the launcher".to_owned()
        }
        found => found.to_owned(),
    })
}
