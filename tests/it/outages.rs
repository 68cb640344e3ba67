//! Answers that are lost, servers and writers killed under load, a database that stays locked: every acknowledged run is
//! there once, and none in part. The counts are printed; docs/LAKEHOUSE.md has them in a table.

use crate::catalogs::{Handlers, Server, handlers_folder, on_each_server};
use crate::harness::{Output, Project, finish};
use crate::lake::{Lake, environment, import, leaks_nothing, predictions, proxy};
use crate::lakehouse::runs_of;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

on_each_server![
    a_commit_whose_answer_is_lost_is_found_and_not_repeated,
    a_commit_that_never_gets_through_is_said_to_be_uncertain_and_may_be_repeated,
    writers_that_are_killed_leave_whole_runs_or_none,
];

fn a_commit_whose_answer_is_lost_is_found_and_not_repeated(server: &Server) {
    let project = server.project();
    project.file("a.csv", predictions(100, 7));
    finish(import(&project, "a.csv", "v0", "cut.predictions")).ok();
    // Answers lost; requests lost; one of each by turns.
    type Fault = fn(usize) -> Option<bool>;
    let faults: [(Fault, usize); 3] = [
        (|i| (i < 2).then_some(true), 1),
        (|i| (i < 3).then_some(false), 4),
        (|i| (i < 4).then_some(i % 2 == 1), 2),
    ];
    for (i, (fault, commits)) in faults.into_iter().enumerate() {
        let (port, counted) = proxy(server.port, fault);
        project.file("evaldiff.toml", server.behind(port).settings());
        let version = format!("v{}", i + 1);
        leaks_nothing(finish(import(&project, "a.csv", &version, "cut.predictions")).ok());
        assert_eq!(counted.load(Ordering::SeqCst), commits, "commits of {version}");
    }
    project.file("evaldiff.toml", server.settings());
    let runs = runs_of(&project, "cut.predictions");
    let versions: Vec<&str> = runs.iter().map(|r| r["model_version"].as_str().unwrap()).collect();
    assert_eq!(versions, ["v0", "v1", "v2", "v3"]);
    let rows = server.python("print(catalog.load_table('cut.predictions').scan().to_arrow().num_rows)\n");
    assert_eq!(rows.trim(), "400");
    println!(
        "{}: 4 runs, 2 answers and 4 requests of commits cut off; 4 present, each once",
        server.name
    );
}

fn a_commit_that_never_gets_through_is_said_to_be_uncertain_and_may_be_repeated(server: &Server) {
    let project = server.project();
    project.file("a.csv", predictions(100, 7));
    finish(import(&project, "a.csv", "v0", "never.predictions")).ok();
    let (port, _) = proxy(server.port, |_| Some(false));
    project.file("evaldiff.toml", server.behind(port).settings());
    let id = uuid::Uuid::now_v7().to_string();
    let args = [
        "import",
        "a.csv",
        "--model-version",
        "v1",
        "--table",
        "never.predictions",
        "--run-id",
        &id,
    ];
    let output = project.run(&args);
    leaks_nothing(&output)
        .expect_code(4)
        .stderr_has("may or may not have happened")
        .stderr_has("--run-id");
    project.file("evaldiff.toml", server.settings());
    assert_eq!(runs_of(&project, "never.predictions").len(), 1);
    project.run(&args).ok();
    assert_eq!(runs_of(&project, "never.predictions").len(), 2);
}

/// Rows of each run in the tests with several writers.
const ROWS: usize = 40;

/// What several writers were told, and which runs they wrote.
#[derive(Default)]
struct Writers {
    acknowledged: AtomicUsize,
    refused: AtomicUsize,
}

impl Writers {
    fn count(&self, output: &Output) {
        leaks_nothing(output);
        match output.code {
            Some(0) => self.acknowledged.fetch_add(1, Ordering::SeqCst),
            Some(4) => self.refused.fetch_add(1, Ordering::SeqCst),
            _ => panic!("{output}"),
        };
    }

