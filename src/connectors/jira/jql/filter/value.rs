//! Values of Jira's fields, compared as JQL compares them.

use std::cmp::Ordering;

use jiff::tz::TimeZone;

use super::{Answer, Sort, View, Wanted};
use crate::adf::{self, Format};
use crate::connectors::jira::jql::tree::Operator;
use crate::expression::conversion::read_time;
use crate::record::Value;

/// A value of a field, or one of several.
pub(super) struct Held<'v> {
    pub(super) value: &'v Value,
    pub(super) sort: Sort,
}

/// True for what JQL calls empty.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Raw(json) => &**json == "[]",
        _ => false,
    }
}

/// How a value of a custom field is compared, by what it is and what it is compared with.
pub(super) fn sort(value: &Value, wanted: &[Wanted]) -> Sort {
    let first = value.as_array().and_then(|elements| elements.first());
    match first.unwrap_or(value) {
        Value::Number(_) => Sort::Number,
        Value::Object(members) if members.get("accountId").is_some() => Sort::Person,
        Value::String(text) => {
            let timed = wanted.iter().any(|wanted| match wanted {
                Wanted::Moment(_) => true,
                Wanted::Text(text) => super::super::dates::Literal::read(text, true).is_some(),
                _ => false,
            });
            let is_time = read_time(&Value::String(text.clone()), &TimeZone::UTC).is_ok();
            match (timed && is_time, text.contains('T')) {
                (true, true) => Sort::Time,
                (true, false) => Sort::Day,
                (false, _) => Sort::Name,
            }
        }
        _ => Sort::Name,
    }
}

