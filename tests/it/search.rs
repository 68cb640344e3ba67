//! The search for slices and the margin, end to end.

use crate::harness::{Project, assert_same_trees, tree};
use serde_json::Value;
use std::fmt::Write;

const SAMPLES: u64 = 4_000;

/// One sample: `device`, `plan`, `length`, `rating`, as the files have them.
struct Sample {
    device: &'static str,
    plan: String,
    length: u64,
    rating: u64,
    luck: u64,
}

/// A number that looks random, from a number.
fn mixed(i: u64) -> u64 {
    let mut x = i
        .wrapping_add(0x9E37_79B9_7F4A_7C15)
        .wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}

fn sample(i: u64) -> Sample {
    let draw = |part: u64, of: u64| mixed(i * 8 + part) % of;
    Sample {
        device: ["phone", "desk", "watch"][draw(0, 3) as usize],
        plan: format!("p{}", draw(1, 5)),
        length: draw(2, 1_000),
        rating: 1 + draw(3, 4),
        luck: draw(4, 100),
    }
}

/// Where the candidate got worse: in 40 of 100 instead of 3.
fn is_bad(sample: &Sample) -> bool {
    sample.device == "watch" && sample.length > 600
}

/// Both versions' answers; three in a hundred samples are fixed everywhere.
fn answers(sample: &Sample) -> [&'static str; 2] {
    match sample.luck {
        97.. => ["no", "yes"],
        luck if luck < if is_bad(sample) { 40 } else { 3 } => ["yes", "no"],
        _ => ["yes", "yes"],
    }
}

/// A project with runs v1 and v2; `device` is declared as a slice column.
fn project() -> Project {
    let project = Project::new();
    for (version, name) in ["v1", "v2"].into_iter().enumerate() {
        let mut csv =
            "sample_id,text,ground_truth,prediction,device,plan,length,rating,serial,constant,email\n".to_owned();
        for i in 0..SAMPLES {
            let sample = sample(i);
            let answer = answers(&sample)[version];
            let Sample {
                device,
                plan,
                length,
                rating,
                ..
            } = &sample;
            writeln!(
                csv,
                "k{i},text {i},yes,{answer},{device},{plan},{length},{rating},x{i},one,m{i}@e.example"
            )
            .unwrap();
        }
        project.file(&format!("{name}.csv"), csv);
        let file = format!("{name}.csv");
        let args = [
            "import",
            &file,
            "--model-version",
            name,
            "--slice",
            "device",
            "--show",
            "text",
        ];
        project.run(&args).ok();
    }
    project
}

fn comparison(project: &Project, flags: &[&str]) -> Value {
    project
        .run(&[&["v1", "v2", "--format", "json"][..], flags].concat())
        .ok()
        .json()
}

fn confirmed(findings: &Value) -> Vec<&Value> {
    let slices = findings["slices"].as_array().unwrap();
    slices.iter().filter(|slice| slice["confirmed"] == true).collect()
}

fn left_out(comparison: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let columns = comparison["discovered"]["left_out"].as_array().unwrap();
    columns
        .iter()
        .map(|c| (text(&c["column"]), text(&c["reason"])))
        .collect()
}

