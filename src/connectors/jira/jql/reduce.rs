//! A query as far as the filter of a dynamic webhook can say it: what it cannot say is dropped so
//! that more is let through, never less.

use super::text::Text;
use super::tree::{Clause, Operand, OperandKind, Operator, Query, Term};

/// What of an issue such a filter can ask; the second can be empty.
const FIELDS: [(&str, bool); 10] = [
    ("issuekey", false),
    ("key", false),
    ("issue", false),
    ("id", false),
    ("project", false),
    ("issuetype", false),
    ("type", false),
    ("status", false),
    ("assignee", true),
    ("reporter", true),
];

/// The query reduced; nothing where all that it asks cannot be said, so that all is let through.
#[must_use]
pub fn reduced(query: &Query, text: Text<'_>) -> Option<String> {
    clause(&query.clause, false, text).map(|(text, _)| text)
}

/// A clause's text, and whether it needs parentheses beside others.
fn clause(one: &Clause, negated: bool, text: Text<'_>) -> Option<(String, bool)> {
    match one {
        Clause::Term(one) => term(one, negated, text).map(|text| (text, false)),
        Clause::Not(one) => clause(one, !negated, text),
        Clause::And(clauses) | Clause::Or(clauses) => {
            let parts = clauses.iter().map(|one| clause(one, negated, text));
            // Negated, all of them becomes one of them.
            let all = matches!(one, Clause::And(_)) != negated;
            let parts: Vec<(String, bool)> = if all {
                parts.flatten().collect()
            } else {
                // One that is dropped lets all through.
                parts.collect::<Option<_>>()?
            };
            match parts.as_slice() {
                [] => None,
                [one] => Some(one.clone()),
                several => {
                    let inner: Vec<String> = several
                        .iter()
                        .map(|(text, wraps)| match wraps {
                            true => format!("({text})"),
                            false => text.clone(),
                        })
                        .collect();
                    Some((inner.join(if all { " AND " } else { " OR " }), true))
                }
            }
        }
    }
}

fn term(one: &Term, negated: bool, text: Text<'_>) -> Option<String> {
    let name = one.field.name.to_lowercase();
    let (_, may_be_empty) = FIELDS.iter().find(|(known, _)| *known == name)?;
    if one.field.custom.is_some() || one.field.property {
        return None;
    }
    let written = one.operator.value;
    // What is empty is left out by both of two opposites, so that neither is the other's.
    if negated && *may_be_empty {
        return None;
    }
    let operator = match (written, negated) {
        (Operator::Equals, false) | (Operator::NotEquals, true) => "=",
        (Operator::NotEquals, false) | (Operator::Equals, true) => "!=",
        (Operator::In, false) | (Operator::NotIn, true) => "in",
        (Operator::NotIn, false) | (Operator::In, true) => "not in",
        _ => return None,
    };
    let operand = one.operand.as_ref()?;
    if !is_literal(operand) {
        return None;
    }
    Some(format!(
        "{} {operator} {}",
        text.raw(one.field.range.clone()),
        text.raw(operand.range.clone())
    ))
}

