//! The ways into a site.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::{Basic, Site};
use crate::http::{Authorizer, Fixed, Secret};

/// Where a site is and who asks it.
#[derive(Clone)]
pub struct Entrance {
    /// The site, where it is known.
    pub site: Option<Url>,
    /// The gateway, where the credential is good there and not at the site.
    pub gateway: Option<Url>,
    /// The site's cloud id, where it is known.
    pub cloud_id: Option<String>,
    /// The right to ask.
    pub authorizer: Arc<dyn Authorizer>,
    /// What to do where the credential is refused.
    pub if_refused: String,
    /// What to do where a scope is missing, after it has been added.
    pub if_scope_missing: String,
}

/// An e-mail and its token, as a header.
#[must_use]
pub fn basic_header(basic: &Basic) -> Arc<dyn Authorizer> {
    let pair = format!("{}:{}", basic.email, basic.token.expose());
    let value = Secret::new(format!("Basic {}", STANDARD.encode(pair)));
    Arc::new(Fixed::new("authorization", value))
}

impl Entrance {
    /// Through the site itself, by e-mail and API token.
    #[must_use]
    pub fn basic(site: &Site, basic: &Basic) -> Self {
        Self {
            site: Some(site.url.clone()),
            gateway: None,
            cloud_id: None,
            authorizer: basic_header(basic),
            if_refused: super::dialect::CREDENTIAL.to_owned(),
            if_scope_missing: "add it to the token".to_owned(),
        }
    }
}
