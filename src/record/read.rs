//! Reading JSON text into values: whole, or only what a plan reads of it.

use std::fmt;
use std::sync::Arc;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use super::{MAX_DEPTH, Number, Object, Value};

/// Which parts of a JSON value are read: the others are skipped without an allocation.
///
/// Lists are transparent: what is said of a member holds for it in each element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Projection {
    /// Everything, as a tree.
    Whole,
    /// Objects and lists as their JSON text: rich text that only renderers read.
    Raw,
    /// These members of an object, in the order in which they come; the rest is skipped.
    Members(Vec<(Arc<str>, Self)>),
}

impl Projection {
    /// Nothing yet.
    #[must_use]
    pub const fn nothing() -> Self {
        Self::Members(Vec::new())
    }

    /// Also read what is under these names: `end` says how.
    pub fn add(&mut self, names: &[Arc<str>], end: &Self) {
        match (self, names) {
            (Self::Whole, _) => {}
            (this, []) => this.unite(end),
            (this @ Self::Raw, _) => *this = Self::Whole,
            (Self::Members(members), [name, rest @ ..]) => {
                if let Some((_, inner)) = members.iter_mut().find(|(known, _)| known == name) {
                    inner.add(rest, end);
                } else {
                    let mut inner = match (rest, end) {
                        ([], end) => end.clone(),
                        _ => Self::nothing(),
                    };
                    inner.add(rest, end);
                    members.push((Arc::clone(name), inner));
                }
            }
        }
    }

    /// Also read all that another one reads.
    pub fn unite(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Whole, _) | (Self::Raw, Self::Raw) => {}
            (Self::Members(_), Self::Members(theirs)) => {
                for (name, inner) in theirs {
                    self.add(std::slice::from_ref(name), inner);
                }
            }
            (this, other) => {
                *this = match (&*this, other) {
                    // Only a renderer asked so far, and nobody else has read a member.
                    (Self::Members(ours), Self::Raw) if ours.is_empty() => Self::Raw,
                    _ => Self::Whole,
                }
            }
        }
    }

    /// What is read under a name; none where it is skipped.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Whole | Self::Raw => Some(&Self::Whole),
            Self::Members(members) => members
                .iter()
                .find(|(known, _)| &**known == name)
                .map(|(_, inner)| inner),
        }
    }
}

impl Value {
    /// Reads JSON text whole.
    ///
    /// # Errors
    /// Where the text is not one JSON value.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        Self::read(json.as_bytes(), &Projection::Whole)
    }

    /// Reads of JSON text what a projection names.
    ///
    /// # Errors
    /// Where the bytes are not one JSON value in UTF-8.
    pub fn read(json: &[u8], projection: &Projection) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        // Depth is bounded here: what lies below MAX_DEPTH stays raw, read without recursion.
        deserializer.disable_recursion_limit();
        let value = Projected::new(projection).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(value)
    }
}

/// Reads a value through a projection; for use inside other readers (a page's list of issues).
#[derive(Clone, Copy, Debug)]
pub struct Projected<'p> {
    projection: &'p Projection,
    depth: usize,
}

impl<'p> Projected<'p> {
    /// Reads what the projection names.
    #[must_use]
    pub const fn new(projection: &'p Projection) -> Self {
        Self {
            projection,
            depth: 0,
        }
    }

