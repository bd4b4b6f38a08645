//! One conversion of one value.

use jiff::tz::TimeZone;

use super::number::{as_integer, read_number};
use super::text::{compact_json, scalar_text};
use super::time::{read_time, write_date, write_datetime};
use crate::adf::{self, Format};
use crate::record::{Number, Object, Text, Value};

/// What `as:` makes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Conversion {
    /// Text of any scalar, numbers as JSON writes them.
    String,
    /// A 64-bit integer.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// `YYYY-MM-DD` in the pipeline's zone.
    Date,
    /// `YYYY-MM-DDTHH:MM:SS.sssZ`.
    DateTime,
    /// Epoch milliseconds.
    EpochMs,
    /// Seconds as hours, a double.
    Hours,
    /// Rich text as plain text.
    Text,
    /// Rich text as Markdown.
    Markdown,
    /// Rich text as HTML.
    Html,
    /// Compact JSON.
    Json,
    /// Text in lower case.
    Lower,
    /// Text in upper case.
    Upper,
    /// A list of one of what is none.
    List,
}

/// Why a value does not convert; holds nothing of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unconvertible {
    /// What is wrong.
    pub reason: String,
    /// What was expected.
    pub expected: &'static str,
}

impl Unconvertible {
    pub(super) fn new(reason: impl Into<String>, expected: &'static str) -> Self {
        Self {
            reason: reason.into(),
            expected,
        }
    }
}

impl Conversion {
    /// All of them with their names in the language, in the order of its page.
    pub const ALL: [(&'static str, Self); 15] = [
        ("string", Self::String),
        ("integer", Self::Integer),
        ("number", Self::Number),
        ("boolean", Self::Boolean),
        ("date", Self::Date),
        ("datetime", Self::DateTime),
        ("epoch_ms", Self::EpochMs),
        ("hours", Self::Hours),
        ("text", Self::Text),
        ("markdown", Self::Markdown),
        ("html", Self::Html),
        ("json", Self::Json),
        ("lower", Self::Lower),
        ("upper", Self::Upper),
        ("list", Self::List),
    ];

    /// The conversion of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, conversion)| *conversion)
    }

    /// Its name in the language.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == self)
            .map_or("", |(name, _)| *name)
    }

    /// How it renders rich text, where it does.
    #[must_use]
    pub const fn rich_text(self) -> Option<Format> {
        match self {
            Self::Text => Some(Format::Text),
            Self::Markdown => Some(Format::Markdown),
            Self::Html => Some(Format::Html),
            _ => None,
        }
    }

    /// Converts a value, each element of a list (but for `list`, `json` and rich text); what is
    /// missing stays missing.
    ///
    /// # Errors
    /// Where something would be lost, or the value is of a kind that it does not take.
    pub fn convert(self, value: &Value, zone: &TimeZone) -> Result<Value, Unconvertible> {
        self.convert_within(value, zone, None)
    }

    /// Converts like [`convert`](Self::convert); rich text that is longer than so many Unicode
    /// scalar values is cut where its format allows it, HTML between elements.
    ///
    /// # Errors
    /// As [`convert`](Self::convert).
    pub fn convert_within(
        self,
        value: &Value,
        zone: &TimeZone,
        most: Option<usize>,
    ) -> Result<Value, Unconvertible> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        if let Some(format) = self.rich_text() {
            return render(value, format, most);
        }
        match (self, value) {
            (Self::List, Value::Array(_)) => Ok(value.clone()),
            (Self::List, Value::Raw(json)) if json.starts_with('[') => Ok(value.clone()),
            (Self::List, _) => Ok(vec![value.clone()].into()),
            (Self::Json, _) => Ok(compact_json(value).into()),
            (_, Value::Array(elements)) => elements
                .iter()
                .map(|element| match element {
                    Value::Null => Ok(Value::Null),
                    element => self.scalar(element, zone),
                })
                .collect::<Result<Vec<_>, _>>()
                .map(Value::from),
            (_, value) => self.scalar(value, zone),
        }
    }

    fn scalar(self, value: &Value, zone: &TimeZone) -> Result<Value, Unconvertible> {
        match self {
            Self::Integer => number(value)
                .ok()
                .and_then(as_integer)
                .map(Value::Number)
                .ok_or_else(|| match value {
                    Value::Number(_) => Unconvertible::new(
                        "a number with a fraction, or beyond 64 bits, is no integer",
                        "an integer",
                    ),
                    other => not_of_kind(other, "an integer", "an integer"),
                }),
            Self::Number => number(value).map(Value::Number),
            Self::Hours => Number::from_f64(number(value)?.as_f64() / 3600.0)
                .map(Value::Number)
                .ok_or_else(|| Unconvertible::new("too large", "seconds")),
            Self::Boolean => match value {
                Value::Bool(_) => Ok(value.clone()),
                Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true.into()),
                Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false.into()),
                other => Err(not_of_kind(other, "a boolean", "`true` or `false`")),
            },
            Self::Date => read_time(value, zone).map(|time| write_date(time, zone).into()),
            Self::DateTime => read_time(value, zone).map(|time| write_datetime(time).into()),
            Self::EpochMs => read_time(value, zone).map(|time| {
                Value::from(
                    time.as_nanosecond()
                        .div_euclid(1_000_000)
                        .try_into()
                        .unwrap_or(0_i64),
                )
            }),
            Self::Lower => text(value).map(|text| text.to_lowercase().into()),
            Self::Upper => text(value).map(|text| text.to_uppercase().into()),
            _ => match value {
                Value::String(_) => Ok(value.clone()),
                other => text(other).map(|text| text.into_owned().into()),
            },
        }
    }
}

