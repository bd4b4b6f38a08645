//! JSON APIs without a connection: their clients and secrets.

use std::path::Path;

use crate::config::{SecretSource, Strings, is_loopback};
use crate::connectors::http::spec::{Auth, address};
use crate::connectors::http::{HttpSession, Secrets};
use crate::http::{Class, Failure, Parts, Secret};

/// Opens JSON APIs.
pub struct Web {
    /// What a client is made of.
    pub parts: Box<dyn Fn() -> Parts + Send + Sync>,
    /// Finds a secret.
    pub secrets: Box<Secrets>,
    /// True where only this machine may be asked: nothing leaves the sandbox.
    pub stays_here: bool,
}

impl Web {
    /// Opens the API at an address, or any where none is known yet; nothing is asked.
    ///
    /// # Errors
    /// Where a secret is not there, or the address is out of the sandbox.
    pub fn open(
        &self,
        url: &str,
        auth: Option<&Auth>,
        headers: &[(String, SecretSource)],
    ) -> Result<HttpSession, Failure> {
        let here = address(url).is_ok_and(|url| is_loopback(&url));
        if self.stays_here && !here {
            let message =
                "http: the sandbox emulates no other API: only addresses of this machine are asked";
            return Err(Failure::new(Class::Rejected, message)
                .help("leave `http` out to try the rest, or run without --sandbox"));
        }
        HttpSession::open((self.parts)(), auth, headers, &*self.secrets)
    }
}

/// The secret of a pipeline's own `auth` or header.
///
/// # Errors
/// Where it is not there, with what to do.
pub fn secret_of(
    source: &SecretSource,
    strings: &Strings,
    root: &Path,
    kept: &super::Kept,
) -> Result<Secret, Failure> {
    let refused = |message: String, help: &str| {
        Failure::new(Class::Rejected, format!("http: {message}")).help(help)
    };
    let text = match source {
        SecretSource::Env(name) => strings
            .name(name)
            .filter(|value| !value.trim().is_empty())
            .map(str::to_owned)
            .ok_or_else(|| {
                refused(
                    format!("`{name}` is not set"),
                    "set it in the environment or in .env",
                )
            })?,
        SecretSource::File(path) => std::fs::read_to_string(root.join(path)).map_err(|error| {
            refused(
                format!("the secret's file {path} cannot be read: {error}"),
                "check `${file:…}` in the pipeline",
            )
        })?,
        SecretSource::Store(name) => {
            let kept = kept.secret(name);
            return kept.cloned().ok_or_else(|| {
                refused(
                    format!("the secret `{name}` is not kept"),
                    &format!("flowline secrets set {name}"),
                )
            });
        }
    };
    Ok(Secret::new(text.trim()))
}
