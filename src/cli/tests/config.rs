//! Flags above the environment above evaldiff.toml above defaults.

use super::{env_of, line};
use crate::config::{ColumnChoice, Config, JoinStrategy};
use crate::error::{ErrorKind, Result};
use crate::model::{CatalogKind, CatalogLocation};
use std::fs;
use std::path::{Path, PathBuf};

/// Loads the settings of a line in a folder.
fn load(text: &str, env: &[(&str, &str)], cwd: &Path) -> Result<Config> {
    Config::load(&line(text, env).unwrap().overrides, &env_of(env), cwd)
}

/// A project with evaldiff.toml and a folder `sub` in it.
fn project(toml: &str) -> (tempfile::TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_path_buf();
    let sub = root.join("sub");
    fs::create_dir(&sub).unwrap();
    fs::write(root.join("evaldiff.toml"), toml).unwrap();
    (dir, root, sub)
}

/// Database and folder of an embedded catalog.
fn embedded(catalog: &CatalogLocation) -> (PathBuf, PathBuf) {
    match &catalog.kind {
        CatalogKind::Sql { database, warehouse } => {
            let folder = warehouse.strip_prefix("file://").unwrap();
            (database.clone(), PathBuf::from(folder))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_is_told_by_its_address_and_its_secrets_come_from_the_environment() {
    let toml = "[catalog]\nuri = \"https://lake/catalog/\"\nwarehouse = \"prod\"\ncredential = \"${CRED}\"\n\
                [catalog.properties]\n\"s3.endpoint\" = \"http://s3\"\n\"s3.access-key-id\" = \"key\"";
    let (_dir, _, sub) = project(toml);
    let catalog = load("a b", &[("CRED", "id:planted-secret")], &sub).unwrap().catalog;
    let kind = CatalogKind::Rest {
        uri: "https://lake/catalog".into(),
        warehouse: Some("prod".into()),
    };
    assert_eq!(catalog.kind, kind);
    for (name, value) in [
        ("credential", "id:planted-secret"),
        ("s3.path-style-access", "true"),
        ("s3.disable-ec2-metadata", "true"),
    ] {
        assert_eq!(catalog.properties.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!format!("{catalog:?}").contains("planted-secret"));
    let env = [
        ("ICEBERG_CATALOG_URI", "http://h:8181"),
        ("ICEBERG_WAREHOUSE", "other"),
        ("CRED", "x"),
    ];
    let kind = CatalogKind::Rest {
        uri: "http://h:8181".into(),
        warehouse: Some("other".into()),
    };
    assert_eq!(load("a b", &env, &sub).unwrap().catalog.kind, kind);
}

#[test]
fn secrets_are_taken_as_files_have_them_and_are_not_shown() {
    let with = |property: &str| format!("[catalog]\nuri = \"https://lake\"\n[catalog.properties]\n{property}");
    let secret = [("S", "planted-secret\n")];
    let (_dir, _, sub) = project(&with("\"header.X-Api-Key\" = \"${S}\""));
    let catalog = load("a b", &secret, &sub).unwrap().catalog;
    assert_eq!(catalog.properties["header.X-Api-Key"], "planted-secret");
    for (property, value, words) in [
        (
            "\"header.X-Api-Key\" = \"${S}\"",
            "planted\nsecret",
            "the value of `header.X-Api-Key` has a line break",
        ),
        (
            "token = \"${S}\"",
            "planted\u{7}secret",
            "the value of `token` has a line break",
        ),
        (
            "\"header.X Key\" = \"${S}\"",
            "planted-secret",
            "`header.X Key` names no header",
        ),
        ("\"rest.sigv4-enabled\" = \"true\"", "x", "would have to be signed"),
        (
            "\"s3.endpoint\" = \"key:${S}@127.0.0.1:9000\"",
            "planted-secret",
            "the address in `s3.endpoint` holds credentials",
        ),
        ("\"rest.sigv4-enabled\" = \"True\"", "x", "would have to be signed"),
        (
            "\"s3.endpoint\" = \"http://key:${S}@host\"",
            "planted-secret",
            "the address in `s3.endpoint` holds credentials",
        ),
    ] {
        let (_dir, _, sub) = project(&with(property));
        let error = load("a b", &[("S", value)], &sub).expect_err(property);
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.to_string().contains(words), "{error}");
        assert!(
            !format!("{error:?} {error} {:?}", error.hint()).contains("planted"),
            "{error:?}"
        );
    }
}

#[test]
#[cfg(feature = "postgres")]
fn the_query_of_a_database_is_kept_apart_and_unknown_parameters_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |query: &str| {
        let uri = format!("postgresql://u@h/db?{query}");
        let env = [("ICEBERG_CATALOG_URI", uri.as_str()), ("ICEBERG_WAREHOUSE", "s3://b/w")];
        load("a b", &env, dir.path()).map(|config| config.catalog)
    };
    let catalog = at("user=u&password=planted&sslmode=require").unwrap();
    assert!(!format!("{:?}", catalog.kind).contains("planted"));
    assert_eq!(
        catalog.properties["postgres.query"],
        "user=u&password=planted&sslmode=require"
    );
    for query in [
        "planted",
        "planted@127.0.0.1/db",
        "sslmode=planted@h",
        "sslpassword=planted",
        "pass%77ord=planted",
        "PASSWORD=planted",
    ] {
        let error = at(query).expect_err(query);
        assert!(error.to_string().contains("that is not known"), "{error}");
        assert!(!format!("{error:?} {error}").contains("planted"), "{error:?}");
    }
}

#[test]
fn defaults() {
    let dir = tempfile::tempdir().unwrap();
    let config = load("a b", &[("EVALDIFF_TABLE", "")], dir.path()).unwrap();
    let home = dir.path().join(".evaldiff");
    let place = (home.join("catalog.db"), home.join("warehouse"));
    assert_eq!(embedded(&config.catalog), place);
    assert!(config.catalog.properties.is_empty());
    assert_eq!(config.catalog.name, "evaldiff");
    assert_eq!((config.home, config.file, config.table), (home, None, None));
    assert_eq!(config.compare, crate::model::CompareOptions::default());
    assert_eq!(
        (config.engine.memory_limit, config.engine.join),
        (None, JoinStrategy::Auto)
    );
    assert!(config.engine.threads >= 1);
    assert_eq!(config.out, Path::new("site"));
    assert_eq!(config.column_flags, ColumnChoice::default());
    assert!(!dir.path().join(".evaldiff").exists());
}

#[test]
fn the_table_rises_through_all_four() {
    let (_dir, _, sub) = project("table = \"toml.t\"");
    for (flag, env, expected) in [
        ("--table flag.t", "env.t", "flag.t"),
        ("", "env.t", "env.t"),
        ("", "", "toml.t"),
    ] {
        let config = load(&format!("a b {flag}"), &[("EVALDIFF_TABLE", env)], &sub).unwrap();
        assert_eq!(config.table.map(|table| table.to_string()).as_deref(), Some(expected));
    }
}

#[test]
fn the_catalog_is_located_by_the_environment_then_the_file() {
    let toml = "[catalog]\nname = \"shared\"\nuri = \"sqlite:///srv/a%23b.db?mode=rwc\"\nwarehouse = \"./tables\"";
    let (_dir, root, sub) = project(toml);
    let config = load("a b", &[], &sub).unwrap();
    assert_eq!(config.catalog.name, "shared");
    let place = (PathBuf::from("/srv/a#b.db"), root.join("tables"));
    assert_eq!(embedded(&config.catalog), place);
    for (uri, warehouse, database, folder) in [
        (
            "sqlite:///x/c.db",
            "file:///x/w",
            PathBuf::from("/x/c.db"),
            PathBuf::from("/x/w"),
        ),
        (
            "sqlite:c.db",
            "file:/x/w%20y",
            sub.join("c.db"),
            PathBuf::from("/x/w%20y"),
        ),
        ("sqlite://c.db", "w", sub.join("c.db"), sub.join("w")),
        ("/x/c.db", "/x/w", PathBuf::from("/x/c.db"), PathBuf::from("/x/w")),
        ("c:1.db", "w d", sub.join("c:1.db"), sub.join("w d")),
    ] {
        let env = [("ICEBERG_CATALOG_URI", uri), ("ICEBERG_WAREHOUSE", warehouse)];
        let catalog = load("a b", &env, &sub).unwrap().catalog;
        assert_eq!(embedded(&catalog), (database, folder), "{uri} {warehouse}");
    }
}

#[test]
fn numbers_and_folders_rise_from_file_to_flag() {
    let toml = "[compare]\nalpha = 0.1\nmin_effect = 0.2\nmargin = 0.03\nsearch_columns = [\"c\"]\ntop = 5\nhide = [\"z\", \"email\"]\nno_payload = true\n\
                [engine]\nmemory_limit = \"64MiB\"\nthreads = 2\n[report]\nout = \"public\"";
    let (_dir, root, sub) = project(toml);
    let config = load("a b", &[], &sub).unwrap();
    let compare = &config.compare;
    assert_eq!((compare.alpha, compare.top, compare.no_payload), (0.1, 5, true));
    assert_eq!((compare.min_effect_slice, compare.min_effect_headline), (0.2, 0.2));
    assert_eq!((compare.margin, compare.search), (Some(0.03), true));
    assert_eq!(compare.search_columns, ["c"]);
    assert_eq!((config.engine.memory_limit, config.engine.threads), (Some(64 << 20), 2));
    assert_eq!(config.out, root.join("public"));
    assert_eq!(config.file, Some(root.join("evaldiff.toml")));

    let flags = "a b --alpha 0.3 --min-effect 0 --margin 0.02 --no-search --top 9 --hide text --memory-limit 1GB --threads 4 --join hash --out o";
    let config = load(flags, &[], &sub).unwrap();
    let compare = &config.compare;
    assert_eq!((compare.alpha, compare.top), (0.3, 9));
    assert_eq!((compare.margin, compare.search), (Some(0.02), false));
    assert_eq!((compare.min_effect_slice, compare.min_effect_headline), (0.0, 0.0));
    // What the file hides stays hidden.
    assert_eq!(compare.hide, ["email", "text", "z"]);
    assert!(compare.no_payload);
    let engine = &config.engine;
    assert_eq!(
        (engine.memory_limit, engine.threads, engine.join),
        (Some(1_000_000_000), 4, JoinStrategy::Hash)
    );
    assert_eq!(config.out, Path::new("o"));
}

#[test]
fn column_roles_of_a_table_stand_between_flags_and_file() {
    let (_dir, _, sub) = project("[columns]\nid = [\"f1\"]\ntruth = \"f2\"\nprediction = \"f3\"\nslices = [\"f4\"]");
    let config = load("a b --truth flag", &[], &sub).unwrap();
    let files = config.columns();
    assert_eq!(
        (files.truth.as_deref(), files.prediction.as_deref()),
        (Some("flag"), Some("f3"))
    );
    let table = ColumnChoice {
        key: vec!["sample_id".into()],
        truth: Some("ground_truth".into()),
        prediction: Some("prediction".into()),
        ..ColumnChoice::default()
    };
    let roles = config.columns_of_table(table);
    assert_eq!(
        (roles.key, roles.slices),
        (vec!["sample_id".to_string()], vec!["f4".to_string()])
    );
    assert_eq!(
        (roles.truth.as_deref(), roles.prediction.as_deref()),
        (Some("flag"), Some("prediction"))
    );
}

#[test]
fn file_and_home_are_found_upwards_each_on_its_own() {
    let (_dir, root, sub) = project("");
    fs::create_dir(root.join(".evaldiff")).unwrap();
    let deep = sub.join("deep");
    fs::create_dir(&deep).unwrap();
    fs::write(sub.join("evaldiff.toml"), "table = \"near.t\"").unwrap();
    let config = load("a b", &[], &deep).unwrap();
    assert_eq!(config.home, root.join(".evaldiff"));
    assert_eq!(config.file, Some(sub.join("evaldiff.toml")));
    let config = load("a b --config ../../evaldiff.toml", &[], &deep).unwrap();
    assert_eq!(config.table, None);
}

#[test]
fn what_cannot_be_used_is_a_usage_error() {
    let sqlite = "a catalog is an SQLite file";
    let local = "a warehouse is a local folder";
    for (text, env, words) in [
        (
            "a b",
            ("ICEBERG_CATALOG_URI", "http://user:pass@h:8181"),
            "holds credentials",
        ),
        (
            "a b",
            ("ICEBERG_CATALOG_URI", "postgres://h/db"),
            if cfg!(feature = "postgres") {
                "needs a place for its tables"
            } else {
                "leaves out"
            },
        ),
        ("a b", ("ICEBERG_CATALOG_URI", "mysql://h/db"), sqlite),
        ("a b", ("ICEBERG_CATALOG_URI", "sqlite::memory:"), sqlite),
        ("a b", ("ICEBERG_CATALOG_URI", "sqlite://"), sqlite),
        ("a b", ("ICEBERG_WAREHOUSE", "gs://bucket"), local),
        (
            "a b",
            ("EVALDIFF_TABLE", "predictions"),
            "invalid EVALDIFF_TABLE `predictions`: a table is written",
        ),
        ("a b --config none.toml", ("X", ""), "none.toml"),
        (
            "a b --truth y --pred y",
            ("X", ""),
            "column `y` is given two roles on the command line",
        ),
        ("a b --id y --conf y", ("X", ""), "column `y` is given two roles"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let error = load(text, &[env], dir.path()).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Usage, "{text} {env:?}");
        assert!(error.to_string().contains(words), "{text} {env:?}: {error}");
    }
    let (_dir, _, sub) = project("[columns]\ntruth = \"y\"\nprediction = \"y\"");
    let error = load("a b", &[], &sub).expect_err("two roles");
    assert!(
        error
            .to_string()
            .contains("column `y` is given two roles in evaldiff.toml"),
        "{error}"
    );
}
