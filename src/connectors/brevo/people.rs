//! Who a contact is, by what identifies it: looked up, never made.

use super::contacts::{Shown, is_same, path, rejected, text};
use super::session::Session;
use super::spec::IdentityKind;
use crate::http::Failure;
use crate::record::Value;

/// The contact that these identities name, the key first; none where the account has none.
///
/// One that has none of the key but one of the others is that contact.
///
/// # Errors
/// A contact with one of the others that has another key; what stands in the way.
pub(super) async fn find(session: &Session, identities: &Value) -> Result<Option<Shown>, Failure> {
    let named: Vec<(IdentityKind, &Value)> = IdentityKind::ALL
        .into_iter()
        .filter_map(|kind| Some((kind, identities.get(kind.name())?)))
        .collect();
    let Some((key, key_value)) = named.first().copied() else {
        return Err(rejected("the operation names no contact"));
    };
    for (kind, value) in named {
        if matches!(value.as_str(), Some("." | "..")) {
            // A URL would resolve it, and the path of something else come out.
            return Err(rejected("an identity of dots alone names no contact"));
        }
        let Some(shown) = session.contact::<Shown>(&path(kind, value)).await? else {
            continue;
        };
        let other = shown
            .value_of(key)
            .is_some_and(|known| !is_same(key, &known, &text(key_value)));
        if kind != key && other {
            return Err(rejected(format!(
                "the contact with this {} has another {}",
                kind.name(),
                key.name()
            ))
            .help("correct one of the two in Brevo or at the source, then retry the dead letter"));
        }
        return Ok(Some(shown));
    }
    Ok(None)
}
