//! When the kernel uses the inode number of a namespace again.

use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::scenario::Mounts;
use harness::step::Namespace;

/// How many namespaces are made one after the other, at most, until one has the
/// number of an earlier one.
const BOUND: usize = 300;

/// How many are alive at once; the kernel nests at most 32 of some kinds.
const ALIVE: usize = 20;

/// Prints `yes` as soon as a number appears a second time.
const AGAIN: &str = "
kind=$1 bound=$2; shift 2
seen=
while [ $bound -gt 0 ]; do
    one=$(\"$@\" readlink /proc/self/ns/$kind) || exit
    case \"$seen \" in *\" $one \"*) echo yes; exit ;; esac
    seen=\"$seen $one\" bound=$((bound - 1))
done
echo no";

/// Prints the numbers of several namespaces, each made inside the one before.
const NESTED: &str = "
kind=$1 left=$2 script=$3; shift 3
readlink /proc/self/ns/$kind
[ $left = 1 ] || \"$@\" sh -c \"$script\" sh $kind $((left - 1)) \"$script\" \"$@\"
exit";

/// Observes for every kind whether a number is used again: of namespaces that
/// are made one after the other, and of those that are alive at once.
pub fn used_again(conditions: &Conditions<'_>) -> Found<Evidence> {
    let mut session = conditions.session(Mounts::Private)?;
    let mut evidence = Evidence::new();
    let (bound, alive) = (BOUND.to_string(), ALIVE.to_string());
    for kind in Namespace::ALL {
        let unshare = unshare(kind);
        let name = kind.proc_name();
        let one_by_one = [&["sh", "-c", AGAIN, "sh", name, &bound], unshare];
        let again = session.run(&one_by_one.concat())?.well()?;

        let nested = ["sh", "-c", NESTED, "sh", name, &alive, NESTED];
        let said = session.run(&[&nested[..], unshare].concat())?.well()?;
        let mut numbers: Vec<&str> = said.lines().collect();
        let all = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        let twice = match numbers.len() {
            _ if all != ALIVE => "not tried",
            different if different < all => "yes",
            _ => "no",
        };
        let seen =
            format!("one after the other {again}, alive at once {twice}");
        evidence.see(name, &seen, "one after the other yes, alive at once no");
    }
    for (kind, first) in FIRST {
        if let Some(own) = number(kind).filter(|it| is_constant(*it)) {
            evidence.see(kind, &own.to_string(), &first.to_string());
        }
    }
    Ok(evidence)
}

/// The number of the initial namespace of each kind (`enum init_ns_ino` of the
/// kernel).
const FIRST: [(&str, u64); 8] = [
    ("ipc", 0xEFFF_FFFF),
    ("uts", 0xEFFF_FFFE),
    ("user", 0xEFFF_FFFD),
    ("pid", 0xEFFF_FFFC),
    ("cgroup", 0xEFFF_FFFB),
    ("time", 0xEFFF_FFFA),
    ("net", 0xEFFF_FFF9),
    ("mnt", 0xEFFF_FFF8),
];

/// Whether a number is that of an initial namespace; those of others begin
/// above. A process in a container may be in no initial namespace, and then
/// there is nothing to compare.
const fn is_constant(number: u64) -> bool {
    0xEFFF_FFF0 <= number && number < 0xF000_0000
}

/// The number of the namespace that this process is in.
fn number(kind: &str) -> Option<u64> {
    nix::sys::stat::stat(format!("/proc/self/ns/{kind}").as_str())
        .ok()
        .map(|it| it.st_ino)
}

/// The command line that makes a namespace and becomes what follows.
const fn unshare(kind: Namespace) -> &'static [&'static str] {
    match kind {
        Namespace::Cgroup => &["unshare", "--cgroup"],
        Namespace::Ipc => &["unshare", "--ipc"],
        Namespace::Mnt => &["unshare", "--mount"],
        Namespace::Net => &["unshare", "--net"],
        Namespace::Pid => &["unshare", "--pid", "--fork"],
        // Before Linux 6.2 a caller that has stayed in its old one can make no
        // child that shares its memory, as a shell does.
        Namespace::Time => &["unshare", "--time", "--fork"],
        Namespace::User => &["unshare", "--user", "--map-root-user"],
        Namespace::Uts => &["unshare", "--uts"],
    }
}
