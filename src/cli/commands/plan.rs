//! `flowline plan`: a run without its last step.

use clap::Args;

/// Show exactly what a run would send; write nothing, neither there nor in the state.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The pipelines: names of files in pipelines/ without their ending
    #[arg(required = true, value_name = "PIPELINE")]
    pub pipelines: Vec<String>,
    /// Exit with 5 when there are changes
    #[arg(long)]
    pub exit_code: bool,
    /// Read from here instead of the cursor: a date, an RFC 3339 time, or e.g. "7 days ago"
    #[arg(long, value_name = "TIME", conflicts_with = "full")]
    pub since: Option<String>,
    /// Read everything
    #[arg(long)]
    pub full: bool,
    /// At most so many records
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Only issues that also match this JQL
    #[arg(long, value_name = "JQL")]
    pub jql: Option<String>,
}