/// Whether a value compares so with what is wanted.
pub(super) fn compare(
    held: &Held<'_>,
    operator: Operator,
    wanted: &Wanted,
    view: &dyn View,
) -> Answer {
    match held.sort {
        Sort::Time => time(held.value, operator, wanted, view),
        Sort::Day => day(held.value, operator, wanted, view),
        Sort::Number => number(held.value, operator, wanted),
        Sort::Person => match wanted {
            Wanted::CurrentUser => match view.current_user() {
                Some(user) => Answer::of(member(held.value, "accountId") == Some(user)),
                None => Answer::CannotTell,
            },
            Wanted::Text(text) => person(held.value, text),
            _ => Answer::CannotTell,
        },
        Sort::Name | Sort::Text => match wanted {
            Wanted::Text(_) if operator.orders() => Answer::CannotTell,
            Wanted::Text(text) => name(held.value, text),
            _ => Answer::CannotTell,
        },
    }
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// A user by id, name or address. An address that the record hides may be the one.
fn person(value: &Value, text: &str) -> Answer {
    let is = |name| member(value, name).is_some_and(|member| same(member, text));
    if is("accountId") || is("displayName") || is("emailAddress") {
        Answer::Yes
    } else if text.contains('@') && member(value, "emailAddress").is_none() {
        Answer::CannotTell
    } else {
        Answer::No
    }
}

/// A choice by name, key or id; a text by itself.
fn name(value: &Value, text: &str) -> Answer {
    match value {
        Value::String(held) => Answer::of(same(held, text)),
        Value::Number(number) => Answer::of(number.to_string() == text),
        Value::Object(members) => {
            let mut known = false;
            for part in ["name", "value", "key", "id"] {
                match members.get(part) {
                    Some(Value::String(held)) => {
                        known = true;
                        if same(held, text) {
                            return Answer::Yes;
                        }
                    }
                    Some(Value::Number(number)) => {
                        known = true;
                        if number.to_string() == text {
                            return Answer::Yes;
                        }
                    }
                    _ => {}
                }
            }
            let child = members.get("child").map(|child| name(child, text));
            match child {
                Some(answer) if answer != Answer::No => answer,
                _ if known => Answer::No,
                _ => Answer::CannotTell,
            }
        }
        _ => Answer::CannotTell,
    }
}

fn holds(operator: Operator, ordering: Ordering) -> Answer {
    Answer::of(match operator {
        Operator::Equals => ordering.is_eq(),
        Operator::Less => ordering.is_lt(),
        Operator::LessOrEqual => ordering.is_le(),
        Operator::Greater => ordering.is_gt(),
        Operator::GreaterOrEqual => ordering.is_ge(),
        _ => return Answer::CannotTell,
    })
}

fn number(value: &Value, operator: Operator, wanted: &Wanted) -> Answer {
    let (Value::Number(held), Wanted::Text(text)) = (value, wanted) else {
        return Answer::CannotTell;
    };
    match text.parse::<f64>() {
        Ok(wanted) => held
            .as_f64()
            .partial_cmp(&wanted)
            .map_or(Answer::CannotTell, |ordering| holds(operator, ordering)),
        Err(_) => Answer::No,
    }
}

fn moment(wanted: &Wanted, view: &dyn View) -> Option<super::super::dates::Instant> {
    match wanted {
        Wanted::Moment(moment) => moment.at(view.now(), view.zone()),
        Wanted::Text(text) => {
            let literal = super::super::dates::Literal::read(text, true)?;
            super::super::dates::Moment::Literal(literal).at(view.now(), view.zone())
        }
        _ => None,
    }
}

fn time(value: &Value, operator: Operator, wanted: &Wanted, view: &dyn View) -> Answer {
    let (Ok(held), Some(wanted)) = (read_time(value, view.zone()), moment(wanted, view)) else {
        return Answer::CannotTell;
    };
    if operator != Operator::Equals {
        return holds(operator, held.cmp(&wanted.at));
    }
    // A date names a moment or all that it covers: Jira's fields differ.
    let after = held
        .as_millisecond()
        .saturating_sub(wanted.at.as_millisecond());
    if after == 0 {
        Answer::Yes
    } else if (0..wanted.width).contains(&after) {
        Answer::CannotTell
    } else {
        Answer::No
    }
}

/// Days are compared by the calendar of the account.
fn day(value: &Value, operator: Operator, wanted: &Wanted, view: &dyn View) -> Answer {
    let held = value
        .as_str()
        .and_then(|text| text.parse::<jiff::civil::Date>().ok());
    let wanted =
        moment(wanted, view).map(|instant| instant.at.to_zoned(view.zone().clone()).date());
    match (held, wanted) {
        (Some(held), Some(wanted)) => holds(operator, held.cmp(&wanted)),
        _ => Answer::CannotTell,
    }
}

/// Keys of one project by their numbers; others do not compare.
pub(super) fn compare_keys(key: &str, operator: Operator, wanted: &str) -> Answer {
    let (Some((project, number)), Some((other, bound))) =
        (key.rsplit_once('-'), wanted.rsplit_once('-'))
    else {
        return Answer::CannotTell;
    };
    match (number.parse::<u64>(), bound.parse::<u64>()) {
        (Ok(number), Ok(bound)) if project.eq_ignore_ascii_case(other) => {
            holds(operator, number.cmp(&bound))
        }
        (Ok(_), Ok(_)) => Answer::No,
        _ => Answer::CannotTell,
    }
}

/// The text of a value that is searched: rich text rendered, choices by their names.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::String(text) => Some(vec![text.to_string()]),
        Value::Raw(json) if adf::is_node(json) => Some(vec![adf::render(json, Format::Text)]),
        Value::Object(members) if members.get("type").is_some() => {
            Some(vec![adf::render(&value.to_json(), Format::Text)])
        }
        Value::Object(members) => ["name", "value", "displayName"]
            .iter()
            .find_map(|name| members.get(name))
            .and_then(Value::as_str)
            .map(|text| vec![text.to_owned()]),
        Value::Array(elements) => {
            let all: Option<Vec<Vec<String>>> = elements.iter().map(texts).collect();
            all.map(|all| all.concat())
        }
        _ => None,
    }
}

/// The texts of all comments; nothing where the record has only some of them.
pub(super) fn comments(value: &Value) -> Option<Vec<String>> {
    let list = match value {
        Value::Null => return Some(Vec::new()),
        Value::Array(list) => list.as_slice(),
        _ => value.get("comments")?.as_array()?,
    };
    let total = match value.get("total") {
        Some(Value::Number(total)) => total.as_i64().and_then(|total| usize::try_from(total).ok()),
        _ => None,
    };
    if total.is_some_and(|total| total > list.len()) {
        return None;
    }
    let all: Option<Vec<Vec<String>>> = list
        .iter()
        .map(|comment| comment.get("body").map_or(Some(Vec::new()), texts))
        .collect();
    all.map(|all| all.concat())
}
