//! The people of the emulated site: staff who work on issues, customers who report them.

use crate::sandbox::random::Random;

/// What Jira says of a person's e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Email {
    /// It is visible to the caller.
    Shown(String),
    /// The member is not there.
    Absent,
    /// The member is null.
    Null,
    /// The member is an empty text.
    Blank,
}

/// A user.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) account_id: String,
    pub(super) account_type: &'static str,
    pub(super) name: String,
    pub(super) email: Email,
    pub(super) zone: &'static str,
    pub(super) active: bool,
}

impl Person {
    /// The address, where the caller sees one.
    pub(super) fn address(&self) -> Option<&str> {
        match &self.email {
            Email::Shown(address) => Some(address),
            Email::Absent | Email::Null | Email::Blank => None,
        }
    }
}

/// The calling user's index.
pub(super) const CALLER: u16 = 0;
/// The index of the app that edits issues by rule.
pub(super) const AUTOMATION: u16 = 1;
/// How many of the people are staff, the caller and the app included.
pub(super) const STAFF: u16 = 10;
/// The index of the customer who reports most.
pub(super) const FREQUENT: u16 = STAFF;
/// How many customers report issues.
pub(super) const REPORTERS: u16 = 40;

/// The address that the sandbox's Jira token belongs to.
pub(in crate::sandbox) const CALLER_EMAIL: &str = "sandbox@acme.example";

const STAFF_NAMES: [(&str, &str); 8] = [
    ("Priya Raman", "America/Los_Angeles"),
    ("Tom Becker", "Europe/Berlin"),
    ("Sofia Marquez", "Europe/Madrid"),
    ("Daniel Okafor", "Africa/Lagos"),
    ("Hana Suzuki", "Asia/Tokyo"),
    ("Liam O'Connor", "Europe/Dublin"),
    ("Élodie Garnier", "Europe/Paris"),
    ("Marcus Lindqvist", "Europe/Stockholm"),
];

const CUSTOMER_NAMES: [&str; 40] = [
    "Jane Porter",
    "Marta Nowak",
    "Ahmed Hassan",
    "Chloe Bennett",
    "Diego Fernández",
    "Emily Zhang",
    "Felix Wagner",
    "Grace Kim",
    "Hugo Lefèvre",
    "Isabel Costa",
    "Jonas Meyer",
    "Kavya Nair",
    "Lucas Silva",
    "Maya Cohen",
    "Noah Williams",
    "Olivia Rossi",
    "Pavel Novák",
    "Quinn Murphy",
    "Rosa Jiménez",
    "Samuel Adeyemi",
    "Tara Singh",
    "Ulrich Brandt",
    "Valentina Popescu",
    "William Clarke",
    "Xin Li",
    "Yara Haddad",
    "Zoë Janssen",
    "Anders Holm",
    "Bianca Moretti",
    "Carlos Mendes",
    "Dorota Wójcik",
    "Ethan Brooks",
    "Fatima Zahra",
    "Gábor Szabó",
    "Helen Young",
    "Ingrid Dahl",
    "Jakub Kowalski",
    "Keiko Tanaka",
    "Leila Karimi",
    "Mateo Ruiz",
];

const COMPANIES: [&str; 9] = [
    "northwind.example",
    "globex.example",
    "initech.example",
    "umbra.example",
    "contoso.example",
    "bluesky.example",
    "hooli.example",
    "vandelay.example",
    "wayfarer.example",
];

/// Customers whose address Jira does not show, in three forms.
const HIDDEN: [(usize, Email); 6] = [
    (6, Email::Absent),
    (13, Email::Null),
    (19, Email::Absent),
    (24, Email::Null),
    (30, Email::Blank),
    (37, Email::Absent),
];

/// The caller, the app, the staff and the customers, in this order.
pub(super) fn people(seed: u64) -> Vec<Person> {
    let mut random = Random::new(seed, 0x9e0);
    let mut people = vec![
        Person {
            account_id: account_id(&mut random, 0),
            account_type: "atlassian",
            name: "Sandbox Admin".to_owned(),
            email: Email::Shown(CALLER_EMAIL.to_owned()),
            zone: crate::sandbox::clock::PROFILE_ZONE,
            active: true,
        },
        Person {
            account_id: format!("557058:{}", uuid(&mut random)),
            account_type: "app",
            name: "Automation for Jira".to_owned(),
            email: Email::Absent,
            zone: "Etc/GMT",
            active: true,
        },
    ];
    for (index, (name, zone)) in STAFF_NAMES.into_iter().enumerate() {
        people.push(Person {
            account_id: account_id(&mut random, index),
            account_type: "atlassian",
            name: name.to_owned(),
            email: Email::Shown(format!("{}@acme.example", local_part(name, '.'))),
            zone,
            active: index != 7,
        });
    }
    for (index, name) in CUSTOMER_NAMES.into_iter().enumerate() {
        let shown = match index {
            1 => "Marta.Nowak@Initech.Example".to_owned(),
            _ => {
                let company = random.word(&COMPANIES);
                let separator = if random.chance(0.8) { '.' } else { '_' };
                format!("{}@{company}", local_part(name, separator))
            }
        };
        let hidden = HIDDEN.iter().find(|(hidden, _)| *hidden == index);
        people.push(Person {
            account_id: account_id(&mut random, index),
            account_type: if index % 3 == 2 {
                "customer"
            } else {
                "atlassian"
            },
            name: name.to_owned(),
            email: hidden.map_or(Email::Shown(shown), |(_, email)| email.clone()),
            zone: random.word(&["Europe/Paris", "America/New_York", "Asia/Singapore", "UTC"]),
            active: true,
        });
    }
    people
}

/// An account id in one of the three forms in which Atlassian has given them out.
pub(super) fn account_id(random: &mut Random, index: usize) -> String {
    match index % 3 {
        0 => format!("5b{:06x}{:016x}", random.next() & 0xff_ffff, random.next()),
        1 => format!("557058:{}", uuid(random)),
        _ => format!("712020:{}", uuid(random)),
    }
}

fn uuid(random: &mut Random) -> String {
    let (high, low) = (random.next(), random.next());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | ((low >> 48) & 0x3fff),
        low & 0xffff_ffff_ffff
    )
}

/// The part before the `@`, in ASCII.
fn local_part(name: &str, separator: char) -> String {
    name.to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some(separator),
            'á' | 'ä' => Some('a'),
            'é' | 'è' | 'ë' => Some('e'),
            'í' => Some('i'),
            'ó' => Some('o'),
            c if c.is_ascii_alphanumeric() => Some(c),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_addresses_are_hidden_and_none_is_shared() {
        let people = people(1);
        assert_eq!(people.len(), usize::from(STAFF + REPORTERS));
        let mut addresses: Vec<_> = people
            .iter()
            .filter_map(Person::address)
            .map(str::to_lowercase)
            .collect();
        assert_eq!(people.len() - addresses.len(), 7);
        addresses.sort();
        addresses.dedup();
        assert_eq!(people.len() - addresses.len(), 7);
        let mut accounts: Vec<_> = people.iter().map(|person| &person.account_id).collect();
        accounts.sort();
        accounts.dedup();
        assert_eq!(accounts.len(), people.len());
    }
}
