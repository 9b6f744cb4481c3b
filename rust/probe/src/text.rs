//! Writes bytes as text without loss. Names in the kernel are bytes, readings
//! are lines of text, and neither may corrupt the other.

/// Writes `bytes` as one line of printable text.
///
/// Valid UTF-8 stays as it is, except that a control character, a backslash and
/// every byte that is not part of valid UTF-8 becomes `\ooo`, three octal
/// digits as the kernel writes them. Because the backslash is always escaped,
/// [`bytes`] can undo this.
/// Because the backslash is always escaped, [`bytes`] can undo this.
pub(crate) fn lossless(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '\\' || c.is_control() {
                let mut utf8 = [0; 4];
                octal(&mut text, c.encode_utf8(&mut utf8).as_bytes());
            } else {
                text.push(c);
            }
        }
        octal(&mut text, chunk.invalid());
    }
    text
}

/// The bytes that [`lossless`] wrote as `text`; an invalid escape is kept as it
/// is.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        match unescape(rest) {
            Some((byte, beyond)) => {
                bytes.push(byte);
                rest = beyond;
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

/// Writes `bytes` as text, in which only bytes that are not UTF-8 are escaped.
pub fn utf8(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        octal(&mut text, chunk.invalid());
    }
    text
}

/// Appends every byte of `bytes` to `text` as `\ooo`.
pub(crate) fn octal(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        text.push('\\');
        for shift in [6, 3, 0] {
            text.push(char::from(b'0' + ((byte >> shift) & 7)));
        }
    }
}

/// If `escaped` begins with `\ooo`: that byte, and the bytes after it.
pub(crate) fn unescape(escaped: &[u8]) -> Option<(u8, &[u8])> {
    let [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..] =
        escaped
    else {
        return None;
    };
    Some((((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'), rest))
}

/// The width of a column that holds `words`: that of the widest word, but at
/// most a third of a line, because one long path would push everything else to
/// the right.
pub(crate) fn column<'a>(words: impl Iterator<Item = &'a String>) -> usize {
    const WIDEST: usize = 32;
    words
        .map(|word| word.chars().count())
        .filter(|&width| width <= WIDEST)
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_text_stays_as_it_is() {
        assert_eq!(lossless("a b/größe#,=".as_bytes()), "a b/größe#,=");
    }

    #[test]
    fn what_is_not_printable_is_escaped() {
        assert_eq!(lossless(b"a\nb\\c\xff\x7f"), "a\\012b\\134c\\377\\177");
        assert_eq!(lossless("\u{85}".as_bytes()), "\\302\\205");
    }

    #[test]
    fn an_escape_that_is_not_one_is_kept() {
        assert_eq!(bytes("\\9\\400\\04"), b"\\9\\400\\04");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_come_back(original: Vec<u8>) {
            let text = lossless(&original);
            proptest::prop_assert!(!text.contains(char::is_control));
            proptest::prop_assert_eq!(bytes(&text), original);
        }
    }
}
