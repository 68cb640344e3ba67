//! Evaluations that ended before they were done: what was answered is kept, nothing is half-written, and `--resume`
//! goes on with the same run or says why not. Against a real BentoML server.

use crate::bento::{VERSION, assert_whole, evaluation, eventually, golden, rows, server, unfinished};
use crate::harness::{Output, Project, command_in, finish};
use crate::storage::Disk;
use crate::stubs::{not_found, stub};
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const BATCH: u64 = 4;
const CONCURRENCY: u64 = 3;
/// Requests of a fixed size: what is under way at any moment is known.
const FIXED: [&str; 4] = ["--batch-size", "4", "--concurrency", "3"];
/// Kills while samples are asked about, and around the commit.
const KILLS: u64 = 20;
const LATE_KILLS: u64 = 10;

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn quiet(mut command: Command) -> Command {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Starts a command that is waited for elsewhere.
fn start(command: Command) -> std::thread::JoinHandle<Output> {
    std::thread::spawn(move || finish(command))
}

fn answered(project: &Project) -> u64 {
    unfinished(project)
        .first()
        .map_or(0, |run| run["answered"].as_u64().unwrap())
}

#[test]
fn a_run_killed_at_any_moment_is_resumed_without_asking_twice() {
    let Some(server) = server() else { return };
    let samples = 1000;
    let project = Project::new();
    // The last samples wait at a gate, so that no kill comes too late.
    let words = |row| format!("nap=40 {}", if row >= samples - 4 { "gate=killed" } else { "" });
    project.file("golden.csv", golden("killed", samples, words));
    let id = "01890000-0000-7000-8000-000000000001";
    let args = [&FIXED[..], &["--run-id", id, "--resume"]].concat();
    let answers = project.path().join(format!(".evaldiff/spool/{id}/answers"));
    let size = || std::fs::metadata(&answers).map_or(0, |file| file.len());
    let mut dice = Dice(20_260_302);
    let mut stands = Vec::new();
    for kill in 0..KILLS {
        let mut child = quiet(server.command(&project, &args)).spawn().unwrap();
        if kill % 2 == 0 {
            std::thread::sleep(Duration::from_millis(dice.below(250)));
        } else if answered(&project) < 900 {
            // While answers come, however fast this machine is.
            let (mut seen, mut left) = (size(), dice.below(8));
            eventually("answers", || {
                left -= u64::from(left > 0 && size() != seen);
                seen = size();
                left == 0
            });
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(project.runs().is_empty(), "a run before all was answered");
        stands.push(answered(&project));
    }
    assert!(stands.is_sorted(), "answers were lost: {stands:?}");
    stands.dedup();
    assert!(
        stands.len() > 5,
        "the kills came too early to mean anything: {stands:?}"
    );
    server.open_gate("killed");
    server.run(&project, &args).ok();
    assert_eq!(assert_whole(&project, samples), 1);
    assert!(unfinished(&project).is_empty());
    let seen = server.seen("killed");
    assert_eq!(seen.asked.len(), samples);
    let again = seen.total() - samples as u64;
    println!("{KILLS} kills at {stands:?} answers: {again} samples asked twice");
    assert!(again <= KILLS * BATCH * CONCURRENCY, "{again} samples were asked again");
    // The same id once more: there is nothing left to do.
    server.run(&project, &args).ok().stdout_has("is already there");
    assert_eq!(server.seen("killed").total(), seen.total());
}

#[test]
fn a_run_killed_around_its_commit_is_there_once() {
    let Some(server) = server() else { return };
    let samples = 24;
    let project = Project::new();
    let ask = |n: u64, more: &[&str]| {
        project.file("golden.csv", golden(&format!("end{n}"), samples, |_| String::new()));
        let id = format!("01890000-0000-7000-8000-0000000001{n:02}");
        server.command(&project, &[&FIXED[..], &["--run-id", &id], more].concat())
    };
    let begin = Instant::now();
    finish(ask(0, &[])).ok();
    let whole = begin.elapsed();
    let mut dice = Dice(7);
    let mut there = 0;
    for n in 1..=LATE_KILLS {
        let mut child = quiet(ask(n, &[])).spawn().unwrap();
        std::thread::sleep(whole * (40 + dice.below(100) as u32) / 100);
        child.kill().unwrap();
        child.wait().unwrap();
        let runs = project.runs();
        assert!(runs.iter().all(|run| run["rows"] == samples), "a partial run: {runs:?}");
        there += usize::from(runs.len() == n as usize + 1);
        finish(ask(n, &["--resume"])).ok();
        assert_eq!(project.runs().len(), n as usize + 1);
        let seen = server.seen(&format!("end{n}"));
        assert!(seen.total() <= samples as u64 + BATCH * CONCURRENCY, "{}", seen.total());
    }
    println!("{LATE_KILLS} kills within {whole:?}: {there} came after the commit");
    assert_eq!(assert_whole(&project, samples), LATE_KILLS as usize + 1);
    assert!(unfinished(&project).is_empty());
    let left = crate::harness::tree(&project.path().join(".evaldiff/spool"));
    assert!(left.keys().all(|name| !name.ends_with("run.json")), "{:?}", left.keys());
}

#[test]
fn a_full_disk_ends_the_run_and_room_lets_it_go_on() {
    let Some(server) = server() else { return };
    let project = Project::new();
    let Some(disk) = Disk::new(&project.path().join("disk"), "size=200k") else {
        return;
    };
    project.file("golden.csv", golden("full", 400, |_| String::new()));
    let url = server.url();
    let run = |more: &[&str]| {
        let args = [
            "run",
            "--golden",
            "../golden.csv",
            "--model-version",
            VERSION,
            "--service",
            &url,
        ];
        finish(command_in(
            &disk.0,
            &[&args[..], &["--batch-size", "2", "--concurrency", "2"], more].concat(),
        ))
    };
    let output = run(&[]);
    output
        .expect_code(4)
        .stderr_has("the spool")
        .stderr_has("No space left on device");
    output.stderr_has("hint: free some space, then go on with --resume");
    let output = run(&["--resume"]);
    output.expect_code(4).stderr_has("No space left on device");
    disk.remount("size=32m");
    run(&["--resume"]).ok().stderr_has("samples answered before");
    let runs = finish(command_in(&disk.0, &["runs", "--format", "json"]));
    assert_eq!(runs.ok().json()[0]["rows"], 400);
    let seen = server.seen("full");
    assert_eq!(seen.asked.len(), 400);
    // Answers that came while the disk was full are lost: those under way and those that waited for the disk.
    println!("{} samples asked twice", seen.total() - 400);
    assert!(
        seen.total() < 800,
        "the first attempts counted for nothing: {}",
        seen.total()
    );
}

#[test]
fn a_catalog_that_is_gone_at_the_end_loses_nothing() {
    let Some(server) = server() else { return };
    let project = Project::new();
    project.file("golden.csv", golden("first", 24, |_| String::new()));
    server.run(&project, &FIXED).ok();
    let home = project.path().join(".evaldiff");
    let (database, away) = (home.join("catalog.db"), home.join("catalog.away"));
    for (n, gate) in ["removed", "replaced"].into_iter().enumerate() {
        let words = |row| {
            if row == 23 {
                format!("gate={gate}")
            } else {
                String::new()
            }
        };
        project.file("golden.csv", golden(gate, 24, words));
        let running = start(server.command(&project, &FIXED));
        eventually("answers", || answered(&project) >= 8);
        let files = project.warehouse();
        std::fs::rename(&database, &away).unwrap();
        if gate == "replaced" {
            std::fs::write(&database, "no database at all ".repeat(1000)).unwrap();
        }
        server.open_gate(gate);
        let output = running.join().unwrap();
        output
            .stderr_has("error: ")
            .stderr_has("hint: ")
            .stderr_has("every answer is kept: go on with --resume=");
        assert!(matches!(output.code, Some(2 | 4)), "{output}");
        assert_eq!(
            database.exists(),
            gate == "replaced",
            "another catalog was made: {output}"
        );
        assert_eq!(project.warehouse(), files, "something was written: {output}");
        assert_eq!(answered(&project), 24);
        std::fs::rename(&away, &database).unwrap();
        let output = server.run(&project, &[&FIXED[..], &["--resume"]].concat());
        output.ok().stderr_has("24 samples answered before");
        assert_eq!(assert_whole(&project, 24), n + 2);
        assert_eq!(server.seen(gate).total(), 24);
    }
}

#[test]
fn what_changed_is_said_and_the_run_is_not_resumed() {
    let Some(server) = server() else { return };
    let project = Project::new();
    let words = |row| if row == 17 { "boom" } else { "" }.to_string();
    let file = golden("refused", 24, words);
    project.file("golden.csv", &file);
    let output = server.run(&project, &["--batch-size", "4", "--concurrency", "1"]);
    output.expect_code(4).stderr_has("sample s-0017: status 500");
    let kept = unfinished(&project);
    assert!(kept[0]["answered"].as_u64().unwrap() >= 16, "{kept:?}");
    let resume = |more: &[&str]| server.run(&project, &[&FIXED[..], &["--resume"], more].concat());
    let refused = |output: Output, words: &str| {
        output.expect_code(2).stderr_has(words).stderr_has("hint: ");
        assert_eq!(unfinished(&project), kept, "{output}");
        assert!(project.runs().is_empty(), "{output}");
    };

    project.file(
        "golden.csv",
        file.replace("s-0003,refused 3 bad ,negative", "s-0003,refused 3 bad ,positive"),
    );
    refused(resume(&[]), "the golden dataset has other samples");
    let mut lines: Vec<_> = file.lines().collect();
    lines.swap(3, 4);
    project.file("golden.csv", lines.join("\n"));
    refused(resume(&[]), "the file of the golden dataset was written anew");
    project.file("golden.csv", &file);

    refused(
        resume(&["--endpoint", "typed"]),
        "requests are made or answers read in another way",
    );
    refused(
        resume(&["--any-label"]),
        "requests are made or answers read in another way",
    );
    refused(
        resume(&["--table", "other.table"]),
        "no unfinished run of version `1.0.0` for table other.table",
    );

    // Stubs: another version of the service, and another service.
    for (name, version, words) in [
        ("faulty", "1.0.1", "the service is faulty:1.0.1, it was faulty:1.0.0"),
        ("better", "1.0.0", "the service is better:1.0.0, it was faulty:1.0.0"),
    ] {
        let port = stub(move |request| request.describe(name, version).or(not_found()));
        let url = format!("http://127.0.0.1:{port}");
        let elsewhere =
            |more: &[&str]| project.run(&[&evaluation("--service", &url)[..], &["--resume"], more].concat());
        refused(elsewhere(&["--service-version", version]), words);
        if version != VERSION {
            refused(
                elsewhere(&[]),
                "the service is faulty:1.0.1, version 1.0.0 was asked for",
            );
        }
    }

    // And nothing of this did harm.
    let asked = server.seen("refused").asked;
    resume(&["--max-errors", "1"]).ok();
    assert_eq!(rows(&project).len(), 24);
    let again = server
        .seen("refused")
        .asked
        .into_iter()
        .filter(|(text, times)| asked.get(text).is_some_and(|n| n != times));
    let again: Vec<_> = again.map(|(text, _)| text).collect();
    assert!(again.len() as u64 <= BATCH, "asked again: {again:?}");
}

#[test]
fn unfinished_runs_are_listed_and_kept_from_a_second_process() {
    let Some(server) = server() else { return };
    let project = Project::new();
    let listed = project.run(&["runs", "--unfinished"]);
    listed.ok().stdout_has("0 unfinished runs");
    let words = |row| if row == 11 { "gate=listed" } else { "" }.to_string();
    project.file("golden.csv", golden("listed", 12, words));
    let running = start(server.command(&project, &FIXED));
    eventually("answers", || answered(&project) == 8);
    let run = &unfinished(&project)[0];
    let expected = [
        ("model_version", json!(VERSION)),
        ("table", json!("ml_eval_results.predictions")),
        ("answered", json!(8)),
        ("samples", json!(12)),
        ("service", json!("faulty:1.0.0")),
        ("in_use", json!(true)),
    ];
    for (name, value) in expected {
        assert_eq!(run[name], value, "{name} in {run}");
    }
    let id = run["run_id"].as_str().unwrap();
    let text = project.run(&["runs", "--unfinished"]);
    text.ok()
        .stdout_has("1 unfinished run\n")
        .stdout_has(id)
        .stdout_has("under way")
        .stdout_has("faulty:1.0.0");
    project
        .run(&["runs", "--unfinished", "7"])
        .ok()
        .stdout_has("0 unfinished runs");

    let second = server.run(&project, &[&FIXED[..], &["--resume"]].concat());
    second
        .expect_code(2)
        .stderr_has("another process works on the run")
        .stderr_has("hint: wait for it, or end it");
    let second = server.run(&project, &[&FIXED[..], &["--run-id", id]].concat());
    second
        .expect_code(2)
        .stderr_has("is unfinished")
        .stderr_has("add --resume");

    // What a killed process may leave besides is no run, and in nobody's way.
    let spool = project.path().join(".evaldiff/spool");
    std::fs::create_dir(spool.join("nothing")).unwrap();
    copy(&spool.join(id), &spool.join("no-answers"));
    std::fs::remove_file(spool.join("no-answers/answers")).unwrap();
    assert_eq!(unfinished(&project).len(), 1);

    server.open_gate("listed");
    running.join().unwrap().ok();
    project
        .run(&["runs", "--unfinished"])
        .ok()
        .stdout_has("0 unfinished runs");
    assert_eq!(assert_whole(&project, 12), 1);
    let nothing = server.run(&project, &[&FIXED[..], &["--resume"]].concat());
    nothing
        .expect_code(2)
        .stderr_has("no unfinished run of version `1.0.0`")
        .stderr_has("evaldiff runs --unfinished");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for (name, bytes) in crate::harness::tree(from) {
        std::fs::write(to.join(name), bytes).unwrap();
    }
}
