//! A real lakehouse: SeaweedFS with an S3 endpoint and an Iceberg REST catalog, and PyIceberg beside it.
//!
//! Both come from the environment that `EVALDIFF_LAKE` names (made from `tests/components/lake`); where it is unset, the
//! tests that need it say so and pass. One server is shared by all tests of the process.

use crate::catalogs::Server;
use crate::harness::{Output, Project, finish};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Key and secret of the account that may do everything.
pub const KEY: &str = "evaldiffkey";
pub const SECRET: &str = "planted-lake-secret";
/// Key and secret of one that may read, and nothing else.
pub const READER_KEY: &str = "readerkey";
pub const READER_SECRET: &str = "planted-reader-secret";
/// The warehouse of the REST catalog, and a plain bucket beside it.
pub const WAREHOUSE: &str = "evaldiff";
pub const BUCKET: &str = "plain";

/// A client of the plain S3 endpoint, for programs that [`Lake::python`] runs.
pub const BOTO: &str = "import boto3, os\ns3 = boto3.client('s3', endpoint_url=os.environ['S3'], region_name='us-east-1', \
                    aws_access_key_id=os.environ['KEY'], aws_secret_access_key=os.environ['SECRET'])\n";

/// The Python environment; `None` with a printed reason where the tests have none.
pub fn environment() -> Option<PathBuf> {
    let found = std::env::var_os("EVALDIFF_LAKE").filter(|value| !value.is_empty());
    if found.is_none() {
        println!("skipped: EVALDIFF_LAKE is unset; `make test` sets it to what tests/components/lake holds");
    }
    found.map(PathBuf::from)
}

