//! Brevo, as far as a writer of contacts and events meets it.

mod account;
mod auth;
mod catalog;
mod contacts;
mod crm;
mod errors;
mod events;
mod import;
mod mail;
mod told;
mod webhooks;

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use self::account::Account;
use super::exchange::{Reply, Request};
use super::hooks::Hooks;
use super::limits::Windows;

pub(super) use self::account::{Change, Settings};
pub(super) use self::auth::{CLIENT_ID, CLIENT_SECRET};

/// The API key that the account accepts.
pub(super) const KEY: &str = "xkeysib-sandbox-0000000000000000000000000000000000000000000000000000000000000000-Sandbox000000000";

/// The address that the account is registered with.
pub(super) const OWNER_EMAIL: &str = "marketing@acme.example";

/// The emulated service.
pub(super) struct Brevo {
    account: Mutex<Account>,
    auth: auth::Auth,
}

impl Brevo {
    /// The account as seeded.
    pub(super) fn new(epoch: i64) -> Self {
        Self {
            account: Mutex::new(Account::seeded(epoch)),
            auth: auth::Auth::default(),
        }
    }

    /// The bodies of the webhooks that the account's beginning would have been told by.
    pub(super) fn seeded_webhooks(&self, epoch: i64) -> Vec<Value> {
        let account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        told::of_seed(&account, epoch)
    }

    /// Answers a request about webhooks; none where it is about something else, or is refused.
    pub(super) fn webhooks(hooks: &mut Hooks, request: &Request, now: i64) -> Option<Reply> {
        let route = request.route();
        let ["v3", "webhooks", rest @ ..] = route.as_slice() else {
            return None;
        };
        if request.header("api-key") != Some(KEY) {
            return None;
        }
        let reply = webhooks::answer(hooks, request, rest, now);
        Some(reply.unwrap_or_else(|refusal| refusal))
    }

