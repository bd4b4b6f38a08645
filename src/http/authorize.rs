//! The right to call, asked for with each call: a token may end at any moment.

use futures::future::{BoxFuture, ready};

use super::{Failure, Secret};

/// Gives each call the header that lets it in.
pub trait Authorizer: Send + Sync {
    /// The header for the next call: its name and value.
    fn header(&self) -> BoxFuture<'_, Result<(&'static str, Secret), Failure>>;

    /// The service does not know this value any more: true where there is another one now, with
    /// which the call may be made once again.
    fn refused<'a>(&'a self, value: &'a Secret) -> BoxFuture<'a, Result<bool, Failure>>;
}

/// A header that stays as it is.
#[derive(Clone, Debug)]
pub struct Fixed {
    name: &'static str,
    value: Secret,
}

impl Fixed {
    /// A header of this name and value.
    #[must_use]
    pub const fn new(name: &'static str, value: Secret) -> Self {
        Self { name, value }
    }
}

impl Authorizer for Fixed {
    fn header(&self) -> BoxFuture<'_, Result<(&'static str, Secret), Failure>> {
        Box::pin(ready(Ok((self.name, self.value.clone()))))
    }

    fn refused<'a>(&'a self, _: &'a Secret) -> BoxFuture<'a, Result<bool, Failure>> {
        Box::pin(ready(Ok(false)))
    }
}

/// A token as the value of `authorization`.
#[must_use]
pub fn bearer(token: &Secret) -> Secret {
    Secret::new(format!("Bearer {}", token.expose()))
}
