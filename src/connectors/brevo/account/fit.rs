//! Values as attributes take them.
//!
//! Brevo answers 2xx to a value of the wrong type and drops it, so that what it would drop must be
//! found here.

use jiff::tz::TimeZone;

use super::AccountFacts;
use crate::config::{Attribute, AttributeType};
use crate::expression::conversion::{read_time, scalar_text, write_date};
use crate::record::Value;

impl AccountFacts {
    /// A value as an attribute takes it: what Brevo would drop without a word is refused here.
    /// Days are those of `zone`.
    ///
    /// # Errors
    /// What the attribute takes, where the value is none of it.
    pub fn fitted(&self, name: &str, value: &Value, zone: &TimeZone) -> Result<Value, String> {
        let name = name.to_uppercase();
        let Some(attribute) = self.attributes.get(&name) else {
            return Err(self.lacking(&name));
        };
        let refused = || {
            format!(
                "the attribute `{name}` takes {}, not {}",
                attribute.kind.describe(),
                value.kind()
            )
        };
        match (attribute.kind, value) {
            (AttributeType::Text, value) => scalar_text(value)
                .map(|text| text.into_owned().into())
                .ok_or_else(refused),
            (AttributeType::Number, Value::Number(_))
            | (AttributeType::Boolean, Value::Bool(_)) => Ok(value.clone()),
            (AttributeType::Date, Value::String(_) | Value::Number(_)) => read_time(value, zone)
                .map(|time| write_date(time, zone).into())
                .map_err(|_| format!("the attribute `{name}` takes a date, and this is none")),
            // By its label: a number would be taken for the option of that value.
            (AttributeType::Category, Value::String(_) | Value::Number(_)) => {
                let label = scalar_text(value).unwrap_or_default();
                if has_label(attribute, &label) {
                    Ok(label.into_owned().into())
                } else {
                    Err(no_label(&name))
                }
            }
            (AttributeType::MultipleChoice, Value::Array(elements)) => {
                for element in elements.iter() {
                    match element.as_str() {
                        Some(label) if has_label(attribute, label) => {}
                        Some(_) => return Err(no_label(&name)),
                        None => return Err(format!("{}, in its elements too", refused())),
                    }
                }
                Ok(value.clone())
            }
            _ => Err(refused()),
        }
    }

    /// What to send to empty an attribute: Brevo takes no nulls.
    pub(in crate::connectors::brevo) fn emptied(&self, name: &str) -> Value {
        match self.attributes.get(&name.to_uppercase()) {
            Some(attribute) if attribute.kind == AttributeType::MultipleChoice => Vec::new().into(),
            _ => "".into(),
        }
    }

    /// Why an attribute cannot be written.
    pub(super) fn lacking(&self, name: &str) -> String {
        if matches!(name, "EMAIL" | "EXT_ID") {
            format!("`{name}` is an identity, no attribute")
        } else if self.computed.iter().any(|known| known == name) {
            format!("the attribute `{name}` is computed by Brevo and cannot be written")
        } else {
            format!("the account has no attribute `{name}`")
        }
    }
}

fn has_label(attribute: &Attribute, label: &str) -> bool {
    attribute
        .values
        .as_ref()
        .is_none_or(|labels| labels.iter().any(|known| known == label))
}

/// Holds no value of the record: the message outlives it.
fn no_label(name: &str) -> String {
    format!("the attribute `{name}` has no such label")
}

#[cfg(test)]
pub(in crate::connectors::brevo) mod tests {
    use super::*;

    /// An account with an attribute of each type, its lists 22 and 23.
    pub(in crate::connectors::brevo) fn account() -> AccountFacts {
        let labels = |labels: &[&str]| Some(labels.iter().map(|&label| label.to_owned()).collect());
        AccountFacts {
            attributes: [
                ("TEXT", AttributeType::Text, None),
                ("NUMBER", AttributeType::Number, None),
                ("ON", AttributeType::Boolean, None),
                ("DAY", AttributeType::Date, None),
                ("TIER", AttributeType::Category, labels(&["2", "Gold"])),
                (
                    "TAGS",
                    AttributeType::MultipleChoice,
                    labels(&["News", "Beta"]),
                ),
            ]
            .map(|(name, kind, values)| (name.to_owned(), Attribute { kind, values }))
            .into_iter()
            .collect(),
            computed: vec!["COUNT".to_owned()],
            lists: [(22, "Support"), (23, "Product")]
                .map(|(id, name)| (id, name.to_owned()))
                .into_iter()
                .collect(),
        }
    }

    fn fitted(name: &str, json: &str) -> Result<String, String> {
        account()
            .fitted(name, &Value::from_json(json).unwrap(), &TimeZone::UTC)
            .map(|value| value.to_json())
    }

    #[test]
    fn wrong_types_are_refused_as_brevo_drops_them_with_2xx() {
        for (name, json) in [
            ("TEXT", "[1]"),
            ("TEXT", r#"{"a":1}"#),
            ("NUMBER", r#""42""#),
            ("NUMBER", "true"),
            ("ON", r#""true""#),
            ("ON", "1"),
            ("DAY", r#""24/11/2026""#),
            ("DAY", "true"),
            ("TIER", r#""Silver""#),
            ("TIER", "true"),
            ("TAGS", r#""News""#),
            ("TAGS", r#"["News","Old"]"#),
            ("TAGS", "[1]"),
            ("COUNT", "1"),
            ("EMAIL", r#""a@b.de""#),
            ("NONE", r#""x""#),
        ] {
            assert!(fitted(name, json).is_err(), "{name} {json}");
        }
    }

    #[test]
    fn text_takes_scalars_and_dates_become_days() {
        for (name, json, sent) in [
            ("TEXT", "42.5", r#""42.5""#),
            ("TEXT", "true", r#""true""#),
            ("text", r#""x""#, r#""x""#),
            ("NUMBER", "42.5", "42.5"),
            ("ON", "false", "false"),
            ("DAY", r#""2026-11-24""#, r#""2026-11-24""#),
            (
                "DAY",
                r#""2026-11-24T23:30:00.000-0200""#,
                r#""2026-11-25""#,
            ),
            ("DAY", "1764028799000", r#""2025-11-24""#),
            ("TAGS", r#"["Beta","News"]"#, r#"["Beta","News"]"#),
        ] {
            assert_eq!(fitted(name, json).as_deref(), Ok(sent), "{name} {json}");
        }
    }

    #[test]
    fn a_category_goes_by_its_label_as_a_number_means_another_option() {
        assert_eq!(fitted("TIER", "2").as_deref(), Ok(r#""2""#));
        assert!(fitted("TIER", "1").is_err());
    }

    #[test]
    fn days_are_those_of_the_pipelines_zone() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let of = |text: &str| account().fitted("DAY", &text.into(), &zone);
        assert_eq!(of("2026-11-24T23:30:00Z"), Ok("2026-11-25".into()));
        assert_eq!(of("2026-11-24"), Ok("2026-11-24".into()));
    }

    #[test]
    fn a_refusal_holds_no_value() {
        let error = fitted("TIER", r#""Jane Porter""#).unwrap_err();
        assert!(!error.contains("Jane"), "{error}");
    }
}
