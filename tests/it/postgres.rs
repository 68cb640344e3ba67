//! A catalog in PostgreSQL, with a real server of the test's own.

use crate::harness::{Project, finish};
use crate::lake::{self, import, predictions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PASSWORD: &str = "a-pass%20word";

/// A server on a port of its own; ends with the value.
struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
    port: u16,
}

impl Server {
    /// `None`, said, where PostgreSQL is not installed.
    fn start(port: u16) -> Option<Server> {
        let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let Some(programs) = installed.map(|version| version.path().join("bin")).max() else {
            println!("skipped: there is no PostgreSQL in /usr/lib/postgresql; `make test` installs it");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("evaldiff-pg-").tempdir().unwrap();
        let server = Server { folder, programs, port };
        std::fs::write(server.folder.path().join("password"), PASSWORD.replace("%20", " ")).unwrap();
        // It refuses to run as root.
        if is_root() {
            let owned = Command::new("chown")
                .arg("-R")
                .arg("postgres")
                .arg(server.folder.path())
                .status();
            assert!(owned.unwrap().success());
        }
        let data = server.data();
        let password = format!("--pwfile={}", server.folder.path().join("password").display());
        server.program(
            "initdb",
            &[
                "-D",
                &data,
                "-U",
                "eval",
                "-A",
                "scram-sha-256",
                &password,
                "-E",
                "UTF8",
            ],
        );
        server.begin();
        Some(server)
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn begin(&self) {
        let options = format!("-p {} -k {} -h 127.0.0.1", self.port, self.folder.path().display());
        let log = self.folder.path().join("log").display().to_string();
        self.program(
            "pg_ctl",
            &["-D", &self.data(), "-w", "-l", &log, "-o", &options, "start"],
        );
    }

    /// As a kill of all its processes: no transaction is ended in order.
    fn fail(&self) {
        self.program("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]);
    }

    fn program(&self, name: &str, args: &[&str]) {
        let program = self.programs.join(name);
        let mut command = match is_root() {
            true => {
                let mut other = Command::new("setpriv");
                other
                    .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
                    .arg(program);
                other
            }
            false => Command::new(program),
        };
        let status = command
            .args(args)
            .current_dir("/")
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{name} {args:?}");
    }

    /// A session with the server that takes commands.
    fn psql(&self) -> Child {
        Command::new(self.programs.join("psql"))
            .args([
                "-h",
                "127.0.0.1",
                "-U",
                "eval",
                "-p",
                &self.port.to_string(),
                "postgres",
            ])
            .env("PGPASSWORD", PASSWORD.replace("%20", " "))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn settings(&self, project: &Project) -> String {
        format!(
            "[catalog]\nuri = \"postgresql://eval:${{PG_PASSWORD}}@127.0.0.1:{}/postgres\"\nwarehouse = \"file://{}/tables\"\n",
            self.port,
            project.path().display()
        )
    }

    fn project(&self) -> Project {
        let project = Project::new();
        project.file("evaldiff.toml", self.settings(&project));
        project
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let postmaster = std::fs::read_to_string(Path::new(&self.data()).join("postmaster.pid"));
        if postmaster.is_ok() && !std::thread::panicking() {
            self.fail();
        }
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn with_password(mut command: Command) -> Command {
    command.env("PG_PASSWORD", PASSWORD);
    command
}

fn run(project: &Project, args: &[&str]) -> crate::harness::Output {
    let output = project.run_with(args, &[("PG_PASSWORD", PASSWORD)]);
    let shown = output.text() + &output.stderr;
    assert!(!shown.contains(PASSWORD), "the password is shown: {output}");
    output
}

#[test]
fn a_team_shares_a_catalog_in_postgresql() {
    let Some(server) = Server::start(21_432) else { return };
    let project = server.project();
    // The first commands of all are several at once.
    let first: Vec<_> = (0..8)
        .map(|i| {
            let name = format!("r{i}.csv");
            project.file(&name, predictions(200, 5 + i));
            let command = with_password(import(&project, &name, &format!("v{}", i % 2 + 1), "team.predictions"));
            std::thread::spawn(move || finish(command).ok().code)
        })
        .collect();
    for import in first {
        import.join().unwrap();
    }
    let runs = run(&project, &["runs", "--format", "json"]).ok().json();
    let rows: Vec<u64> = runs
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["rows"].as_u64().unwrap())
        .collect();
    assert_eq!(rows, [200; 8]);

    run(&project, &["v1", "v2"]).ok();
    let report = project.reports("site").remove(0);
    let report = report.to_str().unwrap();
    let target = format!("file://{}/www", project.path().display());
    run(&project, &["publish", report, &target]).ok().stderr_has("pinned");
    run(&project, &["pins"]).ok().stdout_has(" pinned");
    run(&project, &["verify", report]).ok().stdout_has("verified");
    run(&project, &["gc", "--dry-run"]).ok();
    let retracted = runs[0]["run_id"].as_str().unwrap();
    run(&project, &["runs", "--retract", retracted, "--why", "a trial"]).ok();
    run(&project, &["unpin", report]).ok().stdout_has("no longer pinned");

    // PyIceberg with the same database.
    if let Some(venv) = lake::environment() {
        let program = format!(
            "from pyiceberg.catalog.sql import SqlCatalog\n\
             catalog = SqlCatalog('evaldiff', uri='postgresql+psycopg2://eval:{PASSWORD}@127.0.0.1:{}/postgres')\n\
             print(catalog.load_table('team.predictions').scan().to_arrow().num_rows)\n",
            server.port
        );
        assert_eq!(lake::python(&venv, &program, &[]).trim(), "1600");
    }
    let wrong = project.run_with(&["runs"], &[("PG_PASSWORD", "another")]);
    wrong
        .expect_code(4)
        .stderr_has("password authentication failed")
        .stderr_has("hint: ");
    assert!(!wrong.stderr.contains("another"), "{wrong}");
    // Nobody listens: said at once, and not after the half minute of a pool.
    let begun = Instant::now();
    let settings = server.settings(&project).replace(&server.port.to_string(), "1");
    project.file("evaldiff.toml", settings);
    run(&project, &["runs"])
        .expect_code(4)
        .stderr_has("Connection refused")
        .stderr_has("hint: check ICEBERG_CATALOG_URI");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

/// Whatever was acknowledged is there once, and nothing else, when the server dies under its writers again and again.
#[test]
fn a_server_that_dies_loses_no_run_and_doubles_none() {
    let Some(server) = Server::start(21_433) else { return };
    let project = server.project();
    project.file("a.csv", predictions(100, 7));
    finish(with_password(import(&project, "a.csv", "v0", "team.predictions"))).ok();
    let begun = Instant::now();
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let commands: Vec<Command> = (0..6)
                .map(|i| {
                    let name = format!("{writer}-{i}.csv");
                    project.file(&name, predictions(100, 3 + i));
                    with_password(import(&project, &name, &format!("w{writer}-{i}"), "team.predictions"))
                })
                .collect();
            std::thread::spawn(move || {
                let done = commands.into_iter().map(|command| finish(command).code == Some(0));
                done.collect::<Vec<bool>>()
            })
        })
        .collect();
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(900));
        server.fail();
        std::thread::sleep(Duration::from_millis(400));
        server.begin();
    }
    let acknowledged: Vec<String> = writers
        .into_iter()
        .enumerate()
        .flat_map(|(writer, thread)| {
            let done = thread.join().unwrap().into_iter().enumerate();
            done.filter(|(_, ok)| *ok)
                .map(move |(i, _)| format!("w{writer}-{i}"))
                .collect::<Vec<_>>()
        })
        .collect();
    let runs = run(&project, &["runs", "--format", "json"]).ok().json();
    let mut versions: Vec<&str> = Vec::new();
    for run in runs.as_array().unwrap() {
        assert_eq!(run["rows"], 100);
        versions.push(run["model_version"].as_str().unwrap());
    }
    for version in &acknowledged {
        let times = versions.iter().filter(|v| *v == version).count();
        assert_eq!(times, 1, "{version} after {:?}", begun.elapsed());
    }
    versions.sort_unstable();
    let all = versions.len();
    versions.dedup();
    assert_eq!(versions.len(), all, "a run is there twice");
    println!(
        "{} of 18 imports acknowledged, {} runs there, none doubled",
        acknowledged.len(),
        all - 1
    );
}

/// A lock that is not given up is waited for about a minute, and then said; nothing is left behind.
#[test]
fn a_table_that_stays_locked_is_said_and_the_run_may_be_repeated() {
    let Some(server) = Server::start(21_434) else { return };
    let project = server.project();
    project.file("a.csv", predictions(100, 7));
    project.file("b.csv", predictions(100, 9));
    finish(with_password(import(&project, "a.csv", "v1", "team.predictions"))).ok();
    let files = || {
        let all = crate::harness::tree(&project.path().join("tables")).into_keys();
        all.filter(|path| path.ends_with(".parquet")).collect::<Vec<_>>()
    };
    let before = files();
    let mut holder = server.psql();
    let mut input = holder.stdin.take().unwrap();
    input
        .write_all(b"BEGIN; LOCK TABLE iceberg_tables IN SHARE MODE; \\! echo held\n")
        .unwrap();
    let mut said = String::new();
    let mut output = BufReader::new(holder.stdout.take().unwrap());
    while !said.contains("held") {
        assert!(output.read_line(&mut said).unwrap() > 0, "{said}");
    }
    let begun = Instant::now();
    finish(with_password(import(&project, "b.csv", "v2", "team.predictions")))
        .expect_code(4)
        .stderr_has("due to lock timeout")
        .stderr_has("nothing is lost");
    assert!(begun.elapsed() < Duration::from_secs(120), "{:?}", begun.elapsed());
    assert_eq!(files(), before);
    drop(input);
    holder.wait().unwrap();
    finish(with_password(import(&project, "b.csv", "v2", "team.predictions"))).ok();
    run(&project, &["v1", "v2"]).ok();
}

#[test]
fn a_catalog_in_postgresql_needs_a_place_for_its_tables() {
    let project = Project::new();
    project
        .run_with(&["runs"], &[("ICEBERG_CATALOG_URI", "postgresql://u:secret@h/db")])
        .expect_code(2)
        .stderr_has("needs a place for its tables");
}
