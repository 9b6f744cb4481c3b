//! Edits of a config.json as operations of RFC 6902, and what they do.

use super::template;
use crate::consequence::Edit;
use serde_json::{Value as Json, json};

/// The operations that an edit is for this configuration; none where nothing
/// has to be done, nothing where it cannot be done.
pub fn operations(
    edit: &Edit,
    key: &str,
    wanted: &str,
    config: &Json,
) -> Option<Vec<Json>> {
    match edit {
        Edit::Set(at, value) => {
            let at = template::filled(at, key, wanted)?;
            let value = template::json(value, key, wanted)?;
            Some(set(&at, value, config))
        }
        Edit::Push(at, item) => {
            let item = template::json(item, key, wanted)?;
            Some(push(at, item, config))
        }
        Edit::Remove(at) => {
            let there = config.pointer(at).is_some();
            Some(
                there
                    .then(|| operation("remove", at, None))
                    .into_iter()
                    .collect(),
            )
        }
        Edit::Mount => {
            let path = template::path(key)?;
            Some(put(path, mount(path, wanted)?, config))
        }
        Edit::MountOption(option) => {
            let option = template::filled(option, key, wanted)?;
            with_option(template::path(key)?, &option, config)
        }
        Edit::Take(at, member, text) => {
            let text = template::filled(text, key, wanted)?;
            Some(take(at, member, &text, config))
        }
    }
}

/// The members above are made where they are missing.
fn set(at: &str, value: Json, config: &Json) -> Vec<Json> {
    if config.pointer(at) == Some(&value) {
        return Vec::new();
    }
    let mut operations = Vec::new();
    let slashes = at.match_indices('/').skip(1);
    for (end, _) in slashes {
        if config.pointer(&at[..end]).is_none_or(Json::is_null) {
            operations.push(operation("add", &at[..end], Some(json!({}))));
        }
    }
    operations.push(operation("add", at, Some(value)));
    operations
}

/// A variable takes the place of the one of its name.
fn push(at: &str, item: Json, config: &Json) -> Vec<Json> {
    let Some(list) = config.pointer(at).and_then(Json::as_array) else {
        return set(at, json!([item]), config);
    };
    if list.contains(&item) {
        return Vec::new();
    }
    let name = |it: &Json| {
        let (name, _) = it.as_str()?.split_once('=')?;
        Some(name.to_owned())
    };
    let same = list
        .iter()
        .position(|it| name(it).is_some() && name(it) == name(&item));
    vec![match same {
        Some(index) => {
            operation("replace", &format!("{at}/{index}"), Some(item))
        }
        None => operation("add", &format!("{at}/-"), Some(item)),
    }]
}

/// An item without members is a text, which begins so.
fn take(at: &str, member: &str, text: &str, config: &Json) -> Vec<Json> {
    let list = config.pointer(at).and_then(Json::as_array);
    let is_it = |it: &Json| match member {
        "" => it.as_str().is_some_and(|it| it.starts_with(text)),
        member => it[member] == text,
    };
    let index = list.and_then(|it| it.iter().position(is_it));
    let remove =
        index.map(|it| operation("remove", &format!("{at}/{it}"), None));
    remove.into_iter().collect()
}

/// The mount that a value such as `+ tmpfs tmpfs rw,nosuid (super rw,mode=755)
/// private` is; nothing for a part of a file system that is mounted elsewhere.
fn mount(path: &str, wanted: &str) -> Option<Json> {
    let words: Vec<&str> = wanted.strip_prefix("+ ")?.split(' ').collect();
    if let ["bind", "of", source, rest @ ..] = &words[..] {
        let given = rest.iter().filter_map(|it| it.strip_prefix('+'));
        let options: Vec<&str> = ["bind"].into_iter().chain(given).collect();
        return Some(json!({
            "destination": path, "type": "bind", "source": source,
            "options": options
        }));
    }
    let [kind, source, own, "(super", of_all, propagation] = words[..] else {
        return None;
    };
    let of_all = of_all.trim_end_matches(')').split(',');
    let options: Vec<&str> = own
        .split(',')
        .filter(|it| !["rw", "relatime"].contains(it))
        .chain(of_all.filter(|it| it.contains('=')))
        .chain(["shared"].into_iter().filter(|it| *it == propagation))
        .collect();
    Some(json!({
        "destination": path, "type": kind, "source": source,
        "options": options
    }))
}

/// The place of a mount in the configuration.
fn place(path: &str, config: &Json) -> Option<usize> {
    let mounts = config["mounts"].as_array()?;
    mounts.iter().position(|it| it["destination"] == path)
}