#[test]
fn what_was_planted_is_found_shown_and_counted() {
    let project = project();
    let out = comparison(&project, &[]);
    let found = &out["discovered"];
    let columns: Vec<&str> = found["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["column"].as_str().unwrap())
        .collect();
    assert_eq!(columns, ["device", "plan", "length", "rating"]);
    let binned = |i: usize| {
        (
            found["columns"][i]["values"].as_u64(),
            found["columns"][i]["binned"].as_bool(),
        )
    };
    assert_eq!((binned(2), binned(3)), ((Some(10), Some(true)), (Some(4), Some(false))));
    let reasons = left_out(&out);
    let reason = |name: &str| &reasons.iter().find(|(column, _)| column == name).unwrap().1;
    assert_eq!(reason("serial"), "it has more than 1000 values");
    assert_eq!(reason("constant"), "it has one value");
    assert_eq!(reason("text"), "it is an input");

    assert_eq!(confirmed(&found["better"]), [&Value::Null; 0]);
    let slices = confirmed(&found["worse"]);
    assert!(!slices.is_empty(), "{found:#}");
    let mut harm = 0;
    for slice in &slices {
        let predicates = slice["slice"]["predicates"].as_array().unwrap();
        let inside = |sample: &Sample| {
            predicates.iter().all(|predicate| {
                let value = predicate["value"].as_str().unwrap();
                match predicate["column"].as_str().unwrap() {
                    "device" => sample.device == value,
                    "plan" => sample.plan == value,
                    "rating" => sample.rating.to_string() == value,
                    "length" => within(value, sample.length as f64),
                    other => panic!("{other} was searched"),
                }
            })
        };
        assert!(
            predicates.contains(&serde_json::json!({"column": "device", "value": "watch"})),
            "{slice:#}"
        );
        // The numbers are those of the samples themselves.
        let samples: Vec<Sample> = (0..SAMPLES).map(sample).filter(inside).collect();
        let regressed = samples.iter().filter(|sample| answers(sample) == ["yes", "no"]).count();
        assert_eq!(slice["slice"]["n"], samples.len());
        assert_eq!(slice["slice"]["regressed"], regressed);
        let half = |name: &str, what: &str| slice[name][what].as_u64().unwrap();
        assert_eq!(half("exploring", "n") + half("confirming", "n"), samples.len() as u64);
        assert_eq!(
            half("exploring", "regressed") + half("confirming", "regressed"),
            regressed as u64
        );
        harm += regressed;
    }
    let all = (0..SAMPLES)
        .map(sample)
        .filter(|sample| is_bad(sample) && answers(sample) == ["yes", "no"])
        .count();
    assert!(harm * 10 >= all * 7, "{harm} of {all} regressions are in a slice");

    // Pages, list, summaries.
    let report = project.report();
    let slug = slices[0]["slice"]["detail"]["slug"].as_str().unwrap();
    let page = std::fs::read_to_string(report.join(format!("slices/{slug}.html"))).unwrap();
    assert!(page.contains("Where it was tested") && page.contains("watch"));
    let samples: Value = serde_json::from_slice(&std::fs::read(report.join("data/samples.json")).unwrap()).unwrap();
    let lists = samples["lists"].as_array().unwrap();
    let list = lists.iter().find(|list| list["id"] == format!("slice:{slug}")).unwrap();
    assert_eq!(list["total"], slices[0]["slice"]["regressed"]);
    for id in list["ids"].as_array().unwrap() {
        let shown = &samples["samples"][id.as_str().unwrap()];
        let key = shown["key"][0].as_str().unwrap();
        let sample = sample(key[1..].parse().unwrap());
        assert_eq!(
            (shown["outcome"].as_str(), sample.device),
            (Some("regressed"), "watch"),
            "{key}"
        );
    }
    let overview = std::fs::read_to_string(report.join("index.html")).unwrap();
    assert!(overview.contains("Slices found by search") && overview.contains(&format!("slices/{slug}.html")));
    let summary = std::fs::read_to_string(report.join("summary.md")).unwrap();
    assert!(summary.contains("A search over 4 columns confirmed"), "{summary}");
    project
        .run(&["v1", "v2"])
        .stdout_has("A search over 4 columns confirmed");
    project.run(&["verify", report.to_str().unwrap()]).ok();
}

/// How far both versions are off, or how they score: most samples within the tolerance, and worse where [`is_bad`] says so.
fn measured(kind: &str, sample: &Sample) -> [f64; 2] {
    let small = (sample.luck % 7) as f64 / 100.0;
    let change = match sample.luck {
        97.. => -0.5,
        luck if luck < if is_bad(sample) { 60 } else { 3 } => 2.0 + small,
        _ => small,
    };
    match kind {
        "numeric" => [1.0, 1.0 + change],
        _ => [10.0, 10.0 - change],
    }
}

/// Two files of a kind with the same samples, and what they are compared with.
fn measured_project(kind: &str) -> (Project, Vec<&'static str>) {
    let project = Project::new();
    for version in 0..2 {
        let mut csv = match kind {
            "numeric" => "sample_id,ground_truth,prediction,device,plan,length,rating\n",
            _ => "sample_id,prediction,quality,device,plan,length,rating\n",
        }
        .to_owned();
        for i in 0..SAMPLES {
            let sample = sample(i);
            let value = measured(kind, &sample)[version];
            let answer = match kind {
                "numeric" => format!("{}.5,{}", sample.length, sample.length as f64 + 0.5 - value),
                _ => format!("said {i},{value}"),
            };
            let Sample {
                device,
                plan,
                length,
                rating,
                ..
            } = &sample;
            writeln!(csv, "k{i},{answer},{device},{plan},{length},{rating}").unwrap();
        }
        project.file(["v1.csv", "v2.csv"][version], csv);
    }
    let flags = match kind {
        "numeric" => vec!["v1.csv", "v2.csv", "--slice", "device", "--tolerance", "0.25"],
        _ => vec![
            "v1.csv",
            "v2.csv",
            "--slice",
            "device",
            "--tolerance",
            "0.25",
            "--score",
            "quality",
        ],
    };
    (project, flags)
}

#[test]
fn what_was_planted_is_found_where_answers_are_measured() {
    for kind in ["numeric", "text"] {
        let (project, flags) = measured_project(kind);
        let out = project.run(&[&flags[..], &["--format", "json"]].concat()).ok().json();
        let found = &out["discovered"];
        let slices = confirmed(&found["worse"]);
        assert!(
            !slices.is_empty() && confirmed(&found["better"]).is_empty(),
            "{kind}: {found:#}"
        );
        let columns: Vec<&Value> = found["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| &c["column"])
            .collect();
        assert_eq!(columns, ["device", "plan", "length", "rating"], "{kind}");
        let mut losses = 0;
        for slice in &slices {
            let inside = |sample: &Sample| {
                slice["slice"]["predicates"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|predicate| {
                        let value = predicate["value"].as_str().unwrap();
                        match predicate["column"].as_str().unwrap() {
                            "device" => sample.device == value,
                            "plan" => sample.plan == value,
                            "rating" => sample.rating.to_string() == value,
                            _ => within(value, sample.length as f64),
                        }
                    })
            };
            // The numbers are those of the samples themselves, in the unit of the metric.
            let samples: Vec<[f64; 2]> = (0..SAMPLES)
                .map(sample)
                .filter(inside)
                .map(|sample| measured(kind, &sample))
                .collect();
            let regressed = samples.iter().filter(|[a, b]| (b - a).abs() > 1.0).count();
            let delta = samples.iter().map(|[a, b]| b - a).sum::<f64>() / samples.len() as f64;
            assert_eq!(slice["slice"]["n"], samples.len(), "{kind}");
            assert_eq!(slice["slice"]["regressed"], regressed, "{kind}");
            assert!(
                (slice["slice"]["delta"].as_f64().unwrap() - delta).abs() < 1e-9,
                "{kind}: {slice:#}"
            );
            let half = |name: &str, what: &str| slice[name][what].as_f64().unwrap();
            let sum = half("exploring", "delta") * half("exploring", "n")
                + half("confirming", "delta") * half("confirming", "n");
            assert!((sum / samples.len() as f64 - delta).abs() < 1e-9, "{kind}: {slice:#}");
            assert!(half("confirming", "ci_low") < half("confirming", "delta"), "{kind}");
            losses += regressed;
        }
        let all = (0..SAMPLES)
            .map(sample)
            .filter(|sample| is_bad(sample) && sample.luck < 60);
        assert!(losses * 10 >= all.count() * 7, "{kind}: {losses} losses are in a slice");

        let report = project.report();
        let slug = slices[0]["slice"]["detail"]["slug"].as_str().unwrap();
        let page = std::fs::read_to_string(report.join(format!("slices/{slug}.html"))).unwrap();
        assert!(
            page.contains("Where it was tested") && !page.contains(" points"),
            "{kind}"
        );
        let samples: Value = serde_json::from_slice(&std::fs::read(report.join("data/samples.json")).unwrap()).unwrap();
        let lists = samples["lists"].as_array().unwrap();
        let list = lists.iter().find(|list| list["id"] == format!("slice:{slug}")).unwrap();
        assert_eq!(list["total"], slices[0]["slice"]["regressed"], "{kind}");
        let summary = std::fs::read_to_string(report.join("summary.md")).unwrap();
        assert!(summary.contains("A search over 4 columns confirmed"), "{summary}");
        let delta = slices[0]["confirming"]["delta"].as_f64().unwrap();
        assert!(summary.contains(&format!("{delta:+.3} on ")), "{summary}");
        project.run(&["verify", report.to_str().unwrap()]).ok();

        for (at, more) in [
            &["--threads", "1"][..],
            &["--threads", "8", "--join", "hash"],
            &["--memory-limit", "32MB"],
        ]
        .into_iter()
        .enumerate()
        {
            let out = format!("again-{at}");
            project.run(&[&flags[..], &["--out", &out], more].concat()).ok();
            let [site, again] = ["site", &out].map(|name| project.path().join(name));
            assert_same_trees(&site, &again, &format!("{kind} {}", more.join(" ")));
        }
        let without = [&flags[..], &["--no-search", "--format", "json", "--out", "none"]].concat();
        assert_eq!(project.run(&without).ok().json()["discovered"], Value::Null);
    }
}

/// Whether a number lies in an interval as a predicate writes it: `(-∞, 9]`, `(9, 40]`, `(40, ∞)`.
fn within(interval: &str, number: f64) -> bool {
    let (low, high) = interval.trim_matches(['(', ']', ')']).split_once(", ").unwrap();
    let end = |text: &str, none: f64| text.parse().unwrap_or(none);
    number > end(low, f64::NEG_INFINITY) && number <= end(high, f64::INFINITY)
}

#[test]
fn the_search_changes_nothing_else_and_no_byte_depends_on_threads_or_join() {
    let project = project();
    let (with, without) = (
        comparison(&project, &[]),
        comparison(&project, &["--no-search", "--out", "none"]),
    );
    assert_eq!(without["discovered"], Value::Null);
    for name in [
        "verdict",
        "metrics",
        "slices",
        "slices_tested",
        "outcomes",
        "detectable",
        "warnings",
    ] {
        assert_eq!(with[name], without[name], "{name}");
    }
    assert!(
        !tree(&project.path().join("none"))
            .keys()
            .any(|path| path.contains("slices/worse-"))
    );
    for (at, flags) in [
        &["--threads", "1"][..],
        &["--threads", "8", "--join", "hash"],
        &["--join", "merge"],
    ]
    .into_iter()
    .enumerate()
    {
        let out = format!("again-{at}");
        project.run(&[&["v1", "v2", "--out", &out][..], flags].concat()).ok();
        assert_same_trees(
            &project.path().join("site"),
            &project.path().join(&out),
            &flags.join(" "),
        );
    }
}

#[test]
fn the_columns_can_be_named_and_what_is_hidden_stays_hidden() {
    let project = project();
    let named = comparison(
        &project,
        &[
            "--search-column",
            "device",
            "--search-column",
            "length",
            "--out",
            "named",
        ],
    );
    assert_eq!(named["discovered"]["columns"].as_array().unwrap().len(), 2);
    assert_eq!(left_out(&named), []);
    assert_eq!(
        named["options"]["search_columns"],
        serde_json::json!(["device", "length"])
    );

    let hidden = comparison(&project, &["--hide", "length", "--out", "hidden"]);
    assert!(left_out(&hidden).contains(&("length".into(), "it is hidden".into())));
    for slice in hidden["discovered"]["worse"]["slices"].as_array().unwrap() {
        assert!(!slice["slice"]["predicates"].to_string().contains("length"));
    }
    let inputs = comparison(&project, &["--no-payload", "--out", "inputs"]);
    assert_eq!(inputs["discovered"]["columns"].as_array().unwrap().len(), 1);

    for (column, words) in [
        ("devise", "has no column `devise`"),
        ("sample_id", "`sample_id` cannot be searched: it is the key"),
        ("prediction", "`prediction` cannot be searched: it is an answer"),
        ("serial", "`serial` has more than 1000 distinct values"),
    ] {
        let output = project.run(&["v1", "v2", "--search-column", column]);
        output.expect_code(2).stderr_has(words).stderr_has("hint: ");
    }
}

#[test]
fn a_margin_passes_fails_or_cannot_be_told() {
    let project = project();
    let said = |answer: &str, sentence: &str, out: &str| {
        let report = project.reports(out).remove(0);
        let found: Value =
            serde_json::from_slice(&std::fs::read(report.join("data/comparison.json")).unwrap()).unwrap();
        assert_eq!(found["non_inferiority"], answer);
        assert!(
            std::fs::read_to_string(report.join("index.html"))
                .unwrap()
                .contains(sentence)
        );
        assert!(
            std::fs::read_to_string(report.join("summary.md"))
                .unwrap()
                .contains(sentence)
        );
    };
    let missed = project.run(&["v1", "v2", "--margin", "0.01", "--out", "missed"]);
    missed
        .expect_code(1)
        .stderr_has("accuracy got worse, and a loss of 1.0 points cannot be excluded");
    said("not_shown", "a loss of 1.0 points or more cannot be excluded", "missed");

    let shown = project.run(&["v1", "v2", "--margin", "0.2", "--out", "shown"]);
    shown
        .ok()
        .stdout_has("Not inferior: a loss of 20.0 points or more is excluded");
    said("shown", "a loss of 20.0 points or more is excluded", "shown");

    // The same run imported twice: nothing differs, and fifty samples are too few to say so to a point.
    let few = Project::new();
    for name in ["a", "b"] {
        let rows: String = (0..50)
            .map(|i| format!("{name}{i},yes,yes\n").replace(name, "k"))
            .collect();
        few.file(
            &format!("{name}.csv"),
            format!("sample_id,ground_truth,prediction\n{rows}"),
        );
    }
    let unknown = few.run(&["a.csv", "b.csv", "--margin", "0.01"]);
    unknown
        .expect_code(3)
        .stderr_has("inconclusive: the samples are too few")
        .stderr_has("hint: ");
    few.run(&["a.csv", "b.csv", "--margin", "0.2"]).ok();
}
