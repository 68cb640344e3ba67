//! Ground truth that changed between the runs: the answer under both truths, recomputed from the samples.

use crate::harness::{Project, assert_same_trees};
use serde_json::Value;

/// So many samples with (old truth, new truth, answer of the baseline, answer of the candidate); a blank answer is an error.
type Samples = (usize, [&'static str; 4]);

/// A run pair, and what follows from it by hand.
struct Case {
    samples: &'static [Samples],
    relabelled: u64,
    corrections: u64,
    verdicts: [&'static str; 2],
}

const CASES: [Case; 4] = [
    // The vector of the statistics page under the new truth, the reverse under the old one.
    Case {
        samples: &[
            (36, ["x", "x", "x", "x"]),
            (2, ["x", "x", "x", "y"]),
            (12, ["x", "y", "x", "y"]),
        ],
        relabelled: 12,
        corrections: 12,
        verdicts: ["regressed", "improved"],
    },
    // Every way to answer, once; neither truth has enough flips. What only one version answered is left out.
    Case {
        samples: &[
            (3, ["x", "x", "x", "x"]),
            (1, ["x", "y", "x", "x"]),
            (1, ["x", "y", "y", "y"]),
            (1, ["x", "y", "x", "z"]),
            (1, ["x", "y", "z", "x"]),
            (1, ["x", "y", "y", "x"]),
            (1, ["x", "y", "z", "z"]),
            (1, ["x", "y", "z", "w"]),
            (5, ["x", "y", "x", ""]),
        ],
        relabelled: 7,
        corrections: 3,
        verdicts: ["inconclusive", "inconclusive"],
    },
    // Nothing is matched, and the answers are the same.
    Case {
        samples: &[(4, ["x", "y", "y", "y"])],
        relabelled: 4,
        corrections: 0,
        verdicts: ["unchanged", "unchanged"],
    },
    // Flips only among the matched samples.
    Case {
        samples: &[(8, ["x", "x", "x", "y"]), (2, ["y", "x", "y", "y"])],
        relabelled: 2,
        corrections: 0,
        verdicts: ["regressed", "regressed"],
    },
];

/// One line per sample.
fn rows(samples: &[Samples]) -> Vec<[&'static str; 4]> {
    let rows = samples.iter().flat_map(|(n, row)| std::iter::repeat_n(*row, *n));
    rows.collect()
}

/// A project with both files.
fn project(samples: &[Samples]) -> Project {
    let file = |truth: usize, answer: usize| {
        let lines = rows(samples).into_iter().enumerate();
        let lines = lines.map(|(i, row)| {
            let status = if row[answer].is_empty() { "error" } else { "ok" };
            format!("s-{i:03},{},{},{status}\n", row[truth], row[answer])
        });
        format!(
            "sample_id,ground_truth,prediction,status\n{}",
            lines.collect::<String>()
        )
    };
    let project = Project::new();
    project.file("v1.csv", file(0, 2)).file("v2.csv", file(1, 3));
    project
}

fn compare(samples: &[Samples], code: i32) -> (Project, Value) {
    let project = project(samples);
    let output = project.run(&["v1.csv", "v2.csv", "--format", "json"]);
    let comparison = output.expect_code(code).json();
    (project, comparison)
}

/// Samples, right answers of both versions, regressed and fixed samples under the old (0) or the new truth (1).
fn counts<'a>(rows: impl Iterator<Item = &'a [&'static str; 4]>, truth: usize) -> [u64; 5] {
    rows.fold([0; 5], |[n, a, b, regressed, fixed], row| {
        let [right_a, right_b] = [row[2], row[3]].map(|answer| answer == row[truth]);
        let add = |sum: u64, is: bool| sum + u64::from(is);
        [
            n + 1,
            add(a, right_a),
            add(b, right_b),
            add(regressed, right_a && !right_b),
            add(fixed, right_b && !right_a),
        ]
    })
}

/// McNemar's mid-p from the definition, all outcomes added up.
fn midp(regressed: u64, fixed: u64) -> f64 {
    let (m, low) = (regressed + fixed, regressed.min(fixed));
    let mass = |k: u64| (0..k).fold(0.5f64.powi(m as i32), |p, i| p * (m - i) as f64 / (i + 1) as f64);
    let tail: f64 = (0..=low).map(mass).sum();
    match (m, regressed == fixed) {
        (0, _) => 1.0,
        (_, true) => 1.0 - mass(low) / 2.0,
        (_, false) => 2.0 * tail - mass(low),
    }
}

/// Tango's score statistic of a difference d, which is 1.96 at the lower end of the interval and -1.96 at the upper one.
fn score(d: f64, [n, _, _, regressed, fixed]: [u64; 5]) -> f64 {
    let [n, y, x] = [n, regressed, fixed].map(|count| count as f64);
    let (a, b, c) = (2.0 * n, -x - y + (2.0 * n - x + y) * d, -y * d * (1.0 - d));
    let q = ((b * b - 4.0 * a * c).max(0.0).sqrt() - b) / (2.0 * a);
    (x - y - n * d) / (n * (2.0 * q + d * (1.0 - d))).sqrt()
}

fn assert_close(found: &Value, expected: f64, what: &str) {
    let found = found.as_f64().unwrap_or(f64::NAN);
    assert!(
        (found - expected).abs() < 1e-12,
        "{what} is {found} instead of {expected}"
    );
}

#[test]
fn both_truths_give_an_answer_that_follows_from_the_samples() {
    for case in CASES {
        let answered = |row: &&[&str; 4]| row.iter().all(|cell| !cell.is_empty());
        let samples = rows(case.samples);
        let matched = samples.iter().filter(answered).filter(|row| row[0] == row[1]).count();
        let (_, comparison) = compare(case.samples, if matched == 0 { 3 } else { 0 });
        let changes = &comparison["label_changes"];
        assert_eq!(changes["relabelled"], case.relabelled, "{comparison:#}");
        assert_eq!(changes["relabelled"], comparison["accounting"]["label_changed"]);
        assert_eq!(changes["corrections"], case.corrections, "{changes:#}");
        assert_eq!(
            comparison["accounting"]["matched"], matched as u64,
            "no metric counts them"
        );
        for (truth, name) in ["old_truth", "new_truth"].into_iter().enumerate() {
            let (under, accuracy) = (&changes[name], &changes[name]["accuracy"]);
            let all = counts(samples.iter().filter(answered), truth);
            let relabelled = counts(samples.iter().filter(answered).filter(|row| row[0] != row[1]), truth);
            assert_eq!(under["n"], all[0], "{changes:#}");
            assert_eq!(under["relabelled_regressed"], relabelled[3], "{changes:#}");
            assert_eq!(under["relabelled_fixed"], relabelled[4], "{changes:#}");
            let share = |count: u64| count as f64 / all[0] as f64;
            assert_close(&accuracy["baseline"], share(all[1]), "accuracy of the baseline");
            assert_close(&accuracy["candidate"], share(all[2]), "accuracy of the candidate");
            assert_close(&accuracy["delta"], share(all[4]) - share(all[3]), "difference");
            assert_close(&accuracy["p_value"], midp(all[3], all[4]), "p value");
            for (end, z) in [("ci_low", 1.959_963_985), ("ci_high", -1.959_963_985)] {
                let found = score(accuracy[end].as_f64().unwrap(), all);
                assert!((found - z).abs() < 1e-6, "{name}.{end}: score {found} in {under:#}");
            }
            assert_eq!(accuracy["verdict"], case.verdicts[truth], "{name} in {changes:#}");
        }
    }
}

#[test]
fn what_is_read_of_label_changes_is_in_page_terminal_and_summary() {
    let project = project(CASES[0].samples);
    let line = "12 samples relabelled; accuracy with them -28.0 points (worse) under the old ground truth, \
                +20.0 points (better) under the new one; 12 flips are label corrections";
    let output = project.run(&["v1.csv", "v2.csv"]);
    let said = output.ok().text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(line), "{output}");
    let report = project.report();
    let read = |name: &str| std::fs::read_to_string(report.join(name)).unwrap();
    assert!(read("summary.md").contains(&format!("- Label changes: {line}\n")));
    let page = read("index.html");
    for part in [
        "<h2 id=\"label-changes\">",
        "12 flips are label corrections",
        "-28.0 points",
        "+20.0 points",
    ] {
        assert!(page.contains(part), "{part} is not on the page");
    }
}

#[test]
fn label_changes_are_verified_and_the_same_however_they_are_counted() {
    let project = project(&CASES[1].samples.repeat(400));
    project.run(&["v1.csv", "v2.csv", "--out", "first"]).ok();
    for (i, more) in [
        &["--threads", "1"][..],
        &["--threads", "8", "--join", "hash"],
        &["--threads", "8", "--join", "merge"],
    ]
    .into_iter()
    .enumerate()
    {
        let out = format!("again-{i}");
        project
            .run(&[&["v1.csv", "v2.csv", "--out", out.as_str()][..], more].concat())
            .ok();
        let [first, again] = ["first", &out].map(|name| project.path().join(name));
        assert_same_trees(&first, &again, &more.join(" "));
    }
    let report = project.reports("first").remove(0);
    project.run(&["verify", report.to_str().unwrap()]).ok();
    let path = report.join("data/comparison.json");
    let altered = std::fs::read_to_string(&path).unwrap();
    let altered = altered.replace("\"corrections\": 1200", "\"corrections\": 1199");
    std::fs::write(&path, altered).unwrap();
    project.run(&["verify", report.to_str().unwrap()]).expect_code(1);
}

#[test]
fn runs_with_the_same_truth_or_with_numbers_say_nothing_of_label_changes() {
    let (project, comparison) = compare(&[(9, ["x", "x", "x", "y"])], 0);
    assert!(comparison.get("label_changes").is_none(), "{comparison:#}");
    let page = std::fs::read_to_string(project.report().join("index.html")).unwrap();
    assert!(!page.contains("label-changes"));
    let project = Project::new();
    let file = |truth: &str| format!("sample_id,ground_truth,prediction\na,1.5,1.25\nb,{truth},2.5\n");
    project.file("v1.csv", file("2.5")).file("v2.csv", file("3.5"));
    let output = project.run(&["v1.csv", "v2.csv", "--format", "json"]);
    let comparison = output.ok().json();
    assert_eq!(comparison["accounting"]["label_changed"], 1, "{output}");
    assert!(comparison.get("label_changes").is_none(), "{output}");
}
