//! What a sink needs of an account, found before the first write.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::AccountFacts;
use crate::config::{Attribute, AttributeType};
use crate::connectors::brevo::session::{CONTACTS, Session, TEMPLATES};
use crate::connectors::brevo::spec::{Contacts, Events, ListRef, Lists, template_id};
use crate::diagnostic::nearest;
use crate::expression::{Conversion, Expression, Kind};
use crate::http::{Class, Failure, Method, Safety};
use crate::record::Value;

/// What sinks write that an account lacks.
#[derive(Debug, Default)]
pub struct Needs {
    /// Attributes to create, each with its type.
    pub create: Vec<(String, AttributeType)>,
    /// What stands in the way.
    pub lacking: Vec<Lack>,
}

/// Something that the account lacks.
#[derive(Debug)]
pub struct Lack {
    message: String,
    help: String,
}

impl AccountFacts {
    /// The account as it would be once it has what is created.
    pub fn assume(&mut self, needs: &Needs) {
        for (name, kind) in &needs.create {
            let attribute = Attribute {
                kind: *kind,
                values: None,
            };
            self.attributes.insert(name.clone(), attribute);
        }
    }

    /// Adds what a `brevo.contacts` needs and the account lacks.
    pub fn check_contacts(&self, sink: &Contacts, needs: &mut Needs) {
        for (name, expression) in &sink.attributes {
            self.check(name, expression, sink.create_attributes, needs);
        }
    }

    /// Adds what a `brevo.events` changes of its contact and the account lacks.
    pub fn check_events(&self, sink: &Events, needs: &mut Needs) {
        for (name, expression) in &sink.contact_attributes {
            self.check(name, expression, false, needs);
        }
    }

    /// Adds a template that is written in the file and that the account lacks.
    ///
    /// # Errors
    /// What stands in the way of asking.
    pub async fn check_template(
        &self,
        session: &Session,
        template: &Expression,
        needs: &mut Needs,
    ) -> Result<(), Failure> {
        let Some(id) = template.as_literal().and_then(template_id) else {
            return Ok(());
        };
        let path = format!("/smtp/templates/{id}");
        let found: Result<Json, Failure> = session.get(TEMPLATES, &path).await;
        let reason = match found {
            Ok(found) if found.get("isActive") == Some(&Json::Bool(false)) => {
                format!("the template {id} is not active")
            }
            Ok(_) => return Ok(()),
            Err(failure) if failure.class == Class::NotFound => {
                format!("the account has no template {id}")
            }
            Err(failure) => return Err(failure),
        };
        let help = "see Transactional › Email › Templates in Brevo for its id".to_owned();
        needs.lacking.push(lack(template, &reason, help));
        Ok(())
    }

    /// Adds lists that are written in the file, are never created, and that the account lacks.
    pub fn check_lists(&self, lists: &Lists, needs: &mut Needs) {
        let entries = match lists.value.kind() {
            Kind::List(entries) => entries,
            _ => std::slice::from_ref(&lists.value),
        };
        for entry in entries {
            let Some(list) = entry.as_literal().and_then(ListRef::from_value) else {
                continue;
            };
            let reason = match (self.list_id(&list), list) {
                (Ok(Some(_)), _) => continue,
                (Err(reason), _) => reason,
                (Ok(None), ListRef::Id(id)) => format!("the account has no list {id}"),
                (Ok(None), ListRef::Name(name)) => format!("the account has no list `{name}`"),
            };
            let help = "`flowline fields` shows the account's lists".to_owned();
            needs.lacking.push(lack(entry, &reason, help));
        }
    }

