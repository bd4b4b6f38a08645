//! The wire, as the built binary uses it: whom it trusts, where it goes through, what it refuses.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::e2e::api::{Api, json as ok};
use crate::e2e::world::{Project, Ran};

/// The token that must arrive nowhere but at its API.
const TOKEN: &str = "token-for-one-host-only";

/// What was heard, in order.
type Heard = Arc<Mutex<Vec<String>>>;

/// An API behind TLS, whose certificate is from an authority of its own.
struct Tls {
    port: u16,
    authority: String,
    heard: Heard,
}

impl Tls {
    fn start(names: &[&str]) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(names).unwrap();
        let certificate = certificate.signed_by(&key, &issuer).unwrap();
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Heard::default();
        let list = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(connection, stream);
                // Whoever does not trust the certificate asks nothing.
                let Some(head) = head(&mut stream) else {
                    continue;
                };
                list.lock().unwrap().push(head);
                let body = r#"{"items":[{"id":1}]}"#;
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).unwrap_or_default();
                stream.conn.send_close_notify();
                stream.flush().unwrap_or_default();
            }
        });
        Self {
            port,
            authority,
            heard,
        }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// A request up to its body; none where it never comes.
fn head(stream: &mut impl std::io::Read) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0; 1];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

/// A proxy that takes everybody to one port of this machine, and what it was asked for.
fn proxy(to: u16) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard = Heard::default();
    let list = Arc::clone(&heard);
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let Some(head) = head(&mut client) else {
                continue;
            };
            let is_tunnel = head.starts_with("CONNECT ");
            list.lock().unwrap().push(head);
            if !is_tunnel {
                continue;
            }
            let mut server = TcpStream::connect(("127.0.0.1", to)).unwrap();
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            let (mut from_client, mut to_server) =
                (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || {
                std::io::copy(&mut from_client, &mut to_server).unwrap_or_default();
                to_server
                    .shutdown(std::net::Shutdown::Write)
                    .unwrap_or_default();
            });
            thread::spawn(move || {
                std::io::copy(&mut server, &mut client).unwrap_or_default();
                client
                    .shutdown(std::net::Shutdown::Write)
                    .unwrap_or_default();
            });
        }
    });
    (url, heard)
}

/// A project that reads an API with a token.
fn project(url: &str) -> Project {
    let project = Project::alone();
    project.write(
        "pipelines/list.yaml",
        &format!(
            "sources:\n  - http:\n      url: {url}/customers\n      records: $.items[*]\n      id: $.id\n      auth: {{ bearer: \"${{API_TOKEN}}\" }}\n\
             sinks:\n  - file: {{ path: out.jsonl, transforms: [map: {{ id: $.id }}] }}\n"
        ),
    );
    project
}

fn run(project: &Project, variables: &[(&str, &str)]) -> Ran {
    let mut command = project.command(&["run", "list"]);
    command.env("API_TOKEN", TOKEN);
    command.envs(variables.iter().copied());
    let ran = Ran::of(command.output().unwrap());
    assert!(!ran.stderr.contains(TOKEN), "{}", ran.stderr);
    ran
}

#[track_caller]
fn assert_says(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, code, "{}", ran.stderr);
    // Lines are broken where the terminal ends.
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(said.contains(word), "no {word:?} in {}", ran.stderr);
    }
}

#[test]
fn an_authority_of_ones_own_is_trusted_where_the_environment_names_it() {
    let tls = Tls::start(&["localhost"]);
    let project = project(&format!("https://localhost:{}", tls.port));
    let refused = run(&project, &[]);
    assert_says(
        &refused,
        3,
        &[
            "no trusted TLS connection",
            "SSL_CERT_FILE",
            "cannot be switched off",
        ],
    );
    assert!(tls.heard().is_empty(), "nothing is said to a stranger");

    std::fs::create_dir(project.path("authorities")).unwrap();
    // The name that OpenSSL's c_rehash would give it is not asked for.
    project.write("authorities/own.pem", &tls.authority);
    let file = project.path("authorities/own.pem");
    let trusted = run(&project, &[("SSL_CERT_FILE", file.to_str().unwrap())]);
    assert_eq!(trusted.code, 0, "{}", trusted.stderr);
    let bearer = format!("Bearer {TOKEN}");
    assert!(tls.heard()[0].contains(&bearer));

    let folder = project.path("authorities");
    let trusted = run(&project, &[("SSL_CERT_DIR", folder.to_str().unwrap())]);
    assert_eq!(trusted.code, 0, "{}", trusted.stderr);
    assert_eq!(tls.heard().len(), 2);

    let nothing = run(&project, &[("SSL_CERT_FILE", "/no/such/file.pem")]);
    assert_says(&nothing, 3, &["SSL_CERT_FILE"]);
    assert_eq!(tls.heard().len(), 2);
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let tls = Tls::start(&["other.example"]);
    let project = project(&format!("https://localhost:{}", tls.port));
    project.write("own.pem", &tls.authority);
    let file = project.path("own.pem");
    let ran = run(&project, &[("SSL_CERT_FILE", file.to_str().unwrap())]);
    assert_says(&ran, 3, &["no trusted TLS connection"]);
    assert!(tls.heard().is_empty());
}

