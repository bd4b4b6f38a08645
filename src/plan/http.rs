//! What `http` sources and sinks have in common: addresses, ways in, headers.

use std::sync::Arc;

use super::compiler::Compiler;
use crate::config::{self, HttpAuth, Keyed, Members, SecretSource, Written};
use crate::connectors::http::spec::{self, Auth, OWN_HEADERS, SECRET_HEADERS};
use crate::diagnostic::{Code, Span};

const BAD_URL: Code = Code::new("http.bad_url");
const BAD_HEADER: Code = Code::new("http.bad_header");
const TWO_WAYS_IN: Code = Code::new("http.two_ways_in");

/// Says where a text is no address that may be asked; what stands for a `${…}` that is not set is
/// not known yet.
pub(super) fn address(text: &str, span: Span, compiler: &mut Compiler<'_>) {
    if text.contains("${") {
        return;
    }
    if let Err(why) = spec::address(text) {
        compiler.mistake(
            BAD_URL,
            format!("`url` is {why}"),
            span,
            "expected e.g. `https://api.acme.example/customers`",
            "write an address that starts with https:// (http:// to this machine only); how to get in stands under `auth:`",
        );
    }
}

/// A header as written, by the lower case of its name.
pub(super) enum Header<'w> {
    /// Its value is a reference to a secret.
    Secret(SecretSource),
    /// Its value is a value.
    Plain(&'w Written),
}

/// The headers, and the way in; what is wrong with them is said.
pub(super) fn headers<'w>(
    auth: Option<&Keyed<HttpAuth>>,
    headers: &'w Members<Written>,
    compiler: &mut Compiler<'_>,
) -> (Option<Auth>, Vec<(Arc<str>, Header<'w>)>) {
    let mut found: Vec<(Arc<str>, Header<'w>)> = Vec::new();
    for (name, written) in headers.iter() {
        let lower: Arc<str> = name.value.to_ascii_lowercase().into();
        let twice = found.iter().any(|(known, _)| *known == lower);
        if !header_name(&name.value, twice, name.span, compiler) {
            continue;
        }
        let secret = SECRET_HEADERS
            .contains(&&*lower)
            .then(|| written.as_text().and_then(SecretSource::parse))
            .flatten();
        let header = secret.map_or(Header::Plain(written), Header::Secret);
        found.push((lower, header));
    }
    let auth = auth.and_then(|auth| {
        let way = way_in(auth, compiler)?;
        let name = match &way {
            Auth::Header { name, .. } => name.as_str(),
            Auth::Bearer(_) | Auth::Basic { .. } => "authorization",
        };
        if found.iter().any(|(known, _)| **known == *name) {
            compiler.mistake(
                TWO_WAYS_IN,
                format!("`auth` sets the header `{name}`, and `headers` does too"),
                auth.key,
                "which one?",
                "leave one of them out",
            );
            return None;
        }
        Some(way)
    });
    (auth, found)
}

fn way_in(auth: &Keyed<HttpAuth>, compiler: &mut Compiler<'_>) -> Option<Auth> {
    Some(match &auth.value {
        HttpAuth::Bearer(token) => Auth::Bearer((**token).clone()),
        HttpAuth::Basic(config::HttpBasic { user, password }) => Auth::Basic {
            user: user.value.clone(),
            password: (**password).clone(),
        },
        HttpAuth::Header(config::HttpHeader { name, value }) => {
            if !header_name(&name.value, false, name.span, compiler) {
                return None;
            }
            Auth::Header {
                name: name.value.to_ascii_lowercase(),
                value: (**value).clone(),
            }
        }
    })
}

/// True for a name that a header may have here; what is wrong is said.
fn header_name(name: &str, twice: bool, span: Span, compiler: &mut Compiler<'_>) -> bool {
    let lower = name.to_ascii_lowercase();
    let (message, help) = if !spec::is_header_name(name) {
        (
            format!("`{name}` cannot name a header"),
            "write letters, digits and `-`",
        )
    } else if OWN_HEADERS.contains(&lower.as_str()) {
        (
            format!("the header `{name}` is set by flowline"),
            "leave it out",
        )
    } else if twice {
        (
            format!("the header `{name}` is there twice"),
            "leave one of them out: upper and lower case are one",
        )
    } else {
        return true;
    };
    compiler.mistake(BAD_HEADER, message, span, "not a header of yours", help);
    false
}

/// A header of a source: text, which holds for all requests.
pub(super) fn header_text(
    name: &str,
    written: &Written,
    compiler: &mut Compiler<'_>,
) -> Option<String> {
    let text = written.as_scalar().map(|scalar| scalar.text.to_string());
    let printable =
        |text: &String| !text.starts_with("$.") && !text.contains("{{") && !text.contains('\n');
    let text = text.filter(printable);
    if text.is_none() {
        compiler.mistake(
            BAD_HEADER,
            format!("the header `{name}` of a source is one line of text"),
            written.span,
            "expected text",
            "there is no record yet that it could be made of: write the text itself",
        );
    }
    text
}
