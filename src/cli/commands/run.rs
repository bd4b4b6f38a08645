//! `flowline run`: one sync.

use clap::Args;

/// Sync once: read what is new, transform it, deliver what differs.
///
/// A second run right after the first sends nothing. Interrupted (Ctrl-C, a crash, kill -9), run
/// it again: nothing is lost and no event is sent twice.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The pipelines: names of files in pipelines/ without their ending
    #[arg(required = true, value_name = "PIPELINE")]
    pub pipelines: Vec<String>,
    /// The same as `plan`: show what would be sent and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Read from here instead of the cursor: a date, an RFC 3339 time, or e.g. "7 days ago"
    #[arg(long, value_name = "TIME", conflicts_with = "full")]
    pub since: Option<String>,
    /// Read everything again; what was sent stays known and is not sent again
    #[arg(long)]
    pub full: bool,
    /// At most so many records
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Only issues that also match this JQL
    #[arg(long, value_name = "JQL")]
    pub jql: Option<String>,
    /// Go on past a guard
    #[arg(long)]
    pub yes: bool,
}
