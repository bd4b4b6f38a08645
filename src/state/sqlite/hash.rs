//! Keyed hashes: what finds a row without keeping what it is about.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// A keyed hash, cut to 16 bytes.
pub(super) type Digest16 = [u8; 16];

/// Hashes with the key of one state.
#[derive(Clone)]
pub(super) struct Keyed(Hmac<Sha256>);

impl Keyed {
    /// With a key of any length.
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(key).ok().map(Self)
    }

    /// The hash of parts; parts divided otherwise hash otherwise.
    pub(super) fn hash(&self, parts: &[&[u8]]) -> Digest16 {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        first_half(&mac.finalize().into_bytes())
    }
}

fn first_half(digest: &[u8]) -> Digest16 {
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(digest) {
        *to = *from;
    }
    half
}
