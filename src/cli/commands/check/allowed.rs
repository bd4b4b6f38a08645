//! Whether a Jira connection may do what the pipelines need: an app's scopes, an account's
//! permissions.

use std::collections::BTreeMap;

use super::super::scopes::{get_scopes, told_missing};
use super::Subject;
use super::steps::Wrong;
use crate::config::{Connection, JiraAuth};
use crate::connectors::jira::{Session, check as ask, scopes};
use crate::http::Class;
use crate::plan::{Plan, SinkKind, SourceKind};
use crate::record::Value;
use crate::runtime::{jira_uses, missing_scopes, registration};

/// A permission in one project, or anywhere.
type Permission = (Option<String>, &'static str);

/// Which pipelines need each permission.
type Needs<'p> = BTreeMap<Permission, Vec<&'p str>>;

/// Jira's names for people, and whether the whole site is meant.
const NAMES: [(&str, &str, bool); 5] = [
    ("BROWSE_PROJECTS", "Browse Projects", false),
    ("CREATE_ISSUES", "Create Issues", false),
    ("ADD_COMMENTS", "Add Comments", false),
    ("USER_PICKER", "Browse users and groups", true),
    ("ADMINISTER", "Administer Jira", true),
];

/// Compares what is needed with what is granted.
pub(super) async fn allowed(
    subject: &Subject<'_>,
    session: &Session,
) -> Result<((), String), Wrong> {
    let mut told = Vec::new();
    match auth(subject) {
        Some(JiraAuth::OAuth2(_)) => told.push(granted(subject)?),
        Some(JiraAuth::Token(_)) => {
            let needed = scopes(jira_uses(subject.loaded, subject.name));
            let needed = needed.iter().filter(|scope| scope.contains(':'));
            let needed: Vec<&str> = needed.copied().collect();
            told.push(format!(
                "a token does not say which scopes it has; needed: {}",
                needed.join(", ")
            ));
        }
        Some(JiraAuth::Basic(_)) | None => {}
    }
    let needs = needs(subject);
    let lacking = lacking(&needs, session).await?;
    if lacking.is_empty() {
        let mut names: Vec<&str> = needs.keys().map(|(_, name)| *name).collect();
        names.sort_unstable();
        names.dedup();
        told.push(names.join(", "));
        return Ok(((), told.join("; ")));
    }
    let each: Vec<String> = lacking.iter().map(|one| said(one, &needs)).collect();
    let of_site = lacking.iter().any(|(_, name)| of_people(name).1);
    let whom = if of_site {
        "an administrator of the site"
    } else {
        "an administrator of the projects"
    };
    let mut help = format!("ask {whom} to grant this to the account, then check again");
    if lacking.iter().any(|(_, name)| *name == "ADMINISTER") {
        help.push_str(
            "; webhooks need no such account where an app registers them: `auth: { oauth2: … }`",
        );
    }
    Err(Wrong::new(
        format!("the account lacks {}", each.join("; ")),
        help,
    ))
}

/// How the connection gets in; the sandbox lets everybody in as an account.
fn auth<'s>(subject: &Subject<'s>) -> Option<&'s JiraAuth> {
    let connection = &subject.loaded.project.connections.get(subject.name)?.value;
    match connection {
        Connection::Jira(jira) if !subject.sandbox => Some(&jira.auth.value),
        _ => None,
    }
}

/// The scopes of the tokens that are kept.
fn granted(subject: &Subject<'_>) -> Result<String, Wrong> {
    let kept = subject.kept.credential(subject.name);
    let kept = kept.map_err(|error| Wrong::new(error.to_string(), error.help()))?;
    let granted = kept
        .and_then(|kept| kept.tokens)
        .map(|tokens| tokens.scopes);
    let granted = granted.unwrap_or_default();
    let missing = missing_scopes(&granted, subject.loaded, subject.name);
    if missing.is_empty() {
        return Ok(granted.join(", "));
    }
    Err(Wrong::new(told_missing(&missing), get_scopes(subject.name)))
}

