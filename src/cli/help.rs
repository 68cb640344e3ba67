//! Texts of `--help` that go beyond single flags.

/// Usage lines of the top level.
pub(super) const USAGE: &str = "evaldiff [OPTIONS] <BASELINE> <CANDIDATE>
       evaldiff <COMMAND>";

/// Usage line of its long spelling.
pub(super) const DIFF_USAGE: &str = "evaldiff diff [OPTIONS] <BASELINE> <CANDIDATE>";

/// Below the flags of the main job.
pub(super) const AFTER: &str = "\
References:
  v1.2.0                   the newest run of this version
  v1.2.0@2026-03-01        the same as of the end of that day (UTC), or of a full timestamp
  run:0192f3a4             a run by its id or the unique beginning of it
  snapshot:4358109269873   the run that this snapshot added
  tag:release-2026-03      the run that this tag of the table points at
  version:a.csv            the newest run of a version whose name reads as something else
  latest, latest~1         the newest run of any version, the one before it
  predictions.csv          a file, which is imported first under its stem as version

Examples:
  Compare two versions, overall and by two columns
    $ evaldiff v0.7.1 v1.2.0 --slice domain --slice channel
  Compare two files, naming the columns that can't be guessed
    $ evaldiff old.csv new.csv --id ticket --truth intent --pred answer
  Compare free texts by two scores, of which the second is better when lower
    $ evaldiff old.jsonl new.jsonl --truth reference --pred output --score helpful --score toxicity:lower
  Record a run, then see what there is
    $ evaldiff import preds.csv --model-version v1.2.0 --golden golden/tickets-v1.csv
    $ evaldiff runs
  Hand the numbers to a script, the words to a pull request
    $ evaldiff v0.7.1 v1.2.0 --format json | jq .verdict
    $ evaldiff v0.7.1 v1.2.0 --format markdown > summary.md
  Compare versions that are named like a command
    $ evaldiff diff import report
  See everything at work, offline
    $ evaldiff demo

Columns: their usual names are found in files, and a table that evaldiff made knows its own; flags name them elsewhere.

Settings: flags stand above the environment (ICEBERG_CATALOG_URI, ICEBERG_WAREHOUSE, EVALDIFF_PYICEBERG,
EVALDIFF_TABLE, MODEL_VERSION), which stands above evaldiff.toml in the working folder or the nearest one above it.

Exit codes:
  0  compared, also when something regressed, unless --margin was asked for and missed
  1  accuracy fell and --margin is not held; verify or publish found altered evidence
  2  usage or configuration: a changed command line or configuration mends it
  3  no matched sample, too few of them to tell whether --margin is held, or evidence that can no longer be confirmed
  4  the content of data or storage, or a service";

/// Below the flags of `import`.
pub(super) const IMPORT: &str = "\
Examples:
  Record one run; columns with usual names are found
    $ evaldiff import preds.csv --model-version v1.2.0
  Name the key, and take truth and text from the golden dataset
    $ evaldiff import preds.jsonl.gz --model-version v1.2.0 --id ticket --golden tickets-v1.parquet
  See what would be written
    $ evaldiff import preds.csv --model-version v1.2.0 --dry-run";

/// Below the flags of `run`.
pub(super) const RUN: &str = "\
Examples:
  Evaluate a Bento, started for the time of the run
    $ evaldiff run --golden golden/sentiment-v2.parquet --model-version v1.2.0 --bento sentiment:1.2.0
  Evaluate a service that runs, and compare with the version before
    $ evaldiff run --golden s3://eval/sentiment-v2.parquet --model-version v1.2.0 --service http://127.0.0.1:3000 \\
        --compare-to v0.7.1
  Send a data frame to a service of 2023
    $ evaldiff run --golden golden.csv --model-version v1 --service http://127.0.0.1:3000 --input-style split
  Go on after a failure; nothing that was answered is asked again
    $ evaldiff run --golden golden.csv --model-version v1 --service http://127.0.0.1:3000 --resume

Other shapes of requests and answers are described in evaldiff.toml under [service]; see the README.";

/// Below the flags of `report`.
pub(super) const REPORT: &str = "\
Examples:
    $ evaldiff report v1.2.0 --slice domain
    $ evaldiff report latest --format json";

/// Below the flags of `runs`.
pub(super) const RUNS: &str = "\
Examples:
    $ evaldiff runs
    $ evaldiff runs v1.2.0 --format json
    $ evaldiff runs --unfinished
    $ evaldiff runs --retract run:0192f3a4 --why \"wrong golden dataset\"";

/// Below the flags of `render`.
pub(super) const RENDER: &str = "\
Example:
    $ evaldiff render site/ml_eval_results.predictions/diffs/v0.7.1..v1.2.0/1-2-3f9a01bc/data --out again";

/// Below the flags of `verify`.
pub(super) const VERIFY: &str = "\
Exit codes:
  0  everything is as it was; later deletes and appends in the table are only mentioned
  1  a page, a data file or a row was altered, and is named
  3  the snapshot is gone: what could and could not be confirmed is listed
  4  the storage can't be reached";

/// Below the arguments of `publish`.
pub(super) const PUBLISH: &str = "\
Every object is written once; the same bytes again are fine, other bytes are refused (exit code 1). Credentials,
endpoint and region come from [catalog.properties] in evaldiff.toml (s3.*) or the AWS_* variables.

Examples:
    $ evaldiff publish site/T/diffs/A..B/1-2-3 s3://reports/team --base-url https://reports.example.com/team
    $ evaldiff publish site/T/diffs/A..B/1-2-3 file:///srv/www/reports
    $ evaldiff publish site/T/diffs/A..B/1-2-3 s3://reports/team --check";

/// Below the arguments of `pins`.
pub(super) const PINS: &str = "\
A pin is a tag of the table, evaldiff-<snapshot id>, which the expiry of snapshots spares in any engine. `evaldiff publish`
sets it, and records in a property of the table that the report needs it. A report without one can lose its evidence.";

/// Below the arguments of `unpin`.
pub(super) const UNPIN: &str = "\
What another published report needs stays pinned, and that report is named; `snapshot:ID` is unpinned all the same. A report
may also be given as `evaldiff pins` names it, by its folder in the site.

Examples:
    $ evaldiff unpin site/T/diffs/A..B/1-2-3
    $ evaldiff unpin snapshot:1234567890123456789 --table T";

/// Below the arguments of `completions`.
pub(super) const COMPLETIONS: &str = "\
Examples:
    $ evaldiff completions bash > ~/.local/share/bash-completion/completions/evaldiff
    $ evaldiff completions zsh > \"${fpath[1]}/_evaldiff\"
    $ evaldiff completions fish > ~/.config/fish/completions/evaldiff.fish";
