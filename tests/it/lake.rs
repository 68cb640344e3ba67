//! A real lakehouse: SeaweedFS with an S3 endpoint and an Iceberg REST catalog, and PyIceberg beside it.
//!
//! Both come from the environment that `EVALDIFF_LAKE` names (made from `tests/components/lake`); where it is unset, the
//! tests that need it say so and pass. One server is shared by all tests of the process.

use crate::harness::{Output, Project, finish};
use evaldiff::audit::manifest::{FileDigest, Manifest};
use evaldiff::publish::{self, Bucket, Item, Published};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Key and secret of the one account.
pub const KEY: &str = "evaldiffkey";
pub const SECRET: &str = "planted-lake-secret";
/// The warehouse of the REST catalog, and a plain bucket beside it.
pub const WAREHOUSE: &str = "evaldiff";
pub const BUCKET: &str = "plain";

/// A client of the plain S3 endpoint, for programs that [`Lake::python`] runs.
const BOTO: &str = "import boto3, os\ns3 = boto3.client('s3', endpoint_url=os.environ['S3'], region_name='us-east-1', \
                    aws_access_key_id=os.environ['KEY'], aws_secret_access_key=os.environ['SECRET'])\n";

/// The Python environment; `None` with a printed reason where the tests have none.
pub fn environment() -> Option<PathBuf> {
    let found = std::env::var_os("EVALDIFF_LAKE").filter(|value| !value.is_empty());
    if found.is_none() {
        println!("skipped: EVALDIFF_LAKE is unset; `make test` sets it to what tests/components/lake holds");
    }
    found.map(PathBuf::from)
}

