//! A legacy connector file as read: what each part of it asks for.

use std::sync::Arc;

use super::lines::Lines;
use super::mapping::{Meaning, meaning};
use super::mask::is_secret_key;
use crate::connectors::jira::jql::{self, Text};
use crate::expression::parse_duration;
use crate::syntax::{Entry, Kind, Node, ScalarValue};

/// Something of the old file, and its lines there.
#[derive(Clone, Debug, Default)]
pub(super) struct Told<T> {
    /// What it is.
    pub(super) value: T,
    /// Where it stood.
    pub(super) lines: Vec<usize>,
}

impl<T> Told<T> {
    /// Something that has no lines of its own.
    const fn of(value: T) -> Self {
        Self {
            value,
            lines: Vec::new(),
        }
    }
}

/// How the old file gets into Jira.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Way {
    /// E-mail and API token.
    #[default]
    Basic,
    /// OAuth 2.0.
    OAuth2,
}

/// A project and the lists that its people come to.
#[derive(Clone, Debug, Default)]
pub(super) struct Project {
    /// Its key.
    pub(super) key: String,
    /// Lists, as a pipeline writes them.
    pub(super) lists: Vec<String>,
}

/// A field and the attribute that it is written to.
#[derive(Clone, Debug)]
pub(super) struct Mapped {
    /// What it is.
    pub(super) meaning: Meaning,
    /// Brevo's name; an identity's is `email` or `ext_id`.
    pub(super) attribute: String,
}

/// The kinds of record that the old file can sync.
pub(super) const FLAGS: [&str; 6] = [
    "issues", "events", "comments", "worklogs", "users", "projects",
];

/// A legacy connector file.
#[derive(Clone, Debug, Default)]
pub(super) struct Old {
    /// The lines above the connection.
    pub(super) head: Vec<usize>,
    /// Whether it runs.
    pub(super) enabled: Option<Told<bool>>,
    /// The site's host.
    pub(super) site: Option<Told<String>>,
    /// Where the browser comes back to after OAuth.
    pub(super) redirect: Option<Told<String>>,
    /// The site's id.
    pub(super) cloud_id: Option<Told<String>>,
    /// The way in, with the lines of its credentials.
    pub(super) way: Told<Way>,
    /// The lines of Brevo's key.
    pub(super) brevo: Vec<usize>,
    /// The lines of the secret that webhooks are signed with; none where there is none.
    pub(super) webhook_secret: Option<Vec<usize>>,
    /// The line of `sync:`; none where the file has none.
    pub(super) sync: Option<Vec<usize>>,
    /// What is synced, by name.
    pub(super) flags: Vec<(String, Told<bool>)>,
    /// The line of `projects:` and the projects.
    pub(super) projects: Told<Vec<Told<Project>>>,
    /// The line of `issue_types:` and the types.
    pub(super) types: Told<Vec<Told<String>>>,
    /// A query of its own.
    pub(super) jql: Option<Told<String>>,
    /// When it runs, as a pipeline writes it.
    pub(super) schedule: Option<Told<String>>,
    /// The line of `field_mapping:` and the fields.
    pub(super) mapping: Told<Vec<Told<Mapped>>>,
}

impl Old {
    /// True where a kind of record is synced: issues also where the file does not say what is.
    pub(super) fn syncs(&self, flag: &str) -> bool {
        let said = self.flags.iter().find(|(name, _)| name == flag);
        match (said, flag) {
            (Some((_, told)), _) => told.value,
            (None, "issues") => self.flags.is_empty(),
            (None, "events") => self.syncs("issues"),
            (None, _) => false,
        }
    }

    /// The lines of a flag, where it is there.
    pub(super) fn flag(&self, flag: &str) -> &[usize] {
        let said = self.flags.iter().find(|(name, _)| name == flag);
        said.map_or(&[], |(_, told)| told.lines.as_slice())
    }
}

/// Why logging is not a matter of files.
const LOGGING: &str =
    "logging is asked for on the command line: --log-level debug, --log-api-calls";
