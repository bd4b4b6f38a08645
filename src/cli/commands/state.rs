//! `flowline state`: cursors and the ledger.

use clap::{Args, Subcommand};

/// Cursors and the ledger of what was sent.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with the state.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Show the cursors, floors and counts
    Show {
        /// The pipelines [default: all]
        #[arg(value_name = "PIPELINE")]
        pipelines: Vec<String>,
    },
    /// Forget the cursors: the next run reads from `since` again; what was sent stays known
    Reset {
        /// The pipelines
        #[arg(required = true, value_name = "PIPELINE")]
        pipelines: Vec<String>,
        /// Also forget what was sent: everything is sent again, events included
        #[arg(long)]
        forget_sent: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Set a pipeline's cursor
    Set {
        /// The pipeline
        #[arg(value_name = "PIPELINE")]
        pipeline: String,
        /// From where the next run reads: a date, an RFC 3339 time, or e.g. "7 days ago"
        #[arg(value_name = "TIME")]
        time: String,
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
