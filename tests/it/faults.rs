//! What a service does wrong, against a real BentoML server: each fault is an error of just the samples at fault, or the
//! end of the run without a trace in the table.

use crate::bento::{MAX_CONCURRENCY, Row, assert_whole, golden, rows, server, unfinished};
use crate::harness::{Project, finish};

/// Requests of a fixed size, so that what is asked does not depend on how fast it is answered.
const FIXED: [&str; 4] = ["--batch-size", "8", "--concurrency", "2"];

/// The error of each sample that has one.
fn errors(project: &Project) -> Vec<(String, String)> {
    let failed = rows(project).into_iter().filter(|row| row.status == "error");
    failed.map(|row| (row.key, row.error)).collect()
}

#[test]
fn what_is_wrong_with_one_answer_is_an_error_of_that_sample() {
    let Some(server) = server() else { return };
    // One fault in a batch each: a missing and a surplus answer in one batch would make up for each other.
    let faults = [
        (
            "boom",
            "status 500: An unexpected error has occurred, please check the server log.",
        ),
        ("few", "0 answers to 1 sample"),
        ("many", "2 answers to 1 sample"),
        ("object", "the label is an object"),
        ("number", "the label is 1.5, a decimal number"),
        ("null", "the label is null"),
        ("unknown", "the label \"mixed\" is none of \"negative\", \"positive\""),
        ("conf", "the confidence is 7, outside 0 to 1"),
        ("text", "the confidence is text, not a number"),
        ("nan", "no confidence in the answer, where other answers have one"),
    ];
    let words = |row: usize| match row {
        // The first batch is answered well, so that answers are known to have a confidence.
        row if row >= 8 && row % 8 == 5 => faults[row / 8 - 1].0.to_string(),
        _ => String::new(),
    };
    let project = Project::new();
    project.file("golden.csv", golden("answers", 8 + 8 * faults.len(), words));
    let one = ["--batch-size", "8", "--concurrency", "1"];
    let output = server.run(&project, &[&one[..], &["--max-errors", "9"]].concat());
    output
        .expect_code(4)
        .stderr_has("samples failed, 9 may; the first: sample s-0013: status 500");
    output.stderr_has("--resume").stderr_has("--max-errors");
    assert_eq!(project.runs().len(), 0, "{output}");
    let output = server.run(&project, &[&one[..], &["--max-errors", "10", "--resume"]].concat());
    output
        .ok()
        .stderr_has("failed: s-0013: status 500")
        .stderr_has("and 5 more");
    let found = errors(&project);
    let expected: Vec<_> = (0..faults.len())
        .map(|i| (format!("s-{:04}", 8 * i + 13), faults[i].1.to_string()))
        .collect();
    assert_eq!(found, expected);
    let all = rows(&project);
    assert_eq!(all.len(), 8 + 8 * faults.len());
    for row in all.iter().filter(|row| row.status == "ok") {
        let number: usize = row.key[2..].parse().unwrap();
        let label = if number.is_multiple_of(3) {
            "negative"
        } else {
            "positive"
        };
        assert_eq!(row.prediction, label, "{row:?}: an answer went to another sample");
    }
    assert!(unfinished(&project).is_empty());
}

#[test]
fn an_answer_that_is_not_json_is_an_error_of_the_sample_at_fault() {
    let Some(server) = server() else { return };
    let project = Project::new();
    let words = |row| if row == 7 { "nan".into() } else { String::new() };
    project.file("golden.csv", golden("invalid", 16, words));
    let output = server.run(
        &project,
        &[&FIXED[..], &["--endpoint", "typed", "--max-errors", "1"]].concat(),
    );
    output.ok();
    let found = errors(&project);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "s-0007");
    for words in ["the answer is not valid JSON", "NaN or Infinity, which JSON lacks"] {
        assert!(found[0].1.contains(words), "{found:?}");
    }
}

