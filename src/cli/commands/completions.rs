//! `flowline completions`: what shells complete.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Shell completion
///
/// Prints a script for the shell that completes commands, flags and their values.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  source <(flowline completions bash)
  flowline completions bash > ~/.local/share/bash-completion/completions/flowline
  flowline completions zsh > \"${fpath[1]}/_flowline\"
  flowline completions fish > ~/.config/fish/completions/flowline.fish")]
pub struct Arguments {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints the script.
#[must_use]
pub fn run(arguments: &Arguments, output: &Output) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Cli::command(),
        "flowline",
        &mut script,
    );
    output.result_bytes(&script);
    Exit::Done
}
