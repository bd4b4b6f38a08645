//! The state of the emulated account, and what of it is journalled.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::sandbox::clock::utc;

/// A contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Contact {
    pub(super) id: u64,
    pub(super) email: Option<String>,
    pub(super) ext_id: Option<String>,
    pub(super) email_blacklisted: bool,
    pub(super) sms_blacklisted: bool,
    pub(super) attributes: Map<String, Value>,
    pub(super) lists: BTreeSet<u64>,
    pub(super) created: i64,
    pub(super) modified: i64,
}

impl Contact {
    /// A contact that has nothing yet.
    pub(super) fn new(id: u64, now: i64) -> Self {
        Self {
            id,
            email: None,
            ext_id: None,
            email_blacklisted: false,
            sms_blacklisted: false,
            attributes: Map::new(),
            lists: BTreeSet::new(),
            created: now,
            modified: now,
        }
    }

    /// As `GET /contacts` shows it.
    pub(super) fn shown(&self) -> Value {
        let mut shown = json!({
            "id": self.id,
            "emailBlacklisted": self.email_blacklisted,
            "smsBlacklisted": self.sms_blacklisted,
            "createdAt": utc(self.created),
            "modifiedAt": utc(self.modified),
            "listIds": self.lists,
            "listUnsubscribed": [],
            "attributes": self.attributes,
        });
        if let Some(email) = &self.email {
            shown["email"] = json!(email);
        }
        if let Some(ext_id) = &self.ext_id {
            shown["ext_id"] = json!(ext_id);
            shown["attributes"]["EXT_ID"] = json!(ext_id);
        }
        shown
    }

    /// The mobile number.
    pub(super) fn phone(&self) -> Option<&str> {
        self.attributes.get("SMS").and_then(Value::as_str)
    }
}

/// An attribute of contacts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) category: String,
    /// `text`, `date`, `float`, `boolean`, `category`, `multiple-choice`, `id`, `user`.
    pub(super) kind: String,
    /// Of a category: value and label.
    pub(super) enumeration: Vec<(i64, String)>,
    /// Of a multiple choice.
    pub(super) options: Vec<String>,
}

/// A list of contacts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct List {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) folder: u64,
}

/// An event that a contact has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Event {
    pub(super) contact: u64,
    pub(super) name: String,
    /// When it happened, in epoch milliseconds.
    pub(super) at: i64,
    /// When it was received.
    pub(super) received: i64,
    pub(super) properties: Value,
    pub(super) object_type: Option<String>,
}

/// An import and when it ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Process {
    pub(super) id: u64,
    pub(super) started: i64,
    pub(super) body: Value,
    /// The verdict; nothing while it runs.
    pub(super) info: Option<Value>,
}

/// What a change leaves behind; the journal holds these.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sandbox) enum Change {
    Contact(Box<Value>),
    DeleteContact(u64),
    Attribute(Value),
    DeleteAttribute(String),
    List(Value),
    Folder(u64, String),
    Event(Value),
    Ignored(u64),
    Process(Box<Value>),
    /// Something of a kind: its id and what it is; null: it is gone.
    Kept(String, String, Box<Value>),
    /// The last number that was given to a kind.
    Numbered(String, u64),
}

/// How the account behaves where the real one's behaviour is not known.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct Settings {
    /// Refuse attributes that the account lacks instead of passing them over.
    pub(super) reject_unknown_attributes: bool,
    /// Take nobody's address for one of the account's allow-list.
    pub(super) refuse_addresses: bool,
    /// How long an event takes until `GET /events` shows it, in seconds.
    pub(super) event_visible_after_s: f64,
    /// There is no credit left to send campaigns with.
    pub(super) no_credits: bool,
    /// How long an import takes, in seconds.
    pub(super) import_takes_s: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reject_unknown_attributes: false,
            refuse_addresses: false,
            event_visible_after_s: 0.0,
            no_credits: false,
            import_takes_s: 2.0,
        }
    }
}

/// The account.
#[derive(Default)]
pub(super) struct Account {
    pub(super) contacts: BTreeMap<u64, Contact>,
    by_email: HashMap<String, u64>,
    by_ext_id: HashMap<String, u64>,
    by_phone: HashMap<String, u64>,
    pub(super) attributes: IndexMap<String, Attribute>,
    pub(super) lists: BTreeMap<u64, List>,
    pub(super) folders: BTreeMap<u64, String>,
    pub(super) events: Vec<Event>,
    /// Events that were accepted and had no effect, as no contact had their identifiers.
    pub(super) ignored_events: u64,
    pub(super) processes: BTreeMap<u64, Process>,
    /// Notes, campaigns, e-mails and objects: by kind and id.
    kept: BTreeMap<(String, String), Value>,
    numbers: BTreeMap<String, u64>,
    pub(super) settings: Settings,
    last_contact: u64,
    /// Changes of the request at work, for the journal.
    pub(super) changes: Vec<Change>,
}

