//! What catalogs and stores refuse, and what is damaged in them: exit code 4, a line of cause, a line of advice, and no
//! secret in either.

use crate::catalogs::{Server, on_each_server};
use crate::harness::{Output, Project, command_in, finish};
use crate::lake::{
    self, BOTO, BUCKET, KEY, READER_KEY, READER_SECRET, SECRET, environment, import, lake, leaks_nothing, predictions,
    two_versions,
};
use std::net::TcpListener;
use std::process::Command;

on_each_server![
    what_cannot_be_reached_or_entered_is_said,
    a_clock_that_is_wrong_is_said,
    a_bucket_that_denies_writing_is_said,
    damaged_manifests_are_said,
    a_path_outside_the_warehouse_is_not_read,
];

/// Fails unless an error is a line of cause with `cause` and a line of advice with `advice`.
fn assert_two_lines(what: &str, output: &Output, cause: &str, advice: &str) {
    leaks_nothing(output);
    assert_eq!(output.code, Some(4), "{what}: {output}");
    // What a reference resolved to is said before anything is read of it.
    let said = output.stderr.trim_end().lines().filter(|l| !l.contains(" -> "));
    let said: Vec<&str> = said.collect();
    let [error, hint] = said.as_slice() else {
        panic!("{what}: not two lines: {output}");
    };
    println!("{what}\n  {error}\n  {hint}");
    assert!(
        error.starts_with("error: ") && error.contains(cause),
        "{what}: {output}"
    );
    assert!(hint.starts_with("hint: ") && hint.contains(advice), "{what}: {output}");
    assert!(error.chars().count() < 600, "{what}: {output}");
}

/// The command fails as it should, and with all that can be logged it shows no secret either.
fn assert_refused(what: &str, project: &Project, args: &[&str], secrets: &[&str], cause: &str, advice: &str) {
    let output = project.run(args);
    assert_two_lines(what, &output, cause, advice);
    let logged = project.run(&[&["-vv"], args].concat());
    for secret in secrets {
        for output in [&output, &logged] {
            let shown = output.text() + &output.stderr;
            assert!(!shown.contains(secret), "{what}: a secret is shown: {output}");
        }
    }
    leaks_nothing(&logged);
}

/// A port on which nobody listens.
fn unused() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn what_cannot_be_reached_or_entered_is_said(server: &Server) {
    let table = "refused.predictions";
    let project = server.project();
    project.file("a.csv", predictions(50, 7));
    finish(import(&project, "a.csv", "v1", table)).ok();
    let good = server.settings();
    let stored = |name: &str| format!("\"s3.{name}\" = \"");
    let wrong = "planted-wrong-secret";
    let no_store = format!("127.0.0.1:{}", unused());
    let cases = [
        (
            "catalog out of reach",
            server.behind(unused()).settings(),
            "127.0.0.1:",
            "ICEBERG_CATALOG_URI",
        ),
        (
            "a path that the catalog does not have",
            good.replace(
                &format!("127.0.0.1:{}\"", server.port),
                &format!("127.0.0.1:{}/no/such/path\"", server.port),
            ),
            "",
            "check [catalog] uri",
        ),
        (
            "store out of reach",
            good.replace(&format!("127.0.0.1:{}", server.s3), &no_store),
            &no_store,
            "s3.*",
        ),
        (
            "wrong storage secret",
            good.replace(
                &format!("{}{SECRET}", stored("secret-access-key")),
                &format!("{}{wrong}", stored("secret-access-key")),
            ),
            "SignatureDoesNotMatch",
            "s3.*",
        ),
        (
            "unknown storage key",
            good.replace(
                &format!("{}{KEY}", stored("access-key-id")),
                &format!("{}nobody", stored("access-key-id")),
            ),
            "InvalidAccessKeyId",
            "s3.*",
        ),
    ];
    for (what, settings, cause, advice) in cases {
        assert_ne!(settings, good, "{what} changes nothing");
        project.file("evaldiff.toml", &settings);
        let what = format!("{}: {what}", server.name);
        assert_refused(
            &what,
            &project,
            &["v1", "v1", "--table", table],
            &[wrong],
            cause,
            advice,
        );
    }
}