/// Why there is nothing to set.
const BY_ITSELF: &str = "page sizes, rate limits and retries are kept by themselves";
/// What became of a credential that the way in does not use.
const OTHER_WAY: &str = "the way in that auth_type names does not use it";

/// Reads `connectors.jira`; what is not known is refused line by line.
pub(super) fn read(connectors: &Entry, jira: &Entry, lines: &mut Lines) -> Old {
    let mut old = Old {
        head: lines.key(connectors),
        ..Old::default()
    };
    let above = lines.key(jira);
    old.head.extend(above);
    old.head.sort_unstable();
    old.head.dedup();
    let entries = jira.value.as_map().unwrap_or_default();
    old.way.value = way(entries).unwrap_or_default();
    for entry in entries {
        section(entry, &mut old, lines);
    }
    for entry in connectors.value.as_map().unwrap_or_default() {
        match &*entry.key.value {
            "jira" => {}
            "brevo" => brevo(entry, &mut old, lines),
            _ => lines.refuse_entry(entry, "only connectors of Jira and Brevo are taken over"),
        }
    }
    old
}

/// What the file says of the way in, else what its credentials say.
fn way(entries: &[Entry]) -> Option<Way> {
    let all = flat(entries);
    let said = all
        .iter()
        .find(|entry| matches!(name(entry).as_str(), "authtype" | "authmethod" | "type"))
        .and_then(|entry| text(&entry.value))
        .and_then(|said| way_of(&said));
    said.or_else(|| {
        let has = |wanted: &str| all.iter().any(|entry| name(entry) == wanted);
        (has("clientid") || has("clientsecret")).then_some(Way::OAuth2)
    })
}

fn way_of(said: &str) -> Option<Way> {
    match plain(said).as_str() {
        "oauth2" | "oauth" | "3lo" | "oauth23lo" | "oauth20" => Some(Way::OAuth2),
        "basic" | "apitoken" | "token" | "basicauth" => Some(Way::Basic),
        _ => None,
    }
}

/// The entries of the sections that may hold credentials, and those beside them.
fn flat(entries: &[Entry]) -> Vec<&Entry> {
    entries
        .iter()
        .flat_map(|entry| {
            let inner = is_auth_section(entry)
                .then(|| entry.value.as_map())
                .flatten();
            std::iter::once(entry).chain(inner.into_iter().flatten())
        })
        .collect()
}

fn is_auth_section(entry: &Entry) -> bool {
    entry.value.as_map().is_some()
        && matches!(
            name(entry).as_str(),
            "auth" | "authentication" | "credentials" | "oauth" | "oauth2" | "basic" | "api"
        )
}

