//! Issues, users and their parts as JSON text, as REST v3 writes them.

use super::agile;
use super::catalog::{
    CATEGORIES, FIELDS, Field, PRIORITIES, PROJECTS, RESOLUTIONS, SITE, STATUSES, TIERS, TYPES,
};
use super::issue::{Comment, History, Issue};
use super::more;
use super::people::{Email, Person};
use super::site::Site;
use super::words;
use crate::sandbox::clock::timestamp;
use crate::sandbox::exchange::{push_json_option, push_json_string};

/// The embedded changelog holds no more than this.
pub(super) const EMBEDDED_HISTORIES: usize = 40;
/// The embedded comments are no more than this.
pub(super) const EMBEDDED_COMMENTS: usize = 20;

/// What of an issue is asked for.
#[derive(Clone)]
pub(super) struct Want {
    /// Whether `key` and `self` are there; a search without fields gives the id alone.
    pub(super) key: bool,
    /// The fields; nothing leaves `fields` out.
    pub(super) fields: Option<Vec<&'static Field>>,
    pub(super) changelog: bool,
    pub(super) rendered: bool,
    pub(super) names: bool,
    /// Entity properties that are shown.
    pub(super) properties: Vec<String>,
}

impl Want {
    /// Reads `fields` and `expand`. `default` is what no fields mean.
    pub(super) fn new<'a>(
        fields: impl IntoIterator<Item = &'a str>,
        expand: &[&str],
        default: &'static str,
    ) -> Self {
        let mut wanted: Vec<&str> = fields
            .into_iter()
            .flat_map(|list| list.split(','))
            .map(str::trim)
            .collect();
        wanted.retain(|name| !name.is_empty());
        if wanted.is_empty() {
            wanted.push(default);
        }
        let only_removals = wanted.iter().all(|name| name.starts_with('-'));
        let mut chosen: Vec<&'static Field> = Vec::new();
        let mut any = false;
        for field in &FIELDS {
            let named = wanted.contains(&field.id);
            let all = wanted.contains(&"*all") || only_removals;
            let navigable = wanted.contains(&"*navigable") && field.navigable;
            let removed = wanted
                .iter()
                .any(|name| name.strip_prefix('-') == Some(field.id));
            if (named || all || navigable) && !removed {
                chosen.push(field);
            }
        }
        any |= wanted.iter().any(|name| !matches!(*name, "id" | "key"));
        Self {
            key: any || wanted.contains(&"key"),
            fields: any.then_some(chosen),
            changelog: expand.contains(&"changelog"),
            rendered: expand.contains(&"renderedFields"),
            names: expand.contains(&"names"),
            properties: Vec::new(),
        }
    }

    /// How many issues fit on a page at most: the more is asked of each, the fewer.
    pub(super) fn page(&self) -> usize {
        match &self.fields {
            None if !self.changelog => 5_000,
            Some(fields) if fields.len() > 30 => 50,
            _ => 100,
        }
    }

    /// The display names of the fields asked for.
    pub(super) fn push_names(&self, out: &mut String) {
        out.push('{');
        for (index, field) in self.fields.iter().flatten().enumerate() {
            if index > 0 {
                out.push(',');
            }
            push_json_string(out, field.id);
            out.push(':');
            push_json_string(out, field.name);
        }
        out.push('}');
    }
}

/// Appends formatted text; writing to a string cannot fail.
macro_rules! put {
    ($out:expr, $($part:tt)*) => {
        std::fmt::Write::write_fmt(&mut *$out, format_args!($($part)*)).unwrap_or_default()
    };
}
pub(super) use put;

impl Site {
    /// A time as Jira writes it: in the caller's zone, with an offset that has no colon.
    pub(super) fn push_time(&self, out: &mut String, milliseconds: i64) {
        let at = timestamp(milliseconds);
        let offset = self.zone.to_offset(at);
        let civil = offset.to_datetime(at);
        let minutes = offset.seconds() / 60;
        put!(
            out,
            "\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}{}{:02}{:02}\"",
            civil.year(),
            civil.month(),
            civil.day(),
            civil.hour(),
            civil.minute(),
            civil.second(),
            civil.millisecond(),
            if minutes < 0 { '-' } else { '+' },
            minutes.abs() / 60,
            minutes.abs() % 60
        );
    }

    /// A time as people read it, under `renderedFields`: `24/Nov/26 10:15 AM`.
    fn push_read_time(&self, out: &mut String, milliseconds: i64) {
        let zoned = timestamp(milliseconds).to_zoned(self.zone.clone());
        put!(out, "\"{}\"", zoned.strftime("%d/%b/%y %-I:%M %p"));
    }

    /// A user, or null.
    pub(super) fn push_person(&self, out: &mut String, index: Option<u16>) {
        match index.and_then(|index| self.people.get(usize::from(index))) {
            Some(person) => push_user(out, person, ""),
            None => out.push_str("null"),
        }
    }

