//! The only place that reads the environment.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;

/// A snapshot of the process's environment.
#[derive(Clone, Debug)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// Reads it once; variables that are no UTF-8 are as if unset.
    #[must_use]
    pub fn read() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables }
    }

    /// A variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// All of them, for `${NAME}`.
    #[must_use]
    pub const fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// The folder that the command was started in.
    ///
    /// # Errors
    /// Where it is gone or may not be read.
    pub fn current_folder() -> std::io::Result<PathBuf> {
        std::env::current_dir()
    }

    /// True where a stream should be coloured: a terminal, and nobody asked for none.
    #[must_use]
    pub fn colours(&self, no_color: bool, terminal: bool) -> bool {
        !no_color
            && self.get("NO_COLOR").is_none_or(str::is_empty)
            && self.get("TERM") != Some("dumb")
            && terminal
    }

    /// How wide diagnostics may be: the terminal's width where it is known, 100 elsewhere.
    #[must_use]
    pub fn width(&self) -> usize {
        let terminal = || terminal_size::terminal_size_of(std::io::stderr());
        let width = self.columns().or_else(|| terminal().map(columns_of));
        width.unwrap_or(100).clamp(40, 140)
    }

    /// How wide tables on stdout may be: the terminal's width; none where it is a file or a pipe.
    #[must_use]
    pub fn results_width(&self) -> Option<usize> {
        let terminal = || terminal_size::terminal_size_of(std::io::stdout());
        self.columns()
            .or_else(|| terminal().map(columns_of))
            .map(|width| width.max(20))
    }

    fn columns(&self) -> Option<usize> {
        self.get("COLUMNS").and_then(|columns| columns.parse().ok())
    }

    /// True where someone can be asked.
    #[must_use]
    pub fn can_ask() -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }
}

fn columns_of((width, _): (terminal_size::Width, terminal_size::Height)) -> usize {
    usize::from(width.0)
}
