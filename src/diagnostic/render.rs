//! Diagnostics as people read them and as scripts do.

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};
use serde_json::{Value as Json, json};

use super::drawn::Drawn;
use super::{Diagnostic, Diagnostics, Severity, Source, Span};

/// How diagnostics are drawn.
#[derive(Clone, Copy, Debug)]
pub struct RenderOptions {
    /// With colours.
    pub colour: bool,
    /// How wide a line may be.
    pub width: usize,
}

/// All diagnostics with their source lines, then a line that counts them.
#[must_use]
pub fn render(diagnostics: &Diagnostics, options: &RenderOptions) -> String {
    let theme = if options.colour {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(options.width)
        .with_context_lines(1);
    let mut out = String::new();
    for diagnostic in diagnostics {
        let labels: Vec<Span> = diagnostic.labels.iter().map(|label| label.span).collect();
        let source = diagnostic.source.as_ref();
        let shown = Shown {
            diagnostic,
            source: source.map(|source| Drawn::new(source, &labels)),
        };
        // Writing to a string cannot fail.
        handler.render_report(&mut out, &shown).unwrap_or_default();
        out.push('\n');
    }
    if let Some(counts) = counts(diagnostics) {
        out.push_str(&counts);
        out.push('\n');
    }
    out
}

/// `2 errors, 1 warning`; none where there is nothing to count.
#[must_use]
pub fn counts(diagnostics: &Diagnostics) -> Option<String> {
    let count = |severity| {
        diagnostics
            .iter()
            .filter(|one| one.severity == severity)
            .count()
    };
    let words: Vec<String> = [
        (Severity::Error, "error"),
        (Severity::Warning, "warning"),
        (Severity::Note, "note"),
    ]
    .into_iter()
    .filter_map(|(severity, word)| match count(severity) {
        0 => None,
        1 => Some(format!("1 {word}")),
        many => Some(format!("{many} {word}s")),
    })
    .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// `{"diagnostics":[…]}` as the language's contract gives it.
#[must_use]
pub fn to_json(diagnostics: &Diagnostics) -> String {
    let list: Vec<Json> = diagnostics.iter().map(one_json).collect();
    json!({ "diagnostics": list }).to_string()
}

fn one_json(diagnostic: &Diagnostic) -> Json {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let labels: Vec<Json> = match &diagnostic.source {
        None => Vec::new(),
        Some(source) => diagnostic
            .labels
            .iter()
            .map(|label| {
                json!({
                    "start": position(source, label.span.start),
                    "end": position(source, label.span.end),
                    "text": label.text,
                    "primary": label.primary,
                })
            })
            .collect(),
    };
    json!({
        "code": diagnostic.code.as_str(),
        "severity": severity,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "file": diagnostic.source.as_ref().map(|source| source.name()),
        "labels": labels,
    })
}

fn position(source: &Source, byte: usize) -> Json {
    let at = source.position(byte);
    json!({ "line": at.line, "column": at.column, "byte": at.byte })
}

/// A diagnostic in the renderer's terms.
struct Shown<'d> {
    diagnostic: &'d Diagnostic,
    source: Option<Drawn>,
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl miette::Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code.as_str()))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic
            .help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = |span: Span| {
            let whole = (span.start, span.end.saturating_sub(span.start));
            self.source.as_ref().map_or(whole, |drawn| drawn.span(span))
        };
        Some(Box::new(self.diagnostic.labels.iter().map(move |label| {
            let text = Some(label.text.clone()).filter(|text| !text.is_empty());
            if label.primary {
                LabeledSpan::new_primary_with_span(text, span(label.span))
            } else {
                LabeledSpan::new_with_span(text, span(label.span))
            }
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    const TEST: Code = Code::new(concat!("test.", "render"));

    fn shown(text: &str, needle: &str) -> String {
        let source = Source::new("a.yaml", text);
        let at = text.find(needle).unwrap();
        let mistake = Diagnostic::error(TEST, "wrong")
            .label(Span::new(at, at + needle.len()), "here")
            .in_source(&source);
        let options = RenderOptions {
            colour: false,
            width: 80,
        };
        render(&mistake.into(), &options)
    }

    #[test]
    fn the_column_counts_scalar_values_also_for_people() {
        assert!(shown("ok: 1\nééé日😀: $.x\n", "$.x").contains("[a.yaml:2:8]"));
        assert!(shown("\u{feff}é: $.x\r\n", "é").contains("[a.yaml:1:1]"));
        assert!(shown("a: 1\rb: $.x\r", "$.x").contains("[a.yaml:2:4]"));
    }

    #[test]
    fn a_line_of_a_mebibyte_is_shown_around_its_mistake() {
        let text = format!("é: [{}, $.x]\n", "ä".repeat(1 << 19));
        let shown = shown(&text, "$.x");
        assert!(shown.len() < 3000, "{}", shown.len());
        let column = (1 << 19) + 7;
        assert!(shown.contains(&format!("[a.yaml:1:{column}]")) && shown.contains(", $.x]"));
    }
}
