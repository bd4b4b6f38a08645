//! `flowline import`: a legacy connector file turned into a project.

mod lines;
mod mapping;
mod mask;
mod old;
mod others;
mod project;
mod write;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use self::lines::Lines;
use crate::cli::context::Context;
use crate::cli::env::Environment;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source, Span};
use crate::project::{PROJECT_FILE, Request, open};
use crate::syntax::{self, Entry, Node};

const NOT_ONE: Code = Code::new("import.not_one");

/// How large a file is taken for one: what is larger is none that a person wrote.
const MAX_BYTES: u64 = 1 << 20;

/// A legacy connector file turned into pipelines
///
/// Writes flowline.yaml and pipelines/ into the current folder or --project. Each line of the old
/// file stands in a comment beside what it became; what is not taken over says why. Credentials
/// become names of the environment: no secret of the old file is written or shown.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline import connector.yaml
  flowline import old/connector.yaml --project acme && flowline run support-tickets --project acme --sandbox")]
pub struct Arguments {
    /// The legacy connector file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Reads the file and writes the project.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    match import(arguments, context) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn import(arguments: &Arguments, context: &Context) -> Result<Exit, Exit> {
    let output = &context.output;
    let here = Environment::current_folder().map_err(|error| {
        output.error(&format!("the current folder cannot be read: {error}"));
        Exit::Wrong
    })?;
    let folder = context
        .global
        .project
        .as_ref()
        .map_or_else(|| here.clone(), |folder| here.join(folder));
    free(&folder, output)?;
    let name = arguments.file.file_name().unwrap_or_default();
    let name = name.to_string_lossy().replace(char::is_control, " ");
    let text = text_of(&here.join(&arguments.file), &name, output)?;
    let hidden = mask::hidden(&text);
    let source = Source::new(name.as_str(), text.as_str());
    let blank = Source::new(name.as_str(), mask::blanked(&text, &hidden));
    let (root, mistakes) = syntax::parse(&source);
    let Some(root) = root.filter(|_| !mistakes.has_errors()) else {
        output.diagnostics(&without_secrets(mistakes, &text, &hidden, &blank));
        return Err(Exit::Wrong);
    };
    let (connectors, jira) = connector(&root).map_err(|mistake| {
        output.diagnostics(&mistake.in_source(&blank).into());
        Exit::Wrong
    })?;
    let mut lines = Lines::new(&source, hidden);
    let old = old::read(connectors, jira, &mut lines);
    for entry in root.as_map().unwrap_or_default() {
        if entry.key != connectors.key {
            lines.refuse_entry(entry, "only `connectors` is taken over");
        }
    }
    let files = project::files(&old, &name, &mut lines);
    for (path, text) in &files {
        write_new(&folder.join(path), text).map_err(|error| {
            output.error(&format!("{path} could not be written: {error}"));
            Exit::Wrong
        })?;
    }
    let refused = lines.refused();
    if output.json() {
        let written: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        let not: Vec<_> = refused
            .iter()
            .map(|one| json!({ "line": one.line, "text": one.text, "why": one.why }))
            .collect();
        output.result_json(&json!({ "written": written, "not_taken_over": not }));
    }
    for (path, _) in &files {
        output.say(&format!("  wrote {path}"));
    }
    for one in &refused {
        output.say(&format!(
            "line {}: {}  (not taken over: {})",
            one.line, one.text, one.why
        ));
    }
    if old.sync.is_none() {
        output.warn("the file does not say what is synced: its issues are");
    }
    checked(&folder, context)?;
    if let Some((first, _)) = files.get(1) {
        let pipeline = first
            .trim_start_matches("pipelines/")
            .trim_end_matches(".yaml");
        output.say(&format!(
            "\nNext: flowline run {pipeline} --sandbox, then put the credentials into the environment or .env"
        ));
    } else {
        output.warn("the file syncs nothing: there is no pipeline");
    }
    Ok(Exit::Done)
}

/// A folder that has no project yet.
fn free(folder: &Path, output: &Output) -> Result<(), Exit> {
    let has_pipelines = || {
        let entries = fs::read_dir(folder.join("pipelines"));
        entries.is_ok_and(|entries| {
            entries.flatten().any(|entry| {
                entry
                    .path()
                    .extension()
                    .is_some_and(|ending| ending == "yaml")
            })
        })
    };
    let there = if folder.join(PROJECT_FILE).exists() {
        PROJECT_FILE
    } else if has_pipelines() {
        "pipelines/"
    } else {
        return Ok(());
    };
    output.error(&format!("there is a project already: {there}"));
    output.help("name another folder: `--project DIR`");
    Err(Exit::Wrong)
}

fn text_of(path: &Path, name: &str, output: &Output) -> Result<String, Exit> {
    let wrong = |why: &str| {
        output.error(&format!("{name} {why}"));
        output.help("name the connector file of the old project: `flowline import FILE`");
        Exit::Wrong
    };
    let facts = fs::metadata(path).map_err(|error| wrong(&format!("cannot be read: {error}")))?;
    if !facts.is_file() || facts.len() > MAX_BYTES {
        return Err(wrong("is no connector file"));
    }
    let bytes = fs::read(path).map_err(|error| wrong(&format!("cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|_| wrong("is no text in UTF-8"))
}

/// `connectors` and `connectors.jira`.
fn connector(root: &Arc<Node>) -> Result<(&Entry, &Entry), Diagnostic> {
    let not_one = |span: Span, expected: &str| {
        Diagnostic::error(NOT_ONE, "this is no legacy connector file")
            .label(span, expected)
            .help("such a file has `connectors:` with `jira:` under it")
    };
    let first = |node: &Node| {
        let entries = node.as_map().unwrap_or_default();
        entries.first().map_or(node.span, |entry| entry.key.span)
    };
    let connectors = root
        .entry("connectors")
        .ok_or_else(|| not_one(first(root), "expected `connectors:`"))?;
    let jira = connectors
        .value
        .entry("jira")
        .ok_or_else(|| not_one(connectors.key.span, "expected `jira:` under it"))?;
    if jira.value.as_map().is_none() {
        return Err(not_one(jira.key.span, "expected its settings under it"));
    }
    Ok((connectors, jira))
}

/// Mistakes over a text in which no secret stands, and none in their words.
fn without_secrets(
    mistakes: Diagnostics,
    text: &str,
    hidden: &[std::ops::Range<usize>],
    blank: &Arc<Source>,
) -> Diagnostics {
    mistakes
        .into_iter()
        .map(|mut one| {
            for range in hidden {
                let secret = text.get(range.clone()).unwrap_or_default();
                for part in [secret, secret.trim_matches(['"', '\''])] {
                    if part.len() > 2 {
                        one.reword(part, "…");
                    }
                }
            }
            one.source = Some(Arc::clone(blank));
            one
        })
        .collect()
}

/// The new project is read as `validate` reads it: what is wrong is said at once.
fn checked(folder: &Path, context: &Context) -> Result<(), Exit> {
    let opened = open(&Request {
        root: folder,
        environment: context.environment.variables(),
        env: None,
        env_file: None,
    });
    if opened.diagnostics.has_errors() {
        context.output.diagnostics(&opened.diagnostics);
        return Err(Exit::Wrong);
    }
    Ok(())
}

/// Writes a file that is not there.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)?
        .write_all(text.as_bytes())
}
