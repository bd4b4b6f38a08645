//! `flowline init`: a project to start from.

use std::path::PathBuf;

use clap::Args;

/// Make a project that validates and runs in the sandbox.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder [default: this one]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}