/// A token as SeaweedFS signs it, which ends so many seconds from now.
fn token(seconds: i64) -> String {
    let program = format!(
        "import base64, hashlib, hmac, json, time\n\
         b64 = lambda b: base64.urlsafe_b64encode(b).rstrip(b'=').decode()\n\
         key = hmac.new(b'seaweedfs-iceberg-oauth', b'{KEY}\\0{SECRET}', hashlib.sha256).digest()\n\
         now = int(time.time())\n\
         claims = {{'identity_name': '{KEY}', 'access_key': '{KEY}', 'iss': 'seaweedfs-iceberg', \
         'iat': now - 7200, 'exp': now + {seconds}}}\n\
         text = b64(json.dumps({{'alg': 'HS256', 'typ': 'JWT'}}).encode()) + '.' + b64(json.dumps(claims).encode())\n\
         print(text + '.' + b64(hmac.new(key, text.encode(), hashlib.sha256).digest()))\n"
    );
    lake::python(lake().unwrap().venv(), &program, &[]).trim().to_string()
}

#[test]
fn credentials_tokens_and_warehouses_that_are_refused_are_said() {
    let Some(lake) = lake() else { return };
    let table = "entered.predictions";
    let project = lake.project();
    project.file("a.csv", predictions(50, 7));
    finish(import(&project, "a.csv", "v1", table)).ok();
    let good = lake.settings();
    let entry = format!("credential = \"{KEY}:{SECRET}\"");
    let with = |entry_instead: &str| {
        let settings = good.replace(&entry, entry_instead);
        assert_ne!(settings, good);
        settings
    };
    // A token made here is taken while it holds: what is refused below is its age.
    project.file("evaldiff.toml", with(&format!("token = \"{}\"", token(600))));
    leaks_nothing(project.run(&["v1", "v1", "--table", table]).ok());
    let expired = token(-60);
    let wrong = "planted-wrong-secret";
    let cases = [
        (
            "wrong credential",
            with(&format!("credential = \"{KEY}:{wrong}\"")),
            "Invalid client credentials",
            "credential or token",
        ),
        (
            "expired token",
            with(&format!("token = \"{expired}\"")),
            "401",
            "credential or token",
        ),
        (
            "a token that is none",
            with(&format!("token = \"{wrong}\"")),
            "401",
            "credential or token",
        ),
        ("neither", with(""), "403", "credential or token"),
        (
            "unknown warehouse",
            good.replace("warehouse = \"evaldiff\"", "warehouse = \"elsewhere\""),
            "elsewhere",
            "check warehouse",
        ),
        (
            "the address of the object store instead of the catalog's",
            good.replace(&format!(":{}\"", lake.catalog), &format!(":{}\"", lake.s3)),
            "",
            "check [catalog] uri in evaldiff.toml",
        ),
        (
            "the address of a server that is neither",
            good.replace(&format!(":{}\"", lake.catalog), &format!(":{}\"", lake.master())),
            "",
            "no Iceberg REST catalog",
        ),
        (
            "the address of the catalog instead of the object store's",
            good.replace(&format!(":{}\"", lake.s3), &format!(":{}\"", lake.catalog)),
            "there is no such object",
            "check \"s3.endpoint\"",
        ),
    ];
    for (what, settings, cause, advice) in cases {
        project.file("evaldiff.toml", &settings);
        for args in [
            &["v1", "v1", "--table", table][..],
            &["import", "a.csv", "--model-version", "v2", "--table", table],
        ] {
            let what = format!("{what} ({})", args[0]);
            assert_refused(&what, &project, args, &[wrong, &expired], cause, advice);
        }
    }
}

/// The command with a clock that is an hour off.
fn an_hour_off(project: &Project, hour: &str, args: &[&str]) -> Output {
    let plain = command_in(project.path(), args);
    let mut command = Command::new("faketime");
    command.args(["-f", hour]).arg(plain.get_program()).args(args);
    command.current_dir(project.path()).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    finish(command)
}

