//! Inputs and outputs of a sample: once where both versions saw the same, else with the changed words marked.

use super::pretty::pretty;
use super::words;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

/// Bytes up to which words are compared, of what differs between two texts; the work can grow with the square of the size,
/// and a time limit would make pages differ from one machine to the next.
const MAX_DIFF: usize = 8_000;

/// One payload column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PayloadView {
    /// Its name.
    pub column: String,
    /// Whether the text is JSON, laid out with a value a line.
    pub json: bool,
    /// The text, where there is only one.
    pub shared: Option<Vec<Piece>>,
    /// The texts of both versions, where they differ.
    pub sides: Vec<SideText>,
    /// Why changed words are not marked.
    pub note: Option<&'static str>,
}

/// One of two texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SideText {
    /// Which one.
    pub side: &'static str,
    /// Whether there is no text.
    pub missing: bool,
    /// The text in pieces.
    pub pieces: Vec<Piece>,
}

/// A piece of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Only in the first.
    pub removed: bool,
    /// Only in the second.
    pub added: bool,
}

fn plain(text: &str) -> Vec<Piece> {
    vec![Piece {
        text: words::shown(text),
        removed: false,
        added: false,
    }]
}

/// One column of a sample; none where neither version has a text.
pub fn payload(column: &str, baseline: Option<&str>, candidate: Option<&str>) -> Option<PayloadView> {
    compare(column, ("Baseline", baseline), ("Candidate", candidate))
}

