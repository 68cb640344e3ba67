//! The lists of samples: by ground truth and answers, and what slices have in common.

use crate::harness::Project;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const LABELS: [&str; 3] = ["bad", "mid", "good"];

/// Rows of one version: key, region, device, truth, answer.
fn rows(version: usize) -> Vec<[String; 5]> {
    let mut out = Vec::new();
    for i in 0..1_500_usize {
        let region = ["north", "south", "east"][i % 3];
        let device = ["phone", "desk"][(i / 3) % 2];
        let truth = i % 7 % 3;
        let bad = region == "north" || device == "phone";
        let answer = match version {
            0 if i % 11 == 0 => (truth + 1) % 3,
            1 if bad && i % 5 == 0 => (truth + 1 + i % 2) % 3,
            _ => truth,
        };
        let [truth, answer] = [truth, answer].map(|label| LABELS[label].to_string());
        out.push([format!("k{i:04}"), region.into(), device.into(), truth, answer]);
    }
    out
}

fn project() -> Project {
    let project = Project::new();
    for (version, name) in ["a.csv", "b.csv"].into_iter().enumerate() {
        let mut csv = "sample_id,region,device,ground_truth,prediction\n".to_string();
        for row in rows(version) {
            writeln!(csv, "{}", row.join(",")).unwrap();
        }
        project.file(name, csv);
    }
    project
}

fn compare(project: &Project, more: &[&str]) -> [Value; 2] {
    let args = [
        "a.csv", "b.csv", "--slice", "region", "--slice", "device", "--format", "json",
    ];
    let comparison = project.run(&[&args[..], more].concat()).ok().json();
    let newest = project.reports("site").into_iter().find(|report| {
        let digest = comparison["config_digest"].as_str().unwrap();
        report.to_str().unwrap().ends_with(digest)
    });
    let samples = std::fs::read(newest.unwrap().join("data/samples.json")).unwrap();
    [comparison, serde_json::from_slice(&samples).unwrap()]
}

/// Flips with their slices, by (truth, before, now).
fn flips() -> Vec<([String; 3], [String; 2])> {
    let pairs = rows(0).into_iter().zip(rows(1));
    let cells = pairs.map(|([_, region, device, truth, before], [.., now])| ([truth, before, now], [region, device]));
    let is_flip = |cell: &[String; 3]| (cell[0] == cell[1]) != (cell[0] == cell[2]);
    cells.filter(|(cell, _)| is_flip(cell)).collect()
}

#[test]
fn flips_are_listed_by_truth_and_answers_and_counted_in_full() {
    let project = project();
    let [_, samples] = compare(&project, &["--top", "20"]);
    let mut expected: BTreeMap<[String; 3], u64> = BTreeMap::new();
    for (cell, _) in flips() {
        *expected.entry(cell).or_default() += 1;
    }
    let mut totals = Vec::new();
    for list in samples["lists"].as_array().unwrap() {
        let Some(cell) = list.get("cell") else { continue };
        let labels = ["truth", "baseline", "candidate"].map(|part| cell[part].as_str().unwrap().to_string());
        let total = list["total"].as_u64().unwrap();
        assert_eq!(expected.remove(&labels), Some(total), "{cell}");
        totals.push(total);
        let ids = list["ids"].as_array().unwrap();
        assert_eq!(ids.len() as u64, total.min(20));
        for id in ids {
            let sample = &samples["samples"][id.as_str().unwrap()];
            assert_eq!(sample["candidate"]["truth"], labels[0].as_str());
            assert_eq!(sample["baseline"]["prediction"], labels[1].as_str());
            assert_eq!(sample["candidate"]["prediction"], labels[2].as_str());
        }
    }
    assert!(expected.is_empty(), "not listed: {expected:?}");
    assert!(totals.is_sorted_by(|a, b| a >= b), "{totals:?}");
    let page = std::fs::read_to_string(project.report().join("samples/cell-01-1.html")).unwrap();
    assert!(
        page.contains("&quot;candidate_prediction&quot; &#x3D; &#x27;bad&#x27;"),
        "no query for the rest: {page}"
    );
    let all = std::fs::read_to_string(project.report().join("lists.html")).unwrap();
    assert!(all.contains("samples/cell-01-1.html") && all.contains("samples/regressed-1.html"));
}

/// The query of each list that leaves samples out, run in the folder of the report by DuckDB.
#[test]
fn the_query_for_the_rest_finds_all_samples_of_a_list() {
    let project = project();
    let [_, samples] = compare(&project, &["--top", "5"]);
    let Some(mut duckdb) = crate::engines::program(&project, "rest.py") else {
        return;
    };
    let report = project.report();
    let counted = duckdb.arg(&report).current_dir(&report).output().unwrap();
    assert!(counted.status.success(), "{}", String::from_utf8_lossy(&counted.stderr));
    let counted: BTreeMap<String, u64> = serde_json::from_slice(&counted.stdout).unwrap();
    let mut expected = BTreeMap::new();
    for list in samples["lists"].as_array().unwrap() {
        let [id, outcome] = [
            list["id"].as_str().unwrap(),
            list["id"].as_str().unwrap().split(':').next().unwrap(),
        ];
        let total = list["total"].as_u64().unwrap();
        let flips = ["regressed", "fixed", "slice", "cell"].contains(&outcome);
        if flips && total > list["ids"].as_array().unwrap().len() as u64 {
            expected.insert(format!("{}-1.html", id.replace(':', "-")), total);
        }
    }
    assert!(expected.len() > 10);
    assert_eq!(counted, expected);
}

#[test]
fn regressed_samples_in_two_slices_are_counted_in_both() {
    let [comparison, _] = compare(&project(), &["--no-search"]);
    let value = |slice: &Value, column: &str| {
        let predicates = slice["predicates"].as_array().unwrap().iter();
        predicates
            .filter(|predicate| predicate["column"] == column)
            .map(|predicate| predicate["value"].as_str().unwrap().to_string())
            .next()
    };
    let conditions = |slice: &Value| ["region", "device"].map(|column| value(slice, column));
    let slices = comparison["slices"].as_array().unwrap();
    let paged: BTreeMap<String, [Option<String>; 2]> = slices
        .iter()
        .filter_map(|slice| Some((slice["detail"]["slug"].as_str()?.to_string(), conditions(slice))))
        .collect();
    assert!(paged.len() >= 3, "{paged:?}");
    let holds = |conditions: &[Option<String>; 2], values: &[String; 2]| {
        let mut pairs = conditions.iter().zip(values);
        pairs.all(|(wanted, value)| wanted.as_ref().is_none_or(|wanted| wanted == value))
    };
    let mut seen = BTreeSet::new();
    for detail in slices.iter().filter_map(|slice| slice.get("detail")) {
        let mine = &paged[detail["slug"].as_str().unwrap()];
        for overlap in detail["overlaps"].as_array().into_iter().flatten() {
            let other = &paged[overlap["slug"].as_str().unwrap()];
            let regressed = flips().into_iter().filter(|(cell, _)| cell[0] == cell[1]);
            let both = regressed.filter(|(_, values)| holds(mine, values) && holds(other, values));
            assert_eq!(overlap["regressed"], both.count(), "{mine:?} and {other:?}");
            seen.insert(overlap["slug"].to_string());
        }
    }
    assert!(seen.len() >= 2, "{seen:?}");
}