fn as_value<T: Serialize>(item: &T) -> Value {
    serde_json::to_value(item).unwrap_or_default()
}

impl Account {
    /// The account as seeded, before its time zero.
    pub(super) fn seeded(epoch: i64) -> Self {
        let mut account = Self {
            last_contact: 1_000,
            ..Self::default()
        };
        account.folders.insert(1, "Jira".to_owned());
        for (id, name) in [(22, "Support"), (23, "Product"), (41, "Support production")] {
            account.lists.insert(
                id,
                List {
                    id,
                    name: name.to_owned(),
                    folder: 1,
                },
            );
        }
        for name in [
            "LASTNAME",
            "FIRSTNAME",
            "SMS",
            "JIRA_ACCOUNT_ID",
            "LAST_TICKET_KEY",
            "LAST_TICKET_STATUS",
            "LAST_TICKET_PRIORITY",
            "LAST_TICKET_RESOLUTION",
            "LAST_TICKET_TEXT",
            "COMPANY",
        ] {
            account.define("normal", name, "text");
        }
        account.define("normal", "LAST_TICKET_DATE", "date");
        account.define("normal", "OPT_OUT", "boolean");
        account.define("normal", "OPEN_TICKETS", "float");
        account.define("category", "CUSTOMER_TIER", "category");
        if let Some(tier) = account.attributes.get_mut("CUSTOMER_TIER") {
            tier.enumeration = [(1, "Enterprise"), (2, "Business"), (3, "Starter")]
                .map(|(value, label)| (value, label.to_owned()))
                .to_vec();
        }
        account.define("normal", "INTERESTS", "multiple-choice");
        if let Some(interests) = account.attributes.get_mut("INTERESTS") {
            interests.options = ["News", "Beta", "Events"].map(str::to_owned).to_vec();
        }
        for (email, first, last, blocked, list) in [
            (
                "jane.porter@northwind.example",
                "Jane",
                "Porter",
                false,
                Some(22),
            ),
            (
                "newsletter.reader@contoso.example",
                "Nina",
                "Reader",
                false,
                None,
            ),
            ("gone.away@hooli.example", "Gus", "Away", true, None),
        ] {
            let id = account.new_id();
            let mut attributes = Map::new();
            attributes.insert("FIRSTNAME".to_owned(), json!(first));
            attributes.insert("LASTNAME".to_owned(), json!(last));
            account.put(Contact {
                id,
                email: Some(email.to_owned()),
                ext_id: None,
                email_blacklisted: blocked,
                sms_blacklisted: false,
                attributes,
                lists: list.into_iter().collect(),
                created: epoch - 200 * 86_400_000,
                modified: epoch - 100 * 86_400_000,
            });
        }
        account.changes.clear();
        account
    }

    /// Defines an attribute.
    pub(super) fn define(&mut self, category: &str, name: &str, kind: &str) {
        let attribute = Attribute {
            name: name.to_owned(),
            category: category.to_owned(),
            kind: kind.to_owned(),
            enumeration: Vec::new(),
            options: Vec::new(),
        };
        self.put_attribute(attribute);
    }

    /// Puts an attribute in place.
    pub(super) fn put_attribute(&mut self, attribute: Attribute) {
        self.changes.push(Change::Attribute(as_value(&attribute)));
        self.attributes.insert(attribute.name.clone(), attribute);
    }

    /// The id of the next contact.
    pub(super) fn new_id(&mut self) -> u64 {
        self.last_contact += 1;
        self.last_contact
    }

    /// Puts a contact in place, its identifiers findable.
    pub(super) fn put(&mut self, contact: Contact) {
        self.forget(contact.id);
        if let Some(email) = &contact.email {
            self.by_email.insert(email.clone(), contact.id);
        }
        if let Some(ext_id) = &contact.ext_id {
            self.by_ext_id.insert(ext_id.clone(), contact.id);
        }
        if let Some(phone) = contact.phone() {
            self.by_phone.insert(phone.to_owned(), contact.id);
        }
        self.last_contact = self.last_contact.max(contact.id);
        self.changes
            .push(Change::Contact(Box::new(as_value(&contact))));
        self.contacts.insert(contact.id, contact);
    }

    fn forget(&mut self, id: u64) -> bool {
        let Some(old) = self.contacts.remove(&id) else {
            return false;
        };
        if let Some(email) = &old.email {
            self.by_email.remove(email);
        }
        if let Some(ext_id) = &old.ext_id {
            self.by_ext_id.remove(ext_id);
        }
        if let Some(phone) = old.phone() {
            self.by_phone.remove(phone);
        }
        true
    }