/// What the pipelines need of an account.
fn needs<'p>(subject: &Subject<'p>) -> Needs<'p> {
    let mut needs = Needs::new();
    // Whoever connects reads.
    needs.entry((None, "BROWSE_PROJECTS")).or_default();
    let mut need = |plan: &'p Plan, project: Option<String>, name: &'static str| {
        let by = needs.entry((project, name)).or_default();
        if by.last() != Some(&&*plan.name) {
            by.push(&plan.name);
        }
    };
    let here = Some(subject.name);
    for plan in &subject.plans {
        let sources = plan.sources.iter();
        for source in sources.filter(|source| source.connection.as_ref() == here) {
            match source.kind {
                SourceKind::JiraUsers(_) => need(plan, None, "USER_PICKER"),
                _ => need(plan, None, "BROWSE_PROJECTS"),
            }
            if registers(subject) && registration::is_told(&source.kind) {
                need(plan, None, "ADMINISTER");
            }
        }
        let sinks = plan.sinks.iter();
        for sink in sinks.filter(|sink| sink.connection.as_ref() == here) {
            match &sink.kind {
                SinkKind::JiraIssue(issue) => {
                    let key = issue.project.as_literal().and_then(Value::as_str);
                    need(plan, key.map(str::to_owned), "CREATE_ISSUES");
                }
                SinkKind::JiraComment(_) => need(plan, None, "ADD_COMMENTS"),
                _ => {}
            }
        }
    }
    needs
}

/// True where flowline registers webhooks as an account that administers the site.
fn registers(subject: &Subject<'_>) -> bool {
    subject.public_url.is_some() && matches!(auth(subject), Some(JiraAuth::Basic(_)))
}

/// Which of these the account lacks.
async fn lacking(needs: &Needs<'_>, session: &Session) -> Result<Vec<Permission>, Wrong> {
    let mut by_project: BTreeMap<Option<&str>, Vec<&'static str>> = BTreeMap::new();
    for (project, name) in needs.keys() {
        by_project.entry(project.as_deref()).or_default().push(name);
    }
    let mut lacking = Vec::new();
    for (project, names) in by_project {
        let lacks = match (ask::lacking(session, &names, project).await, project) {
            (Err(failure), Some(key)) if failure.class == Class::NotFound => {
                return Err(no_project(key, needs));
            }
            (lacks, _) => lacks?,
        };
        lacking.extend(
            lacks
                .into_iter()
                .map(|name| (project.map(str::to_owned), name)),
        );
    }
    Ok(lacking)
}

/// A project in which issues are to be created is not there.
fn no_project(key: &str, needs: &Needs<'_>) -> Wrong {
    let here = needs
        .iter()
        .filter(|((project, _), _)| project.as_deref() == Some(key));
    let by: Vec<&str> = here.flat_map(|(_, by)| by).copied().collect();
    Wrong::new(
        format!(
            "there is no project {key}, or the account may not see it: the pipeline {} creates issues in it",
            by.join(", ")
        ),
        "correct `project` in the pipeline, or ask an administrator of the project for access; `flowline fields` lists the projects that the account sees",
    )
}

fn of_people(name: &str) -> (&'static str, bool) {
    let known = NAMES.iter().find(|(key, ..)| *key == name);
    known.map_or(("", false), |(_, people, of_site)| (people, *of_site))
}

fn said(lacks: &Permission, needs: &Needs<'_>) -> String {
    let (project, name) = lacks;
    let place = project
        .as_ref()
        .map_or_else(String::new, |key| format!(" in the project {key}"));
    let by = needs.get(lacks).map(Vec::as_slice).unwrap_or_default();
    let by = match by {
        [] => String::new(),
        [one] => format!(", needed by the pipeline {one}"),
        several => format!(", needed by the pipelines {}", several.join(", ")),
    };
    format!("{name} ({}){place}{by}", of_people(name).0)
}
