//! Whole sites of built examples: everything renders strictly, links resolve, data is escaped, bytes repeat.

mod golden;

use super::*;
use crate::model::comparison::{
    BinCounts, COMPARISON_SCHEMA, Calibration, CalibrationBin, ClassScores, FlipConfidence, LabelChanges, Latencies,
    Latency, PassAt, Repeats, Trials, UnderTruth, Warning,
};
use crate::model::cost::{Cost, Costs};
use crate::model::discovered::{
    Discovered, DiscoveredSlice, Findings, HalfResult, LeftOut, SearchLevel, SearchedColumn,
};
use crate::model::distribution::{Beyond, ResidualColumn, Residuals, RightBin, RightTrials, ShiftBin, Shifts};
use crate::model::report::{REPORT_SCHEMA, RunClass, RunConfusion, RunSlice};
use crate::model::samples::{Answer, SAMPLES_SCHEMA};
use crate::model::slice::SliceDetail;
use crate::model::{
    Accounting, ClassRow, ColumnRoles, CompareOptions, Confusion, Direction, Golden, Media, MediaFile, MediaType,
    Metric, NoMedia, Origin, Outcomes, PinnedRun, Predicate, Sample, SampleList, SliceResult, Verdict,
};
use crate::report::trend::{Point, TrendSource};
use crate::stats::MetricKind;
use std::collections::{BTreeMap, BTreeSet};

const EVIL: &str = "<script>alert(1)</script>{{x}}&amp;\"'`=\u{202e}rtl\u{7}";

fn run(version: &str, snapshot: &str) -> PinnedRun {
    PinnedRun {
        reference: format!("snapshot:{snapshot}"),
        model_version: version.into(),
        run_id: format!("0198c0de-0000-7000-8000-{snapshot:0>12}"),
        snapshot_id: snapshot.into(),
        table_uuid: "7c0f9b3e-4a55-4d0e-9d2f-0d7e3c1f2a11".into(),
        rows: 25_000,
        sequence_number: 3,
        committed_at: "2026-03-01T10:00:00.000Z".into(),
        manifest_list: format!("warehouse/ml_eval_results/predictions/metadata/snap-{snapshot}-1-abcdef.avro"),
        golden: Golden {
            name: Some("reviews".into()),
            version: Some("3".into()),
            digest: None,
        },
        rows_digest: Some("blake3:00ff".repeat(6)),
        properties: [
            ("evaldiff.git-sha", snapshot),
            ("evaldiff.service", "sentiment:1"),
            ("evil", EVIL),
        ]
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .into(),
        data_files: Vec::new(),
        delete_files: Vec::new(),
    }
}

fn confusion() -> Confusion {
    Confusion {
        labels: ["negative", "neutral", EVIL].map(str::to_owned).to_vec(),
        baseline: vec![vec![8_000, 120, 30], vec![400, 7_000, 2], vec![0, 10, 9_000]],
        candidate: vec![vec![8_100, 40, 10], vec![700, 6_700, 2], vec![0, 10, 9_000]],
    }
}

fn classes() -> Vec<ClassRow> {
    let scores = |f1| ClassScores {
        precision: 0.9,
        recall: 0.8,
        f1,
    };
    let row = |label: &str| ClassRow {
        label: label.into(),
        support: 8_150,
        baseline: scores(0.85),
        candidate: scores(0.8),
    };
    ["negative", "neutral", EVIL].map(row).to_vec()
}

fn metrics() -> Vec<Metric> {
    let metric = |kind: MetricKind| {
        let paired = kind.is_paired();
        let accuracy = kind == MetricKind::Accuracy;
        Metric {
            name: kind.name().into(),
            direction: kind.direction(),
            baseline: (!paired).then_some(0.851),
            candidate: Some(if paired { 0.031 } else { 0.881 }),
            delta: (!paired).then_some(0.03),
            ci_low: (accuracy || paired).then_some(0.02),
            ci_high: (accuracy || paired).then_some(0.039),
            p_value: accuracy.then_some(0.000_01),
            verdict: accuracy.then_some(Verdict::Improved),
            note: (kind == MetricKind::Kappa).then(|| format!("a note with {EVIL}")),
        }
    };
    let mut all = MetricKind::ALL.map(metric).to_vec();
    all.push(Metric {
        direction: Direction::Lower,
        name: "mean_latency_ms".into(),
        ..metric(MetricKind::Ece)
    });
    all
}

