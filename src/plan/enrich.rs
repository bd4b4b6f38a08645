//! Compiling `enrich`: which look-up, what it is asked for, what it adds.

use std::sync::Arc;

use indexmap::IndexMap;

use super::compile::{Surroundings, connection};
use super::compiler::Compiler;
use super::fit::Wanted;
use super::steps::{self, Flow};
use super::{LookupKind, LookupPlan, fit, kinds, sources};
use crate::config::{self, AttributeType, Catalog, Members, Written};
use crate::connectors::file::spec::FileFormat;
use crate::diagnostic::{Code, Span, Spanned};
use crate::expression::{Escape, Expression, Kind};
use crate::record::{Projection, Value};
use crate::shape::{self, Format, Kinds, Shape};
use crate::transform::{Arguments, Enrich, Looked, marked};

const ONE_LOOKUP: Code = Code::new("enrich.one_lookup");
const NO_COLUMNS: Code = Code::new("enrich.no_columns");
const NOT_CSV: Code = Code::new("enrich.not_csv");
const NOT_JQL: Code = Code::new("enrich.not_jql");
const WRONG_ARGUMENT: Code = Code::new("enrich.wrong_argument");
const NO_CONNECTION: Code = Code::new("enrich.no_connection");

const LOOKUPS: &str = "brevo.contact, jira.user, jira.issue, jira.request, jira.search, file";

