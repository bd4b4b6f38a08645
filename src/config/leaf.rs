//! What stands at the leaves of the configuration: values with their places, nodes kept as
//! written, maps in the file's order.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::lower;
use crate::diagnostic::{Span, Spanned};
use crate::syntax::Node;

/// The name by which the deserializer knows that a place is asked for too.
pub(super) const SPANNED: &str = "$flowline::Spanned";
/// The name by which the deserializer knows that the place of a map's only key is asked for.
pub(super) const KEYED: &str = "$flowline::Keyed";
/// The name by which the deserializer knows that the node itself is asked for.
pub(super) const WRITTEN: &str = "$flowline::Written";
/// The fields of [`SPANNED`] and [`KEYED`], in this order.
pub(super) const FIELDS: &[&str] = &["start", "end", "value"];

/// A part of the file kept as it is written: a value, a condition, a path, a literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written(pub Arc<Node>);

impl std::ops::Deref for Written {
    type Target = Arc<Node>;

    fn deref(&self) -> &Arc<Node> {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Ticket;
        impl Visitor<'_> for Ticket {
            type Value = Written;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a part of the file")
            }

            fn visit_u64<E: serde::de::Error>(self, ticket: u64) -> Result<Written, E> {
                lower::collect(ticket)
                    .map(Written)
                    .ok_or_else(|| E::custom("a part of the file is asked for twice"))
            }
        }
        from.deserialize_newtype_struct(WRITTEN, Ticket)
    }
}

impl JsonSchema for Written {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Any".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

/// What stands under the only key of a map, and the characters of that key: a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyed<T> {
    /// The characters of the key.
    pub key: Span,
    /// What it is.
    pub value: T,
}

impl<T> std::ops::Deref for Keyed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Keyed<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_struct(KEYED, FIELDS, Placed(PhantomData))
            .map(|(value, key)| Self { key, value })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_struct(SPANNED, FIELDS, Placed(PhantomData))
            .map(|(value, span)| Self::new(value, span))
    }
}

/// Reads the three fields of a placed value.
struct Placed<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Placed<T> {
    type Value = (T, Span);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value with its place")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        use serde::de::Error as _;
        let mut next = |name| -> Result<usize, A::Error> {
            fields
                .next_entry::<String, usize>()?
                .map(|(_, value)| value)
                .ok_or_else(|| A::Error::missing_field(name))
        };
        let span = Span::new(next("start")?, next("end")?);
        let (_, value) = fields
            .next_entry::<String, T>()?
            .ok_or_else(|| A::Error::missing_field("value"))?;
        Ok((value, span))
    }
}

/// A map's members in the file's order, each name with its characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members<T>(pub Vec<(Spanned<Arc<str>>, T)>);

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Members<T> {
    /// The member of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&T> {
        self.entry(name).map(|(_, value)| value)
    }

    /// The member of that name and the name's characters.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<(&Spanned<Arc<str>>, &T)> {
        self.iter().find(|(key, _)| &*key.value == name)
    }

    /// Each member in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Spanned<Arc<str>>, &T)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// Each name in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &*name.value)
    }

    /// How many members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True where there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Members<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<T>, A::Error> {
                let mut members = Vec::with_capacity(map.size_hint().unwrap_or_default());
                while let Some((key, value)) = map.next_entry::<Spanned<String>, T>()? {
                    members.push((key.map(Arc::from), value));
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Entries(PhantomData))
    }
}

/// The schema of a wrapper is that of what it wraps.
macro_rules! schema_of_inner {
    ($wrapper:ident) => {
        impl<T: JsonSchema> JsonSchema for $wrapper<T> {
            fn inline_schema() -> bool {
                T::inline_schema()
            }

            fn schema_name() -> Cow<'static, str> {
                T::schema_name()
            }

            fn schema_id() -> Cow<'static, str> {
                T::schema_id()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                T::json_schema(generator)
            }
        }
    };
}

schema_of_inner!(Spanned);
schema_of_inner!(Keyed);

impl<T: JsonSchema> JsonSchema for Members<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Members_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "additionalProperties": generator.subschema_for::<T>(),
        })
    }
}
