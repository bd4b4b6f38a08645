//! `jira.issue` and `jira.comment`.

use super::super::compiler::Compiler;
use super::super::steps::Flow;
use super::message;
use super::values::{takes, value, values};
use crate::config::{self, Catalog, JiraCatalog};
use crate::connectors::jira::spec::{NewComment, NewIssue, is_document};
use crate::diagnostic::{Code, Span, nearest};
use crate::expression::{Expression, Place};
use crate::record::Value;
use crate::shape::Kinds;

const NO_SUMMARY: Code = Code::new("jira.no_summary");
const OWN_FIELD: Code = Code::new("jira.own_field");
const UNKNOWN_PROJECT: Code = Code::new("jira.unknown_project");
const UNKNOWN_FIELD: Code = Code::new("jira.unknown_field");

pub(super) fn issue(
    written: &config::JiraIssue,
    span: Span,
    catalog: Option<&Catalog>,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<NewIssue> {
    let id = message::id(written.id.as_ref(), span, "an issue", flow, compiler);
    let project = value(&written.project, Place::LeftOut, flow, compiler);
    if let Some(project) = &project {
        name("project", "the key of a project", project, flow, compiler);
    }
    let kind = value(&written.kind, Place::LeftOut, flow, compiler);
    if let Some(kind) = &kind {
        name("type", "the name of an issue type", kind, flow, compiler);
    }
    for (field, _) in written.fields.iter() {
        let own = match &*field.value {
            "project" => "project",
            "issuetype" => "type",
            _ => continue,
        };
        compiler.mistake(
            OWN_FIELD,
            format!("`{}` is not given among the fields", field.value),
            field.span,
            "stands beside `fields`",
            format!("write `{own}:` beside `fields`"),
        );
    }
    let summary = |name: &str| name.eq_ignore_ascii_case("summary");
    if !written
        .fields
        .iter()
        .any(|(field, _)| summary(&field.value))
    {
        compiler.mistake(
            NO_SUMMARY,
            "an issue needs a summary",
            span,
            "`fields.summary` is missing",
            "add `fields: { summary: … }`",
        );
    }
    let fields = values(&written.fields, Place::LeftOut, flow, compiler);
    for (field, value) in fields.iter().flatten() {
        if summary(field) {
            let what = "one line of text";
            takes(
                field,
                what,
                Kinds::SCALAR,
                &says_something,
                value,
                flow,
                compiler,
            );
        }
    }
    if let Some(Catalog::Jira(catalog)) = catalog {
        if let Some(project) = &project {
            known_project(project, catalog, compiler);
        }
        known_fields(written, catalog, compiler);
    }
    let backfill = message::backfill(written.backfill.as_ref(), compiler);
    Some(NewIssue {
        id: id?,
        project: project?,
        kind: kind?,
        fields: fields?,
        backfill_ms: backfill?,
    })
}

/// Says where the site has no such project.
fn known_project(project: &Expression, catalog: &JiraCatalog, compiler: &mut Compiler<'_>) {
    let Some(key) = project.as_literal().and_then(Value::as_str) else {
        return;
    };
    let known = || catalog.projects.keys().map(String::as_str);
    if catalog.projects.is_empty() || known().any(|one| one.eq_ignore_ascii_case(key)) {
        return;
    }
    let help = match nearest(key, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "if it is new, run `flowline schema pull`".to_owned(),
    };
    compiler.mistake(
        UNKNOWN_PROJECT,
        "the site has no project of this key",
        project.span(),
        "not in the catalog",
        help,
    );
}

/// Says where the site has no such field.
fn known_fields(written: &config::JiraIssue, catalog: &JiraCatalog, compiler: &mut Compiler<'_>) {
    // A catalog that somebody wrote by hand may hold some fields alone.
    if !catalog.fields.contains_key("summary") {
        return;
    }
    for (field, _) in written.fields.iter() {
        let name = &*field.value;
        let known = |(id, one): (&String, &config::JiraField)| {
            id == name || one.name.eq_ignore_ascii_case(name)
        };
        if catalog.fields.iter().any(known) {
            continue;
        }
        let names = catalog.fields.iter();
        let names = names.flat_map(|(id, one)| [id.as_str(), one.name.as_str()]);
        let help = match nearest(name, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`flowline fields` shows the site's fields".to_owned(),
        };
        compiler.mistake(
            UNKNOWN_FIELD,
            format!("the site has no field `{name}`"),
            field.span,
            "not in the catalog",
            help,
        );
    }
}

pub(super) fn comment(
    written: &config::JiraComment,
    span: Span,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<NewComment> {
    let id = message::id(written.id.as_ref(), span, "a comment", flow, compiler);
    let issue = value(&written.issue, Place::LeftOut, flow, compiler);
    if let Some(issue) = &issue {
        name("issue", "the id or key of an issue", issue, flow, compiler);
    }
    let body = value(&written.body, Place::LeftOut, flow, compiler);
    if let Some(body) = &body {
        let fits = |value: &Value| is_document(value) || says_something(value);
        let kinds = Kinds::SCALAR.union(Kinds::OBJECT);
        takes(
            "body",
            "text, or a document as Jira has it",
            kinds,
            &fits,
            body,
            flow,
            compiler,
        );
    }
    let backfill = message::backfill(written.backfill.as_ref(), compiler);
    Some(NewComment {
        id: id?,
        issue: issue?,
        body: body?,
        backfill_ms: backfill?,
    })
}

/// Says where a value can never be a name or number of something in Jira.
fn name(name: &str, what: &str, expression: &Expression, flow: &Flow, compiler: &mut Compiler<'_>) {
    let fits = |value: &Value| !matches!(value, Value::Bool(_)) && says_something(value);
    let kinds = Kinds::TEXT.union(Kinds::NUMBER);
    takes(name, what, kinds, &fits, expression, flow, compiler);
}

/// A scalar that is not blank.
fn says_something(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.trim().is_empty(),
        value => matches!(value, Value::Number(_) | Value::Bool(_)),
    }
}
