//! The numbers as one query: DuckDB, Spark SQL, Trino.

use super::{Subject, Way};
use crate::model::kind::{LARGEST_NUMBER, ROUNDING};
use crate::model::{Kind, PinnedRun};
use crate::report::sql;
use crate::stats::most_within;
use std::collections::BTreeMap;

/// How an engine writes what they all can say.
struct Dialect {
    name: fn(&str) -> String,
    text: fn(&str) -> String,
    string: &'static str,
    /// The rows of the table as of a snapshot.
    scan: fn(&Subject<'_>, &PinnedRun) -> String,
}

const DUCKDB: Dialect = Dialect {
    name: sql::name,
    text: sql::text,
    string: "VARCHAR",
    scan: |_, run| {
        let folder = sql::text(table_folder(run));
        format!("iceberg_scan({folder}, snapshot_from_id = {})", id(run))
    },
};

const SPARK: Dialect = Dialect {
    name: sql::spark_name,
    text: sql::spark_text,
    string: "STRING",
    scan: |subject, run| format!("{} VERSION AS OF {}", qualified(subject, sql::spark_name), id(run)),
};

const TRINO: Dialect = Dialect {
    name: sql::name,
    text: sql::text,
    string: "VARCHAR",
    scan: |subject, run| format!("{} FOR VERSION AS OF {}", qualified(subject, sql::name), id(run)),
};

pub(super) fn ways(subject: &Subject<'_>) -> Vec<Way> {
    vec![
        Way {
            id: "duckdb",
            tool: "DuckDB",
            needs: "Needs its extension iceberg (INSTALL iceberg; LOAD iceberg;) and access to the table's folder, in which it \
                    looks for the newest metadata file. The path of any metadata file that has the snapshot does as well.",
            text: format!(
                "SET unsafe_enable_version_guessing = true;\n\n{}",
                query(subject, &DUCKDB)
            ),
        },
        Way {
            id: "spark",
            tool: "Spark SQL",
            needs: "Needs the table's catalog under the name evaldiff.",
            text: query(subject, &SPARK),
        },
        Way {
            id: "trino",
            tool: "Trino",
            needs: "Needs the table's catalog under the name evaldiff.",
            text: query(subject, &TRINO),
        },
    ]
}

/// A snapshot's id is digits; what is not comes from a document that somebody changed.
pub(super) fn id(run: &PinnedRun) -> i64 {
    run.snapshot_id.parse().unwrap_or_default()
}

/// The table's folder, told by where a manifest list lies: the location of the metadata file moves with each commit.
fn table_folder(run: &PinnedRun) -> &str {
    let list = run.manifest_list.strip_prefix("file://").unwrap_or(&run.manifest_list);
    list.rsplit_once("/metadata/").map_or(list, |(folder, _)| folder)
}

fn qualified(subject: &Subject<'_>, name: fn(&str) -> String) -> String {
    let parts = ["evaldiff"].into_iter().chain(subject.table.split('.'));
    parts.map(name).collect::<Vec<_>>().join(".")
}

fn query(subject: &Subject<'_>, dialect: &Dialect) -> String {
    let runs: Vec<String> = subject
        .runs
        .iter()
        .map(|(alias, run)| format!("{alias} AS (\n{}\n)", one_run(subject, dialect, run)))
        .collect();
    let runs = runs.join(", ");
    let Some(((baseline, _), (candidate, _))) = subject.runs.first().zip(subject.runs.get(1)) else {
        let total = total(subject, &format!("({})", value(subject, "a")), "run");
        return format!(
            "WITH {runs}\nSELECT count(*) AS n, {total}\nFROM run AS a\nWHERE {};",
            counts(subject, "a")
        );
    };
    let keys = (1..=subject.roles.key.len()).map(|i| format!("a.key_{i} = b.key_{i}"));
    let same_truth = match (subject.roles.kind(), &subject.roles.truth) {
        (_, None) => String::new(),
        (Kind::Text, Some(_)) => "\n    AND a.truth IS NOT DISTINCT FROM b.truth".to_owned(),
        _ => "\n    AND a.truth = b.truth".to_owned(),
    };
    let matched = format!(
        "matched AS (\n  SELECT {} AS {baseline}, {} AS {candidate}{}\n  FROM {baseline} AS a JOIN {candidate} AS b ON {}\n  \
         WHERE {}\n    AND {}{same_truth}\n)",
        value(subject, "a"),
        value(subject, "b"),
        slack(subject).map_or_else(String::new, |slack| format!(",\n    {slack} AS slack")),
        keys.collect::<Vec<_>>().join(" AND "),
        counts(subject, "a"),
        counts(subject, "b"),
    );
    let (worse, better) = changed(subject, baseline, candidate);
    format!(
        "WITH {runs}, {matched}\nSELECT count(*) AS n,\n  {},\n  {},\n  sum(CASE WHEN {worse} THEN 1 ELSE 0 END) AS \
         regressed,\n  sum(CASE WHEN {better} THEN 1 ELSE 0 END) AS fixed\nFROM matched;",
        total(subject, baseline, baseline),
        total(subject, candidate, candidate),
    )
}

/// The samples of one run; a key that stands twice is none.
fn one_run(subject: &Subject<'_>, dialect: &Dialect, run: &PinnedRun) -> String {
    let (roles, name) = (subject.roles, dialect.name);
    let mut columns: Vec<String> = roles
        .key
        .iter()
        .enumerate()
        .map(|(i, key)| format!("{} AS key_{}", name(key), i + 1))
        .collect();
    let keys: Vec<String> = (1..=roles.key.len()).map(|i| i.to_string()).collect();
    let mut add = |text: String, alias: &str| columns.push(format!("min({text}) AS {alias}"));
    let string = |column: &String| format!("CAST({} AS {})", name(column), dialect.string);
    let double = |column: &String| format!("CAST({} AS DOUBLE)", name(column));
    match (roles.kind(), roles.scores.first()) {
        (Kind::Numeric, _) => {
            roles.truth.iter().for_each(|truth| add(double(truth), "truth"));
            add(double(&roles.prediction), "prediction");
        }
        (Kind::Text, Some(score)) => {
            roles.truth.iter().for_each(|truth| add(string(truth), "truth"));
            add(double(&score.column), "score");
        }
        _ => {
            let label = |column| unified(&string(column), &subject.options.label_map, dialect);
            roles.truth.iter().for_each(|truth| add(label(truth), "truth"));
            add(label(&roles.prediction), "prediction");
        }
    }
    if let Some(status) = &roles.status {
        add(format!("lower({})", string(status)), "status");
    }
    // Rows without an id or a version are those of the empty one.
    let is = |column: &str, value: &str| match value.is_empty() {
        true => format!("coalesce({}, '') = ''", name(column)),
        false => format!("{} = {}", name(column), (dialect.text)(value)),
    };
    format!(
        "  SELECT {}\n  FROM {}\n  WHERE {} AND {}\n  GROUP BY {}\n  HAVING count(*) = 1",
        columns.join(", "),
        (dialect.scan)(subject, run),
        is("run_id", &run.run_id),
        is("model_version", &run.model_version),
        keys.join(", "),
    )
}

/// A label under the label map.
fn unified(label: &str, map: &BTreeMap<String, String>, dialect: &Dialect) -> String {
    if map.is_empty() {
        return label.to_owned();
    }
    let text = dialect.text;
    let cases: String = map
        .iter()
        .map(|(from, to)| format!(" WHEN {} THEN {}", text(from), text(to)))
        .collect();
    format!("CASE {label}{cases} ELSE {label} END")
}

/// Whether a sample of one run can be judged.
fn counts(subject: &Subject<'_>, of: &str) -> String {
    let there: &[&str] = match subject.roles.kind() {
        Kind::Text => &["score"],
        _ => &["truth", "prediction"],
    };
    let is_there = |column: &&str| match subject.roles.kind().has_labels() {
        true => format!("{of}.{column} IS NOT NULL"),
        false => format!("abs({of}.{column}) <= {LARGEST_NUMBER:e}"),
    };
    let mut all: Vec<String> = there.iter().map(is_there).collect();
    if subject.roles.status.is_some() {
        all.push(format!("coalesce({of}.status, 'ok') NOT IN ('error', 'skipped')"));
    }
    all.join(" AND ")
}

/// What a sample is judged by.
fn value(subject: &Subject<'_>, of: &str) -> String {
    match subject.roles.kind() {
        Kind::Numeric => format!("abs({of}.prediction - {of}.truth)"),
        Kind::Text => format!("{of}.score"),
        Kind::Classification | Kind::Binary => format!("CASE WHEN {of}.prediction = {of}.truth THEN 1 ELSE 0 END"),
    }
}

fn total(subject: &Subject<'_>, column: &str, version: &str) -> String {
    let function = if subject.roles.kind().has_labels() {
        "sum"
    } else {
        "avg"
    };
    format!("{function}({column}) AS {}", subject.total(version))
}

/// What a sample may change by without counting: the tolerance, and what rounding leaves.
fn slack(subject: &Subject<'_>) -> Option<String> {
    let numbers: &[&str] = match subject.roles.kind() {
        Kind::Numeric => &["a.truth", "a.prediction", "b.prediction"],
        Kind::Text => &["a.score", "b.score"],
        Kind::Classification | Kind::Binary => return None,
    };
    let sizes: Vec<String> = numbers.iter().map(|number| format!("abs({number})")).collect();
    let tolerance = most_within(subject.options.tolerance);
    Some(format!(
        "greatest({tolerance}, {ROUNDING:e} * greatest({}))",
        sizes.join(", ")
    ))
}

/// Conditions for worse and for better.
fn changed(subject: &Subject<'_>, baseline: &str, candidate: &str) -> (String, String) {
    let slack = if subject.roles.kind().has_labels() {
        "0"
    } else {
        "slack"
    };
    let less = |a: &str, b: &str| format!("{a} - {b} > {slack}");
    let (fell, rose) = (less(baseline, candidate), less(candidate, baseline));
    if subject.lower_is_better() {
        (rose, fell)
    } else {
        (fell, rose)
    }
}
