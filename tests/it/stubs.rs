//! What no BentoML does, or not on demand: against stubs, servers of a few lines in this process.

use crate::bento::{Row, VERSION, assert_whole, evaluation, eventually, golden, rows, unfinished};
use crate::harness::{Output, Project, finish};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// A request that a stub got.
pub struct Request {
    line: String,
    body: Vec<u8>,
}

/// Status line with further headers, and body; `None` ends the connection without an answer.
pub type Answer = Option<(String, String)>;

impl Request {
    /// Answers what a ready service says of itself.
    pub fn describe(&self, name: &str, version: &str) -> Answer {
        if self.line.starts_with("GET /readyz") {
            return ok(&json!(""));
        }
        let docs = || json!({"info": {"title": name, "version": version}});
        self.line.starts_with("GET /docs.json").then(|| ok(&docs())).flatten()
    }

    /// The texts to be classified.
    fn texts(&self) -> Vec<String> {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let texts = body["texts"].as_array().cloned().unwrap_or_default();
        texts.iter().map(|text| text.as_str().unwrap().to_string()).collect()
    }

    /// A right answer to every text.
    fn classify(&self) -> Answer {
        let label = |text: &String| if text.contains(" bad ") { "negative" } else { "positive" };
        ok(&self.texts().iter().map(label).collect())
    }
}

fn ok(body: &Value) -> Answer {
    Some(("200 OK".into(), body.to_string()))
}

pub fn not_found() -> Answer {
    Some(("404 Not Found".into(), String::new()))
}

/// Answers every request on a port of its own, for as long as this process lives.
pub fn stub(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
                let Some(request) = read(&mut stream) else { return };
                let Some((status, body)) = answer(&request) else { return };
                let length = body.len();
                let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
                let _ = stream.write_all((head + &body).as_bytes());
            });
        }
    });
    port
}

fn read(stream: &mut impl Read) -> Option<Request> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    let mut wanted = None;
    while wanted.is_none_or(|length| bytes.len() < length) {
        let n = stream.read(&mut piece).ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&piece[..n]);
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let (None, Some(end)) = (wanted, end) {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            wanted = Some(end + 4 + length.unwrap_or(0));
        }
    }
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let line = head.lines().next()?.to_string();
    let body = bytes.split_off(end + 4);
    Some(Request { line, body })
}

fn command(project: &Project, port: u16, more: &[&str]) -> Command {
    let url = format!("http://127.0.0.1:{port}");
    let args = evaluation("--service", &url);
    project.command(&[&args[..], &["--batch-size", "4", "--concurrency", "2"], more].concat())
}

fn run(project: &Project, port: u16, more: &[&str]) -> Output {
    finish(command(project, port, more))
}

#[test]
fn a_redirect_is_refused() {
    let elsewhere = |_: &Request| -> Answer {
        Some((
            "302 Found\r\nLocation: https://user:pw@example.com/login?token=1".into(),
            String::new(),
        ))
    };
    let only_the_endpoint = |request: &Request| -> Answer {
        let redirect = || Some(("307 Temporary Redirect\r\nLocation: /login".into(), String::new()));
        request.describe("stub", VERSION).or_else(redirect)
    };
    for (port, place) in [
        (stub(elsewhere), "https://example.com/login"),
        (stub(only_the_endpoint), "/login"),
    ] {
        let project = Project::new();
        project.file("golden.csv", golden("redirect", 3, |_| String::new()));
        let output = run(&project, port, &[]);
        output
            .expect_code(4)
            .stderr_has("redirects to")
            .stderr_has(place)
            .stderr_has("hint: ");
        assert!(
            !output.stderr.contains("token") && !output.stderr.contains("pw"),
            "{output}"
        );
        assert!(project.runs().is_empty());
    }
}

#[test]
fn a_sample_that_ends_the_service_is_an_error_of_that_sample() {
    // The connection ends without an answer, as it does when a worker dies.
    let port = stub(
        |request| match request.texts().iter().any(|text| text.contains("crash")) {
            true => None,
            false => request.describe("stub", VERSION).or_else(|| request.classify()),
        },
    );
    let project = Project::new();
    project.file(
        "golden.csv",
        golden("ending", 12, |row| if row == 6 { "crash" } else { "" }.into()),
    );
    let output = run(&project, port, &[]);
    output
        .expect_code(4)
        .stderr_has("the first: sample s-0006: the connection broke 3 times");
    run(&project, port, &["--resume", "--max-errors", "1"]).ok();
    let failed: Vec<Row> = rows(&project).into_iter().filter(|row| row.status == "error").collect();
    assert_eq!(
        failed.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(),
        ["s-0006"]
    );
}

#[test]
fn a_service_that_hangs_is_no_slow_sample() {
    // Requests hang until readiness was asked for a while, as they do while a worker is replaced.
    let (hangs, looks) = (AtomicBool::new(false), AtomicU32::new(0));
    let port = stub(move |request| {
        let away = || looks.load(Ordering::SeqCst) < 8;
        let is_look = request.line.starts_with("GET /readyz");
        if is_look && hangs.load(Ordering::SeqCst) && away() {
            looks.fetch_add(1, Ordering::SeqCst);
            return None;
        }
        if request.line.starts_with("POST") && away() {
            hangs.store(true, Ordering::SeqCst);
            std::thread::sleep(Duration::from_secs(300));
        }
        request.describe("stub", VERSION).or_else(|| request.classify())
    });
    let project = Project::new();
    project.file("golden.csv", golden("hangs", 4, |_| String::new()));
    run(&project, port, &["--timeout", "1s"]).ok();
    assert_eq!(assert_whole(&project, 4), 1);
}