/// A running SeaweedFS. Ends when it is dropped, or with the process.
pub struct Lake {
    pub s3: u16,
    pub catalog: u16,
    venv: PathBuf,
    _data: tempfile::TempDir,
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
        let first = free_ports();
        let port = |i: u16| (first + i).to_string();
        let log = std::fs::File::create(data.path().join("log")).unwrap();
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
            .arg(format!("-tableBucket={WAREHOUSE}"))
            .arg(format!("-bucket={BUCKET}"))
            .arg(format!("-s3.port={}", port(0)))
            .arg(format!("-s3.port.iceberg={}", port(1)))
            .arg(format!("-master.port={}", port(2)))
            .arg(format!("-volume.port={}", port(3)))
            .arg(format!("-filer.port={}", port(4)))
            .arg(format!("-admin.port={}", port(5)))
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
            _data: data,
        };
        let start = Instant::now();
        let project = lake.project();
        loop {
            let output = project.run(&["runs"]);
            // An empty warehouse: the catalog answers, and has no table.
            if output.stderr.contains("ml_eval_results.predictions does not exist") {
                return lake;
            }
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "the lake did not start: {output}"
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// A project whose evaldiff.toml leads to the REST catalog.
    pub fn project(&self) -> Project {
        let project = Project::new();
        project.file("evaldiff.toml", self.settings());
        project
    }

    /// evaldiff.toml as a team would write it.
    pub fn settings(&self) -> String {
        format!(
            "[catalog]\ntype = \"rest\"\nuri = \"http://127.0.0.1:{}\"\nwarehouse = \"{WAREHOUSE}\"\n\
             credential = \"{KEY}:{SECRET}\"\nscope = \"catalog\"\n\n[catalog.properties]\n\
             \"s3.endpoint\" = \"http://127.0.0.1:{}\"\n\"s3.region\" = \"us-east-1\"\n\
             \"s3.access-key-id\" = \"{KEY}\"\n\"s3.secret-access-key\" = \"{SECRET}\"\n",
            self.catalog, self.s3
        )
    }

    /// Runs a Python program with a PyIceberg catalog named `catalog`; gives what it printed.
    pub fn python(&self, program: &str) -> String {
        let head = format!(
            "from pyiceberg.catalog import load_catalog\n\
             catalog = load_catalog('evaldiff', type='rest', uri='http://127.0.0.1:{}', warehouse='{WAREHOUSE}',\n  \
             credential='{KEY}:{SECRET}', scope='catalog', **{{'s3.endpoint': 'http://127.0.0.1:{}',\n  \
             's3.region': 'us-east-1', 's3.access-key-id': '{KEY}', 's3.secret-access-key': '{SECRET}',\n  \
             'py-io-impl': 'pyiceberg.io.pyarrow.PyArrowFileIO'}})\n",
            self.catalog, self.s3
        );
        let output = Command::new(self.venv.join("bin/python"))
            .args(["-c", &format!("{head}{program}")])
            .envs([
                ("KEY", KEY),
                ("SECRET", SECRET),
                ("S3", &format!("http://127.0.0.1:{}", self.s3)),
            ])
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
    let start = 20_000 + (std::process::id() % 900) as u16 * 10;
    (start..30_000)
        .step_by(10)
        .find(|first| (0..6).all(|i| free(first + i) && free(first + i + 10_000)))
        .unwrap()
}

fn predictions(rows: usize, wrong: usize) -> String {
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

fn import(project: &Project, file: &str, version: &str, table: &str) -> Command {
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

fn leaks_nothing(output: &Output) -> &Output {
    let shown = String::from_utf8_lossy(&output.stdout).into_owned() + &output.stderr;
    assert!(!shown.contains(SECRET), "a secret is shown: {output}");
    output
}

#[test]
fn runs_are_appended_compared_and_verified_in_a_rest_catalog() {
    let Some(lake) = lake() else { return };
    let project = lake.project();
    project
        .file("a.csv", predictions(3000, 7))
        .file("b.csv", predictions(3000, 9));
    for (file, version) in [("a.csv", "v1"), ("b.csv", "v2")] {
        leaks_nothing(finish(import(&project, file, version, "basic.predictions")).ok());
    }
    let table = ["--table", "basic.predictions"];
    let compared = project.run(&[&["v1", "v2", "--format", "json"][..], &table].concat());
    let json = leaks_nothing(compared.ok()).json();
    assert_eq!(json["accounting"]["matched"], 3000);
    let report = project.reports("site").remove(0);
    let verified = project.run(&["verify", report.to_str().unwrap()]);
    leaks_nothing(verified.ok());
    for (name, bytes) in crate::harness::tree(&project.path().join("site")) {
        let found = bytes.windows(SECRET.len()).any(|w| w == SECRET.as_bytes());
        assert!(!found, "{name} holds a secret");
    }

    // The same comparison on the embedded catalog: other ids, the same numbers.
    let local = Project::new();
    local
        .file("a.csv", predictions(3000, 7))
        .file("b.csv", predictions(3000, 9));
    for (file, version) in [("a.csv", "v1"), ("b.csv", "v2")] {
        finish(import(&local, file, version, "basic.predictions")).ok();
    }
    let here = local.run(&["v1", "v2", "--format", "json"]).ok().json();
    for part in ["accounting", "outcomes", "metrics", "classes", "confusion", "slices"] {
        assert_eq!(here[part], json[part], "{part}");
    }
}

#[test]
fn others_read_what_is_written() {
    let Some(lake) = lake() else { return };
    let project = lake.project();
    project.file("a.csv", predictions(500, 7));
    finish(import(&project, "a.csv", "v1", "shared.predictions")).ok();
    let seen = lake.python(
        "t = catalog.load_table('shared.predictions')\n\
         rows = sorted(t.scan().to_arrow().to_pylist(), key=lambda r: r['sample_id'])\n\
         print(len(rows), rows[7]['prediction'], rows[8]['prediction'], rows[8]['text'])\n\
         s = t.current_snapshot().summary.additional_properties\n\
         print(s['evaldiff.model-version'], s['evaldiff.row-count'], len(t.snapshots()))\n",
    );
    assert_eq!(seen, "500 maybe yes words of 8\nv1 500 1\n");
}

#[test]
fn runs_that_others_appended_are_compared() {
    let Some(lake) = lake() else { return };
    lake.python(
        "import pyarrow as pa, datetime\n\
         catalog.create_namespace_if_not_exists('foreign')\n\
         def run(v, k): return pa.table({'run_id': [f'run-{v}'] * 400, 'model_version': [v] * 400,\n  \
         'eval_timestamp': pa.array([datetime.datetime(2026, 3, 1)] * 400, pa.timestamp('us')),\n  \
         'sample_id': [f's{i}' for i in range(400)][::-1], 'ground_truth': ['x'] * 400,\n  \
         'prediction': ['y' if i % k == 0 else 'x' for i in range(400)][::-1],\n  \
         'tags': pa.array([['a', 'b']] * 400, pa.list_(pa.string()))})\n\
         first = run('v1', 4)\n\
         t = catalog.create_table('foreign.results', schema=first.schema)\n\
         t.append(first)\n\
         t.append(run('v2', 8))\n",
    );
    let project = lake.project();
    let compared = project.run(&["v1", "v2", "--table", "foreign.results", "--format", "json"]);
    let json = compared.ok().json();
    assert_eq!(json["outcomes"]["fixed"], 50);
    assert_eq!(json["outcomes"]["both_wrong"], 50);
}

#[test]
fn eight_writers_lose_and_double_nothing() {
    const WRITERS: usize = 8;
    const EACH: usize = 20;
    let Some(lake) = lake() else { return };
    let project = lake.project();
    project.file("a.csv", predictions(50, 7));
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let project = &project;
            scope.spawn(move || {
                for i in 0..EACH {
                    let version = format!("w{writer}-{i}");
                    let args = [
                        "--table",
                        "crowd.predictions",
                        "--run-id",
                        &uuid::Uuid::now_v7().to_string(),
                    ];
                    let mut command =
                        project.command(&[&["import", "a.csv", "--model-version", &version][..], &args].concat());
                    command.stdin(Stdio::null());
                    leaks_nothing(finish(command).ok());
                }
            });
        }
    });
    let runs = project.run(&["runs", "--table", "crowd.predictions", "--format", "json"]);
    let runs = runs.ok().json();
    let versions: std::collections::BTreeSet<&str> = runs
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["model_version"].as_str().unwrap())
        .collect();
    assert_eq!(
        (runs.as_array().unwrap().len(), versions.len()),
        (WRITERS * EACH, WRITERS * EACH)
    );
    let rows = lake.python("print(catalog.load_table('crowd.predictions').scan().to_arrow().num_rows)\n");
    assert_eq!(rows.trim(), (WRITERS * EACH * 50).to_string());
}

