//! The styles of all printed text: one palette.
//!
//! The stream removes them if they are not wanted (`output`).

use anstyle::{AnsiColor, Style};

/// A result that is as expected.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// A difference whose reason is known.
pub const NOTE: Style = AnsiColor::Yellow.on_default();
/// A claim that does not hold, as expected.
pub const REFUTED: Style = AnsiColor::Magenta.on_default();
/// A result that the user must act on.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Text that is only there to be complete.
pub const FAINT: Style = Style::new().dimmed();
/// The heading of a part.
pub const STRONG: Style = Style::new().bold();
/// Text as the terminal shows it by default.
pub const PLAIN: Style = Style::new();
/// A word of a programming language.
pub const KEYWORD: Style = AnsiColor::Blue.on_default().bold();
/// A text or a number in a program.
pub const LITERAL: Style = AnsiColor::Green.on_default();
/// A comment in a program.
pub const COMMENT: Style = AnsiColor::Cyan.on_default();
