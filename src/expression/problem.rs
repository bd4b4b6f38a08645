//! What is wrong in a text of the expression languages, by ranges of that text.

use std::ops::Range;

use crate::diagnostic::{Code, Diagnostic, Severity, Span};

/// A mistake in the text of a path, condition, template or query; whoever knows where the text
/// stands in a file makes a diagnostic of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its kind.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line without a full stop.
    pub message: String,
    /// What to type or do.
    pub help: Option<String>,
    /// Byte ranges of the text with what was expected there; the first is primary.
    pub labels: Vec<(Range<usize>, String)>,
}

impl Problem {
    /// An error at a range of the text.
    pub fn error(
        code: Code,
        message: impl Into<String>,
        at: Range<usize>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            help: None,
            labels: vec![(at, expected.into())],
        }
    }

    /// A warning at a range of the text.
    pub fn warning(
        code: Code,
        message: impl Into<String>,
        at: Range<usize>,
        label: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message, at, label)
        }
    }

    /// Says what to type or do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same in other ranges: of a text that this one was made of.
    #[must_use]
    pub fn map_ranges(mut self, map: impl Fn(Range<usize>) -> Range<usize>) -> Self {
        for (range, _) in &mut self.labels {
            *range = map(range.clone());
        }
        self
    }

    /// The diagnostic, where the text's ranges stand in the file.
    pub fn locate(self, span: impl Fn(Range<usize>) -> Span) -> Diagnostic {
        let mut diagnostic = match self.severity {
            Severity::Error => Diagnostic::error(self.code, self.message),
            Severity::Warning => Diagnostic::warning(self.code, self.message),
            Severity::Note => Diagnostic::note(self.code, self.message),
        };
        diagnostic.help = self.help;
        for (range, text) in self.labels {
            diagnostic = diagnostic.label(span(range), text);
        }
        diagnostic
    }
}
