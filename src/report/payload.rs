//! Inputs and outputs of a sample: once where both versions saw the same, else with the changed words marked.

use super::cut::Cut;
use super::pretty::{self, pretty};
use super::words;
use serde::Serialize;
use similar::{Change, ChangeTag, TextDiff};

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
    /// Why changed words are not marked, and what was done to the texts.
    pub notes: Vec<&'static str>,
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
    /// Not of the text: says what the page leaves out of it.
    pub left_out: bool,
}

fn plain(text: &str) -> Piece {
    Piece {
        text: text.to_owned(),
        removed: false,
        added: false,
        left_out: false,
    }
}

/// One column of a sample; none where neither version has a text.
pub fn payload(column: &str, baseline: Option<&str>, candidate: Option<&str>, cut: Cut) -> Option<PayloadView> {
    compare(column, ("Baseline", baseline), ("Candidate", candidate), cut)
}

/// Two texts; none where there is neither. JSON is laid out, if both are.
pub fn compare(
    column: &str,
    old: (&'static str, Option<&str>),
    new: (&'static str, Option<&str>),
    cut: Cut,
) -> Option<PayloadView> {
    let Some((texts, alike)) = laid_out(old.1, new.1) else {
        return view(column, old, new, changed_words, cut);
    };
    let [a, b] = &texts;
    let view = view(column, (old.0, Some(a)), (new.0, Some(b)), changed_lines, cut)?;
    let note = match (a == b, alike) {
        _ if old.1 == new.1 => None,
        (true, false) => Some("They differ in white space alone."),
        (true, true) => Some("They differ in the order of keys, the writing of numbers or white space alone."),
        (false, true) => Some("Keys stand in the same order on both sides, and equal numbers are written alike."),
        (false, false) => None,
    };
    Some(PayloadView {
        json: true,
        notes: note.into_iter().chain(view.notes).collect(),
        ..view
    })
}

/// Both texts laid out, if both are JSON, and whether anything in them was written alike for it.
fn laid_out(old: Option<&str>, new: Option<&str>) -> Option<([String; 2], bool)> {
    let (old, new) = (old?, new?);
    if old == new {
        let text = pretty(old)?;
        return Some(([text.clone(), text], false));
    }
    match pretty::alike(old, new) {
        Some(texts) => {
            let [a, b] = [&texts[0], &texts[1]].map(|text| pretty(text));
            Some(([a?, b?], true))
        }
        None => Some(([pretty(old)?, pretty(new)?], false)),
    }
}

/// What differs between two texts, marked in each.
type Changed = fn(&str, &str) -> [Vec<Piece>; 2];

fn view(
    column: &str,
    old: (&'static str, Option<&str>),
    new: (&'static str, Option<&str>),
    changed: Changed,
    cut: Cut,
) -> Option<PayloadView> {
    let column = words::visible(column);
    let view = |shared, sides, note: Option<&'static str>| PayloadView {
        column,
        json: false,
        shared,
        sides,
        notes: note.into_iter().collect(),
    };
    let plain = |text: &str| cut.pieces(vec![plain(&words::shown(text))]);
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
                pieces: cut.pieces(pieces),
            });
            Some(view(None, sides.to_vec(), note))
        }
        _ => Some(view(None, vec![side(old), side(new)], None)),
    }
}