    fn check(&self, name: &Arc<str>, expression: &Expression, create: bool, needs: &mut Needs) {
        let name = name.to_uppercase();
        let comes = needs.create.iter().any(|(known, _)| *known == name);
        if comes || self.attributes.contains_key(&name) {
            return;
        }
        let reason = self.lacking(&name);
        let cannot = matches!(name.as_str(), "EMAIL" | "EXT_ID") || self.computed.contains(&name);
        if create && !cannot {
            needs.create.push((name, type_of(expression)));
            return;
        }
        let source = expression.source();
        let at = source.position(expression.span().start);
        let near = nearest(&name, self.attributes.keys().map(String::as_str));
        let help = match near {
            _ if matches!(name.as_str(), "EMAIL" | "EXT_ID") => {
                "say it under `identify:`".to_owned()
            }
            _ if cannot => "write another attribute, or none".to_owned(),
            Some(near) => format!(
                "did you mean `{near}`? else create it in Brevo, or say `create_attributes: true`"
            ),
            None => "create it in Brevo under Contacts › Settings › Contact attributes, or say `create_attributes: true`".to_owned(),
        };
        needs.lacking.push(Lack {
            message: format!("{}:{}: {reason}", source.name(), at.line),
            help,
        });
    }
}

/// What is lacking, and where it is written.
fn lack(expression: &Expression, reason: &str, help: String) -> Lack {
    let source = expression.source();
    let at = source.position(expression.span().start);
    Lack {
        message: format!("{}:{}: {reason}", source.name(), at.line),
        help,
    }
}

/// The type that fits what an expression gives.
fn type_of(expression: &Expression) -> AttributeType {
    match expression
        .options()
        .conversion
        .as_ref()
        .map(|one| one.value)
    {
        Some(Conversion::Date) => return AttributeType::Date,
        Some(
            Conversion::Integer | Conversion::Number | Conversion::Hours | Conversion::EpochMs,
        ) => return AttributeType::Number,
        Some(Conversion::Boolean) => return AttributeType::Boolean,
        Some(_) => return AttributeType::Text,
        None => {}
    }
    match expression.kind() {
        Kind::Literal(Value::Number(_)) => AttributeType::Number,
        Kind::Literal(Value::Bool(_)) => AttributeType::Boolean,
        Kind::First([first, ..]) => type_of(first),
        _ => AttributeType::Text,
    }
}

/// One failure for all that is lacking; none where nothing is.
#[must_use]
pub fn refusal(needs: &Needs) -> Option<Failure> {
    let first = needs.lacking.first()?;
    let all: Vec<&str> = needs
        .lacking
        .iter()
        .map(|one| one.message.as_str())
        .collect();
    let message = format!("{}; nothing was written", all.join("; "));
    Some(Failure::new(Class::Rejected, message).help(first.help.clone()))
}

/// Creates attributes; says which, in one sentence each.
///
/// # Errors
/// What stands in the way.
pub async fn create_attributes(
    account: &mut AccountFacts,
    session: &Session,
    create: &[(String, AttributeType)],
) -> Result<Vec<String>, Failure> {
    let mut told = Vec::new();
    for (name, kind) in create {
        let (written, words) = match kind {
            AttributeType::Number => ("float", "a number"),
            AttributeType::Boolean => ("boolean", "true or false"),
            AttributeType::Date => ("date", "a date"),
            _ => ("text", "text"),
        };
        let body = json!({ "type": written }).to_string().into_bytes();
        let path = format!("/contacts/attributes/normal/{name}");
        let sent = session
            .send(
                Method::Post,
                CONTACTS,
                &path,
                Some(body),
                Safety::Repeatable,
            )
            .await;
        if let Err(failure) = sent {
            // A first try whose answer was lost, or another process, has created it.
            let now = AccountFacts::read(session).await?;
            let Some(attribute) = now.attributes.get(name).cloned() else {
                return Err(failure);
            };
            account.attributes.insert(name.clone(), attribute);
            continue;
        }
        let attribute = Attribute {
            kind: *kind,
            values: None,
        };
        account.attributes.insert(name.clone(), attribute);
        told.push(format!("created the attribute `{name}` as {words}"));
    }
    Ok(told)
}

impl AccountFacts {
    /// Values as an event's `contact_properties` take them: lists are none of theirs.
    ///
    /// # Errors
    /// What the attribute takes, where the value is none of it.
    pub(in crate::connectors::brevo) fn fitted_property(
        &self,
        name: &str,
        value: &Value,
        zone: &TimeZone,
    ) -> Result<Value, String> {
        match self.fitted(name, value, zone)? {
            Value::Array(_) => Err(format!(
                "an event cannot change the attribute `{name}`, which takes a list: write it with `brevo.contacts`"
            )),
            fitted => Ok(fitted),
        }
    }
}
