//! The listener on a thread of its own: it answers while pipelines work.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use tokio_util::sync::CancellationToken;

use super::serve_connections;

/// How long answers that are under way may take once it stops.
const GRACE: Duration = Duration::from_secs(1);

/// A listener that serves; it ends with this value, at the latest.
pub struct Listening {
    /// Where it listens.
    pub address: SocketAddr,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Listening {
    /// Listens on `ADDRESS:PORT`; port 0 takes a free one.
    ///
    /// # Errors
    /// Where the address cannot be listened on, or there are no threads.
    pub fn start(on: &str, router: Router) -> io::Result<Self> {
        let mut addresses = on.to_socket_addrs()?;
        let address = addresses
            .next()
            .ok_or_else(|| io::Error::other("the address stands for none"))?;
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let serve = move || {
            runtime.block_on(async move {
                match tokio::net::TcpListener::from_std(listener) {
                    Ok(listener) => serve_connections(listener, router, stopped, GRACE).await,
                    Err(error) => tracing::error!("nobody is answered: {error}"),
                }
            });
        };
        let thread = std::thread::Builder::new()
            .name("flowline-listener".into())
            .spawn(serve)?;
        Ok(Self {
            address,
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.cancel();
        // One that panicked has said so.
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap_or_default();
        }
    }
}
