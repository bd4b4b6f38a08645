//! What of `flowline.yaml` has a grammar of its own: addresses, waits, ways in.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use crate::config::{BrevoConnection, Connection, JiraAuth, JiraConnection, Project};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, Spanned};
use crate::expression::parse_duration;

const BAD_ADDRESS: Code = Code::new("connection.bad_address");
const PLAIN_HTTP: Code = Code::new("connection.plain_http");
const NO_SITE: Code = Code::new("connection.no_site");
const WAYS_IN: Code = Code::new("connection.ways_in");
const BAD_WAIT: Code = Code::new("connection.bad_wait");
const BAD_LISTEN: Code = Code::new("server.bad_listen");
const BAD_GRACE: Code = Code::new("server.bad_grace");
const BAD_PUBLIC_URL: Code = Code::new("server.bad_public_url");

/// Checks addresses, waits and ways in.
pub(super) fn check(project: &Project) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for (name, connection) in project.connections.iter() {
        match &connection.value {
            Connection::Jira(jira) => check_jira(jira, connection.key, &mut diagnostics),
            Connection::Brevo(brevo) => {
                check_brevo(brevo, connection.key, &name.value, &mut diagnostics);
            }
        }
    }
    let Some(server) = &project.server else {
        return diagnostics;
    };
    if let Some(listen) = settled(server.listen.as_ref())
        && listen.value.parse::<SocketAddr>().is_err()
        && listen
            .value
            .strip_prefix("localhost:")
            .is_none_or(|port| port.parse::<u16>().is_err())
    {
        diagnostics.push(
            Diagnostic::error(BAD_LISTEN, "not an address to listen on")
                .label(listen.span, "expected ADDRESS:PORT")
                .help("write e.g. `127.0.0.1:8080`, or `0.0.0.0:8080` for all"),
        );
    }
    if let Some(grace) = settled(server.grace.as_ref())
        && parse_duration(&grace.value).is_none()
    {
        diagnostics.push(
            Diagnostic::error(BAD_GRACE, "not a length of time")
                .label(grace.span, "expected e.g. `20 seconds`")
                .help("write a number and `seconds`, `minutes`, `hours` or `days`"),
        );
    }
    if let Some(url) = settled(server.public_url.as_ref())
        && !Url::parse(&url.value)
            .is_ok_and(|url| url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url))
    {
        diagnostics.push(
            Diagnostic::error(BAD_PUBLIC_URL, "not a URL that a service could call")
                .label(url.span, "expected a URL that starts with `https://`")
                .help("write e.g. `https://flowline.acme.example`; `http://` is for this machine alone"),
        );
    }
    diagnostics
}

/// The text, where all names in it have a value.
fn settled(text: Option<&Spanned<String>>) -> Option<&Spanned<String>> {
    text.filter(|text| !text.value.contains("${"))
}

fn check_jira(jira: &JiraConnection, key: Span, diagnostics: &mut Diagnostics) {
    address(jira.site.as_ref(), true, diagnostics);
    address(jira.gateway.as_ref(), false, diagnostics);
    address(jira.auth_server.as_ref(), false, diagnostics);
    wait(jira.visible_after.as_ref(), diagnostics);
    let basic = matches!(jira.auth.value, JiraAuth::Basic(_));
    if jira.site.is_none() && (basic || jira.cloud_id.is_none()) {
        diagnostics.push(
            Diagnostic::error(NO_SITE, "a Jira connection needs its site")
                .label(key, "`site` is missing")
                .help("add `site: NAME.atlassian.net`"),
        );
    }
}

fn check_brevo(brevo: &BrevoConnection, key: Span, name: &str, diagnostics: &mut Diagnostics) {
    address(brevo.url.as_ref(), false, diagnostics);
    wait(brevo.visible_after.as_ref(), diagnostics);
    let problem = match (&brevo.api_key, &brevo.oauth2) {
        (None, None) => Diagnostic::error(WAYS_IN, format!("`{name}` has no way in"))
            .label(key, "`api_key` is missing"),
        (Some(api_key), Some(_)) => Diagnostic::error(WAYS_IN, format!("`{name}` has two ways in"))
            .label(api_key.0.span, "`api_key` or `oauth2`, not both"),
        _ => return,
    };
    diagnostics.push(
        problem.help(
            "write `api_key: \"${BREVO_API_KEY}\"`, or `oauth2: { client_id, client_secret }`",
        ),
    );
}

/// A URL, or where it may be one a host's name alone; plain HTTP to this machine only.
fn address(written: Option<&Spanned<String>>, host_alone: bool, diagnostics: &mut Diagnostics) {
    let Some(written) = settled(written) else {
        return;
    };
    let text = written.value.as_str();
    let parsed = if host_alone && !text.contains("://") {
        Url::parse(&format!("https://{text}"))
            .ok()
            .filter(|_| !text.contains('/'))
    } else {
        Url::parse(text).ok()
    };
    let parsed = parsed.filter(|url| {
        url.has_host() && matches!(url.scheme(), "http" | "https") && url.username().is_empty()
    });
    let Some(url) = parsed else {
        let (expected, example) = if host_alone {
            ("expected a host's name or a URL", "acme.atlassian.net")
        } else {
            ("expected a URL", "https://HOST")
        };
        diagnostics.push(
            Diagnostic::error(BAD_ADDRESS, "not an address of a service")
                .label(written.span, expected)
                .help(format!("write e.g. `{example}`")),
        );
        return;
    };
    if url.scheme() == "http" && !is_loopback(&url) {
        diagnostics.push(
            Diagnostic::error(PLAIN_HTTP, "credentials do not travel over plain HTTP")
                .label(written.span, "`http://` is for this machine alone")
                .help("write `https://`"),
        );
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

fn wait(written: Option<&Spanned<String>>, diagnostics: &mut Diagnostics) {
    if let Some(written) = settled(written)
        && parse_duration(&written.value).is_none()
    {
        diagnostics.push(
            Diagnostic::error(BAD_WAIT, "not a length of time")
                .label(written.span, "expected e.g. `60 seconds`")
                .help("write a number and `seconds`, `minutes`, `hours` or `days`"),
        );
    }
}
