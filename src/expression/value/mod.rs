//! Values as the language takes them everywhere: a path, a template, a literal, or built of these,
//! with options.

mod compile;
mod evaluate;
mod literal;
mod long_form;
mod options;
mod read;

use std::sync::Arc;

use jiff::tz::TimeZone;

pub use compile::{Compiling, Place};
pub use options::{Lookup, Options};

use super::{Escape, Path, Reference, Template, Usage};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source, Span};
use crate::record::Value;
use crate::syntax::Node;

const NAME_IN_TEXT: Code = Code::new("value.name_in_text");

/// A value as meant.
#[derive(Clone, Debug)]
pub struct Expression {
    form: Form,
    options: Options,
    span: Span,
    source: Arc<Source>,
    zone: TimeZone,
    destination: bool,
}

/// What a value is made of.
#[derive(Clone, Debug)]
enum Form {
    Path {
        path: Box<Path>,
        references: Vec<Reference>,
        scalar: Arc<Node>,
        /// How texts are written, where they stand in another language.
        escape: Option<Escape>,
    },
    Template {
        template: Box<Template>,
        scalar: Arc<Node>,
    },
    Literal {
        value: Value,
        /// Names in braces, which may have been meant as fields.
        names: Vec<(Arc<str>, Span)>,
    },
    List(Vec<Expression>),
    Map(Vec<(Arc<str>, Expression)>),
    First(Vec<Expression>),
}

/// What a value is made of, for those who ask what it can be.
#[derive(Clone, Copy, Debug)]
pub enum Kind<'e> {
    /// A path into the record.
    Path(&'e Path),
    /// A template: always text.
    Template(&'e Template),
    /// Itself.
    Literal(&'e Value),
    /// A list built value by value.
    List(&'e [Expression]),
    /// A map built value by value.
    Map(&'e [(Arc<str>, Expression)]),
    /// The first that is not missing.
    First(&'e [Expression]),
}

/// What is to become of a field at a destination.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// It gets this value.
    Set(Value),
    /// It is left alone.
    Keep,
    /// It is emptied.
    Clear,
}

/// A path into the record that a value reads, and where it is written.
#[derive(Clone, Debug)]
pub struct LocatedReference {
    /// What is read; its ranges are of the scalar's text.
    pub reference: Reference,
    scalar: Arc<Node>,
}

impl LocatedReference {
    /// A reference of a scalar's text.
    #[must_use]
    pub const fn new(reference: Reference, scalar: Arc<Node>) -> Self {
        Self { reference, scalar }
    }

    /// The characters of the whole reference in the file.
    #[must_use]
    pub fn span(&self) -> Span {
        locate(&self.scalar, self.reference.range.clone())
    }

    /// The characters of one of its steps in the file; of all of it where there is no such step.
    #[must_use]
    pub fn step_span(&self, step: usize) -> Span {
        match self.reference.steps.get(step) {
            Some(step) => locate(&self.scalar, step.range.clone()),
            None => self.span(),
        }
    }
}

/// Where a range of a scalar's text stands in the file.
fn locate(scalar: &Node, range: std::ops::Range<usize>) -> Span {
    match scalar.as_scalar() {
        Some(written) => written.locate(range),
        None => scalar.span,
    }
}

impl Expression {
    /// What it is made of.
    #[must_use]
    pub fn kind(&self) -> Kind<'_> {
        match &self.form {
            Form::Path { path, .. } => Kind::Path(path),
            Form::Template { template, .. } => Kind::Template(template),
            Form::Literal { value, .. } => Kind::Literal(value),
            Form::List(elements) => Kind::List(elements),
            Form::Map(members) => Kind::Map(members),
            Form::First(choices) => Kind::First(choices),
        }
    }

    /// Its options, as written.
    #[must_use]
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Its characters in the file.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// The zone in which it reads a date alone: the pipeline's.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The file that it stands in.
    #[must_use]
    pub const fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The literal that it is for every record, where it reads nothing of them.
    #[must_use]
    pub fn as_literal(&self) -> Option<&Value> {
        match &self.form {
            Form::Literal { value, .. } if self.options.change_nothing() => Some(value),
            _ => None,
        }
    }

    /// Every path into the record that it reads.
    #[must_use]
    pub fn references(&self) -> Vec<LocatedReference> {
        let mut found = Vec::new();
        self.collect_references(&mut found);
        found
    }

    fn collect_references(&self, found: &mut Vec<LocatedReference>) {
        match &self.form {
            Form::Path {
                references, scalar, ..
            } => found.extend(
                references
                    .iter()
                    .map(|reference| LocatedReference::new(reference.clone(), Arc::clone(scalar))),
            ),
            Form::Template { template, scalar } => {
                found.extend(
                    template.references().iter().map(|reference| {
                        LocatedReference::new(reference.clone(), Arc::clone(scalar))
                    }),
                );
            }
            Form::Literal { .. } => {}
            Form::List(parts) | Form::First(parts) => {
                for part in parts {
                    part.collect_references(found);
                }
            }
            Form::Map(members) => {
                for (_, member) in members {
                    member.collect_references(found);
                }
            }
        }
    }

    /// Warns of literals with a `{NAME}` that names a field of the record.
    pub fn warn_of_names(&self, is_field: &dyn Fn(&str) -> bool, diagnostics: &mut Diagnostics) {
        let mut warn = |names: &[(Arc<str>, Span)]| {
            for (name, span) in names.iter().filter(|(name, _)| is_field(name)) {
                diagnostics.push(
                    Diagnostic::warning(
                        NAME_IN_TEXT,
                        format!("`{{{name}}}` is sent as it stands here"),
                    )
                    .label(*span, "literal text")
                    .help(format!(
                        "did you mean `{{{{{name}}}}}`? what is meant literally stands in `{{ value: … }}`"
                    ))
                    .in_source(&self.source),
                );
            }
        };
        warn(&self.options.names);
        match &self.form {
            Form::Literal { names, .. } => warn(names),
            Form::List(parts) | Form::First(parts) => {
                for part in parts {
                    part.warn_of_names(is_field, diagnostics);
                }
            }
            Form::Map(members) => {
                for (_, member) in members {
                    member.warn_of_names(is_field, diagnostics);
                }
            }
            Form::Path { .. } | Form::Template { .. } => {}
        }
    }

    /// Writes what it takes from the record so that it is safe in another language. Literal text
    /// stays as it is.
    pub fn escape_texts(&mut self, how: Escape) {
        match &mut self.form {
            Form::Path { escape, .. } => *escape = Some(how),
            Form::Template { template, .. } => template.escape_printed(how),
            Form::Literal { .. } => {}
            Form::List(parts) | Form::First(parts) => {
                for part in parts {
                    part.escape_texts(how);
                }
            }
            Form::Map(members) => {
                for (_, member) in members {
                    member.escape_texts(how);
                }
            }
        }
    }
}

/// What a path is read for, by what becomes of it.
fn usage_of(options: &Options) -> Usage {
    let rendered = options.lookup.is_none()
        && options
            .conversion
            .is_some_and(|conversion| conversion.value.rich_text().is_some());
    if rendered {
        Usage::Rendered
    } else {
        Usage::Taken
    }
}

#[cfg(test)]
mod tests;