/// Runs a Python program of the environment; gives what it printed.
pub fn python(venv: &Path, program: &str, env: &[(&str, &str)]) -> String {
    let output = Command::new(venv.join("bin/python"))
        .args(["-W", "ignore", "-c", program])
        .envs(env.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// A running SeaweedFS. Ends when it is dropped, or with the process.
pub struct Lake {
    pub s3: u16,
    pub catalog: u16,
    venv: PathBuf,
    data: tempfile::TempDir,
    supervisor: Child,
    stdin: Option<ChildStdin>,
}

/// The server that all tests share; `None` with a printed reason where there is none.
pub fn lake() -> Option<&'static Lake> {
    static SHARED: OnceLock<Lake> = OnceLock::new();
    let venv = environment()?;
    Some(SHARED.get_or_init(|| Lake::start(&venv)))
}

impl Lake {
    /// Starts one and waits until its warehouse is there.
    pub fn start(venv: &Path) -> Lake {
        let data = tempfile::Builder::new().prefix("evaldiff-lake-").tempdir().unwrap();
        Lake::start_at(venv, data, free_ports(), &[])
    }

    /// Starts one that has a token service with this role, which hands out keys for tables too.
    pub fn start_with_role(venv: &Path, role: &str) -> Lake {
        let data = tempfile::Builder::new().prefix("evaldiff-lake-").tempdir().unwrap();
        let settings = data.path().join("roles.json");
        let name = role.rsplit('/').next().unwrap();
        let anyone = serde_json::json!({"Effect": "Allow", "Principal": "*", "Action": ["sts:AssumeRole"]});
        let catalog = serde_json::json!({
            "Effect": "Allow", "Principal": {"Federated": "iceberg-catalog"}, "Action": ["sts:AssumeRoleWithCredentials"]
        });
        let all = serde_json::json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]});
        let roles = serde_json::json!({
            "sts": {
                "tokenDuration": "1h", "maxSessionLength": "12h", "issuer": "test",
                "signingKey": "cGxhbnRlZC1zaWduaW5nLWtleS1vZi0zMi1ieXRlcy4="
            },
            "policy": {"defaultEffect": "Deny", "storeType": "memory"},
            "policies": [{"name": "All", "document": all}],
            "roles": [{
                "roleName": name, "roleArn": role, "attachedPolicies": ["All"],
                "trustPolicy": {"Version": "2012-10-17", "Statement": [anyone, catalog]}
            }],
        });
        std::fs::write(&settings, roles.to_string()).unwrap();
        let more = [
            format!("-s3.iam.config={}", settings.display()),
            format!("-s3.iceberg.credentialRole={role}"),
        ];
        Lake::start_at(venv, data, free_ports(), &more)
    }

    /// Starts one on a folder that may hold the data of an earlier one.
    fn start_at(venv: &Path, data: tempfile::TempDir, first: u16, more: &[String]) -> Lake {
        let port = |i: u16| (first + i).to_string();
        let log = std::fs::File::create(data.path().join("log")).unwrap();
        let accounts = data.path().join("accounts.json");
        let account = |key: &str, secret: &str, actions: &[&str]| {
            serde_json::json!({
                "name": key, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions
            })
        };
        let all = [
            account(KEY, SECRET, &["Admin", "Read", "Write", "List", "Tagging"]),
            account(READER_KEY, READER_SECRET, &["Read", "List"]),
        ];
        std::fs::write(&accounts, serde_json::json!({"identities": all}).to_string()).unwrap();
        let mut supervisor = Command::new(env!("CARGO_BIN_EXE_evaldiff"))
            .args(["supervise", "--"])
            .arg(venv.join("bin/weed"))
            .args(["-logtostderr=true", "mini", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"])
            .args([
                "-master.telemetry=false",
                "-webdav=false",
                "-admin.ui=false",
                "-s3.port.lance=0",
            ])
            .arg(format!("-dir={}", data.path().display()))
            .arg(format!("-s3.config={}", accounts.display()))
            .arg(format!("-tableBucket={WAREHOUSE}"))
            .arg(format!("-bucket={BUCKET}"))
            .arg(format!("-s3.port={}", port(0)))
            .arg(format!("-s3.port.iceberg={}", port(1)))
            .arg(format!("-master.port={}", port(2)))
            .arg(format!("-volume.port={}", port(3)))
            .arg(format!("-filer.port={}", port(4)))
            .arg(format!("-admin.port={}", port(5)))
            .args(more)
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let lake = Lake {
            s3: first,
            catalog: first + 1,
            venv: venv.to_path_buf(),
            stdin: supervisor.stdin.take(),
            supervisor,
            data,
        };
        let start = Instant::now();
        let project = lake.project();
        loop {
            let output = project.run(&["runs"]);
            // No table, one or several: the warehouse answers.
            if output.code != Some(4) {
                return lake;
            }
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "the lake did not start: {output}"
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Port of a server that is neither catalog nor store.
    pub fn master(&self) -> u16 {
        self.s3 + 2
    }

    /// Ends it at once, as a machine that fails does, and starts it anew on the same data.
    pub fn fail_and_restart(&mut self) {
        let supervisor = self.supervisor.id();
        let children = std::fs::read_to_string(format!("/proc/{supervisor}/task/{supervisor}/children")).unwrap();
        for pid in children.split_whitespace() {
            let killed = Command::new("kill").args(["-9", pid]).status().unwrap();
            assert!(killed.success());
        }
        self.supervisor.wait().unwrap();
        let data = std::mem::replace(&mut self.data, tempfile::tempdir().unwrap());
        *self = Lake::start_at(&self.venv.clone(), data, self.s3, &[]);
    }

    /// A project whose evaldiff.toml leads to the REST catalog.
    pub fn project(&self) -> Project {
        Server::seaweedfs(self).project()
    }

    /// evaldiff.toml as a team would write it.
    pub fn settings(&self) -> String {
        Server::seaweedfs(self).settings()
    }

    /// Runs a Python program with a PyIceberg catalog named `catalog`; gives what it printed.
    pub fn python(&self, program: &str) -> String {
        Server::seaweedfs(self).python(program)
    }

    /// The Python environment that it comes from.
    pub fn venv(&self) -> &Path {
        &self.venv
    }

    /// What a pattern finds in the objects of a prefix whose names fit another one, first groups only.
    pub fn bucket_text(&self, prefix: &str, names: &str, pattern: &str) -> String {
        self.python(&format!(
            "{BOTO}import re\nfor page in s3.get_paginator('list_objects_v2').paginate(Bucket='{BUCKET}', Prefix='{prefix}/'):\n  \
             for o in page['Contents']:\n    \
             name = o['Key'].removeprefix('{prefix}/')\n    \
             if re.search(r'{names}', name) and ('/' not in name or name.count('/') < 4):\n      \
             text = s3.get_object(Bucket='{BUCKET}', Key=o['Key'])['Body'].read().decode()\n      \
             print(*re.findall(r'{pattern}', text))\n",
        ))
    }
}

impl Drop for Lake {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.supervisor.wait();
    }
}

/// The first of six neighbouring ports, free as are those 10,000 above, on which the same services speak gRPC.
fn free_ports() -> u16 {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    // Servers that start at the same time do not see each other's ports yet.
    static STARTED: AtomicU16 = AtomicU16::new(0);
    let own = (std::process::id() % 800) as u16 + 40 * STARTED.fetch_add(1, Ordering::SeqCst);
    let start = 20_000 + own % 900 * 10;
    (start..30_000)
        .step_by(10)
        .find(|first| (0..6).all(|i| free(first + i) && free(first + i + 10_000)))
        .unwrap()
}

pub fn predictions(rows: usize, wrong: usize) -> String {
    let mut out = String::from("sample_id,ground_truth,prediction,confidence,channel,text\n");
    for row in 0..rows {
        let truth = ["yes", "no"][row % 2];
        let prediction = if row % wrong == 0 { "maybe" } else { truth };
        let channel = ["mail", "chat", "phone"][row % 3];
        out += &format!(
            "s-{row:05},{truth},{prediction},0.{:03},{channel},words of {row}\n",
            row % 1000
        );
    }
    out
}

pub fn import(project: &Project, file: &str, version: &str, table: &str) -> Command {
    project.command(&[
        "import",
        file,
        "--model-version",
        version,
        "--table",
        table,
        "--slice",
        "channel",
        "--show",
        "text",
    ])
}

/// Imports `a.csv` as `v1` and `b.csv` as `v2`, with a seventh and a ninth of the answers wrong.
pub fn two_versions(project: &Project, rows: usize, table: &str) {
    for (file, wrong, version) in [("a.csv", 7, "v1"), ("b.csv", 9, "v2")] {
        project.file(file, predictions(rows, wrong));
        leaks_nothing(finish(import(project, file, version, table)).ok());
    }
}

pub fn leaks_nothing(output: &Output) -> &Output {
    let shown = String::from_utf8_lossy(&output.stdout).into_owned() + &output.stderr;
    for secret in [SECRET, READER_SECRET] {
        assert!(!shown.contains(secret), "a secret is shown: {output}");
    }
    output
}

/// A proxy before a catalog that spoils the first commits: `lose` gets how many commits were before each one, and says
/// whether its answer is lost (`Some(true)`), the request itself (`Some(false)`), or nothing. Gives its port and the count
/// of commits.
pub fn proxy(upstream: u16, lose: impl Fn(usize) -> Option<bool> + Send + Sync + 'static) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (lose, commits) = (Arc::new(lose), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&commits);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (lose, commits) = (Arc::clone(&lose), Arc::clone(&commits));
            std::thread::spawn(move || relay(client.unwrap(), upstream, &*lose, &commits));
        }
    });
    (port, counted)
}