    /// An issue with what is asked of it.
    pub(super) fn push_issue(&self, out: &mut String, issue: &Issue, want: &Want) {
        let id = issue.id();
        if !want.key && !want.changelog && want.fields.is_none() && want.properties.is_empty() {
            put!(out, r#"{{"id":"{id}"}}"#);
            return;
        }
        put!(
            out,
            r#"{{"expand":"operations,versionedRepresentations,editmeta,changelog,renderedFields","id":"{id}","self":"{SITE}/rest/api/3/issue/{id}","key":"{}""#,
            issue.key()
        );
        if want.rendered {
            out.push_str(r#","renderedFields":"#);
            self.push_rendered(out, issue, want);
        }
        if want.changelog {
            out.push_str(r#","changelog":"#);
            self.push_embedded_changelog(out, issue);
        }
        if let Some(fields) = &want.fields {
            out.push_str(r#","fields":{"#);
            for (index, field) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                put!(out, "\"{}\":", field.id);
                self.push_field(out, issue, field.id);
            }
            out.push('}');
        }
        if !want.properties.is_empty() {
            let known = self.issue_properties.get(&issue.index);
            let shown: serde_json::Map<_, _> = known
                .into_iter()
                .flatten()
                .filter(|(key, _)| want.properties.contains(key))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            put!(out, r#","properties":{}"#, serde_json::Value::Object(shown));
        }
        out.push('}');
    }

    fn push_field(&self, out: &mut String, issue: &Issue, field: &str) {
        match field {
            "summary" => push_json_string(out, &issue.summary),
            "description" => match self.description(issue) {
                Some(adf) => out.push_str(&adf),
                None => out.push_str("null"),
            },
            "status" => push_status(out, issue.status),
            "issuetype" => push_type(out, issue.kind),
            "project" => self.push_project(out, issue.project),
            "priority" => push_named(out, "priority", issue.priority, &PRIORITIES),
            "resolution" => push_named(out, "resolution", issue.resolution, &RESOLUTIONS),
            "resolutiondate" => match issue.resolved {
                Some(at) => self.push_time(out, at),
                None => out.push_str("null"),
            },
            "created" => self.push_time(out, issue.created),
            "updated" => self.push_time(out, issue.updated),
            "statuscategorychangedate" => self.push_time(out, issue.category_changed()),
            "reporter" => self.push_person(out, Some(issue.reporter)),
            "creator" => self.push_person(out, Some(issue.creator)),
            "assignee" => self.push_person(out, issue.assignee),
            "labels" => {
                out.push('[');
                for (index, label) in issue.labels.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    push_json_string(out, label);
                }
                out.push(']');
            }
            "customfield_10016" => match issue.story_points {
                Some(points) => put!(out, "{points:?}"),
                None => out.push_str("null"),
            },
            "customfield_10051" => match issue.tier.and_then(|tier| TIERS.get(usize::from(tier))) {
                Some((id, name)) => put!(
                    out,
                    r#"{{"self":"{SITE}/rest/api/3/customFieldOption/{id}","value":"{name}","id":"{id}"}}"#
                ),
                None => out.push_str("null"),
            },
            // Not a value but an error, as most sites have it here.
            "customfield_10018" => out.push_str(
                r#"{"hasEpicLinkFieldDependency":false,"showField":false,"nonEditableReason":{"reason":"PLUGIN_LICENSE_ERROR","message":"The Parent Link is only available to Jira Premium users."}}"#,
            ),
            "customfield_10000" => push_json_string(
                out,
                if issue.index % 5 == 2 {
                    r#"{repository={count=1, dataType=repository}, json={"cachedValue":{"errors":[],"summary":{}},"isStale":true}}"#
                } else {
                    "{}"
                },
            ),
            "customfield_10019" => put!(out, "\"0|i{:05x}:\"", issue.index * 8),
            // Sprint objects in software projects; the field means nothing in the others.
            "customfield_10020" => match agile::sprint_of(issue.project, issue.index) {
                Some(sprint) => put!(
                    out,
                    r#"[{{"id":{sprint},"name":"Sprint {sprint}","state":"active","boardId":3,"goal":"","startDate":"2026-01-05T08:00:00.000Z","endDate":"2026-01-19T08:00:00.000Z"}}]"#
                ),
                None => out.push_str("null"),
            },
            "workratio" => out.push_str(if issue.index % 13 == 4 { "9223372036854775807" } else { "-1" }),
            "watches" => put!(
                out,
                r#"{{"self":"{SITE}/rest/api/3/issue/{}/watchers","watchCount":1,"isWatching":false}}"#,
                issue.key()
            ),
            "fixVersions" => put!(
                out,
                "{}",
                agile::fix_versions(self, issue.project, issue.index)
            ),
            "versions" | "components" | "issuelinks" | "subtasks" | "attachment" => {
                out.push_str("[]");
            }
            "comment" => {
                let newest = issue.comments.len().saturating_sub(EMBEDDED_COMMENTS);
                let shown = issue.comments.get(newest..).unwrap_or_default();
                self.push_comments(out, issue, shown, 0, EMBEDDED_COMMENTS);
            }
            "worklog" => self.push_embedded_worklogs(out, issue),
            _ => out.push_str("null"),
        }
    }

    fn push_rendered(&self, out: &mut String, issue: &Issue, want: &Want) {
        out.push('{');
        for (index, field) in want.fields.iter().flatten().enumerate() {
            if index > 0 {
                out.push(',');
            }
            put!(out, "\"{}\":", field.id);
            match field.id {
                "created" => self.push_read_time(out, issue.created),
                "updated" => self.push_read_time(out, issue.updated),
                "resolutiondate" if issue.resolved.is_some() => {
                    self.push_read_time(out, issue.resolved.unwrap_or_default());
                }
                "description" => {
                    let html = self
                        .description(issue)
                        .map(|adf| format!("<p>{}</p>", words::plain(&adf).trim_end()));
                    push_json_string(out, &html.unwrap_or_default());
                }
                _ => out.push_str("null"),
            }
        }
        out.push('}');
    }

    /// The changelog as `expand` gives it: newest first, cut.
    fn push_embedded_changelog(&self, out: &mut String, issue: &Issue) {
        let total = issue.histories.len();
        put!(
            out,
            r#"{{"startAt":0,"maxResults":{},"total":{total},"histories":["#,
            total.min(EMBEDDED_HISTORIES)
        );
        for (index, history) in issue
            .histories
            .iter()
            .rev()
            .take(EMBEDDED_HISTORIES)
            .enumerate()
        {
            if index > 0 {
                out.push(',');
            }
            self.push_history(out, history);
        }
        out.push_str("]}");
    }

    /// An entry of the changelog.
    pub(super) fn push_history(&self, out: &mut String, history: &History) {
        put!(out, r#"{{"id":"{}","author":"#, history.id);
        self.push_person(out, Some(history.author));
        out.push_str(r#","created":"#);
        self.push_time(out, history.at);
        out.push_str(r#","items":["#);
        for (index, item) in history.items.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            out.push_str(r#"{"field":"#);
            push_json_string(out, &item.field);
            out.push_str(if item.custom {
                r#","fieldtype":"custom""#
            } else {
                r#","fieldtype":"jira""#
            });
            if let Some(id) = item.field_id {
                put!(out, r#","fieldId":"{id}""#);
            }
            let id = |text: Option<&str>, out: &mut String| {
                push_json_option(out, text.map(|text| self.person_text(text).0));
            };
            let name = |text: Option<&str>, out: &mut String| {
                push_json_option(out, text.map(|text| self.person_text(text).1));
            };
            out.push_str(r#","from":"#);
            id(item.from.as_deref(), out);
            out.push_str(r#","fromString":"#);
            name(item.from_text.as_deref(), out);
            out.push_str(r#","to":"#);
            id(item.to.as_deref(), out);
            out.push_str(r#","toString":"#);
            name(item.to_text.as_deref(), out);
            out.push('}');
        }
        out.push_str("]}");
    }

    /// What a project is called.
    pub(super) fn project_name(&self, index: u8) -> &str {
        let named = self.project_names.get(&index);
        let seeded = more::project(usize::from(index));
        named.map_or_else(|| seeded.map_or("", |project| project.name), String::as_str)
    }

    /// A project as issues embed it and `/project/search` lists it.
    pub(super) fn push_project(&self, out: &mut String, index: u8) {
        let project = more::project(usize::from(index)).unwrap_or(&PROJECTS[0]);
        put!(
            out,
            r#"{{"self":"{SITE}/rest/api/3/project/{0}","id":"{0}","key":"{1}","name":{2},"projectTypeKey":"{3}","simplified":false,"avatarUrls":{{"48x48":"{SITE}/rest/api/3/universal_avatar/view/type/project/avatar/10400","24x24":"{SITE}/rest/api/3/universal_avatar/view/type/project/avatar/10400?size=small","16x16":"{SITE}/rest/api/3/universal_avatar/view/type/project/avatar/10400?size=xsmall","32x32":"{SITE}/rest/api/3/universal_avatar/view/type/project/avatar/10400?size=medium"}}}}"#,
            project.id,
            project.key,
            serde_json::Value::from(self.project_name(index)),
            project.kind
        );
    }

    /// A page of comments.
    pub(super) fn push_comments(
        &self,
        out: &mut String,
        issue: &Issue,
        shown: &[Comment],
        start: usize,
        size: usize,
    ) {
        put!(
            out,
            r#"{{"self":"{SITE}/rest/api/3/issue/{}/comment","maxResults":{size},"total":{},"startAt":{start},"comments":["#,
            issue.id(),
            issue.comments.len()
        );
        for (index, comment) in shown.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            self.push_comment(out, issue, comment);
        }
        out.push_str("]}");
    }

    pub(super) fn push_comment(&self, out: &mut String, issue: &Issue, comment: &Comment) {
        put!(
            out,
            r#"{{"self":"{SITE}/rest/api/3/issue/{}/comment/{1}","id":"{1}","author":"#,
            issue.id(),
            comment.id
        );
        self.push_person(out, Some(comment.author));
        out.push_str(r#","body":"#);
        match &comment.adf {
            Some(adf) => out.push_str(adf),
            None => out.push_str(&words::paragraph(&comment.text)),
        }
        out.push_str(r#","updateAuthor":"#);
        self.push_person(out, Some(comment.author));
        out.push_str(r#","created":"#);
        self.push_time(out, comment.at);
        out.push_str(r#","updated":"#);
        self.push_time(out, comment.updated);
        if let Some(role) = &comment.visibility {
            put!(
                out,
                r#","visibility":{{"type":"role","value":"{role}","identifier":"10002"}}"#
            );
        }
        put!(out, r#","jsdPublic":{}}}"#, comment.public);
    }
}

/// A user; `more` is put before the end, with its own leading comma.
pub(super) fn push_user(out: &mut String, person: &Person, more: &str) {
    let encoded = person.account_id.replace(':', "%3A");
    put!(
        out,
        r#"{{"self":"{SITE}/rest/api/3/user?accountId={encoded}","accountId":"{}""#,
        person.account_id
    );
    match &person.email {
        Email::Shown(address) => {
            out.push_str(r#","emailAddress":"#);
            push_json_string(out, address);
        }
        Email::Null => out.push_str(r#","emailAddress":null"#),
        Email::Blank => out.push_str(r#","emailAddress":"""#),
        Email::Absent => {}
    }
    out.push_str(r#","avatarUrls":{"#);
    for (index, size) in [48, 24, 16, 32].into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        put!(
            out,
            r#""{size}x{size}":"https://avatar-management.acme.example/initials/{encoded}-{size}.png""#
        );
    }
    out.push_str(r#"},"displayName":"#);
    push_json_string(out, &person.name);
    put!(
        out,
        r#","active":{},"timeZone":"{}","accountType":"{}"{more}}}"#,
        person.active,
        person.zone,
        person.account_type
    );
}

/// A text as JSON: names that a user's files give may hold anything.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A status with its category.
pub(super) fn push_status(out: &mut String, index: u8) {
    let status = more::status(usize::from(index)).unwrap_or(&STATUSES[0]);
    let category = CATEGORIES.get(status.category).unwrap_or(&CATEGORIES[0]);
    put!(
        out,
        r#"{{"self":"{SITE}/rest/api/3/status/{0}","description":"","iconUrl":"{SITE}/images/icons/statuses/generic.png","name":{1},"id":"{0}","statusCategory":{{"self":"{SITE}/rest/api/3/statuscategory/{2}","id":{2},"key":"{3}","colorName":"{4}","name":"{5}"}}}}"#,
        status.id,
        quoted(status.name),
        category.id,
        category.key,
        category.colour,
        category.name
    );
}

fn push_type(out: &mut String, index: u8) {
    let kind = more::issue_type(usize::from(index)).unwrap_or(&TYPES[0]);
    put!(
        out,
        r#"{{"self":"{SITE}/rest/api/3/issuetype/{0}","id":"{0}","description":"{1}","iconUrl":"{SITE}/rest/api/2/universal_avatar/view/type/issuetype/avatar/10303?size=medium","name":{2},"subtask":{3},"avatarId":10303,"hierarchyLevel":{4}}}"#,
        kind.id,
        kind.description,
        quoted(kind.name),
        kind.level < 0,
        kind.level
    );
}

fn push_named(out: &mut String, what: &str, index: Option<u8>, table: &[super::catalog::Named]) {
    let Some(named) = index.and_then(|index| table.get(usize::from(index))) else {
        out.push_str("null");
        return;
    };
    put!(out, r#"{{"self":"{SITE}/rest/api/3/{what}/{0}","#, named.id);
    if what == "priority" {
        put!(
            out,
            r#""iconUrl":"{SITE}/images/icons/priorities/{}.svg","#,
            named.name.to_lowercase()
        );
    } else {
        put!(out, r#""description":"{}","#, named.description);
    }
    put!(out, r#""name":"{}","id":"{}"}}"#, named.name, named.id);
}
