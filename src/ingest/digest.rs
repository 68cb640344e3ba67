//! Digests of samples that do not depend on the order of rows or columns.

use arrow::array::{Array, StringArray};

use super::values::same_label;

/// The upper 96 bits of a key's BLAKE3 hash.
pub(crate) fn key_hash(key: &str) -> u128 {
    let hash = blake3::hash(key.as_bytes());
    hash.as_bytes()
        .iter()
        .take(12)
        .fold(0, |sum, byte| (sum << 8) | u128::from(*byte))
}

/// 32 bits of a label's BLAKE3 hash; 0 for none.
pub(crate) fn label_hash(label: Option<&str>) -> u32 {
    let Some(label) = label else { return 0 };
    let hash = blake3::hash(same_label(label).as_bytes());
    hash.as_bytes()
        .iter()
        .take(4)
        .fold(0, |sum, byte| (sum << 8) | u32::from(*byte))
}

/// Adds up one BLAKE3 hash per sample as a number modulo 2^256.
#[derive(Clone, Debug, Default)]
pub(crate) struct SampleDigest {
    sum: [u64; 4],
    rows: u64,
}

impl SampleDigest {
    /// Takes in those rows of a batch that `counts` names: their keys, ground truth, and further columns by name.
    pub(crate) fn batch(
        &mut self,
        keys: &StringArray,
        truth: Option<&StringArray>,
        columns: &[(&str, StringArray)],
        mut counts: impl FnMut(usize) -> bool,
    ) {
        let mut order: Vec<&(&str, StringArray)> = columns.iter().collect();
        order.sort_by_key(|(name, _)| *name);
        let mut row_text = Vec::new();
        for row in (0..keys.len()).filter(|row| counts(*row)) {
            row_text.clear();
            field(&mut row_text, Some(keys.value(row)));
            let label = truth
                .filter(|truth| truth.is_valid(row))
                .map(|truth| same_label(truth.value(row)));
            field(&mut row_text, label);
            for (name, column) in &order {
                // A null is as good as no column: a JSON field may be absent.
                if column.is_valid(row) {
                    field(&mut row_text, Some(name));
                    field(&mut row_text, Some(column.value(row)));
                }
            }
            self.add(blake3::hash(&row_text).as_bytes());
        }
    }

    fn add(&mut self, hash: &[u8; 32]) {
        self.rows += 1;
        let mut carry = false;
        for (sum, bytes) in self.sum.iter_mut().zip(hash.chunks_exact(8)) {
            let word = bytes.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte));
            let (first, over) = sum.overflowing_add(word);
            let (second, over_again) = first.overflowing_add(u64::from(carry));
            (*sum, carry) = (second, over || over_again);
        }
    }

    /// `blake3:<hex>` over the sum and the number of samples.
    pub(crate) fn finish(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        self.sum.iter().for_each(|word| {
            hasher.update(&word.to_le_bytes());
        });
        hasher.update(&self.rows.to_le_bytes());
        format!("blake3:{}", hasher.finalize().to_hex())
    }
}

/// Appends a value with its length, so that neighbours cannot run into each other.
fn field(out: &mut Vec<u8>, value: Option<&str>) {
    match value {
        None => out.push(0),
        Some(value) => {
            out.push(1);
            out.extend_from_slice(&(value.len() as u64).to_le_bytes());
            out.extend_from_slice(value.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(keys: &[&str], truth: &[&str], text: &[&str]) -> String {
        let mut digest = SampleDigest::default();
        let truth = StringArray::from(truth.to_vec());
        let columns = [
            ("text", StringArray::from(text.to_vec())),
            ("lang", StringArray::from(text.to_vec())),
        ];
        digest.batch(&StringArray::from(keys.to_vec()), Some(&truth), &columns, |_| true);
        digest.finish()
    }

    #[test]
    fn order_does_not_matter_but_every_value_does() {
        let plain = digest(&["a", "b"], &["x", "y"], &["s", "t"]);
        assert_eq!(plain, digest(&["b", "a"], &["y", "x"], &["t", "s"]));
        assert_ne!(plain, digest(&["a", "b"], &["y", "x"], &["s", "t"]));
        assert_ne!(plain, digest(&["a", "b"], &["x", "y"], &["s", "u"]));
        assert_ne!(plain, digest(&["a", "b", "b"], &["x", "y", "y"], &["s", "t", "t"]));
        assert!(plain.starts_with("blake3:") && plain.len() == 71);
    }
}