#[test]
fn what_a_lake_refuses_is_said_in_a_line_with_a_way_out_and_without_secrets() {
    let Some(lake) = lake() else { return };
    let project = lake.project();
    project.file("a.csv", predictions(50, 7));
    finish(import(&project, "a.csv", "v1", "refused.predictions")).ok();
    let good = lake.settings();
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let unused = nobody.local_addr().unwrap().port();
    drop(nobody);
    let cases = [
        (
            "wrong credential",
            good.replace(&format!("{KEY}:{SECRET}"), &format!("{KEY}:{SECRET}-wrong")),
            "credential",
        ),
        ("bad token", good.replace("credential = ", "token = "), "credential"),
        (
            "unknown warehouse",
            good.replace("warehouse = \"evaldiff\"", "warehouse = \"elsewhere\""),
            "warehouse",
        ),
        (
            "unreachable",
            good.replace(
                &format!(":{}\"\nwarehouse", lake.catalog),
                &format!(":{unused}\"\nwarehouse"),
            ),
            "ICEBERG_CATALOG_URI",
        ),
        (
            "wrong storage secret",
            good.replace(
                &format!("secret-access-key\" = \"{SECRET}"),
                "secret-access-key\" = \"wrong",
            ),
            "s3.",
        ),
    ];
    for (what, settings, hint) in cases {
        assert_ne!(settings, good, "{what} changes nothing");
        project.file("evaldiff.toml", &settings);
        let output = project.run(&["v1", "v1", "--table", "refused.predictions"]);
        leaks_nothing(&output);
        assert_eq!(output.code, Some(4), "{what}: {output}");
        let lines: Vec<&str> = output
            .stderr
            .trim_end()
            .lines()
            .filter(|l| !l.starts_with("v1 -> "))
            .collect();
        assert!(
            lines.len() == 2 && lines[0].len() < 400 && lines[1].contains(hint),
            "{what}: {output}"
        );
    }
}