    /// Deletes a contact and its events; false where there is none.
    pub(super) fn delete(&mut self, id: u64) -> bool {
        let found = self.forget(id);
        if found {
            self.events.retain(|event| event.contact != id);
            self.changes.push(Change::DeleteContact(id));
        }
        found
    }

    /// The contact with this address, in any case.
    pub(super) fn with_email(&self, email: &str) -> Option<u64> {
        self.by_email.get(&email.trim().to_lowercase()).copied()
    }

    /// The contact with this external id.
    pub(super) fn with_ext_id(&self, ext_id: &str) -> Option<u64> {
        self.by_ext_id.get(ext_id).copied()
    }

    /// The contact with this mobile number.
    pub(super) fn with_phone(&self, phone: &str) -> Option<u64> {
        self.by_phone.get(&digits(phone)?).copied()
    }

    /// Makes a list.
    pub(super) fn put_list(&mut self, list: List) {
        self.changes.push(Change::List(as_value(&list)));
        self.lists.insert(list.id, list);
    }

    /// Makes a folder.
    pub(super) fn put_folder(&mut self, id: u64, name: String) {
        self.changes.push(Change::Folder(id, name.clone()));
        self.folders.insert(id, name);
    }

    /// Adds an event.
    pub(super) fn put_event(&mut self, event: Event) {
        self.changes.push(Change::Event(as_value(&event)));
        self.events.push(event);
    }

    /// Counts an event that no contact has.
    pub(super) fn ignore_event(&mut self) {
        self.ignored_events += 1;
        self.changes.push(Change::Ignored(1));
    }

    /// The next number of a kind.
    pub(super) fn next(&mut self, kind: &str) -> u64 {
        let number = self.numbers.entry(kind.to_owned()).or_default();
        *number += 1;
        self.changes
            .push(Change::Numbered(kind.to_owned(), *number));
        *number
    }

    /// Keeps something of a kind; null: it is gone.
    pub(super) fn keep(&mut self, kind: &str, id: &str, value: Value) {
        let change = Change::Kept(kind.to_owned(), id.to_owned(), Box::new(value.clone()));
        self.changes.push(change);
        let key = (kind.to_owned(), id.to_owned());
        if value.is_null() {
            self.kept.remove(&key);
        } else {
            self.kept.insert(key, value);
        }
    }

    /// Something of a kind.
    pub(super) fn kept(&self, kind: &str, id: &str) -> Option<Value> {
        self.kept.get(&(kind.to_owned(), id.to_owned())).cloned()
    }

    /// All of a kind, by their ids.
    pub(super) fn all(&self, kind: &str) -> Vec<Value> {
        let of = self.kept.iter().filter(|((known, _), _)| known == kind);
        of.map(|(_, value)| value.clone()).collect()
    }

    /// Puts a process in place.
    pub(super) fn put_process(&mut self, process: Process) {
        self.changes
            .push(Change::Process(Box::new(as_value(&process))));
        self.processes.insert(process.id, process);
    }

    /// Makes a journalled change again.
    pub(super) fn replay(&mut self, change: Change) {
        fn read<T: for<'a> Deserialize<'a>>(value: Value) -> Option<T> {
            serde_json::from_value(value).ok()
        }
        match change {
            Change::Contact(value) => {
                if let Some(contact) = read(*value) {
                    self.put(contact);
                }
            }
            Change::DeleteContact(id) => {
                self.delete(id);
            }
            Change::Attribute(value) => {
                if let Some(attribute) = read(value) {
                    self.put_attribute(attribute);
                }
            }
            Change::DeleteAttribute(name) => {
                self.attributes.shift_remove(&name);
            }
            Change::List(value) => {
                if let Some(list) = read(value) {
                    self.put_list(list);
                }
            }
            Change::Folder(id, name) => self.put_folder(id, name),
            Change::Event(value) => self.events.extend(read::<Event>(value)),
            Change::Ignored(count) => self.ignored_events += count,
            Change::Kept(kind, id, value) => self.keep(&kind, &id, *value),
            Change::Numbered(kind, number) => {
                self.numbers.insert(kind, number);
            }
            Change::Process(value) => {
                if let Some(process) = read(*value) {
                    self.put_process(process);
                }
            }
        }
        self.changes.clear();
    }
}

/// A phone number's digits, with the country's code; `+`, `00` and spaces go.
pub(super) fn digits(phone: &str) -> Option<String> {
    let phone = phone.trim();
    let phone = phone
        .strip_prefix('+')
        .or_else(|| phone.strip_prefix("00"))
        .unwrap_or(phone);
    let digits: String = phone
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.'))
        .collect();
    ((6..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then_some(digits)
}