fn section(entry: &Entry, old: &mut Old, lines: &mut Lines) {
    if is_auth_section(entry) {
        let above = lines.key(entry);
        old.way.lines.extend(above);
        for inner in entry.value.as_map().unwrap_or_default() {
            section(inner, old, lines);
        }
        return;
    }
    match name(entry).as_str() {
        "enabled" => match flag(&entry.value) {
            Some(value) => {
                old.enabled = Some(Told {
                    value,
                    lines: lines.entry(entry),
                });
            }
            None => lines.refuse_entry(entry, "neither true nor false"),
        },
        "siteurl" | "site" | "baseurl" | "url" | "host" | "domain" => site(entry, old, lines),
        "cloudid" => match text(&entry.value) {
            Some(value) if is_id(&value) => {
                old.cloud_id = Some(Told {
                    value,
                    lines: lines.entry(entry),
                });
            }
            _ => lines.refuse_entry(entry, "no cloud id; it is found by itself"),
        },
        "authtype" | "authmethod" | "type" => match text(&entry.value).and_then(|text| way_of(&text)) {
            Some(_) => {
                let told = lines.entry(entry);
                old.way.lines.extend(told);
            }
            None => lines.refuse_entry(entry, "neither oauth2 nor basic; see `flowline connect`"),
        },
        "email" | "useremail" | "username" | "user" | "apitoken" | "token" | "apikey" | "password" => {
            credential(entry, Way::Basic, old, lines);
        }
        "clientid" | "clientsecret" => credential(entry, Way::OAuth2, old, lines),
        "redirecturi" | "redirecturl" | "callbackurl" => redirect(entry, old, lines),
        "accesstoken" | "refreshtoken" => {
            lines.refuse_entry(entry, "`flowline connect jira` gets new tokens and stores them encrypted");
        }
        "scope" | "scopes" => lines.refuse_entry(
            entry,
            "scopes are computed from the pipelines: `flowline connect jira --print-scopes`",
        ),
        "webhooksecret" => old.webhook_secret = Some(lines.entry(entry)),
        "sync" => sync(entry, old, lines),
        "projects" => projects(entry, old, lines),
        "issuetypes" => types(entry, old, lines),
        "jql" | "filter" => query(entry, old, lines),
        "fieldmapping" | "fieldmappings" | "mapping" => {
            let above = lines.key(entry);
            old.mapping.lines.extend(above);
            mapping(entry, old, lines);
        }
        "schedule" | "cron" => schedule(entry, old, lines),
        "debug" | "loglevel" | "logapicalls" | "verbose" | "logging" => {
            lines.refuse_entry(entry, LOGGING);
        }
        "batchsize" | "pagesize" | "maxresults" | "ratelimit" | "ratelimits" | "retries" | "timeout"
        | "maxretries" | "concurrency" => lines.refuse_entry(entry, BY_ITSELF),
        "webhook" | "webhooks" | "webhookurl" => lines.refuse_entry(
            entry,
            "webhooks are received by `flowline serve`: set `server.public_url`, and `live: true` in a pipeline's source",
        ),
        _ if is_secret_key(&entry.key.value) => lines.refuse_entry(
            entry,
            "a credential that flowline does not use; its value is not repeated here",
        ),
        _ => lines.refuse_entry(entry, "this setting is not known"),
    }
}

fn credential(entry: &Entry, of: Way, old: &mut Old, lines: &mut Lines) {
    if old.way.value == of {
        let told = lines.entry(entry);
        old.way.lines.extend(told);
    } else {
        lines.refuse_entry(entry, OTHER_WAY);
    }
}

fn brevo(entry: &Entry, old: &mut Old, lines: &mut Lines) {
    let told = lines.key(entry);
    old.brevo.extend(told);
    for inner in entry.value.as_map().unwrap_or_default() {
        match name(inner).as_str() {
            "apikey" | "key" | "token" => {
                let told = lines.entry(inner);
                old.brevo.extend(told);
            }
            "enabled" if flag(&inner.value) == Some(true) => {
                let told = lines.entry(inner);
                old.brevo.extend(told);
            }
            _ => lines.refuse_entry(inner, "of Brevo only the key is taken over"),
        }
    }
}

/// Where the browser comes back to, which only OAuth has.
fn redirect(entry: &Entry, old: &mut Old, lines: &mut Lines) {
    let address = text(&entry.value).map(|text| text.trim().to_owned());
    let address = address.filter(|text| {
        url::Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
        })
    });
    match address {
        _ if old.way.value != Way::OAuth2 => lines.refuse_entry(entry, OTHER_WAY),
        Some(value) => {
            old.redirect = Some(Told {
                value,
                lines: lines.entry(entry),
            });
        }
        None => lines.refuse_entry(
            entry,
            "no address; `flowline connect` listens on http://localhost:8787/callback",
        ),
    }
}

/// The host of an address, without what else may stand in it.
fn site(entry: &Entry, old: &mut Old, lines: &mut Lines) {
    let host = text(&entry.value).and_then(|text| {
        let text = text.trim();
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        let host = rest.split(['/', '?', '#']).next()?;
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let fits = |one: char| one.is_ascii_alphanumeric() || "-.:".contains(one);
        (!host.is_empty() && host.chars().all(fits)).then(|| host.to_ascii_lowercase())
    });
    match host {
        Some(value) if old.site.is_none() => {
            old.site = Some(Told {
                value,
                lines: lines.entry(entry),
            });
        }
        Some(_) => lines.refuse_entry(entry, "the site's address is there already"),
        None => lines.refuse_entry(entry, "no address: write `site` in flowline.yaml"),
    }
}