/// Only values, one or several: no calls, nothing empty.
fn is_literal(operand: &Operand) -> bool {
    let all = operand.each();
    !all.is_empty()
        && all
            .iter()
            .all(|one| matches!(one.kind, OperandKind::Value { .. }))
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn of(jql: &str) -> Option<String> {
        let text = Text::new(jql);
        reduced(&parse(text).unwrap(), text)
    }

    #[test]
    fn what_a_filter_cannot_say_is_dropped_so_that_more_is_let_through() {
        for (jql, filter) in [
            ("project = A", Some("project = A")),
            (
                "project in (A, \"B C\") AND labels = x",
                Some("project in (A, \"B C\")"),
            ),
            ("project = A OR labels = x", None),
            (
                "project = A AND (labels = x OR status = Done)",
                Some("project = A"),
            ),
            (
                "project = A AND (type = Bug OR status = Done)",
                Some("project = A AND (type = Bug OR status = Done)"),
            ),
            ("NOT project = A", Some("project != A")),
            ("NOT (project = A AND labels = x)", None),
            ("NOT (project = A OR labels = x)", Some("project != A")),
            (
                "NOT (project in (A) OR status != Done)",
                Some("project not in (A) AND status = Done"),
            ),
            ("assignee = currentUser()", None),
            ("assignee is EMPTY AND status = Done", Some("status = Done")),
            ("NOT assignee = x", None),
            ("assignee != x", Some("assignee != x")),
            ("status was Done", None),
            ("priority = High", None),
            ("cf[10001] = x", None),
        ] {
            assert_eq!(of(jql).as_deref(), filter, "{jql}");
        }
    }
    mod properties {
        use jiff::tz::TimeZone;
        use proptest::prelude::*;

        use super::super::super::{Answer, Filter, IssueView};
        use super::*;
        use crate::record::Value;

        /// What filters can say and what they cannot, of fields that are always there and others.
        fn terms() -> impl Strategy<Value = String> {
            let field = prop::sample::select(vec![
                "project",
                "status",
                "issuetype",
                "type",
                "key",
                "assignee",
                "reporter",
                "priority",
                "labels",
                "resolution",
            ]);
            let value = prop::sample::select(vec![
                "A", "B", "Done", "Open", "Bug", "\"A-1\"", "\"B-2\"", "x", "y", "High",
            ]);
            let values = prop::collection::vec(value.clone(), 1..4);
            let form = (0..8_u8, field, value, values);
            form.prop_map(|(form, field, value, values)| {
                let list = values.join(", ");
                // A project, status or type is never empty, and Jira refuses to be asked.
                let may_be_empty =
                    !matches!(field, "project" | "status" | "issuetype" | "type" | "key");
                match form {
                    0 => format!("{field} = {value}"),
                    1 => format!("{field} != {value}"),
                    2 => format!("{field} in ({list})"),
                    3 => format!("{field} not in ({list})"),
                    4 if may_be_empty => format!("{field} is EMPTY"),
                    5 if may_be_empty => format!("{field} is not EMPTY"),
                    6 => format!("assignee = currentUser() OR {field} = {value}"),
                    7 => format!("assignee in (currentUser(), x) AND {field} != {value}"),
                    _ => format!("{field} in ({value})"),
                }
            })
        }

        fn queries() -> impl Strategy<Value = String> {
            terms().prop_recursive(4, 24, 3, |inner| {
                let many = prop::collection::vec(inner.clone(), 2..4);
                prop_oneof![
                    many.clone().prop_map(|all| {
                        let all: Vec<String> = all.iter().map(|one| format!("({one})")).collect();
                        all.join(" AND ")
                    }),
                    many.prop_map(|all| {
                        let all: Vec<String> = all.iter().map(|one| format!("({one})")).collect();
                        all.join(" OR ")
                    }),
                    inner.prop_map(|one| format!("NOT ({one})")),
                ]
            })
        }

        fn issues() -> impl Strategy<Value = Value> {
            let person = || prop::option::of(prop::sample::select(vec!["x", "y", "me"]));
            let labels = prop::collection::vec(prop::sample::select(vec!["x", "y"]), 0..3);
            let parts = (
                prop::sample::select(vec!["A", "B"]),
                prop::sample::select(vec!["Done", "Open"]),
                prop::sample::select(vec!["Bug", "Task"]),
                (person(), person()),
                labels,
                prop::option::of(prop::sample::select(vec!["High", "Low"])),
            );
            parts.prop_map(
                |(project, status, kind, (assignee, reporter), labels, priority)| {
                    let person = |id: Option<&str>| {
                        id.map(|id| serde_json::json!({ "accountId": id, "displayName": id }))
                    };
                    let named =
                        |name: Option<&str>| name.map(|name| serde_json::json!({ "name": name }));
                    let number = if project == "A" { 1 } else { 2 };
                    serde_json::json!({
                    "id": format!("1000{number}"), "key": format!("{project}-{number}"),
                    "names": {},
                    "fields": {
                        "project": { "id": format!("{number}"), "key": project, "name": project },
                        "status": { "id": "1", "name": status },
                        "issuetype": { "id": "1", "name": kind },
                        "assignee": person(assignee), "reporter": person(reporter),
                        "labels": labels, "priority": named(priority), "resolution": null,
                    },
                })
                .into()
                },
            )
        }

        fn judged(jql: &str, issue: &Value) -> Answer {
            let text = Text::new(jql);
            let query = parse(text).unwrap_or_else(|problems| panic!("{jql}: {problems:?}"));
            let filter = Filter::compile(&query, text)
                .unwrap_or_else(|problems| panic!("{jql}: {problems:?}"));
            filter.judge(&IssueView {
                record: issue,
                current_user: Some("me"),
                now: jiff::Timestamp::UNIX_EPOCH,
                zone: TimeZone::UTC,
            })
        }

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(2_000))]

            #[test]
            fn whatever_a_query_finds_its_reduced_filter_lets_through(
                jql in queries(),
                issue in issues(),
            ) {
                let found = judged(&jql, &issue);
                if found.lets_through() && let Some(filter) = of(&jql) {
                    let through = judged(&filter, &issue).lets_through();
                    prop_assert!(through, "{} became {}", jql, filter);
                }
            }

            #[test]
            fn a_reduced_filter_asks_only_what_a_filter_can_say(jql in queries()) {
                if let Some(filter) = of(&jql) {
                    prop_assert_eq!(of(&filter), Some(filter));
                }
            }
        }
    }
}
