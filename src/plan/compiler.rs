//! What compiling a pipeline needs to know, and where its mistakes go.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::LookupPlan;
use crate::config::{Strings, Written};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source, Span};
use crate::expression::{
    Compiling, Condition, Expression, LocatedReference, Path, Place, Problem, Reference,
};
use crate::syntax::Node;

const CONDITION_NOT_TEXT: Code = Code::new("condition.not_text");
const PATH_NOT_TEXT: Code = Code::new("path.not_text");

/// Compiles the parts of one pipeline file.
pub(super) struct Compiler<'c> {
    /// The file.
    pub(super) source: &'c Arc<Source>,
    /// What `${…}` stands for.
    pub(super) strings: &'c Strings,
    /// The pipeline's zone.
    pub(super) zone: TimeZone,
    /// What `enrich` looks up, so far.
    pub(super) lookups: Vec<LookupPlan>,
    /// The mistakes.
    pub(super) diagnostics: Diagnostics,
}

/// A condition or path with the node that it is written in.
#[derive(Debug)]
pub(super) struct WithNode<T> {
    pub(super) value: T,
    pub(super) node: Arc<Node>,
}

impl Compiler<'_> {
    /// Compiles a value.
    pub(super) fn expression(&mut self, written: &Written, place: Place) -> Option<Expression> {
        let mut compiling = Compiling {
            source: self.source,
            strings: self.strings,
            zone: self.zone.clone(),
            place,
            diagnostics: &mut self.diagnostics,
        };
        Expression::compile(written, &mut compiling)
    }

    /// Compiles a condition.
    pub(super) fn condition(&mut self, written: &Written) -> Option<WithNode<Condition>> {
        let Some(scalar) = written.as_scalar() else {
            let help = "write a condition: `keep: $.fields.priority` or `keep: $.key == \"A-1\"`";
            self.mistake(
                CONDITION_NOT_TEXT,
                format!("{} where a condition is expected", written.describe()),
                written.span,
                "a condition",
                help,
            );
            return None;
        };
        match Condition::parse(&scalar.text) {
            Ok(mut value) => {
                // What cannot be replaced is said once for the whole file, where it is read.
                let problems = value.replace_literals(|text| self.strings.expand(text).text);
                self.problems(problems, written);
                Some(WithNode {
                    value,
                    node: Arc::clone(written),
                })
            }
            Err(problems) => {
                self.problems(problems, written);
                None
            }
        }
    }

    /// Compiles a path.
    pub(super) fn path(&mut self, written: &Written) -> Option<WithNode<Path>> {
        let Some(text) = written.as_text() else {
            let help = "write a path: `$.fields.summary`";
            self.mistake(
                PATH_NOT_TEXT,
                format!("{} where a path is expected", written.describe()),
                written.span,
                "a path",
                help,
            );
            return None;
        };
        match Path::parse(text) {
            Ok(mut value) => {
                // What cannot be replaced is said once for the whole file, where it is read.
                let problems = value.replace_literals(|text| self.strings.expand(text).text);
                self.problems(problems, written);
                Some(WithNode {
                    value,
                    node: Arc::clone(written),
                })
            }
            Err(problems) => {
                self.problems(problems, written);
                None
            }
        }
    }

    /// Makes diagnostics of problems in a scalar's text.
    pub(super) fn problems(&mut self, problems: Vec<Problem>, node: &Node) {
        let located = problems.into_iter().map(|problem| {
            problem.locate(|range| {
                node.as_scalar()
                    .map_or(node.span, |scalar| scalar.locate(range))
            })
        });
        self.diagnostics.extend(located);
    }

    /// An error under characters of the file.
    pub(super) fn mistake(
        &mut self,
        code: Code,
        message: impl Into<String>,
        span: Span,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.diagnostics.push(
            Diagnostic::error(code, message)
                .label(span, label)
                .help(help),
        );
    }

    /// A warning under characters of the file.
    pub(super) fn warning(
        &mut self,
        code: Code,
        message: impl Into<String>,
        span: Span,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.diagnostics.push(
            Diagnostic::warning(code, message)
                .label(span, label)
                .help(help),
        );
    }
}

/// References with the places of their steps.
pub(super) fn located(references: &[Reference], node: &Arc<Node>) -> Vec<LocatedReference> {
    references
        .iter()
        .map(|reference| LocatedReference::new(reference.clone(), Arc::clone(node)))
        .collect()
}
