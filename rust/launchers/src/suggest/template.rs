//! Fills the texts of fixes with the wanted value.

use serde_json::Value as Json;

/// What stands for each variable of an environment.
const VARIABLES: &str = "{variables}";

/// The words of a fix; `None` if the value does not have what they need.
///
/// A word with `{cap}` is repeated for each capability, and split at its
/// spaces; `{variables}` becomes a word for each line of the value.
pub fn words(words: &[&str], key: &str, wanted: &str) -> Option<Vec<String>> {
    let mut made = Vec::new();
    for word in words {
        if *word == VARIABLES {
            made.extend(wanted.lines().map(str::to_owned));
        } else if word.contains("{cap}") {
            for capability in capabilities(wanted)? {
                let word = word.replace("{cap}", &capability);
                made.extend(word.split(' ').map(str::to_owned));
            }
        } else {
            made.push(filled(word, key, wanted)?);
        }
    }
    Some(made)
}

/// The JSON of a fix; `None` if the value does not have what it needs.
pub fn json(template: &str, key: &str, wanted: &str) -> Option<Json> {
    let quoted = |it: &[String]| {
        let quoted: Vec<String> =
            it.iter().map(|it| Json::from(it.as_str()).to_string()).collect();
        quoted.join(",")
    };
    let text = match template {
        it if it.contains("{cap}") => {
            it.replace("{cap}", &quoted(&capabilities(wanted)?))
        }
        it if it.contains(VARIABLES) => {
            let lines: Vec<String> =
                wanted.lines().map(str::to_owned).collect();
            it.replace(VARIABLES, &quoted(&lines))
        }
        it => {
            let escaped = Json::from(wanted).to_string();
            filled(it, key, &escaped[1..escaped.len() - 1])?
        }
    };
    serde_json::from_str(&text).ok()
}

/// The template with everything replaced except capabilities.
pub fn filled(template: &str, key: &str, wanted: &str) -> Option<String> {
    let name =
        key.strip_prefix("env.").or_else(|| key.rsplit(['.', '/']).next());
    let name = name.unwrap_or(key);
    let value = wanted.strip_prefix("+ ").unwrap_or(wanted);
    // What is not changed and what is not there has no value to be set.
    let is_value = !["unchanged", "unset", "- gone"].contains(&wanted);
    let mut text = template.to_owned();
    let parts: [(&str, &dyn Fn() -> Option<String>); 23] = [
        ("{value}", &|| is_value.then(|| value.to_owned())),
        ("{path}", &|| path(key).map(str::to_owned)),
        ("{level}", &|| Some(value.rsplit(' ').next()?.to_owned())),
        ("{kib}", &|| kibibytes(value).map(|it| it.to_string())),
        ("{bytes}", &|| Some((kibibytes(value)? * 1024).to_string())),
        ("{mode}", &|| Some(value.split(' ').next()?.to_owned())),
        ("{others}", &|| Some(others(value)?.join(","))),
        ("{name}", &|| Some(name.to_owned())),
        ("{sysctl}", &|| Some(key.strip_prefix("sysctl.")?.to_owned())),
        ("{major}", &|| Some(device(value)?.0)),
        ("{minor}", &|| Some(device(value)?.1)),
        ("{filemode}", &|| Some(device(value)?.2)),
        ("{uid}", &|| Some(device(value)?.3)),
        ("{gid}", &|| Some(device(value)?.4)),
        ("{NAME}", &|| Some(name.to_uppercase())),
        ("{soft}", &|| limit(value, 0)),
        ("{hard}", &|| limit(value, 1)),
        ("{octal}", &|| {
            i64::from_str_radix(value, 8).ok().map(|it| it.to_string())
        }),
        ("{seconds}", &|| value.strip_suffix(" s").map(str::to_owned)),
        ("{signal}", &|| value.strip_prefix("SIG").map(str::to_owned)),
        ("{list}", &|| Some(value.split(' ').collect::<Vec<_>>().join(","))),
        ("{caps}", &|| Some(capabilities(value)?.join(",").to_lowercase())),
        ("{minuscaps}", &|| {
            let names = others(value)?.into_iter();
            let less = names.map(|it| it.replace("CAP_", "-").to_lowercase());
            Some(less.collect::<Vec<_>>().join(","))
        }),
    ];
    for (place, part) in parts {
        if text.contains(place) {
            text = text.replace(place, &part()?);
        }
    }
    Some(text)
}

/// The path in a key as `mnt./proc#2` or `size./dev`.
pub fn path(key: &str) -> Option<&str> {
    let at = key.find('/')?;
    key[at..].split('#').next()
}

/// The size in `65536 KiB, 2048 files`.
fn kibibytes(value: &str) -> Option<u64> {
    value.split_once(" KiB")?.0.parse().ok()
}

/// What makes a device as `character device 1,3 0666 0:0 opens`: its numbers,
/// its mode, which is decimal here, and its owners.
type Device = (String, String, String, String, String);