    const fn below(self, projection: &'p Projection) -> Self {
        Self {
            projection,
            depth: self.depth + 1,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Projected<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.depth >= MAX_DEPTH || matches!(self.projection, Projection::Raw) {
            let raw: &'de RawValue = serde::Deserialize::deserialize(deserializer)?;
            return raw_value(raw.get()).map_err(D::Error::custom);
        }
        deserializer.deserialize_any(self)
    }
}

/// Objects and lists stay text; what is a scalar is read.
fn raw_value(json: &str) -> Result<Value, serde_json::Error> {
    if json.starts_with(['{', '[']) {
        return Ok(Value::Raw(json.into()));
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_any(Projected::new(&Projection::Whole))
}

impl<'de> Visitor<'de> for Projected<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number beyond doubles"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(self.below(self.projection))? {
            list.push(element);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        match self.projection {
            Projection::Members(wanted) => {
                let mut members = Object::with_capacity(wanted.len());
                // Which of the first names were there already: only they are looked for again.
                let mut seen = 0_u64;
                while let Some(found) = map.next_key_seed(WantedKey(wanted))? {
                    match found {
                        Some((place, (name, inner))) => {
                            let value = map.next_value_seed(self.below(inner))?;
                            let bit = u32::try_from(place)
                                .ok()
                                .and_then(|place| 1_u64.checked_shl(place))
                                .unwrap_or_default();
                            if bit != 0 && seen & bit == 0 {
                                seen |= bit;
                                members.push(Arc::clone(name), value);
                            } else {
                                members.insert(Arc::clone(name), value);
                            }
                        }
                        None => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(members.into())
            }
            whole => {
                let mut members = Vec::new();
                while let Some(name) = map.next_key_seed(AnyKey)? {
                    members.push((name, map.next_value_seed(self.below(whole))?));
                }
                Ok(members.into_iter().collect::<Object>().into())
            }
        }
    }
}

struct AnyKey;

impl<'de> DeserializeSeed<'de> for AnyKey {
    type Value = Arc<str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Arc<str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for AnyKey {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Arc<str>, E> {
        Ok(name.into())
    }
}

/// Finds a member's name among the wanted ones without allocating it.
struct WantedKey<'p>(&'p [(Arc<str>, Projection)]);

impl<'de, 'p> DeserializeSeed<'de> for WantedKey<'p> {
    type Value = Option<(usize, &'p (Arc<str>, Projection))>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'p> Visitor<'_> for WantedKey<'p> {
    type Value = Option<(usize, &'p (Arc<str>, Projection))>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        let mut wanted = self.0.iter().enumerate();
        Ok(wanted.find(|(_, (wanted, _))| &**wanted == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projection(paths: &[(&str, Projection)]) -> Projection {
        let mut all = Projection::nothing();
        for (path, end) in paths {
            let names: Vec<Arc<str>> = path.split('.').map(Into::into).collect();
            all.add(&names, end);
        }
        all
    }

    #[test]
    fn reads_what_is_wanted_through_lists_and_skips_the_rest() {
        let json = br#"{"key":"A-1","skip":{"deep":[1,2]},"list":[{"a":1,"b":2},{"a":3}],"text":{"type":"doc"}}"#;
        let wanted = projection(&[
            ("list.a", Projection::Whole),
            ("text", Projection::Raw),
            ("key", Projection::Whole),
        ]);
        let value = Value::read(json, &wanted).unwrap();
        assert_eq!(
            value.to_json(),
            r#"{"key":"A-1","list":[{"a":1},{"a":3}],"text":{"type":"doc"}}"#
        );
        assert!(matches!(value.get("text"), Some(Value::Raw(_))));
    }

    #[test]
    fn a_member_read_both_raw_and_by_name_is_read_whole() {
        let wanted = projection(&[("text", Projection::Raw), ("text.type", Projection::Whole)]);
        assert_eq!(wanted.member("text"), Some(&Projection::Whole));
        let wanted = projection(&[("text.type", Projection::Whole), ("text", Projection::Raw)]);
        assert_eq!(wanted.member("text"), Some(&Projection::Whole));
    }

    #[test]
    fn any_depth_is_read_and_written_back() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(Value::from_json(&deep).unwrap().to_json(), deep);
        let text = format!("{{\"a\":{deep}}}");
        let raw = Value::read(text.as_bytes(), &projection(&[("a", Projection::Raw)])).unwrap();
        assert_eq!(raw.to_json(), text);
    }

    #[test]
    fn text_is_written_as_json_writes_it() {
        let value = Value::from("a\"b\\c\n\u{1}é");
        assert_eq!(
            value.to_json(),
            serde_json::to_string("a\"b\\c\n\u{1}é").unwrap()
        );
        assert_eq!(Value::from_json(&value.to_json()).unwrap(), value);
    }

    #[test]
    fn the_last_of_two_members_of_a_name_counts() {
        assert_eq!(
            Value::from_json(r#"{"a":1,"b":2,"a":3}"#)
                .unwrap()
                .to_json(),
            r#"{"a":3,"b":2}"#
        );
    }
}
