//! `flowline test`: recorded records through the pipelines, compared with the snapshots.

use clap::Args;

/// Run recorded records through the pipelines and compare what they would send with the snapshots.
///
/// A case is tests/pipelines/NAME/CASE.json (`{ clock, records: […] }`), its snapshot CASE.snap
/// beside it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The pipelines [default: all]
    #[arg(value_name = "PIPELINE")]
    pub pipelines: Vec<String>,
    /// Write what came out as the new snapshots
    #[arg(long, conflicts_with = "review")]
    pub accept: bool,
    /// Ask for each difference whether it is right
    #[arg(long)]
    pub review: bool,
}

/// Not in this build yet.
pub fn run(_: &Arguments, context: &crate::cli::context::Context) -> crate::cli::exit::Exit {
    context.output.error("not in this build yet");
    crate::cli::exit::Exit::Defect
}
