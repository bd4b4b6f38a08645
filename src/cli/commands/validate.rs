//! `flowline validate`: every mistake of every file.

use std::path::{Component, Path, PathBuf};

use clap::Args;

use crate::cli::context::Context;
use crate::cli::env::Environment;
use crate::cli::exit::Exit;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, render, to_json};
use crate::project::{Opened, PROJECT_FILE};

/// Show every mistake of every file under its characters; no network
///
/// Each mistake is shown in its line, with what was expected and what to type instead. Nothing is
/// asked of the network: what the accounts have comes from catalog/.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline validate
  flowline validate pipelines/support-tickets.yaml
  flowline validate --env production
  flowline validate --format json | jq '.diagnostics[].message'")]
pub struct Arguments {
    /// Only these files or folders [default: the whole project]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// Shows the mistakes.
#[must_use]
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    let opened = match context.open() {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    let mut files = files(&opened);
    let mut shown = Diagnostics::new();
    let told = |one: &Diagnostic| {
        let output = &context.output;
        !output.quiet || output.json() || one.severity == Severity::Error
    };
    if arguments.paths.is_empty() {
        shown.extend(opened.diagnostics.into_iter().filter(told));
    } else {
        let wanted = match wanted(&arguments.paths, &files, &opened.root) {
            Ok(wanted) => wanted,
            Err(message) => {
                context.output.error(&message);
                return Exit::Wrong;
            }
        };
        let asked = |file: &str| wanted.iter().any(|path| is_under(file, path));
        files.retain(|file| asked(file));
        shown.extend(opened.diagnostics.into_iter().filter(|one| {
            // What belongs to no file concerns all of them.
            let source = one.source.as_ref();
            told(one) && source.is_none_or(|source| asked(source.name()))
        }));
    }
    show(&shown, files.len(), context);
    if shown.has_errors() {
        Exit::Wrong
    } else {
        Exit::Done
    }
}

fn show(diagnostics: &Diagnostics, files: usize, context: &Context) {
    let output = &context.output;
    if output.json() {
        output.result(&to_json(diagnostics));
        return;
    }
    let rendered = render(diagnostics, &output.render_options(output.colour_results));
    if !rendered.is_empty() {
        output.result(rendered.trim_end());
    }
    if diagnostics.has_errors() || output.quiet {
        return;
    }
    let noted = |one: &crate::diagnostic::Diagnostic| one.severity == Severity::Note;
    let what = if diagnostics.iter().all(noted) {
        "mistakes"
    } else {
        "errors"
    };
    let word = if files == 1 { "file" } else { "files" };
    output.result(&format!("no {what} in {files} {word}"));
}

/// The files that are checked, as the project names them.
fn files(opened: &Opened) -> Vec<String> {
    let mut files = vec![PROJECT_FILE.to_owned()];
    let pipelines = opened.names.iter();
    files.extend(pipelines.map(|name| format!("pipelines/{name}.yaml")));
    let connections = opened
        .loaded
        .iter()
        .flat_map(|loaded| loaded.project.connections.names());
    let catalogs = connections.map(|name| format!("catalog/{name}.json"));
    files.extend(catalogs.filter(|file| opened.root.join(file).is_file()));
    files
}

/// The paths asked for as the project names its files.
fn wanted(paths: &[PathBuf], files: &[String], root: &Path) -> Result<Vec<String>, String> {
    let here = Environment::current_folder()
        .map_err(|error| format!("the current folder cannot be read: {error}"))?;
    let name_of = |path: &PathBuf| {
        let shown = path.display();
        if !here.join(path).exists() {
            return Err(format!("there is no {shown}"));
        }
        let name = within(root, &here, path)
            .ok_or_else(|| format!("{shown} lies outside the project {}", root.display()))?;
        let checked = files.iter().any(|file| is_under(file, &name));
        // What lies there and is not read has a diagnostic that says so.
        if checked || is_under(&name, "pipelines") || is_under(&name, "catalog") {
            Ok(name)
        } else {
            Err(format!(
                "{shown} is none of the files that are checked: flowline.yaml, \
                 pipelines/NAME.yaml and catalog/NAME.json"
            ))
        }
    };
    paths.iter().map(name_of).collect()
}

/// A path as the project names its files (`/` between folders), empty for the project itself;
/// none where it lies outside.
fn within(root: &Path, here: &Path, path: &Path) -> Option<String> {
    let root = normal(&here.join(root));
    let path = normal(&here.join(path));
    let inside = path.strip_prefix(&root).ok()?;
    let parts: Option<Vec<&str>> = inside
        .components()
        .map(|part| part.as_os_str().to_str())
        .collect();
    Some(parts?.join("/"))
}

/// The path without `.` and `..`, by its text alone.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

fn is_under(file: &str, path: &str) -> bool {
    path.is_empty()
        || file == path
        || file
            .strip_prefix(path)
            .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_named_as_the_project_names_its_files() {
        let (root, here) = (Path::new("/p"), Path::new("/p/pipelines"));
        for (path, name) in [
            ("a.yaml", Some("pipelines/a.yaml")),
            ("..", Some("")),
            ("../flowline.yaml", Some("flowline.yaml")),
            ("/p/./pipelines/", Some("pipelines")),
            ("../../q", None),
        ] {
            assert_eq!(
                within(root, here, Path::new(path)).as_deref(),
                name,
                "{path}"
            );
        }
        assert!(is_under("pipelines/a.yaml", "pipelines"));
        assert!(!is_under("pipelines-old/a.yaml", "pipelines"));
    }
}
