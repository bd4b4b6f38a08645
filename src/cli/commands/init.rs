//! `flowline init`: a project to start from.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Make a project that validates and runs in the sandbox
///
/// Writes flowline.yaml, a pipeline with a test case, the JSON Schemas with settings for editors,
/// .gitignore and .env.example. Files that are already there are left as they are.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline init
  flowline init my-project && cd my-project && flowline run support-tickets --sandbox")]
pub struct Arguments {
    /// The folder [default: this one]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// The files of a new project: path and text.
const FILES: [(&str, &str); 11] = [
    ("flowline.yaml", include_str!("../../../flowline.yaml")),
    (
        "pipelines/support-tickets.yaml",
        include_str!("../../../pipelines/support-tickets.yaml"),
    ),
    (
        "tests/pipelines/support-tickets/first-ticket.json",
        include_str!("../../../tests/pipelines/support-tickets/first-ticket.json"),
    ),
    (
        "tests/pipelines/support-tickets/first-ticket.snap",
        include_str!("../../../tests/pipelines/support-tickets/first-ticket.snap"),
    ),
    (
        "schemas/project.schema.json",
        include_str!("../../../schemas/project.schema.json"),
    ),
    (
        "schemas/pipeline.schema.json",
        include_str!("../../../schemas/pipeline.schema.json"),
    ),
    (
        "schemas/records/jira.issue.schema.json",
        include_str!("../../../schemas/records/jira.issue.schema.json"),
    ),
    (".env.example", include_str!("../../../.env.example")),
    (".gitignore", "/.flowline/\n/.env\n"),
    (".vscode/settings.json", SETTINGS),
    (
        ".vscode/extensions.json",
        "{\n  \"recommendations\": [\"redhat.vscode-yaml\"]\n}\n",
    ),
];

const SETTINGS: &str = r#"{
  "yaml.schemas": {
    "schemas/project.schema.json": "flowline.yaml",
    "schemas/pipeline.schema.json": "pipelines/*.yaml"
  }
}
"#;

/// Writes the files that are not there.
#[must_use]
pub fn run(arguments: &Arguments, here: &Path, output: &Output) -> Exit {
    let folder = arguments
        .folder
        .as_ref()
        .map_or_else(|| here.to_owned(), |folder| here.join(folder));
    let mut written = Vec::new();
    let mut kept = Vec::new();
    for (name, text) in FILES {
        let path = folder.join(name);
        match write_new(&path, text) {
            Ok(true) => written.push(name),
            Ok(false) => kept.push(name),
            Err(error) => {
                output.error(&format!("{} could not be written: {error}", path.display()));
                return Exit::Wrong;
            }
        }
    }
    if output.json() {
        return output.result_json(&serde_json::json!({ "written": written, "kept": kept }));
    }
    for name in &written {
        output.say(&format!("  wrote {name}"));
    }
    for name in &kept {
        output.say(&format!("  kept  {name} (it was there)"));
    }
    let enter = match &arguments.folder {
        Some(folder) if folder != Path::new(".") => format!("cd {} && ", folder.display()),
        _ => String::new(),
    };
    output.say(&format!(
        "\nNext: {enter}flowline run support-tickets --sandbox"
    ));
    Exit::Done
}

/// Writes a file that is not there; false where it is.
fn write_new(path: &Path, text: &str) -> std::io::Result<bool> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
    {
        Ok(mut file) => file.write_all(text.as_bytes()).map(|()| true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}
