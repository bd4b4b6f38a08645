//! `flowline dead-letters`: what could not be delivered.

use clap::{Args, Subcommand};

/// What could not be delivered, why, and again.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// List them
    List {
        /// Only those of these pipelines
        #[arg(value_name = "PIPELINE")]
        pipelines: Vec<String>,
    },
    /// Show one whole
    Show {
        /// Its number, as `list` shows it
        #[arg(value_name = "ID")]
        id: i64,
    },
    /// Put them back: the next run delivers them again
    Retry {
        /// Their numbers
        #[arg(value_name = "ID", required_unless_present = "all")]
        ids: Vec<i64>,
        /// All of them
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
    /// Throw them away
    Discard {
        /// Their numbers
        #[arg(value_name = "ID", required_unless_present = "all")]
        ids: Vec<i64>,
        /// All of them
        #[arg(long, conflicts_with = "ids")]
        all: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Not in this build yet.
pub async fn run(_: &Arguments, context: &crate::cli::context::Context) -> crate::cli::exit::Exit {
    context.output.error("not in this build yet");
    crate::cli::exit::Exit::Defect
}
