//! `flowline schema`: the JSON Schemas.

use clap::{Args, ValueEnum};

/// Print the JSON Schema of pipeline files, of flowline.yaml or of a kind of record.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Which one
    #[arg(value_enum)]
    pub which: Which,
    /// Of `records`: only this kind, e.g. jira.issue
    #[arg(value_name = "KIND")]
    pub kind: Option<String>,
}

/// Which schema.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Which {
    /// pipelines/NAME.yaml
    Pipeline,
    /// flowline.yaml
    Project,
    /// The records that sources yield
    Records,
}
