//! `flowline sandbox`: the emulators as servers.

use std::path::PathBuf;

use clap::Args;

/// Run emulated Jira and Brevo on local ports until stopped.
///
/// Prints the addresses and the credentials that they take; with --format json as one line.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Jira's port; 0 takes a free one
    #[arg(long, default_value_t = 8081, value_name = "PORT")]
    pub jira_port: u16,
    /// Brevo's port; 0 takes a free one
    #[arg(long, default_value_t = 8082, value_name = "PORT")]
    pub brevo_port: u16,
    /// The same seed gives the same data and faults
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// How many issues the site has
    #[arg(long, default_value_t = 120, value_name = "N")]
    pub issues: usize,
    /// About how large each issue is, in bytes
    #[arg(long, value_name = "BYTES")]
    pub issue_bytes: Option<usize>,
    /// The share of answers that fail, in percent: 429, 5xx, resets, cut answers, HTML, slowness,
    /// writes applied whose answer is lost
    #[arg(long, default_value_t = 0, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub faults: u8,
    /// Without rate limits
    #[arg(long)]
    pub no_limits: bool,
    /// Search sees changes at once
    #[arg(long)]
    pub no_index_lag: bool,
    /// Write every exchange to this file, a JSON object a line
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Keep both services' state in this folder
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}
