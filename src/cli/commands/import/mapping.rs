//! The old names of fields, and where their values stand in a record.

/// What a field of the old file's mapping becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The person's address: what contacts are known by.
    Email,
    /// Something of the person: the member of a user.
    Person(&'static str),
    /// A value of the issue, as the pipeline writes it.
    Issue(&'static str),
    /// A custom field, by its id.
    Custom(String),
}

/// The fields of people, as the old file names them (without case and signs).
const PEOPLE: [(&str, &str); 6] = [
    ("accountid", "accountId"),
    ("displayname", "displayName"),
    ("name", "displayName"),
    ("timezone", "timeZone"),
    ("accounttype", "accountType"),
    ("active", "active"),
];

/// The fields of issues, as the old file names them.
const ISSUES: [(&str, &str); 25] = [
    ("key", "$.key"),
    ("id", "$.id"),
    ("summary", "{ path: $.fields.summary }"),
    ("title", "{ path: $.fields.summary }"),
    ("status", "$.fields.status.name"),
    ("statuscategory", "$.fields.status.statusCategory.name"),
    (
        "priority",
        "{ path: $.fields.priority.name, if_missing: clear }",
    ),
    ("type", "$.fields.issuetype.name"),
    ("issuetype", "$.fields.issuetype.name"),
    ("created", "{ path: $.fields.created, as: date }"),
    ("updated", "{ path: $.fields.updated, as: date }"),
    (
        "resolved",
        "{ path: $.fields.resolutiondate, as: date, if_missing: clear }",
    ),
    (
        "resolutiondate",
        "{ path: $.fields.resolutiondate, as: date, if_missing: clear }",
    ),
    (
        "resolution",
        "{ path: $.fields.resolution.name, if_missing: clear }",
    ),
    (
        "description",
        "{ path: $.fields.description, as: text, max_length: 1000, if_missing: clear }",
    ),
    (
        "assignee",
        "{ path: $.fields.assignee.displayName, if_missing: clear }",
    ),
    ("reporter", "$.fields.reporter.displayName"),
    ("creator", "$.fields.creator.displayName"),
    ("project", "$.fields.project.name"),
    ("projectname", "$.fields.project.name"),
    ("projectkey", "$.fields.project.key"),
    (
        "duedate",
        "{ path: $.fields.duedate, as: date, if_missing: clear }",
    ),
    ("url", "'{{site.url}}/browse/{{key}}'"),
    ("link", "'{{site.url}}/browse/{{key}}'"),
    ("labels", "'{{join fields.labels \", \"}}'"),
];

/// What an old field means; none where nobody knows it.
pub(super) fn meaning(field: &str) -> Option<Meaning> {
    let field = field.trim();
    if let Some(number) = field.strip_prefix("customfield_")
        && !number.is_empty()
        && number.chars().all(|one| one.is_ascii_digit())
    {
        return Some(Meaning::Custom(field.to_owned()));
    }
    let plain: String = field
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|one| one.to_ascii_lowercase())
        .collect();
    let bare = |beginnings: &[&str]| {
        let begin = beginnings
            .iter()
            .find_map(|begin| plain.strip_prefix(begin).filter(|rest| !rest.is_empty()));
        begin.unwrap_or(&plain).to_owned()
    };
    let person = bare(&["user", "reporter"]);
    if matches!(person.as_str(), "emailaddress" | "email") {
        return Some(Meaning::Email);
    }
    if let Some((_, member)) = PEOPLE.iter().find(|(name, _)| *name == person) {
        return Some(Meaning::Person(member));
    }
    let known = |name: &str| ISSUES.iter().find(|(known, _)| *known == name);
    known(&plain)
        .or_else(|| known(&bare(&["issue", "ticket"])))
        .map(|(_, value)| Meaning::Issue(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_are_known_however_they_are_written() {
        for (name, expected) in [
            ("accountId", Meaning::Person("accountId")),
            ("user_display_name", Meaning::Person("displayName")),
            ("emailAddress", Meaning::Email),
            ("reporter_email", Meaning::Email),
            ("issue_key", Meaning::Issue("$.key")),
            ("issueType", Meaning::Issue("$.fields.issuetype.name")),
            (
                "resolution",
                Meaning::Issue("{ path: $.fields.resolution.name, if_missing: clear }"),
            ),
            ("project_key", Meaning::Issue("$.fields.project.key")),
            (
                "customfield_10016",
                Meaning::Custom("customfield_10016".to_owned()),
            ),
        ] {
            assert_eq!(meaning(name), Some(expected), "{name}");
        }
        for name in ["mood", "customfield_", "", "avatarUrls"] {
            assert_eq!(meaning(name), None, "{name}");
        }
    }
}