fn device(value: &str) -> Option<Device> {
    let mut words = value.strip_prefix("character device ")?.split(' ');
    let (major, minor) = words.next()?.split_once(',')?;
    let mode = i64::from_str_radix(words.next()?, 8).ok()?.to_string();
    let (uid, gid) = words.next()?.split_once(':')?;
    let [major, minor, uid, gid] = [major, minor, uid, gid].map(str::to_owned);
    Some((major, minor, mode, uid, gid))
}

/// One side of `SOFT of HARD`.
fn limit(value: &str, side: usize) -> Option<String> {
    let both = value.split_once(" of ")?;
    let all = [both.0, both.1];
    Some(all[side].to_owned())
}

/// The names in a set of capabilities, with their prefix; nothing for what is no
/// set.
fn capabilities(value: &str) -> Option<Vec<String>> {
    let with_prefix =
        |names: &[&str]| names.iter().map(|it| format!("CAP_{it}")).collect();
    let (all_but, names) = match (value, value.strip_prefix("all but ")) {
        ("all", _) => (true, ""),
        (_, Some(names)) => (true, names),
        (names, None) => (false, names),
    };
    let names: Vec<&str> = names.split_whitespace().collect();
    if !names.iter().all(|it| ALL.contains(it))
        || (!all_but && names.is_empty())
    {
        return None;
    }
    let rest = |it: &&str| !names.contains(it);
    Some(match all_but {
        true => {
            let rest: Vec<&str> = ALL.iter().copied().filter(rest).collect();
            with_prefix(&rest)
        }
        false => with_prefix(&names),
    })
}

/// The capabilities that are not in a set.
fn others(value: &str) -> Option<Vec<String>> {
    let has = capabilities(value)?;
    let all = ALL.iter().map(|it| format!("CAP_{it}"));
    Some(all.filter(|it| !has.contains(it)).collect())
}

/// Every capability, in the kernel's order.
const ALL: &[&str] = &[
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(words: &[&str], key: &str, wanted: &str) -> Option<String> {
        super::words(words, key, wanted).map(|it| it.join("|"))
    }

    #[test]
    fn a_value_is_put_where_it_is_asked_for() {
        let set = ["--setenv", "{name}", "{value}"];
        assert_eq!(
            joined(&set, "env.A.B", "+ x y").as_deref(),
            Some("--setenv|A.B|x y")
        );
        let caps = ["--cap-drop", "ALL", "--cap-add {cap}"];
        assert_eq!(
            joined(&caps, "capabilities.effective", "KILL SYS_ADMIN")
                .as_deref(),
            Some("--cap-drop|ALL|--cap-add|CAP_KILL|--cap-add|CAP_SYS_ADMIN")
        );
        let less = ["--bounding-set", "{minuscaps}"];
        assert_eq!(
            joined(&less, "capabilities.bounding", "all but KILL SYS_ADMIN")
                .as_deref(),
            Some("--bounding-set|-kill,-sys_admin")
        );
        assert_eq!(joined(&caps, "capabilities.effective", "none"), None);
        assert_eq!(joined(&set, "env.A", "unchanged"), None);
        let size = ["--size", "{bytes}", "--tmpfs", "{path}"];
        assert_eq!(
            joined(&size, "size./dev/shm", "+ 64 KiB, 3 files").as_deref(),
            Some("--size|65536|--tmpfs|/dev/shm")
        );
        let limit = ["--{name}={soft}:{hard}"];
        assert_eq!(
            joined(&limit, "limits.nofile", "10 of 20").as_deref(),
            Some("--nofile=10:20")
        );
        assert_eq!(joined(&limit, "limits.nofile", "soft 10"), None);
        let all = ["env", "-i", "{variables}"];
        assert_eq!(
            joined(&all, "environment.order", "B=1 2\nA=").as_deref(),
            Some("env|-i|B=1 2|A=")
        );
        let sysctl = ["--sysctl={sysctl}={value}"];
        assert_eq!(
            joined(&sysctl, "sysctl.net.x", "0 0").as_deref(),
            Some("--sysctl=net.x=0 0")
        );
    }

    #[test]
    fn json_stays_json() {
        let value = json("\"A={value}\"", "env.A", "+ a\"b");
        assert_eq!(value, Some(Json::from("A=a\"b")));
        assert_eq!(json("{octal}", "umask", "0077"), Some(Json::from(63)));
        let caps = json("[{cap}]", "capabilities.effective", "KILL");
        assert_eq!(caps, Some(serde_json::json!(["CAP_KILL"])));
        let all = json("[{variables}]", "environment.order", "B=\"\nA=");
        assert_eq!(all, Some(serde_json::json!(["B=\"", "A="])));
        let device = json(
            "[{major},{minor},{filemode},{uid},{gid},\"/dev/{name}\"]",
            "dev.fuse",
            "character device 10,229 0666 0:107 opens",
        );
        assert_eq!(
            device,
            Some(serde_json::json!([10, 229, 438, 0, 107, "/dev/fuse"]))
        );
    }
}
