//! Command lines that are refused, and what is said then.

use super::line;
use crate::cli::Command;

#[test]
fn wrong_lines_are_usage_errors_that_help() {
    for (text, words) in [
        ("", "Usage: evaldiff"),
        ("-q", "a comparison needs two references, a baseline and a candidate"),
        ("onlyone", "evaldiff report onlyone"),
        ("onlyone", "`onlyone` is the only one"),
        ("improt", "did you mean the command `evaldiff import`?"),
        ("a b c", "takes two references, and `c` is one too many"),
        ("--slice x diff a b", "if `diff` is meant as a command, give it first"),
        ("'' b", "more than white space"),
        ("a '  '", "more than white space"),
        ("a b --slce x", "'--slice'"),
        ("a b --alpha 0", "above 0 and is at most 0.5, not 0"),
        ("a b --alpha 0.51", "at most 0.5, not 0.51"),
        ("a b --alpha NaN", "not NaN"),
        ("a b --alpha x", "this is not a number"),
        ("a b --min-effect inf", "0 or more, not inf"),
        ("a b --tolerance -1", "0 or more, not -1"),
        ("a b --kind tekst", "invalid value 'tekst'"),
        ("a b --score :lower", "more than white space"),
        ("a b --margin 0", "a number above 0, not 0"),
        ("a b --no-search --search-column c", "cannot be used with"),
        ("a b --min-effect -0.1", "0 or more, not -0.1"),
        ("a b --top 0", "1 to 10000 samples, not 0"),
        ("a b --top 10001", "1 to 10000 samples, not 10001"),
        ("a b --top 1.5", "this is not a whole number"),
        ("a b --threads 0", "1 to 1024 threads, not 0"),
        ("a b --table predictions", "written `namespace.table`"),
        ("a b --memory-limit 256", "needs a unit"),
        ("a b --format xml", "text, json, markdown"),
        ("a b --slice ' '", "more than white space"),
        ("a b -v -q", "cannot be used with"),
        ("import", "<FILE>"),
        ("import f --model-version ''", "more than white space"),
        ("import f --model-version ' '", "more than white space"),
        ("import f --model-version v --run-id 12", "a run id is a UUID"),
        (
            "import f --model-version v --run-id 00000000-0000-0000-0000-000000000000",
            "a run id is a UUID",
        ),
        ("import f --model-version v --input-format xls", "csv, jsonl, parquet"),
        ("runs --retract run:0192f3a4 --why ''", "say why the run is withdrawn"),
        ("runs --retract run:0192f3a4 --why ' '", "say why the run is withdrawn"),
        ("render d", "--out <DIR>"),
        ("completions tcsh", "bash"),
    ] {
        let error = line(text, &[]).expect_err(text);
        assert_eq!(error.exit_code(), 2, "{text}");
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
}

#[test]
fn the_version_from_the_environment_is_checked_too() {
    let parsed = line("import f", &[("MODEL_VERSION", "")]).unwrap();
    assert!(
        matches!(&parsed.command, Command::Import(request) if request.model_version.is_none()),
        "empty is unset, and a log may name its model"
    );
    let parsed = line("import f", &[("MODEL_VERSION", " ")]).expect_err("blank");
    assert!(
        parsed.to_string().contains("invalid MODEL_VERSION: a name holds more"),
        "{parsed}"
    );
    let parsed = line("import f --model-version flag", &[("MODEL_VERSION", "env")]).unwrap();
    let Command::Import(request) = parsed.command else {
        panic!("not an import")
    };
    assert_eq!(request.model_version.as_deref(), Some("flag"));
}
