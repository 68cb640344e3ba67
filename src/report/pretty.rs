//! JSON laid out with one value a line, keys in the order in which they stand and numbers as they are written; and two
//! texts of JSON written alike as far as they mean the same.

use serde::de::IgnoredAny;
use std::collections::{BTreeMap, VecDeque};

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

/// Two texts of JSON, the second with its keys in the order of the first and new ones last, and equal numbers in both as
/// the first writes them; `None` where that changes nothing, or one is no object or array or too deep.
pub fn alike(old: &str, new: &str) -> Option<[String; 2]> {
    let [old, new] = [read(old)?, read(new)?];
    let mut numbers = Numbers::new();
    note_numbers(&old, &mut numbers);
    let before = [&old, &new].map(|node| written(node, &Numbers::new()));
    let new = arranged(Some(&old), new);
    let after = [&old, &new].map(|node| written(node, &numbers));
    (before != after).then_some(after)
}

/// How deep JSON may be nested to be arranged.
const MAX_DEPTH: usize = 128;

/// A value; names and what is neither object nor array as they are written.
enum Node<'a> {
    Scalar(&'a str),
    Array(Vec<Node<'a>>),
    Object(Vec<(&'a str, Node<'a>)>),
}

/// How a number is written first, by its value.
type Numbers<'a> = BTreeMap<Number, &'a str>;

/// A number exactly: whether it is below zero, its digits without zeros around them, and the power of ten of the last.
type Number = (bool, String, i64);

fn read(text: &str) -> Option<Node<'_>> {
    let is_json = text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok();
    if !is_json {
        return None;
    }
    Reader { text, at: 0 }.node(0)
}

/// Reads a text that is known to be JSON.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn node(&mut self, depth: usize) -> Option<Node<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let open = self.peek()?;
        if open != b'{' && open != b'[' {
            return self.scalar().map(Node::Scalar);
        }
        self.at += 1;
        let (mut members, mut items) = (Vec::new(), Vec::new());
        loop {
            match self.peek()? {
                b',' => self.at += 1,
                b'}' | b']' => break self.at += 1,
                _ if open == b'[' => items.push(self.node(depth + 1)?),
                _ => {
                    let name = self.scalar()?;
                    // The colon.
                    self.peek()?;
                    self.at += 1;
                    members.push((name, self.node(depth + 1)?));
                }
            }
        }
        Some(match open {
            b'[' => Node::Array(items),
            _ => Node::Object(members),
        })
    }

    /// A string, a number or a word.
    fn scalar(&mut self) -> Option<&'a str> {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..)?;
        let length = if rest.first() == Some(&b'"') {
            let mut escaped = false;
            let inside = rest.iter().skip(1).position(|byte| {
                let ends = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                ends
            });
            inside? + 2
        } else {
            let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'}' | b']');
            rest.iter().position(ends).unwrap_or(rest.len())
        };
        self.at += length;
        self.text.get(start..self.at)
    }
}

/// A value with its names in the order of another one; those that the other lacks stand last.
fn arranged<'a>(old: Option<&Node<'_>>, new: Node<'a>) -> Node<'a> {
    match (old, new) {
        (Some(Node::Object(old)), Node::Object(new)) => {
            let mut places: BTreeMap<String, VecDeque<usize>> = BTreeMap::new();
            for (at, (name, _)) in new.iter().enumerate() {
                places.entry(unescaped(name)).or_default().push_back(at);
            }
            let mut new: Vec<Option<(&str, Node<'_>)>> = new.into_iter().map(Some).collect();
            let mut out = Vec::with_capacity(new.len());
            for (name, value) in old {
                let at = places.get_mut(&unescaped(name)).and_then(VecDeque::pop_front);
                let member = at.and_then(|at| new.get_mut(at)).and_then(Option::take);
                out.extend(member.map(|(name, member)| (name, arranged(Some(value), member))));
            }
            out.extend(new.into_iter().flatten());
            Node::Object(out)
        }
        (Some(Node::Array(old)), Node::Array(new)) => {
            // What was added to a list of objects mostly has the names of those before it.
            let arranged = |(at, item)| arranged(old.get(at).or(old.last()), item);
            Node::Array(new.into_iter().enumerate().map(arranged).collect())
        }
        (_, new) => new,
    }
}

/// A name without escapes, by which it is compared.
fn unescaped(name: &str) -> String {
    serde_json::from_str(name).unwrap_or_else(|_| name.to_owned())
}

fn note_numbers<'a>(node: &Node<'a>, numbers: &mut Numbers<'a>) {
    match node {
        Node::Scalar(text) => {
            if let Some(number) = number(text) {
                numbers.entry(number).or_insert(text);
            }
        }
        Node::Array(items) => items.iter().for_each(|item| note_numbers(item, numbers)),
        Node::Object(members) => members.iter().for_each(|(_, value)| note_numbers(value, numbers)),
    }
}

