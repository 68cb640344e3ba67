//! One column plays one part.

use super::error::IngestError;
use super::roles::{Parts, Side};

/// Refuses columns that were given two parts.
pub(crate) fn check_distinct(parts: &Parts) -> Result<(), IngestError> {
    let mut seen: Vec<(&str, &'static str)> = Vec::new();
    let own = |list: &'_ [(Side, String)]| -> Vec<String> {
        list.iter()
            .filter(|(side, _)| *side == Side::Predictions)
            .map(|(_, name)| name.clone())
            .collect()
    };
    let (slices, show, media) = (own(&parts.slices), own(&parts.show), own(&parts.media));
    let scores = parts.scores.iter().map(|score| (score.column.as_str(), "a score"));
    let single = [
        (&parts.positive, "the probability of the positive class"),
        (&parts.truth, "the ground truth"),
        (&parts.confidence, "the confidence"),
        (&parts.status, "the status"),
        (&parts.error, "the error text"),
        (&parts.latency, "the latency"),
        (&parts.cost, "the cost"),
        (&parts.repeat, "the repeat"),
    ];
    let uses = std::iter::once((parts.prediction.as_str(), "the prediction"))
        .chain(
            single
                .iter()
                .filter_map(|(name, role)| name.as_deref().map(|name| (name, *role))),
        )
        .chain(
            parts
                .key
                .iter()
                .filter(|_| parts.key.len() == 1)
                .map(|name| (name.as_str(), "the key")),
        )
        .chain(scores)
        .chain(slices.iter().map(|name| (name.as_str(), "a slice")))
        .chain(show.iter().map(|name| (name.as_str(), "shown")))
        .chain(media.iter().map(|name| (name.as_str(), "an image or sound")));
    for (column, second) in uses {
        if let Some((_, first)) = seen.iter().find(|(name, _)| *name == column) {
            // A slice may be shown: it is stored once.
            if (*first, second) != ("a slice", "shown") {
                return Err(IngestError::TwoRoles {
                    column: column.to_owned(),
                    first,
                    second,
                });
            }
        }
        seen.push((column, second));
    }
    for name in &parts.key {
        if let Some((column, first)) = seen.iter().find(|(seen, _)| seen == name)
            && parts.key.len() > 1
            && !matches!(*first, "a slice" | "shown")
        {
            return Err(IngestError::TwoRoles {
                column: (*column).to_owned(),
                first,
                second: "a key",
            });
        }
    }
    Ok(())
}