fn slice(i: usize, value: Option<&str>) -> SliceResult {
    let regressed = i < 2;
    SliceResult {
        predicates: vec![
            Predicate {
                column: "domain".into(),
                value: value.map(str::to_owned),
            },
            Predicate {
                column: "lang".into(),
                value: None,
            },
        ],
        origin: Origin::Crossed,
        n: 2_812,
        baseline: Some(0.9),
        candidate: Some(0.752),
        delta: Some(if regressed { -0.148 } else { 0.004 }),
        ci_low: Some(if regressed { -0.162 } else { -0.01 }),
        ci_high: Some(if regressed { -0.134 } else { 0.02 }),
        regressed: 450,
        fixed: 34,
        churned: 490,
        harm: 416,
        p_value: Some(0.0),
        q_value: Some(if regressed { 0.0 } else { 0.7 }),
        detectable: Some(0.02),
        verdict: if regressed {
            Verdict::Regressed
        } else {
            Verdict::Unchanged
        },
        detail: regressed.then(|| SliceDetail {
            slug: format!("domain-{i}"),
            confusion: confusion(),
            classes: classes(),
            rest_n: 22_000,
            rest_baseline: Some(0.85),
            rest_candidate: Some(0.89),
            rest_delta: Some(0.04),
            overlaps: Vec::new(),
        }),
    }
}

fn calibration() -> Calibration {
    let bin = |low: f64, n| CalibrationBin {
        low,
        high: low + 1.0 / 15.0,
        n,
        accuracy: (n > 0).then_some(0.8),
        confidence: (n > 0).then_some(0.85),
    };
    let bins: Vec<_> = (0..15)
        .map(|i| bin(f64::from(i) / 15.0, if i > 8 { 1_000 } else { 0 }))
        .collect();
    Calibration {
        n: 24_000,
        excluded: 562,
        baseline: bins.clone(),
        candidate: bins,
        mce: [Some(0.11), None],
        flips: Some(FlipConfidence {
            regressed: bin_counts(7),
            fixed: bin_counts(12),
        }),
    }
}

fn bin_counts(n: u64) -> BinCounts {
    BinCounts {
        baseline: vec![n; 15],
        candidate: vec![n; 15],
    }
}

fn roles() -> ColumnRoles {
    ColumnRoles {
        key: vec!["sample_id".into(), EVIL.into()],
        truth: Some("ground_truth".into()),
        prediction: "prediction".into(),
        confidence: Some("confidence".into()),
        slices: vec!["domain".into(), "lang".into()],
        show: vec!["text".into()],
        ..ColumnRoles::default()
    }
}

fn comparison() -> Comparison {
    Comparison {
        schema: COMPARISON_SCHEMA.into(),
        tool_version: "0.1.0".into(),
        table: "ml_eval_results.predictions".into(),
        config_digest: "0a1b2c3d".into(),
        baseline: run("v1.2.0", "4411"),
        candidate: run(EVIL, "4412"),
        roles: roles(),
        options: CompareOptions::default(),
        verdict: Verdict::Improved,
        detectable: Some(0.007),
        accounting: Accounting {
            matched: 24_562,
            errored: 38,
            label_changed: 1,
            only_baseline: 400,
            ..Accounting::default()
        },
        outcomes: Outcomes {
            both_correct: 20_000,
            regressed: 740,
            fixed: 1_480,
            both_wrong: 2_342,
            both_wrong_same: 1_000,
            ..Outcomes::default()
        },
        metrics: metrics(),
        label_changes: Some(label_changes()),
        non_inferiority: None,
        discovered: Some(discovered()),
        resampling: None,
        classes: classes(),
        confusion: confusion(),
        repeats: Some(repeats()),
        clusters: None,
        latency: Some(Latencies {
            baseline: None,
            candidate: Some(latency()),
        }),
        cost: Costs::of(Some(cost(2.5)), Some(cost(3.25))),
        calibration: Some(calibration()),
        scores: Vec::new(),
        errors: None,
        residuals: Some(residuals()),
        shifts: Some(shifts()),
        ranking: None,
        slices: vec![
            slice(0, Some("tweets")),
            slice(1, Some(EVIL)),
            slice(2, None),
            slice(3, Some("")),
        ],
        slices_tested: 4,
        warnings: vec![Warning {
            code: "golden_differs".into(),
            text: format!("The golden datasets differ: {EVIL}"),
        }],
    }
}