fn relay(
    mut client: TcpStream,
    upstream: u16,
    lose: &dyn Fn(usize) -> Option<bool>,
    commits: &AtomicUsize,
) -> Option<()> {
    let mut server = TcpStream::connect(("127.0.0.1", upstream)).ok()?;
    let lost = Arc::new(AtomicBool::new(false));
    let (mut answers, mut back, dropped) = (server.try_clone().ok()?, client.try_clone().ok()?, Arc::clone(&lost));
    std::thread::spawn(move || {
        let mut buffer = [0; 65536];
        while let Ok(n @ 1..) = answers.read(&mut buffer) {
            if dropped.load(Ordering::SeqCst) || back.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        let _ = back.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 65536];
    while let Ok(n @ 1..) = client.read(&mut buffer) {
        let head = String::from_utf8_lossy(&buffer[..n.min(300)]).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default();
        if head.starts_with("POST ") && path.contains("/tables/") {
            match lose(commits.fetch_add(1, Ordering::SeqCst)) {
                Some(true) => lost.store(true, Ordering::SeqCst),
                Some(false) => break,
                None => {}
            }
        }
        server.write_all(&buffer[..n]).ok()?;
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
    None
}

/// A proxy before the object store; gives its port and the count of bytes that came back through it.
pub fn proxy_storage(lake: &Lake) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (upstream, fetched) = (lake.s3, Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&fetched);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, fetched) = (client.unwrap(), Arc::clone(&fetched));
            let mut server = TcpStream::connect(("127.0.0.1", upstream)).unwrap();
            let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || {
                let mut buffer = [0; 65536];
                while let Ok(n @ 1..) = answers.read(&mut buffer) {
                    fetched.fetch_add(n, Ordering::SeqCst);
                    if back.write_all(&buffer[..n]).is_err() {
                        break;
                    }
                }
                let _ = back.shutdown(Shutdown::Both);
            });
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut client, &mut server);
                let _ = server.shutdown(Shutdown::Both);
            });
        }
    });
    (port, counted)
}