    /// Fails unless each acknowledged run is there, and each that is there is there once and whole.
    fn assert_kept(&self, what: &str, project: &Project, table: &str, python_rows: Option<usize>) {
        let runs = runs_of(project, table);
        let ids: BTreeSet<&str> = runs.iter().map(|r| r["run_id"].as_str().unwrap()).collect();
        let (acknowledged, refused) = (
            self.acknowledged.load(Ordering::SeqCst),
            self.refused.load(Ordering::SeqCst),
        );
        println!(
            "{what}: acknowledged {acknowledged}, refused or uncertain {refused}, present {}",
            runs.len()
        );
        assert_eq!(ids.len(), runs.len(), "a run is there twice");
        assert!(runs.iter().all(|r| r["rows"] == ROWS), "a run is there in part");
        // An uncertain one may be there; an acknowledged one has to be.
        assert!((acknowledged..=acknowledged + refused).contains(&runs.len()));
        if let Some(rows) = python_rows {
            assert_eq!(rows, runs.len() * ROWS, "rows as PyIceberg reads them");
        }
    }
}

fn rows_read_by_pyiceberg(server: &Server, table: &str) -> usize {
    let rows = server.python(&format!(
        "print(catalog.load_table('{table}').scan().to_arrow().num_rows)\n"
    ));
    rows.trim().parse().unwrap()
}

/// Five writers import one run after the other while `meanwhile` runs.
fn under_load(project: &Project, table: &str, meanwhile: impl FnOnce()) -> Writers {
    const WRITERS: usize = 5;
    project.file("a.csv", predictions(ROWS, 7));
    let writers = Writers::default();
    writers.count(finish(import(project, "a.csv", "first", table)).ok());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (writers, stop) = (&writers, &stop);
            scope.spawn(move || {
                for i in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    writers.count(&finish(import(project, "a.csv", &format!("w{writer}-{i}"), table)));
                }
            });
        }
        meanwhile();
        stop.store(true, Ordering::SeqCst);
    });
    writers
}

#[test]
fn a_lake_that_fails_under_load_loses_no_acknowledged_run_and_shows_none_in_part() {
    let Some(venv) = environment() else { return };
    let mut lake = Lake::start(&venv);
    let project = lake.project();
    let writers = under_load(&project, "storm.predictions", || {
        for _ in 0..4 {
            std::thread::sleep(Duration::from_secs(2));
            lake.fail_and_restart();
        }
        std::thread::sleep(Duration::from_secs(2));
    });
    let rows = rows_read_by_pyiceberg(&Server::seaweedfs(&lake), "storm.predictions");
    writers.assert_kept(
        "seaweedfs, catalog and store killed 4 times",
        &project,
        "storm.predictions",
        Some(rows),
    );
}

#[test]
fn handlers_and_their_store_fail_under_load_and_lose_no_acknowledged_run() {
    let (Some(folder), Some(venv)) = (handlers_folder(), environment()) else {
        return;
    };
    let mut lake = Lake::start(&venv);
    let mut handlers = Handlers::start(&folder, &lake);
    let server = Server::handlers(&handlers, &lake);
    let project = server.project();
    let writers = under_load(&project, "storm.predictions", || {
        for i in 0..6 {
            std::thread::sleep(Duration::from_secs(5));
            match i % 2 {
                0 => handlers.fail_and_restart(),
                _ => lake.fail_and_restart(),
            }
        }
        std::thread::sleep(Duration::from_secs(5));
    });
    let rows = rows_read_by_pyiceberg(&server, "storm.predictions");
    writers.assert_kept(
        "handlers, catalog and store killed 3 times each",
        &project,
        "storm.predictions",
        Some(rows),
    );
}

/// A number that looks random but is the same in each run of the tests, from 0 to 1.
fn dice(what: &str) -> f64 {
    let hash = blake3::hash(what.as_bytes());
    f64::from(u16::from_le_bytes([hash.as_bytes()[0], hash.as_bytes()[1]])) / f64::from(u16::MAX)
}