/// A mount takes the place of the one at its path.
fn put(path: &str, mount: Json, config: &Json) -> Vec<Json> {
    match place(path, config) {
        Some(at) if config["mounts"][at] == mount => Vec::new(),
        Some(at) => {
            vec![operation("replace", &format!("/mounts/{at}"), Some(mount))]
        }
        None => push("/mounts", mount, config),
    }
}

/// An option takes the place of another one of its name.
fn with_option(path: &str, option: &str, config: &Json) -> Option<Vec<Json>> {
    let at = place(path, config)?;
    let name = |it: &str| it.split('=').next().map(str::to_owned);
    let mut options: Vec<Json> =
        config["mounts"][at]["options"].as_array().cloned().unwrap_or_default();
    options.retain(|it| it.as_str().and_then(name) != name(option));
    options.push(json!(option));
    let path = format!("/mounts/{at}/options");
    Some(set(&path, json!(options), config))
}

/// Does one operation; nothing where its path leads nowhere.
pub fn apply(config: &mut Json, operation: &Json) -> Option<()> {
    let path = operation["path"].as_str()?;
    let (parent, last) = path.rsplit_once('/')?;
    let value = || operation.get("value").cloned();
    let parent = config.pointer_mut(parent)?;
    match (operation["op"].as_str()?, parent) {
        ("add" | "replace", Json::Object(map)) => {
            map.insert(last.to_owned(), value()?);
        }
        ("remove", Json::Object(map)) => {
            map.remove(last)?;
        }
        ("add", Json::Array(list)) if last == "-" => list.push(value()?),
        ("replace", Json::Array(list)) => {
            *list.get_mut(last.parse::<usize>().ok()?)? = value()?;
        }
        ("remove", Json::Array(list)) => {
            let index = last.parse::<usize>().ok()?;
            (index < list.len()).then(|| list.remove(index))?;
        }
        _ => return None,
    }
    Some(())
}

/// One operation of RFC 6902.
fn operation(op: &str, path: &str, value: Option<Json>) -> Json {
    match value {
        Some(value) => json!({ "op": op, "path": path, "value": value }),
        None => json!({ "op": op, "path": path }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The configuration with the edit.
    fn edited(edit: &Edit, key: &str, wanted: &str, config: Json) -> Json {
        let mut after = config.clone();
        let all = operations(edit, key, wanted, &config).expect("it can be");
        for it in all {
            apply(&mut after, &it).expect("it leads somewhere");
        }
        after
    }

    #[test]
    fn an_edit_does_what_it_says() {
        let set = Edit::Set("/process/user/umask", "{octal}");
        let after = edited(&set, "umask", "0077", json!({ "process": {} }));
        assert_eq!(after, json!({ "process": { "user": { "umask": 63 } } }));
        let push = Edit::Push("/process/env", "\"{name}={value}\"");
        let before = json!({ "process": { "env": ["A=1", "B=2"] } });
        let after = edited(&push, "env.A", "+ 3", before.clone());
        assert_eq!(after["process"]["env"], json!(["A=3", "B=2"]));
        let take = Edit::Take("/process/env", "", "{name}=");
        let after = edited(&take, "env.B", "unset", before);
        assert_eq!(after["process"]["env"], json!(["A=1"]));
        let take = Edit::Take("/n", "type", "pid");
        let after = edited(
            &take,
            "ns.pid",
            "unchanged",
            json!({ "n": [{ "type": "net" }, { "type": "pid" }] }),
        );
        assert_eq!(after, json!({ "n": [{ "type": "net" }] }));
        let wanted = "+ tmpfs t rw,nosuid,relatime (super rw,mode=755) private";
        let before = json!({ "mounts": [{ "destination": "/dev" }] });
        let after = edited(&Edit::Mount, "mnt./dev#2", wanted, before);
        let is = json!({ "mounts": [{
            "destination": "/dev", "type": "tmpfs", "source": "t",
            "options": ["nosuid", "mode=755"]
        }] });
        assert_eq!(after, is);
        let size = Edit::MountOption("size={kib}k");
        let after = edited(&size, "size./dev", "64 KiB, 2 files", after);
        let options = &after["mounts"][0]["options"];
        assert_eq!(*options, json!(["nosuid", "mode=755", "size=64k"]));
        let remove = Edit::Remove("/x");
        assert_eq!(edited(&remove, "", "", json!({ "x": 1 })), json!({}));
        assert_eq!(edited(&remove, "", "", json!({})), json!({}));
    }
}
