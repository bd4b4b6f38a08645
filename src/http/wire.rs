//! The transport over the network: the only user of the HTTP library.

use std::error::Error;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use url::Url;

use crate::config::is_loopback;

use super::{
    HeaderValue, Headers, Method, Request, Response, Transport, TransportError, TransportTrouble,
};

/// How long a request may take in all; shorter than a lease of the state.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How large an answer may be, decompressed.
const MAX_ANSWER: usize = 64 << 20;

/// HTTP/1.1 over TLS 1.2 or newer with verification; plain only to this machine. Redirects are
/// answers like others: a credential never follows one.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
    /// For this machine without TLS: through a proxy a credential would leave it, readable.
    here: reqwest::Client,
    max_answer: usize,
}

impl HttpTransport {
    /// A transport with a pool of connections of its own. Proxies are those of the environment,
    /// certificates are the system's, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    ///
    /// # Errors
    /// Where the certificates cannot be loaded.
    pub fn new() -> Result<Self, TransportError> {
        Self::within(TIMEOUT, MAX_ANSWER)
    }

    /// A transport with bounds of its own.
    fn within(timeout: Duration, max_answer: usize) -> Result<Self, TransportError> {
        // A second installation says so by an error, which is what is wanted here.
        rustls::crypto::ring::default_provider()
            .install_default()
            .unwrap_or_default();
        let client = || {
            reqwest::Client::builder()
                .user_agent(concat!("flowline/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .tls_version_min(reqwest::tls::Version::TLS_1_2)
                .timeout(timeout)
                .connect_timeout(CONNECT_TIMEOUT)
                .retry(reqwest::retry::never())
        };
        let unusable = |error: &reqwest::Error| {
            let detail = format!(
                "{}: certificates are the system's, or those of SSL_CERT_FILE and SSL_CERT_DIR",
                root_cause(error)
            );
            TransportError::new(TransportTrouble::Tls, detail)
        };
        let here = client().no_proxy().tls_certs_only([]);
        Ok(Self {
            client: client().build().map_err(|error| unusable(&error))?,
            here: here.build().map_err(|error| unusable(&error))?,
            max_answer,
        })
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            may_be_sent(&request.url)?;
            let client = match request.url.scheme() {
                "http" => &self.here,
                _ => &self.client,
            };
            let mut builder = client
                .request(method(request.method), request.url)
                .header(reqwest::header::ACCEPT, "application/json");
            for (name, value) in request.headers {
                builder = builder.header(name, header_value(&value)?);
            }
            if let Some(body) = request.body {
                builder = builder.body(body);
            }
            let response = builder.send().await.map_err(|error| trouble(&error))?;
            let status = response.status().as_u16();
            let headers: Headers = response
                .headers()
                .iter()
                .map(|(name, value)| {
                    (
                        name.as_str(),
                        String::from_utf8_lossy(value.as_bytes()).into_owned(),
                    )
                })
                .collect();
            let body = read(response, self.max_answer).await?;
            Ok(Response {
                status,
                headers,
                body,
            })
        })
    }
}

