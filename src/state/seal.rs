//! Sealing what must be read again and may not stand in the state as it is.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How long a nonce is: random ones of this length do not meet.
const NONCE: usize = 24;

/// Seals and opens under the project's key, which does not stand in the state.
pub struct Seal {
    cipher: XChaCha20Poly1305,
    /// What people gave to keep is under a key of its own.
    store: XChaCha20Poly1305,
    ids: Hmac<Sha256>,
}

impl Seal {
    /// With keys of its own for each purpose, made of the project's.
    ///
    /// # Errors
    /// Never with a key of 32 bytes; in one sentence.
    pub fn new(project_key: &[u8; 32]) -> Result<Self, String> {
        let derived = |purpose: &str| -> Result<[u8; 32], String> {
            let mut mac = Hmac::<Sha256>::new_from_slice(project_key)
                .map_err(|error| format!("the project's key does not do: {error}"))?;
            mac.update(purpose.as_bytes());
            Ok(mac.finalize().into_bytes().into())
        };
        let ids = Hmac::new_from_slice(&derived("flowline: ids of what is sealed")?);
        let cipher = XChaCha20Poly1305::new_from_slice(&derived("flowline: sealing")?);
        let store = XChaCha20Poly1305::new_from_slice(&derived("flowline: the store")?);
        Ok(Self {
            ids: ids.map_err(|error| error.to_string())?,
            cipher: cipher.map_err(|error| error.to_string())?,
            store: store.map_err(|error| error.to_string())?,
        })
    }

    /// By what a text is found without being read: the same for the same text.
    #[must_use]
    pub fn id(&self, text: &str) -> [u8; 16] {
        let mut mac = self.ids.clone();
        mac.update(text.as_bytes());
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(mac.finalize().into_bytes()) {
            *to = from;
        }
        id
    }

    /// A text that only the project's key opens, and only under its id.
    ///
    /// # Errors
    /// Where the system gives no random numbers; in one sentence.
    pub fn seal(&self, id: &[u8; 16], text: &str) -> Result<Vec<u8>, String> {
        closed(&self.cipher, id, text)
    }

    /// The text; none where it was sealed under another key or id, or is damaged.
    #[must_use]
    pub fn open(&self, id: &[u8; 16], sealed: &[u8]) -> Option<String> {
        opened(&self.cipher, id, sealed)
    }

    /// What people gave to keep under a name: only the project's key opens it, and only under
    /// that name.
    ///
    /// # Errors
    /// Where the system gives no random numbers; in one sentence.
    pub(super) fn keep(&self, name: &str, text: &str) -> Result<Vec<u8>, String> {
        closed(&self.store, name.as_bytes(), text)
    }

    /// What was kept under a name; none where that was under another key, or it is damaged.
    pub(super) fn kept(&self, name: &str, sealed: &[u8]) -> Option<String> {
        opened(&self.store, name.as_bytes(), sealed)
    }
}

fn closed(cipher: &XChaCha20Poly1305, bound_to: &[u8], text: &str) -> Result<Vec<u8>, String> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).map_err(|error| format!("no random numbers: {error}"))?;
    let payload = Payload {
        msg: text.as_bytes(),
        aad: bound_to,
    };
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| "what is to be kept cannot be sealed".to_owned())?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn opened(cipher: &XChaCha20Poly1305, bound_to: &[u8], sealed: &[u8]) -> Option<String> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    let payload = Payload {
        msg: sealed,
        aad: bound_to,
    };
    let text = cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
    String::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_opens_under_its_name_alone() {
        let seal = Seal::new(&[7; 32]).unwrap();
        let sealed = seal.keep("secret/a", "hunter2").unwrap();
        assert_eq!(seal.kept("secret/a", &sealed).as_deref(), Some("hunter2"));
        assert_eq!(seal.kept("secret/b", &sealed), None);
        assert_eq!(Seal::new(&[8; 32]).unwrap().kept("secret/a", &sealed), None);
    }

    #[test]
    fn only_the_key_and_the_id_open() {
        let seal = Seal::new(&[7; 32]).unwrap();
        let id = seal.id("jane@example.com");
        let sealed = seal.seal(&id, "jane@example.com").unwrap();
        assert_eq!(seal.open(&id, &sealed).as_deref(), Some("jane@example.com"));
        assert!(!sealed.windows(4).any(|part| part == b"jane"));
        assert_ne!(sealed, seal.seal(&id, "jane@example.com").unwrap());

        assert_eq!(seal.open(&seal.id("joe@example.com"), &sealed), None);
        let other = Seal::new(&[8; 32]).unwrap();
        assert_ne!(other.id("jane@example.com"), id);
        assert_eq!(other.open(&id, &sealed), None);
        let mut damaged = sealed.clone();
        damaged[30] ^= 1;
        assert_eq!(seal.open(&id, &damaged), None);
        assert_eq!(seal.open(&id, &sealed[..10]), None);
    }
}