    /// Adds lists that are not there, by id or by name.
    pub(super) fn add_lists(&self, lists: &[(Option<u64>, String)], keep: impl Fn(&Change)) {
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, name) in lists {
            let known = match id {
                Some(id) => account.lists.contains_key(id),
                None => account.lists.values().any(|list| list.name == *name),
            };
            if !known {
                let next = account.lists.keys().next_back().map_or(1, |last| last + 1);
                account.put_list(account::List {
                    id: id.unwrap_or(next),
                    name: name.clone(),
                    folder: 1,
                });
            }
        }
        for change in std::mem::take(&mut account.changes) {
            keep(&change);
        }
    }

    /// Makes a journalled change again.
    pub(super) fn replay(&self, change: Change) {
        self.account
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replay(change);
    }

    /// Changes how the account behaves.
    pub(super) fn set(&self, settings: Settings) {
        self.account
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .settings = settings;
    }

    /// What the account holds: `contacts`, `events`, `lists`, `attributes`, `notes`, `campaigns`,
    /// `emails` or `objects`.
    pub(super) fn end_state(&self, what: &str) -> Option<Value> {
        let account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        Some(match what {
            "contacts" => {
                json!({ "contacts": account.contacts.values().map(account::Contact::shown).collect::<Vec<_>>() })
            }
            "events" => json!({
                "events": account.events.iter().map(events::shown).collect::<Vec<_>>(),
                "ignored": account.ignored_events
            }),
            "lists" => {
                let lists: Vec<Value> = account
                    .lists
                    .values()
                    .map(|list| {
                        let members: Vec<u64> = account
                            .contacts
                            .values()
                            .filter(|contact| contact.lists.contains(&list.id))
                            .map(|contact| contact.id)
                            .collect();
                        json!({ "id": list.id, "name": list.name, "folderId": list.folder, "contacts": members })
                    })
                    .collect();
                json!({ "lists": lists })
            }
            "attributes" => {
                json!({ "attributes": account.attributes.values().collect::<Vec<_>>() })
            }
            "notes" | "campaigns" | "emails" | "objects" => json!({ what: account.all(what) }),
            _ => return None,
        })
    }

    /// Answers a request; `keep` is given every change before the answer is.
    pub(super) fn answer(&self, request: &Request, now: i64, keep: impl Fn(&Change)) -> Reply {
        if let Some(reply) = self.auth.judge(request, now) {
            return reply;
        }
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        if account.settings.refuse_addresses {
            return errors::error(
                401,
                "unauthorized",
                "We have detected you are using an unrecognised IP address 203.0.113.7. If you performed this action make sure to add the new IP address in this link: https://app.brevo.com/security/authorised_ips",
            );
        }
        let route = request.route();
        let ["v3", rest @ ..] = route.as_slice() else {
            return errors::error(404, "not_found", "Not found");
        };
        import::finish(&mut account, now);
        let reply = Self::route(&mut account, request, rest, now).unwrap_or_else(|refusal| refusal);
        for change in std::mem::take(&mut account.changes) {
            keep(&change);
        }
        reply
    }

    /// Makes a change by a control request, without credentials and limits.
    pub(super) fn control(
        &self,
        request: &Request,
        rest: &[&str],
        now: i64,
        keep: impl Fn(&Change),
    ) -> Reply {
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = match (request.method.as_str(), rest) {
            ("DELETE", ["attributes", name]) => {
                account.attributes.shift_remove(*name);
                account
                    .changes
                    .push(Change::DeleteAttribute((*name).to_owned()));
                Ok(Reply::empty(204))
            }
            (_, ["v3", rest @ ..]) => Self::route(&mut account, request, rest, now),
            _ => Err(errors::error(404, "not_found", "Not found")),
        };
        for change in std::mem::take(&mut account.changes) {
            keep(&change);
        }
        reply.unwrap_or_else(|refusal| refusal)
    }

    fn route(
        account: &mut Account,
        request: &Request,
        rest: &[&str],
        now: i64,
    ) -> Result<Reply, Reply> {
        match (request.method.as_str(), rest) {
            ("GET", ["account"]) => Ok(Reply::json(
                200,
                &json!({
                    "organization_id": "6f2c1d9e8b7a", "user_id": 1, "email": OWNER_EMAIL,
                    "firstName": "Mara", "lastName": "Keller", "companyName": "Acme",
                    "address": { "street": "1 Harbour Road", "city": "Hamburg", "zipCode": "20457", "country": "Germany" },
                    "plan": [{ "type": "subscription", "credits": 40_000, "creditsType": "sendLimit" }],
                    "relay": { "enabled": true, "data": { "userName": OWNER_EMAIL, "relay": "smtp-relay.brevo.com", "port": 587 } },
                    "marketingAutomation": { "enabled": true, "key": "sandboxautomationkey" }
                }),
            )),
            ("POST", ["contacts"]) => contacts::upsert(account, request, now),
            ("GET", ["contacts"]) => contacts::list(account, request, None),
            ("GET", ["contacts", "attributes"]) => Ok(catalog::attributes(account)),
            ("POST", ["contacts", "attributes", category, name]) => {
                catalog::create_attribute(account, request, category, name)
            }
            ("GET", ["contacts", "lists"]) => catalog::lists(account, request, None),
            ("POST", ["contacts", "lists"]) => catalog::create_list(account, request),
            ("GET", ["contacts", "lists", id]) => catalog::list(account, id),
            ("GET", ["contacts", "lists", id, "contacts"]) => {
                let list = catalog::known(account, id)?.id;
                contacts::list(account, request, Some(list))
            }
            (
                "POST",
                [
                    "contacts",
                    "lists",
                    id,
                    "contacts",
                    verb @ ("add" | "remove"),
                ],
            ) => catalog::members(account, request, id, *verb == "add", now),
            ("GET", ["contacts", "folders"]) => catalog::folders(account, request),
            ("POST", ["contacts", "folders"]) => catalog::create_folder(account, request),
            ("POST", ["contacts", "import"]) => import::start(account, request, now),
            ("GET", ["processes", id]) => import::process(account, id, now),
            ("GET", ["contacts", identifier]) => contacts::one(account, request, identifier),
            ("PUT", ["contacts", identifier]) => {
                contacts::update(account, request, identifier, now)
            }
            ("DELETE", ["contacts", identifier]) => contacts::delete(account, request, identifier),
            ("POST", ["events"]) => events::one(account, request, now),
            ("GET", ["events"]) => events::list(account, request, now),
            ("POST", ["events", "batch"]) => events::batch(account, request, now),
            ("POST", ["crm", "notes"]) => crm::create(account, request, now),
            ("GET", ["crm", "notes"]) => crm::list(account, request),
            ("GET", ["crm", "notes", id]) => crm::one(account, id),
            ("PATCH", ["crm", "notes", id]) => crm::edit(account, request, id, now),
            ("DELETE", ["crm", "notes", id]) => crm::delete(account, id),
            ("POST", ["objects", kind, "batch", "upsert"]) => {
                crm::objects(account, request, kind, now)
            }
            ("GET", ["smtp", "templates", id]) => mail::one_template(id),
            ("POST", ["smtp", "email"]) => mail::send(account, request, now),
            ("POST", ["emailCampaigns"]) => mail::create_campaign(account, request, now),
            ("GET", ["emailCampaigns"]) => mail::campaigns(account, request),
            ("GET", ["emailCampaigns", id]) => mail::one_campaign(account, id),
            ("POST", ["emailCampaigns", id, "sendNow"]) => mail::send_now(account, id),
            (
                _,
                [
                    "account" | "contacts" | "events" | "crm" | "objects" | "smtp"
                    | "emailCampaigns",
                    ..,
                ],
            ) => Err(errors::error(
                405,
                "method_not_allowed",
                "Method not allowed",
            )),
            _ => Err(errors::error(404, "not_found", "Not found")),
        }
    }
}

