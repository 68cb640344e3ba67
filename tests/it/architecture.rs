//! The import rules of the design, read off the `use` lines and paths of src/.

use crate::harness::{repository, tree};
use std::collections::BTreeMap;

const MODULES: [&str; 16] = [
    "audit", "cli", "commands", "compare", "config", "engine", "error", "ingest", "media", "model", "names", "publish",
    "report", "runner", "site", "store",
];
const LIMIT: usize = 600;

/// Code lines of every file of src/, without comments and without what stands below `#[cfg(test)] mod`.
fn sources() -> BTreeMap<String, Vec<String>> {
    let mut out = BTreeMap::new();
    for (name, bytes) in tree(&repository().join("src")) {
        if !name.ends_with(".rs") || name.contains("/tests/") || name.ends_with("/tests.rs") {
            continue;
        }
        let text = String::from_utf8(bytes).unwrap();
        let mut lines = Vec::new();
        let mut test_only = false;
        for line in text.lines() {
            let code = line.trim();
            if test_only && code.starts_with("mod ") && code.ends_with('{') {
                break;
            }
            test_only = code == "#[cfg(test)]";
            if !code.starts_with("//") {
                lines.push(code.to_string());
            }
        }
        out.insert(name, lines);
    }
    assert!(out.len() > 50, "where has src/ gone?");
    out
}

/// The module of a file: its first folder, or its stem.
fn module(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// Whether a line names a crate (`datafusion::…`), however it is written.
fn names_crate(line: &str, name: &str) -> bool {
    let path = format!("{name}::");
    let begins = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    line.match_indices(&path)
        .any(|(at, _)| begins(at) || line[..at].ends_with(" ::"))
        || line == format!("use {name};")
        || line.starts_with(&format!("use {name} "))
}

/// Our modules that a line names through `crate::`.
fn own_modules(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, start) in line.match_indices("crate::") {
        let rest = &line[at + start.len()..];
        let word = |text: &str| {
            text.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect::<String>()
        };
        match rest.strip_prefix('{') {
            Some(list) => found.extend(list.split(',').map(|item| word(item.trim()))),
            None => found.push(word(rest)),
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

#[test]
fn heavy_crates_stay_where_they_belong() {
    let rules: [(&str, &[&str]); 12] = [
        ("reqwest", &["runner", "store"]),
        ("backon", &["runner", "store"]),
        ("datafusion", &["ingest", "engine", "compare"]),
        ("iceberg", &["store"]),
        ("iceberg_catalog_sql", &["store"]),
        ("iceberg_catalog_rest", &["store"]),
        ("iceberg_storage_opendal", &["store"]),
        ("sqlx", &["store"]),
        ("handlebars", &["site"]),
        ("clap", &["cli", "main", "lib"]),
        ("similar", &["report"]),
        ("indicatif", &["cli", "lib", "main", "progress", "commands"]),
    ];
    let mut broken = Vec::new();
    for (file, lines) in sources() {
        for (name, places) in rules {
            if places.contains(&module(&file)) {
                continue;
            }
            broken.extend(
                lines
                    .iter()
                    .filter(|line| names_crate(line, name))
                    .map(|line| format!("{file}: {line}")),
            );
        }
    }
    assert!(
        broken.is_empty(),
        "imports where the design has none:\n{}",
        broken.join("\n")
    );
}

#[test]
fn modules_import_only_what_the_design_allows() {
    let rules: [(&str, &[&str]); 7] = [
        ("media", &["media", "model"]),
        ("runner", &["runner", "ingest", "model"]),
        ("model", &["model"]),
        ("stats", &["stats", "model"]),
        ("report", &["report", "model", "stats"]),
        ("site", &["site", "report", "model", "names"]),
        ("store", &["store", "model", "names", "audit"]),
    ];
    let mut broken = Vec::new();
    for (file, lines) in sources() {
        let Some((_, allowed)) = rules.iter().find(|(name, _)| *name == module(&file)) else {
            continue;
        };
        for line in &lines {
            let foreign = own_modules(line)
                .into_iter()
                .find(|name| !allowed.contains(&name.as_str()));
            if foreign.is_some_and(|name| MODULES.contains(&name.as_str()) || name == "stats") {
                broken.push(format!("{file}: {line}"));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "imports against the flow of the design:\n{}",
        broken.join("\n")
    );
}

#[test]
fn pure_modules_touch_neither_disk_nor_clock_nor_tasks() {
    let mut broken = Vec::new();
    for (file, lines) in sources() {
        if !matches!(module(&file), "model" | "stats" | "report") {
            continue;
        }
        for word in [
            "std::fs",
            "std::net",
            "std::env",
            "SystemTime",
            "Instant::now",
            "Utc::now",
            "tokio::",
            "async fn",
        ] {
            broken.extend(
                lines
                    .iter()
                    .filter(|line| line.contains(word))
                    .map(|line| format!("{file}: {line}")),
            );
        }
    }
    assert!(broken.is_empty(), "impure:\n{}", broken.join("\n"));
}

#[test]
fn files_stay_small() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|(_, lines)| lines.len() > LIMIT)
        .map(|(file, lines)| format!("{file}: {} lines", lines.len()))
        .collect();
    assert!(long.is_empty(), "longer than {LIMIT} lines:\n{}", long.join("\n"));
}

#[test]
fn templates_escape_everything_and_load_nothing_from_elsewhere() {
    let templates = tree(&repository().join("templates"));
    let pages: Vec<_> = templates.iter().filter(|(name, _)| name.ends_with(".hbs")).collect();
    assert!(!pages.is_empty(), "where have the templates gone?");
    for (name, bytes) in pages {
        let text = String::from_utf8_lossy(bytes);
        assert!(
            !text.contains("{{{") && !text.contains("{{&"),
            "{name} prints something unescaped"
        );
        for word in [
            "http://",
            "https://",
            "src=\"//",
            "href=\"//",
            " style=\"",
            "onclick=",
            "onload=",
            "javascript:",
        ] {
            assert!(!text.contains(word), "{name} holds {word:?}");
        }
    }
}

#[test]
fn the_rules_see_what_they_look_for() {
    assert!(names_crate("use datafusion::prelude::*;", "datafusion"));
    assert!(names_crate("fn f(x: &datafusion::physical_plan::X) {}", "datafusion"));
    assert!(!names_crate("use iceberg_datafusion::x;", "datafusion"));
    assert!(!names_crate("use crate::model::similar::x;", "similar"));
    assert_eq!(own_modules("use crate::{store, model::Run};"), ["store", "model"]);
    assert_eq!(own_modules("pub(crate) fn f(x: crate::compare::Y) {}"), ["compare"]);
    assert!(own_modules("pub(crate) fn f() {}").is_empty());
}