/// A number's value; digits are compared instead of floating-point numbers, of which some long ones are the same.
fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return None;
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let negative = mantissa.starts_with('-');
    let mantissa = mantissa.trim_start_matches('-');
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some((false, String::new(), 0));
    }
    let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let exponent = exponent.checked_add(i64::try_from(digits.len() - significant.len()).ok()?)?;
    Some((negative, significant.to_owned(), exponent))
}

/// A value as JSON without white space.
fn written(node: &Node<'_>, numbers: &Numbers<'_>) -> String {
    let mut out = String::new();
    write(node, numbers, &mut out);
    out
}

fn write(node: &Node<'_>, numbers: &Numbers<'_>, out: &mut String) {
    match node {
        Node::Scalar(text) => {
            let known = (!numbers.is_empty()).then(|| number(text)).flatten();
            out.push_str(known.and_then(|number| numbers.get(&number)).unwrap_or(text));
        }
        Node::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                write(item, numbers, out);
            }
            out.push(']');
        }
        Node::Object(members) => {
            out.push('{');
            for (i, (name, value)) in members.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                out.push_str(name);
                out.push(':');
                write(value, numbers, out);
            }
            out.push('}');
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

    #[test]
    fn a_second_text_follows_the_first_in_the_order_of_keys_and_the_writing_of_numbers() {
        let both = |a: &str, b: &str| alike(a, b).map(|[a, b]| format!("{a} {b}"));
        let cases = [
            (
                r#"{"a":1,"b":[2]}"#,
                r#"{ "b":[2], "a":1 }"#,
                r#"{"a":1,"b":[2]} {"a":1,"b":[2]}"#,
            ),
            ("[1.50]", "[15e-1]", "[1.50] [1.50]"),
            ("[0]", "[-0.0]", "[0] [0]"),
            ("[-7E2]", "[-700.0]", "[-7E2] [-7E2]"),
            // A name that stands twice keeps both of its values, in their order.
            (
                r#"{"b":1,"a":2}"#,
                r#"{"a":3,"a":4,"b":5}"#,
                r#"{"b":1,"a":2} {"b":5,"a":3,"a":4}"#,
            ),
            (
                r#"[{"a\"}":1,"b":2}]"#,
                r#"[{"b":2,"a\"}":1},{"b":3,"c":5,"a\"}":4}]"#,
                r#"[{"a\"}":1,"b":2}] [{"a\"}":1,"b":2},{"a\"}":4,"b":3,"c":5}]"#,
            ),
        ];
        for (a, b, expected) in cases {
            assert_eq!(both(a, b).as_deref(), Some(expected));
        }
        for (a, b) in [
            ("[1]", "[ 1 ]"),
            ("[1]", "[-1]"),
            ("[10]", "[1]"),
            // Equal as floating-point numbers, but not equal.
            ("[9007199254740993]", "[9007199254740992]"),
            (r#"["1"]"#, r#"["1.0"]"#),
            ("[1]", "one"),
            ("[1e99999999999999999999]", "[1]"),
        ] {
            assert_eq!(both(a, b), None, "{a} {b}");
        }
        let deep = |inside: &str| format!("{}{inside}{}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(both(&deep("1"), &deep("1.0")), None);
    }
}