#[test]
fn a_proxy_of_the_environment_carries_tls_and_no_proxy_goes_around_it() {
    let tls = Tls::start(&["api.invalid"]);
    let (proxy, asked) = proxy(tls.port);
    let project = project("https://api.invalid");
    project.write("own.pem", &tls.authority);
    let file = project.path("own.pem");
    let trust = ("SSL_CERT_FILE", file.to_str().unwrap());
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let ran = run(&project, &[trust, (name, &proxy)]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
    }
    assert_eq!(tls.heard().len(), 3);
    let through = asked.lock().unwrap().clone();
    assert_eq!(through.len(), 3);
    for head in &through {
        assert!(head.starts_with("CONNECT api.invalid:443 "), "{head}");
        assert!(!head.contains(TOKEN));
    }
    // The name means nothing outside of the proxy.
    let around = run(
        &project,
        &[trust, ("HTTPS_PROXY", &proxy), ("NO_PROXY", "api.invalid")],
    );
    assert_says(&around, 3, &["does not resolve"]);
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[test]
fn what_is_plain_never_leaves_this_machine_not_even_through_a_proxy() {
    let api = Api::start(|_, _| ok(r#"{"items":[{"id":1}]}"#));
    let (proxy, asked) = proxy(1);
    let here = project(&api.url);
    let ran = run(
        &here,
        &[
            ("HTTP_PROXY", &proxy),
            ("http_proxy", &proxy),
            ("ALL_PROXY", &proxy),
        ],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(api.asked().len(), 1);

    let elsewhere = project("http://api.example");
    let ran = run(&elsewhere, &[("HTTP_PROXY", &proxy), ("ALL_PROXY", &proxy)]);
    assert_says(&ran, 2, &["https://"]);
    assert!(asked.lock().unwrap().is_empty());
}

#[test]
fn a_redirect_to_another_host_is_not_followed() {
    let other = Api::start(|_, _| ok(r#"{"items":[{"id":1}]}"#));
    for status in [301, 302, 303, 307, 308] {
        let to = format!("{}/customers", other.url.replace("127.0.0.1", "localhost"));
        let api = Api::start(move |_, _| (status, vec![("location", to.clone())], String::new()));
        let ran = run(&project(&api.url), &[]);
        assert_ne!(ran.code, 0, "{}", ran.stderr);
        assert_says(&ran, ran.code, &["redirects are not followed"]);
        assert_eq!(api.asked().len(), 1);
    }
    assert!(other.asked().is_empty(), "nothing arrived there");
}

#[test]
fn answers_of_any_depth_are_read_or_refused_and_end_nothing() {
    let depth = 1_000_000;
    let (open, close) = ("[".repeat(depth), "]".repeat(depth));
    let unread = format!(r#"{{"items":[{{"id":1,"deep":{open}{close}}}]}}"#);
    let ran = run(&project(&Api::start(move |_, _| ok(&unread)).url), &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    // Where the list should be, and without an end.
    let all = [format!(r#"{{"items":{open}{close}}}"#), open];
    for body in all {
        let ran = run(&project(&Api::start(move |_, _| ok(&body)).url), &[]);
        assert!(matches!(ran.code, 1..=3), "{}: {}", ran.code, ran.stderr);
        assert!(ran.stderr.len() < 4_000, "the answer is not shown");
    }
}
