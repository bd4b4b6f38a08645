//! The command line: what `--help` says, and nothing else.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::commands;

/// Records from Jira Cloud, transformed by a YAML file, delivered to Brevo.
///
/// A project is a folder with a `flowline.yaml` and `pipelines/*.yaml`. Try everything without an
/// account: `flowline run support-tickets --sandbox`.
#[derive(Debug, Parser)]
#[command(
    name = "flowline",
    version,
    about,
    long_about,
    max_term_width = 100,
    propagate_version = true
)]
#[command(
    after_help = "Exit codes: 0 done; 1 done, but some records were dead-lettered or some tests differ; \
2 the files or arguments are wrong; 3 a remote system refused; 4 interrupted or unsettled, run again to resume; \
5 plan --exit-code found changes; 70 a defect of flowline."
)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// The project's folder [default: the nearest one upwards that has a flowline.yaml]
    #[arg(long, global = true, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// An environment of flowline.yaml, with a state of its own
    #[arg(long, global = true, value_name = "NAME")]
    pub env: Option<String>,
    /// Another file than .env
    #[arg(long, global = true, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// Emulated Jira and Brevo inside the process: no account, no network, a state of its own
    #[arg(long, global = true)]
    pub sandbox: bool,
    /// How results are printed; json is stable and documented
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Say more (twice: everything)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say only what went wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// No colours (also: the variable NO_COLOR)
    #[arg(long, global = true)]
    pub no_color: bool,
    /// How much is logged to stderr
    #[arg(long, global = true, value_enum, value_name = "LEVEL")]
    pub log_level: Option<LogLevel>,
    /// How logs are written
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// Log every API call: method, path, status, time, quota; values are masked
    #[arg(long, global = true)]
    pub log_api_calls: bool,
}

/// How results are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// One JSON document, or JSON lines for streams.
    Json,
    /// RFC 4180; of `query` alone.
    #[value(skip)]
    Csv,
}

/// How much is logged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum LogLevel {
    /// What went wrong.
    Error,
    /// And what may be wrong.
    Warn,
    /// And what is done.
    Info,
    /// And how.
    Debug,
    /// Everything.
    Trace,
}

/// How logs are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum LogFormat {
    /// A line an entry.
    Text,
    /// A JSON object an entry.
    Json,
}

/// What to do. What each command is for stands at its arguments.
#[derive(Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "a comment here would take the place of the command's own help"
)]
pub enum Command {
    Init(commands::init::Arguments),
    Validate(commands::validate::Arguments),
    Plan(commands::plan::Arguments),
    Run(commands::run::Arguments),
    Serve(commands::serve::Arguments),
    Test(commands::test::Arguments),
    Status(commands::status::Arguments),
    State(commands::state::Arguments),
    DeadLetters(commands::dead_letters::Arguments),
    Check(commands::check::Arguments),
    Query(commands::query::Arguments),
    Import(commands::import::Arguments),
    Fields(commands::fields::Arguments),
    Connect(commands::connect::Arguments),
    Disconnect(commands::connect::Disconnect),
    Secrets(commands::secrets::Arguments),
    Schema(commands::schema::Arguments),
    Sandbox(commands::sandbox::Arguments),
    Webhooks(commands::webhooks::Arguments),
    Completions(commands::completions::Arguments),
}
