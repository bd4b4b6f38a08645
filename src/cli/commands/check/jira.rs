//! The steps of a Jira site, once it is reached.

use super::Subject;
use super::allowed::allowed;
use super::steps::{Steps, Wrong};
use super::webhooks::webhooks;
use crate::connectors::jira::jql::{self, OperandKind, Text};
use crate::connectors::jira::spec::Jql;
use crate::connectors::jira::{Session, check as ask, query};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::plan::{Plan, SourceKind, SourcePlan};
use crate::runtime::Connected;

const REFUSED: Code = Code::new("jql.refused_by_site");

/// Of how many issues the reporters are looked at.
const SAMPLE: u64 = 100;

/// A query and where it is written.
struct Asked<'p> {
    plan: &'p Plan,
    source: &'p SourcePlan,
    jql: Option<&'p Jql>,
}

/// Tries the steps from `scopes` to `webhooks`.
pub(super) async fn check(
    subject: &Subject<'_>,
    connected: &Connected,
    steps: &mut Steps,
    mistakes: &mut Diagnostics,
) {
    let asked = asked(subject);
    let Some(session) = connected.jira.get(subject.name) else {
        for step in ["scopes", "projects", "search", "jql", "users", "webhooks"] {
            steps.known(step, Ok(String::new()));
        }
        return;
    };
    steps
        .tried("scopes", false, allowed(subject, session))
        .await;
    steps
        .tried("projects", false, projects(&asked, session))
        .await;
    steps.tried("search", false, search(session)).await;
    steps
        .tried("jql", false, queries(&asked, session, mistakes))
        .await;
    steps.tried("users", false, users(&asked, session)).await;
    steps
        .tried("webhooks", false, webhooks(subject, connected))
        .await;
}

/// The sources of this connection.
fn asked<'p>(subject: &Subject<'p>) -> Vec<Asked<'p>> {
    let mut asked = Vec::new();
    for plan in &subject.plans {
        for source in &plan.sources {
            if source.connection.as_ref() == Some(subject.name) {
                asked.push(Asked {
                    plan,
                    source,
                    jql: query_of(source),
                });
            }
        }
    }
    asked
}

fn query_of(source: &SourcePlan) -> Option<&Jql> {
    source.kind.jql()
}

async fn projects(asked: &[Asked<'_>], session: &Session) -> Result<((), String), Wrong> {
    let mut named: Vec<String> = Vec::new();
    for one in asked.iter().filter_map(|one| one.jql) {
        let Ok(query) = jql::parse(Text::new(&one.text)) else {
            continue;
        };
        let terms = query.clause.terms().into_iter();
        for term in terms.filter(|term| term.field.name.eq_ignore_ascii_case("project")) {
            for operand in term.operand.iter().flat_map(jql::Operand::each) {
                if let OperandKind::Value { text, .. } = &operand.kind
                    && !named.iter().any(|known| known.eq_ignore_ascii_case(text))
                {
                    named.push(text.clone());
                }
            }
        }
    }
    if named.is_empty() {
        return if ask::sees_a_project(session).await? {
            Ok((
                (),
                "no pipeline names one; the account sees some".to_owned(),
            ))
        } else {
            Err(Wrong::new("the account sees no project", ACCESS))
        };
    }
    let unseen = ask::unseen(session, &named).await?;
    if unseen.is_empty() {
        return Ok(((), named.join(", ")));
    }
    Err(Wrong::new(
        format!(
            "missing, or the account may not see it: {}",
            unseen.join(", ")
        ),
        ACCESS,
    ))
}

const ACCESS: &str = "check the keys in the pipelines, or ask an administrator for the permission Browse Projects; `flowline fields` lists what the account sees";

async fn search(session: &Session) -> Result<((), String), Wrong> {
    match ask::reporters(session, None, 1).await? {
        (0, _) => Err(Wrong::new(
            "the search finds no issue that the account may see",
            ACCESS,
        )),
        _ => Ok(((), "the account sees issues".to_owned())),
    }
}

async fn queries(
    asked: &[Asked<'_>],
    session: &Session,
    mistakes: &mut Diagnostics,
) -> Result<((), String), Wrong> {
    let with: Vec<(&Asked<'_>, &Jql)> = asked
        .iter()
        .filter_map(|one| Some((one, one.jql?)))
        .collect();
    let texts: Vec<&str> = with.iter().map(|(_, jql)| jql.text.as_str()).collect();
    let refusals = query::refusals(session, &texts).await?;
    let mut details = Vec::new();
    for ((one, jql), refusals) in with.iter().zip(&refusals) {
        for refusal in refusals {
            let span = place(one, jql, refusal);
            let at = one.plan.file.position(span.start);
            let name = one.plan.file.name();
            let refusal = refusal.trim().trim_end_matches('.');
            details.push(format!("{name}:{}:{}: {refusal}", at.line, at.column));
            mistakes.push(
                Diagnostic::error(REFUSED, format!("Jira refuses the query: {refusal}"))
                    .label(span, "refused")
                    .help("`flowline fields` lists the site's fields, statuses, priorities and projects")
                    .in_source(&one.plan.file),
            );
        }
    }
    if details.is_empty() {
        let word = if with.len() == 1 { "query" } else { "queries" };
        return Ok(((), format!("Jira takes {} {word}", with.len())));
    }
    Err(Wrong::new(
        details.join("; "),
        "correct the queries in these files; `flowline fields` lists what the site has",
    ))
}

/// The characters of a file that a refusal is about: in the query where it stands there as it is
/// asked, else the source.
fn place(one: &Asked<'_>, jql: &Jql, refusal: &str) -> Span {
    let file = one.plan.file.text();
    let from = one.source.span.start;
    let found = file
        .get(from..)
        .and_then(|rest| rest.find(&jql.text))
        .map(|inside| from + inside);
    match found {
        Some(start) => {
            let range = jql::place(&jql.text, refusal);
            Span::new(start + range.start, start + range.end)
        }
        None => one.source.span,
    }
}

async fn users(asked: &[Asked<'_>], session: &Session) -> Result<((), String), Wrong> {
    let myself = session.myself().await?;
    if !ask::looked_up(session, &myself.account_id).await? {
        return Err(Wrong::new(
            "the user look-up finds nobody",
            "ask an administrator for the global permission Browse users and groups",
        ));
    }
    let mut sampled = (0, 0);
    for one in asked
        .iter()
        .filter(|one| matches!(one.source.kind, SourceKind::JiraIssues(_)))
    {
        let jql = one.jql.map(|jql| jql.text.as_str());
        // What a query is refused for, the step before says.
        if let Ok((issues, with)) = ask::reporters(session, jql, SAMPLE).await {
            sampled = (sampled.0 + issues, sampled.1 + with);
        }
    }
    let (issues, with) = sampled;
    if issues == 0 {
        return Ok(((), "user look-up works; no issue to look at".to_owned()));
    }
    let share = with * 100 / issues;
    let detail = format!(
        "user look-up works; {share} % of reporters can be matched by e-mail ({with} of {issues} issues)"
    );
    if with == 0 {
        return Err(Wrong::new(
            detail,
            "people hide their addresses, or the account may not see them: identify by `ext_id: $.fields.reporter.accountId`, or `enrich` from a file",
        ));
    }
    Ok(((), detail))
}
