//! Keys that are neither in a configuration nor in the environment: those that a catalog hands out for a table, and those of
//! a role that is assumed. Both come from SeaweedFS's own token service.

use crate::harness::{Project, finish};
use crate::lake::{Lake, READER_KEY, READER_SECRET, environment, import, leaks_nothing, predictions, two_versions};
use crate::tls::{Proxy, certificates};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const ROLE: &str = "arn:aws:iam::000000000000:role/Tables";

/// evaldiff.toml for the lake's catalog, with other properties than the usual keys.
fn project(lake: &Lake, properties: &str) -> Project {
    let settings = lake.settings();
    let catalog = &settings[..settings.find("[catalog.properties]").unwrap()];
    let project = Project::new();
    project.file("evaldiff.toml", format!("{catalog}[catalog.properties]\n{properties}"));
    project
}

#[test]
fn keys_that_a_catalog_hands_out_for_a_table() {
    let Some(venv) = environment() else { return };
    let lake = Lake::start_with_role(&venv, ROLE);
    let project = project(
        &lake,
        "\"header.X-Iceberg-Access-Delegation\" = \"vended-credentials\"\n",
    );
    two_versions(&project, 60, "vended.predictions");
    let compare = project.command(&["v1", "v2", "--table", "vended.predictions", "--slice", "channel"]);
    leaks_nothing(finish(compare).ok());
    let report = project.report();
    let verified = project.run(&["verify", report.to_str().unwrap()]);
    leaks_nothing(verified.ok().stdout_has("verified"));
}

#[test]
fn a_role_that_is_assumed() {
    let Some(venv) = environment() else { return };
    let lake = Lake::start_with_role(&venv, ROLE);
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    // Amazon's token service is asked at its own address: the way there ends here.
    let service = Tokens::before(&lake);
    let tokens = Proxy::before(service.port, folder.path());
    let keys = format!(
        "\"s3.endpoint\" = \"http://127.0.0.1:{}\"\n\"s3.path-style-access\" = \"true\"\n\"s3.region\" = \"us-east-1\"\n\
         \"s3.access-key-id\" = \"{READER_KEY}\"\n\"s3.secret-access-key\" = \"{READER_SECRET}\"\n",
        lake.s3
    );
    // These keys alone may only read.
    let reader = project(&lake, &keys);
    reader.file("a.csv", predictions(60, 7));
    let refused = finish(import(&reader, "a.csv", "v1", "roles.predictions"));
    leaks_nothing(refused.expect_code(4).stderr_has("AccessDenied"));

    for (name, version) in [("client.assume-role.arn", "v1"), ("s3.role-arn", "v2")] {
        let assuming = project(&lake, &format!("{keys}\"{name}\" = \"{ROLE}\"\n"));
        let run = |args: &[&str]| {
            let mut command = assuming.command(args);
            through(&mut command, &tokens, folder.path());
            finish(command)
        };
        assuming.file("a.csv", predictions(60, 7));
        let mut imported = import(&assuming, "a.csv", version, "roles.predictions");
        through(&mut imported, &tokens, folder.path());
        leaks_nothing(finish(imported).ok());
        leaks_nothing(run(&["report", version, "--table", "roles.predictions"]).ok());
    }
    let nobody = project(&lake, &format!("{keys}\"{}\" = \"{ROLE}s\"\n", "s3.role-arn"));
    let mut report = nobody.command(&["report", "v1", "--table", "roles.predictions"]);
    through(&mut report, &tokens, folder.path());
    let refused = finish(report);
    leaks_nothing(refused.expect_code(4).stderr_has("role"));
}

/// Amazon's token service takes GET as well as POST, SeaweedFS's only POST: an imitation of the former that asks the latter.
struct Tokens {
    port: u16,
    process: Child,
}

const TOKENS: &str = "
import boto3, http.server, os, sys, threading, urllib.parse
sts = boto3.client('sts', endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id=sys.argv[2],
                   aws_secret_access_key=sys.argv[3])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(self.path).query))
        signed = self.headers.get('Authorization', '').startswith(f'AWS4-HMAC-SHA256 Credential={sys.argv[2]}/')
        try:
            assert signed and asked['Action'] == 'AssumeRole', self.path
            keys = sts.assume_role(RoleArn=asked['RoleArn'], RoleSessionName=asked['RoleSessionName'])['Credentials']
            keys['Expiration'] = keys['Expiration'].strftime('%Y-%m-%dT%H:%M:%SZ')
            fields = ''.join(f'<{k}>{keys[k]}</{k}>' for k in ('AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration'))
            status, body = 200, f'<AssumeRoleResponse><AssumeRoleResult><Credentials>{fields}</Credentials>' \\
                                f'</AssumeRoleResult></AssumeRoleResponse>'
        except Exception as e:
            status, body = 403, f'<ErrorResponse><Error><Code>AccessDenied</Code><Message>{e}</Message></Error></ErrorResponse>'
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print(server.server_port, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
";

impl Tokens {
    fn before(lake: &Lake) -> Tokens {
        let mut process = Command::new(lake.venv().join("bin/python"))
            .args([
                "-c",
                TOKENS,
                &format!("http://127.0.0.1:{}", lake.s3),
                READER_KEY,
                READER_SECRET,
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line.trim().parse().unwrap();
        Tokens { port, process }
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn through(command: &mut Command, tokens: &Proxy, folder: &Path) {
    command
        .env("HTTPS_PROXY", format!("http://127.0.0.1:{}", tokens.port))
        .env("NO_PROXY", "127.0.0.1")
        .env("SSL_CERT_FILE", folder.join("ca.pem"));
}
