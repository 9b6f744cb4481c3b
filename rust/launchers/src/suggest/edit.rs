//! Edits of a config.json as operations of RFC 6902, and their application.

use super::template;
use crate::consequence::Edit;
use serde_json::{Value as Json, json};

/// The operations of an edit for this configuration; an empty list if the edit
/// changes nothing, `None` if it is not possible.
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
        Edit::Take(at, member, text) => {
            let text = template::filled(text, key, wanted)?;
            Some(take(at, member, &text, config))
        }
    }
}

/// Missing members above the path are made first.
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

/// A variable replaces the one with the same name.
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

/// Removes the first item of a list whose member has this text. If `member` is
/// empty, the item is a text that begins with this one.
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

/// Applies one operation; `None` if its path does not exist.
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

    /// The configuration after the edit.
    fn edited(edit: &Edit, key: &str, wanted: &str, config: Json) -> Json {
        let mut after = config.clone();
        let all = operations(edit, key, wanted, &config).expect("it can be");
        for it in all {
            apply(&mut after, &it).expect("the path exists");
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
        let remove = Edit::Remove("/x");
        assert_eq!(edited(&remove, "", "", json!({ "x": 1 })), json!({}));
        assert_eq!(edited(&remove, "", "", json!({})), json!({}));
    }
}
