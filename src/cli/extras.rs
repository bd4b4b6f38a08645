//! What a project's own pipelines name of the services, for a sandbox in which they find it.

use crate::connectors::brevo::spec::ListRef;
use crate::connectors::jira::jql::{self, OperandKind, Text};
use crate::plan::{Plan, SinkKind, SourceKind, literal_lists};
use crate::sandbox::Extras;

/// What the pipelines name: projects, issue types and statuses in their queries, lists in their
/// sinks.
pub(super) fn of<'p>(plans: impl Iterator<Item = &'p Plan>) -> Extras {
    let mut extras = Extras::default();
    for plan in plans {
        for source in &plan.sources {
            match &source.kind {
                SourceKind::JiraVersions(versions) => {
                    for key in &versions.projects {
                        add(key, is_key, &mut extras.projects);
                    }
                }
                kind => {
                    if let Some(query) = kind.jql() {
                        of_query(&query.text, &mut extras);
                    }
                }
            }
        }
        for sink in &plan.sinks {
            let mut found = Vec::new();
            let mut creates = false;
            match &sink.kind {
                SinkKind::Contacts(contacts) => {
                    creates = contacts.create_lists;
                    for lists in contacts.lists.iter().chain(&contacts.unlink_lists) {
                        literal_lists(&lists.value, &mut found);
                    }
                }
                SinkKind::Lists(members) => {
                    creates = members.create_lists;
                    for lists in members.add.iter().chain(&members.remove) {
                        literal_lists(&lists.value, &mut found);
                    }
                }
                SinkKind::Campaigns(campaigns) => {
                    literal_lists(&campaigns.lists.value, &mut found);
                }
                _ => {}
            }
            for (list, _) in found {
                let list = match list {
                    ListRef::Id(id) => match u64::try_from(id) {
                        Ok(id) => (Some(id), format!("List {id}")),
                        Err(_) => continue,
                    },
                    ListRef::Name(name) if !creates => (None, name.clone()),
                    ListRef::Name(_) => continue,
                };
                if !extras.lists.contains(&list) {
                    extras.lists.push(list);
                }
            }
        }
    }
    // What has an id takes it before what has none is given one.
    extras.lists.sort();
    extras.lists.sort_by_key(|(id, _)| id.is_none());
    extras
}

fn of_query(text: &str, extras: &mut Extras) {
    let Ok(query) = jql::parse(Text::new(text)) else {
        return;
    };
    for term in query.clause.terms() {
        let (into, fits): (&mut Vec<String>, fn(&str) -> bool) =
            match term.field.name.to_ascii_lowercase().as_str() {
                "project" => (&mut extras.projects, is_key),
                "issuetype" | "type" => (&mut extras.types, is_name),
                "status" => (&mut extras.statuses, is_name),
                _ => continue,
            };
        for operand in term.operand.iter().flat_map(jql::Operand::each) {
            if let OperandKind::Value { text, .. } = &operand.kind {
                add(text, fits, into);
            }
        }
    }
}

fn add(text: &str, fits: fn(&str) -> bool, into: &mut Vec<String>) {
    if fits(text) && !into.iter().any(|known| known.eq_ignore_ascii_case(text)) {
        into.push(text.to_owned());
    }
}

/// What can be a project's key; a number is an id, which a site gives by itself.
fn is_key(text: &str) -> bool {
    text.starts_with(|one: char| one.is_ascii_alphabetic())
        && text
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || one == '_')
}

fn is_name(text: &str) -> bool {
    text.contains(char::is_alphabetic)
}
