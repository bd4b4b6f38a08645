//! `flowline init`: a project to start from, with the pipelines that are picked.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::shipped;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Make a project that validates and runs in the sandbox
///
/// Writes flowline.yaml, the pipelines that are picked with their test cases, the JSON Schemas with
/// settings for editors, .gitignore and .env.example. Files that are already there are left as they
/// are, so that pipelines can be added to a project later.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline init
  flowline init my-project && cd my-project && flowline run support-tickets --sandbox
  flowline init --pipeline comments --pipeline status-changes
  flowline init --pipeline all")]
pub struct Arguments {
    /// The folder [default: this one]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// A pipeline to begin with, or `all` of them
    #[arg(long = "pipeline", value_name = "NAME", default_value = shipped::FIRST, value_parser = shipped::names())]
    pub pipelines: Vec<String>,
}

/// The files of a new project: path and text.
const FILES: [(&str, &str); 7] = [
    ("flowline.yaml", include_str!("../../../flowline.yaml")),
    (
        "schemas/project.schema.json",
        include_str!("../../../schemas/project.schema.json"),
    ),
    (
        "schemas/pipeline.schema.json",
        include_str!("../../../schemas/pipeline.schema.json"),
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
    let picked: Vec<&shipped::Shipped> = shipped::PIPELINES
        .iter()
        .filter(|shipped| picks(&arguments.pipelines, shipped.name))
        .collect();
    let files = picked
        .iter()
        .flat_map(|shipped| shipped.files.iter().copied());
    // Several pipelines read records of one kind: its schema is one file.
    let mut files: Vec<_> = FILES.into_iter().chain(files).collect();
    files.sort_unstable_by_key(|(name, _)| *name);
    files.dedup_by_key(|(name, _)| *name);
    for (name, text) in files {
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
    let next = match picked.as_slice() {
        [one] => one.name,
        _ => "NAME",
    };
    output.say(&format!("\nNext: {enter}flowline run {next} --sandbox"));
    Exit::Done
}

/// True where a pipeline is named, or all are.
fn picks(names: &[String], name: &str) -> bool {
    names
        .iter()
        .any(|picked| picked == name || picked == shipped::ALL)
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
