//! The `flowline` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    flowline::cli::main().into()
}