fn sync(entry: &Entry, old: &mut Old, lines: &mut Lines) {
    let above = lines.key(entry);
    old.sync.get_or_insert_default().extend(above);
    if let Some(list) = entry.value.as_list() {
        for one in list {
            let name = text(one).unwrap_or_default().to_ascii_lowercase();
            if FLAGS.contains(&name.as_str()) {
                let told = lines.of(one.span);
                old.flags.push((
                    name,
                    Told {
                        value: true,
                        lines: told,
                    },
                ));
            } else {
                lines.refuse(one.span, "this kind of record is not known");
            }
        }
        return;
    }
    if entry.value.as_map().is_none() && text(&entry.value).is_some() {
        match flag(&entry.value) {
            Some(value) => old.flags.push(("issues".to_owned(), Told::of(value))),
            None => lines.refuse_entry(entry, "neither a list nor true and false by name"),
        }
        return;
    }
    for inner in entry.value.as_map().unwrap_or_default() {
        let name = inner.key.value.to_ascii_lowercase();
        match flag(&inner.value) {
            None => lines.refuse_entry(inner, "neither true nor false"),
            Some(value) if FLAGS.contains(&name.as_str()) => {
                let told = lines.entry(inner);
                old.flags.push((name, Told { value, lines: told }));
            }
            Some(_) if matches!(name.as_str(), "milestones" | "versions" | "sprints") => lines
                .refuse_entry(
                    inner,
                    "a campaign needs a template and a sender: see the pipeline `milestones` that ships",
                ),
            Some(_) => lines.refuse_entry(inner, "this kind of record is not known"),
        }
    }
}

fn projects(entry: &Entry, old: &mut Old, lines: &mut Lines) {
    let above = lines.key(entry);
    old.projects.lines.extend(above);
    match &entry.value.kind {
        Kind::List(list) => {
            for one in list {
                match one.as_map() {
                    Some(members) => project(members, one, old, lines),
                    None => keyed(one, &[], one.span, old, lines),
                }
            }
        }
        // PROJECT: { sync_to_list: 22 }, or PROJECT: 22
        Kind::Map(entries) => {
            for one in entries {
                let key = text_node(&one.key.value);
                let inner = one.value.as_map();
                match inner {
                    Some(members) => {
                        let mut found = Told {
                            value: Project {
                                key,
                                lists: Vec::new(),
                            },
                            lines: lines.key(one),
                        };
                        for member in members {
                            member_of_project(member, &mut found, lines);
                        }
                        push_project(found, one.key.span, old, lines);
                    }
                    None => {
                        let found = Told {
                            value: Project {
                                key,
                                lists: lists(&one.value),
                            },
                            lines: lines.entry(one),
                        };
                        push_project(found, one.key.span, old, lines);
                    }
                }
            }
        }
        Kind::Scalar(_) => {
            let keys = text(&entry.value).unwrap_or_default();
            for key in keys.split(',').map(str::trim).filter(|key| !key.is_empty()) {
                let found = Told {
                    value: Project {
                        key: key.to_owned(),
                        lists: Vec::new(),
                    },
                    lines: lines.entry(entry),
                };
                push_project(found, entry.value.span, old, lines);
            }
        }
    }
}

fn project(members: &[Entry], node: &Arc<Node>, old: &mut Old, lines: &mut Lines) {
    let Some(key) = members
        .iter()
        .find(|member| matches!(name(member).as_str(), "key" | "projectkey"))
    else {
        lines.refuse(node.span, "a project without a key");
        return;
    };
    let mut found = Told {
        value: Project {
            key: text(&key.value).unwrap_or_default(),
            lists: Vec::new(),
        },
        lines: lines.entry(key),
    };
    for member in members.iter().filter(|member| member.key != key.key) {
        member_of_project(member, &mut found, lines);
    }
    push_project(found, node.span, old, lines);
}

