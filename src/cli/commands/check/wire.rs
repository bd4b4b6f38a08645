//! The steps below any service: the host's name, and a connection that can be trusted.

use url::Url;

use super::steps::{Steps, Wrong};
use crate::http::{Method, Request, Transport, TransportTrouble, is_loopback};

/// Variables that name a proxy, which then resolves names itself.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Tries `resolve` and `tls`.
pub(super) async fn reached(
    url: &Url,
    proxied: &dyn Fn(&str) -> bool,
    transport: &dyn Transport,
    steps: &mut Steps,
) {
    let by_proxy = !is_loopback(url) && PROXIES.iter().any(|name| proxied(name));
    steps.tried("resolve", true, resolved(url, by_proxy)).await;
    steps.tried("tls", true, connected(url, transport)).await;
}

async fn resolved(url: &Url, by_proxy: bool) -> Result<((), String), Wrong> {
    let host = url.host_str().unwrap_or_default();
    if by_proxy {
        return Ok(((), "a proxy resolves names".to_owned()));
    }
    let port = url.port_or_known_default().unwrap_or(443);
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match tokio::net::lookup_host((bare, port)).await {
        Ok(addresses) => {
            let count = addresses.count();
            let word = if count == 1 { "address" } else { "addresses" };
            Ok(((), format!("{host}: {count} {word}")))
        }
        Err(_) => Err(Wrong::new(
            format!("the name {host} does not resolve"),
            "check the address in flowline.yaml and this machine's network",
        )),
    }
}

async fn connected(url: &Url, transport: &dyn Transport) -> Result<((), String), Wrong> {
    let plain = url.scheme() == "http";
    // Any answer will do: nobody is told who asks.
    let request = Request::new(Method::Get, url.clone());
    match transport.send(request).await {
        Ok(_) if plain => Ok(((), "plain HTTP, on this machine".to_owned())),
        Ok(_) => Ok(((), "TLS 1.2 or newer, verified".to_owned())),
        Err(error) => {
            let (what, help) = match error.kind {
                TransportTrouble::Tls => (
                    "no trusted TLS connection",
                    "check the address, and the certificates of a proxy in between; verification cannot be switched off",
                ),
                TransportTrouble::Refused => (
                    "not tried",
                    "write https://; http:// is for this machine alone",
                ),
                TransportTrouble::Timeout => (
                    "no answer in time",
                    "check the network and a firewall in between",
                ),
                TransportTrouble::Cut | TransportTrouble::TooLarge => {
                    return Ok(((), "connected".to_owned()));
                }
                TransportTrouble::Resolve | TransportTrouble::Connect => (
                    "no connection",
                    "check the address in flowline.yaml, this machine's network and its firewall",
                ),
            };
            Err(Wrong::new(format!("{what} ({})", error.detail), help))
        }
    }
}
