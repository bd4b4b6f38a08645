//! Lays our tree beside the handlebars crate's: the same elements in the same order, or the text
//! is not a template. The crate's literal text, white space controlled, becomes ours.

use handlebars::template::{HelperTemplate, Parameter, Template, TemplateElement};

use super::helper::Helper;
use super::scan::SYNTAX;
use super::tree::{Argument, ArgumentKind, BlockKind, Node};
use crate::expression::Problem;
use crate::record::Value;

/// Fills in the literal text.
pub(super) fn pair(text: &str, nodes: &mut Vec<Node>) -> Result<(), Problem> {
    let masked = mask(text, nodes);
    let template = Template::compile(&masked).map_err(|error| {
        let at = match error.pos() {
            Some((line, column)) => offset(text, line, column),
            None => 0,
        };
        let end = text.get(at..).and_then(|rest| rest.chars().next());
        Problem::error(
            SYNTAX,
            "the template is not valid Handlebars",
            at..at + end.map_or(0, char::len_utf8),
            "cannot be read from here on",
        )
    })?;
    *nodes = elements(&template, std::mem::take(nodes)).ok_or_else(|| {
        Problem::error(
            SYNTAX,
            "the template can be read in two ways",
            0..text.len(),
            "expected unambiguous Handlebars",
        )
        .help("put spaces between the words of a tag and quotes around its texts")
    })?;
    Ok(())
}

/// A text that is printed (`{{"…"}}`) is no Handlebars; the crate is shown a name in its place.
fn mask<'t>(text: &'t str, nodes: &[Node]) -> std::borrow::Cow<'t, str> {
    let mut literals = Vec::new();
    printed_literals(nodes, &mut literals);
    if literals.is_empty() {
        return text.into();
    }
    let mut masked = String::with_capacity(text.len());
    let mut end = 0;
    for range in literals {
        masked.push_str(text.get(end..range.start).unwrap_or_default());
        masked.extend(std::iter::repeat_n('x', range.len()));
        end = range.end;
    }
    masked.push_str(text.get(end..).unwrap_or_default());
    masked.into()
}

fn printed_literals(nodes: &[Node], found: &mut Vec<std::ops::Range<usize>>) {
    for node in nodes {
        match node {
            Node::Print(argument) if matches!(argument.kind, ArgumentKind::Literal(_)) => {
                found.push(argument.range.clone());
            }
            Node::Block(block) => {
                printed_literals(&block.body, found);
                printed_literals(&block.inverse, found);
            }
            _ => {}
        }
    }
}

/// The byte of a line and column, both from 1, columns in characters.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let mut start = 0;
    for (index, one) in text.split_inclusive('\n').enumerate() {
        if index + 1 == line {
            let inside = one
                .char_indices()
                .nth(column.saturating_sub(1))
                .map_or(one.len(), |(offset, _)| offset);
            return start + inside;
        }
        start += one.len();
    }
    text.len()
}

fn elements(template: &Template, nodes: Vec<Node>) -> Option<Vec<Node>> {
    let mut nodes = nodes.into_iter();
    let mut paired: Vec<Node> = Vec::with_capacity(template.elements.len());
    for element in &template.elements {
        match element {
            TemplateElement::RawString(text) => match paired.last_mut() {
                Some(Node::Text(before)) => before.push_str(text),
                _ => paired.push(Node::Text(text.clone())),
            },
            TemplateElement::Comment(_) => match nodes.next()? {
                Node::Comment => {}
                _ => return None,
            },
            TemplateElement::Expression(theirs) | TemplateElement::HtmlExpression(theirs) => {
                match nodes.next()? {
                    Node::Print(ours) if prints(theirs, &ours) => paired.push(Node::Print(ours)),
                    _ => return None,
                }
            }
            TemplateElement::HelperBlock(theirs) => match nodes.next()? {
                Node::Block(mut ours) => {
                    let [subject] = theirs.params.as_slice() else {
                        return None;
                    };
                    let same = theirs.name.as_name().and_then(BlockKind::named) == Some(ours.kind)
                        && theirs.hash.is_empty()
                        && same(subject, &ours.subject);
                    if !same {
                        return None;
                    }
                    ours.body = within(theirs.template.as_ref(), ours.body)?;
                    ours.inverse = within(theirs.inverse.as_ref(), ours.inverse)?;
                    paired.push(Node::Block(ours));
                }
                _ => return None,
            },
            _ => return None,
        }
    }
    nodes.next().is_none().then_some(paired)
}

fn within(template: Option<&Template>, nodes: Vec<Node>) -> Option<Vec<Node>> {
    match template {
        Some(template) => elements(template, nodes),
        None => nodes.is_empty().then_some(nodes),
    }
}

fn prints(theirs: &HelperTemplate, ours: &Argument) -> bool {
    match (&ours.kind, &theirs.name) {
        (ArgumentKind::Literal(_), Parameter::Name(_) | Parameter::Path(_)) => {
            theirs.params.is_empty()
        }
        (ArgumentKind::Name(name), Parameter::Name(_) | Parameter::Path(_)) => {
            theirs.params.is_empty() && theirs.name.as_name() == Some(&*name.written)
        }
        (ArgumentKind::Call(..), Parameter::Subexpression(_)) if theirs.params.is_empty() => {
            same(&theirs.name, ours)
        }
        (ArgumentKind::Call(helper, arguments), name) => {
            theirs.hash.is_empty() && called(name, &theirs.params, *helper, arguments)
        }
        _ => false,
    }
}

fn called(name: &Parameter, theirs: &[Parameter], helper: Helper, ours: &[Argument]) -> bool {
    name.as_name() == Some(helper.name())
        && theirs.len() == ours.len()
        && theirs
            .iter()
            .zip(ours)
            .all(|(theirs, ours)| same(theirs, ours))
}

fn same(theirs: &Parameter, ours: &Argument) -> bool {
    match (theirs, &ours.kind) {
        (Parameter::Name(theirs), ArgumentKind::Name(ours)) => **theirs == *ours.written,
        (Parameter::Path(_), ArgumentKind::Name(ours)) => theirs.as_name() == Some(&*ours.written),
        (Parameter::Literal(theirs), ArgumentKind::Literal(ours)) => {
            Value::from(theirs.clone()) == *ours
        }
        (Parameter::Subexpression(theirs), ArgumentKind::Call(helper, ours)) => {
            match theirs.as_element() {
                TemplateElement::Expression(theirs) => {
                    theirs.hash.is_empty() && called(&theirs.name, &theirs.params, *helper, ours)
                }
                _ => false,
            }
        }
        _ => false,
    }
}
