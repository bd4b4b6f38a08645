//! Lists by id or name.

use crate::expression::{Expression, Trouble, TroubleKind};
use crate::record::{Object, Record, Value};

/// Which lists, for each record.
#[derive(Debug)]
pub struct Lists {
    /// The entries: ids as numbers, names as texts, `{ name: "22" }` for a name of digits.
    pub value: Expression,
}

/// A list by its id or its name.
#[derive(Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum ListRef {
    /// Brevo's id.
    Id(i64),
    /// Its name; ids are never guessed from it.
    Name(String),
}

impl ListRef {
    /// As operations hold it: a number, a text, or `{ name }` for a name of digits.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Id(id) => (*id).into(),
            Self::Name(name) if is_digits(name) => {
                let mut members = Object::with_capacity(1);
                members.insert("name", name.as_str());
                members.into()
            }
            Self::Name(name) => name.as_str().into(),
        }
    }

    /// Reads what [`ListRef::to_value`] wrote, and what pipelines write.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_i64().filter(|id| *id > 0).map(Self::Id),
            Value::String(text) if is_digits(text) => text.parse().ok().map(Self::Id),
            Value::String(text) if !text.trim().is_empty() => {
                Some(Self::Name(text.trim().to_owned()))
            }
            Value::Object(members) if members.len() == 1 => match members.get("name") {
                Some(Value::String(name)) if !name.trim().is_empty() => {
                    Some(Self::Name(name.trim().to_owned()))
                }
                Some(Value::Number(number)) => Some(Self::Name(number.to_string())),
                _ => None,
            },
            _ => None,
        }
    }
}

/// True for what names lists: one, or a list of them.
#[must_use]
pub fn are_lists(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(entries) => entries.iter().all(are_lists),
        entry => ListRef::from_value(entry).is_some(),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Lists {
    /// The lists of a record: a missing entry is passed over, a list counts as its entries.
    ///
    /// # Errors
    /// An entry that is neither an id nor a name.
    pub fn of(&self, record: &Record) -> Result<Vec<ListRef>, Trouble> {
        let mut found = Vec::new();
        if let Some(value) = self.value.evaluate(&record.value)? {
            self.collect(&value, &mut found)?;
        }
        Ok(found)
    }

    fn collect(&self, value: &Value, found: &mut Vec<ListRef>) -> Result<(), Trouble> {
        match value {
            Value::Null => Ok(()),
            Value::Array(entries) => entries
                .iter()
                .try_for_each(|entry| self.collect(entry, found)),
            entry => match ListRef::from_value(entry) {
                Some(list) => {
                    if !found.contains(&list) {
                        found.push(list);
                    }
                    Ok(())
                }
                None => Err(Trouble::new(
                    TroubleKind::WrongKind,
                    format!("a list is named by {}", entry.kind()),
                    "an id as a number, or a name as text",
                    0..0,
                )
                .located(self.value.source(), self.value.span())),
            },
        }
    }
}