#[test]
fn a_sample_on_which_the_model_is_too_slow_is_named() {
    let Some(server) = server() else { return };
    let project = Project::new();
    let words = |row| if row == 2 { "slow".into() } else { String::new() };
    project.file("golden.csv", golden("late", 8, words));
    let args = ["--batch-size", "2", "--concurrency", "4"];
    let output = server.run(&project, &args);
    output
        .expect_code(4)
        .stderr_has("1 of 8 samples failed, 0 may; the first: sample s-0002: status 504");
    output
        .stderr_has("Not able to process the request in 3 seconds")
        .stderr_has("--resume");
    assert_eq!(project.runs().len(), 0);
    let before = server.seen("late").asked;
    let output = server.run(&project, &[&args[..], &["--max-errors", "1", "--resume"]].concat());
    output.ok().stderr_has("7 samples answered before");
    let found = errors(&project);
    assert_eq!(found[0].0, "s-0002");
    assert!(found.len() == 1 && found[0].1.contains("status 504"), "{found:?}");
    let after = server.seen("late").asked;
    let again: Vec<_> = after.iter().filter(|(text, times)| before[*text] != **times).collect();
    assert_eq!(again.len(), 1, "more was asked again than what had failed: {again:?}");
    assert!(again[0].0.contains("slow"));
}

#[test]
fn an_overloaded_service_is_asked_until_it_answers() {
    let Some(server) = server() else { return };
    let project = Project::new();
    project.file("golden.csv", golden("overload", 120, |_| "nap=40".into()));
    let many = (4 * MAX_CONCURRENCY).to_string();
    server
        .run(&project, &["--batch-size", "1", "--concurrency", &many])
        .ok();
    assert_eq!(assert_whole(&project, 120), 1);
    // And where nobody says how much it bears.
    server.run(&project, &[]).ok();
    assert_eq!(assert_whole(&project, 120), 2);
}

#[test]
fn large_samples_are_split_by_their_bytes() {
    let Some(server) = server() else { return };
    let project = Project::new();
    let long = "la ".repeat(1_100_000);
    let longest = "lo ".repeat(4_000_000);
    // 17 of 3.3 MB and one of 12 MB; the words that count stand at the beginning.
    let text = |row| if row == 5 { longest.clone() } else { long.clone() };
    project.file("golden.csv", golden("large", 18, text));
    server.run(&project, &["--batch-size", "18", "--concurrency", "2"]).ok();
    let found = rows(&project);
    assert_eq!(found.len(), 18);
    assert!(
        found.iter().all(|row| row.status.is_empty() || row.status == "ok"),
        "{:?}",
        errors(&project)
    );
    let seen = server.seen("large");
    assert_eq!(seen.total(), 18);
    assert!(
        (12_000_000..12_100_000).contains(&seen.largest),
        "the largest request: {}",
        seen.largest
    );
}

/// A sample that no batch can be made smaller by: it goes alone, as one body of 60 MB.
#[test]
fn a_body_of_sixty_megabytes_is_answered() {
    let Some(server) = server() else { return };
    let project = Project::new();
    let huge = "lo ".repeat(20_000_000);
    let text = |row| if row == 1 { huge.clone() } else { "la".to_string() };
    project.file("golden.csv", golden("huge", 3, text));
    server.run(&project, &["--batch-size", "3", "--concurrency", "1"]).ok();
    let found = rows(&project);
    assert_eq!(found.len(), 3);
    assert!(
        found.iter().all(|row| row.status.is_empty() || row.status == "ok"),
        "{:?}",
        errors(&project)
    );
    let seen = server.seen("huge");
    assert_eq!(seen.total(), 3);
    assert!(
        (60_000_000..60_100_000).contains(&seen.largest),
        "the largest request: {}",
        seen.largest
    );
}

#[test]
fn two_evaluations_at_once_are_two_whole_runs() {
    let Some(server) = server() else { return };
    let project = Project::new();
    project.file(
        "golden.csv",
        golden("two", 60, |row| {
            format!("nap=20 {}", if row == 59 { "gate=two" } else { "" })
        }),
    );
    let start = || {
        let mut command = server.command(&project, &FIXED);
        std::thread::spawn(move || finish(std::mem::replace(&mut command, std::process::Command::new("true"))))
    };
    let both = [start(), start()];
    crate::bento::eventually("both to be under way", || {
        let under_way = unfinished(&project);
        under_way.len() == 2
            && under_way
                .iter()
                .all(|run| run["in_use"] == true && run["answered"] != 0)
    });
    // Both want to create the table at the same moment.
    server.open_gate("two");
    for one in both {
        one.join().unwrap().ok();
    }
    assert_eq!(assert_whole(&project, 60), 2);
    assert!(unfinished(&project).is_empty());
    let runs: std::collections::BTreeSet<String> = rows(&project).into_iter().map(|row: Row| row.run).collect();
    assert_eq!(runs.len(), 2);
}
