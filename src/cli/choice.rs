//! Small closed choices, spelt the same in a request and on the command line.
//!
//! Deriving `ValueEnum` adds the spelling; the types themselves know nothing of clap.

use clap::ValueEnum;

/// Format of a predictions file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum InputFormat {
    /// By the file's name and first bytes.
    #[default]
    Auto,
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object per line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
    /// What lm-evaluation-harness writes with --log_samples.
    LmEval,
    /// A log of Inspect, .json or .eval.
    Inspect,
    /// What promptfoo writes with -o, JSON or JSONL.
    Promptfoo,
    /// MLflow's eval_results_table.json.
    Mlflow,
    /// Details of lighteval.
    Lighteval,
}

/// Shape of a request's body; which one a service takes is its own choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputStyle {
    /// {"texts": ["…", …]}: the values of one column.
    Texts,
    /// {"df": [{"text": "…"}, …]}: an object per sample.
    Records,
    /// {"df": {"text": ["…", …]}}: an array per column.
    Columns,
    /// {"columns": …, "index": …, "data": …}: the bare body of services of 2023.
    Split,
    /// As [service.request] of evaldiff.toml describes it.
    Json,
}

/// What a comparison or a report prints on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// A summary that fits a terminal.
    #[default]
    Text,
    /// Exactly the report's JSON document.
    Json,
    /// A summary for a pull request.
    Markdown,
}

/// What a list prints on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A table.
    #[default]
    Text,
    /// A JSON array.
    Json,
}

/// How two runs are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum JoinStrategy {
    /// Merge sorted runs, hash others.
    #[default]
    Auto,
    /// Ordered merge.
    Merge,
    /// Hash join.
    Hash,
}

/// A shell that completion scripts exist for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// Bourne-again shell.
    Bash,
    /// Elvish.
    Elvish,
    /// Fish.
    Fish,
    /// PowerShell.
    #[value(name = "powershell")]
    PowerShell,
    /// Z shell.
    Zsh,
}

/// Whether the terminal output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorMode {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