fn a_clock_that_is_wrong_is_said(server: &Server) {
    if Command::new("faketime").arg("--version").output().is_err() {
        println!("skipped: there is no faketime; `make setup` installs it");
        return;
    }
    let table = "skewed.predictions";
    let project = server.project();
    two_versions(&project, 50, table);
    project.run(&["v1", "v2", "--table", table]).ok();
    let report = project.reports("site").remove(0);
    let target = format!("s3://{BUCKET}/skewed-{}", server.name);
    for (hour, args) in [
        ("-1h", &["v1", "v2", "--table", table][..]),
        ("+1h", &["import", "a.csv", "--model-version", "v3", "--table", table]),
        ("+1h", &["publish", report.to_str().unwrap(), &target, "--no-pin"]),
    ] {
        let what = format!("{}: a clock off by {hour}, {}", server.name, args[0]);
        assert_two_lines(
            &what,
            &an_hour_off(&project, hour, args),
            "RequestTimeTooSkewed",
            "clock",
        );
    }
}

fn a_bucket_that_denies_writing_is_said(server: &Server) {
    let table = "denied.predictions";
    let project = server.project();
    two_versions(&project, 50, table);
    let reader = server
        .settings()
        .replace(
            &format!("\"s3.access-key-id\" = \"{KEY}\""),
            &format!("\"s3.access-key-id\" = \"{READER_KEY}\""),
        )
        .replace(
            &format!("\"s3.secret-access-key\" = \"{SECRET}\""),
            &format!("\"s3.secret-access-key\" = \"{READER_SECRET}\""),
        );
    project.file("evaldiff.toml", reader);
    leaks_nothing(project.run(&["v1", "v2", "--table", table]).ok());
    let report = project.reports("site").remove(0);
    let target = format!("s3://{BUCKET}/denied-{}", server.name);
    for args in [
        &["import", "a.csv", "--model-version", "v3", "--table", table][..],
        &["publish", report.to_str().unwrap(), &target, "--no-pin"],
    ] {
        let what = format!("{}: a bucket that denies writing, {}", server.name, args[0]);
        assert_refused(
            &what,
            &project,
            args,
            &[],
            "AccessDenied",
            "have the owner of the bucket allow it",
        );
    }
    assert_eq!(crate::lakehouse::runs_of(&project, table).len(), 2);
}

fn damaged_manifests_are_said(server: &Server) {
    let project = server.project();
    // Each a table of its own: what is spoilt stays spoilt.
    for (name, spoil) in [
        ("list", "t.current_snapshot().manifest_list"),
        ("manifest", "t.current_snapshot().manifests(t.io)[0].manifest_path"),
    ] {
        let table = format!("damaged.{name}");
        two_versions(&project, 50, &table);
        server.python(&format!(
            "t = catalog.load_table('{table}')\n\
             with t.io.new_output({spoil}).create(overwrite=True) as f:\n    f.write(b'this is not what it should be')\n"
        ));
        let args = ["v1", "v2", "--table", &table];
        let what = format!("{}: a damaged {name}", server.name);
        assert_refused(&what, &project, &args, &[], "", "restore");
    }
}

/// A server reads a table's metadata file itself, or keeps its own copy. With an embedded catalog evaldiff reads it.
#[test]
fn metadata_in_object_storage_that_are_not_json_are_said() {
    let Some(lake) = lake() else { return };
    let project = lake.project();
    let (_, properties) = lake
        .settings()
        .split_once("[catalog.properties]")
        .map(|(a, b)| (a.to_string(), b.to_string()))
        .unwrap();
    project.file(
        "evaldiff.toml",
        format!("[catalog]\nwarehouse = \"s3://{BUCKET}/sql\"\n\n[catalog.properties]{properties}"),
    );
    two_versions(&project, 50, "damaged.metadata");
    lake.python(&format!(
        "{BOTO}keys = [o['Key'] for o in s3.list_objects_v2(Bucket='{BUCKET}', Prefix='sql/damaged/')['Contents']]\n\
         for key in keys:\n  if key.endswith('.metadata.json'):\n    \
         s3.put_object(Bucket='{BUCKET}', Key=key, Body=b'this is not JSON')\n"
    ));
    let args = ["v1", "v2", "--table", "damaged.metadata"];
    assert_refused("embedded, in S3", &project, &args, &[], ".metadata.json", "restore");
}

