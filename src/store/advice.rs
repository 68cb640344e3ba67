//! The way out of what catalogs and object stores refuse, told by their words.

/// The way out where a file is elsewhere than the table's files should be.
pub(crate) const ALSO_READ_HINT: &str = "ask who wrote the table; if it belongs there, name its folder as \
     \"evaldiff.also-read\" under [catalog.properties] in evaldiff.toml";

/// The way out where a file of the table is gone or damaged.
pub(super) const RESTORE_HINT: &str =
    "restore the file from a backup, or have another engine roll the table back to what is whole";

/// The way out where a store knows nothing of a file without saying so in S3's words.
const NO_STORE_HINT: &str = "check \"s3.endpoint\" under [catalog.properties] in evaldiff.toml: what answers there may be no object \
     store; if it is one, the file is gone: restore it from a backup";

/// Signs in what object stores refuse, with the way out, whoever asked them.
const STORE_WAYS_OUT: [(&[&str], &str); 6] = [
    (
        &[AUTHORITIES],
        "correct the path of \"ssl.cabundle\" under [catalog.properties] in evaldiff.toml: it names a file of certificates in PEM",
    ),
    (
        &["load signing credential", "assuming a role"],
        "check the keys of the storage (s3.* properties or AWS_* variables), and whether they may assume the role that \
         client.assume-role.arn names, if any",
    ),
    (
        &["NoSuchKey", "NotFound (persistent", "Object at location"],
        RESTORE_HINT,
    ),
    (
        &["invalid peer certificate"],
        "name the file of the authority that signed it: \"ssl.cabundle\" under [catalog.properties] in evaldiff.toml for the \
         catalog, SSL_CERT_FILE for catalog and storage",
    ),
    (
        &["RequestTimeTooSkewed"],
        "set this machine's clock: the store refuses what is signed at another time than its own",
    ),
    (
        &["(AccessDenied)"],
        "have the owner of the bucket allow it, or give other keys as s3.* properties under [catalog.properties] in \
         evaldiff.toml",
    ),
];

/// Further signs in what catalogs and stores say; the first that fits.
const WAYS_OUT: [(&[&str], &str); 11] = [
    (
        &[
            "parse json string",
            "with avro",
            "No such file or directory",
            "Failed to read file",
            "RuntimeIOException",
            "NotFoundException: Location",
        ],
        RESTORE_HINT,
    ),
    (
        &[
            "password authentication failed",
            "no pg_hba.conf entry",
            "permission denied for",
            "error returned from database: database",
            "no schema has been selected",
            "TLS upgrade",
            "PoolTimedOut",
            "pool timed out",
        ],
        "check user, password and database in [catalog] uri in evaldiff.toml or ICEBERG_CATALOG_URI, and the user's rights",
    ),
    (
        &["Invalid snapshot timestamp", "Invalid update timestamp"],
        "the clock of an earlier writer was ahead of this machine's: set both, and wait until the later of the two times \
         (milliseconds since 1970) is over",
    ),
    (
        &["iceberg_type"],
        "PyIceberg made this catalog: have the owner of its tables run ALTER TABLE iceberg_tables ADD COLUMN iceberg_type \
         VARCHAR(5), or open it once with the right to write",
    ),
    (
        &["invalid port number", "InvalidPort", "no answer within"],
        "check [catalog] uri in evaldiff.toml or ICEBERG_CATALOG_URI: characters such as / ? # @ in a password are written as \
         %2F %3F %23 %40",
    ),
    (
        &["are not read by this version"],
        "rows in that file cannot be told apart by run: have the engine that wrote the table write its files anew, in Spark by CALL \
         CATALOG.system.rewrite_data_files(table => 'NS.TABLE', options => map('rewrite-all', 'true'))",
    ),
    (
        &[
            "database is locked",
            "No such table",
            "No such namespace",
            "due to lock timeout",
            "due to statement timeout",
        ],
        "nothing is lost: wait for the process that holds it, then try again",
    ),
    (
        &[
            "SignatureDoesNotMatch",
            "InvalidAccessKeyId",
            "S3Error",
            "service: s3",
            "io operation",
            "PermissionDenied",
            "opendal",
        ],
        "check the s3.* properties under [catalog.properties] in evaldiff.toml, or the AWS_* variables",
    ),
    (
        &[
            "error sending request",
            "Connection refused",
            "dns error",
            "timed out",
            "certificate",
        ],
        "check ICEBERG_CATALOG_URI or [catalog] uri in evaldiff.toml, and that the server runs",
    ),
    (
        &[
            "invalid_client",
            "NotAuthorized",
            "Unauthorized",
            "Forbidden",
            "Access Denied",
            "oken",
            "redential",
        ],
        "check credential or token under [catalog] in evaldiff.toml: it is wrong, or has expired",
    ),
    (
        &[
            "arehouse",
            "bucket",
            "parameter of the namespace provided does not exist",
        ],
        "check warehouse under [catalog] in evaldiff.toml, or ICEBERG_WAREHOUSE",
    ),
];

/// The way out of what an object store refused, if it is clear from its words.
pub(crate) fn way_to_store(text: &str) -> Option<&'static str> {
    first(&STORE_WAYS_OUT, text)
}

/// What the text begins with that says what is wrong with the file of authorities.
pub(super) const AUTHORITIES: &str = "ssl.cabundle, ";

/// The way out where the library that reads iceberg's metadata, which takes no authorities from us, distrusts a store.
const METADATA_AUTHORITY_HINT: &str = "set the variable SSL_CERT_FILE to the file of the authority that signed it: \"ssl.cabundle\" does not count where the \
     metadata of tables are read from or written to the store";

/// The way out where a server answers like an object store or a web page.
const NO_CATALOG_HINT: &str = "check [catalog] uri in evaldiff.toml or ICEBERG_CATALOG_URI: what answers there is no Iceberg REST \
     catalog, but perhaps an object store or a web page; if it is one, check credential or token";

/// The way out of what iceberg or a catalog said, if it is clear from the words.
pub(super) fn way_out(text: &str) -> Option<&'static str> {
    let of_storage = text.contains("service: s3");
    if of_storage && text.contains("invalid peer certificate") {
        return Some(METADATA_AUTHORITY_HINT);
    }
    if without_words(text) {
        return Some(NO_STORE_HINT);
    }
    let markup = [
        // What other servers of a lakehouse say to a question that is none for them.
        "expected struct ErrorResponse",
        "Content-Type isn't multipart",
        "Path not found",
        "unexpected status code: 404",
        "json: <?xml",
        "json: <Error",
        "json: <html",
        "json: <!DOCTYPE",
        "json: <!doctype",
    ];
    if !of_storage && markup.iter().any(|sign| text.contains(sign)) {
        return Some(NO_CATALOG_HINT);
    }
    way_to_store(text).or_else(|| first(&WAYS_OUT, text))
}

/// Whether a server says that there is no such object, and not as an object store says it, which names a code.
pub(super) fn without_words(text: &str) -> bool {
    text.contains("NotFound (persistent)") && text.contains("response: Parts") && !text.contains("S3Error")
}

fn first(ways: &[(&[&str], &'static str)], text: &str) -> Option<&'static str> {
    let fits = |signs: &[&str]| signs.iter().any(|sign| text.contains(sign));
    ways.iter().find(|(signs, _)| fits(signs)).map(|(_, hint)| *hint)
}
