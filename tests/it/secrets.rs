//! Planted passwords and tokens: they reach the service, and nothing else.

use crate::bento::{VERSION, evaluation, golden, server};
use crate::harness::{Output, Project, finish, tree};

const PASSWORD: &str = "planted-pw-7731";
/// `user:planted-pw-7731` as the header has it.
const BASIC: &str = "dXNlcjpwbGFudGVkLXB3LTc3MzE=";
const TOKEN: &str = "planted-token-4419";
const AWS: &str = "planted-aws-9027";

fn assert_nowhere(project: &Project, outputs: &[&Output]) {
    let has = |bytes: &[u8]| {
        [PASSWORD, BASIC, TOKEN, AWS]
            .into_iter()
            .find(|secret| bytes.windows(secret.len()).any(|window| window == secret.as_bytes()))
    };
    for (name, bytes) in tree(project.path()) {
        assert_eq!(has(&bytes), None, "in {name}");
    }
    for output in outputs {
        assert_eq!(
            has(&output.stdout).or(has(output.stderr.as_bytes())),
            None,
            "in {output}"
        );
    }
}

#[test]
fn secrets_reach_the_service_and_no_file_and_no_output() {
    let Some(server) = server() else { return };
    let project = Project::new();
    let words = |row| if row == 9 { "key boom" } else { "key" }.to_string();
    project.file("golden.csv", golden("secret", 20, words));
    let url = format!("http://user:{PASSWORD}@127.0.0.1:{}", server.port);
    let env = [
        ("TOKEN", TOKEN),
        ("AWS_SECRET_ACCESS_KEY", AWS),
        ("AWS_ACCESS_KEY_ID", "id"),
    ];
    let run = |url: &str, more: &[&str]| {
        let fixed = ["--batch-size", "4", "--concurrency", "2"];
        project.run_with(
            &[&["-vv"], &evaluation("--service", url)[..], &fixed, more].concat(),
            &env,
        )
    };
    let plain = server.url();

    let nobody = run(&plain, &[]);
    nobody
        .expect_code(4)
        .stderr_has("the service refuses the request: status 401");
    assert!(
        !project.path().join(".evaldiff/spool").exists(),
        "nothing was answered, so there is nothing to keep"
    );

    // User and password in the URL, and a header.
    project.file("evaldiff.toml", "[service.headers]\nX-Key = \"Key ${TOKEN}\"\n");
    let failed = run(&url, &[]);
    failed.expect_code(4).stderr_has("sample s-0009: status 500");
    let headers = server.seen("secret").headers;
    assert_eq!(headers["authorization"], format!("Basic {BASIC}"));
    assert_eq!(headers["x-key"], format!("Key {TOKEN}"));
    assert!(project.path().join(".evaldiff/spool").is_dir());
    assert_nowhere(&project, &[&nobody, &failed]);

    // A token.
    project.file(
        "evaldiff.toml",
        "[service.headers]\nAuthorization = \"Bearer ${TOKEN}\"\n",
    );
    let whole = run(&plain, &["--resume", "--max-errors", "1"]);
    whole.ok();
    assert_eq!(
        server.seen("secret").headers["authorization"],
        format!("Bearer {TOKEN}")
    );
    let both = run(&url, &[]);
    both.expect_code(2)
        .stderr_has("Authorization")
        .stderr_has("hint: keep one of the two");
    let report = project.run_with(&["-vv", "report", VERSION], &env);
    report.ok();
    let list = project.run_with(&["-vv", "runs", "--format", "json"], &env);
    list.ok();
    assert_eq!(project.reports("site").len(), 1);

    // Where nobody listens, and where the URL is none.
    let port = crate::bento::free_port();
    let wrong = run(&format!("htp://user:{PASSWORD}@127.0.0.1:{port}"), &[]);
    wrong.expect_code(2);
    assert_nowhere(&project, &[&whole, &both, &report, &list, &wrong]);
}

/// A catalog of a kind that cannot be opened is said without the password in its address, wherever the address stands.
#[test]
fn the_password_of_a_catalog_that_cannot_be_opened_is_not_shown() {
    let address = "postgresql+psycopg2://team:planted-password@db.example.com/iceberg";
    let refused = |set: &dyn Fn(&Project, &mut std::process::Command)| {
        let project = Project::new();
        let mut command = project.command(&["runs"]);
        set(&project, &mut command);
        let output = finish(command);
        output.expect_code(2);
        let shown = output.text() + &output.stderr;
        assert!(!shown.contains("planted-password"), "{output}");
    };
    refused(&|_, command| {
        command.env("ICEBERG_CATALOG_URI", address);
    });
    refused(&|_, command| {
        command.env("ICEBERG_WAREHOUSE", address);
    });
    refused(&|project, _| {
        project.file("evaldiff.toml", format!("[catalog]\nuri = \"{address}\"\n"));
    });
    refused(&|project, _| {
        project.file("evaldiff.toml", "[catalog]\ncredential = planted-password\n");
    });
    refused(&|project, command| {
        let yaml = format!("catalog:\n  team:\n    type: sql\n    uri: {address}\n");
        project.file(".pyiceberg.yaml", yaml);
        command.env("EVALDIFF_PYICEBERG", "team").env("HOME", project.path());
    });
}
