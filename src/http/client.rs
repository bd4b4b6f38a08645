//! One client for all services: pacing, retries, and one taxonomy that decides them.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{
    Authorizer, Class, Clock, Effect, Failure, Holds, LimitSeen, Pacer, Random, Request, Response,
    SharedPace, Transport, TransportError, TransportTrouble, share::Share,
};

/// How often a call is tried.
const MAX_TRIES: u32 = 8;
/// How often a call is tried that reaches nobody.
const UNREACHABLE_TRIES: u32 = 3;
/// The longest of the first wait; it doubles with each try.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait that is our own choice.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait that a service may ask for within a call.
const LONGEST_ASKED: Duration = Duration::from_secs(900);

/// What a call may do to its service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Safety {
    /// It changes nothing, or doing it twice is doing it once: always tried again.
    Repeatable,
    /// It must happen once: tried again only where it certainly had no effect.
    Once,
}

/// A call.
#[derive(Debug)]
pub struct Call {
    /// The request.
    pub request: Request,
    /// The endpoint family whose limit it counts for.
    pub family: &'static str,
    /// What it may do.
    pub safety: Safety,
}

/// What is particular to a service's answers.
pub trait Dialect: Send + Sync {
    /// The service's name, for messages.
    fn service(&self) -> &'static str;

    /// What an answer that is no success means; none where it is none the less one.
    fn failure(&self, call: &str, response: &Response) -> Option<Failure>;

    /// What the headers say of the family's limit.
    fn limit(&self, response: &Response) -> Option<LimitSeen>;
}

/// One exchange, for logs and counts: holds no query value, header or body.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The service.
    pub service: &'static str,
    /// The endpoint family.
    pub family: &'static str,
    /// Method and path.
    pub call: String,
    /// The status; none where there was no answer.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
    /// What the headers said of the limit.
    pub limit: Option<LimitSeen>,
    /// Which try it was, from 1.
    pub attempt: u32,
}

/// Who is told of exchanges and waits.
pub trait Exchanges: Send + Sync {
    /// An exchange has ended.
    fn ended(&self, exchange: &Exchange);

    /// A call waits before it is tried again.
    fn waits(&self, service: &'static str, reason: &str, wait: Duration);
}

/// Calls one service with one credential.
pub struct Client {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    exchanges: Arc<dyn Exchanges>,
    dialect: Arc<dyn Dialect>,
    cancel: CancellationToken,
    pacer: Pacer,
    share: Option<Share>,
    authorizer: Option<Arc<dyn Authorizer>>,
}

/// What a client is made of.
#[derive(Clone)]
pub struct Parts {
    /// Sends requests.
    pub transport: Arc<dyn Transport>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for jitter.
    pub random: Arc<dyn Random>,
    /// Who is told of exchanges.
    pub exchanges: Arc<dyn Exchanges>,
    /// Cancelled: waits end, nothing more is sent.
    pub cancel: CancellationToken,
    /// The pace that other processes with the credential keep as well; none: nobody else is known.
    pub pace: Option<Arc<dyn SharedPace>>,
    /// The share of the credential's limits to stay under, above 0; none: all of them.
    pub share: Option<f64>,
}

impl Client {
    /// A client of a service.
    #[must_use]
    pub fn new(parts: Parts, dialect: Arc<dyn Dialect>, mut pacer: Pacer) -> Self {
        let Parts {
            transport,
            clock,
            random,
            exchanges,
            cancel,
            pace,
            share,
        } = parts;
        if let Some(share) = share {
            pacer.stay_under(share);
        }
        Self {
            transport,
            clock,
            random,
            exchanges,
            dialect,
            cancel,
            pacer,
            share: pace.map(Share::new),
            authorizer: None,
        }
    }

    /// Asks for the right to each call; without, a request has its own.
    #[must_use]
    pub fn authorized(mut self, authorizer: Arc<dyn Authorizer>) -> Self {
        self.authorizer = Some(authorizer);
        self
    }

    /// Time, as the client sees it.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// How long a call of a family would have to wait now, and how long each further one.
    #[must_use]
    pub fn outlook(&self, family: &'static str) -> (Duration, Duration) {
        self.pacer.outlook(family, self.now_us())
    }

    /// How long so many calls of a family would take from now on, by its limit alone.
    #[must_use]
    pub fn forecast(&self, family: &'static str, calls: u64) -> Duration {
        self.pacer.forecast(family, self.now_us(), calls)
    }

    /// Makes a call; answers what succeeded.
    ///
    /// # Errors
    /// What went wrong at the last try.
    pub async fn call(&self, call: Call) -> Result<Response, Failure> {
        let name = call.request.name();
        let mut attempt = 0;
        let mut renewed = false;
        loop {
            attempt += 1;
            let mut request = call.request.clone();
            let mut used = None;
            if let Some(authorizer) = &self.authorizer {
                let (header, value) = authorizer.header().await?;
                request = request.secret_header(header, value.clone());
                used = Some((authorizer, value));
            }
            let failure = match self.once(request, call.family, &name, attempt).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            // A token that ended on the way: the call had no effect, and is made once again.
            if failure.class == Class::Authentication
                && !renewed
                && let Some((authorizer, value)) = &used
                && authorizer.refused(value).await?
            {
                renewed = true;
                continue;
            }
            let again = failure.is_retryable()
                && (call.safety == Safety::Repeatable || failure.effect() == Effect::None);
            let tries = match failure.class {
                // A name that does not resolve or a closed port is rarely a matter of seconds.
                Class::Unreachable => UNREACHABLE_TRIES,
                _ => MAX_TRIES,
            };
            if !again || attempt >= tries {
                return Err(failure);
            }
            let wait = self.wait(attempt, failure.retry_after);
            if failure
                .retry_after
                .is_some_and(|asked| asked > LONGEST_ASKED)
            {
                return Err(failure);
            }
            if failure.class == Class::RateLimited {
                self.hold(failure.holds, call.family, wait).await;
            }
            self.exchanges
                .waits(self.dialect.service(), &failure.message, wait);
            self.sleep(wait).await?;
        }
    }