#[test]
fn a_service_that_is_replaced_during_the_run_is_noticed() {
    let replaced = Arc::new(AtomicBool::new(false));
    let now = Arc::clone(&replaced);
    let port = stub(move |request| {
        let version = if now.load(Ordering::SeqCst) { "1.0.1" } else { VERSION };
        request.describe("stub", version).or_else(|| {
            let last = request.texts().iter().any(|text| text.contains("last"));
            now.fetch_or(last, Ordering::SeqCst);
            request.classify()
        })
    });
    let project = Project::new();
    project.file(
        "golden.csv",
        golden("replaced", 12, |row| if row == 11 { "last" } else { "" }.into()),
    );
    let output = run(&project, port, &[]);
    output
        .expect_code(4)
        .stderr_has("the service changed during the run: it was stub:1.0.0, it is stub:1.0.1");
    assert!(project.runs().is_empty());
    run(&project, port, &["--resume"])
        .expect_code(2)
        .stderr_has("the service is stub:1.0.1, version 1.0.0 was asked for");
    replaced.store(false, Ordering::SeqCst);
    run(&project, port, &["--resume"]).ok();
}

#[test]
fn a_table_that_cannot_take_the_run_is_noticed_before_anything_is_asked() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let port = stub(move |request| {
        request.describe("stub", VERSION).or_else(|| {
            count.fetch_add(1, Ordering::SeqCst);
            request.classify()
        })
    });
    let project = Project::new();
    project.file("first.csv", "id,label,pred,Text\n1,positive,positive,words\n");
    project.run(&["import", "first.csv", "--model-version", "v0"]).ok();
    project.file("golden.csv", golden("cased", 12, |_| String::new()));
    run(&project, port, &[])
        .expect_code(4)
        .stderr_has("the columns `Text` and `text` differ in case alone")
        .stderr_has("hint: ");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn a_service_that_is_busy_when_it_is_asked_what_it_is_is_asked_again() {
    // BentoML refuses every path but /readyz and its like while it has all hands full.
    let asked = AtomicU32::new(0);
    let port = stub(move |request| {
        let busy = request.line.starts_with("GET /docs") && asked.fetch_add(1, Ordering::SeqCst) % 3 != 2;
        match busy {
            true => Some((
                "429 Too Many Requests".into(),
                json!({"error": "Too many requests"}).to_string(),
            )),
            false => request.describe("stub", VERSION).or_else(|| request.classify()),
        }
    });
    let project = Project::new();
    project.file("golden.csv", golden("busy", 12, |_| String::new()));
    let output = run(&project, port, &[]);
    output.ok().stderr_has("with stub:1.0.0");
    assert!(!output.stderr.contains("warning"), "{output}");
}

/// A stub whose last sample waits for a flag, and a run of it that has answers.
fn waiting(project: &Project, start: impl FnOnce(u16) -> Command) -> (Arc<AtomicBool>, std::process::Child) {
    let gate = Arc::new(AtomicBool::new(false));
    let open = Arc::clone(&gate);
    let port = stub(move |request| {
        let wait = request.texts().iter().any(|text| text.contains("last")) && !open.load(Ordering::SeqCst);
        match wait {
            true => Some(("503 Service Unavailable\r\nRetry-After: 0".into(), String::new())),
            false => request.describe("stub", VERSION).or_else(|| request.classify()),
        }
    });
    project.file(
        "golden.csv",
        golden("waiting", 12, |row| if row == 11 { "last" } else { "" }.into()),
    );
    let mut command = start(port);
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    eventually("answers", || unfinished(project).iter().any(|run| run["answered"] == 8));
    (gate, child)
}

#[test]
fn a_golden_dataset_that_changes_during_the_run_is_noticed() {
    let project = Project::new();
    let mut port = 0;
    let (gate, child) = waiting(&project, |found| {
        port = found;
        command(&project, found, &[])
    });
    let file = std::fs::read_to_string(project.path().join("golden.csv")).unwrap();
    project.file("golden.csv", file.replace("negative", "positive"));
    gate.store(true, Ordering::SeqCst);
    let output = Output::of("evaldiff run", child.wait_with_output().unwrap());
    output
        .expect_code(4)
        .stderr_has("the golden dataset changed during the run")
        .stderr_has("--resume");
    assert!(project.runs().is_empty());
    project.file("golden.csv", file);
    run(&project, port, &["--resume"]).ok();
}

#[test]
fn a_closed_terminal_does_not_end_a_run_that_ignores_it() {
    for (ignores, code) in [(true, 0), (false, 4)] {
        let project = Project::new();
        let (gate, child) = waiting(&project, |port| {
            let own = command(&project, port, &[]);
            let mut shell = Command::new("sh");
            let trap = if ignores {
                "trap '' HUP; exec \"$@\""
            } else {
                // Whoever runs the tests may ignore the signal, and children inherit that.
                "exec env --default-signal=HUP \"$@\""
            };
            shell
                .args(["-c", trap, "sh"])
                .arg(own.get_program())
                .args(own.get_args())
                .current_dir(project.path());
            shell
        });
        let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        gate.store(true, Ordering::SeqCst);
        let output = Output::of("evaldiff run", child.wait_with_output().unwrap());
        output.expect_code(code);
        assert_eq!(project.runs().len(), usize::from(ignores), "{output}");
    }
}
