//! The cells of a matrix: which part of a value is shown, and in how many
//! columns.

use super::Length;
use crate::terminal::text::{Breaks, wrap};
use launchers::matrix::Value;

/// Replaces words that are left out.
const LEFT_OUT: &str = "…";

/// The values as texts. If one is longer than `short`, the words with which all
/// values begin and end are left out.
pub fn differing(values: &[&Value], short: usize) -> Vec<String> {
    let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
    let changed = |index: &usize| matches!(values[*index], Value::Changed(_));
    let all: Vec<usize> = (0..values.len()).filter(changed).collect();
    let mut distinct: Vec<Vec<&str>> =
        all.iter().map(|it| words(&texts[*it])).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let is_long = texts.iter().any(|it| it.chars().count() > short);
    if distinct.len() < 2 || !is_long {
        return texts;
    }
    let first = &distinct[0];
    let shortest = distinct.iter().map(Vec::len).min().unwrap_or(0);
    let begins = |at: &usize| distinct.iter().all(|it| it[*at] == first[*at]);
    let before = (0..shortest).take_while(begins).count();
    let ends = |back: &usize| {
        let last = |it: &Vec<&str>| it[it.len() - 1 - back].to_owned();
        distinct.iter().all(|it| last(it) == last(first))
    };
    // One word that all values have is kept, so that no value is empty.
    let room = shortest - before;
    let behind = (0..room.saturating_sub(1)).take_while(ends).count();
    let before = before.min(shortest.saturating_sub(behind + 1));
    let mut shown = texts.clone();
    for index in all {
        let words = words(&texts[index]);
        let kept = words[before..words.len() - behind].join(" ");
        let mark = |it: usize| if it > 0 { LEFT_OUT } else { "" };
        let parts = [mark(before), &kept, mark(behind)];
        let parts = parts.into_iter().filter(|it| !it.is_empty());
        shown[index] = parts.collect::<Vec<_>>().join(" ");
    }
    shown
}

/// The words of a text; text in brackets is one word.
fn words(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts = text.split(move |it| {
        match it {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        it == ' ' && depth == 0
    });
    parts.collect()
}

/// The widths of columns of the wanted widths in `room`: a column that wants
/// less than its share gets what it wants, the others share the rest.
pub fn widths(wanted: &[usize], room: usize) -> Vec<usize> {
    let mut widths = vec![0; wanted.len()];
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|it| wanted[*it]);
    let mut left = room;
    for (done, index) in order.iter().enumerate() {
        let share = left / (wanted.len() - done);
        widths[*index] = wanted[*index].min(share);
        left -= widths[*index];
    }
    widths
}

/// The lines of each cell. A value that does not fit is cut, unless it would
/// then look like another one.
pub fn cut(
    values: &[String],
    widths: &[usize],
    length: Length,
) -> Vec<Vec<String>> {
    let shortened: Vec<String> = values
        .iter()
        .zip(widths)
        .map(|(value, width)| {
            if value.chars().count() <= *width {
                return value.clone();
            }
            let kept: String =
                value.chars().take(width.saturating_sub(1)).collect();
            format!("{}{LEFT_OUT}", kept.trim_end())
        })
        .collect();
    let stem = |it: &str| it.trim_end_matches(LEFT_OUT).to_owned();
    let is_alone = |index: usize| {
        (0..values.len()).all(|other| {
            values[other] == values[index]
                || !(stem(&shortened[other])
                    .starts_with(&stem(&shortened[index]))
                    || stem(&shortened[index])
                        .starts_with(&stem(&shortened[other])))
        })
    };
    (0..values.len())
        .map(|index| match length {
            Length::Cut if is_alone(index) => vec![shortened[index].clone()],
            _ => wrap(&values[index], widths[index], 1, Breaks::Calls),
        })
        .collect()
}

/// The part of a key before its last dot; all of it if the key is a path.
pub fn family(key: &str) -> &str {
    match key.contains('/') {
        true => key,
        false => key.rsplit_once('.').map_or(key, |(family, _)| family),
    }
}

/// The names of keys of one family: the first one in full, for the others the
/// part after the family.
pub fn joined(keys: &[&str]) -> String {
    let mut text = keys[0].to_owned();
    for key in &keys[1..] {
        text.push(' ');
        text.push_str(&key[family(key).len()..]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str) -> Value {
        Value::Changed(text.to_owned())
    }

    #[test]
    fn the_words_that_differ_are_kept() {
        let one = changed("+ tmpfs tmpfs ro,relatime (super ro) private");
        let other = changed("+ tmpfs tmpfs ro,relatime (super rw) private");
        let shown = differing(&[&one, &other, &Value::Unchanged], 10);
        assert_eq!(shown, ["… (super ro) …", "… (super rw) …", "unchanged"]);
        let longer = changed("+ tmpfs tmpfs ro,relatime (super ro) private x");
        let shown = differing(&[&one, &longer], 10);
        assert_eq!(shown, ["… private", "… private x"]);
        let shown = differing(&[&one, &one], 10);
        assert_eq!(shown, [one.to_string(), one.to_string()]);
        let shown = differing(&[&changed("a b"), &changed("a c")], 10);
        assert_eq!(shown, ["a b", "a c"]);
    }

    #[test]
    fn a_narrow_column_leaves_room_to_others() {
        assert_eq!(widths(&[50, 9], 40), [31, 9]);
        assert_eq!(widths(&[50, 60, 4], 40), [18, 18, 4]);
        assert_eq!(widths(&[5, 6], 40), [5, 6]);
    }

    #[test]
    fn values_that_differ_do_not_look_alike() {
        let values = ["abcdefgh x", "abcdefgh y", "q"].map(str::to_owned);
        let lines = cut(&values, &[5, 5, 5], Length::Cut);
        assert_eq!(lines[0].concat().replace(' ', ""), "abcdefghx");
        assert_eq!(lines[2], ["q"]);
        let values = ["abcdefgh x", "q"].map(str::to_owned);
        let lines = cut(&values, &[5, 5], Length::Cut);
        assert_eq!(lines[0], ["abcd…"]);
    }

    #[test]
    fn keys_of_a_family_stand_together() {
        assert_eq!(family("capabilities.effective"), "capabilities");
        assert_eq!(family("mnt./proc/sys.d"), "mnt./proc/sys.d");
        assert_eq!(joined(&["ns.ipc", "ns.net"]), "ns.ipc .net");
        assert_eq!(joined(&["umask"]), "umask");
    }
}
