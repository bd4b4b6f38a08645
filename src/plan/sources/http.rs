//! `http`.

use super::super::compiler::{Compiler, located};
use super::super::http::{self, Header};
use super::super::{SourceKind, SourcePlan};
use super::Compiled;
use crate::config::{self, Pages as Written};
use crate::connectors::http::spec::{HttpCursor, HttpSource, Pages};
use crate::diagnostic::{Code, Span, Spanned};
use crate::shape::Shape;

const BAD_PARAMETER: Code = Code::new("http.bad_parameter");
const BAD_PAGE_SIZE: Code = Code::new("http.bad_page_size");
const ONE_RECORD: Code = Code::new("http.one_record");

pub(super) fn http(
    source: &config::HttpSource,
    span: Span,
    compiler: &mut Compiler<'_>,
) -> Compiled {
    http::address(&source.url.value, source.url.span, compiler);
    let (auth, headers) = http::headers(source.auth.as_ref(), &source.headers, compiler);
    let (mut plain, mut secret) = (Vec::new(), Vec::new());
    for (name, header) in headers {
        match header {
            Header::Secret(at) => secret.push((name.to_string(), at)),
            Header::Plain(written) => {
                let text = http::header_text(&name, written, compiler);
                plain.extend(text.map(|text| (name.to_string(), text)));
            }
        }
    }
    let records = compiler.path(&source.records);
    if let Some(records) = &records
        && records.value.is_singular()
        && records.value.text() != "$"
    {
        compiler.warning(
            ONE_RECORD,
            format!(
                "`{}` selects one value: a list would be one record",
                records.value.text()
            ),
            records.node.span,
            "one record an answer",
            format!(
                "to make a record of each element: `{}[*]`",
                records.value.text()
            ),
        );
    }
    let mut reads = Vec::new();
    let mut path = |written: &config::Written, compiler: &mut Compiler<'_>| {
        let path = compiler.path(written)?;
        reads.extend(located(path.value.references(), &path.node));
        Some(path.value)
    };
    let id = source
        .id
        .as_ref()
        .and_then(|written| path(written, compiler));
    let time = source
        .time
        .as_ref()
        .and_then(|written| path(written, compiler));
    let cursor = source.cursor.as_ref().and_then(|cursor| {
        let read = path(&cursor.read, compiler)?;
        Some(HttpCursor {
            read,
            query: cursor.query.value.clone(),
        })
    });
    let pages = source
        .pages
        .as_ref()
        .and_then(|pages| compiled(pages, compiler));
    parameters(source, compiler);
    let (has_identity, has_time) = (source.id.is_some(), source.time.is_some());
    let plan = records.map(|records| SourcePlan {
        kind: SourceKind::Http(Box::new(HttpSource {
            url: source.url.value.clone(),
            auth,
            headers: plain,
            secret_headers: secret,
            records: records.value,
            id,
            time,
            pages,
            cursor,
        })),
        connection: None,
        span,
    });
    Compiled {
        source: plan,
        record: None,
        shape: Shape {
            optional: false,
            ..Shape::any()
        },
        has_identity,
        has_time,
        reads,
    }
}

fn compiled(pages: &Written, compiler: &mut Compiler<'_>) -> Option<Pages> {
    Some(match pages {
        Written::Link => Pages::Link,
        Written::Token(token) => Pages::Token {
            read: compiler.path(&token.read)?.value,
            query: token.query.value.clone(),
        },
        Written::Offset(offset) => {
            let size = &offset.limit.size;
            if size.value == 0 {
                compiler.mistake(
                    BAD_PAGE_SIZE,
                    "a page of no records never ends",
                    size.span,
                    "expected at least 1",
                    "write how many records the API gives at once, e.g. `size: 100`",
                );
            }
            Pages::Offset {
                query: offset.query.value.clone(),
                limit: offset.limit.query.value.clone(),
                size: size.value,
            }
        }
        Written::Page(page) => Pages::Number {
            query: page.query.value.clone(),
            first: page.first.map_or(1, |first| first.value),
        },
        Written::Url(read) => Pages::Url(compiler.path(read)?.value),
    })
}

/// Says of each parameter of the query that names nothing, or that another one has taken.
fn parameters(source: &config::HttpSource, compiler: &mut Compiler<'_>) {
    let mut parameters: Vec<&Spanned<String>> = Vec::new();
    parameters.extend(source.cursor.as_ref().map(|cursor| &cursor.query));
    match &source.pages {
        Some(Written::Token(token)) => parameters.push(&token.query),
        Some(Written::Offset(offset)) => parameters.extend([&offset.query, &offset.limit.query]),
        Some(Written::Page(page)) => parameters.push(&page.query),
        Some(Written::Link | Written::Url(_)) | None => {}
    }
    let mut known: Vec<&str> = Vec::new();
    for parameter in parameters {
        let name = parameter.value.trim();
        let message = if name.is_empty() {
            "the parameter has no name".to_owned()
        } else if known.contains(&name) {
            format!("the parameter `{name}` already says something else")
        } else {
            known.push(name);
            continue;
        };
        compiler.mistake(
            BAD_PARAMETER,
            message,
            parameter.span,
            "expected a parameter of the API's query",
            "see the API's documentation for its name",
        );
    }
}
