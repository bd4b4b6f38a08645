//! Connections from outside: bounded in number and in time, so that slow ones keep nobody out.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a request's head may take, and how long a connection may wait for the next request.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);

/// How many connections are open at most: well below the usual bound of open files. One more
/// closes the one that has been without an answer for longest.
const MOST_CONNECTIONS: usize = 400;

/// The largest head of a request, in bytes.
const LARGEST_HEAD: usize = 32 << 10;

/// Serves until `stop` is cancelled; what is being answered then has `grace` to end.
pub async fn serve_connections(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
    grace: Duration,
) {
    let begun = Instant::now();
    let mut tasks: JoinSet<u64> = JoinSet::new();
    let mut open: HashMap<u64, Open> = HashMap::new();
    let mut next = 0;
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = tasks.join_next(), if !tasks.is_empty() => {
                if let Ok(number) = ended {
                    open.remove(&number);
                }
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors, most likely: others end soon.
            evict(&mut open);
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        if open.len() >= MOST_CONNECTIONS {
            evict(&mut open);
        }
        next += 1;
        let connection = Open {
            quiet_since: Arc::new(AtomicU64::new(elapsed(begun))),
            close: CancellationToken::new(),
        };
        tasks.spawn(serve(
            (stream, next),
            router.clone(),
            connection.clone(),
            begun,
            stop.clone(),
        ));
        open.insert(next, connection);
    }
    drop(listener);
    let ended = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(grace, ended).await.is_err() {
        tasks.shutdown().await;
    }
}

/// An open connection.
#[derive(Clone)]
struct Open {
    /// When it was opened or last answered, in milliseconds since serving began.
    quiet_since: Arc<AtomicU64>,
    close: CancellationToken,
}

/// Closes the connection that has been without an answer for longest.
fn evict(open: &mut HashMap<u64, Open>) {
    let oldest = open
        .iter()
        .min_by_key(|(number, one)| (one.quiet_since.load(Ordering::Relaxed), **number))
        .map(|(number, _)| *number);
    if let Some(oldest) = oldest.and_then(|oldest| open.remove(&oldest)) {
        oldest.close.cancel();
    }
}

fn elapsed(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

async fn serve(
    (stream, number): (TcpStream, u64),
    router: Router,
    open: Open,
    begun: Instant,
    stop: CancellationToken,
) -> u64 {
    // Without it, an answer in two writes waits for the client's acknowledgement.
    stream.set_nodelay(true).unwrap_or_default();
    let quiet_since = Arc::clone(&open.quiet_since);
    let answer = service_fn(move |request: axum::http::Request<Incoming>| {
        let answered = TowerToHyperService::new(router.clone()).call(request);
        let quiet_since = Arc::clone(&quiet_since);
        async move {
            let answer = answered.await;
            quiet_since.store(elapsed(begun), Ordering::Relaxed);
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), answer);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        biased;
        () = open.close.cancelled() => return number,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
        // Who broke off or was too slow need not be told.
        _ = connection.as_mut() => return number,
    }
    drop(connection.await);
    number
}