/// One column of a sample of a single version.
pub fn single(column: &str, text: Option<&str>, cut: Cut) -> Option<PayloadView> {
    payload(column, text, text, cut)
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
            removed,
            added: !removed,
            ..plain(text)
        };
        let whole = [vec![whole(inner[0], true)], vec![whole(inner[1], false)]];
        (
            whole,
            Some("Too much differs to mark single words: all between the first and the last difference is marked."),
        )
    };
    let sides = middles.map(|middle| {
        let mut pieces = Vec::new();
        let around = [vec![plain(&a[..head])], middle, vec![plain(&a[a.len() - tail..])]];
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
    sides(&TextDiff::from_unicode_words(a, b), |change| [change.value(); 2])
}

/// Line by line; a comma at the end says only that something follows, which is no change of the line.
fn changed_lines(a: &str, b: &str) -> [Vec<Piece>; 2] {
    let whole = [a, b].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let bare = |line: &&'_ str| -> usize { line.trim_end_matches('\n').trim_end_matches(',').len() };
    let [old, new] = [&whole[0], &whole[1]].map(|lines| {
        let bare = lines.iter().map(|line| &line[..bare(line)]);
        bare.collect::<Vec<_>>()
    });
    let line = |side: usize, at: Option<usize>| at.and_then(|at| whole[side].get(at).copied()).unwrap_or_default();
    sides(&TextDiff::from_slices(&old, &new), |change| {
        [line(0, change.old_index()), line(1, change.new_index())]
    })
}

/// The pieces of both sides; `texts` gives what a change stands for in each.
fn sides<'a, 'b>(
    diff: &TextDiff<'a, 'a, 'a, str>,
    texts: impl Fn(&Change<&'a str>) -> [&'b str; 2],
) -> [Vec<Piece>; 2] {
    let mut sides = [Vec::new(), Vec::new()];
    for change in diff.iter_all_changes() {
        let [old, new] = texts(&change);
        let piece = |text, removed, added| Piece {
            removed,
            added,
            ..plain(text)
        };
        match change.tag() {
            ChangeTag::Equal => {
                push(&mut sides[0], piece(old, false, false));
                push(&mut sides[1], piece(new, false, false));
            }
            ChangeTag::Delete => push(&mut sides[0], piece(old, true, false)),
            ChangeTag::Insert => push(&mut sides[1], piece(new, false, true)),
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
    use crate::report::cut::MOST;

    const CUT: Cut = Cut::samples(MOST);

    #[test]
    fn equal_texts_stand_once_and_others_show_what_differs() {
        assert!(payload("t", None, None, CUT).is_none());
        assert!(payload("t", Some("a b"), Some("a b"), CUT).unwrap().sides.is_empty());
        let view = payload("t", Some("a red cat"), Some("a blue cat"), CUT).unwrap();
        let texts: Vec<_> = view.sides[1]
            .pieces
            .iter()
            .map(|p| (p.text.as_str(), p.added))
            .collect();
        assert_eq!(texts, [("a ", false), ("blue", true), (" cat", false)]);
        let long = "x".repeat(MAX_DIFF + 1);
        assert!(payload("t", Some(&long), Some("y"), CUT).unwrap().notes.len() == 1);
        assert!(payload("t", None, Some("y"), CUT).unwrap().sides[0].missing);
    }

    #[test]
    fn json_is_compared_value_by_value_in_the_order_of_its_keys() {
        let view = payload("t", Some(r#"{"b": 1, "a": [1, 2]}"#), Some(r#"{"b":1,"a":[1,3]}"#), CUT).unwrap();
        assert!(view.json);
        let marked = |side: usize| {
            let pieces = view.sides[side].pieces.iter().filter(|p| p.added || p.removed);
            pieces.map(|p| p.text.clone()).collect::<Vec<_>>()
        };
        assert_eq!([marked(0), marked(1)], [["    2\n"], ["    3\n"]]);
        let same = payload("t", Some("[1,2]"), Some("[1, 2]"), CUT).unwrap();
        assert!(same.sides.is_empty() && same.notes.len() == 1);
        assert!(!payload("t", Some("[1]"), Some("none"), CUT).unwrap().json);
    }

    #[test]
    fn json_that_means_the_same_is_not_marked() {
        let marked = |view: &PayloadView, side: usize| {
            let pieces = view.sides[side].pieces.iter().filter(|p| p.added || p.removed);
            pieces.map(|p| p.text.clone()).collect::<String>()
        };
        let old = r#"{"a": 1, "b": {"x": 1.0, "y": [{"k": 1, "l": 2}]}, "c": 100}"#;
        let new = r#"{"c": 1e2, "b": {"y": [{"l": 2.0, "k": 1}], "x": 1}, "a": 1.00}"#;
        let view = payload("t", Some(old), Some(new), CUT).unwrap();
        assert!(view.sides.is_empty() && view.notes[0].contains("order of keys"));
        // What is new stands last, and that it follows does not mark the line before it.
        let view = payload("t", Some(r#"{"a":1,"b":2}"#), Some(r#"{"new":3,"b":2,"a":1}"#), CUT).unwrap();
        assert_eq!([marked(&view, 0), marked(&view, 1)], ["", "  \"new\": 3\n"]);
        assert!(view.notes[0].contains("same order"));
        let lost = payload("t", Some(r#"{"a":1,"b":2}"#), Some(r#"{"a":1}"#), CUT).unwrap();
        assert_eq!([marked(&lost, 0), marked(&lost, 1)], ["  \"b\": 2\n", ""]);
        let texts = lost.sides[1].pieces.iter().map(|p| p.text.as_str()).collect::<String>();
        assert_eq!(texts, "{\n  \"a\": 1\n}");
    }
}
