//! Values as they are set aside and taken back: JSON in which what was rendered as HTML is still
//! told from other text.

use super::{Object, Text, Value};

/// What starts a text that was rendered as HTML, where it is set aside.
const HTML: &str = "\u{1}<";
/// What starts another text that itself starts with the mark's character.
const PLAIN: &str = "\u{1}=";
const MARK: char = '\u{1}';

impl Value {
    /// The value as JSON for where it is set aside; [`from_aside`](Self::from_aside) takes it back.
    #[must_use]
    pub fn to_aside(&self) -> String {
        if self.has_marks() {
            self.changed(&mark).to_json()
        } else {
            self.to_json()
        }
    }

    /// The value of such JSON.
    ///
    /// # Errors
    /// Where the text is no JSON.
    pub fn from_aside(json: &str) -> Result<Self, serde_json::Error> {
        let value = Self::from_json(json)?;
        Ok(if value.has_marks() {
            value.changed(&unmark)
        } else {
            value
        })
    }

    /// True where a text of it cannot be written or read as it stands. No value is deeper than
    /// [`MAX_DEPTH`](super::MAX_DEPTH): below it all is raw.
    fn has_marks(&self) -> bool {
        match self {
            Self::String(text) => text.is_html() || text.starts_with(MARK),
            Self::Array(elements) => elements.iter().any(Self::has_marks),
            Self::Object(members) => members.iter().any(|(_, member)| member.has_marks()),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Raw(_) => false,
        }
    }

    fn changed(&self, change: &dyn Fn(&Text) -> Text) -> Self {
        match self {
            Self::String(text) => Self::String(change(text)),
            Self::Array(elements) => {
                let elements = elements.iter().map(|element| element.changed(change));
                elements.collect::<Vec<_>>().into()
            }
            Self::Object(members) => {
                let members = members
                    .iter()
                    .map(|(name, member)| (name.clone(), member.changed(change)));
                members.collect::<Object>().into()
            }
            other => other.clone(),
        }
    }
}

fn mark(text: &Text) -> Text {
    if text.is_html() {
        format!("{HTML}{}", &***text).into()
    } else if text.starts_with(MARK) {
        format!("{PLAIN}{}", &***text).into()
    } else {
        text.clone()
    }
}

fn unmark(text: &Text) -> Text {
    match (text.strip_prefix(HTML), text.strip_prefix(PLAIN)) {
        (Some(html), _) => Text::html(html),
        (None, Some(plain)) => plain.into(),
        (None, None) => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_back_is_html_where_it_was() {
        let texts = [
            Text::html("<p>a</p>"),
            "<p>a</p>".into(),
            "\u{1}<p>".into(),
            "\u{1}=".into(),
            "".into(),
        ];
        let list: Vec<Value> = texts.iter().cloned().map(Value::String).collect();
        let mut members = Object::default();
        members.push("list".into(), list.into());
        members.push("n".into(), 1_i64.into());
        let value = Value::from(members);
        let back = Value::from_aside(&value.to_aside()).unwrap();
        assert_eq!(back, value);
        let list = back.get("list").and_then(Value::as_array).unwrap();
        for (text, before) in list.iter().zip(&texts) {
            let Value::String(text) = text else {
                panic!("{text:?}")
            };
            assert_eq!((text, text.is_html()), (before, before.is_html()));
        }
    }
}
