//! `http`.

use std::sync::Arc;

use super::super::compiler::Compiler;
use super::super::http::{self, Header};
use super::super::steps::Flow;
use super::message;
use super::values::{optional, takes, value};
use crate::config::{self, Method};
use crate::connectors::http::spec::HttpSink;
use crate::diagnostic::{Code, Span};
use crate::expression::{Expression, Kind, Place};
use crate::record::Value;
use crate::shape::Kinds;

const BODY_OF_GET: Code = Code::new("http.body_of_get");

pub(super) fn http(
    written: &config::HttpSink,
    span: Span,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<HttpSink> {
    let (auth, headers) = http::headers(written.auth.as_ref(), &written.headers, compiler);
    let url = value(&written.url, Place::LeftOut, flow, compiler);
    let mut address = String::new();
    if let Some(url) = &url {
        match url.kind() {
            Kind::Literal(Value::String(text)) => {
                http::address(text, url.span(), compiler);
                text.as_ref().clone_into(&mut address);
            }
            _ => {
                let fits = |value: &Value| value.as_str().is_some();
                takes("url", "an address", Kinds::TEXT, &fits, url, flow, compiler);
                compiler.source.slice(url.span()).clone_into(&mut address);
            }
        }
    }
    let (mut plain, mut secret): (Vec<(Arc<str>, Expression)>, _) = (Vec::new(), Vec::new());
    for (name, header) in headers {
        match header {
            Header::Secret(at) => secret.push((name.to_string(), at)),
            Header::Plain(written) => {
                if let Some(text) = value(written, Place::LeftOut, flow, compiler) {
                    let fits =
                        |value: &Value| value.as_array().is_none() && value.as_object().is_none();
                    let what = "one line of text";
                    takes(&name, what, Kinds::SCALAR, &fits, &text, flow, compiler);
                    plain.push((name, text));
                }
            }
        }
    }
    let body = optional(written.body.as_ref(), Place::LeftOut, flow, compiler);
    if let (Method::Get, Some(body)) = (written.method.value, &written.body) {
        compiler.mistake(
            BODY_OF_GET,
            "a GET has no body: what stands in between refuses one that has",
            body.span,
            "never sent",
            "leave `body` out, or say another `method`",
        );
    }
    let id = message::id(written.id.as_ref(), span, "a request", flow, compiler);
    let backfill = message::backfill(written.backfill.as_ref(), compiler);
    let method = match written.method.value {
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
        Method::Get => "GET",
    };
    Some(HttpSink {
        id: id?,
        method,
        url: url?,
        auth,
        headers: plain,
        secret_headers: secret,
        body: body?,
        repeatable: written.idempotent.is_some_and(|said| said.value)
            || matches!(
                written.method.value,
                Method::Put | Method::Delete | Method::Get
            ),
        backfill_ms: backfill?,
        scope: format!("http/{method} {address}").into(),
    })
}
