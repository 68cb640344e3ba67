//! Command lines and the requests they become.

use super::line;
use crate::cli::completions::script;
use crate::cli::request::*;
use crate::cli::{command, man};
use crate::model::{Direction, Kind, ScoreRole};
use clap::ValueEnum;
use clap::error::ErrorKind;
use std::path::PathBuf;

fn diff(baseline: &str, candidate: &str) -> Command {
    Command::Diff(DiffRequest {
        baseline: baseline.into(),
        candidate: candidate.into(),
        format: OutputFormat::Text,
        input: InputOptions::default(),
    })
}

#[test]
fn the_command_is_consistent() {
    command().debug_assert();
}

#[test]
fn two_references_are_a_comparison() {
    for (text, baseline, candidate) in [
        ("v0.7.1 v1.2.0 --slice domain", "v0.7.1", "v1.2.0"),
        ("diff v0.7.1 v1.2.0 --slice domain", "v0.7.1", "v1.2.0"),
        ("diff import report", "import", "report"),
        ("--slice x a b", "a", "b"),
        ("a --slice x b", "a", "b"),
        ("old.csv new.csv", "old.csv", "new.csv"),
        ("v1 report", "v1", "report"),
        ("-v a b", "a", "b"),
        ("--color never -q diff a b", "a", "b"),
        ("run:0192 snapshot:42", "run:0192", "snapshot:42"),
        ("v1.2.0@2026-03-01 latest~1", "v1.2.0@2026-03-01", "latest~1"),
        ("' v 1' ü/../🚀", " v 1", "ü/../🚀"),
    ] {
        let parsed = line(text, &[]).unwrap();
        assert_eq!(parsed.command, diff(baseline, candidate), "{text}");
    }
}

#[test]
fn every_flag_of_a_comparison_arrives() {
    let parsed = line(
        "a b --table ns.t --slice s1 --slice s2 --slice s1 --out o --format json --alpha 0.1 --min-effect 0.02 --margin 0.03 --search-column f --search-column g \
         --memory-limit 1GiB --top 7 --hide h --no-payload --id i --id j --truth t --pred p --conf c --show x \
         --status st --error e --latency l --golden g.csv --golden-name n --golden-version gv \
         --input-format csv --threads 3 --join merge --config c.toml -vv \
         --kind text --score s3 --score a:b:lower --score s3 --positive pos --positive-label 1 --repeat rep --cluster clu --cost money --media m --media n --media m --media-root files --tolerance 0.5 --label-map l.csv",
        &[],
    )
    .unwrap();
    let score = |column: &str, direction| ScoreRole {
        column: column.into(),
        direction,
    };
    let list = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let expected = Overrides {
        config: Some("c.toml".into()),
        table: Some("ns.t".parse().unwrap()),
        columns: ColumnChoice {
            key: list(&["i", "j"]),
            truth: Some("t".into()),
            prediction: Some("p".into()),
            confidence: Some("c".into()),
            status: Some("st".into()),
            error: Some("e".into()),
            latency: Some("l".into()),
            cost: Some("money".into()),
            slices: list(&["s1", "s2"]),
            show: list(&["x"]),
            media: list(&["m", "n"]),
            kind: Some(Kind::Text),
            scores: vec![score("s3", Direction::Higher), score("a:b", Direction::Lower)],
            positive: Some("pos".into()),
            positive_label: Some("1".into()),
            repeat: Some("rep".into()),
            cluster: Some("clu".into()),
        },
        alpha: Some(0.1),
        min_effect: Some(0.02),
        tolerance: Some(0.5),
        label_map: Some("l.csv".into()),
        margin: Some(0.03),
        search_columns: list(&["f", "g"]),
        no_search: false,
        top: Some(7),
        hide: list(&["h"]),
        no_payload: true,
        memory_limit: Some(1 << 30),
        threads: Some(3),
        join: JoinStrategy::Merge,
        out: Some("o".into()),
        theme: None,
        media_root: Some("files".into()),
        service: ServiceChoice::default(),
    };
    assert_eq!(parsed.overrides, expected);
    assert_eq!(parsed.console.verbosity, 2);
    let input = InputOptions {
        format: InputFormat::Csv,
        golden: Some("g.csv".into()),
        golden_name: Some("n".into()),
        golden_version: Some("gv".into()),
    };
    let Command::Diff(request) = parsed.command else {
        panic!("not a comparison")
    };
    assert_eq!((request.format, request.input), (OutputFormat::Json, input));
}

