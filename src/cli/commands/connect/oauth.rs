//! A person lets an app in: the URL, the browser, the code, the tokens.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::callback::{Brought, Callback, brought};
use super::{Arguments, is_named, settled};
use crate::cli::commands::scopes::{get_scopes, told_missing};
use crate::cli::commands::telling::refuse;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::quota::Logged;
use crate::cli::time::{SystemClock, now};
use crate::cli::{ask, interrupt, key, services};
use crate::config::{JiraConnection, JiraOAuth2};
use crate::connectors::jira;
use crate::http::{HttpTransport, Parts, Secret, SystemRandom, is_loopback};
use crate::project::Opened;
use crate::runtime::{AUTH_SERVER, Credential, GATEWAY, KeptTokens, jira_uses, missing_scopes};

/// Where the browser is sent to, where the file does not say.
const REDIRECT_URI: &str = "http://localhost:8787/callback";
/// How long a person may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Connects by OAuth 2.0 (3LO).
pub(super) async fn connect(
    arguments: &Arguments,
    (opened, connection, app): (&Opened, &JiraConnection, &JiraOAuth2),
    context: &Context,
) -> Result<Exit, Exit> {
    let output = &context.output;
    let name = arguments.name.as_str();
    let loaded = opened.loaded.as_ref().ok_or(Exit::Wrong)?;
    let file = services::state_file(context, opened);
    let vault = key::vault(&opened.root, &file, context)?;
    let kept = services::kept(context, opened)?;
    let known = kept.credential(name);
    let known = known.map_err(|error| refuse(&error, output))?;
    let known = known.unwrap_or_default();

    let address = |member: &str, text: &str| -> Result<Url, Exit> {
        let url = Url::parse(text)
            .ok()
            .filter(|url| url.has_host() && (url.scheme() == "https" || is_loopback(url)));
        url.ok_or_else(|| {
            output.error(&format!("`{name}`: `{member}` is no https:// address"));
            Exit::Wrong
        })
    };
    let gateway = address(
        "gateway",
        settled(connection.gateway.as_ref()).unwrap_or(GATEWAY),
    )?;
    let auth_server = settled(connection.auth_server.as_ref()).unwrap_or(AUTH_SERVER);
    let auth_server = address("auth_server", auth_server)?;
    let redirect_uri = settled(app.redirect_uri.as_ref()).unwrap_or(REDIRECT_URI);
    let redirect = address("redirect_uri", redirect_uri)?;
    let site = arguments.site.as_deref();
    let site = site.or_else(|| settled(connection.site.as_ref())).map(full);
    let site = site.or_else(|| known.site.clone());
    let cloud_id = arguments.cloud_id.as_deref();
    let cloud_id = cloud_id.or_else(|| settled(connection.cloud_id.as_ref()));
    if site.is_none() && cloud_id.is_none() {
        output.error(&format!(
            "`{name}`: neither the site nor its cloud id is known"
        ));
        output.help("--site NAME.atlassian.net, or `site` in flowline.yaml");
        return Err(Exit::Wrong);
    }
    let client_id = arguments.client_id.clone();
    let client_id = client_id
        .or_else(|| settled(Some(&app.client_id)).map(str::to_owned))
        .or_else(|| known.client_id.clone());
    let Some(client_id) = client_id else {
        output.error(&format!("`{name}`: the app's id is not known"));
        output.help("--client-id ID, or set what `client_id` in flowline.yaml names");
        return Err(Exit::Wrong);
    };
    let named = is_named(Some(&app.client_secret), name, (opened, &kept), context)?;
    let kept_secret = known.client_secret.clone().filter(|_| named.is_none());
    let (client_secret, given_secret) = match (named, kept_secret) {
        (Some(named), _) => (named, None),
        (None, Some(kept)) => (kept.clone(), Some(kept)),
        (None, None) => {
            let given = ask::secret("the app's secret", context)?;
            (given.clone(), Some(given))
        }
    };
    let app = jira::App {
        auth_server,
        client_id: client_id.clone(),
        client_secret: Secret::new(client_secret),
    };

    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| {
        output.error(&format!("no random numbers: {error}"));
        Exit::Refused
    })?;
    let state = URL_SAFE_NO_PAD.encode(random);
    let callback = if arguments.code {
        None
    } else if is_loopback(&redirect) && redirect.scheme() == "http" {
        let listening = Callback::listen(&redirect, &state).await;
        Some(listening.map_err(|why| {
            output.error(&why);
            output.help("end what listens there, or give the URL by hand: --code");
            Exit::Wrong
        })?)
    } else {
        output.error(&format!(
            "`{name}`: the browser is sent to another machine: {redirect_uri}"
        ));
        output.help("give the URL that it ends at by hand: --code");
        return Err(Exit::Wrong);
    };
    let scopes = jira::scopes(jira_uses(loaded, name));
    let url = app.authorize_url(redirect_uri, &scopes, &state);
    output.say("agree at this address, in a browser:");
    output.result(url.as_str());
    let interrupt = interrupt::listen(output);
    if !arguments.no_browser && callback.is_some() {
        open_browser(url.as_str());
    }
    let found = match &callback {
        Some(callback) => tokio::select! {
            found = tokio::time::timeout(PATIENCE, callback.wait()) => found.map_err(|_| {
                output.error("nobody came back from the browser within 10 minutes");
                output.help(&format!("flowline connect {name}"));
                Exit::Refused
            })?,
            () = interrupt.token.cancelled() => return Err(Exit::Unsettled),
        },
        None => by_hand(&state, context)?,
    };
    drop(callback);
    let code = match found {
        Brought::Code(code) => code,
        Brought::Refused(why) => {
            output.error(&format!(
                "not connected: {}",
                crate::http::without_addresses(&why)
            ));
            output.help(&format!("to try again: flowline connect {name}"));
            return Err(Exit::Refused);
        }
    };

    let transport = HttpTransport::new().map_err(|error| {
        output.error(&format!("no TLS on this machine: {error}"));
        Exit::Refused
    })?;
    let parts = Parts {
        transport: Arc::new(transport),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        exchanges: Arc::new(Logged {
            connection: name.into(),
            quota: Arc::default(),
        }),
        cancel: interrupt.token.clone(),
        pace: None,
        share: None,
    };
    let tokens = app
        .exchange(parts.clone(), &code, redirect_uri, &scopes)
        .await;
    let tokens = tokens.map_err(|failure| services::refused(context, &failure))?;
    let sites = jira::accessible_resources(parts, &gateway, &tokens.access).await;
    let sites = sites.map_err(|failure| services::refused(context, &failure))?;
    let chosen = sites.iter().find(|one| match (cloud_id, &site) {
        (Some(id), _) => one.id == id,
        (None, Some(site)) => same(&one.url, site),
        (None, None) => false,
    });
    let Some(chosen) = chosen else {
        let wanted = cloud_id.or(site.as_deref()).unwrap_or_default();
        output.error(&format!("the app was not let into {wanted}"));
        let others: Vec<&str> = sites.iter().map(|one| one.url.as_str()).collect();
        output.help(&if others.is_empty() {
            "choose the site on the page at which you agree".to_owned()
        } else {
            format!("it was let into {}: choose the site on the page at which you agree, or correct `site`", others.join(", "))
        });
        return Err(Exit::Refused);
    };
    let credential = Credential {
        client_id: arguments.client_id.clone().or(known.client_id),
        client_secret: given_secret,
        cloud_id: Some(chosen.id.clone()),
        site: Some(chosen.url.clone()),
        tokens: Some(KeptTokens {
            access: tokens.access.expose().to_owned(),
            expires_at: tokens.expires_at,
            refresh: tokens.refresh.expose().to_owned(),
            scopes: tokens.scopes.clone(),
            refused: false,
        }),
        ..Credential::default()
    }
    .of_atlassian(now().as_millisecond());
    vault
        .set_credential(name, &credential.text(), credential.ends())
        .map_err(|error| refuse(&error, output))?;
    output.say(&format!("`{name}` is connected to {}", chosen.url));
    let missing = missing_scopes(&tokens.scopes, loaded, name);
    if !missing.is_empty() {
        output.warn(&told_missing(&missing));
        output.help(&get_scopes(name));
    }
    Ok(Exit::Done)
}

/// A host's name as an address.
fn full(site: &str) -> String {
    if site.contains("://") {
        site.to_owned()
    } else {
        format!("https://{site}")
    }
}

/// True for two ways to write one address.
fn same(one: &str, other: &str) -> bool {
    match (Url::parse(one), Url::parse(other)) {
        (Ok(one), Ok(other)) => {
            one.as_str().trim_end_matches('/') == other.as_str().trim_end_matches('/')
        }
        _ => false,
    }
}

/// The URL that the browser ended at, by hand.
fn by_hand(state: &str, context: &Context) -> Result<Brought, Exit> {
    let output = &context.output;
    let line = ask::line("the address that the browser was sent to", context)?;
    let url = Url::parse(&line).map_err(|error| {
        output.error(&format!("that is no address: {error}"));
        Exit::Wrong
    })?;
    brought(&url, state).ok_or_else(|| {
        output.error("that address is not the answer to this question: its state is another, or it has no code");
        output.help("agree at the address above and give the one that the browser ends at, whole");
        Exit::Refused
    })
}

/// Opens the browser; where there is none, the address stands above.
fn open_browser(url: &str) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let mut command = tokio::process::Command::new(program);
    command
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().map(drop).unwrap_or_default();
}
