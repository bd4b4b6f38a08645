//! Webhook bodies as Brevo sends them.

use serde_json::{Value, json};

use super::account::Account;
use crate::sandbox::clock::timestamp;

/// The events that the account's beginning would have been told as, one of each kind.
pub(super) fn of_seed(account: &Account, epoch: i64) -> Vec<Value> {
    let known = account
        .contacts
        .values()
        .filter_map(|contact| contact.email.clone());
    let mut addresses: Vec<String> = known.take(4).collect();
    for spare in ["ines@customer.example", "noah@customer.example"] {
        addresses.push(spare.to_owned());
    }
    let mut events = Vec::new();
    let kinds = [
        "delivered",
        "opened",
        "click",
        "unsubscribe",
        "hard_bounce",
        "soft_bounce",
        "spam",
        "list_addition",
        "contact_updated",
        "contact_deleted",
    ];
    for (index, (kind, email)) in kinds.iter().zip(addresses.iter().cycle()).enumerate() {
        let at = epoch / 1_000 - 3_600 + 60 * index as i64;
        let date = timestamp(at * 1_000)
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string();
        let mut event =
            json!({ "id": 700 + index, "event": kind, "email": email, "ts": at, "date": date });
        match *kind {
            "hard_bounce" | "soft_bounce" => {
                event["ts_event"] = json!(at);
                event["message-id"] = json!(format!("<2026.{at}@smtp-relay.mailin.fr>"));
                event["reason"] = json!("550 mailbox unavailable");
            }
            "unsubscribe" => {
                event["camp_id"] = json!(12);
                event["campaign_name"] = json!("Autumn");
                event["list_id"] = json!([2]);
            }
            "list_addition" => event["list_id"] = json!([2]),
            "contact_updated" => {
                event["content"] =
                    json!([{ "email": email, "attributes": { "FIRSTNAME": "Ines" } }]);
            }
            "contact_deleted" => event["email"] = json!([email]),
            _ => {
                event["camp_id"] = json!(12);
                event["campaign name"] = json!("Autumn");
            }
        }
        events.push(event);
    }
    events
}
