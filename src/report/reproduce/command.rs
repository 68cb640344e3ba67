//! The command that makes the report again.

use super::{Subject, Way};
use crate::model::{CompareOptions, Direction};
use crate::report::sql::{python, shell};

pub(super) fn way(subject: &Subject<'_>) -> Way {
    Way {
        id: "evaldiff",
        tool: "evaldiff",
        needs: "Needs the table's catalog, as the folder of this report's project or evaldiff.toml names it. evaldiff verify, \
                with the folder of this report, recomputes every number and compares every byte.",
        text: command(subject),
    }
}

fn command(subject: &Subject<'_>) -> String {
    let (roles, options) = (subject.roles, subject.options);
    let usual = CompareOptions::default();
    let mut words: Vec<String> = vec!["evaldiff".into()];
    if subject.runs.len() == 1 {
        words.push("report".into());
    }
    words.extend(subject.runs.iter().map(|(_, run)| shell(&run.reference)));
    let mut lines = vec![words.join(" ")];
    let mut flag = |name: &str, value: &str| lines.push(format!("{name}={}", shell(value)));
    flag("--table", subject.table);
    roles.key.iter().for_each(|key| flag("--id", key));
    let one = [
        ("--truth", roles.truth.as_ref()),
        ("--pred", Some(&roles.prediction)),
        ("--conf", roles.confidence.as_ref()),
        ("--status", roles.status.as_ref()),
        ("--error", roles.error.as_ref()),
        ("--latency", roles.latency.as_ref()),
        ("--cost", roles.cost.as_ref()),
        ("--positive", roles.positive.as_ref()),
        ("--positive-label", roles.positive_label.as_ref()),
        ("--repeat", roles.repeat.as_ref()),
        ("--cluster", roles.cluster.as_ref()),
    ];
    for (name, value) in one {
        value.iter().for_each(|value| flag(name, value));
    }
    if let Some(kind) = roles.kind {
        flag("--kind", kind.name());
    }
    for score in &roles.scores {
        let direction = if score.direction == Direction::Lower {
            "lower"
        } else {
            "higher"
        };
        flag("--score", &format!("{}:{direction}", score.column));
    }
    roles.slices.iter().for_each(|slice| flag("--slice", slice));
    roles.show.iter().for_each(|column| flag("--show", column));
    roles.media.iter().for_each(|column| flag("--media", column));
    options.hide.iter().for_each(|column| flag("--hide", column));
    if options.top != usual.top {
        flag("--top", &options.top.to_string());
    }
    if subject.runs.len() == 2 {
        numbers(options, &usual, roles.kind().has_labels())
            .iter()
            .for_each(|(name, value)| flag(name, value));
        options
            .search_columns
            .iter()
            .for_each(|column| flag("--search-column", column));
        if !options.label_map.is_empty() {
            flag("--label-map", "labels.json");
        }
    }
    if options.media.is_some() {
        flag("--media-root", "FOLDER_OF_THE_FILES");
    }
    if options.theme.is_some() {
        flag("--theme", "FOLDER_OF_THE_THEME");
    }
    if options.no_payload {
        lines.push("--no-payload".into());
    }
    if subject.runs.len() == 2 && !options.search {
        lines.push("--no-search".into());
    }
    label_file(options) + &lines.join(" \\\n  ")
}

fn differs(a: f64, b: f64) -> bool {
    (a - b).abs() > 0.0
}

/// Numbers that are not as usual.
fn numbers(options: &CompareOptions, usual: &CompareOptions, labelled: bool) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    if differs(options.alpha, usual.alpha) {
        out.push(("--alpha", options.alpha.to_string()));
    }
    // One flag sets both; without it they differ, or are both nothing where answers are measured.
    let zero = !labelled && !differs(options.min_effect_slice, 0.0);
    if !differs(options.min_effect_slice, options.min_effect_headline) && !zero {
        out.push(("--min-effect", options.min_effect_slice.to_string()));
    }
    if differs(options.tolerance, usual.tolerance) {
        out.push(("--tolerance", options.tolerance.to_string()));
    }
    out.extend(options.margin.map(|margin| ("--margin", margin.to_string())));
    out
}

/// The label map as a file that the command reads.
fn label_file(options: &CompareOptions) -> String {
    if options.label_map.is_empty() {
        return String::new();
    }
    let pairs = options
        .label_map
        .iter()
        .map(|(from, to)| format!("{}: {}", python(from), python(to)));
    let json = format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "));
    format!("printf '%s' {} > labels.json\n", shell(&json))
}
