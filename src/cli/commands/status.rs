//! `flowline status`: what the state knows.

use clap::Args;

/// Connections, last sync, cursors, counts, dead letters, quota left; no network.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Not in this build yet.
pub async fn run(_: &Arguments, context: &crate::cli::context::Context) -> crate::cli::exit::Exit {
    context.output.error("not in this build yet");
    crate::cli::exit::Exit::Defect
}