fn member_of_project(member: &Entry, found: &mut Told<Project>, lines: &mut Lines) {
    match name(member).as_str() {
        "synctolist" | "list" | "listid" | "lists" | "synctolists" => {
            let lists = lists(&member.value);
            if lists.is_empty() {
                lines.refuse_entry(member, "neither a list's id nor its name");
            } else {
                found.value.lists.extend(lists);
                let told = lines.entry(member);
                found.lines.extend(told);
            }
        }
        "key" | "projectkey" => {
            let told = lines.entry(member);
            found.lines.extend(told);
        }
        _ => lines.refuse_entry(member, "this setting of a project is not known"),
    }
}

fn keyed(
    node: &Arc<Node>,
    lists: &[String],
    span: crate::diagnostic::Span,
    old: &mut Old,
    lines: &mut Lines,
) {
    let found = Told {
        value: Project {
            key: text(node).unwrap_or_default(),
            lists: lists.to_vec(),
        },
        lines: lines.of(span),
    };
    push_project(found, span, old, lines);
}

fn push_project(
    found: Told<Project>,
    span: crate::diagnostic::Span,
    old: &mut Old,
    lines: &mut Lines,
) {
    let mut found = found;
    found.value.key = key_of(&found.value.key);
    if found.value.key.is_empty() {
        lines.refuse(span, "a project without a key");
        return;
    }
    let known = old.projects.value.iter_mut();
    match known
        .into_iter()
        .find(|one| one.value.key == found.value.key)
    {
        // Named twice: its people come to the lists of both.
        Some(known) => {
            for list in found.value.lists {
                if !known.value.lists.contains(&list) {
                    known.value.lists.push(list);
                }
            }
            known.lines.extend(found.lines);
        }
        None => old.projects.value.push(found),
    }
}

/// A project's key: Jira writes them in capitals, and finds them however they are written.
fn key_of(text: &str) -> String {
    let text = text.trim();
    let is_key = text.starts_with(|one: char| one.is_ascii_alphabetic())
        && text
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || one == '_');
    if is_key {
        text.to_ascii_uppercase()
    } else {
        text.to_owned()
    }
}

/// Lists as a pipeline writes them: ids as numbers, names as texts.
fn lists(node: &Node) -> Vec<String> {
    if let Some(list) = node.as_list() {
        return list.iter().flat_map(|one| lists(one)).collect();
    }
    let Some(text) = text(node) else {
        return Vec::new();
    };
    let text = text.trim();
    if !text.is_empty() && text.len() < 16 && text.chars().all(|one| one.is_ascii_digit()) {
        return vec![text.to_owned()];
    }
    if text.is_empty() || text.contains("{{") {
        return Vec::new();
    }
    vec![super::write::scalar(text)]
}

fn types(entry: &Entry, old: &mut Old, lines: &mut Lines) {
    let above = lines.key(entry);
    old.types.lines.extend(above);
    match &entry.value.kind {
        Kind::List(list) => {
            for one in list {
                let named = one.get("name").map_or(one, |name| name);
                match text(named).filter(|text| !text.trim().is_empty()) {
                    Some(value) => {
                        let told = lines.of(one.span);
                        old.types.value.push(Told { value, lines: told });
                    }
                    None => lines.refuse(one.span, "no name of an issue type"),
                }
            }
        }
        Kind::Scalar(_) => {
            for value in text(&entry.value).unwrap_or_default().split(',') {
                if !value.trim().is_empty() {
                    let told = lines.entry(entry);
                    old.types.value.push(Told {
                        value: value.trim().to_owned(),
                        lines: told,
                    });
                }
            }
        }
        Kind::Map(_) => lines.refuse_entry(entry, "no list of issue types"),
    }
}

fn query(entry: &Entry, old: &mut Old, lines: &mut Lines) {
    let Some(text) = text(&entry.value).filter(|text| !text.trim().is_empty()) else {
        lines.refuse_entry(entry, "no query");
        return;
    };
    match jql::parts(Text::new(&text)) {
        Ok(parts) => {
            let clause = parts.clause.and_then(|range| text.get(range));
            let value = clause.unwrap_or_default().trim().to_owned();
            if value.is_empty() {
                lines.refuse_entry(entry, "a pipeline reads in the order of updates");
            } else {
                old.jql = Some(Told {
                    value,
                    lines: lines.entry(entry),
                });
            }
        }
        Err(problems) => {
            let why = problems.first().map(|one| one.message.clone());
            lines.refuse_entry(entry, &why.unwrap_or_default());
        }
    }
}

