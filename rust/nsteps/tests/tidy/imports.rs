//! Which file uses which: there is no circle between files, and a crate has few
//! floors.
//!
//! A file *uses* another one of its crate if a path in it (`crate::`,
//! `super::`, `self::` or the name of a child) leads there. A *room* is a
//! module at the top of a crate with all that is below it; its *floor* is one
//! above the highest room that it uses.

use crate::Found;
use crate::tree::{Tree, code};
use std::collections::{BTreeMap, BTreeSet};

/// The most floors a crate may have.
const FLOORS: usize = 6;

/// A module, by the names on the path to it; the root of the crate has none.
type Module = Vec<String>;
/// The modules that each module uses.
type Uses = BTreeMap<Module, BTreeSet<Module>>;

/// No file uses itself, through whatever other files.
pub fn circles(tree: &Tree) -> Found {
    let mut wrong = Vec::new();
    for (dir, uses) in crates(tree) {
        for circle in circles_of(&uses) {
            let names: Vec<_> = circle.iter().map(|it| shown(it)).collect();
            wrong.push(format!(
                "{dir}: a circle of files: {}: move what they share into a \
                 file that uses none of them",
                names.join(", ")
            ));
        }
    }
    Ok(wrong)
}

/// A crate has at most [`FLOORS`] floors; `NSTEPS_FLOORS=1` prints them.
pub fn floors(tree: &Tree) -> Found {
    let mut wrong = Vec::new();
    for (dir, uses) in crates(tree) {
        let rooms = rooms(&uses);
        for circle in circles_of(&rooms) {
            let names: Vec<_> = circle.iter().map(|it| shown(it)).collect();
            wrong.push(format!(
                "{dir}: a circle of rooms: {}",
                names.join(", ")
            ));
        }
        let floors = floors_of(&rooms);
        if std::env::var_os("NSTEPS_FLOORS").is_some_and(|it| it == "1") {
            println!("{dir}");
            for (floor, rooms) in floors.iter().enumerate().rev() {
                println!("  {}  {}", floor + 1, rooms.join(" "));
            }
        }
        if floors.len() > FLOORS {
            wrong.push(format!(
                "{dir}: {} floors, at most {FLOORS} may be",
                floors.len()
            ));
        }
    }
    Ok(wrong)
}

/// Every crate with a library: its directory, and what its modules use.
fn crates(tree: &Tree) -> Vec<(String, Uses)> {
    let libraries = tree.of("", &["/src/lib.rs"]);
    libraries
        .filter_map(|lib| {
            let dir = lib.path.strip_suffix("lib.rs")?;
            Some((dir.to_owned(), uses(tree, dir)))
        })
        .collect()
}

fn uses(tree: &Tree, dir: &str) -> Uses {
    let mut texts: BTreeMap<Module, &str> = BTreeMap::new();
    for file in tree.of(dir, &[".rs"]) {
        let stem = file.path[dir.len()..].trim_end_matches(".rs");
        // Programs are not part of the library's crate.
        if stem == "main" || stem.starts_with("bin/") {
            continue;
        }
        let names = stem.split('/').filter(|it| *it != "lib" && *it != "mod");
        texts.insert(names.map(str::to_owned).collect(), &file.text);
    }
    let known: BTreeSet<Module> = texts.keys().cloned().collect();
    texts
        .iter()
        .map(|(module, text)| {
            let paths = paths(text);
            let used = paths
                .iter()
                .filter_map(|path| resolve(module, path, &known))
                .filter(|used| used != module)
                .collect();
            (module.clone(), used)
        })
        .collect()
}