/// Rich text in a format; text stays as it is: it is wiki text.
fn render(value: &Value, format: Format, most: Option<usize>) -> Result<Value, Unconvertible> {
    let json: std::borrow::Cow<'_, str> = match value {
        Value::String(_) => return Ok(value.clone()),
        Value::Raw(json) if json.starts_with('[') => match Value::from_json(json) {
            Ok(tree @ Value::Array(_)) => return render(&tree, format, most),
            _ => (&**json).into(),
        },
        Value::Raw(json) => (&**json).into(),
        Value::Array(elements) => paragraphs(elements).to_json().into(),
        Value::Object(_) => value.to_json().into(),
        scalar => return text(scalar).map(|text| text.into_owned().into()),
    };
    // Another object would be rendered to nothing.
    let lost = match value {
        Value::Array(elements) => elements.iter().any(|element| {
            matches!(element, Value::Object(_)) && !adf::is_node(&element.to_json())
        }),
        _ => !json.starts_with('[') && !adf::is_node(&json),
    };
    if lost {
        return Err(Unconvertible::new(
            "an object that is no rich text cannot be rendered",
            "rich text (ADF) or text",
        ));
    }
    Ok(rendered(&json, format, most).into())
}

/// ADF in a format. What is HTML knows that it is.
pub fn rendered(json: &str, format: Format, most: Option<usize>) -> Text {
    let text = match most {
        Some(most) => adf::render_within(json, format, most),
        None => adf::render(json, format),
    };
    if format == Format::Html {
        Text::html(text)
    } else {
        text.into()
    }
}

/// Each text of a list as a paragraph of its own, beside what is rich text already.
fn paragraphs(elements: &[Value]) -> Value {
    let paragraph = |element: &Value| match element {
        Value::String(_) => {
            let text: Object = [("type", "text".into()), ("text", element.clone())]
                .map(|(name, value)| (name.into(), value))
                .into_iter()
                .collect();
            let content = Value::from(vec![Value::from(text)]);
            let paragraph: Object = [("type", "paragraph".into()), ("content", content)]
                .map(|(name, value)| (name.into(), value))
                .into_iter()
                .collect();
            paragraph.into()
        }
        other => other.clone(),
    };
    elements.iter().map(paragraph).collect::<Vec<_>>().into()
}

fn text(value: &Value) -> Result<std::borrow::Cow<'_, str>, Unconvertible> {
    scalar_text(value).ok_or_else(|| not_of_kind(value, "text", "text, a number or a boolean"))
}

fn number(value: &Value) -> Result<Number, Unconvertible> {
    match value {
        Value::Number(number) => Some(*number),
        Value::String(text) => read_number(text),
        _ => None,
    }
    .ok_or_else(|| not_of_kind(value, "a number", "a number"))
}

