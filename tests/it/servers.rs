//! Services that die, and runners that do: against BentoML servers of their own.

use crate::bento::{
    Server, TAG, assert_whole, environment, evaluation, eventually, free_port, golden, interrupt, kill, marked,
    marking, new_mark, program, server, unfinished,
};
use crate::harness::{Output, Project, finish};
use std::path::Path;
use std::process::{Child, Stdio};

/// A run of `samples` whose last one waits at a gate.
fn gated(group: &str, samples: usize) -> String {
    golden(group, samples, |row| {
        let gate = if row + 1 == samples {
            format!("gate={group}")
        } else {
            String::new()
        };
        format!("nap=20 {gate}")
    })
}

fn has_answers(project: &Project) -> bool {
    unfinished(project)
        .iter()
        .any(|run| run["in_use"] == true && run["answered"].as_u64() > Some(7))
}

#[test]
fn a_worker_that_dies_is_waited_for() {
    let Some(program) = program() else { return };
    let server = Server::start(&program, free_port());
    // A time limit shorter than the time that BentoML needs to notice, and the usual one.
    let runs = [("short", "2s"), ("usual", "60s")].map(|(group, timeout)| {
        let project = Project::new();
        project.file("golden.csv", gated(group, 80));
        let args = ["--batch-size", "4", "--concurrency", "2", "--timeout", timeout];
        let command = server.command(&project, &args);
        (project, std::thread::spawn(move || finish(command)))
    });
    eventually("answers", || runs.iter().all(|(project, _)| has_answers(project)));
    let worker = server.seen("usual").worker;
    kill(worker);
    for group in ["short", "usual"] {
        server.open_gate(group);
    }
    assert_ne!(server.seen("usual").worker, worker);
    for (project, run) in runs {
        run.join().unwrap().ok();
        assert_eq!(assert_whole(&project, 80), 1);
    }
}

#[test]
fn a_service_that_is_started_again_goes_on_with_the_run() {
    let Some(program) = program() else { return };
    let (first, project) = (Server::start(&program, free_port()), Project::new());
    project.file("golden.csv", gated("again", 80));
    let command = first.command(&project, &["--batch-size", "4", "--concurrency", "2"]);
    let run = std::thread::spawn(move || finish(command));
    eventually("answers", || has_answers(&project));
    let port = first.port;
    first.kill();
    assert!(project.runs().is_empty());
    let second = Server::start(&program, port);
    second.open_gate("again");
    run.join().unwrap().ok();
    assert_eq!(assert_whole(&project, 80), 1);
    let asked = second.seen("again");
    assert!(asked.total() < 80, "all was asked again: {}", asked.total());
}

/// An evaluation by a service that it starts itself, marked with everything that it starts.
fn with_bento(project: &Project, program: &Path, mark: &str, more: &[&str]) -> Child {
    project.file(
        "evaldiff.toml",
        format!("[service]\nbentoml = {:?}\n", program.to_str().unwrap()),
    );
    let args = evaluation("--bento", TAG);
    let fixed = ["--batch-size", "4", "--concurrency", "2"];
    let mut command = project.command(&[&args[..], &fixed, more].concat());
    marking(&mut command, mark);
    command
        .envs(environment(program))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Ctrl-C, and what the runner says to it.
fn interrupted(child: Child, mark: &str) -> Output {
    interrupt(child.id());
    let output = Output::of("evaldiff run --bento, interrupted", child.wait_with_output().unwrap());
    let left = marked(mark);
    assert!(left.is_empty(), "processes {left:?} are left: {output}");
    output
}

#[test]
fn a_service_that_the_runner_started_ends_with_it() {
    let (Some(program), Some(shared)) = (program(), server()) else {
        return;
    };
    let project = Project::new();
    project.file("golden.csv", gated("own", 40));

    // Killed in the middle.
    let mark = new_mark();
    let mut child = with_bento(&project, &program, &mark, &[]);
    eventually("answers", || has_answers(&project));
    assert!(marked(&mark).len() >= 3, "runner, supervisor and service");
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the service to end with its runner", || marked(&mark).is_empty());
    let kept = unfinished(&project)[0]["answered"].as_u64().unwrap();
    assert!(project.runs().is_empty());

    // Interrupted while the service starts.
    let child = with_bento(&project, &program, &mark, &["--resume"]);
    eventually("the service to be started", || marked(&mark).len() >= 3);
    let output = interrupted(child, &mark);
    output
        .expect_code(4)
        .stderr_has("interrupted before anything was asked")
        .stderr_has("--resume");

    // Interrupted while it answers.
    let child = with_bento(&project, &program, &mark, &["--resume"]);
    // There are answers from before: the run is taken up once its service is ready.
    eventually("the run to go on", || unfinished(&project)[0]["in_use"] == true);
    let output = interrupted(child, &mark);
    output
        .expect_code(4)
        .stderr_has("interrupted with")
        .stderr_has("of 40 samples answered")
        .stderr_has("--resume");
    assert!(project.runs().is_empty());
    assert!(unfinished(&project)[0]["answered"].as_u64().unwrap() >= kept);

    // The same service elsewhere ends the run.
    shared.open_gate("own");
    shared
        .run(&project, &["--batch-size", "4", "--concurrency", "2", "--resume"])
        .ok();
    assert_eq!(assert_whole(&project, 40), 1);
    assert!(shared.seen("own").total() <= 40 - kept);

    // And so does one that is started for the run.
    project.file("golden.csv", golden("whole", 40, |_| String::new()));
    let child = with_bento(&project, &program, &mark, &[]);
    let output = Output::of("evaldiff run --bento", child.wait_with_output().unwrap());
    output.ok().stderr_has("starting faulty:1.0.0");
    assert_eq!(assert_whole(&project, 40), 2);
    assert_eq!(marked(&mark), [0_u32; 0]);
}

#[test]
fn a_bento_that_cannot_be_started_is_said() {
    let Some(program) = program() else { return };
    let project = Project::new();
    project.file("golden.csv", golden("none", 4, |_| String::new()));
    let mark = new_mark();
    project.file(
        "evaldiff.toml",
        format!("[service]\nbentoml = {:?}\n", program.to_str().unwrap()),
    );
    let args = [
        "run",
        "--golden",
        "golden.csv",
        "--model-version",
        "9",
        "--bento",
        "faulty:9.9.9",
    ];
    let mut command = project.command(&args);
    marking(&mut command, &mark);
    command.envs(environment(&program));
    let output = finish(command);
    output
        .expect_code(4)
        .stderr_has("faulty:9.9.9 ended before it was ready")
        .stderr_has(".log");
    assert_eq!(marked(&mark), [0_u32; 0]);
    project.file("evaldiff.toml", "[service]\nbentoml = \"none/bentoml\"\n");
    project
        .run(&args)
        .expect_code(4)
        .stderr_has("cannot be started")
        .stderr_has("[service] bentoml");
}
