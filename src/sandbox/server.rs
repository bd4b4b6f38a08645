//! Starting and stopping, and the connections in between.

use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::exchange::Service;
use super::front::{self, World};
use super::{Options, SandboxError, brevo, jira};

/// A webhook as a service would have posted it.
#[derive(Debug, Clone)]
pub struct SeededWebhook {
    /// What tells it from others of its service.
    pub identifier: String,
    /// Its body: JSON.
    pub body: String,
}

/// What a sandbox is to have beside its seed.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// Keys of Jira's projects.
    pub projects: Vec<String>,
    /// Names of issue types.
    pub types: Vec<String>,
    /// Names of statuses.
    pub statuses: Vec<String>,
    /// Brevo's lists: an id, where it is known, and a name.
    pub lists: Vec<(Option<u64>, String)>,
}

/// Both services, listening. They end with this value, at the latest.
pub struct Sandbox {
    jira_port: u16,
    brevo_port: u16,
    world: Arc<World>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Sandbox {
    /// Starts both services.
    ///
    /// # Errors
    /// Where a port cannot be listened on, or the state or the log cannot be used.
    pub async fn start(options: Options) -> Result<Self, SandboxError> {
        let jira = listen(options.jira_port).await?;
        let brevo = listen(options.brevo_port).await?;
        let port = |listener: &TcpListener, asked: u16| {
            listener
                .local_addr()
                .map(|address| address.port())
                .map_err(|source| SandboxError::Listen {
                    port: asked,
                    source,
                })
        };
        let (jira_port, brevo_port) = (
            port(&jira, options.jira_port)?,
            port(&brevo, options.brevo_port)?,
        );
        let world = Arc::new(World::new(options)?);
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for (listener, service) in [(jira, Service::Jira), (brevo, Service::Brevo)] {
            tasks.spawn(serve(listener, service, Arc::clone(&world), stop.clone()));
        }
        Ok(Self {
            jira_port,
            brevo_port,
            world,
            stop,
            tasks,
        })
    }

    /// Adds what a user's own files name and the services lack, with issues to read; what is there
    /// is left as it is.
    pub fn extend(&self, more: &Extras) {
        let jira = jira::More {
            projects: more.projects.clone(),
            types: more.types.clone(),
            statuses: more.statuses.clone(),
        };
        self.world.extend(&jira, &more.lists);
    }

    /// The webhooks of what the sandbox was seeded with, as its services would have posted them.
    #[must_use]
    pub fn seeded_webhooks(&self, service: Service) -> Vec<SeededWebhook> {
        self.world.seeded_webhooks(service)
    }

    /// True where a folder keeps what a sandbox knows.
    #[must_use]
    pub fn is_kept_in(folder: &std::path::Path) -> bool {
        folder.join(super::journal::FILE).is_file()
    }

    /// Where Jira is, without a slash at the end.
    pub fn jira_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.jira_port)
    }

    /// Where Brevo is, `/v3` included.
    pub fn brevo_url(&self) -> String {
        format!("http://127.0.0.1:{}/v3", self.brevo_port)
    }

    /// Where control requests go; either port takes them.
    pub fn control_url(&self) -> String {
        format!("http://127.0.0.1:{}/_sandbox", self.jira_port)
    }

    /// The address that Jira accepts.
    pub fn jira_email(&self) -> &'static str {
        jira::CALLER_EMAIL
    }

    /// The API token that Jira accepts.
    pub fn jira_token(&self) -> &'static str {
        jira::TOKEN
    }

    /// The OAuth app that Jira's authorisation server knows: its id and secret.
    pub fn jira_app(&self) -> (&'static str, &'static str) {
        (jira::CLIENT_ID, jira::CLIENT_SECRET)
    }

    /// A token with scopes of the account, and a service account's: both for the gateway alone.
    pub fn jira_gateway_tokens(&self) -> (&'static str, &'static str) {
        (jira::SCOPED_TOKEN, jira::SERVICE_TOKEN)
    }

    /// The OAuth client that Brevo knows: its id and secret.
    pub fn brevo_client(&self) -> (&'static str, &'static str) {
        (brevo::CLIENT_ID, brevo::CLIENT_SECRET)
    }

    /// The API key that Brevo accepts.
    pub fn brevo_key(&self) -> &'static str {
        brevo::KEY
    }

    /// Stops listening, lets what is being answered end, and returns.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn listen(port: u16) -> Result<TcpListener, SandboxError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|source| SandboxError::Listen { port, source })
}

async fn serve(
    listener: TcpListener,
    service: Service,
    world: Arc<World>,
    stop: CancellationToken,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(connection(
                    stream,
                    service,
                    Arc::clone(&world),
                    stop.clone(),
                ));
            }
            // Out of descriptors, most likely: others end soon.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
        while connections.try_join_next().is_some() {}
    }
    while connections.join_next().await.is_some() {}
}

async fn connection(
    stream: TcpStream,
    service: Service,
    world: Arc<World>,
    stop: CancellationToken,
) {
    // Without it, an answer in two writes waits for the client's acknowledgement.
    stream.set_nodelay(true).unwrap_or_default();
    let reset = Arc::new(AtomicBool::new(false));
    let io = TokioIo::new(Resettable {
        stream,
        reset: Arc::clone(&reset),
    });
    let answer = service_fn(move |request| {
        let (world, reset) = (Arc::clone(&world), Arc::clone(&reset));
        async move {
            let answer: Result<Response<Body>, front::Broken> =
                front::answer(&world, service, request).await;
            if answer.is_err() {
                reset.store(true, Ordering::Relaxed);
            }
            answer
        }
    });
    let mut connection =
        std::pin::pin!(hyper::server::conn::http1::Builder::new().serve_connection(io, answer));
    tokio::select! {
        // A client that broke off, or a fault: neither is the emulator's concern.
        _ = connection.as_mut() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    drop(tokio::time::timeout(Duration::from_secs(1), connection).await);
}

/// A stream that can end with a reset instead of a goodbye.
struct Resettable {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Resettable {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            self.stream.set_zero_linger().unwrap_or_default();
        }
    }
}

impl AsyncRead for Resettable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Resettable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.reset.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
