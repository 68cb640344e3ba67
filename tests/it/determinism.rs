//! Same pinned inputs, same bytes: wherever, whenever and however the command runs.

use crate::harness::{Project, assert_same_trees, command_in, finish, repository};

const SLICES: [&str; 10] = [
    "--slice",
    "language",
    "--slice",
    "channel",
    "--slice",
    "length_bucket",
    "--slice",
    "priority",
    "--slice",
    "product",
];

/// A project with both runs of tickets-v1 and a first report in `first`.
fn tickets() -> Project {
    let project = Project::new();
    let folder = repository().join("golden/tickets-v1");
    let golden = folder.join("golden.csv");
    for version in ["v0.7.1", "v1.2.0"] {
        let file = folder.join(format!("predictions-{version}.csv"));
        let args = [
            "import",
            file.to_str().unwrap(),
            "--model-version",
            version,
            "--golden",
            golden.to_str().unwrap(),
        ];
        project.run(&[&args[..], &SLICES, &["--show", "text"]].concat()).ok();
    }
    diff(&project, "first", &[]);
    project
}

fn words<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["v0.7.1", "v1.2.0", "--top", "20", "--out", out][..], &SLICES, more].concat()
}

fn diff(project: &Project, out: &str, more: &[&str]) {
    project.run(&words(out, more)).ok();
}

fn same(project: &Project, out: &str, why: &str) {
    assert_same_trees(&project.path().join("first"), &project.path().join(out), why);
}

#[test]
fn nothing_but_the_inputs_changes_a_byte_of_a_comparison() {
    let project = tickets();
    diff(&project, "again", &[]);
    same(&project, "again", "the same command twice");

    let before = crate::harness::tree(&project.path().join("first"));
    diff(&project, "first", &[]);
    assert!(
        before == crate::harness::tree(&project.path().join("first")),
        "a second run into the same folder"
    );

    for (index, flags) in [
        &["--threads", "1"][..],
        &["--threads", "2"],
        &["--threads", "8"],
        &["--memory-limit", "64MB"],
        &["--join", "merge"],
        &["--join", "hash"],
        &["--join", "hash", "--threads", "8", "--memory-limit", "256MB"],
        &["--format", "json"],
    ]
    .into_iter()
    .enumerate()
    {
        let out = format!("flags-{index}");
        diff(&project, &out, flags);
        same(&project, &out, &flags.join(" "));
    }

    for (index, env) in [
        &[("TZ", "Pacific/Kiritimati")][..],
        &[
            ("TZ", "America/St_Johns"),
            ("LC_ALL", "tr_TR.UTF-8"),
            ("LANG", "tr_TR.UTF-8"),
        ],
        &[
            ("USER", "somebody"),
            ("HOME", "/nonexistent"),
            ("HOSTNAME", "elsewhere"),
            ("SOURCE_DATE_EPOCH", "1"),
        ],
    ]
    .into_iter()
    .enumerate()
    {
        let out = format!("env-{index}");
        project.run_with(&words(&out, &[]), env).ok();
        same(&project, &out, &format!("{env:?}"));
    }

    let elsewhere = tempfile::tempdir().unwrap();
    let home = project.path().join(".evaldiff");
    let mut command = command_in(elsewhere.path(), &words("moved", &[]));
    command.env(
        "ICEBERG_CATALOG_URI",
        format!("sqlite://{}", home.join("catalog.db").display()),
    );
    command.env("ICEBERG_WAREHOUSE", home.join("warehouse"));
    finish(command).ok();
    assert_same_trees(
        &project.path().join("first"),
        &elsewhere.path().join("moved"),
        "another folder",
    );

    // A later run must not change what was said of the earlier ones.
    project.file("later.csv", "id,label,pred\nt-0001,a,b\n");
    project.run(&["import", "later.csv", "--model-version", "v9"]).ok();
    diff(&project, "later", &[]);
    same(&project, "later", "after another import");
}

#[test]
fn nothing_but_the_inputs_changes_a_byte_of_a_report() {
    let project = tickets();
    let report = |out: &str, more: &[&str]| {
        project
            .run(&[&["report", "v1.2.0", "--out", out][..], &SLICES, more].concat())
            .ok();
    };
    report("one", &[]);
    for (index, flags) in [
        &["--threads", "1"][..],
        &["--threads", "8"],
        &["--memory-limit", "64MB"],
    ]
    .into_iter()
    .enumerate()
    {
        let out = format!("again-{index}");
        report(&out, flags);
        assert_same_trees(&project.path().join("one"), &project.path().join(out), &flags.join(" "));
    }
}

#[test]
fn the_order_of_rows_in_a_file_changes_no_number() {
    let csv = crate::harness::predictions(300, 1);
    let mut lines: Vec<&str> = csv.lines().collect();
    let head = lines.remove(0);
    lines.reverse();
    let project = Project::new();
    project
        .file("a.csv", &csv)
        .file("b.csv", format!("{head}\n{}\n", lines.join("\n")));
    let found = project.run(&["a.csv", "b.csv", "--format", "json"]).ok().json();
    assert_eq!(found["verdict"], "unchanged");
    assert_eq!(found["baseline"]["rows_digest"], found["candidate"]["rows_digest"]);
    assert!(found["baseline"]["rows_digest"].is_string());
}
