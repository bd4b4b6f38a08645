//! References to secrets, and who may hold one. A secret itself never gets here.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error as _};

use super::{Written, form};
use crate::diagnostic::Spanned;

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretSource {
    /// `${NAME}`: the environment, then `.env`.
    Env(String),
    /// `${secret:NAME}`: the project's own store.
    Store(String),
    /// `${file:PATH}`: a file's text.
    File(String),
}

/// Where a secret comes from, and where that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRef(pub Spanned<SecretSource>);

impl std::ops::Deref for SecretRef {
    type Target = SecretSource;

    fn deref(&self) -> &SecretSource {
        &self.0.value
    }
}

impl SecretSource {
    /// Reads `${NAME}`, `${secret:NAME}` or `${file:PATH}`; none for all else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let inside = text.strip_prefix("${")?.strip_suffix('}')?;
        if inside.contains(['$', '{', '}']) || inside.contains(":-") {
            return None;
        }
        match inside.split_once(':') {
            Some(("secret", name)) if !name.is_empty() => Some(Self::Store(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Some(Self::File(path.to_owned())),
            Some(_) => None,
            None => super::strings::is_name(inside).then(|| Self::Env(inside.to_owned())),
        }
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(from)?;
        written
            .as_text()
            .and_then(SecretSource::parse)
            .map(|source| Self(Spanned::new(source, written.span)))
            .ok_or_else(|| D::Error::custom("a secret is a reference, not a literal"))
    }
}

impl JsonSchema for SecretRef {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        form::secret()
    }
}