fn schedule(entry: &Entry, old: &mut Old, lines: &mut Lines) {
    let text = text(&entry.value).unwrap_or_default();
    let text = text.trim();
    let cron = format!("{{ cron: {}, timezone: UTC }}", super::write::scalar(text));
    let is_interval = text
        .strip_prefix("every ")
        .is_some_and(|interval| parse_duration(interval).is_some());
    let value = if is_interval {
        Some(text.to_owned())
    } else if text.split_whitespace().count() == 5
        && text
            .chars()
            .all(|one| one.is_ascii_digit() || "*/,- ".contains(one))
    {
        Some(cron)
    } else {
        None
    };
    match value {
        Some(value) => {
            old.schedule = Some(Told {
                value,
                lines: lines.entry(entry),
            });
        }
        None => lines.refuse_entry(
            entry,
            "no schedule: write `schedule: every 5 minutes` or a cron",
        ),
    }
}

fn mapping(entry: &Entry, old: &mut Old, lines: &mut Lines) {
    if entry.value.as_map().is_none() && text(&entry.value).is_some()
        || entry.value.as_list().is_some_and(|list| !list.is_empty())
    {
        lines.refuse_entry(entry, "no names of fields with their attributes");
        return;
    }
    for inner in entry.value.as_map().unwrap_or_default() {
        if inner.value.as_map().is_some() {
            let above = lines.key(inner);
            old.mapping.lines.extend(above);
            mapping(inner, old, lines);
            continue;
        }
        let Some(target) = text(&inner.value).filter(|text| !text.trim().is_empty()) else {
            lines.refuse_entry(inner, "no attribute's name");
            continue;
        };
        let Some(meaning) = meaning(&inner.key.value) else {
            lines.refuse_entry(
                inner,
                "this field is not known: `flowline fields jira` lists the site's, `custom_fields` reads one",
            );
            continue;
        };
        let target = target.trim();
        let attribute = match target.to_ascii_lowercase().as_str() {
            "email" => "email".to_owned(),
            "ext_id" | "extid" => "ext_id".to_owned(),
            _ => target.to_ascii_uppercase(),
        };
        let fits = attribute
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || "_-".contains(one));
        if !fits {
            lines.refuse_entry(inner, "no name that an attribute of Brevo can have");
        } else if attribute == "email" && meaning != Meaning::Email {
            lines.refuse_entry(inner, "a contact's address is that of the person");
        } else if attribute == "ext_id" && !matches!(meaning, Meaning::Person(_) | Meaning::Email) {
            lines.refuse_entry(inner, "a contact's ext_id is something of the person");
        } else if attribute == "ext_id"
            && old
                .mapping
                .value
                .iter()
                .any(|one| one.value.attribute == "ext_id")
        {
            lines.refuse_entry(inner, "the contact's ext_id is another field already");
        } else {
            let told = lines.entry(inner);
            old.mapping.value.push(Told {
                value: Mapped { meaning, attribute },
                lines: told,
            });
        }
    }
}

/// A key without case and signs.
fn name(entry: &Entry) -> String {
    plain(&entry.key.value)
}

fn plain(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|one| one.to_ascii_lowercase())
        .collect()
}

fn text_node(text: &str) -> String {
    text.trim().to_owned()
}

/// A scalar's text; none for null, lists and maps.
fn text(node: &Node) -> Option<String> {
    let scalar = node.as_scalar()?;
    (scalar.value != ScalarValue::Null).then(|| scalar.text.to_string())
}

/// A boolean, also in YAML 1.1's words and in quotes.
fn flag(node: &Node) -> Option<bool> {
    match text(node)?.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || one == '-')
}
