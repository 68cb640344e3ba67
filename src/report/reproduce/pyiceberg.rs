//! The numbers as a program for PyIceberg.

use super::query::id;
use super::{Subject, Way};
use crate::model::kind::{LARGEST_NUMBER, ROUNDING};
use crate::model::{Kind, PinnedRun};
use crate::report::sql::python;
use crate::stats::most_within;

pub(super) fn way(subject: &Subject<'_>) -> Way {
    Way {
        id: "pyiceberg",
        tool: "PyIceberg",
        needs: "Needs the table's catalog under the name evaldiff, for instance in .pyiceberg.yaml.",
        text: program(subject),
    }
}

fn program(subject: &Subject<'_>) -> String {
    let roles = subject.roles;
    let labelled = roles.kind().has_labels();
    let map: Vec<String> = subject
        .options
        .label_map
        .iter()
        .map(|(from, to)| format!("{}: {}", python(from), python(to)))
        .collect();
    let label = match map.as_slice() {
        _ if !labelled => String::new(),
        [] => "def label(value):\n    return str(value)\n\n".to_owned(),
        map => format!(
            "def label(value):\n    return {{{}}}.get(str(value), str(value))\n\n",
            map.join(", ")
        ),
    };
    let head = format!(
        "from collections import Counter\n\
         from pyiceberg.catalog import load_catalog\n\
         from pyiceberg.expressions import And, EqualTo, IsNull, Or\n\n\
         table = load_catalog(\"evaldiff\").load_table({})\n\n\
         def key(row):\n    return tuple(row[column] for column in {})\n\n{label}\
         def counts(row):\n    return {}\n\n\
         def value(row):\n    return {}\n\n\
         def samples(snapshot_id, run):\n    \
             rows = table.scan(run, selected_fields={}, snapshot_id=snapshot_id).to_arrow().to_pylist()\n    \
             times = Counter(key(row) for row in rows)\n    \
             return {{key(row): row for row in rows if times[key(row)] == 1 and counts(row)}}\n\n",
        python(subject.table),
        list(&roles.key),
        counts(subject),
        value(subject),
        list(&columns(subject)),
    );
    // Rows without an id or a version are those of the empty one.
    let is = |column: &str, value: &str| match value.is_empty() {
        true => format!("Or(IsNull(\"{column}\"), EqualTo(\"{column}\", \"\"))"),
        false => format!("EqualTo(\"{column}\", {})", python(value)),
    };
    let open = |(name, run): &(&'static str, &PinnedRun)| {
        let one = [is("run_id", &run.run_id), is("model_version", &run.model_version)];
        format!("{name} = samples({}, And({}))\n", id(run), one.join(", "))
    };
    let runs: String = subject.runs.iter().map(open).collect();
    head + &runs + &results(subject)
}

fn results(subject: &Subject<'_>) -> String {
    let total = |version: &str, i: usize| {
        let sum = format!("sum(values[{i}] for values in matched)");
        let total = match subject.roles.kind().has_labels() {
            true => sum,
            false => format!("{sum} / len(matched)"),
        };
        format!("print({}, {total})\n", python(&subject.total(version)))
    };
    let Some(((baseline, _), (candidate, _))) = subject.runs.first().zip(subject.runs.get(1)) else {
        return format!(
            "matched = [(value(row),) for row in run.values()]\nprint(\"n\", len(matched))\n{}",
            total("run", 0)
        );
    };
    let same_truth = match &subject.roles.truth {
        None => String::new(),
        Some(truth) if subject.roles.kind().has_labels() => {
            let truth = python(truth);
            format!(" and label(row[{truth}]) == label(candidate[k][{truth}])")
        }
        Some(truth) => format!(" and row[{0}] == candidate[k][{0}]", python(truth)),
    };
    let (slack, least) = match slack(subject, candidate) {
        Some(slack) => (format!(", {slack}"), "slack"),
        None => (String::new(), "0"),
    };
    let names = if slack.is_empty() { "a, b" } else { "a, b, slack" };
    let (worse, better) = match subject.lower_is_better() {
        true => ("b - a", "a - b"),
        false => ("a - b", "b - a"),
    };
    format!(
        "matched = [(value(row), value({candidate}[k]){slack}) for k, row in {baseline}.items() if k in {candidate}{same_truth}]\n\
         print(\"n\", len(matched))\n{}{}\
         print(\"regressed\", sum({worse} > {least} for {names} in matched))\n\
         print(\"fixed\", sum({better} > {least} for {names} in matched))\n",
        total(baseline, 0),
        total(candidate, 1),
    )
}

/// What a sample may change by without counting: the tolerance, and what rounding leaves.
fn slack(subject: &Subject<'_>, candidate: &str) -> Option<String> {
    let roles = subject.roles;
    let judged = match (roles.kind(), roles.scores.first()) {
        (Kind::Text, Some(score)) => &score.column,
        (Kind::Numeric, _) => &roles.prediction,
        _ => return None,
    };
    let truth = roles.truth.as_ref().filter(|_| roles.kind() == Kind::Numeric);
    let truth = truth.map(|truth| format!("abs(row[{}]), ", python(truth)));
    let (truth, judged) = (truth.unwrap_or_default(), python(judged));
    let tolerance = most_within(subject.options.tolerance);
    Some(format!(
        "max({tolerance}, {ROUNDING:e} * max({truth}abs(row[{judged}]), abs({candidate}[k][{judged}])))"
    ))
}

/// The columns that are read, each once.
fn columns(subject: &Subject<'_>) -> Vec<String> {
    let roles = subject.roles;
    let judged = match roles.scores.first().filter(|_| roles.kind() == Kind::Text) {
        Some(score) => &score.column,
        None => &roles.prediction,
    };
    let mut out: Vec<String> = Vec::new();
    for column in roles
        .key
        .iter()
        .chain(&roles.truth)
        .chain([judged])
        .chain(&roles.status)
    {
        if !out.contains(column) {
            out.push(column.clone());
        }
    }
    out
}

fn counts(subject: &Subject<'_>) -> String {
    let roles = subject.roles;
    let number = |column: &String| {
        let column = python(column);
        format!("row[{column}] is not None and abs(row[{column}]) <= {LARGEST_NUMBER:e}")
    };
    let mut all: Vec<String> = match (roles.kind(), roles.scores.first()) {
        (Kind::Text, Some(score)) => vec![number(&score.column)],
        (Kind::Numeric, _) => roles.truth.iter().chain([&roles.prediction]).map(number).collect(),
        _ => {
            let there = |column: &String| format!("row[{}] is not None", python(column));
            roles.truth.iter().chain([&roles.prediction]).map(there).collect()
        }
    };
    if let Some(status) = &roles.status {
        all.push(format!(
            "(row[{}] or \"ok\").lower() not in (\"error\", \"skipped\")",
            python(status)
        ));
    }
    all.join(" and ")
}

fn value(subject: &Subject<'_>) -> String {
    let roles = subject.roles;
    let prediction = python(&roles.prediction);
    let truth = roles.truth.as_deref().map(python).unwrap_or_default();
    match (roles.kind(), roles.scores.first()) {
        (Kind::Text, Some(score)) => format!("float(row[{}])", python(&score.column)),
        (Kind::Numeric, _) => format!("abs(row[{prediction}] - row[{truth}])"),
        _ => format!("int(label(row[{prediction}]) == label(row[{truth}]))"),
    }
}

/// A tuple of texts.
fn list(texts: &[String]) -> String {
    let texts: String = texts.iter().map(|text| format!("{}, ", python(text))).collect();
    format!("({})", texts.trim_end())
}
