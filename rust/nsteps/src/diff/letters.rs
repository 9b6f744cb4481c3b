//! The short names of launchers in reports.

/// The short name of a launcher in reports: A to Z, then AA, AB and so on.
pub fn letter(index: usize) -> String {
    let last = char::from(b'A' + (index % 26) as u8);
    match index / 26 {
        0 => last.to_string(),
        round => format!("{}{last}", letter(round - 1)),
    }
}

/// The short names of some launchers, with spaces between them.
pub fn letters(indices: &[usize]) -> String {
    let names: Vec<String> = indices.iter().map(|it| letter(*it)).collect();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_do_not_repeat() {
        assert_eq!(
            [0, 25, 26, 51, 52].map(letter),
            ["A", "Z", "AA", "AZ", "BA"]
        );
    }
}