/// Two texts; none where there is neither. JSON is laid out, if both are.
pub fn compare(
    column: &str,
    old: (&'static str, Option<&str>),
    new: (&'static str, Option<&str>),
) -> Option<PayloadView> {
    if let [Some(a), Some(b)] = [old.1, new.1].map(|text| text.and_then(pretty)) {
        let view = view(column, (old.0, Some(&a)), (new.0, Some(&b)), changed_lines)?;
        let same = old.1 != new.1 && a == b;
        return Some(PayloadView {
            json: true,
            note: if same {
                Some("They differ in white space alone.")
            } else {
                view.note
            },
            ..view
        });
    }
    view(column, old, new, changed_words)
}

/// What differs between two texts, marked in each.
type Changed = fn(&str, &str) -> [Vec<Piece>; 2];

fn view(
    column: &str,
    old: (&'static str, Option<&str>),
    new: (&'static str, Option<&str>),
    changed: Changed,
) -> Option<PayloadView> {
    let column = words::visible(column);
    let view = |shared, sides, note| PayloadView {
        column,
        json: false,
        shared,
        sides,
        note,
    };
    let side = |(side, text): (&'static str, Option<&str>)| SideText {
        side,
        missing: text.is_none(),
        pieces: text.map(plain).unwrap_or_default(),
    };
    match (old.1, new.1) {
        (None, None) => None,
        (Some(a), Some(b)) if a == b => Some(view(Some(plain(a)), Vec::new(), None)),
        (Some(a), Some(b)) => {
            let ([a, b], note) = marked(&words::shown(a), &words::shown(b), changed);
            let sides = [(old.0, a), (new.0, b)].map(|(side, pieces)| SideText {
                side,
                missing: false,
                pieces,
            });
            Some(view(None, sides.to_vec(), note))
        }
        _ => Some(view(None, vec![side(old), side(new)], None)),
    }
}

/// One column of a sample of a single version.
pub fn single(column: &str, text: Option<&str>) -> Option<PayloadView> {
    payload(column, text, text)
}

/// Both texts with what differs marked: word by word, or as one piece where that would take too long.
fn marked(a: &str, b: &str, changed: Changed) -> ([Vec<Piece>; 2], Option<&'static str>) {
    if a.len() <= MAX_DIFF && b.len() <= MAX_DIFF {
        return (changed(a, b), None);
    }
    let (head, tail) = common(a, b);
    let inner = [&a[head..a.len() - tail], &b[head..b.len() - tail]];
    let (middles, note) = if inner.iter().all(|text| text.len() <= MAX_DIFF) {
        (changed(inner[0], inner[1]), None)
    } else {
        let whole = |text: &str, removed| Piece {
            text: text.to_owned(),
            removed,
            added: !removed,
        };
        let whole = [vec![whole(inner[0], true)], vec![whole(inner[1], false)]];
        (
            whole,
            Some("Too much differs to mark single words: all between the first and the last difference is marked."),
        )
    };
    let shared = |text: &str| Piece {
        text: text.to_owned(),
        removed: false,
        added: false,
    };
    let sides = middles.map(|middle| {
        let mut pieces = Vec::new();
        let around = [vec![shared(&a[..head])], middle, vec![shared(&a[a.len() - tail..])]];
        let all = around.into_iter().flatten().filter(|piece| !piece.text.is_empty());
        all.for_each(|piece| push(&mut pieces, piece));
        pieces
    });
    (sides, note)
}

/// Bytes that two texts have in common at their beginning and at their end, whole words only.
fn common(a: &str, b: &str) -> (usize, usize) {
    let head = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let head = a.as_bytes()[..head]
        .iter()
        .rposition(|byte| *byte == b' ' || *byte == b'\n');
    let head = head.map_or(0, |at| at + 1);
    let (a, b) = (&a.as_bytes()[head..], &b.as_bytes()[head..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let rest = &a[a.len() - tail..];
    let tail = rest
        .iter()
        .position(|byte| *byte == b' ' || *byte == b'\n')
        .map_or(0, |at| tail - at);
    (head, tail)
}

fn changed_words(a: &str, b: &str) -> [Vec<Piece>; 2] {
    sides(&TextDiff::from_unicode_words(a, b))
}

fn changed_lines(a: &str, b: &str) -> [Vec<Piece>; 2] {
    sides(&TextDiff::from_lines(a, b))
}

fn sides<'a>(diff: &TextDiff<'a, 'a, 'a, str>) -> [Vec<Piece>; 2] {
    let mut sides = [Vec::new(), Vec::new()];
    for change in diff.iter_all_changes() {
        let piece = |removed, added| Piece {
            text: change.value().to_owned(),
            removed,
            added,
        };
        match change.tag() {
            ChangeTag::Equal => {
                push(&mut sides[0], piece(false, false));
                push(&mut sides[1], piece(false, false));
            }
            ChangeTag::Delete => push(&mut sides[0], piece(true, false)),
            ChangeTag::Insert => push(&mut sides[1], piece(false, true)),
        }
    }
    sides
}

fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    match pieces.last_mut() {
        Some(last) if last.removed == piece.removed && last.added == piece.added => last.text.push_str(&piece.text),
        _ => pieces.push(piece),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_stand_once_and_others_show_what_differs() {
        assert!(payload("t", None, None).is_none());
        assert!(payload("t", Some("a b"), Some("a b")).unwrap().sides.is_empty());
        let view = payload("t", Some("a red cat"), Some("a blue cat")).unwrap();
        let texts: Vec<_> = view.sides[1]
            .pieces
            .iter()
            .map(|p| (p.text.as_str(), p.added))
            .collect();
        assert_eq!(texts, [("a ", false), ("blue", true), (" cat", false)]);
        let long = "x".repeat(MAX_DIFF + 1);
        assert!(payload("t", Some(&long), Some("y")).unwrap().note.is_some());
        assert!(payload("t", None, Some("y")).unwrap().sides[0].missing);
    }

    #[test]
    fn json_is_compared_value_by_value_in_the_order_of_its_keys() {
        let view = payload("t", Some(r#"{"b": 1, "a": [1, 2]}"#), Some(r#"{"b":1,"a":[1,3]}"#)).unwrap();
        assert!(view.json);
        let marked = |side: usize| {
            let pieces = view.sides[side].pieces.iter().filter(|p| p.added || p.removed);
            pieces.map(|p| p.text.clone()).collect::<Vec<_>>()
        };
        assert_eq!([marked(0), marked(1)], [["    2\n"], ["    3\n"]]);
        let same = payload("t", Some("[1,2]"), Some("[1, 2]")).unwrap();
        assert!(same.sides.is_empty() && same.note.is_some());
        assert!(!payload("t", Some("[1]"), Some("none")).unwrap().json);
    }
}