/// A table with two versions whose second one is in a file that was made at `outside` and then taken over.
fn taken_over(outside: &str) -> String {
    format!(
        "import pyarrow as pa, pyarrow.parquet as pq, datetime\n\
         def run(v, k): return pa.table({{'run_id': [f'run-{{v}}'] * 40, 'model_version': [v] * 40,\n  \
         'eval_timestamp': pa.array([datetime.datetime(2026, 3, 1)] * 40, pa.timestamp('us')),\n  \
         'sample_id': [f's{{i}}' for i in range(40)], 'ground_truth': ['x'] * 40,\n  \
         'prediction': ['y' if i % k == 0 else 'x' for i in range(40)]}})\n\
         catalog.create_namespace_if_not_exists('outside')\n\
         t = catalog.create_table('outside.results', schema=run('v1', 4).schema)\n\
         t.append(run('v1', 4))\n\
         with t.io.new_output('{outside}').create(overwrite=True) as f:\n    pq.write_table(run('v2', 8), f)\n\
         t.add_files(['{outside}'])\n"
    )
}

const OUTSIDE: [&str; 4] = ["v1", "v2", "--table", "outside.results"];

fn a_path_outside_the_warehouse_is_not_read(server: &Server) {
    let place = format!("s3://{BUCKET}/outside-{}", server.name);
    server.python(&taken_over(&format!("{place}/v2.parquet")));
    let project = server.project();
    let what = format!("{}: a manifest that names {place}", server.name);
    assert_refused(&what, &project, &OUTSIDE, &[], &place, "evaldiff.also-read");
    // It may be meant.
    project.file(
        "evaldiff.toml",
        format!("{}\"evaldiff.also-read\" = \"{place}\"\n", server.settings()),
    );
    let json = project.run(&[&OUTSIDE[..], &["--format", "json"]].concat()).ok().json();
    assert_eq!(json["outcomes"]["fixed"], 5);
}

/// PyIceberg with the project's embedded catalog.
fn embedded(project: &Project, program: &str) -> Option<String> {
    let head = format!(
        "from pyiceberg.catalog.sql import SqlCatalog\n\
         catalog = SqlCatalog('evaldiff', uri='sqlite:///{0}/catalog.db', warehouse='file://{0}/warehouse')\n",
        project.path().join(".evaldiff").display()
    );
    Some(lake::python(&environment()?, &format!("{head}{program}"), &[]))
}

#[test]
fn what_is_damaged_or_misleading_in_an_embedded_catalog_is_said() {
    let project = Project::with_runs("binary");
    let metadata = project
        .path()
        .join(".evaldiff/warehouse/ml_eval_results/predictions/metadata");
    let newest = |ending: &str| {
        let names = crate::harness::tree(&metadata).into_keys();
        let newest = names.filter(|name| name.ends_with(ending)).max_by_key(|name| {
            let changed = std::fs::metadata(metadata.join(name)).unwrap().modified();
            changed.unwrap()
        });
        metadata.join(newest.unwrap())
    };
    for ending in [".metadata.json", "-m0.avro"] {
        let file = newest(ending);
        let whole = std::fs::read(&file).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        for bad in ["this is not JSON", "", "{\"format-version\": 2}"] {
            std::fs::write(&file, bad).unwrap();
            let what = format!("embedded: {ending} with {bad:?}");
            assert_refused(&what, &project, &["v1", "v2"], &[], name, "restore");
        }
        std::fs::remove_file(&file).unwrap();
        let what = format!("embedded: no {ending}");
        assert_refused(&what, &project, &["v1", "v2"], &[], name, "restore");
        std::fs::write(&file, whole).unwrap();
    }
    project.run(&["v1", "v2"]).ok();

    let place = format!("file://{}/elsewhere", project.path().display());
    std::fs::create_dir(project.path().join("elsewhere")).unwrap();
    if embedded(&project, &taken_over(&format!("{place}/v2.parquet"))).is_none() {
        return;
    }
    assert_refused(
        "embedded: elsewhere",
        &project,
        &OUTSIDE,
        &[],
        &place,
        "evaldiff.also-read",
    );
    project.file(
        "evaldiff.toml",
        format!("[catalog.properties]\n\"evaldiff.also-read\" = \"{place}\"\n"),
    );
    project.run(&OUTSIDE).ok();
}
