//! `flowline validate`: every mistake of every file.

use std::path::PathBuf;

use clap::Args;

/// Show every mistake of every file under its characters, with what to type instead.
///
/// Nothing is asked of the network: what the accounts have comes from catalog/.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only these files or folders [default: the whole project]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}
