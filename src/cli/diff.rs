//! `evaldiff <BASELINE> <CANDIDATE>`, also spelt `evaldiff diff A B`: the main job.

use super::args::{ColumnArgs, EngineArgs, InputArgs, ReportArgs, TableArgs, TestArgs};
use super::choice::OutputFormat;
use super::request::{Command, DiffRequest, Overrides};
use super::values;
use clap::Args;
use clap::error::ErrorKind;

/// Arguments of a comparison.
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// Compare against this run, the older one (see References)
    #[arg(value_name = "BASELINE", value_parser = values::name)]
    baseline: Option<String>,
    /// Compare this run, the newer one
    #[arg(value_name = "CANDIDATE", value_parser = values::name)]
    candidate: Option<String>,
    #[command(flatten)]
    table: TableArgs,
    /// Print this on standard output; json is exactly comparison.json
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: OutputFormat,
    #[command(flatten)]
    columns: ColumnArgs,
    #[command(flatten)]
    report: ReportArgs,
    #[command(flatten)]
    test: TestArgs,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    engine: EngineArgs,
}

impl DiffArgs {
    /// The checked request.
    pub(super) fn request(self, overrides: &mut Overrides) -> Result<Command, clap::Error> {
        let (baseline, candidate) = match (self.baseline, self.candidate) {
            (Some(baseline), Some(candidate)) => (baseline, candidate),
            (Some(only), None) => return Err(only_one(&only)),
            (None, _) => {
                return Err(super::fail(None, ErrorKind::MissingRequiredArgument, MISSING_BOTH));
            }
        };
        self.table.fill(overrides);
        self.columns.fill(overrides);
        self.report.fill(overrides);
        self.test.fill(overrides);
        self.engine.fill(overrides);
        Ok(Command::Diff(DiffRequest {
            baseline,
            candidate,
            format: self.format,
            input: self.input.options(),
        }))
    }
}

const MISSING_BOTH: &str = "a comparison needs two references, a baseline and a candidate, such as `v0.7.1 v1.2.0`";

/// The answer to a single reference: perhaps a mistyped command, perhaps a wish for a report on one run.
fn only_one(only: &str) -> clap::Error {
    let commands = super::command();
    let names = commands.get_subcommands().map(|sub| sub.get_name()).chain(["help"]);
    let nearest = names
        .map(|name| (strsim::jaro_winkler(only, name), name))
        .filter(|(score, _)| *score > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let advice = match nearest {
        Some((_, name)) => format!("did you mean the command `evaldiff {name}`?"),
        None => format!(
            "to compare:         evaldiff {only} <CANDIDATE>
  to report on it:    evaldiff report {only}
  to see what exists: evaldiff runs"
        ),
    };
    let text = format!("a comparison needs two references, and `{only}` is the only one\n\n  {advice}");
    super::fail(None, ErrorKind::MissingRequiredArgument, text)
}

/// The answer to more than two references, or to a command that stands behind flags of a comparison.
pub(super) fn too_many(extra: &str, args: &[std::ffi::OsString]) -> clap::Error {
    let named = super::command()
        .get_subcommands()
        .find(|sub| args.iter().skip(1).any(|arg| arg == sub.get_name()))
        .map(|sub| sub.get_name().to_string());
    let advice = named
        .map(|name| format!("\n\n  if `{name}` is meant as a command, give it first: evaldiff {name} [OPTIONS] ..."));
    let text = format!(
        "a comparison takes two references, and `{extra}` is one too many{}",
        advice.unwrap_or_default()
    );
    super::fail(None, ErrorKind::TooManyValues, text)
}