/// The bucket as the library opens it, below a prefix of the test's own.
fn bucket(lake: &Lake, prefix: &str) -> Bucket {
    let properties = [
        ("s3.endpoint", format!("http://127.0.0.1:{}", lake.s3)),
        ("s3.region", "us-east-1".into()),
        ("s3.path-style-access", "true".into()),
        ("s3.access-key-id", KEY.into()),
        ("s3.secret-access-key", SECRET.into()),
    ];
    let properties = properties
        .into_iter()
        .map(|(name, value)| (name.to_string(), value))
        .collect();
    let store = evaldiff::store::bucket(&properties, BUCKET).unwrap();
    Bucket::new(store, prefix.into(), &format!("s3://{BUCKET}/{prefix}"))
}

/// The smallest report: a page and a manifest. Its numbers stand for nothing; only its place and its bytes matter here.
fn tiny_report(i: u64) -> (tempfile::TempDir, Manifest, Item) {
    let folder = tempfile::tempdir().unwrap();
    let page = format!("<!doctype html><title>{i}</title>");
    let manifest = Manifest {
        schema: "evaldiff.manifest/1".into(),
        kind: "diff".into(),
        tool_version: "test".into(),
        table: "t".into(),
        config_digest: "0".into(),
        roles: Default::default(),
        options: Default::default(),
        runs: Vec::new(),
        files: [("index.html".to_string(), FileDigest::of(page.as_bytes()))].into(),
    };
    std::fs::write(folder.path().join("index.html"), page).unwrap();
    let json = serde_json::to_vec(&(&manifest, i)).unwrap();
    std::fs::write(folder.path().join("manifest.json"), json).unwrap();
    let item = Item {
        folder: format!("t/diffs/a..b/{i:04}"),
        kind: "diff".into(),
        title: format!("report {i}"),
        subtitle: String::new(),
        verdict: String::new(),
        order: (i as i64, 0),
    };
    (folder, manifest, item)
}

async fn publish_tiny(bucket: &Bucket, i: u64) -> Published {
    let (folder, manifest, item) = tiny_report(i);
    publish::publish(bucket, folder.path(), &manifest, &item, &|_| ())
        .await
        .unwrap()
}

/// The reports that the site's index and its archive pages list.
fn listed(lake: &Lake, prefix: &str) -> Vec<u64> {
    let text = lake.bucket_text(prefix, r"index\.html$|archive/", r"diffs/a\.\.b/(\d+)/index");
    text.split_whitespace().map(|n| n.parse().unwrap()).collect()
}

#[test]
fn a_report_is_published_once_and_never_overwritten() {
    let Some(lake) = lake() else { return };
    let project = lake.project();
    project
        .file("a.csv", predictions(300, 7))
        .file("b.csv", predictions(300, 9));
    for (file, version) in [("a.csv", "v1"), ("b.csv", "v2")] {
        finish(import(&project, file, version, "published.predictions")).ok();
    }
    project.run(&["v1", "v2", "--table", "published.predictions"]).ok();
    let report = project.reports("site").remove(0);
    let report = report.to_str().unwrap();
    let site = format!("s3://{BUCKET}/once/team");
    let args = [
        "publish",
        report,
        &site,
        "--base-url",
        "https://reports.example.com/team",
    ];

    let first = project.run(&args);
    leaks_nothing(first.ok());
    let link = String::from_utf8(first.stdout.clone()).unwrap();
    assert!(
        link.starts_with("https://reports.example.com/team/published.predictions/diffs/v1..v2/"),
        "{link}"
    );
    assert!(link.ends_with("/index.html\n"), "{link}");

    let again = project.run(&args);
    again.ok().stderr_has("published: 0 objects written");
    project
        .run(&["publish", report, &site, "--check"])
        .ok()
        .stdout_has("as the manifest says");

    // Served as a browser needs it.
    let heads = lake.python(&format!(
        "{BOTO}for o in s3.list_objects_v2(Bucket='{BUCKET}', Prefix='once/team/')['Contents']:\n  \
         h = s3.head_object(Bucket='{BUCKET}', Key=o['Key'])\n  \
         print(o['Key'].removeprefix('once/team/'), h['ContentType'], '|', h['CacheControl'])\n",
    ));
    for (path, kind, cache) in [
        ("index.html", "text/html; charset=utf-8", "max-age=60"),
        (
            "published.predictions/diffs/v1..v2/index.html",
            "text/html; charset=utf-8",
            "max-age=60",
        ),
        ("/data/comparison.json", "application/json", "immutable"),
        ("/overview", "", ""),
    ] {
        if kind.is_empty() {
            continue;
        }
        let line = heads
            .lines()
            .find(|line| line.split(' ').next().unwrap().ends_with(path))
            .unwrap();
        assert!(line.contains(kind) && line.contains(cache), "{line}");
    }

    // Altered at home: refused before anything is sent. Altered there: found, and not overwritten.
    let index = Path::new(report).join("index.html");
    let whole = std::fs::read(&index).unwrap();
    std::fs::write(&index, b"other").unwrap();
    project.run(&args).expect_code(1).stderr_has("index.html");
    std::fs::write(&index, whole).unwrap();
    lake.python(&format!(
        "{BOTO}k = [o['Key'] for o in s3.list_objects_v2(Bucket='{BUCKET}', Prefix='once/team/')['Contents'] \
         if o['Key'].endswith('data/comparison.json')][0]\n\
         s3.put_object(Bucket='{BUCKET}', Key=k, Body=b'{{}}')\n\
         s3.delete_object(Bucket='{BUCKET}', Key=k.replace('data/comparison.json', 'manifest.json'))\n",
    ));
    project
        .run(&["publish", report, &site, "--check"])
        .expect_code(1)
        .stdout_has("data/comparison.json: changed");
    project
        .run(&args)
        .expect_code(1)
        .stderr_has("data/comparison.json is there already, with other bytes");
}