#[test]
fn every_command_has_its_request() {
    let id = "0192f3a4-7c1e-7d52-9b0a-6f1e2d3c4b5a";
    let import = |version: &str, run_id: Option<&str>, dry_run| {
        Command::Import(ImportRequest {
            files: vec!["a.csv".into(), "b.csv".into()],
            model_version: Some(version.into()),
            run_id: run_id.map(|id| id.parse().unwrap()),
            dry_run,
            input: InputOptions::default(),
        })
    };
    let runs = |version: Option<&str>, format| {
        Command::Runs(RunsRequest {
            version: version.map(Into::into),
            format,
            unfinished: false,
            retract: None,
        })
    };
    let verify = |digest| {
        Command::Verify(VerifyRequest {
            folder: "r".into(),
            digest,
        })
    };
    let demo = |dir: &str| Command::Demo(DemoRequest { dir: dir.into() });
    let report = ReportRequest {
        reference: "latest".into(),
        format: OutputFormat::Markdown,
        input: InputOptions::default(),
    };
    let env = [("MODEL_VERSION", "from-env")];
    for (text, expected) in [
        ("import a.csv b.csv --model-version v1", import("v1", None, false)),
        ("-v import a.csv b.csv", import("from-env", None, false)),
        (
            &format!("import a.csv b.csv --model-version v1 --dry-run --run-id {id}"),
            import("v1", Some(id), true),
        ),
        ("runs", runs(None, ListFormat::Text)),
        ("runs v1 --format json", runs(Some("v1"), ListFormat::Json)),
        ("report latest --format markdown", Command::Report(report)),
        (
            "render d --out o",
            Command::Render(RenderRequest {
                data: PathBuf::from("d"),
                out: PathBuf::from("o"),
            }),
        ),
        ("verify r", verify(false)),
        ("verify r --digest", verify(true)),
        ("demo", demo("evaldiff-demo")),
        ("demo d", demo("d")),
        ("completions powershell", Command::Completions(Shell::PowerShell)),
        ("--color=always man", Command::Man),
    ] {
        assert_eq!(line(text, &env).unwrap().command, expected, "{text}");
    }
}

#[test]
fn help_teaches() {
    for (text, words) in [
        (
            "--help",
            vec![
                "References:",
                "latest~1",
                "Exit codes:",
                "[default: site]",
                "EVALDIFF_TABLE",
                "$ evaldiff",
            ],
        ),
        (
            "diff --help",
            vec!["References:", "evaldiff diff [OPTIONS] <BASELINE> <CANDIDATE>"],
        ),
        ("-v help import", vec!["Examples:", "MODEL_VERSION", "--dry-run"]),
        ("verify -h", vec!["Exit codes:", "--digest"]),
    ] {
        let help = line(text, &[]).expect_err("help");
        assert_eq!((help.kind(), help.exit_code()), (ErrorKind::DisplayHelp, 0), "{text}");
        for word in words {
            assert!(help.to_string().contains(word), "{text}: {word}");
        }
    }
    assert_eq!(
        line("--version", &[]).expect_err("version").kind(),
        ErrorKind::DisplayVersion
    );
}

#[test]
fn flags_are_described_by_one_sentence_without_a_full_stop() {
    let mut top = command();
    top.build();
    for command in std::iter::once(&top).chain(top.get_subcommands()) {
        for arg in command.get_arguments() {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let fine = help.starts_with(char::is_uppercase) && !help.ends_with('.');
            assert!(fine, "{} {}: {help:?}", command.get_name(), arg.get_id());
        }
    }
}

#[test]
fn completions_and_the_manual_page_name_every_command() {
    let page = String::from_utf8(man::page().unwrap()).unwrap();
    for sub in command().get_subcommands() {
        let name = sub.get_name();
        assert!(page.contains(&format!("COMMAND {}", name.to_uppercase())), "{name}");
        for shell in Shell::value_variants() {
            assert!(
                String::from_utf8(script(*shell)).unwrap().contains(name),
                "{shell:?} {name}"
            );
        }
    }
}
