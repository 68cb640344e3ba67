//! Long texts on pages: the beginning, or what differs with what stands around it, and how much is left out.
//!
//! A page has to stay small enough for a phone, whatever a model wrote; the whole text is in a document of the report.

use super::format::counted;
use super::payload::Piece;
use super::words;

/// Characters of a text that a page shows, where its other texts leave room.
pub const MOST: usize = 20_000;
/// The part of them that stays of a stretch that both texts have, at each of its ends.
const AROUND: usize = 20;

/// How much of a text is shown, and where the rest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Characters at most.
    pub most: usize,
    /// The document with the whole text.
    pub file: &'static str,
}

impl Cut {
    /// Texts of samples.
    pub const fn samples(most: usize) -> Cut {
        Cut {
            most,
            file: "data/samples.json",
        }
    }

    /// A text as [`words::shown`] has it, of a long one the beginning and how much more there is.
    pub fn text(self, text: &str) -> String {
        match text.char_indices().nth(self.most) {
            Some((end, _)) => {
                let more = text.get(end..).map_or(0, characters);
                format!("{} {}", words::shown(text.get(..end).unwrap_or(text)), self.more(more))
            }
            None => words::shown(text),
        }
    }

    fn more(self, left_out: usize) -> String {
        let counted = counted(left_out as u64, "character", "characters");
        format!("… {counted} more, in {}", self.file)
    }

    /// The pieces of a text: where it is too long, first what both texts have is left out but for its ends, then the end.
    pub fn pieces(self, pieces: Vec<Piece>) -> Vec<Piece> {
        let total: usize = pieces.iter().map(|piece| characters(&piece.text)).sum();
        if total <= self.most {
            return pieces;
        }
        let whole = pieces.len() < 2;
        let folded = pieces.into_iter().flat_map(|piece| match whole {
            true => vec![piece],
            false => self.folded(piece),
        });
        let (mut room, mut more, mut out) = (self.most, 0, Vec::new());
        for mut piece in folded {
            if piece.left_out {
                // Behind the end it would tell nothing.
                if room > 0 {
                    out.push(piece);
                }
                continue;
            }
            if let Some((end, _)) = piece.text.char_indices().nth(room) {
                more += piece.text.get(end..).map_or(0, characters);
                piece.text.truncate(end);
            }
            room -= characters(&piece.text).min(room);
            if !piece.text.is_empty() {
                out.push(piece);
            }
        }
        if more > 0 {
            out.push(note(format!(" {}", self.more(more))));
        }
        out
    }

    /// What both texts have, without its middle.
    fn folded(self, piece: Piece) -> Vec<Piece> {
        let keep = self.most / AROUND;
        let length = characters(&piece.text);
        // What is left out has to be worth the words that say so.
        if piece.removed || piece.added || length <= 3 * keep + 100 {
            return vec![piece];
        }
        let at = |n: usize| piece.text.char_indices().nth(n).map_or(piece.text.len(), |(at, _)| at);
        let [head, tail] = [at(keep), at(length - keep)];
        let part = |text: Option<&str>| Piece {
            text: text.unwrap_or_default().to_owned(),
            removed: false,
            added: false,
            left_out: false,
        };
        let alike = counted((length - 2 * keep) as u64, "character", "characters");
        vec![
            part(piece.text.get(..head)),
            note(format!(" … {alike} alike on both sides, in {} … ", self.file)),
            part(piece.text.get(tail..)),
        ]
    }
}

fn note(text: String) -> Piece {
    Piece {
        text,
        removed: false,
        added: false,
        left_out: true,
    }
}

fn characters(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::payload;

    const CUT: Cut = Cut::samples(2_000);

    fn texts(pieces: &[Piece]) -> usize {
        let shown = pieces.iter().filter(|piece| !piece.left_out);
        shown.map(|piece| characters(&piece.text)).sum()
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_how_much_is_missing() {
        assert_eq!(CUT.text("short"), "short");
        let long = CUT.text(&"é".repeat(3_234));
        assert!(
            long.ends_with("éé … 1,234 characters more, in data/samples.json"),
            "{long}"
        );
        let view = payload::single("t", Some(&"é".repeat(3_234)), CUT).unwrap();
        let pieces = view.shared.unwrap();
        assert_eq!(texts(&pieces), 2_000);
        assert_eq!(pieces[1].text, " … 1,234 characters more, in data/samples.json");
        assert!(pieces[1].left_out && !pieces[0].left_out);
    }

    #[test]
    fn a_difference_in_the_middle_of_long_texts_is_still_shown() {
        let around = "the same words ".repeat(10_000);
        let [a, b] = ["red", "blue"].map(|word| format!("{around}{word} {around}"));
        let view = payload::payload("t", Some(&a), Some(&b), CUT).unwrap();
        for side in &view.sides {
            assert!(texts(&side.pieces) <= CUT.most);
            let marked = side.pieces.iter().find(|piece| piece.removed || piece.added).unwrap();
            assert!(["red", "blue"].contains(&marked.text.as_str()));
            let left_out = side.pieces.iter().filter(|piece| piece.left_out);
            assert_eq!(left_out.count(), 2);
        }
    }

    #[test]
    fn texts_that_differ_all_over_and_json_are_cut_as_well() {
        let [a, b] = ["a", "b"].map(|word| word.repeat(1_000_000));
        let json = |n: usize| format!("[{}]", vec![n.to_string(); 100_000].join(","));
        for (a, b) in [(a, b), (json(1), json(2))] {
            let view = payload::payload("t", Some(&a), Some(&b), CUT).unwrap();
            for side in &view.sides {
                assert_eq!(texts(&side.pieces), CUT.most);
                assert!(side.pieces.last().unwrap().text.contains("characters more"));
            }
        }
    }
}
