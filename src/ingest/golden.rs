//! The golden dataset's keys in memory (16 bytes each), so that gaps are known before anything is sorted.

use super::digest::{key_hash, label_hash};

/// Keys and ground truth of a golden dataset, as hashes.
///
/// A key is known by 96 bits of its BLAKE3 hash; 10^8 samples collide with a probability below 10^-12, and the join
/// itself compares whole keys. A label is known by 32 bits, which serve a count only.
#[derive(Default)]
pub(crate) struct GoldenIndex {
    entries: Vec<u128>,
    seen: Vec<u64>,
}

/// What the golden dataset says of one prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    Missing,
    SameTruth,
    OtherTruth,
}

impl GoldenIndex {
    pub(crate) fn push(&mut self, key: &str, truth: Option<&str>) {
        self.entries.push((key_hash(key) << 32) | u128::from(label_hash(truth)));
    }

    /// Ends the collecting; the hash of a key that occurs twice is returned.
    pub(crate) fn seal(&mut self) -> Option<u128> {
        self.entries.sort_unstable();
        self.seen = vec![0; self.entries.len().div_ceil(64)];
        self.entries.windows(2).find_map(|pair| match pair {
            [a, b] if a >> 32 == b >> 32 => Some(a >> 32),
            _ => None,
        })
    }

    /// Looks a prediction up, and remembers that its sample has one.
    pub(crate) fn meet(&mut self, key: &str, truth: Option<&str>) -> Match {
        let hash = key_hash(key);
        let at = self.entries.partition_point(|entry| entry >> 32 < hash);
        let Some(entry) = self.entries.get(at).filter(|entry| *entry >> 32 == hash) else {
            return Match::Missing;
        };
        if let Some(word) = self.seen.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
        if truth.is_none() || entry & 0xffff_ffff == u128::from(label_hash(truth)) {
            Match::SameTruth
        } else {
            Match::OtherTruth
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Samples that no prediction has met.
    pub(crate) fn unmet(&self) -> u64 {
        self.len() - self.seen.iter().map(|word| u64::from(word.count_ones())).sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_met_once_and_truths_compared() {
        let mut index = GoldenIndex::default();
        for (key, truth) in [("b", "x"), ("a", "y"), ("c", "1")] {
            index.push(key, Some(truth));
        }
        assert_eq!(index.seal(), None);
        assert_eq!(index.meet("a", Some("y")), Match::SameTruth);
        assert_eq!(index.meet("b", Some("y")), Match::OtherTruth);
        assert_eq!(index.meet("b", None), Match::SameTruth);
        assert_eq!(index.meet("z", None), Match::Missing);
        assert_eq!((index.len(), index.unmet()), (3, 1));
    }

    #[test]
    fn a_key_that_occurs_twice_is_found() {
        let mut index = GoldenIndex::default();
        index.push("a", None);
        index.push("b", Some("x"));
        index.push("a", Some("x"));
        assert_eq!(index.seal(), Some(key_hash("a")));
    }
}
