//! What is wrong with one record for an expression: never with a value of the record in it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, Source, Span};

/// Why an expression cannot give a value for a record.
///
/// Its texts name paths and kinds, not what the record holds: that may be personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Its kind.
    pub kind: TroubleKind,
    /// What is wrong, in one line without a full stop.
    pub message: String,
    /// What was expected; may be empty.
    pub expected: String,
    /// The bytes of the expression's own text that it is about.
    pub range: Range<usize>,
    /// The characters of the pipeline's file, once an [`Expression`](super::Expression) knows them.
    pub place: Option<(Arc<Source>, Span)>,
}

/// The kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TroubleKind {
    /// Nothing is there, or null, where a value is needed.
    Missing,
    /// A list or map where text is needed, text where a list is needed, and the like.
    WrongKind,
    /// A conversion would lose something.
    Conversion,
    /// More than is rendered of one record.
    TooLarge,
    /// The record breaks what the pipeline expects of it.
    Contract,
    /// A group cannot be made one record.
    Aggregate,
    /// The record has no identity for a sink.
    Unmatched,
    /// A look-up found nothing.
    NotFound,
}

impl TroubleKind {
    /// The stable name that summaries and dead letters show.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Missing => Code::new("record.missing"),
            Self::WrongKind => Code::new("record.wrong_kind"),
            Self::Conversion => Code::new("record.conversion"),
            Self::TooLarge => Code::new("record.too_large"),
            Self::Contract => Code::new("record.contract"),
            Self::Aggregate => Code::new("record.aggregate"),
            Self::Unmatched => Code::new("record.unmatched"),
            Self::NotFound => Code::new("record.not_found"),
        }
    }
}

impl Trouble {
    /// Trouble at a range of the expression's text.
    pub(crate) fn new(
        kind: TroubleKind,
        message: impl Into<String>,
        expected: impl Into<String>,
        range: Range<usize>,
    ) -> Self {
        Self {
            kind,
            message: message.into(),
            expected: expected.into(),
            range,
            place: None,
        }
    }

    /// The same trouble with its place in the file, where it has none yet.
    #[must_use]
    pub fn located(mut self, source: &Arc<Source>, span: Span) -> Self {
        self.place.get_or_insert_with(|| (Arc::clone(source), span));
        self
    }

    /// As a diagnostic under the characters of the pipeline's file.
    #[must_use]
    pub fn to_diagnostic(&self) -> Diagnostic {
        let diagnostic = Diagnostic::error(self.kind.code(), self.message.clone());
        match &self.place {
            Some((source, span)) => diagnostic
                .label(*span, self.expected.clone())
                .in_source(source),
            None if self.expected.is_empty() => diagnostic,
            None => diagnostic.help(format!("expected {}", self.expected)),
        }
    }
}

/// The message with the place: `pipelines/a.yaml:3:8: …`.
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((source, span)) = &self.place {
            let at = source.position(span.start);
            write!(f, "{}:{}:{}: ", source.name(), at.line, at.column)?;
        }
        f.write_str(&self.message)?;
        if !self.expected.is_empty() {
            write!(f, " (expected {})", self.expected)?;
        }
        Ok(())
    }
}

impl std::error::Error for Trouble {}
