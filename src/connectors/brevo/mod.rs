//! Brevo.
