//! What is asked of Jira, from what a plan reads: no field is missing, no byte comes for nothing.

use std::sync::Arc;

use super::Issues;
use crate::record::Projection;

/// What a search asks for, and what is read of its answer.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The `fields` of the request.
    pub fields: Vec<String>,
    /// The `properties` of the request.
    pub properties: Vec<String>,
    /// The parts of `expand`.
    pub expand: Vec<&'static str>,
    /// What is read of each issue.
    pub issue: Projection,
    /// The record has `changes`.
    pub changes: bool,
    /// The record keeps its `changelog` as Jira embeds it.
    pub changelog: bool,
    /// The record has `site`, with its name.
    pub site_name: bool,
}

impl Issues {
    /// What to ask for so that a record has all that is read of it. `custom` are the ids of the
    /// custom fields.
    #[must_use]
    pub fn asked(&self, reads: &Projection, custom: &[String]) -> Asked {
        let whole = *reads == Projection::Whole;
        let changes = reads.member("changes").is_some();
        let changelog = reads.member("changelog").is_some();
        let names = reads.member("names").is_some();
        let site_name = reads
            .member("site")
            .is_some_and(|site| site.member("name").is_some());
        let mut issue = if whole {
            Projection::Whole
        } else {
            Projection::nothing()
        };
        let mut add = |path: &[&str], end: &Projection| {
            let path: Vec<Arc<str>> = path.iter().map(|name| Arc::from(*name)).collect();
            issue.add(&path, end);
        };
        let all = Projection::Whole;
        for path in [&["id"][..], &["key"], &["fields", "updated"]] {
            add(path, &all);
        }
        if let Projection::Members(members) = reads {
            for (name, inner) in members {
                if !matches!(&**name, "changes" | "site" | "names" | "custom" | "deleted") {
                    add(&[name], inner);
                }
            }
        }
        for id in custom {
            add(&["fields", id], &all);
        }
        if changes {
            add(&["fields", "created"], &all);
            for member in ["accountId", "displayName", "emailAddress"] {
                add(&["fields", "creator", member], &all);
                add(&["changelog", "histories", "author", member], &all);
            }
            for member in ["id", "created"] {
                add(&["changelog", "histories", member], &all);
            }
            for member in ["field", "fieldId", "from", "fromString", "to", "toString"] {
                add(&["changelog", "histories", "items", member], &all);
            }
            add(&["changelog", "total"], &all);
        }
        if self.comments {
            add(&["fields", "comment"], &all);
        }
        if self.worklogs {
            add(&["fields", "worklog"], &all);
        }
        // What is internal is told by these, and left out.
        for (field, list) in [("comment", "comments"), ("worklog", "worklogs")] {
            for fields in ["fields", "renderedFields"] {
                let read = reads
                    .member(fields)
                    .and_then(|fields| fields.member(field))
                    .is_some();
                for member in ["id", "jsdPublic", "visibility"] {
                    if read {
                        add(&["fields", field, list, member], &all);
                        add(&[fields, field, list, member], &all);
                    }
                }
            }
        }
        let mut fields: Vec<String> = match issue.member("fields") {
            Some(Projection::Members(members)) => {
                members.iter().map(|(name, _)| name.to_string()).collect()
            }
            _ => vec!["*all".to_owned()],
        };
        // Jira renders the fields that it is asked for.
        match reads.member("renderedFields") {
            Some(Projection::Members(members)) => {
                for (name, _) in members {
                    if !fields.iter().any(|one| one == "*all" || **one == **name) {
                        fields.push(name.to_string());
                    }
                }
            }
            Some(Projection::Whole | Projection::Raw) => fields = vec!["*all".to_owned()],
            None => {}
        }
        // Asked for where they are read by name: a whole record is what Jira gives unasked, plus
        // what the source adds to it.
        let named = |member| !whole && reads.member(member).is_some();
        let expand = [
            (changes || changelog, "changelog"),
            (names, "names"),
            (named("renderedFields"), "renderedFields"),
            (named("schema"), "schema"),
            (named("transitions"), "transitions"),
        ]
        .into_iter()
        .filter_map(|(wanted, name)| wanted.then_some(name))
        .collect();
        Asked {
            fields,
            properties: issue_properties(reads).unwrap_or_default(),
            expand,
            issue,
            changes,
            changelog,
            site_name,
        }
    }
}

/// How many properties Jira gives at once.
const MOST_PROPERTIES: usize = 5;

/// The issue properties that are read, which Jira gives by their names alone; none where more are
/// read than can be asked for, or all of them. Who reads the whole record reads what it gives
/// unasked.
#[must_use]
pub fn issue_properties(reads: &Projection) -> Option<Vec<String>> {
    let Projection::Members(members) = reads else {
        return Some(Vec::new());
    };
    match members.iter().find(|(name, _)| &**name == "properties") {
        None => Some(Vec::new()),
        Some((_, Projection::Members(named))) if named.len() <= MOST_PROPERTIES => {
            Some(named.iter().map(|(name, _)| name.to_string()).collect())
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issues() -> Issues {
        Issues {
            jql: None,
            since: None,
            live: false,
            custom_fields: Vec::new(),
            comments: false,
            worklogs: false,
        }
    }

    fn reads(paths: &[&str]) -> Projection {
        let mut reads = Projection::nothing();
        for path in paths {
            let names: Vec<Arc<str>> = path.split('.').map(Arc::from).collect();
            reads.add(&names, &Projection::Whole);
        }
        reads
    }

    #[test]
    fn asks_for_what_is_read_and_nothing_else() {
        let asked = issues().asked(&reads(&["fields.status.name", "key"]), &[]);
        assert_eq!(asked.fields, ["updated", "status"]);
        assert!(asked.expand.is_empty() && !asked.changes && asked.properties.is_empty());
        let asked = issues().asked(&reads(&["properties.tier.name", "properties.sla"]), &[]);
        assert_eq!(asked.properties, ["tier", "sla"]);
        let asked = issues().asked(
            &reads(&["changes", "fields.summary"]),
            &["customfield_1".to_owned()],
        );
        assert_eq!(
            asked.fields,
            ["updated", "summary", "customfield_1", "created", "creator"]
        );
        assert_eq!(asked.expand, ["changelog"]);
        let asked = issues().asked(&reads(&["renderedFields.description"]), &[]);
        assert_eq!(asked.fields, ["updated", "description"]);
        assert_eq!(asked.expand, ["renderedFields"]);
        let asked = issues().asked(&Projection::Whole, &[]);
        assert_eq!(asked.fields, ["*all"]);
        assert_eq!(asked.expand, ["changelog", "names"]);
    }
}