/// One sample that was right and is wrong under the old ground truth, and the other way round under the new one.
fn label_changes() -> LabelChanges {
    let under = |regressed, fixed| UnderTruth {
        n: 24_563,
        relabelled_regressed: regressed,
        relabelled_fixed: fixed,
        accuracy: metrics().remove(0),
    };
    LabelChanges {
        relabelled: 1,
        corrections: 1,
        old_truth: under(1, 0),
        new_truth: under(0, 1),
    }
}

/// What a search found: one slice with a page and one that was not confirmed, of hostile values.
fn discovered() -> Discovered {
    let half = HalfResult {
        n: 500,
        regressed: 80,
        fixed: 10,
        delta: Some(-0.14),
        ci_low: Some(-0.18),
        ci_high: Some(-0.1),
    };
    let found = |confirmed: bool| {
        let mut slice = slice(1, Some(EVIL));
        slice.origin = Origin::Discovered;
        match (confirmed, &mut slice.detail) {
            (true, Some(detail)) => detail.slug = "worse-001".into(),
            _ => slice.detail = None,
        }
        DiscoveredSlice {
            slice,
            score: 1.5,
            exploring: half,
            confirming: half,
            p_value: 0.0001,
            q_value: 0.0002,
            confirmed,
            explains: 3,
        }
    };
    Discovered {
        columns: vec![SearchedColumn {
            column: EVIL.into(),
            values: 4,
            binned: false,
        }],
        left_out: vec![LeftOut {
            column: EVIL.into(),
            reason: "it is hidden".into(),
        }],
        halves: [12_000, 12_562],
        one_in: 2,
        min_support: 30,
        worse: Findings {
            levels: vec![SearchLevel {
                counted: 9,
                pruned: 90,
                left_out: 2,
            }],
            slices: vec![found(true), found(false)],
        },
        better: Findings::default(),
    }
}

fn answer(truth: &str, prediction: Option<&str>, text: &str) -> Answer {
    Answer {
        truth: Some(truth.into()),
        prediction: prediction.map(str::to_owned),
        confidence: Some(0.75),
        status: Some(if prediction.is_some() { "ok" } else { "error" }.into()),
        error: prediction.is_none().then(|| EVIL.into()),
        latency_ms: Some(12.5),
        payload: vec![Some(text.into()), None],
        scores: Vec::new(),
        media: Vec::new(),
        trials: None,
    }
}

fn residuals() -> Residuals {
    let column = |low: f64, n: u64| ResidualColumn {
        low,
        high: low + 4.0,
        n,
        means: [Some(0.25).filter(|_| n > 0), Some(-0.5).filter(|_| n > 0)],
        baseline: vec![0, n, 0],
        candidate: vec![n / 2, n - n / 2, 0],
    };
    Residuals {
        edges: vec![-2.0, -1.0, 1.0, 2.0],
        columns: vec![column(0.0, 900), column(4.0, 0), column(8.0, 12)],
        beyond: Beyond {
            truth: 3,
            ..Beyond::default()
        },
    }
}

fn shifts() -> Shifts {
    let bin = |low: f64, high: f64, n| ShiftBin { low, high, n };
    Shifts {
        bins: vec![bin(-0.5, 0.0, 20), bin(0.0, 0.5, 30)],
        ties: 850,
        beyond: [0, 4],
    }
}

