//! Names and texts in queries, quoted so that none can end early.

use super::words;
use std::fmt::Write;

/// A name between quotation marks, as DuckDB and Trino read it.
pub fn name(text: &str) -> String {
    format!("\"{}\"", words::visible(text).replace('"', "\"\""))
}

/// A text, as DuckDB and Trino read it: a backslash is one.
pub fn text(text: &str) -> String {
    format!("'{}'", words::visible(text).replace('\'', "''"))
}

/// A name between backticks, as Spark reads it.
pub fn spark_name(text: &str) -> String {
    format!("`{}`", words::visible(text).replace('`', "``"))
}

/// A text, as Spark reads it: a backslash escapes what follows.
pub fn spark_text(text: &str) -> String {
    format!("'{}'", words::visible(text).replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A text, as Python reads it.
pub fn python(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            // Writing into a string cannot fail.
            c if c.is_control() => drop(write!(out, "\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
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
        assert_eq!(python("a\"\\\n\u{0}é"), "\"a\\\"\\\\\\n\\u0000é\"");
        assert_eq!(shell("a'b $(c)"), "'a'\\''b $(c)'");
        assert_eq!(shell("eval.predictions"), "eval.predictions");
    }
}