    /// Holds back what a refusal for asking too often holds back.
    async fn hold(&self, holds: Holds, family: &'static str, wait: Duration) {
        let families = match holds {
            Holds::Call => return,
            Holds::Family => vec![family],
            Holds::All => self.pacer.families(family),
        };
        for family in families {
            self.pacer.pause(family, self.now_us(), wait);
            if let Some(share) = &self.share {
                share.pause(family, wait).await;
            }
        }
    }

    async fn once(
        &self,
        request: Request,
        family: &'static str,
        name: &str,
        attempt: u32,
    ) -> Result<Response, Failure> {
        self.turn(family).await?;
        if self.cancel.is_cancelled() {
            return Err(interrupted());
        }
        let started = self.now_us();
        let answer = self.transport.send(request).await;
        let took_ms = (self.now_us() - started) / 1000;
        let limit = answer
            .as_ref()
            .ok()
            .and_then(|response| self.dialect.limit(response));
        self.exchanges.ended(&Exchange {
            service: self.dialect.service(),
            family,
            call: name.to_owned(),
            status: answer.as_ref().ok().map(|response| response.status),
            took_ms,
            limit,
            attempt,
        });
        let response = answer.map_err(|error| self.no_answer(name, &error))?;
        let failure = self.dialect.failure(name, &response);
        if failure
            .as_ref()
            .is_none_or(|failure| failure.class != Class::RateLimited)
        {
            self.pacer.answered(family, self.now_us(), limit);
        }
        match failure {
            None => Ok(response),
            Some(failure) => Err(failure),
        }
    }

    /// Waits for the next slot: this process's own, then the one among all processes.
    async fn turn(&self, family: &'static str) -> Result<(), Failure> {
        let slot = loop {
            let slot = self.pacer.slot(family, self.now_us());
            self.sleep_until(slot.at_us).await?;
            // A refusal of another call meanwhile holds for this one too.
            if !self.pacer.is_paused(family, self.now_us()) {
                break slot;
            }
        };
        if let (Some(share), Some(interval_us)) = (&self.share, slot.spaced_us) {
            let at_us = share.slot_us(family, interval_us, || self.now_us()).await;
            self.sleep_until(at_us).await?;
        }
        Ok(())
    }

    async fn sleep_until(&self, at_us: i64) -> Result<(), Failure> {
        let wait_us = at_us.saturating_sub(self.now_us());
        match u64::try_from(wait_us) {
            Ok(wait_us) if wait_us > 0 => self.sleep(Duration::from_micros(wait_us)).await,
            _ => Ok(()),
        }
    }

    /// Exponential backoff with full jitter; what the service asks for is the least.
    fn wait(&self, attempt: u32, asked: Option<Duration>) -> Duration {
        let ceiling = FIRST_WAIT
            .saturating_mul(1 << (attempt - 1).min(10))
            .min(LONGEST_WAIT);
        let micros = u64::try_from(ceiling.as_micros())
            .unwrap_or(u64::MAX)
            .max(1);
        let jitter = Duration::from_micros(self.random.next_u64() % micros);
        match asked {
            // Whoever asked alike must not come back alike.
            Some(asked) => asked + jitter.min(FIRST_WAIT),
            None => jitter,
        }
    }

    async fn sleep(&self, wait: Duration) -> Result<(), Failure> {
        tokio::select! {
            () = self.clock.sleep(wait) => Ok(()),
            () = self.cancel.cancelled() => Err(interrupted()),
        }
    }

    fn now_us(&self) -> i64 {
        self.clock.now().as_microsecond()
    }

    fn no_answer(&self, name: &str, error: &TransportError) -> Failure {
        let service = self.dialect.service();
        let (class, what, help) = match error.kind {
            TransportTrouble::Resolve => (
                Class::Unreachable,
                "the host's name does not resolve",
                "check the address in flowline.yaml and this machine's network",
            ),
            TransportTrouble::Connect => (
                Class::Unreachable,
                "no connection",
                "check the address in flowline.yaml, this machine's network, its firewall and its proxy (HTTPS_PROXY)",
            ),
            TransportTrouble::Tls => (
                Class::Unreachable,
                "no trusted TLS connection",
                "check the address; where the certificate is from an authority of your own, or of a proxy in between, name the file of that authority's certificate in SSL_CERT_FILE; verification cannot be switched off",
            ),
            TransportTrouble::Refused => (
                Class::Rejected,
                "not sent",
                "check the address and the credential in flowline.yaml",
            ),
            TransportTrouble::Timeout => (Class::Timeout, "no answer in time", "try again later"),
            TransportTrouble::Cut => (
                Class::BrokenAnswer,
                "the answer was cut",
                "try again; a proxy in between may be the cause",
            ),
            TransportTrouble::TooLarge => (
                Class::Rejected,
                "the answer is too large",
                "ask for less: fewer fields, or `--limit`",
            ),
        };
        Failure::new(
            class,
            format!("{service}: {name}: {what} ({})", error.detail),
        )
        .help(help)
    }
}

fn interrupted() -> Failure {
    Failure::new(Class::Interrupted, "interrupted").help("run again to go on")
}

/// Says nothing to nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoExchanges;

impl Exchanges for NoExchanges {
    fn ended(&self, _: &Exchange) {}
    fn waits(&self, _: &'static str, _: &str, _: Duration) {}
}