fn repeats() -> Repeats {
    let trials = |right: f64| Trials {
        trials: 1824,
        repeated: 912,
        flaky: Some(12),
        flake_rate: Some(12.0 / 912.0),
        pass_at: vec![PassAt {
            k: 2,
            value: Some(right),
            left_out: 0,
        }],
    };
    let bin = |right: f64, baseline, candidate| RightBin {
        low: right,
        high: right,
        baseline,
        candidate,
    };
    Repeats {
        baseline: trials(0.75),
        candidate: trials(0.5),
        right: Some(RightTrials {
            of: Some(2),
            bins: vec![bin(0.0, 228, 456), bin(1.0, 12, 12), bin(2.0, 672, 444)],
        }),
    }
}

fn cost(total: f64) -> Cost {
    Cost {
        n: 24_000,
        missing: 12,
        total,
        mean: total / 24_000.0,
    }
}

fn latency() -> Latency {
    Latency {
        n: 24_000,
        p50: 12.5,
        p95: 40.0,
        p99: 90.25,
        batch_size: Some(256),
    }
}

fn samples(n: usize) -> SampleSet {
    let mut set = SampleSet {
        schema: SAMPLES_SCHEMA.into(),
        columns: vec!["text".into(), "output".into()],
        scores: Vec::new(),
        media: Vec::new(),
        hidden: vec![format!("email {EVIL}")],
        lists: Vec::new(),
        samples: BTreeMap::new(),
    };
    let mut ids = Vec::new();
    for i in 0..n {
        let id = format!("{:016x}", i * 7_919);
        let text = format!("Review {i}: the plot was thin, but {EVIL} the acting\nwas good enough to stay.");
        set.samples.insert(
            id.clone(),
            Sample {
                id: id.clone(),
                key: vec![format!("s-{i}"), EVIL.into()],
                outcome: "regressed".into(),
                baseline: (i != 3).then(|| answer("negative", Some("negative"), &text)),
                candidate: (i != 4).then(|| {
                    let text = if i % 2 == 0 { text.replace("thin", "weak") } else { text };
                    answer("negative", (i != 5).then_some(EVIL), &text)
                }),
                slices: vec![("domain".into(), Some("tweets".into())), ("lang".into(), None)],
            },
        );
        ids.push(id);
    }
    let list = |id: &str, total, ids: &[String]| SampleList {
        id: id.into(),
        total,
        order: "largest loss of confidence first".into(),
        cell: None,
        ids: ids.to_vec(),
    };
    set.lists = vec![
        list("regressed", 740, &ids),
        list("fixed", 0, &[]),
        list("errored", 38, &ids[..n.min(6)]),
        list("slice:domain-0", 450, &ids[..n.min(20)]),
        list("slice:gone", 3, &[]),
    ];
    set
}

fn report() -> RunReport {
    let c = comparison();
    RunReport {
        schema: REPORT_SCHEMA.into(),
        tool_version: c.tool_version,
        table: c.table,
        config_digest: c.config_digest,
        model_version: "v1.3.0".into(),
        evaluation_timestamp: c.candidate.committed_at.clone(),
        snapshot_id: c.candidate.snapshot_id.clone(),
        run_id: c.candidate.run_id.clone(),
        total_samples: 25_000,
        scored_samples: 24_900,
        errored: 50,
        skipped: 50,
        unlabelled: 0,
        duplicate: 0,
        overall_accuracy: Some(0.88),
        accuracy_interval: [Some(0.876), Some(0.884)],
        metrics: c.metrics,
        per_class: c
            .classes
            .iter()
            .map(|r| RunClass {
                label: r.label.clone(),
                support: 9,
                scores: r.candidate,
            })
            .collect(),
        confusion_matrix: RunConfusion {
            labels: c.confusion.labels,
            counts: c.confusion.candidate,
        },
        latency: Some(latency()),
        cost: Some(cost(3.25)),
        calibration: c.calibration,
        slices: vec![RunSlice {
            predicates: slice(1, Some(EVIL)).predicates,
            n: 100,
            accuracy: Some(0.6),
            value: None,
            ci_low: Some(0.5),
            ci_high: Some(0.7),
        }],
        run: c.candidate,
        roles: c.roles,
        options: c.options,
        warnings: c.warnings,
    }
}

