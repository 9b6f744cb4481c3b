//! Colours programs in C, Go and Rust.
//!
//! It colours what the three have in common: comments, literals and keywords. A
//! library that knows the languages would be larger than this command.

use crate::terminal::style::{COMMENT, KEYWORD, LITERAL, PLAIN};
use anstyle::Style;

/// The style of each character.
pub fn styles(text: &[char], keywords: &[&str]) -> Vec<Style> {
    let mut styles = Vec::with_capacity(text.len());
    while styles.len() < text.len() {
        let (length, style) = token(&text[styles.len()..], keywords);
        styles.extend(std::iter::repeat_n(style, length));
    }
    styles
}

/// The length and the style of the first token of a text.
fn token(text: &[char], keywords: &[&str]) -> (usize, Style) {
    let until = |mark: &[char], from: usize| {
        let rest = text.get(from..).unwrap_or(&[]);
        let at = rest.windows(mark.len()).position(|it| it == mark);
        at.map_or(text.len(), |at| from + at + mark.len())
    };
    match text {
        ['/', '/', ..] => {
            let line = text.iter().position(|it| *it == '\n');
            (line.unwrap_or(text.len()), COMMENT)
        }
        ['/', '*', ..] => (until(&['*', '/'], 2), COMMENT),
        ['`', ..] => (until(&['`'], 1), LITERAL),
        ['"', ..] => (quoted(text, '"'), LITERAL),
        // A lifetime of Rust has no second quote.
        ['\'', '\\', ..] | ['\'', _, '\'', ..] => (quoted(text, '\''), LITERAL),
        [first, ..] if first.is_ascii_digit() => (word(text), LITERAL),
        // `#include` and similar lines.
        ['#', next, ..] if next.is_alphabetic() => {
            (1 + word(&text[1..]), KEYWORD)
        }
        [first, ..] if first.is_alphabetic() || *first == '_' => {
            let length = word(text);
            let name: String = text[..length].iter().collect();
            let known = keywords.contains(&name.as_str());
            (length, if known { KEYWORD } else { PLAIN })
        }
        _ => (1, PLAIN),
    }
}

/// The length of the name or number at the beginning, in characters.
fn word(text: &[char]) -> usize {
    text.iter().take_while(|it| it.is_alphanumeric() || **it == '_').count()
}

/// The index of the end of a token that begins with a quote.
fn quoted(text: &[char], quote: char) -> usize {
    let mut escaped = false;
    for (index, letter) in text.iter().enumerate().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            it if *it == quote => return index + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of a text that have this style.
    fn parts(text: &str, wanted: Style) -> Vec<String> {
        let text: Vec<char> = text.chars().collect();
        let styles = styles(&text, &["fn", "return"]);
        assert_eq!(styles.len(), text.len());
        let mut parts: Vec<String> = Vec::new();
        let mut before = PLAIN;
        for (letter, style) in text.iter().zip(styles) {
            if style == wanted && before != wanted {
                parts.push(String::new());
            }
            if let Some(part) = parts.last_mut().filter(|_| style == wanted) {
                part.push(*letter);
            }
            before = style;
        }
        parts
    }

    #[test]
    fn comments_literals_and_keywords_have_different_colours() {
        let text = "fn f<'a>() { return \"a \\\" // b\"; } // fn\n/* 1 */ 0x2f";
        assert_eq!(parts(text, KEYWORD), ["fn", "return"]);
        assert_eq!(parts(text, LITERAL), ["\"a \\\" // b\"", "0x2f"]);
        assert_eq!(parts(text, COMMENT), ["// fn", "/* 1 */"]);
    }

    #[test]
    fn a_token_without_an_end_ends_with_the_text() {
        for text in ["\"x", "/* x", "`x", "'\\", "'", "/", "#"] {
            parts(text, PLAIN);
        }
        assert_eq!(parts("'\\'' 'x' 'life", LITERAL), ["'\\''", "'x'"]);
    }
}
