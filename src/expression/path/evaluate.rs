//! Asking a record: no recursion over its depth, no copies of what is only looked at.

use std::sync::Arc;

use super::tree::{
    Comparison, Logical, Matching, Operand, Operator, PatternOperand, Query, Root, Segment,
    Selector, SelectorKind,
};
use crate::record::{Number, Value};

/// How a value was reached, where somebody wants to know.
pub(super) trait Trail: Clone {
    /// Into a member.
    fn member(&self, name: &Arc<str>) -> Self;
    /// Into an element.
    fn element(&self, index: usize) -> Self;
}

impl Trail for () {
    fn member(&self, _: &Arc<str>) {}
    fn element(&self, _: usize) {}
}

/// What filters ask: the record and the value that they judge.
#[derive(Clone, Copy)]
pub(in crate::expression) struct Scope<'v> {
    pub(in crate::expression) record: &'v Value,
    pub(in crate::expression) current: &'v Value,
    /// A path alone asks for something that is not null: the conditions' one deviation.
    pub(in crate::expression) null_is_missing: bool,
}

/// The value that a singular query selects.
pub(super) fn singular(query: &Query, scope: Scope<'_>) -> Option<Value> {
    let mut owned: Value;
    let mut value = root(query, scope);
    for segment in &query.segments {
        let [selector] = segment.selectors.as_slice() else {
            return None;
        };
        if let Value::Raw(json) = value {
            owned = Value::from_json(json).ok()?;
            // What was raw is a tree of its own from here on.
            return singular_owned(&mut owned, query, segment, scope);
        }
        value = step(value, &selector.kind)?;
    }
    Some(value.clone())
}

fn singular_owned(tree: &mut Value, query: &Query, from: &Segment, _: Scope<'_>) -> Option<Value> {
    let rest = query
        .segments
        .iter()
        .skip_while(|segment| !std::ptr::eq(*segment, from));
    let mut value = std::mem::take(tree);
    for segment in rest {
        if let Value::Raw(json) = &value {
            value = Value::from_json(json).ok()?;
        }
        value = step(&value, &segment.selectors.first()?.kind)?.clone();
    }
    Some(value)
}

fn step<'v>(value: &'v Value, selector: &SelectorKind) -> Option<&'v Value> {
    match (selector, value) {
        (SelectorKind::Name(name), Value::Object(members)) => members.get(name),
        (SelectorKind::Index(index), Value::Array(elements)) => {
            elements.get(position(*index, elements.len())?)
        }
        _ => None,
    }
}

fn position(index: i64, length: usize) -> Option<usize> {
    if index >= 0 {
        usize::try_from(index).ok()
    } else {
        length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
    }
}

const fn root<'v>(query: &Query, scope: Scope<'v>) -> &'v Value {
    match query.root {
        Root::Record => scope.record,
        Root::Current => scope.current,
    }
}

/// Everything that a query selects, in order.
pub(super) fn select<T: Trail>(query: &Query, scope: Scope<'_>, start: T) -> Vec<(Value, T)> {
    let mut nodes = vec![(root(query, scope).clone(), start)];
    for segment in &query.segments {
        let mut found = Vec::new();
        for (value, trail) in nodes {
            if segment.descendant {
                descend(value, trail, &segment.selectors, scope, &mut found);
            } else {
                let value = opened(value);
                for selector in &segment.selectors {
                    apply(&value, &trail, selector, scope, &mut found);
                }
            }
        }
        nodes = found;
    }
    nodes
}

/// Raw text is read into a tree before it is looked into.
fn opened(value: Value) -> Value {
    match &value {
        Value::Raw(json) => Value::from_json(json).unwrap_or(value),
        _ => value,
    }
}

/// The value and all below it, parents first, on a stack of its own.
fn descend<T: Trail>(
    value: Value,
    trail: T,
    selectors: &[Selector],
    scope: Scope<'_>,
    found: &mut Vec<(Value, T)>,
) {
    let mut stack = vec![(value, trail)];
    while let Some((value, trail)) = stack.pop() {
        if let Value::Raw(json) = &value
            && !may_hold(json, selectors)
        {
            continue;
        }
        let value = opened(value);
        for selector in selectors {
            apply(&value, &trail, selector, scope, found);
        }
        match &value {
            Value::Array(elements) => {
                let inner = elements.iter().enumerate().rev();
                stack.extend(
                    inner
                        .filter(|(_, element)| is_collection(element))
                        .map(|(index, element)| (element.clone(), trail.element(index))),
                );
            }
            Value::Object(members) => {
                let from = stack.len();
                let inner = members.iter().filter(|(_, member)| is_collection(member));
                stack.extend(inner.map(|(name, member)| (member.clone(), trail.member(name))));
                if let Some(pushed) = stack.get_mut(from..) {
                    pushed.reverse();
                }
            }
            _ => {}
        }
    }
}

/// False where only members are asked for and the raw text holds none of those names: then it is
/// not read at all, which matters for rich text and for what is nested without an end.
fn may_hold(json: &str, selectors: &[Selector]) -> bool {
    selectors.iter().any(|selector| match &selector.kind {
        // A name may be written with escapes.
        SelectorKind::Name(name) => json.contains(&**name) || json.contains('\\'),
        _ => true,
    })
}

const fn is_collection(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Object(_) | Value::Raw(_))
}