fn text(page: &Page) -> &str {
    std::str::from_utf8(&page.bytes).unwrap()
}

fn hrefs(html: &str) -> Vec<String> {
    let attributes = ["href=\"", "src=\""];
    let found = attributes
        .iter()
        .flat_map(|a| html.split(a).skip(1))
        .filter_map(|rest| rest.split('"').next());
    found.map(|href| href.replace("&#x3D;", "=")).collect()
}

fn resolve(page: &str, href: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in href.split('#').next().unwrap().split('/') {
        match part {
            ".." => assert!(parts.pop().is_some(), "{page}: {href} leaves the report"),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn check_site(pages: &[Page]) {
    let paths: BTreeSet<&str> = pages.iter().map(|page| page.path.as_str()).collect();
    let mut links: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for page in pages.iter().filter(|page| page.path.ends_with(".html")) {
        let html = text(page);
        assert!(
            !html.contains("<script>") && !html.contains("alert(1)<"),
            "{} is not escaped",
            page.path
        );
        assert!(!html.contains('\u{7}') && !html.contains("NaN"), "{}", page.path);
        assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">") && html.contains("Content-Security-Policy"));
        assert_eq!(html.matches("<h1").count(), 1, "{}", page.path);
        let ids: Vec<_> = html
            .split(" id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert_eq!(
            ids.iter().collect::<BTreeSet<_>>().len(),
            ids.len(),
            "{} repeats an id: {ids:?}",
            page.path
        );
        for href in hrefs(html).into_iter().filter(|href| href != "data:,") {
            if let Some(anchor) = href.strip_prefix('#') {
                assert!(ids.contains(&anchor), "{}: {href}", page.path);
                continue;
            }
            let target = resolve(&page.path, &href);
            assert!(
                paths.contains(target.as_str()) || links::EXTRA_FILES.contains(&target.as_str()),
                "{}: {href}",
                page.path
            );
            links.entry(&page.path).or_default().push(target);
        }
    }
    let mut seen = BTreeSet::from(["index.html".to_owned()]);
    let mut next = vec!["index.html".to_owned()];
    while let Some(page) = next.pop() {
        next.extend(
            links
                .get(page.as_str())
                .into_iter()
                .flatten()
                .filter(|target| seen.insert((*target).clone()))
                .cloned(),
        );
    }
    let lost: Vec<_> = paths.iter().filter(|path| !seen.contains(**path)).collect();
    assert!(lost.is_empty(), "no way leads from the index to {lost:?}");
}

#[test]
fn a_comparison_renders_whole_and_alike() {
    let pages = render_diff(&comparison(), &samples(120)).unwrap();
    check_site(&pages);
    assert_eq!(pages, render_diff(&comparison(), &samples(120)).unwrap());
    let index = text(pages.iter().find(|page| page.path == "index.html").unwrap());
    for words in [
        "Accuracy rose 3.0 points",
        "2 slices regressed",
        "-14.8 points on 2,812 samples",
        "within noise",
    ] {
        assert!(index.contains(words), "{words}");
    }
    for path in [
        "samples/regressed-3.html",
        "samples/slice-domain-0-1.html",
        "slices/domain-1.html",
        "summary.md",
    ] {
        assert!(pages.iter().any(|page| page.path == path), "{path}");
    }
    assert!(!pages.iter().any(|page| page.path.starts_with("samples/fixed")));
}

#[test]
fn a_single_version_renders_whole() {
    check_site(&render_run(&report(), &samples(60)).unwrap());
}

#[test]
fn nothing_at_all_still_renders() {
    let empty = Comparison {
        verdict: Verdict::NotComparable,
        detectable: None,
        accounting: Accounting::default(),
        outcomes: Outcomes::default(),
        metrics: metrics()
            .into_iter()
            .map(|m| Metric {
                baseline: None,
                candidate: None,
                delta: None,
                ci_low: None,
                ..m
            })
            .collect(),
        classes: Vec::new(),
        confusion: Confusion::default(),
        calibration: None,
        slices: Vec::new(),
        warnings: Vec::new(),
        ..comparison()
    };
    let none = SampleSet {
        lists: Vec::new(),
        samples: BTreeMap::new(),
        hidden: Vec::new(),
        ..samples(0)
    };
    check_site(&render_diff(&empty, &none).unwrap());
}

#[test]
fn the_overview_of_many_slices_and_labels_stays_small() {
    let label = |i: usize| format!("a label that has a rather long name, number {i}");
    let many = Comparison {
        slices: (0..500)
            .map(|i| SliceResult {
                detail: None,
                ..slice(i, Some(&label(i)))
            })
            .collect(),
        classes: (0..1_000)
            .map(|i| ClassRow {
                label: label(i),
                ..classes()[0].clone()
            })
            .collect(),
        confusion: Confusion {
            labels: (0..1_000).map(label).collect(),
            baseline: vec![vec![1; 1_000]; 1_000],
            candidate: vec![vec![2; 1_000]; 1_000],
        },
        ..comparison()
    };
    let pages = render_diff(&many, &samples(0)).unwrap();
    let index = pages.iter().find(|page| page.path == "index.html").unwrap();
    assert!(index.bytes.len() < 300_000, "{} bytes", index.bytes.len());
    let html = text(index);
    for words in [
        "150 of 500 slices are listed",
        "980 labels are left out",
        "400 tested slices",
    ] {
        assert!(html.contains(words), "{words}");
    }
}

#[test]
fn charts_lead_to_the_slices_they_show() {
    let pages = render_diff(&comparison(), &samples(3)).unwrap();
    let index = text(pages.iter().find(|page| page.path == "index.html").unwrap());
    let chart = index.split("<svg class=\"chart slice-chart\"").nth(1).unwrap();
    let chart = chart.split("</svg>").next().unwrap();
    assert!(chart.contains("role=\"group\"") && chart.contains("4 slices: 2 worse, 0 better, 2 undecided"));
    assert_eq!(chart.matches("<a href=\"slices/domain-").count(), 2);
    assert!(chart.contains("tweets and lang is missing: -14.8 points on 2,812 samples, worse"));
}

#[test]
fn only_pages_with_media_may_show_files_of_the_report() {
    let mut set = samples(3);
    set.media = vec![EVIL.into()];
    let file = |kind, pixels| MediaFile {
        sha256: "0a".repeat(32),
        kind,
        size: 3_000,
        pixels,
    };
    let value = |file: Option<MediaFile>| {
        let absent = file.is_none().then_some(NoMedia::Outside);
        let name = Some(EVIL.to_owned());
        Some(Media { name, file, absent })
    };
    let values = [
        [
            value(Some(file(MediaType::Png, Some([40, 30])))),
            value(Some(file(MediaType::Wav, None))),
        ],
        [value(None), value(None)],
        [None, None],
    ];
    for (sample, [a, b]) in set.samples.values_mut().zip(values) {
        let sides = [(&mut sample.baseline, a), (&mut sample.candidate, b)];
        sides
            .into_iter()
            .for_each(|(answer, media)| answer.as_mut().unwrap().media = vec![media]);
    }
    let pages = render_diff(&comparison(), &set).unwrap();
    let with_media = "img-src data: 'self'; media-src 'self'\">";
    let allowed: Vec<&Page> = pages.iter().filter(|page| text(page).contains(with_media)).collect();
    let [only] = allowed.as_slice() else {
        panic!("{} pages may show files", allowed.len())
    };
    let html = text(only);
    let path = format!("../media/{}", "0a".repeat(32));
    let image = format!("src=\"{path}.png\" alt=\"image ");
    assert!(
        html.contains(&image) && html.contains("loading=\"lazy\" width=\"40\" height=\"30\">"),
        "{html}"
    );
    assert!(html.contains(&format!(
        "<audio controls preload=\"none\" src=\"{path}.wav\" aria-label=\"sound "
    )));
    assert!(html.contains("image, PNG, 3 KiB, 40 × 30 pixels"));
    assert!(!html.contains(EVIL));
    for page in pages
        .iter()
        .filter(|page| page.path.ends_with(".html") && page.path != only.path)
    {
        let html = text(page);
        assert!(
            html.contains("img-src data:\">") && !html.contains("<img") && !html.contains("<audio"),
            "{}",
            page.path
        );
    }
}

#[test]
fn two_pages_never_share_a_path() {
    let mut set = samples(2);
    let list = set.lists[0].clone();
    set.lists.push(list);
    assert!(matches!(render_diff(&comparison(), &set), Err(SiteError::Twice { .. })));
}

#[test]
fn index_and_pointer_stand_alone() {
    let entry = IndexEntry {
        kind: "diff".into(),
        title: EVIL.into(),
        subtitle: "sub".into(),
        href: "javascript:alert(1)".into(),
        verdict: "Accuracy rose".into(),
        trend: Some(TrendSource {
            table: EVIL.into(),
            metric: "accuracy".into(),
            points: [(EVIL, 1, 0.5), ("v2", 2, 0.75)]
                .map(|(version, order, value)| Point {
                    version: version.into(),
                    order,
                    value,
                })
                .to_vec(),
        }),
    };
    let html =
        String::from_utf8(render_index(&[entry], &[("1 to 100".into(), "archive/1.html".into())]).unwrap()).unwrap();
    assert!(
        html.contains("href=\"./javascript:alert(1)\"")
            && html.contains("archive/1.html")
            && html.matches("<script").count() == 1
            && html.contains("<polyline")
    );
    let script = html
        .split("<script>")
        .nth(1)
        .unwrap()
        .split("</script>")
        .next()
        .unwrap();
    let digest = html.split("script-src '").nth(1).unwrap().split('\'').next().unwrap();
    assert_eq!(
        templates::digest(script),
        digest,
        "the browser would not run the script"
    );
    let html = String::from_utf8(render_pointer(EVIL, "4411-4412-0a1b2c3d/index.html").unwrap()).unwrap();
    assert!(html.contains("content=\"0; url=4411-4412-0a1b2c3d/index.html\"") && !html.contains("<script>"));
}

#[test]
fn pages_of_long_texts_stay_small() {
    let word = "x".repeat(1_048_576);
    let prose = "<b>&\"words\"</b> and\n".repeat(50_000);
    let mut set = samples(40);
    // All on one page, as many of a large report are.
    let ids: Vec<String> = (0..40).map(|i| format!("00{i:014x}")).collect();
    let texts = [word.as_str(), &prose, "short"];
    let long = std::mem::take(&mut set.samples).into_values().zip(&ids);
    set.samples = long
        .enumerate()
        .map(|(i, (mut sample, id))| {
            let text = texts[i % 3];
            sample.id.clone_from(id);
            sample.key = vec![text.into()];
            sample.slices[0].1 = Some(text.into());
            sample.baseline = Some(answer(text, Some(text), text));
            sample.candidate = Some(answer(
                text,
                Some("other"),
                &text.replace('x', "y").replace("and", "or"),
            ));
            (id.clone(), sample)
        })
        .collect();
    set.lists.truncate(1);
    set.lists[0].ids = ids;
    let mut comparison = comparison();
    comparison.metrics[0].note = Some(format!("labels never predicted: {word}"));
    let pages = render_diff(&comparison, &set).unwrap();
    for page in pages.iter().filter(|page| page.path.ends_with(".html")) {
        assert!(page.bytes.len() <= 300_000, "{}: {} bytes", page.path, page.bytes.len());
    }
    let page = pages.iter().find(|page| page.path == "sample/00.html").unwrap();
    assert!(text(page).contains("characters more, in data/samples.json"));
}
