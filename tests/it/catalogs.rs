//! The catalog servers that the lakehouse suite runs against: SeaweedFS, with a prefix, a warehouse and OAuth, and Apache's
//! Java handlers, with none of these. A client that passes on both is not fitted to one of them.
//!
//! The handlers come from the folder that `EVALDIFF_HANDLERS` names (made by `make setup` from `tests/components/handlers`)
//! and keep their tables in SeaweedFS's object storage; where either is missing, the tests say so and pass.

use crate::harness::Project;
use crate::lake::{self, BUCKET, KEY, Lake, SECRET, WAREHOUSE, lake};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;

/// A test of its own for each server, `seaweedfs::NAME` and `handlers::NAME`, from functions that take one.
macro_rules! on_each_server {
    ($($test:ident),* $(,)?) => {
        on_each_server!(in seaweedfs: $($test),*);
        on_each_server!(in handlers: $($test),*);
    };
    (in $server:ident: $($test:ident),*) => {
        mod $server {
            $(
                #[test]
                fn $test() {
                    if let Some(server) = $crate::catalogs::$server() {
                        super::$test(&server);
                    }
                }
            )*
        }
    };
}
pub(crate) use on_each_server;

/// How to reach a catalog server and the object store below it.
#[derive(Clone, Debug)]
pub struct Server {
    pub name: &'static str,
    pub port: u16,
    pub s3: u16,
    venv: PathBuf,
    /// Whether it has warehouses and wants a credential.
    guarded: bool,
}

/// SeaweedFS as all tests share it.
pub fn seaweedfs() -> Option<Server> {
    lake().map(Server::seaweedfs)
}

/// The handlers as all tests share them.
pub fn handlers() -> Option<Server> {
    static SHARED: OnceLock<Handlers> = OnceLock::new();
    let folder = handlers_folder()?;
    let lake = lake()?;
    let shared = SHARED.get_or_init(|| Handlers::start(&folder, lake));
    Some(Server::handlers(shared, lake))
}

/// The folder with jars and classes; `None` with a printed reason where the tests have none.
pub fn handlers_folder() -> Option<PathBuf> {
    let found = std::env::var_os("EVALDIFF_HANDLERS").filter(|value| !value.is_empty());
    if found.is_none() {
        println!("skipped: EVALDIFF_HANDLERS is unset; `make test` sets it to what tests/components/handlers holds");
    }
    found.map(PathBuf::from)
}

impl Server {
    pub fn seaweedfs(lake: &Lake) -> Server {
        Server {
            name: "seaweedfs",
            port: lake.catalog,
            s3: lake.s3,
            venv: lake.venv().to_path_buf(),
            guarded: true,
        }
    }

    pub fn handlers(handlers: &Handlers, lake: &Lake) -> Server {
        Server {
            name: "handlers",
            port: handlers.port,
            guarded: false,
            ..Server::seaweedfs(lake)
        }
    }

    /// A project whose evaldiff.toml leads to the catalog.
    pub fn project(&self) -> Project {
        let project = Project::new();
        project.file("evaldiff.toml", self.settings());
        project
    }

    /// evaldiff.toml as a team would write it.
    pub fn settings(&self) -> String {
        let entry = match self.guarded {
            true => {
                format!("warehouse = \"{WAREHOUSE}\"\ncredential = \"{KEY}:{SECRET}\"\nscope = \"catalog\"\n")
            }
            false => String::new(),
        };
        format!(
            "[catalog]\ntype = \"rest\"\nuri = \"http://127.0.0.1:{}\"\n{entry}\n[catalog.properties]\n\
             \"s3.endpoint\" = \"http://127.0.0.1:{}\"\n\"s3.region\" = \"us-east-1\"\n\
             \"s3.access-key-id\" = \"{KEY}\"\n\"s3.secret-access-key\" = \"{SECRET}\"\n",
            self.port, self.s3
        )
    }

    /// The same server behind a proxy.
    pub fn behind(&self, port: u16) -> Server {
        Server { port, ..self.clone() }
    }

    /// Runs a Python program with a PyIceberg catalog named `catalog`; gives what it printed.
    pub fn python(&self, program: &str) -> String {
        let entry = match self.guarded {
            true => format!("warehouse='{WAREHOUSE}', credential='{KEY}:{SECRET}', scope='catalog'"),
            false => "auth={'type': 'noop'}".to_string(),
        };
        let head = format!(
            "from pyiceberg.catalog import load_catalog\n\
             catalog = load_catalog('evaldiff', type='rest', uri='http://127.0.0.1:{}', {entry},\n  \
             **{{'s3.endpoint': 'http://127.0.0.1:{}',\n  \
             's3.region': 'us-east-1', 's3.access-key-id': '{KEY}', 's3.secret-access-key': '{SECRET}',\n  \
             'py-io-impl': 'pyiceberg.io.pyarrow.PyArrowFileIO'}})\n",
            self.port, self.s3
        );
        let s3 = format!("http://127.0.0.1:{}", self.s3);
        let env = [("KEY", KEY), ("SECRET", SECRET), ("S3", s3.as_str())];
        lake::python(&self.venv, &format!("{head}{program}"), &env)
    }
}

/// Apache's handlers in a Java process, which ends with whoever started it.
pub struct Handlers {
    pub port: u16,
    folder: PathBuf,
    s3: u16,
    data: tempfile::TempDir,
    process: Child,
    stdin: Option<ChildStdin>,
}

impl Handlers {
    /// Starts them on a catalog of their own and waits until they listen.
    pub fn start(folder: &Path, lake: &Lake) -> Handlers {
        let data = tempfile::Builder::new().prefix("evaldiff-handlers-").tempdir().unwrap();
        Handlers::start_at(folder, lake.s3, data, 0)
    }

    fn start_at(folder: &Path, s3: u16, data: tempfile::TempDir, port: u16) -> Handlers {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(data.path().join("log"))
            .unwrap();
        let mut process = Command::new("java")
            .args(["-Xmx512m", "-cp"])
            .arg(format!("{0}/jars/*:{0}/classes", folder.display()))
            .args(["RestFixture", &port.to_string()])
            .arg(format!("s3://{BUCKET}/handlers"))
            .arg(format!(
                "jdbc:sqlite:file:{}/catalog.db?busy_timeout=10000",
                data.path().display()
            ))
            .arg("io-impl=org.apache.iceberg.aws.s3.S3FileIO")
            .arg(format!("s3.endpoint=http://127.0.0.1:{s3}"))
            .args(["s3.path-style-access=true", "client.region=us-east-1"])
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("java cannot be started ({error}); `make setup` installs it"));
        let mut line = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        while !line.starts_with("listening ") {
            line.clear();
            let read = stdout.read_line(&mut line).unwrap();
            let said = || std::fs::read_to_string(data.path().join("log")).unwrap_or_default();
            assert_ne!(read, 0, "the handlers did not start: {}", said());
        }
        Handlers {
            port: line["listening ".len()..].trim().parse().unwrap(),
            folder: folder.to_path_buf(),
            s3,
            stdin: process.stdin.take(),
            process,
            data,
        }
    }

    /// Ends them at once, as a machine that fails does, and starts them anew on the same catalog.
    pub fn fail_and_restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let data = std::mem::replace(&mut self.data, tempfile::tempdir().unwrap());
        *self = Handlers::start_at(&self.folder.clone(), self.s3, data, self.port);
    }
}

impl Drop for Handlers {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.process.wait();
    }
}