pub(super) fn enrich(
    members: &Members<config::Enrich>,
    flow: &mut Flow,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Option<Enrich> {
    let compiled: Vec<Option<(Looked, Shape)>> = members
        .iter()
        .map(|(name, written)| one(name, written, flow, surroundings, compiler))
        .collect();
    // All of one step read the record before it.
    for ((name, _), compiled) in members.iter().zip(&compiled) {
        let shape = match compiled {
            Some((looked, shape)) => {
                flow.reads.looked_up(&name.value, looked.lookup);
                shape.clone()
            }
            // What it would add is not known: nothing that reads it is a mistake of its own.
            None => Shape::any(),
        };
        flow.shape = flow.shape.with_member(Arc::clone(&name.value), shape);
    }
    let fields: Option<Vec<Looked>> = compiled
        .into_iter()
        .map(|one| one.map(|(looked, _)| looked))
        .collect();
    fields.map(|fields| Enrich { fields })
}

fn one(
    name: &Spanned<Arc<str>>,
    written: &config::Enrich,
    flow: &mut Flow,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Option<(Looked, Shape)> {
    let said = [
        written.brevo_contact.is_some(),
        written.jira_user.is_some(),
        written.jira_issue.is_some(),
        written.jira_request.is_some(),
        written.jira_search.is_some(),
        written.file.is_some(),
    ];
    if said.iter().filter(|said| **said).count() != 1 {
        compiler.mistake(
            ONE_LOOKUP,
            format!("`{}` is filled by one look-up", name.value),
            name.span,
            "expected exactly one",
            format!("say one of {LOOKUPS}"),
        );
        return None;
    }
    if written.file.is_none() && !written.columns.is_empty() {
        compiler.mistake(
            NO_COLUMNS,
            "`where` names columns, and only a `file` has them",
            name.span,
            "not a file",
            "leave `where` out",
        );
        return None;
    }
    let (kind, arguments, shape) = if let Some(contact) = &written.brevo_contact {
        let email = steps::value(&contact.email, flow, compiler)?;
        let fits = |value: &Value| value.as_str().is_some_and(|text| text.contains('@'));
        unfit("an e-mail", Kinds::TEXT, &fits, &email, flow, compiler);
        (LookupKind::Contact, Arguments::Email(email), None)
    } else if let Some(user) = &written.jira_user {
        let user = argument(user, flow, compiler)?;
        (LookupKind::User, Arguments::Id(user), record("jira.user"))
    } else if let Some(issue) = &written.jira_issue {
        let issue = argument(issue, flow, compiler)?;
        (
            LookupKind::Issue,
            Arguments::Id(issue),
            record("jira.issue"),
        )
    } else if let Some(request) = &written.jira_request {
        let request = argument(request, flow, compiler)?;
        (
            LookupKind::Request,
            Arguments::Id(request),
            Some(customer()),
        )
    } else if let Some(jql) = &written.jira_search {
        let jql = query(jql, flow, compiler)?;
        let list = record("jira.issue").map(Shape::list);
        (LookupKind::Search, Arguments::Jql(jql), list)
    } else {
        file(name.span, written, flow, compiler)?
    };
    let service = match kind {
        LookupKind::Contact => Some("brevo"),
        LookupKind::File { .. } => None,
        _ => Some("jira"),
    };
    let connection = match service {
        Some(service) => {
            let user = Spanned::new(kind.name(), name.span);
            let named = written.connection.as_ref();
            Some(connection(service, named, user, surroundings, compiler)?)
        }
        None => {
            if let Some(named) = &written.connection {
                compiler.mistake(
                    NO_CONNECTION,
                    "a file needs no connection",
                    named.span,
                    "of no use here",
                    "leave `connection` out",
                );
            }
            None
        }
    };
    let shape = shape.unwrap_or_else(|| {
        let catalog = connection
            .as_ref()
            .and_then(|connection| surroundings.catalogs.get(connection));
        contact(catalog)
    });
    let looked = Looked {
        name: Arc::clone(&name.value),
        lookup: number(kind, connection, compiler),
        arguments,
        dead: written
            .on_miss
            .as_ref()
            .is_some_and(|on_miss| on_miss.as_text().is_some()),
        span: name.span,
    };
    Some((looked, shape.or_missing()))
}

/// The number of a look-up: equal ones share what they know.
fn number(kind: LookupKind, connection: Option<Arc<str>>, compiler: &mut Compiler<'_>) -> usize {
    let mut known = compiler.lookups.iter();
    let known = known.position(|known| known.kind == kind && known.connection == connection);
    known.unwrap_or_else(|| {
        compiler.lookups.push(LookupPlan {
            kind,
            connection,
            reads: Projection::nothing(),
        });
        compiler.lookups.len() - 1
    })
}

/// An id, a key, an address, a cell.
fn argument(written: &Written, flow: &mut Flow, compiler: &mut Compiler<'_>) -> Option<Expression> {
    let value = steps::value(written, flow, compiler)?;
    let fits = |value: &Value| {
        matches!(value, Value::Number(_)) || value.as_str().is_some_and(|text| !text.is_empty())
    };
    let kinds = Kinds::TEXT.union(Kinds::NUMBER);
    unfit("text or a number", kinds, &fits, &value, flow, compiler);
    Some(value)
}

fn unfit(
    what: &str,
    kinds: Kinds,
    fits: &dyn Fn(&Value) -> bool,
    expression: &Expression,
    flow: &Flow,
    compiler: &mut Compiler<'_>,
) {
    let wanted = Wanted {
        kinds,
        fits,
        element: None,
    };
    let mut found = Vec::new();
    fit::unfit(expression, &wanted, &flow.shape, &mut found);
    for (span, reason) in found {
        compiler.mistake(
            WRONG_ARGUMENT,
            format!("the look-up is asked for {what}, and this is {reason}"),
            span,
            format!("expected {what}"),
            "name the field that holds it",
        );
    }
}

/// JQL: text, or a template whose insertions are marked.
fn query(written: &Written, flow: &mut Flow, compiler: &mut Compiler<'_>) -> Option<Expression> {
    let mut jql = steps::value(written, flow, compiler)?;
    match jql.kind() {
        Kind::Template(_) => jql.escape_texts(Escape::all(marked)),
        Kind::Literal(Value::String(_)) => {}
        _ => {
            compiler.mistake(
                NOT_JQL,
                "a search is JQL, written here",
                written.span,
                "expected JQL",
                "write it as a template: `jira.search: 'fixVersion = {{id}}'`",
            );
            return None;
        }
    }
    Some(jql)
}

fn file(
    span: Span,
    written: &config::Enrich,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<(LookupKind, Arguments, Option<Shape>)> {
    let path = written.file.as_ref()?;
    if !sources::inside(path, compiler) {
        return None;
    }
    if FileFormat::of_name(&path.value) != Some(FileFormat::Csv) {
        compiler.mistake(
            NOT_CSV,
            format!("`{}` is no CSV file by its name", path.value),
            path.span,
            "expected `.csv`",
            "look-ups read CSV with a header: name the file `….csv`",
        );
        return None;
    }
    if written.columns.is_empty() {
        compiler.mistake(
            NO_COLUMNS,
            "`where` says which row is looked for",
            span,
            "no `where`",
            "add e.g. `where: { account_id: $.fields.assignee.accountId }`",
        );
        return None;
    }
    let columns: Vec<Option<(Arc<str>, Expression)>> = written
        .columns
        .iter()
        .map(|(name, written)| {
            let cell = argument(written, flow, compiler)?;
            Some((Arc::clone(&name.value), cell))
        })
        .collect();
    let mut columns = columns.into_iter().collect::<Option<Vec<_>>>()?;
    columns.sort_by(|(one, _), (other, _)| one.cmp(other));
    let row = shape::Members {
        named: columns
            .iter()
            .map(|(name, _)| (Arc::clone(name), Shape::of(Kinds::TEXT)))
            .collect(),
        others: Some(Arc::new(Shape::of(Kinds::TEXT).or_missing())),
        ..shape::Members::default()
    };
    let shape = Shape {
        members: Some(Arc::new(row)),
        ..Shape::of(Kinds::OBJECT)
    };
    let path = path.value.as_str().into();
    Some((
        LookupKind::File { path },
        Arguments::Columns(columns),
        Some(shape),
    ))
}

fn record(kind: &str) -> Option<Shape> {
    Some(kinds::record_shape(kind).unwrap_or_else(Shape::any))
}

/// A request's customer.
fn customer() -> Shape {
    let text = |format| Shape {
        format,
        ..Shape::of(Kinds::TEXT.union(Kinds::NULL))
    };
    Shape::object(IndexMap::from([
        ("accountId".into(), text(None)),
        ("email".into(), text(Some(Format::Email))),
        ("displayName".into(), text(None)),
    ]))
}

/// A contact of Brevo, its attributes by the catalog.
fn contact(catalog: Option<&Catalog>) -> Shape {
    let of = |kinds| Shape::of(kinds).or_missing();
    let time = || Shape {
        format: Some(Format::DateTime),
        ..of(Kinds::TEXT)
    };
    let attributes = match catalog {
        Some(Catalog::Brevo(catalog)) => {
            let known = catalog.attributes.iter().map(|(name, attribute)| {
                let kinds = match attribute.kind {
                    AttributeType::Number => Kinds::NUMBER,
                    AttributeType::Boolean => Kinds::BOOLEAN,
                    AttributeType::MultipleChoice => Kinds::LIST,
                    AttributeType::Text | AttributeType::Date => Kinds::TEXT,
                    // By its label, or by its number.
                    AttributeType::Category => Kinds::TEXT.union(Kinds::NUMBER),
                };
                (Arc::from(name.as_str()), of(kinds))
            });
            Shape::object(known.collect())
        }
        _ => Shape {
            optional: false,
            ..Shape::of(Kinds::OBJECT)
        },
    };
    Shape::object(IndexMap::from([
        ("id".into(), Shape::of(Kinds::INTEGER)),
        (
            "email".into(),
            Shape {
                format: Some(Format::Email),
                ..of(Kinds::TEXT)
            },
        ),
        ("emailBlacklisted".into(), of(Kinds::BOOLEAN)),
        ("smsBlacklisted".into(), of(Kinds::BOOLEAN)),
        ("createdAt".into(), time()),
        ("modifiedAt".into(), time()),
        (
            "listIds".into(),
            Shape::list(Shape::of(Kinds::INTEGER)).or_missing(),
        ),
        (
            "listUnsubscribed".into(),
            Shape::list(Shape::of(Kinds::INTEGER)).or_missing(),
        ),
        ("statistics".into(), of(Kinds::OBJECT)),
        ("attributes".into(), attributes),
    ]))
}
