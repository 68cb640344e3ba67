//! Values and their messages.

use crate::cli::values::{TableName, memory, min_effect};

#[test]
fn amounts_of_memory() {
    for (text, bytes) in [
        ("256MB", 256_000_000),
        ("256 mb", 256_000_000),
        ("256MiB", 256 << 20),
        ("1GiB", 1 << 30),
        ("1.5GB", 1_500_000_000),
        ("20000KB", 20_000_000),
        ("16777216B", 16 << 20),
        ("2TiB", 2 << 40),
    ] {
        assert_eq!(memory(text), Ok(bytes), "{text}");
    }
    for (text, words) in [
        ("", "needs a unit"),
        ("256", "needs a unit"),
        ("256M", "write MB (decimal) or MiB (binary)"),
        ("1g", "write GB (decimal) or GiB (binary)"),
        ("MB", "a number with a unit"),
        ("1.2.3MB", "a number with a unit"),
        ("-1GB", "a number with a unit"),
        ("10 apples", "a number with a unit"),
        ("15MiB", "at least 16MiB"),
        ("0GB", "at least 16MiB"),
        ("99999999999TiB", "more memory than any machine has"),
    ] {
        let message = memory(text).expect_err(text);
        assert!(message.contains(words), "{text}: {message}");
    }
}

#[test]
fn names_of_tables() {
    let name: TableName = "ml_eval_results.tickets-v1".parse().unwrap();
    assert_eq!((name.namespace(), name.name()), ("ml_eval_results", "tickets-v1"));
    assert_eq!(name.to_string(), "ml_eval_results.tickets-v1");
    let nested: TableName = "lake.team.predictions".parse().unwrap();
    assert_eq!((nested.namespace(), nested.name()), ("lake.team", "predictions"));
    assert_eq!(TableName::default().to_string(), "ml_eval_results.predictions");
    for text in [
        "",
        "predictions",
        ".",
        "a.",
        ".b",
        "a..c",
        "a b.c",
        "a.../c",
        "ns.-t",
        "ns.tä",
        "a.b/c",
    ] {
        assert!(text.parse::<TableName>().is_err(), "{text}");
    }
}

#[test]
fn a_negative_zero_never_reaches_the_config_digest() {
    assert_eq!(min_effect(-0.0).map(f64::to_bits), Ok(0.0_f64.to_bits()));
}
