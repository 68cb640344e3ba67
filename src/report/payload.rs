//! Inputs and outputs of a sample: once where both versions saw the same, else with the changed words marked.

use super::words;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

/// Bytes of one text up to which words are compared; the work can grow with the square of the size, and a time limit
/// would make pages differ from one machine to the next.
const MAX_DIFF: usize = 8_000;

/// One payload column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PayloadView {
    /// Its name.
    pub column: String,
    /// The text, where there is only one.
    pub shared: Option<Vec<Piece>>,
    /// The texts of both versions, where they differ.
    pub sides: Vec<SideText>,
    /// Why changed words are not marked.
    pub note: Option<&'static str>,
}

/// The text of one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SideText {
    /// Which version.
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
    /// Only in the baseline.
    pub removed: bool,
    /// Only in the candidate.
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
    let column = words::visible(column);
    let view = |shared, sides, note| PayloadView {
        column,
        shared,
        sides,
        note,
    };
    let side = |side, text: Option<&str>| SideText {
        side,
        missing: text.is_none(),
        pieces: text.map(plain).unwrap_or_default(),
    };
    match (baseline, candidate) {
        (None, None) => None,
        (Some(a), Some(b)) if a == b => Some(view(Some(plain(a)), Vec::new(), None)),
        (Some(a), Some(b)) if a.len() <= MAX_DIFF && b.len() <= MAX_DIFF => {
            let [a, b] = changed_words(&words::shown(a), &words::shown(b));
            let sides = vec![
                SideText {
                    side: "Baseline",
                    missing: false,
                    pieces: a,
                },
                SideText {
                    side: "Candidate",
                    missing: false,
                    pieces: b,
                },
            ];
            Some(view(None, sides, None))
        }
        (a, b) => {
            let note = (a.is_some() && b.is_some()).then_some("The texts are too long to mark the words that differ.");
            Some(view(None, vec![side("Baseline", a), side("Candidate", b)], note))
        }
    }
}

/// One column of a sample of a single version.
pub fn single(column: &str, text: Option<&str>) -> Option<PayloadView> {
    payload(column, text, text)
}

fn changed_words(a: &str, b: &str) -> [Vec<Piece>; 2] {
    let mut sides = [Vec::new(), Vec::new()];
    for change in TextDiff::from_unicode_words(a, b).iter_all_changes() {
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
}
