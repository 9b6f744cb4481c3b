//! Text that is stored without the heap while it is short.

use std::fmt;
use std::io::Write;

use smallvec::SmallVec;

/// Bytes, of which up to 64 are stored in the value itself. The first use of
/// the heap takes four system calls and four page faults, a tenth of a launch.
pub type Text = SmallVec<[u8; 64]>;

/// The text that `format!` would make.
pub fn text(words: fmt::Arguments<'_>) -> Text {
    let mut text = Text::new();
    // A write to memory does not fail.
    let _ = text.write_fmt(words);
    text
}
