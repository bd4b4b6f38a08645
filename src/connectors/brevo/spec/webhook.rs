//! What `brevo.webhook` asks for, and what Brevo's events are called.

/// Events, by the names that records have, and by those that a webhook is registered with.
pub const EVENTS: [(&str, &str); 10] = [
    ("unsubscribed", "unsubscribed"),
    ("hard_bounce", "hardBounce"),
    ("soft_bounce", "softBounce"),
    ("spam", "spam"),
    ("delivered", "delivered"),
    ("opened", "opened"),
    ("click", "click"),
    ("list_addition", "listAddition"),
    ("contact_updated", "contactUpdated"),
    ("contact_deleted", "contactDeleted"),
];

/// The event that a payload's name means: `unsubscribe` and `hardBounce` are ours, too.
#[must_use]
pub fn event(name: &str) -> Option<&'static str> {
    if name == "unsubscribe" {
        return Some("unsubscribed");
    }
    EVENTS
        .iter()
        .find(|(ours, subscribed)| *ours == name || *subscribed == name)
        .map(|(ours, _)| *ours)
}

/// What Brevo's webhooks say.
#[derive(Debug)]
pub struct Webhook {
    /// The events, by the names that records have.
    pub events: Vec<&'static str>,
}