fn not_of_kind(value: &Value, wanted: &str, expected: &'static str) -> Unconvertible {
    let reason = match value {
        Value::String(_) => format!("this text is not {wanted}, or not exactly"),
        other => format!("{} is not {wanted}", other.kind()),
    };
    Unconvertible::new(reason, expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn convert(name: &str, json: &str) -> Result<String, Unconvertible> {
        Conversion::named(name)
            .unwrap()
            .convert(&Value::from_json(json).unwrap(), &TimeZone::UTC)
            .map(|value| value.to_json())
    }

    #[test]
    fn every_conversion_has_its_name() {
        for (name, conversion) in Conversion::ALL {
            assert_eq!(conversion.name(), name);
        }
        assert_eq!(Conversion::named("Date"), None);
    }

    #[test]
    fn converts_exactly() {
        for (name, json, expected) in [
            ("string", "42", r#""42""#),
            ("string", "1.50", r#""1.5""#),
            ("string", "true", r#""true""#),
            ("string", "[1,null,\"a\"]", r#"["1",null,"a"]"#),
            ("integer", "42.0", "42"),
            ("integer", r#""42""#, "42"),
            ("integer", "18446744073709551615", "18446744073709551615"),
            ("number", r#""1.5""#, "1.5"),
            ("boolean", r#""true""#, "true"),
            ("boolean", r#""FALSE""#, "false"),
            (
                "date",
                r#""2026-11-24T23:59:59.999-0100""#,
                r#""2026-11-25""#,
            ),
            (
                "datetime",
                r#""2026-11-24""#,
                r#""2026-11-24T00:00:00.000Z""#,
            ),
            ("epoch_ms", r#""1970-01-01T00:00:01.5Z""#, "1500"),
            ("epoch_ms", r#""1969-12-31T23:59:59.9995Z""#, "-1"),
            ("epoch_ms", "7", "7"),
            ("hours", "5400", "1.5"),
            ("hours", "3600", "1.0"),
            ("text", r#""*as it is*""#, r#""*as it is*""#),
            (
                "json",
                r#"{"b":[1, 2],"a":null}"#,
                r#""{\"b\":[1,2],\"a\":null}""#,
            ),
            ("lower", r#"["ÄB","C"]"#, r#"["äb","c"]"#),
            ("upper", r#""straße""#, r#""STRASSE""#),
            ("list", "1", "[1]"),
            ("list", "[1]", "[1]"),
            ("list", "{}", "[{}]"),
        ] {
            assert_eq!(
                convert(name, json).as_deref(),
                Ok(expected),
                "{name} {json}"
            );
        }
        for (name, _) in Conversion::ALL {
            assert_eq!(convert(name, "null").as_deref(), Ok("null"), "{name}");
        }
    }

    #[test]
    fn refuses_what_would_lose_something_and_says_nothing_of_the_value() {
        for (name, json) in [
            ("integer", "42.5"),
            ("integer", r#""42.5""#),
            ("integer", "1e30"),
            ("integer", "true"),
            ("integer", r#""""#),
            ("integer", "[1,2.5]"),
            ("integer", "[[1]]"),
            ("number", r#""12 secret""#),
            ("boolean", "1"),
            ("boolean", r#""yes""#),
            ("date", r#""24/11/2026""#),
            ("datetime", r#""secret""#),
            ("epoch_ms", "1.5"),
            ("string", "{}"),
            ("lower", "[{}]"),
            ("hours", r#""secret""#),
            ("text", r#"{"secret":1}"#),
            ("html", r#"[{"secret":1}]"#),
        ] {
            let trouble = convert(name, json).unwrap_err();
            assert!(!trouble.reason.contains("secret"), "{name} {json}");
            assert!(!trouble.reason.contains("24/11"), "{name} {json}");
        }
    }

    fn json_value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<u64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            "[0-9T:.Zz+ -]{0,30}".prop_map(Into::into),
            "[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,12})?(Z|[+-][0-9]{4}))?"
                .prop_map(Into::into),
            "-?[0-9]{1,25}(\\.[0-9]{1,25})?([eE]-?[0-9]{1,20})?".prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::vec(("[a-z]{0,3}", inner), 0..4)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_value_makes_a_conversion_panic(json in json_value()) {
            let value = Value::from(json);
            for (_, conversion) in Conversion::ALL {
                if let Ok(once) = conversion.convert(&value, &TimeZone::UTC) {
                    // What was converted to a scalar form converts to the same again.
                    if !matches!(conversion, Conversion::Json | Conversion::Hours) {
                        prop_assert_eq!(conversion.convert(&once, &TimeZone::UTC).unwrap(), once);
                    }
                }
            }
        }
    }
}
