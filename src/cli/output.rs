//! The only place that prints: results on stdout, talk on stderr.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, OnceLock};

use super::args::{Format, Global, LogFormat};
use super::env::Environment;
use super::exit::Exit;
use super::time::now;
use super::wrap::wrapped;
use crate::diagnostic::{Diagnostics, RenderOptions, Severity, render, to_json};

/// How this process talks.
#[derive(Clone, Debug)]
pub struct Output {
    /// For people or for scripts.
    pub format: Format,
    /// Say only what went wrong.
    pub quiet: bool,
    /// How much more to say: 0 to 2.
    pub verbose: u8,
    /// Colours on stdout.
    pub colour_results: bool,
    /// Colours on stderr.
    pub colour_talk: bool,
    /// The log is JSON lines, and so is everything else on stderr.
    pub log_json: bool,
    /// Stderr is a terminal: progress may be drawn.
    pub terminal: bool,
    /// How wide a line may be.
    pub width: usize,
    /// How wide a line of results may be; none where nothing bounds it.
    pub results_width: Option<usize>,
    /// Why results could not be written, once they could not.
    lost: Arc<OnceLock<String>>,
}

impl Output {
    /// As the flags, the environment and the terminals say.
    #[must_use]
    pub fn new(global: &Global, environment: &Environment) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self {
            format: global.format,
            quiet: global.quiet,
            verbose: global.verbose,
            colour_results: environment.colours(global.no_color, std::io::stdout().is_terminal()),
            colour_talk: environment.colours(global.no_color, terminal),
            log_json: global.log_format == LogFormat::Json,
            terminal,
            width: environment.width(),
            results_width: environment.results_width(),
            lost: Arc::default(),
        }
    }

    /// True where results are JSON.
    #[must_use]
    pub fn json(&self) -> bool {
        self.format == Format::Json
    }

    /// A line of results.
    pub fn result(&self, line: &str) {
        self.result_bytes(format!("{line}\n").as_bytes());
    }

    /// Results as they are.
    pub fn result_bytes(&self, bytes: &[u8]) {
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            // A reader that has gone away (`| head`) has seen what it wanted.
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                self.lost.get_or_init(|| error.to_string());
            }
            Ok(()) | Err(_) => {}
        }
    }

    /// The end of a command: one whose results were not written has not done what was asked.
    #[must_use]
    pub fn end(&self, exit: Exit) -> Exit {
        let Some(why) = self.lost.get() else {
            return exit;
        };
        self.error(&format!("the results could not be written: {why}"));
        exit.worst(Exit::Wrong)
    }

    /// A JSON document as the only result, on one line.
    pub fn result_json(&self, value: &impl serde::Serialize) -> Exit {
        match serde_json::to_string(value) {
            Ok(json) => {
                self.result(&json);
                Exit::Done
            }
            Err(error) => {
                self.error(&format!("the result could not be written as JSON: {error}"));
                Exit::Defect
            }
        }
    }

    /// A line for people, on stderr; not with `--quiet`.
    pub fn say(&self, line: &str) {
        if !self.quiet {
            self.talk("INFO", ("", 0), line);
        }
    }

    /// A line for people who asked for more.
    pub fn say_more(&self, line: &str) {
        if self.verbose > 0 {
            self.talk("INFO", ("", 0), line);
        }
    }

    /// What went wrong, in one or more lines.
    pub fn error(&self, message: &str) {
        let label = if self.colour_talk {
            "\u{1b}[31;1merror:\u{1b}[0m"
        } else {
            "error:"
        };
        self.talk("ERROR", (label, 7), message);
    }

    /// What may be wrong.
    pub fn warn(&self, message: &str) {
        let label = if self.colour_talk {
            "\u{1b}[33;1mwarning:\u{1b}[0m"
        } else {
            "warning:"
        };
        if !self.quiet {
            self.talk("WARN", (label, 9), message);
        }
    }

    /// What to do about it.
    pub fn help(&self, message: &str) {
        let label = if self.colour_talk {
            "\u{1b}[36mhelp:\u{1b}[0m"
        } else {
            "help:"
        };
        self.talk("INFO", (&format!("  {label}"), 8), message);
    }

    /// A line on stderr: after its label, which is so wide, or as a line of the log where that is
    /// JSON.
    fn talk(&self, level: &str, (label, indent): (&str, usize), message: &str) {
        let line = match (self.log_json, label) {
            (true, _) if message.trim().is_empty() => return,
            (true, _) => serde_json::json!({
                "timestamp": format!("{:.6}", now()),
                "level": level,
                "fields": { "message": message.trim() },
                "target": "flowline",
            })
            .to_string(),
            (false, "") => message.to_owned(),
            (false, label) => {
                let width = self.terminal.then_some(self.width);
                format!("{label} {}", wrapped(message, indent, width))
            }
        };
        write_line(&mut std::io::stderr().lock(), &line);
    }

    /// Diagnostics on stderr, as commands other than `validate` show them.
    pub fn diagnostics(&self, diagnostics: &Diagnostics) {
        if self.json() {
            self.result(&to_json(diagnostics));
        } else {
            self.talk_diagnostics(diagnostics);
        }
    }

    /// Diagnostics on stderr also where results are JSON: of what goes on beside them.
    pub fn talk_diagnostics(&self, diagnostics: &Diagnostics) {
        if self.log_json {
            for one in diagnostics.iter() {
                let level = match one.severity {
                    Severity::Error => "ERROR",
                    _ => "WARN",
                };
                let file = one.source.as_ref();
                let file = file.map_or_else(String::new, |file| format!("{}: ", file.name()));
                let (code, message) = (one.code.as_str(), &one.message);
                self.talk(level, ("", 0), &format!("{file}{message} ({code})"));
            }
        } else {
            let rendered = render(diagnostics, &self.render_options(self.colour_talk));
            write_text(&mut std::io::stderr().lock(), &rendered);
        }
    }

    /// How diagnostics are drawn.
    #[must_use]
    pub const fn render_options(&self, colour: bool) -> RenderOptions {
        RenderOptions {
            colour,
            width: self.width,
        }
    }

    /// Asks for a yes on the terminal; without one the answer is no.
    #[must_use]
    pub fn confirm(&self, question: &str) -> bool {
        if !Environment::can_ask() {
            return false;
        }
        let mut stderr = std::io::stderr().lock();
        write_text(&mut stderr, &format!("{question} [y/N] "));
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).is_ok()
            && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    }
}

fn write_line(to: &mut impl std::io::Write, line: &str) {
    write_text(to, &format!("{line}\n"));
}

fn write_text(to: &mut impl std::io::Write, text: &str) {
    // A reader that has gone away (`| head`) is no defect, and there is nobody to tell.
    to.write_all(text.as_bytes())
        .and_then(|()| to.flush())
        .unwrap_or_default();
}
