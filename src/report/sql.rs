//! Names and texts in queries, quoted so that none can end early.

use super::words;
use std::fmt::Write;

/// A name between quotation marks, as DuckDB and Trino read it.
pub fn name(text: &str) -> String {
    format!("\"{}\"", words::visible(text).replace('"', "\"\""))
}

/// Whether a character is not seen, or changes the order in which others are: it is written by its number.
fn is_unseen(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control()
}

/// A text, as DuckDB and Trino read it: a backslash is one.
pub fn text(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' => out.push_str("''"),
            // Writing into a string cannot fail.
            c if is_unseen(c) => drop(write!(out, "' || chr({}) || '", c as u32)),
            c => out.push(c),
        }
    }
    out.push('\'');
    match text.chars().any(is_unseen) {
        true => format!("({out})"),
        false => out,
    }
}

/// A name between backticks, as Spark reads it.
pub fn spark_name(text: &str) -> String {
    format!("`{}`", words::visible(text).replace('`', "``"))
}

/// A text, as Spark reads it.
pub fn spark_text(text: &str) -> String {
    escaped('\'', text)
}

/// A text, as Python reads it.
pub fn python(text: &str) -> String {
    escaped('"', text)
}

/// A text between quotation marks, where a backslash escapes what follows.
fn escaped(mark: char, text: &str) -> String {
    let mut out = String::from(mark);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            c if c == mark || c == '\\' => out.extend(['\\', c]),
            c if is_unseen(c) => drop(write!(out, "\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push(mark);
    out
}

/// A word of a shell, between apostrophes where it needs them.
pub fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", words::visible(text).replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_quotation() {
        assert_eq!(name("a\" OR \"1"), "\"a\"\" OR \"\"1\"");
        assert_eq!(text("it's \\' x"), "'it''s \\'' x'");
        assert_eq!(spark_name("a`b"), "`a``b`");
        assert_eq!(spark_text("it's \\"), "'it\\'s \\\\'");
        assert_eq!(text("a\u{202e}'b\n"), "('a' || chr(8238) || '''b' || chr(10) || '')");
        assert_eq!(spark_text("a\u{202e}\n"), "'a\\u202e\\n'");
        assert_eq!(python("\u{2066}"), "\"\\u2066\"");
        assert_eq!(python("a\"\\\n\u{0}é"), "\"a\\\"\\\\\\n\\u0000é\"");
        assert_eq!(shell("a'b $(c)"), "'a'\\''b $(c)'");
        assert_eq!(shell("eval.predictions"), "eval.predictions");
    }
}