/// Counts a request against the general plan's limits; the refusal where they are exceeded.
pub(super) fn limit(
    windows: &mut Windows,
    request: &Request,
    now: i64,
) -> Result<Vec<(&'static str, String)>, Reply> {
    let (name, most, length) = match (request.method.as_str(), request.route().as_slice()) {
        (_, ["v3", "contacts", ..]) => ("brevo contacts", 10, 1_000),
        ("POST", ["v3", "events"]) => ("brevo events", 10, 1_000),
        ("POST", ["v3", "smtp", "email"]) => ("brevo email", 1_000, 1_000),
        (_, ["v3", "smtp", ..]) => ("brevo smtp", 300, 3_600_000),
        // Batches and reads of events are listed nowhere: they are taken for the rest.
        _ => ("brevo other", 100, 3_600_000),
    };
    let verdict = windows.count(name, most, length, now);
    let headers = vec![
        ("x-sib-ratelimit-limit", verdict.limit.to_string()),
        ("x-sib-ratelimit-remaining", verdict.remaining.to_string()),
        (
            "x-sib-ratelimit-reset",
            ((verdict.resets_in + 999) / 1_000).to_string(),
        ),
    ];
    if verdict.allowed {
        return Ok(headers);
    }
    let mut reply = errors::error(429, "too_many_requests", "API rate limit exceeded");
    reply.headers.extend(headers);
    Err(reply)
}

/// What answers state where limits are off: more than anybody can ask in a second.
pub(super) fn unlimited() -> Vec<(&'static str, String)> {
    [
        ("x-sib-ratelimit-limit", "1000000"),
        ("x-sib-ratelimit-remaining", "1000000"),
        ("x-sib-ratelimit-reset", "1"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

/// A 429 as a fault.
pub(super) fn rate_limited(reset: u64) -> Reply {
    errors::error(429, "too_many_requests", "API rate limit exceeded")
        .with_header("x-sib-ratelimit-limit", "10")
        .with_header("x-sib-ratelimit-remaining", "0")
        .with_header("x-sib-ratelimit-reset", reset.to_string())
}

/// An error answer as a fault.
pub(super) fn failed(status: u16, code: &str, message: &str) -> Reply {
    errors::error(status, code, message)
}
