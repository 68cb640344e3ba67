//! Sets of rows: bits where there are many, a list where there are few.

/// A set of row numbers below a limit.
#[derive(Clone, Debug)]
pub(super) enum Rows {
    /// One bit per row.
    Bits(Vec<u64>),
    /// Rows in rising order: less memory than bits for less than one in 32.
    List(Vec<u32>),
}

impl Rows {
    /// The set of these rows, in rising order, all below `limit`.
    pub(super) fn new(rows: Vec<u32>, limit: usize) -> Rows {
        if rows.len() < limit / 32 {
            return Rows::List(rows);
        }
        let mut bits = vec![0; limit.div_ceil(64)];
        for row in rows {
            if let Some(word) = bits.get_mut(row as usize / 64) {
                *word |= 1 << (row % 64);
            }
        }
        Rows::Bits(bits)
    }

    /// Rows in both.
    pub(super) fn common(&self, other: &Rows) -> u64 {
        match (self, other) {
            (Rows::Bits(a), Rows::Bits(b)) => a.iter().zip(b).map(|(a, b)| u64::from((a & b).count_ones())).sum(),
            (Rows::List(list), Rows::Bits(bits)) | (Rows::Bits(bits), Rows::List(list)) => {
                list.iter().filter(|row| has(bits, **row)).count() as u64
            }
            (Rows::List(a), Rows::List(b)) => merged(a, b).count() as u64,
        }
    }

    /// The set of rows in both.
    pub(super) fn intersection(&self, other: &Rows) -> Rows {
        match (self, other) {
            (Rows::Bits(a), Rows::Bits(b)) => Rows::Bits(a.iter().zip(b).map(|(a, b)| a & b).collect()),
            (Rows::List(list), Rows::Bits(bits)) | (Rows::Bits(bits), Rows::List(list)) => {
                Rows::List(list.iter().copied().filter(|row| has(bits, *row)).collect())
            }
            (Rows::List(a), Rows::List(b)) => Rows::List(merged(a, b).collect()),
        }
    }

    /// Calls for every row, in rising order.
    pub(super) fn each(&self, mut call: impl FnMut(u32)) {
        match self {
            Rows::List(list) => list.iter().for_each(|row| call(*row)),
            Rows::Bits(bits) => {
                for (base, &word) in (0_u32..).step_by(64).zip(bits) {
                    let mut rest = word;
                    while rest != 0 {
                        call(base + rest.trailing_zeros());
                        rest &= rest - 1;
                    }
                }
            }
        }
    }

    /// What an operation on it costs, in words or rows looked at.
    pub(super) fn work(&self) -> u64 {
        match self {
            Rows::Bits(bits) => bits.len() as u64,
            Rows::List(list) => list.len() as u64,
        }
    }
}

fn has(bits: &[u64], row: u32) -> bool {
    bits.get(row as usize / 64)
        .is_some_and(|word| word >> (row % 64) & 1 == 1)
}

/// Rows in both lists.
fn merged<'a>(a: &'a [u32], b: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    let (few, mut many) = if a.len() < b.len() { (a, b) } else { (b, a) };
    few.iter().copied().filter(move |row| {
        let skip = many.partition_point(|other| other < row);
        many = &many[skip..];
        many.first() == Some(row)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn equal_to_plain_sets(
            a in proptest::collection::btree_set(0_u32..1_000, 0..80),
            b in proptest::collection::btree_set(0_u32..1_000, 0..80),
        ) {
            let rows = |set: &BTreeSet<u32>| Rows::new(set.iter().copied().collect(), 1_000);
            let (x, y) = (rows(&a), rows(&b));
            let expected: Vec<u32> = a.intersection(&b).copied().collect();
            let mut found = Vec::new();
            x.intersection(&y).each(|row| found.push(row));
            prop_assert_eq!(x.common(&y), expected.len() as u64);
            prop_assert_eq!(found, expected);
        }
    }
}
