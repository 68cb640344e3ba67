//! `evaldiff demo`: the whole product offline, from data compiled into the binary.

use super::{Session, diff, import, print};
use crate::cli;
use crate::cli::request::Command;
use crate::config::{Config, FILE_NAME};
use crate::error::{Error, Result};
use std::ffi::OsString;

const GOLDEN: &str = include_str!("../../golden/tickets-v1/golden.csv");
const OLD: &str = include_str!("../../golden/tickets-v1/predictions-v0.7.1.csv");
const NEW: &str = include_str!("../../golden/tickets-v1/predictions-v1.2.0.csv");
const SETTINGS: &str = "# Everything of the demonstration stays in this folder.\n";

const COMMANDS: [&[&str]; 3] = [
    &[
        "import",
        "predictions-v0.7.1.csv",
        "--model-version",
        "v0.7.1",
        "--golden",
        "golden.csv",
        "--golden-name",
        "tickets",
        "--golden-version",
        "v1",
        "--slice",
        "language",
        "--slice",
        "channel",
        "--slice",
        "length_bucket",
        "--slice",
        "priority",
    ],
    &[
        "import",
        "predictions-v1.2.0.csv",
        "--model-version",
        "v1.2.0",
        "--golden",
        "golden.csv",
        "--golden-name",
        "tickets",
        "--golden-version",
        "v1",
        "--slice",
        "language",
        "--slice",
        "channel",
        "--slice",
        "length_bucket",
        "--slice",
        "priority",
    ],
    &["v0.7.1", "v1.2.0"],
];

/// Builds a warehouse from the project's own golden data and compares its two models, saying each command.
///
/// # Errors
/// Usage error if the folder holds other files.
pub async fn demo(session: &Session, dir: &std::path::Path) -> Result<()> {
    let folder = session.cwd.join(dir);
    let io = |e: std::io::Error| Error::data(format!("{} cannot be written", folder.display())).with_source(e);
    let used = std::fs::read_dir(&folder).is_ok_and(|mut d| d.next().is_some());
    if used && !folder.join(".evaldiff").is_dir() {
        return Err(
            Error::usage(format!("{} holds files that are not evaldiff's", folder.display()))
                .with_hint("give another folder: evaldiff demo DIR"),
        );
    }
    if std::fs::read_to_string(folder.join(FILE_NAME)).is_ok_and(|text| text != SETTINGS) {
        return Err(Error::usage(format!(
            "{} holds an {FILE_NAME} that is not the demonstration's",
            folder.display()
        ))
        .with_hint("give another folder: evaldiff demo DIR"));
    }
    std::fs::create_dir_all(folder.join(".evaldiff")).map_err(io)?;
    // A table's location has no `..` in it.
    let folder = folder.canonicalize().map_err(io)?;
    let io = |e: std::io::Error| Error::data(format!("{} cannot be written", folder.display())).with_source(e);
    for (name, text) in [
        ("golden.csv", GOLDEN),
        ("predictions-v0.7.1.csv", OLD),
        ("predictions-v1.2.0.csv", NEW),
        // Looked for first: a catalog that a folder above names is somebody's own.
        (FILE_NAME, SETTINGS),
    ] {
        std::fs::write(folder.join(name), text).map_err(io)?;
    }
    print(format!("$ cd {}\n", dir.display()).as_bytes())?;
    let mut report = None;
    for words in COMMANDS {
        print(format!("\n$ evaldiff {}\n", words.join(" ")).as_bytes())?;
        // The demonstration stands on its own: nothing of the environment reaches it.
        let args = std::iter::once("evaldiff")
            .chain(words.iter().copied())
            .map(OsString::from);
        let invocation = cli::parse(args, &|_| None).map_err(|e| Error::usage(e.to_string()))?;
        let config = Config::load(&invocation.overrides, &|_| None, &folder)?;
        let inner = Session {
            config,
            cwd: folder.clone(),
            ..session.clone()
        };
        match invocation.command {
            Command::Import(mut request) => {
                // Fixed ids: a second demo in the same folder finds its runs there.
                request.run_id = Some(uuid::Uuid::from_u128(match words[1] {
                    "predictions-v0.7.1.csv" => 0x0190_0000_0000_7000_8000_0000_0000_0071,
                    _ => 0x0190_0000_0000_7000_8000_0000_0000_0120,
                }));
                import(&inner, &request).await?;
            }
            Command::Diff(request) => report = Some(diff::write_report(&inner, &request).await?.0),
            _ => {}
        }
    }
    match report {
        Some(path) => print(format!("\n{}\n", diff::shown_path(session, &path)).as_bytes()),
        None => Ok(()),
    }
}
