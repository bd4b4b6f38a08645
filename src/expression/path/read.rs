//! What queries read, and the literals in them.

use std::sync::Arc;

use super::mistakes;
use super::tree::{Logical, Operand, PatternOperand, Query, Root, Segment, SelectorKind};
use crate::expression::regexp::Pattern;
use crate::expression::{Problem, Reference, Step, StepKind, Usage};
use crate::record::Value;

/// Adds what a query reads: its own steps, then those of its filters. `current` are the steps to
/// what `@` stands for. Answers how many of them say what the query selects: one for each name
/// that it ends in.
pub(in crate::expression) fn references_of(
    query: &Query,
    current: &[Step],
    usage: Usage,
    found: &mut Vec<Reference>,
) -> usize {
    let mut steps = match query.root {
        Root::Record => Vec::new(),
        Root::Current => current.to_vec(),
    };
    let reference = |steps: &[Step], last: Option<Step>, usage| Reference {
        steps: steps.iter().cloned().chain(last).collect(),
        usage,
        range: query.range.clone(),
    };
    let mut asked = Vec::new();
    let mut rest = query.segments.as_slice();
    while let [segment, after @ ..] = rest {
        let names = alternatives(segment);
        if after.is_empty() && !names.is_empty() && names.len() == segment.selectors.len() {
            let names = names.into_iter();
            found.extend(names.map(|name| reference(&steps, Some(name), usage)));
            found.extend(asked);
            return segment.selectors.len();
        }
        let names = names.into_iter();
        asked.extend(names.map(|name| reference(&steps, Some(name), Usage::Tested)));
        push_step(segment, &mut steps);
        for selector in &segment.selectors {
            if let SelectorKind::Filter(logical) = &selector.kind {
                references_in(logical, &steps, &mut asked);
            }
        }
        rest = after;
    }
    found.push(reference(&steps, None, usage));
    found.extend(asked);
    1
}

/// The names among several selectors of a segment: each is a step of its own.
fn alternatives(segment: &Segment) -> Vec<Step> {
    if segment.descendant || segment.selectors.len() < 2 {
        return Vec::new();
    }
    let selectors = segment.selectors.iter();
    selectors
        .filter_map(|selector| match &selector.kind {
            SelectorKind::Name(name) => Some(Step {
                kind: StepKind::Name(Arc::clone(name)),
                range: selector.range.clone(),
            }),
            _ => None,
        })
        .collect()
}

fn push_step(segment: &Segment, steps: &mut Vec<Step>) {
    let range = match segment.selectors.as_slice() {
        [only] => only.range.clone(),
        [first, .., last] => first.range.start..last.range.end,
        [] => 0..0,
    };
    if segment.descendant {
        steps.push(Step {
            kind: StepKind::Descendants,
            range,
        });
        return;
    }
    let kind = match segment.selectors.as_slice() {
        [only] => match &only.kind {
            SelectorKind::Name(name) => StepKind::Name(Arc::clone(name)),
            SelectorKind::Index(index) => StepKind::Index(*index),
            _ => StepKind::Each,
        },
        _ => StepKind::Each,
    };
    steps.push(Step { kind, range });
}

/// Adds what a filter's expression reads.
pub(in crate::expression) fn references_in(
    logical: &Logical,
    current: &[Step],
    found: &mut Vec<Reference>,
) {
    match logical {
        Logical::Or(parts) | Logical::And(parts) => {
            for part in parts {
                references_in(part, current, found);
            }
        }
        Logical::Not(inner) => references_in(inner, current, found),
        Logical::Exists(query) => {
            references_of(query, current, Usage::Tested, found);
        }
        Logical::Matches(matching) => {
            operand(&matching.text, current, found);
            if let PatternOperand::Found(pattern, _) = &matching.pattern {
                operand(pattern, current, found);
            }
        }
        Logical::Compare(comparison) => {
            operand(&comparison.left, current, found);
            operand(&comparison.right, current, found);
        }
    }
}

fn operand(operand: &Operand, current: &[Step], found: &mut Vec<Reference>) {
    match operand {
        Operand::Literal { .. } => {}
        Operand::Length(inner) => self::operand(inner, current, found),
        Operand::Singular(query) | Operand::Count(query) | Operand::Value(query) => {
            references_of(query, current, Usage::Taken, found);
        }
    }
}

/// Replaces the text of string literals and of names in quotes; answers what is no pattern then.
pub(in crate::expression) fn replace_in(
    logical: &mut Logical,
    replace: &mut dyn FnMut(&str) -> String,
    problems: &mut Vec<Problem>,
) {
    match logical {
        Logical::Or(parts) | Logical::And(parts) => {
            for part in parts {
                replace_in(part, replace, problems);
            }
        }
        Logical::Not(inner) => replace_in(inner, replace, problems),
        Logical::Exists(query) => replace_in_query(query, replace, problems),
        Logical::Matches(matching) => {
            replace_in_operand(&mut matching.text, replace, problems);
            match &mut matching.pattern {
                PatternOperand::Found(found, _) => replace_in_operand(found, replace, problems),
                PatternOperand::Literal {
                    pattern,
                    text,
                    range,
                } if is_replaced(text) => {
                    *text = replace(text).into();
                    *pattern = Pattern::written(text, matching.whole).ok();
                    if pattern.is_none() {
                        problems.push(*mistakes::replaced_pattern(range.clone()));
                    }
                }
                PatternOperand::Literal { .. } => {}
            }
        }
        Logical::Compare(comparison) => {
            replace_in_operand(&mut comparison.left, replace, problems);
            replace_in_operand(&mut comparison.right, replace, problems);
        }
    }
}

fn replace_in_operand(
    operand: &mut Operand,
    replace: &mut dyn FnMut(&str) -> String,
    problems: &mut Vec<Problem>,
) {
    match operand {
        Operand::Literal { value } => {
            if let Value::String(text) = value
                && is_replaced(text)
            {
                *value = replace(text).into();
            }
        }
        Operand::Length(inner) => replace_in_operand(inner, replace, problems),
        Operand::Singular(query) | Operand::Count(query) | Operand::Value(query) => {
            replace_in_query(query, replace, problems);
        }
    }
}

/// The same for a query.
pub(super) fn replace_in_query(
    query: &mut Query,
    replace: &mut dyn FnMut(&str) -> String,
    problems: &mut Vec<Problem>,
) {
    for segment in &mut query.segments {
        for selector in &mut segment.selectors {
            match &mut selector.kind {
                SelectorKind::Name(name) if is_replaced(name) => *name = replace(name).into(),
                SelectorKind::Filter(logical) => replace_in(logical, replace, problems),
                _ => {}
            }
        }
    }
}

/// True for a text that holds a `${…}`, which is not yet what it will be.
pub(super) fn is_replaced(text: &str) -> bool {
    text.contains("${")
}
