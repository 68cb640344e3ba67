//! The integration tests: the built binary as a user runs it, each in a folder of its own.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::clone_on_ref_ptr,
    reason = "a test fails by panicking, and compares bytes and numbers exactly"
)]

mod answers;
mod architecture;
mod bad_input;
mod bento;
mod cases;
mod catalogs;
mod cli;
mod clusters;
mod cost;
mod credentials;
mod defaults;
mod determinism;
mod engines;
mod expired;
mod faults;
mod harness;
mod importers;
mod interchange;
mod kill;
mod kinds;
mod label_changes;
mod lake;
mod lakehouse;
mod lists;
mod media;
mod odd_input;
mod outages;
#[cfg(feature = "postgres")]
mod postgres;
mod publication;
mod reference;
mod refusals;
mod reproduce;
mod resume;
mod search;
mod secrets;
mod servers;
mod statistics;
mod storage;
mod stubs;
mod surgery;
mod theme;
mod tls;
mod traffic;
mod types;
mod unread;
mod verify;
mod writable;

#[test]
fn every_file_of_this_folder_is_compiled() {
    let here = harness::repository().join("tests/it");
    let main = std::fs::read_to_string(here.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(here).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(stem) = name.strip_suffix(".rs").filter(|stem| *stem != "main") else {
            assert_eq!(name, "main.rs", "only Rust files belong into tests/it");
            continue;
        };
        assert!(
            main.contains(&format!("mod {stem};")),
            "tests/it/{name} is forgotten: add `mod {stem};` to tests/it/main.rs"
        );
    }
}
