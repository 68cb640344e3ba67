//! JSON laid out with one value a line, keys in the order in which they stand and numbers as they are written.

use serde::de::IgnoredAny;

/// How much longer than the text its layout may be: deep nesting is mostly indentation.
const MAX_GROWTH: usize = 4;

/// An object or array laid out; `None` for any other text, and where the layout would be out of proportion.
pub fn pretty(text: &str) -> Option<String> {
    if !text.trim_start().starts_with(['{', '[']) || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return None;
    }
    let most = text.len() * MAX_GROWTH + 1_000;
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut chars = text.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                out.push('"');
                string(&mut chars, &mut out);
            }
            '{' | '[' => {
                out.push(c);
                while chars.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = chars.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(',');
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
        if out.len() > most {
            return None;
        }
    }
    Some(out)
}

/// The rest of a string, its end included.
fn string(chars: &mut impl Iterator<Item = char>, out: &mut String) {
    while let Some(c) = chars.next() {
        out.push(c);
        match c {
            '"' => return,
            '\\' => out.extend(chars.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_and_nothing_in_it_is_changed() {
        let text = r#" {"b":1.50,"a":[ ],"c":["x, {\"y\": 1}\\",null],"d":{"e":-1e9}}"#;
        let expected = "{\n  \"b\": 1.50,\n  \"a\": [],\n  \"c\": [\n    \"x, {\\\"y\\\": 1}\\\\\",\n    null\n  ],\n  \"d\": \
                        {\n    \"e\": -1e9\n  }\n}";
        assert_eq!(pretty(text).as_deref(), Some(expected));
        assert_eq!(pretty(expected).as_deref(), Some(expected));
    }

    #[test]
    fn other_texts_and_layouts_out_of_proportion_are_left_alone() {
        for text in ["", "12", "\"{}\"", "{'a': 1}", "{\"a\": 1} and more", "[1,"] {
            assert_eq!(pretty(text), None, "{text}");
        }
        let deep = format!("{}{}{}", "[".repeat(100), vec!["1"; 3_000].join(","), "]".repeat(100));
        assert_eq!(pretty(&deep), None);
    }
}
