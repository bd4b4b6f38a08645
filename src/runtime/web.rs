//! JSON APIs without a connection: their clients and secrets.

use std::path::Path;

use crate::config::{SecretSource, Strings};
use crate::connectors::http::spec::Auth;
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
    /// Opens an API to read from or to send to; nothing is asked yet.
    ///
    /// # Errors
    /// Where a secret is not there.
    pub fn open(
        &self,
        auth: Option<&Auth>,
        headers: &[(String, SecretSource)],
        sends: bool,
    ) -> Result<HttpSession, Failure> {
        let find = (&*self.secrets, self.stays_here);
        HttpSession::open((self.parts)(), auth, headers, find, sends)
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
