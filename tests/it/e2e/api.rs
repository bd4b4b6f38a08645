//! A tiny JSON API in this process, for what asks one.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// What is answered: status, headers, body.
pub(crate) type Answer = (u16, Vec<(&'static str, String)>, String);

/// A server that ends with the test's process.
pub(crate) struct Api {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Api {
    /// Answers by a function of the request and of how many came before.
    pub(crate) fn start(answer: impl Fn(&Asked, usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let Some(request) = read(&mut stream) else {
                    continue;
                };
                let before = {
                    let mut list = list.lock().unwrap();
                    list.push(request.clone());
                    list.len() - 1
                };
                let (status, headers, body) = answer(&request, before);
                // No status: the connection ends without an answer.
                if status == 0 {
                    continue;
                }
                let headers = headers.iter();
                let headers: String = headers
                    .flat_map(|(name, value)| [name, ": ", value, "\r\n"])
                    .collect();
                let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}");
                let whole = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(whole.as_bytes()).unwrap_or_default();
            }
        });
        Self { url, asked }
    }

    /// The requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// 200 with JSON.
pub(crate) fn json(body: impl ToString) -> Answer {
    (
        200,
        vec![("content-type", "application/json".to_owned())],
        body.to_string(),
    )
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let method = words.next()?.to_owned();
    let address = url::Url::parse(&format!("http://x{}", words.next()?)).ok()?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .and_then(|one| one.parse().ok());
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        method,
        path: address.path().to_owned(),
        query: address.query_pairs().into_owned().collect(),
        headers,
        body: String::from_utf8(body).ok()?,
    })
}
