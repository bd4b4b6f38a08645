//! `flowline validate`: every mistake of every file.

use std::path::PathBuf;

use clap::Args;

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::diagnostic::{Diagnostics, render, to_json};

/// Show every mistake of every file under its characters, with what to type instead.
///
/// Nothing is asked of the network: what the accounts have comes from catalog/.
#[derive(Debug, Args)]
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
    let mut shown = Diagnostics::new();
    shown.extend(
        opened
            .diagnostics
            .iter()
            .filter(|one| {
                let file = one
                    .source
                    .as_ref()
                    .map(|source| opened.root.join(source.name()));
                arguments.paths.is_empty()
                    || file.is_none_or(|file| {
                        arguments.paths.iter().any(|path| {
                            let path = crate::cli::env::Environment::current_folder()
                                .map_or_else(|_| path.clone(), |here| here.join(path));
                            file.starts_with(&path)
                        })
                    })
            })
            .cloned(),
    );
    let output = &context.output;
    if output.json() {
        output.result(&to_json(&shown));
    } else {
        let rendered = render(&shown, &output.render_options(output.colour_results));
        if !rendered.is_empty() {
            output.result(rendered.trim_end());
        }
        if !shown.has_errors() {
            output.result(&format!("{} files are valid", opened.files));
        }
    }
    if shown.has_errors() {
        Exit::Wrong
    } else {
        Exit::Done
    }
}
