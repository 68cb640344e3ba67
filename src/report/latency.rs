//! How long answers took, and when two versions can be compared in it.

use super::format::{count, counted, milliseconds};
use crate::model::comparison::{Latencies, Latency};
use serde::Serialize;

/// Latencies of one or both versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LatencyView {
    /// What the numbers are, and whether they can be compared.
    pub note: String,
    /// Whether only one version is shown.
    pub single: bool,
    /// Percentiles, then what they stand on.
    pub rows: Vec<LatencyRow>,
}

/// One percentile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LatencyRow {
    /// Its name.
    pub name: &'static str,
    /// The baseline's, or the only one.
    pub baseline: String,
    /// The candidate's.
    pub candidate: String,
}

const WHAT: &str = "Wall time of the request that answered a sample, over all answered samples of a run; it grows with \
                    the samples that a request carries";

/// Both versions side by side.
pub fn pair(latencies: &Latencies) -> LatencyView {
    let sides = [latencies.baseline, latencies.candidate];
    let sizes = sides.map(|side| side.and_then(|latency| latency.batch_size));
    let comparable = match sizes {
        [Some(a), Some(b)] if a == b => format!(", which were {} for half of the samples of both versions", count(a)),
        [Some(a), Some(b)] => format!(
            ". These are not comparable: half of the samples went with {} or fewer in the baseline, {} in the candidate",
            count(a),
            count(b)
        ),
        _ => ". They are comparable only if both runs sent as many samples per request".to_owned(),
    };
    LatencyView {
        note: format!("{WHAT}{comparable}."),
        single: false,
        rows: rows(sides),
    }
}

/// One version.
pub fn single(latency: &Latency) -> LatencyView {
    let size = latency.batch_size.map_or_else(String::new, |size| {
        format!(": {} or fewer for half of the samples", count(size))
    });
    LatencyView {
        note: format!("{WHAT}{size}."),
        single: true,
        rows: rows([Some(*latency), None]),
    }
}

fn rows([baseline, candidate]: [Option<Latency>; 2]) -> Vec<LatencyRow> {
    type Get = fn(&Latency) -> String;
    let all: [(&'static str, Get); 4] = [
        ("Median", |l| milliseconds(Some(l.p50))),
        ("95th percentile", |l| milliseconds(Some(l.p95))),
        ("99th percentile", |l| milliseconds(Some(l.p99))),
        ("Measured on", |l| counted(l.n, "sample", "samples")),
    ];
    let of = |side: Option<Latency>, get: Get| side.as_ref().map_or_else(|| "–".to_owned(), get);
    let row = |(name, get): (&'static str, Get)| LatencyRow {
        name,
        baseline: of(baseline, get),
        candidate: of(candidate, get),
    };
    all.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latency(batch_size: Option<u64>) -> Option<Latency> {
        Some(Latency {
            n: 1500,
            p50: 12.5,
            p95: 20.0,
            p99: 31.5,
            batch_size,
        })
    }

    #[test]
    fn unequal_batches_are_said_not_to_be_comparable() {
        let note = |a, b| {
            let (baseline, candidate) = (latency(a), latency(b));
            pair(&Latencies { baseline, candidate }).note
        };
        assert!(note(Some(64), Some(64)).contains("were 64 for half of the samples of both"));
        assert!(note(Some(64), Some(2048)).contains("not comparable: half of the samples went with 64 or fewer"));
        assert!(note(None, Some(64)).contains("comparable only if"));
    }

    #[test]
    fn a_side_without_latencies_is_a_dash() {
        let view = pair(&Latencies {
            baseline: None,
            candidate: latency(None),
        });
        let first = view.rows.first().unwrap();
        assert_eq!((first.baseline.as_str(), first.candidate.as_str()), ("–", "12.5 ms"));
        assert_eq!(view.rows.last().unwrap().candidate, "1,500 samples");
    }
}
