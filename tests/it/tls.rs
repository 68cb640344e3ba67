//! A lakehouse behind https with an authority of its own, as companies have.

use crate::harness::{Project, finish};
use crate::lake::{KEY, SECRET, WAREHOUSE, environment, import, lake, leaks_nothing, predictions};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// An authority, and a certificate that it signed for this machine.
pub fn certificates(folder: &Path) {
    let make = |args: &str| {
        let output = Command::new("openssl")
            .args(args.split(' '))
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    std::fs::write(
        folder.join("names"),
        "subjectAltName=IP:127.0.0.1,DNS:sts.us-east-1.amazonaws.com\n",
    )
    .unwrap();
    make("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=evaldiff-test-authority");
    make("req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=127.0.0.1");
    make("x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out cert.pem");
}

/// A proxy that ends TLS, whether it is asked itself or on the way to another host; goes with its input.
pub struct Proxy {
    pub port: u16,
    process: Child,
}

const PROXY: &str = "
import socket, ssl, sys, threading, os
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('cert.pem', 'key.pem')
listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for s in (a, b):
        try: s.shutdown(socket.SHUT_RDWR)
        except OSError: pass
def serve(raw):
    try:
        if raw.recv(1, socket.MSG_PEEK) == b'C':
            head = b''
            while not head.endswith(b'\\r\\n\\r\\n'):
                head += raw.recv(1)
            raw.sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\n')
        client = context.wrap_socket(raw, server_side=True)
    except (ssl.SSLError, OSError):
        return
    server = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
";

impl Proxy {
    pub fn before(port: u16, folder: &Path) -> Proxy {
        let mut process = Command::new(environment().unwrap().join("bin/python"))
            .args(["-c", PROXY, &port.to_string()])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap();
        Proxy { port, process }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn settings(catalog: u16, s3: &str, more: &str) -> Project {
    let project = Project::new();
    project.file(
        "evaldiff.toml",
        format!(
            "[catalog]\nuri = \"https://127.0.0.1:{catalog}\"\nwarehouse = \"{WAREHOUSE}\"\ncredential = \"{KEY}:{SECRET}\"\n\
             scope = \"catalog\"\n[catalog.properties]\n\"s3.endpoint\" = \"{s3}\"\n\"s3.access-key-id\" = \"{KEY}\"\n\
             \"s3.secret-access-key\" = \"{SECRET}\"\n{more}"
        ),
    );
    project
}

#[test]
fn a_catalog_and_a_store_behind_an_authority_of_their_own() {
    let Some(lake) = lake() else { return };
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let authority = folder.path().join("ca.pem");
    let (catalog, s3) = (
        Proxy::before(lake.catalog, folder.path()),
        Proxy::before(lake.s3, folder.path()),
    );
    let plain = format!("http://127.0.0.1:{}", lake.s3);
    let secure = format!("https://127.0.0.1:{}", s3.port);

    // Nobody vouches for the certificate.
    let stranger = settings(catalog.port, &plain, "");
    let refused = stranger.run(&["runs", "--table", "tls.predictions"]);
    refused
        .expect_code(4)
        .stderr_has("certificate")
        .stderr_has("ssl.cabundle");
    leaks_nothing(&refused);

    // A bundle by PyIceberg's name, for the catalog and what is read.
    let bundle = format!("\"ssl.cabundle\" = \"{}\"\n", authority.display());
    let bundled = settings(catalog.port, &plain, &bundle);
    bundled.file("a.csv", predictions(60, 7));
    bundled.file("b.csv", predictions(60, 9));
    leaks_nothing(finish(import(&bundled, "a.csv", "v1", "tls.predictions")).ok());

    // The variable that TLS libraries share, for everything; what is written too.
    let trusting = settings(catalog.port, &secure, "");
    trusting.file("b.csv", predictions(60, 9));
    let mut second = import(&trusting, "b.csv", "v2", "tls.predictions");
    second.env("SSL_CERT_FILE", &authority);
    leaks_nothing(finish(second).ok());
    let mut compare = trusting.command(&["v1", "v2", "--table", "tls.predictions"]);
    compare.env("SSL_CERT_FILE", &authority);
    leaks_nothing(finish(compare).ok());

    let missing = settings(catalog.port, &plain, "\"ssl.cabundle\" = \"nowhere.pem\"\n");
    missing
        .run(&["runs", "--table", "tls.predictions"])
        .expect_code(4)
        .stderr_has("nowhere.pem: No such file")
        .stderr_has("hint: correct the path of \"ssl.cabundle\"");

    // The library that reads metadata from the store takes no authorities but those of the system and of the variable.
    let bundled = settings(catalog.port, &secure, &bundle);
    let distrusted = bundled.run(&["v1", "v2", "--table", "tls.predictions"]);
    distrusted
        .expect_code(4)
        .stderr_has("certificate")
        .stderr_has("hint: set the variable SSL_CERT_FILE");
    leaks_nothing(&distrusted);
}
