//! `flowline schema`: the JSON Schemas.

use clap::{Args, ValueEnum};

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::diagnostic::nearest;
use crate::plan::RECORD_KINDS;
use crate::schema::{pipeline_schema, project_schema};

/// The JSON Schemas of the language and of the records
///
/// Editors check and complete files by them; `init` writes them to schemas/.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline schema pipeline > schemas/pipeline.schema.json
  flowline schema records jira.issue | jq '.properties | keys'")]
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

/// Prints it.
#[must_use]
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    let output = &context.output;
    let schema = match arguments.which {
        Which::Pipeline => pipeline_schema(),
        Which::Project => project_schema(),
        Which::Records => return records(arguments.kind.as_deref(), context),
    };
    match schema {
        Ok(schema) => {
            output.result(schema.trim_end());
            Exit::Done
        }
        Err(error) => {
            output.error(&error.to_string());
            Exit::Defect
        }
    }
}

fn records(kind: Option<&str>, context: &Context) -> Exit {
    let output = &context.output;
    let Some(kind) = kind else {
        // All of them as one document, by kind.
        let all: Vec<String> = RECORD_KINDS
            .iter()
            .map(|(name, schema)| format!("\"{name}\": {}", schema.trim()))
            .collect();
        output.result(&format!("{{{}}}", all.join(",\n")));
        return Exit::Done;
    };
    if let Some((_, schema)) = RECORD_KINDS.iter().find(|(name, _)| *name == kind) {
        output.result(schema.trim_end());
        return Exit::Done;
    }
    output.error(&format!("there is no kind of record `{kind}`"));
    let near = nearest(kind, RECORD_KINDS.iter().map(|(name, _)| *name));
    output.help(&near.map_or_else(
        || format!("there is {}", RECORD_KINDS.map(|(name, _)| name).join(", ")),
        |near| format!("did you mean `{near}`?"),
    ));
    Exit::Wrong
}