#[test]
fn a_report_is_published_to_a_folder_too() {
    let project = Project::with_runs("binary");
    project.run(&["v1", "v2"]).ok();
    let report = project.reports("site").remove(0);
    let target = format!("file://{}/www", project.path().display());
    for _ in 0..2 {
        project
            .run(&["publish", report.to_str().unwrap(), &target])
            .ok()
            .stdout_has("/www/");
    }
    let (here, there) = (project.path().join("site"), project.path().join("www"));
    assert_eq!(crate::harness::tree(&here), crate::harness::tree(&there));
    project
        .run(&["publish", report.to_str().unwrap(), &target, "--check"])
        .ok();
    project
        .run(&["publish", report.to_str().unwrap(), "gs://bucket"])
        .expect_code(2)
        .stderr_has("s3://BUCKET/PREFIX");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_publishers_at_once_lose_no_entry() {
    let Some(lake) = tokio::task::spawn_blocking(lake).await.unwrap() else {
        return;
    };
    let (one, other) = (bucket(lake, "crowd"), bucket(lake, "crowd"));
    for round in 0..100 {
        let (first, second) = tokio::join!(publish_tiny(&one, 2 * round), publish_tiny(&other, 2 * round + 1));
        assert_eq!((first.written, second.written), (2, 2));
    }
    let mut found = tokio::task::spawn_blocking(|| listed(lake, "crowd")).await.unwrap();
    found.sort_unstable();
    assert_eq!(found, (0..200).collect::<Vec<u64>>());
    let newest =
        tokio::task::spawn_blocking(|| lake.bucket_text("crowd", r"a\.\.b/index\.html$", r"(\d{4})/index\.html"));
    assert!(newest.await.unwrap().starts_with("0199"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_thousandth_report_costs_what_the_tenth_does() {
    let Some(lake) = tokio::task::spawn_blocking(lake).await.unwrap() else {
        return;
    };
    let site = bucket(lake, "many");
    let mut costs = Vec::new();
    for i in 0..1000 {
        let before = site.requests();
        publish_tiny(&site, i).await;
        costs.push(site.requests() - before);
    }
    // Every hundredth report seals an archive page: that page besides.
    assert!(costs.iter().all(|cost| *cost <= costs[9] + 1), "{costs:?}");
    let mut found = tokio::task::spawn_blocking(|| listed(lake, "many")).await.unwrap();
    found.sort_unstable();
    assert_eq!(found, (0..1000).collect::<Vec<u64>>());
    println!(
        "requests of the 10th report: {}, of the 1,000th: {}",
        costs[9], costs[999]
    );
}
