//! `flowline fields`: what can be written in a pipeline.

use clap::Args;

/// Custom fields, statuses, priorities, projects, lists and attributes of the accounts.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The connection [default: all]
    #[arg(value_name = "NAME")]
    pub connection: Option<String>,
    /// Write them to catalog/NAME.json, which `validate` checks against and which is committed
    #[arg(long)]
    pub save: bool,
}
