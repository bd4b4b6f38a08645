//! Whether a value can be what it is for, as far as that is known before a record is read.

use super::check;
use crate::config::{Attribute, AttributeType};
use crate::diagnostic::Span;
use crate::expression::conversion::read_time;
use crate::expression::{Expression, Kind};
use crate::record::Value;
use crate::shape::{Kinds, Shape};

/// What a value is for takes.
pub(super) struct Wanted<'w> {
    /// The kinds that it takes.
    pub(super) kinds: Kinds,
    /// Of these, whether it takes this value.
    pub(super) fits: &'w dyn Fn(&Value) -> bool,
    /// Where it takes a list: whether it takes this as an element.
    pub(super) element: Option<&'w dyn Fn(&Value) -> bool>,
}

/// Adds the parts of a value that the attribute can never take, each with what it is instead.
pub(super) fn unfit_attribute(
    expression: &Expression,
    attribute: &Attribute,
    record: &Shape,
    found: &mut Vec<(Span, String)>,
) {
    let kinds = match attribute.kind {
        AttributeType::Text => Kinds::SCALAR,
        AttributeType::Number => Kinds::NUMBER,
        AttributeType::Boolean => Kinds::BOOLEAN,
        AttributeType::Date | AttributeType::Category => Kinds::TEXT.union(Kinds::NUMBER),
        AttributeType::MultipleChoice => Kinds::LIST,
    };
    let element = |value: &Value| is_label(value, attribute);
    let wanted = Wanted {
        kinds,
        fits: &|value| fits(value, attribute),
        element: (attribute.kind == AttributeType::MultipleChoice).then_some(&element),
    };
    unfit(expression, &wanted, record, found);
}

/// Adds the parts of a value that can never be what is wanted, each with what it is instead.
pub(super) fn unfit(
    expression: &Expression,
    wanted: &Wanted<'_>,
    record: &Shape,
    found: &mut Vec<(Span, String)>,
) {
    let options = expression.options();
    let before = found.len();
    let mut refuse = |value: &Value, span: Span| {
        found.push((span, said(value, span, expression)));
    };
    let fits = |value: &Value| value.is_null() || (wanted.fits)(value);
    if let Some(default) = &options.default
        && !fits(&default.value)
    {
        refuse(&default.value, default.span);
    }
    if options.conversion.is_none() {
        match (&options.lookup, expression.kind()) {
            (Some(lookup), _) => {
                for (_, to) in lookup.rows() {
                    let as_element = wanted.element.is_some_and(|element| element(&to.value));
                    if !fits(&to.value) && !as_element {
                        refuse(&to.value, to.span);
                    }
                }
            }
            (None, Kind::First(choices)) => {
                for choice in choices {
                    unfit(choice, wanted, record, found);
                }
                return;
            }
            (None, Kind::Literal(value)) => {
                if !fits(value) {
                    refuse(value, expression.span());
                }
                return;
            }
            (None, Kind::List(elements)) if wanted.element.is_some() => {
                for element in elements {
                    unfit_element(element, wanted, record, found);
                }
                return;
            }
            _ => {}
        }
    }
    if found.len() > before {
        return;
    }
    let shape = check::shape_without_default(expression, record);
    if let Some(reason) = never_fits(&shape, wanted) {
        found.push((smallest(expression), reason));
    }
}

/// The same for an element of a list.
fn unfit_element(
    element: &Expression,
    wanted: &Wanted<'_>,
    record: &Shape,
    found: &mut Vec<(Span, String)>,
) {
    if let (Some(value), Some(fits)) = (element.as_literal(), wanted.element) {
        if !fits(value) {
            let span = element.span();
            found.push((span, said(value, span, element)));
        }
        return;
    }
    let kinds = check::shape_of(element, record).kinds.without(Kinds::NULL);
    if kinds != Kinds::NONE && kinds.is_disjoint(Kinds::TEXT) {
        found.push((smallest(element), kinds.to_string()));
    }
}

/// What makes the value what it is: the conversion, else the path.
fn smallest(expression: &Expression) -> Span {
    match (&expression.options().conversion, expression.kind()) {
        (Some(conversion), _) => conversion.span,
        (None, Kind::Path(_)) if expression.options().lookup.is_none() => expression
            .references()
            .first()
            .map_or_else(|| expression.span(), |path| path.span()),
        _ => expression.span(),
    }
}

/// A value in a message; never one that was put in for a `${…}`.
fn said(value: &Value, span: Span, expression: &Expression) -> String {
    let from_outside = expression.source().slice(span).contains("${");
    match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) if !from_outside => value.to_json(),
        _ => value.kind().to_owned(),
    }
}

fn fits(value: &Value, attribute: &Attribute) -> bool {
    match (attribute.kind, value) {
        (_, Value::Null) => true,
        (AttributeType::Text, value) => !matches!(value, Value::Array(_) | Value::Object(_)),
        (AttributeType::Number, value) => matches!(value, Value::Number(_)),
        (AttributeType::Boolean, value) => matches!(value, Value::Bool(_)),
        (AttributeType::Date, Value::String(_) | Value::Number(_)) => {
            read_time(value, &jiff::tz::TimeZone::UTC).is_ok()
        }
        (AttributeType::Category, value) => is_label(value, attribute),
        (AttributeType::MultipleChoice, Value::Array(elements)) => {
            elements.iter().all(|one| is_label(one, attribute))
        }
        (AttributeType::Date | AttributeType::MultipleChoice, _) => false,
    }
}

fn is_label(value: &Value, attribute: &Attribute) -> bool {
    let labels = attribute.values.as_ref();
    let known = |text: &str| labels.is_none_or(|labels| labels.iter().any(|one| one == text));
    match value {
        Value::String(text) => known(text),
        Value::Number(_) if attribute.kind == AttributeType::Category => known(&value.to_json()),
        _ => false,
    }
}

/// What the value is instead, where it can never be what is wanted.
fn never_fits(shape: &Shape, wanted: &Wanted<'_>) -> Option<String> {
    let kinds = shape.kinds.without(Kinds::NULL);
    if kinds == Kinds::NONE {
        return None;
    }
    if kinds.is_disjoint(wanted.kinds) {
        return Some(kinds.to_string());
    }
    // Where one of them fits, it is left open which one a record has.
    let values = shape.values.as_deref()?;
    let open = values.iter().any(|value| (wanted.fits)(value));
    values.first().filter(|_| !open).map(Value::to_json)
}