fn apply<T: Trail>(
    value: &Value,
    trail: &T,
    selector: &Selector,
    scope: Scope<'_>,
    found: &mut Vec<(Value, T)>,
) {
    match (&selector.kind, value) {
        (SelectorKind::Name(name), Value::Object(members)) => {
            if let Some(member) = members.get(name) {
                found.push((member.clone(), trail.member(name)));
            }
        }
        (SelectorKind::Index(index), Value::Array(elements)) => {
            if let Some(at) = position(*index, elements.len())
                && let Some(element) = elements.get(at)
            {
                found.push((element.clone(), trail.element(at)));
            }
        }
        (SelectorKind::Wildcard, Value::Array(elements)) => {
            found.extend(
                elements
                    .iter()
                    .enumerate()
                    .map(|(at, element)| (element.clone(), trail.element(at))),
            );
        }
        (SelectorKind::Wildcard, Value::Object(members)) => {
            found.extend(
                members
                    .iter()
                    .map(|(name, member)| (member.clone(), trail.member(name))),
            );
        }
        (SelectorKind::Slice { start, end, step }, Value::Array(elements)) => {
            for at in slice(*start, *end, *step, elements.len()) {
                if let Some(element) = elements.get(at) {
                    found.push((element.clone(), trail.element(at)));
                }
            }
        }
        (SelectorKind::Filter(logical), Value::Array(elements)) => {
            for (at, element) in elements.iter().enumerate() {
                if holds(
                    logical,
                    Scope {
                        current: element,
                        null_is_missing: false,
                        ..scope
                    },
                ) {
                    found.push((element.clone(), trail.element(at)));
                }
            }
        }
        (SelectorKind::Filter(logical), Value::Object(members)) => {
            for (name, member) in members.iter() {
                if holds(
                    logical,
                    Scope {
                        current: member,
                        null_is_missing: false,
                        ..scope
                    },
                ) {
                    found.push((member.clone(), trail.member(name)));
                }
            }
        }
        _ => {}
    }
}

/// The positions of a slice, RFC 9535 section 2.3.4.2.
fn slice(start: Option<i64>, end: Option<i64>, step: i64, length: usize) -> Vec<usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let normal = |index: i64| if index >= 0 { index } else { length + index };
    let mut positions = Vec::new();
    if step > 0 {
        let mut at = normal(start.unwrap_or(0)).clamp(0, length);
        let upper = normal(end.unwrap_or(length)).clamp(0, length);
        while at < upper {
            positions.extend(usize::try_from(at));
            at = at.saturating_add(step);
        }
    } else if step < 0 {
        let mut at = normal(start.unwrap_or(length - 1)).clamp(-1, length - 1);
        let lower = end.map_or(-1, |end| normal(end).clamp(-1, length - 1));
        while at > lower {
            positions.extend(usize::try_from(at));
            at = at.saturating_add(step);
        }
    }
    positions
}

/// True where a filter's expression holds.
pub(in crate::expression) fn holds(logical: &Logical, scope: Scope<'_>) -> bool {
    match logical {
        Logical::Or(parts) => parts.iter().any(|part| holds(part, scope)),
        Logical::And(parts) => parts.iter().all(|part| holds(part, scope)),
        Logical::Not(inner) => !holds(inner, scope),
        Logical::Exists(query) => exists(query, scope),
        Logical::Matches(matching) => matches(matching, scope),
        Logical::Compare(comparison) => compare(comparison, scope),
    }
}

fn exists(query: &Query, scope: Scope<'_>) -> bool {
    let counts = |value: &Value| !(scope.null_is_missing && value.is_null());
    if query.is_singular() {
        return singular(query, scope).is_some_and(|value| counts(&value));
    }
    select(query, scope, ())
        .iter()
        .any(|(value, ())| counts(value))
}

fn matches(matching: &Matching, scope: Scope<'_>) -> bool {
    let Some(text) = operand(&matching.text, scope) else {
        return false;
    };
    let Some(text) = text.as_str() else {
        return false;
    };
    match &matching.pattern {
        PatternOperand::Literal { pattern, .. } => pattern
            .as_ref()
            .is_some_and(|pattern| pattern.matches(text)),
        PatternOperand::Found(found, cache) => match operand(found, scope) {
            Some(Value::String(pattern)) => cache.matches(&pattern, matching.whole, text),
            _ => false,
        },
    }
}

fn operand(operand: &Operand, scope: Scope<'_>) -> Option<Value> {
    match operand {
        Operand::Literal { value, .. } => Some(value.clone()),
        Operand::Singular(query) => singular(query, scope),
        Operand::Length(of) => {
            let length = match opened(self::operand(of, scope)?) {
                Value::String(text) => text.chars().count(),
                Value::Array(elements) => elements.len(),
                Value::Object(members) => members.len(),
                _ => return None,
            };
            Some(Value::Number(Number::from(length as u64)))
        }
        Operand::Count(query) => Some(Value::Number(Number::from(
            select(query, scope, ()).len() as u64
        ))),
        Operand::Value(query) => {
            let mut nodes = select(query, scope, ());
            let only = nodes.pop()?;
            nodes.is_empty().then_some(only.0)
        }
    }
}

fn compare(comparison: &Comparison, scope: Scope<'_>) -> bool {
    let left = operand(&comparison.left, scope);
    let right = operand(&comparison.right, scope);
    match comparison.operator {
        Operator::Equal => left == right,
        Operator::NotEqual => left != right,
        Operator::Less => less(left.as_ref(), right.as_ref()),
        Operator::Greater => less(right.as_ref(), left.as_ref()),
        Operator::LessOrEqual => less(left.as_ref(), right.as_ref()) || left == right,
        Operator::GreaterOrEqual => less(right.as_ref(), left.as_ref()) || left == right,
    }
}

fn less(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(Value::Number(left)), Some(Value::Number(right))) => left < right,
        // Unicode scalar values are ordered as their UTF-8 bytes are.
        (Some(Value::String(left)), Some(Value::String(right))) => left < right,
        _ => false,
    }
}