async fn read(mut response: reqwest::Response, most: usize) -> Result<Bytes, TransportError> {
    let too_large = || {
        TransportError::new(
            TransportTrouble::TooLarge,
            format!("the answer is larger than {} MiB", most >> 20),
        )
    };
    let announced = response.content_length().unwrap_or_default();
    if announced > most as u64 {
        return Err(too_large());
    }
    let Some(first) = response.chunk().await.map_err(|error| trouble(&error))? else {
        return Ok(Bytes::new());
    };
    let mut body = BytesMut::from(first);
    while let Some(chunk) = response.chunk().await.map_err(|error| trouble(&error))? {
        if body.len().saturating_add(chunk.len()) > most {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// HTTPS, or HTTP to this machine.
fn may_be_sent(url: &Url) -> Result<(), TransportError> {
    let refused = |detail: &str| Err(TransportError::new(TransportTrouble::Refused, detail));
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => refused("http:// is allowed to this machine only: write https://"),
        _ => refused("neither an https:// nor an http:// address"),
    }
}

const fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

fn header_value(value: &HeaderValue) -> Result<reqwest::header::HeaderValue, TransportError> {
    let (text, secret) = match value {
        HeaderValue::Plain(text) => (text.as_str(), false),
        HeaderValue::Secret(secret) => (secret.expose(), true),
    };
    let mut header = reqwest::header::HeaderValue::from_str(text).map_err(|_| {
        TransportError::new(
            TransportTrouble::Refused,
            "a header holds a character that headers cannot: a line break in a credential?",
        )
    })?;
    header.set_sensitive(secret);
    Ok(header)
}

fn trouble(error: &reqwest::Error) -> TransportError {
    let kind = if error.is_connect() {
        if causes(error).any(|cause| cause.is::<rustls::Error>()) || says(error, "certificate") {
            TransportTrouble::Tls
        } else if says(error, "dns") || says(error, "lookup") {
            TransportTrouble::Resolve
        } else {
            TransportTrouble::Connect
        }
    } else if error.is_timeout() {
        TransportTrouble::Timeout
    } else if error.is_builder() {
        TransportTrouble::Refused
    } else {
        TransportTrouble::Cut
    };
    TransportError::new(kind, root_cause(error))
}

fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'e (dyn Error + 'static) = *error;
        // An I/O error hides what it wraps behind its own source.
        match error
            .downcast_ref::<std::io::Error>()
            .and_then(|io| io.get_ref())
        {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

fn says(error: &reqwest::Error, word: &str) -> bool {
    causes(error).any(|cause| cause.to_string().contains(word))
}

/// The innermost cause: the outer ones name the address, query included.
fn root_cause(error: &reqwest::Error) -> String {
    causes(error)
        .skip(1)
        .last()
        .map_or_else(|| "no answer".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    async fn answered(answer: &[u8]) -> Result<Response, TransportError> {
        answered_within(answer, &HttpTransport::new().unwrap()).await
    }

    async fn answered_within(
        answer: &[u8],
        transport: &HttpTransport,
    ) -> Result<Response, TransportError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/x?secret=1", listener.local_addr().unwrap());
        let serve = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 2048];
            let read = socket.read(&mut request).await.unwrap();
            assert!(read > 0);
            // Whoever is asked for too much hears no more.
            socket.write_all(answer).await.unwrap_or_default();
        };
        let send = transport.send(Request::new(Method::Get, Url::parse(&url).unwrap()));
        tokio::join!(serve, send).1
    }

    #[tokio::test]
    async fn a_cut_answer_is_an_error_and_a_redirect_an_answer() {
        let whole = answered(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        assert_eq!(whole.unwrap().body, "{}");
        let cut = answered(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{}").await;
        assert_eq!(cut.unwrap_err().kind, TransportTrouble::Cut);
        let none = answered(b"").await.unwrap_err();
        assert_eq!(none.kind, TransportTrouble::Cut);
        assert!(!none.detail.contains("secret"), "{none}");
        let moved = answered(
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        )
        .await;
        assert_eq!(moved.unwrap().status, 302);
    }

    #[tokio::test]
    async fn a_refused_connection_and_a_plain_address_are_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let transport = HttpTransport::new().unwrap();
        let send = |url: &str| transport.send(Request::new(Method::Get, Url::parse(url).unwrap()));
        assert_eq!(
            send(&url).await.unwrap_err().kind,
            TransportTrouble::Connect
        );
        assert_eq!(
            send("http://jira.example/").await.unwrap_err().kind,
            TransportTrouble::Refused
        );
        assert_eq!(
            send("https://name.invalid/").await.unwrap_err().kind,
            TransportTrouble::Resolve
        );
    }

    #[tokio::test]
    async fn what_answers_without_tls_is_a_tls_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let serve = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            socket.write_all(b"HTTP/1.1 400 No\r\n\r\n").await.unwrap();
        };
        let transport = HttpTransport::new().unwrap();
        let send = transport.send(Request::new(Method::Get, Url::parse(&url).unwrap()));
        let error = tokio::join!(serve, send).1.unwrap_err();
        assert_eq!(error.kind, TransportTrouble::Tls, "{error}");
    }

    #[tokio::test]
    async fn an_answer_over_the_bound_is_refused_announced_or_not_or_compressed() {
        let transport = HttpTransport::within(TIMEOUT, 1 << 20).unwrap();
        let kind =
            async |answer: &[u8]| answered_within(answer, &transport).await.unwrap_err().kind;
        let announced = b"HTTP/1.1 200 OK\r\ncontent-length: 1048577\r\n\r\n";
        assert_eq!(kind(announced).await, TransportTrouble::TooLarge);
        let mut unannounced = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
        unannounced.resize(unannounced.len() + (2 << 20), b' ');
        assert_eq!(kind(&unannounced).await, TransportTrouble::TooLarge);

        // 3 MiB in some thousand bytes: what counts is what comes out.
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut gzip, &vec![0; 3 << 20]).unwrap();
        let small = gzip.finish().unwrap();
        assert!(small.len() < 8192);
        let mut compressed = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
            small.len()
        )
        .into_bytes();
        compressed.extend(&small);
        assert_eq!(kind(&compressed).await, TransportTrouble::TooLarge);
        let whole = answered_within(
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
            &transport,
        );
        assert_eq!(whole.await.unwrap().body, "{}");
    }

    #[tokio::test]
    async fn an_answer_that_does_not_end_in_time_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let serve = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 2048];
            assert!(socket.read(&mut request).await.unwrap() > 0);
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
            socket.write_all(head).await.unwrap();
            // Each byte comes soon enough, the last one never.
            while socket.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let transport = HttpTransport::within(Duration::from_millis(400), MAX_ANSWER).unwrap();
        let send = transport.send(Request::new(Method::Get, Url::parse(&url).unwrap()));
        let (answer, ()) = tokio::join!(send, serve);
        assert_eq!(answer.unwrap_err().kind, TransportTrouble::Timeout);
    }

    #[tokio::test]
    async fn a_server_of_tls_1_1_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let serve = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut hello = [0; 4096];
            assert!(socket.read(&mut hello).await.unwrap() > 0);
            // A record of TLS 1.1 with a ServerHello of TLS 1.1: a random, no session, a cipher
            // that was offered, no compression.
            let mut answer = vec![22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
            answer.extend([7; 32]);
            answer.extend([0, 0xc0, 0x2f, 0]);
            socket.write_all(&answer).await.unwrap();
            let _alert = socket.read(&mut hello).await;
        };
        let transport = HttpTransport::new().unwrap();
        let send = transport.send(Request::new(Method::Get, Url::parse(&url).unwrap()));
        let error = tokio::join!(serve, send).1.unwrap_err();
        assert_eq!(error.kind, TransportTrouble::Tls, "{error}");
        assert!(error.detail.contains("Tls12"), "{error}");
    }
}
