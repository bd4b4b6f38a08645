//! `flowline completions`: what shells complete.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::args::Cli;
use crate::cli::exit::Exit;

/// Print the completion script of a shell.
///
/// E.g. `flowline completions bash > /etc/bash_completion.d/flowline`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints the script.
#[must_use]
pub fn run(arguments: &Arguments) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Cli::command(),
        "flowline",
        &mut script,
    );
    crate::cli::output::print_bytes(&script)
}