fn writers_that_are_killed_leave_whole_runs_or_none(server: &Server) {
    const WRITERS: usize = 4;
    const EACH: usize = 15;
    let table = "killed.predictions";
    let project = server.project();
    project.file("a.csv", predictions(ROWS, 7));
    let writers = Writers::default();
    // The table exists from the second on: that one tells how long an import takes among others.
    writers.count(finish(import(&project, "a.csv", "first", table)).ok());
    let start = Instant::now();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (project, writers) = (&project, &writers);
            scope.spawn(move || {
                writers.count(finish(import(project, "a.csv", &format!("whole-{writer}"), table)).ok());
            });
        }
    });
    let whole = start.elapsed();
    let ended = AtomicUsize::new(0);
    let killed: BTreeSet<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (project, writers, ended) = (&project, &writers, &ended);
                scope.spawn(move || {
                    let mut killed = Vec::new();
                    for i in 0..EACH {
                        let version = format!("k{writer}-{i}");
                        let mut command = import(project, "a.csv", &version, table);
                        command.stdout(Stdio::null()).stderr(Stdio::null());
                        let mut child = command.spawn().unwrap();
                        std::thread::sleep(whole.mul_f64(dice(&version)));
                        child.kill().unwrap();
                        match child.wait().unwrap().code() {
                            None => killed.push(version),
                            // It had ended before.
                            Some(code) => {
                                assert_eq!(code, 0, "{version}");
                                ended.fetch_add(1, Ordering::SeqCst);
                                writers.acknowledged.fetch_add(1, Ordering::SeqCst);
                            }
                        }
                    }
                    killed
                })
            })
            .collect();
        threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
    });
    let present = runs_of(&project, table)
        .iter()
        .filter(|run| killed.contains(run["model_version"].as_str().unwrap()))
        .count();
    println!(
        "{}: {} writers killed within {whole:?}: {} left no run, {present} a whole one; {} had ended before",
        server.name,
        killed.len(),
        killed.len() - present,
        ended.into_inner()
    );
    assert!(killed.len() - present >= 10, "the kills came too late to mean anything");
    writers.refused.fetch_add(killed.len(), Ordering::SeqCst);
    let rows = rows_read_by_pyiceberg(server, table);
    writers.assert_kept(server.name, &project, table, Some(rows));
    // What was left behind disturbs nobody.
    finish(import(&project, "a.csv", "last", table)).ok();
}

/// A project of its own and what four writers were told that met a lock, which is held for so long, or until all gave up.
async fn locked(journal: &str, held_for: Option<Duration>) -> (Project, Writers, String) {
    let project = Project::new();
    project.file("a.csv", predictions(ROWS, 7));
    let writers = Writers::default();
    writers.count(finish(import(&project, "a.csv", "first", "eval.predictions")).ok());
    let database = project.path().join(".evaldiff/catalog.db");
    let mut connection = SqliteConnectOptions::new().filename(&database).connect().await.unwrap();
    let mode: String = sqlx::query_scalar(&format!("PRAGMA journal_mode={journal}"))
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(mode, journal);
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut connection).await.unwrap();
    let imports: Vec<_> = (0..4)
        .map(|i| {
            let command = import(&project, "a.csv", &format!("w{i}"), "eval.predictions");
            tokio::task::spawn_blocking(move || finish(command))
        })
        .collect();
    let mut held = Some(connection);
    if let Some(held_for) = held_for {
        tokio::time::sleep(held_for).await;
        held.take().unwrap().close().await.unwrap();
    }
    let mut said = String::new();
    for import in imports {
        let output = import.await.unwrap();
        writers.count(&output);
        said.push_str(&output.stderr);
    }
    if let Some(connection) = held {
        connection.close().await.unwrap();
    }
    (project, writers, said)
}

/// Longer than the five seconds for which SQLite itself waits. With a write-ahead log only writers meet the lock.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_locked_for_longer_than_its_busy_timeout_is_waited_for() {
    let held_for = Some(Duration::from_secs(12));
    let both = tokio::join!(locked("wal", held_for), locked("delete", held_for));
    for (journal, (project, writers, said)) in [("wal", both.0), ("delete", both.1)] {
        assert_eq!(writers.refused.load(Ordering::SeqCst), 0, "{said}");
        let what = format!("sqlite ({journal}), locked for 12 s");
        writers.assert_kept(&what, &project, "eval.predictions", None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stays_locked_is_said_and_the_run_may_be_repeated() {
    let start = Instant::now();
    let both = tokio::join!(locked("wal", None), locked("delete", None));
    for (journal, (project, writers, said)) in [("wal", both.0), ("delete", both.1)] {
        assert_eq!(writers.refused.load(Ordering::SeqCst), 4, "{said}");
        assert_eq!(said.matches("database is locked").count(), 4, "{said}");
        assert_eq!(said.matches("hint: ").count(), 4, "{said}");
        let what = format!(
            "sqlite ({journal}), locked until all gave up ({} s)",
            start.elapsed().as_secs()
        );
        writers.assert_kept(&what, &project, "eval.predictions", None);
        for writer in 0..4 {
            let again = import(&project, "a.csv", &format!("w{writer}"), "eval.predictions");
            writers.count(finish(again).ok());
        }
        writers.assert_kept("and again", &project, "eval.predictions", None);
    }
}
