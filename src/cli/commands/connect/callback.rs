//! Waits for the browser to come back.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use url::Url;

/// How much of a request is read: its first line is all that counts.
const LARGEST: usize = 16 * 1024;
/// How long a browser may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many connections are answered at a time.
const AT_ONCE: usize = 32;

/// What the browser brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Brought {
    /// A code to exchange.
    Code(String),
    /// The person, or the server, said no.
    Refused(String),
}

/// Listens where the browser is sent to.
pub(super) struct Callback {
    listeners: Vec<TcpListener>,
    path: String,
    state: String,
}

impl Callback {
    /// Listens at the URL's port of this machine, by both of its addresses where it has both.
    ///
    /// # Errors
    /// Where neither can be listened at, in one sentence.
    pub(super) async fn listen(redirect_uri: &Url, state: &str) -> Result<Self, String> {
        let port = redirect_uri.port_or_known_default().unwrap_or(80);
        let mut listeners = Vec::new();
        let mut why = String::new();
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => listeners.push(listener),
            Err(error) => why = error.to_string(),
        }
        // A machine without IPv6 has no such address.
        if let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
            listeners.push(listener);
        }
        if listeners.is_empty() || !why.is_empty() {
            return Err(format!("port {port} cannot be listened at: {why}"));
        }
        Ok(Self {
            listeners,
            path: redirect_uri.path().to_owned(),
            state: state.to_owned(),
        })
    }

    /// Waits for an answer to this very question; all else is told so and changes nothing.
    pub(super) async fn wait(&self) -> Brought {
        let (brings, mut brought) = mpsc::channel(1);
        let mut answering = JoinSet::new();
        loop {
            let accepting = async {
                match self.listeners.as_slice() {
                    [one, other, ..] => tokio::select! {
                        accepted = one.accept() => accepted,
                        accepted = other.accept() => accepted,
                    },
                    [one] => one.accept().await,
                    [] => std::future::pending().await,
                }
            };
            tokio::select! {
                accepted = accepting, if answering.len() < AT_ONCE => {
                    let Ok((stream, _)) = accepted else { continue };
                    let (path, state) = (self.path.clone(), self.state.clone());
                    let brings = brings.clone();
                    answering.spawn(async move {
                        let answered = answer(stream, &path, &state);
                        if let Ok(Some(found)) = tokio::time::timeout(PATIENCE, answered).await {
                            // The first one counts.
                            brings.try_send(found).unwrap_or_default();
                        }
                    });
                }
                Some(found) = brought.recv() => return found,
                Some(_) = answering.join_next() => {}
            }
        }
    }
}

async fn answer(mut stream: TcpStream, path: &str, state: &str) -> Option<Brought> {
    let mut request = Vec::new();
    let mut part = [0; 2048];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut part).await.ok()?;
        if read == 0 || request.len() > LARGEST {
            break;
        }
        request.extend_from_slice(part.get(..read)?);
    }
    let found = asked(&String::from_utf8_lossy(&request), path, state);
    let (status, text) = match &found {
        Some(Brought::Code(_)) => ("200 OK", "Connected. You may close this page."),
        Some(Brought::Refused(_)) => ("200 OK", "Not connected. You may close this page."),
        None => (
            "400 Bad Request",
            "This is not the answer that flowline is waiting for.",
        ),
    };
    let page = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    // Whether the browser shows it changes nothing.
    stream.write_all(page.as_bytes()).await.unwrap_or_default();
    stream.shutdown().await.unwrap_or_default();
    found
}

/// What a request's first line brings; none where it is not the answer.
fn asked(request: &str, path: &str, state: &str) -> Option<Brought> {
    let mut words = request.lines().next()?.split(' ');
    let target = words
        .next()
        .filter(|method| *method == "GET")
        .and(words.next())?;
    let url = Url::parse("http://localhost").ok()?.join(target).ok()?;
    (url.path() == path).then(|| brought(&url, state))?
}

/// What a redirected URL brings; none where its state is another.
pub(super) fn brought(url: &Url, state: &str) -> Option<Brought> {
    let value = |name: &str| {
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .filter(|value| !value.is_empty())
    };
    let given = value("state")?;
    if !bool::from(subtle::ConstantTimeEq::ct_eq(
        given.as_bytes(),
        state.as_bytes(),
    )) {
        return None;
    }
    if let Some(error) = value("error") {
        return Some(Brought::Refused(
            value("error_description").unwrap_or(error),
        ));
    }
    value("code").map(Brought::Code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_answer_to_this_question_counts() {
        let of = |line: &str| asked(&format!("{line} HTTP/1.1\r\n\r\n"), "/callback", "s");
        assert_eq!(
            of("GET /callback?state=s&code=c"),
            Some(Brought::Code("c".to_owned()))
        );
        assert_eq!(
            of("GET /callback?error=access_denied&state=s"),
            Some(Brought::Refused("access_denied".to_owned()))
        );
        for other in [
            "GET /callback?state=t&code=c",
            "GET /callback?code=c",
            "GET /callback?state=s",
            "GET /callback?state=&code=c",
            "GET /other?state=s&code=c",
            "POST /callback?state=s&code=c",
            "",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
