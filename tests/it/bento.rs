//! A real BentoML server with the service of `tests/components/faulty`, which fails where a sample's text says so.
//!
//! The program comes from `EVALDIFF_BENTOML`; where that is unset, the tests that need it say so and pass. One server
//! is shared by all tests of the process: it is kept by `evaldiff supervise`, whose standard input ends with the process.

use crate::harness::{Project, repository};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The Bento of `tests/components/faulty`.
pub const TAG: &str = "faulty:1.0.0";
/// Its version, under which runs are recorded.
pub const VERSION: &str = "1.0.0";
/// Requests that the service works on at once; more get 429.
pub const MAX_CONCURRENCY: usize = 6;
/// Environment variable by which the processes of one server are known, whatever they become.
const MARK: &str = "EVALDIFF_IT_MARK";

/// The program `bentoml`; `None` with a printed reason where the tests have none.
pub fn program() -> Option<PathBuf> {
    let found = std::env::var_os("EVALDIFF_BENTOML").filter(|value| !value.is_empty());
    if found.is_none() {
        println!("skipped: EVALDIFF_BENTOML is unset; `make test` sets it to the one of examples/requirements.txt");
    }
    found.map(PathBuf::from)
}

/// What `bentoml` needs to find the Bento; builds it first, once for each state of its source.
pub fn environment(program: &Path) -> [(&'static str, String); 3] {
    static HOME: OnceLock<PathBuf> = OnceLock::new();
    let home = HOME.get_or_init(|| {
        let source = repository().join("tests/components/faulty");
        let mut hasher = blake3::Hasher::new();
        hasher.update(program.as_os_str().as_encoded_bytes());
        for name in ["service.py", "bentofile.yaml"] {
            hasher.update(&std::fs::read(source.join(name)).unwrap());
        }
        let name = format!("bento-{}", &hasher.finalize().to_hex()[..12]);
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if !home.join("built").is_file() {
            let _ = std::fs::remove_dir_all(&home);
            std::fs::create_dir_all(&home).unwrap();
            let built = Command::new(program)
                .args(["build", "--version", VERSION])
                .arg(&source)
                .envs(variables(&home))
                .output()
                .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
            assert!(
                built.status.success(),
                "bentoml build: {}{}",
                String::from_utf8_lossy(&built.stdout),
                String::from_utf8_lossy(&built.stderr)
            );
            std::fs::write(home.join("built"), "").unwrap();
        }
        home
    });
    variables(home)
}

fn variables(home: &Path) -> [(&'static str, String); 3] {
    [
        ("BENTOML_HOME", home.to_str().unwrap().to_string()),
        ("BENTOML_DO_NOT_TRACK", "True".into()),
        ("PYTHONDONTWRITEBYTECODE", "1".into()),
    ]
}

/// A running server. Ends when it is dropped, or with the process.
pub struct Server {
    pub port: u16,
    pub mark: String,
    log: PathBuf,
    supervisor: Child,
    stdin: Option<ChildStdin>,
}

/// The server that all tests share; `None` with a printed reason where there is no BentoML.
pub fn server() -> Option<&'static Server> {
    static SHARED: OnceLock<Server> = OnceLock::new();
    let program = program()?;
    Some(SHARED.get_or_init(|| Server::start(&program, free_port())))
}

impl Server {
    /// Starts one and waits until it is ready.
    pub fn start(program: &Path, port: u16) -> Server {
        let mark = new_mark();
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{mark}.log"));
        let file = std::fs::File::create(&log).unwrap();
        let mut supervisor = Command::new(env!("CARGO_BIN_EXE_evaldiff"))
            .args(["supervise", "--"])
            .arg(program)
            .args(["serve", TAG, "--host", "127.0.0.1", "--port", &port.to_string()])
            .envs(environment(program))
            .env(MARK, &mark)
            .stdin(Stdio::piped())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        let stdin = supervisor.stdin.take();
        let mut server = Server {
            port,
            mark,
            log,
            supervisor,
            stdin,
        };
        let start = Instant::now();
        while !matches!(http(port, "GET", "/readyz", ""), Ok((200, _))) {
            let ended = server.supervisor.try_wait().unwrap();
            let late = start.elapsed() > Duration::from_secs(180);
            let log = || std::fs::read_to_string(&server.log).unwrap_or_default();
            assert!(ended.is_none() && !late, "the service did not start:\n{}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
        // The server goes on writing to it; nothing is left of it when it ends.
        let _ = std::fs::remove_file(&server.log);
        server
    }

    /// Ends everything of it at once, as a machine that fails does.
    pub fn kill(mut self) {
        for pid in marked(&self.mark) {
            kill(pid);
        }
        self.supervisor.wait().unwrap();
        eventually("the killed service to be gone", || marked(&self.mark).is_empty());
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks the service something that is no evaluation; asks again while it is overloaded.
    pub fn post(&self, path: &str, body: &Value) -> Value {
        let start = Instant::now();
        loop {
            match http(self.port, "POST", path, &body.to_string()) {
                Ok((200, text)) => return serde_json::from_str(&text).unwrap_or(Value::String(text)),
                other => assert!(start.elapsed() < Duration::from_secs(120), "{path}: {other:?}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Lets pass what waits at a gate.
    pub fn open_gate(&self, name: &str) {
        self.post("/open_gate", &json!({ "name": name }));
    }

    /// What the group asked so far.
    pub fn seen(&self, group: &str) -> Seen {
        let seen = self.post("/seen", &json!({ "group": group }));
        let number = |value: &Value| value.as_u64().unwrap();
        let asked = seen["asked"].as_object().unwrap().iter();
        Seen {
            worker: number(&seen["pid"]) as u32,
            asked: asked.map(|(text, times)| (text.clone(), number(times))).collect(),
            largest: number(&seen["largest"]),
            headers: seen["headers"].clone(),
        }
    }

    /// An evaluation of `golden.csv` by this server, to be started.
    pub fn command(&self, project: &Project, more: &[&str]) -> Command {
        let url = self.url();
        project.command(&[&evaluation("--service", &url)[..], more].concat())
    }

    /// Evaluates `golden.csv`.
    pub fn run(&self, project: &Project, more: &[&str]) -> crate::harness::Output {
        crate::harness::finish(self.command(project, more))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.supervisor.wait();
    }
}

/// What a group of texts asked.
pub struct Seen {
    /// The process that answers.
    pub worker: u32,
    /// How often each text was asked.
    pub asked: BTreeMap<String, u64>,
    /// Characters of the largest request.
    pub largest: u64,
    /// Headers of the last request.
    pub headers: Value,
}

impl Seen {
    /// Texts asked, counted as often as they were.
    pub fn total(&self) -> u64 {
        self.asked.values().sum()
    }
}

/// Arguments of an evaluation of `golden.csv` by a service (`--service URL`) or a Bento (`--bento TAG`).
pub fn evaluation<'a>(by: &'a str, place: &'a str) -> [&'a str; 7] {
    ["run", "--golden", "golden.csv", "--model-version", VERSION, by, place]
}

/// A golden dataset of one group: `sample_id,text,ground_truth`, every third sample negative. `words` are those of the
/// i-th sample besides.
pub fn golden(group: &str, rows: usize, words: impl Fn(usize) -> String) -> String {
    let mut out = String::from("sample_id,text,ground_truth\n");
    for row in 0..rows {
        let (bad, truth) = if row % 3 == 0 {
            ("bad", "negative")
        } else {
            ("", "positive")
        };
        out += &format!("s-{row:04},{group} {row} {bad} {},{truth}\n", words(row));
    }
    out
}

/// A row of the table: its run, status and error.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub run: String,
    pub key: String,
    pub status: String,
    pub error: String,
    pub prediction: String,
}

/// Every row in the data files of a project, in the order of runs and keys.
pub fn rows(project: &Project) -> Vec<Row> {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let mut out = Vec::new();
    let warehouse = project.path().join(".evaldiff/warehouse");
    for name in project
        .warehouse()
        .into_keys()
        .filter(|name| name.ends_with(".parquet"))
    {
        let file = std::fs::File::open(warehouse.join(name)).unwrap();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let text = |column: &str, row: usize| match batch.column_by_name(column) {
                Some(array) => arrow::util::display::array_value_to_string(array, row).unwrap(),
                None => String::new(),
            };
            out.extend((0..batch.num_rows()).map(|row| Row {
                run: text("run_id", row),
                key: text("sample_id", row),
                status: text("status", row),
                error: text("error", row),
                prediction: text("prediction", row),
            }));
        }
    }
    out.sort();
    out
}

/// Fails unless every run of the table has `samples` rows, each sample once and answered; gives the number of runs.
pub fn assert_whole(project: &Project, samples: usize) -> usize {
    let runs = project.runs();
    for run in &runs {
        assert_eq!(run["rows"], samples, "{run}");
        let reference = format!("run:{}", run["run_id"].as_str().unwrap());
        let compared = project.run(&["diff", &reference, &reference, "--format", "json"]);
        let compared = compared.ok().json();
        let accounting = compared["accounting"].as_object().unwrap();
        for (class, count) in accounting.iter().filter(|(_, count)| **count != 0) {
            assert!(class == "matched", "{class}: {count} of {run}");
        }
        assert_eq!(accounting["matched"], samples, "{run}");
    }
    runs.len()
}

/// The unfinished runs of a project.
pub fn unfinished(project: &Project) -> Vec<Value> {
    let listed = project.run(&["runs", "--unfinished", "--format", "json"]);
    listed.ok().json().as_array().unwrap().clone()
}

/// One request over a connection of its own.
pub fn http(port: u16, method: &str, path: &str, body: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_string());
    status.zip(body).ok_or(std::io::ErrorKind::InvalidData.into())
}

/// A mark that no other process has.
pub fn new_mark() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("it-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Marks a command and everything that it starts.
pub fn marking(command: &mut Command, mark: &str) {
    command.env(MARK, mark);
}

/// The processes with a mark that live; zombies have no environment.
pub fn marked(mark: &str) -> Vec<u32> {
    let wanted = format!("{MARK}={mark}");
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == wanted.as_bytes())
    })
    .collect()
}

/// `kill -9`.
pub fn kill(pid: u32) {
    signal(pid, rustix::process::Signal::KILL);
}

/// What Ctrl-C sends.
pub fn interrupt(pid: u32) {
    // Whoever runs the tests in the background may ignore Ctrl-C, and children inherit that: then the other signal, which
    // is answered alike.
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .unwrap()
        .trim();
    let ignored = u64::from_str_radix(ignored, 16).unwrap() & (1 << (rustix::process::Signal::INT.as_raw() - 1)) != 0;
    signal(
        pid,
        if ignored {
            rustix::process::Signal::TERM
        } else {
            rustix::process::Signal::INT
        },
    );
}

fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(pid as i32).unwrap();
    // It may have ended by itself.
    let _ = rustix::process::kill_process(pid, signal);
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Waits until something is so, for a minute.
pub fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
