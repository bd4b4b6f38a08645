//! What a scalar, list or map of a file means as a value.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::literal::{literal, names_in_braces, warn_of_path};
use super::long_form::{FORMS, long_form};
use super::options::Options;
use super::{Expression, Form, locate, usage_of};
use crate::config::Strings;
use crate::diagnostic::{Diagnostics, Source, Span};
use crate::expression::{Path, Problem, Template, Usage};
use crate::syntax::{Kind, Node, Scalar, ScalarValue};

/// What compiling values needs to know, and where their mistakes go.
#[derive(Debug)]
pub struct Compiling<'c> {
    /// The file.
    pub source: &'c Arc<Source>,
    /// What `${…}` stands for.
    pub strings: &'c Strings,
    /// The pipeline's zone.
    pub zone: TimeZone,
    /// What the values are for.
    pub place: Place,
    /// The mistakes.
    pub diagnostics: &'c mut Diagnostics,
}

/// What a value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A field of a record: null stays null, and `if_missing` has no meaning.
    Transform,
    /// A field of a destination, which a missing value leaves alone or empties.
    Destination,
    /// An identity or a property of an event: what is missing is left out, `if_missing` is an
    /// error.
    LeftOut,
}

/// What the text of a scalar makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Classified {
    Path,
    Template,
    Literal,
}

/// Decided on the text of the file: what was put in for `${…}` is never more than a literal.
pub(super) fn classify(scalar: &Scalar) -> Classified {
    let text = &*scalar.text;
    if scalar.replaced || scalar.value != ScalarValue::Text {
        Classified::Literal
    } else if text == "$" || text.starts_with("$.") || text.starts_with("$[") {
        Classified::Path
    } else if text.contains("{{") {
        Classified::Template
    } else {
        Classified::Literal
    }
}

impl Expression {
    /// Compiles a value; none where it has a mistake, which is then among the diagnostics.
    pub fn compile(node: &Arc<Node>, compiling: &mut Compiling<'_>) -> Option<Self> {
        value(node, compiling, true)
    }
}

/// `outermost`: it is the whole value of a field, not a part of one.
pub(super) fn value(
    node: &Arc<Node>,
    compiling: &mut Compiling<'_>,
    outermost: bool,
) -> Option<Expression> {
    match &node.kind {
        Kind::Scalar(scalar) => {
            let form = match classify(scalar) {
                Classified::Path => path(node, scalar, compiling),
                Classified::Template => template(node, scalar, compiling),
                Classified::Literal => {
                    warn_of_path(node, scalar, compiling);
                    Some(Form::Literal {
                        value: literal(node, compiling),
                        names: names_in_braces(scalar),
                    })
                }
            }?;
            Some(expression(form, Options::default(), node.span, compiling))
        }
        Kind::List(elements) => {
            let parts: Vec<_> = elements
                .iter()
                .map(|element| value(element, compiling, false))
                .collect();
            let parts = parts.into_iter().collect::<Option<Vec<_>>>()?;
            Some(expression(
                Form::List(parts),
                Options::default(),
                node.span,
                compiling,
            ))
        }
        Kind::Map(entries) => {
            if is_put_in(node) {
                let form = Form::Literal {
                    value: literal(node, compiling),
                    names: Vec::new(),
                };
                return Some(expression(form, Options::default(), node.span, compiling));
            }
            if entries
                .iter()
                .any(|entry| FORMS.contains(&&*entry.key.value))
            {
                return long_form(node, entries, compiling, outermost);
            }
            let members: Vec<_> = entries
                .iter()
                .map(|entry| {
                    let member = value(&entry.value, compiling, false)?;
                    Some((Arc::clone(&entry.key.value), member))
                })
                .collect();
            let members = members.into_iter().collect::<Option<Vec<_>>>()?;
            Some(expression(
                Form::Map(members),
                Options::default(),
                node.span,
                compiling,
            ))
        }
    }
}

/// True for the map that a variable stands for, which is never a value with options: all of it
/// stands where the variable is named.
fn is_put_in(node: &Node) -> bool {
    match &node.kind {
        Kind::Scalar(scalar) => scalar.replaced,
        Kind::List(elements) => elements.iter().all(|element| is_put_in(element)),
        Kind::Map(entries) => entries
            .iter()
            .all(|entry| entry.key.span == node.span && is_put_in(&entry.value)),
    }
}

pub(super) fn expression(
    form: Form,
    options: Options,
    span: Span,
    compiling: &Compiling<'_>,
) -> Expression {
    let mut form = form;
    if let Form::Path { references, .. } = &mut form {
        let usage = usage_of(&options);
        // What filters ask for keeps its own usage.
        for reference in references
            .iter_mut()
            .filter(|one| one.usage == Usage::Taken)
        {
            reference.usage = usage;
        }
    }
    Expression {
        form,
        options,
        span,
        source: Arc::clone(compiling.source),
        zone: compiling.zone.clone(),
        destination: compiling.place != Place::Transform,
    }
}

pub(super) fn path(
    node: &Arc<Node>,
    scalar: &Scalar,
    compiling: &mut Compiling<'_>,
) -> Option<Form> {
    match Path::parse(&scalar.text) {
        Ok(mut path) => {
            let problems = path.replace_literals(|text| compiling.strings.expand(text).text);
            report(problems, node, compiling);
            Some(Form::Path {
                references: path.references().to_vec(),
                path: Box::new(path),
                scalar: Arc::clone(node),
                escape: None,
            })
        }
        Err(problems) => {
            report(problems, node, compiling);
            None
        }
    }
}

pub(super) fn template(
    node: &Arc<Node>,
    scalar: &Scalar,
    compiling: &mut Compiling<'_>,
) -> Option<Form> {
    match Template::parse(&scalar.text) {
        Ok(mut template) => {
            template.replace_text(|text| compiling.strings.expand(text).text.into());
            Some(Form::Template {
                template: Box::new(template),
                scalar: Arc::clone(node),
            })
        }
        Err(problems) => {
            report(problems, node, compiling);
            None
        }
    }
}

fn report(problems: Vec<Problem>, node: &Node, compiling: &mut Compiling<'_>) {
    for problem in problems {
        let diagnostic = problem
            .locate(|range| locate(node, range))
            .in_source(compiling.source);
        compiling.diagnostics.push(diagnostic);
    }
}