/// Every path of a source without its tests: those of `use` lines, with braces
/// expanded, and those that begin with `crate` or `super`.
fn paths(text: &str) -> Vec<String> {
    let text: String = code(text)
        .map(|(_, line)| line)
        .take_while(|line| !line.contains("#[cfg(test)]"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut paths = Vec::new();
    let mut rest = String::new();
    for statement in text.split_inclusive(';') {
        let begun = statement.rfind("use ").filter(|at| {
            let before = statement[..*at].trim_end();
            before.is_empty()
                || before.ends_with([';', '}', '{', ']'])
                || before.ends_with("pub")
                || before.ends_with("pub(crate)")
                || before.ends_with("pub(super)")
        });
        match begun {
            Some(at) => {
                rest.push_str(&statement[..at]);
                let tree = statement[at + 4..].trim_end_matches(';');
                paths.extend(leaves(tree));
            }
            None => rest.push_str(statement),
        }
    }
    // In a macro `$crate` is the crate that calls it.
    let is_part = |letter: char| {
        letter.is_alphanumeric() || ['_', ':', '$'].contains(&letter)
    };
    let inline = rest.split(|letter: char| !is_part(letter)).filter(|word| {
        word.starts_with("crate::") || word.starts_with("super::")
    });
    paths.extend(inline.map(str::to_owned));
    paths
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn leaves(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((before, inside)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree);
        return vec![path.trim().to_owned()];
    };
    let inside = inside.trim().trim_end_matches('}');
    let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
    // A brace that is closed too early ends the last part.
    for (at, letter) in inside.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inside[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inside[from..]);
    parts
        .iter()
        .filter(|part| !part.trim().is_empty())
        .flat_map(|part| leaves(part))
        .map(|leaf| format!("{}{leaf}", before.trim()))
        .collect()
}

/// The module of this crate that a path of `module` leads to.
fn resolve(
    module: &Module,
    path: &str,
    known: &BTreeSet<Module>,
) -> Option<Module> {
    let mut names = path.split("::").map(str::trim).peekable();
    let mut at = match *names.peek()? {
        "crate" => {
            names.next();
            Module::new()
        }
        "self" => {
            names.next();
            module.clone()
        }
        "super" => {
            let mut at = module.clone();
            while names.next_if_eq(&"super").is_some() {
                at.pop();
            }
            at
        }
        child => {
            let path = [module.as_slice(), &[child.to_owned()]].concat();
            if !known.contains(&path) {
                return None;
            }
            module.clone()
        }
    };
    for name in names {
        at.push(name.to_owned());
        if !known.contains(&at) {
            at.pop();
            break;
        }
    }
    Some(at)
}

/// The uses between rooms. The root of a crate, which names what is public, is
/// not a room.
fn rooms(uses: &Uses) -> Uses {
    let room = |module: &Module| -> Module {
        module.iter().take(1).cloned().collect()
    };
    let mut rooms = Uses::new();
    for (module, used) in uses.iter().filter(|(it, _)| !it.is_empty()) {
        let all = rooms.entry(room(module)).or_default();
        let used = used.iter().filter(|it| !it.is_empty()).map(room);
        all.extend(used.filter(|it| *it != room(module)));
    }
    rooms
}

/// The modules that use themselves through others, grouped by circles.
fn circles_of(uses: &Uses) -> Vec<BTreeSet<Module>> {
    let reached = |from: &Module| {
        let mut reached = BTreeSet::new();
        let mut ahead: Vec<_> = uses[from].iter().collect();
        while let Some(module) = ahead.pop() {
            if reached.insert(module.clone()) {
                ahead.extend(uses.get(module).into_iter().flatten());
            }
        }
        reached
    };
    let reached: BTreeMap<_, _> =
        uses.keys().map(|it| (it, reached(it))).collect();
    let circles: BTreeSet<BTreeSet<Module>> = uses
        .keys()
        .filter(|it| reached[it].contains(*it))
        .map(|it| {
            let back = |other: &&Module| reached[*other].contains(it);
            reached[it].iter().filter(back).cloned().collect()
        })
        .collect();
    circles.into_iter().collect()
}

/// The names of the rooms on each floor, the lowest first. A circle is cut at
/// the room that is reached a second time.
fn floors_of(rooms: &Uses) -> Vec<Vec<String>> {
    let mut left: BTreeSet<&Module> = rooms.keys().collect();
    let mut floors = Vec::new();
    while !left.is_empty() {
        let free =
            |it: &&&Module| rooms[**it].iter().all(|used| !left.contains(used));
        let mut floor: Vec<&Module> =
            left.iter().filter(free).copied().collect();
        if floor.is_empty() {
            floor = left.iter().copied().collect();
        }
        left.retain(|it| !floor.contains(it));
        floors.push(floor.iter().map(|it| shown(it)).collect());
    }
    floors
}

fn shown(module: &[String]) -> String {
    if module.is_empty() { "lib".to_owned() } else { module.join("::") }
}
