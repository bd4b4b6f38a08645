//! A serde deserializer over the spanned tree: typed configuration with the place of every leaf.
//!
//! The tree has passed its schema before it comes here, so a refusal is a gap between the two;
//! it is reported at its place all the same.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer, UsizeDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer as _, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

use super::leaf::{FIELDS, KEYED, SPANNED, WRITTEN};
use super::strings::Strings;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::record::Number;
use crate::syntax::{Entry, Kind, Node, Scalar, ScalarValue, core_schema};

/// The configuration does not have the form that its type has.
const FORM: Code = Code::new("config.form");

thread_local! {
    /// Nodes on their way through serde, which can carry numbers but no nodes: the deserializer
    /// leaves one here and the value that asked for it collects it at once.
    static COUNTER: RefCell<(u64, HashMap<u64, Arc<Node>>)> = RefCell::default();
}

fn deposit(node: &Arc<Node>) -> u64 {
    COUNTER.with_borrow_mut(|(last, held)| {
        *last += 1;
        held.insert(*last, Arc::clone(node));
        *last
    })
}

/// Takes a node that was left a moment ago.
pub(super) fn collect(ticket: u64) -> Option<Arc<Node>> {
    COUNTER.with_borrow_mut(|(_, held)| held.remove(&ticket))
}

/// The typed configuration of a tree; strings in it have their `${…}` replaced.
///
/// # Errors
/// Where the tree has not the form of the type; the label is at the innermost node.
pub fn lower<T: DeserializeOwned>(node: &Arc<Node>, strings: &Strings) -> Result<T, Diagnostic> {
    T::deserialize(Lower { node, strings }).map_err(|refusal| {
        Diagnostic::error(FORM, refusal.message).label(refusal.span.unwrap_or(node.span), "")
    })
}

/// Why the tree has not the form of the type.
#[derive(Debug)]
struct Refusal {
    message: String,
    span: Option<Span>,
}

impl Refusal {
    fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

impl serde::de::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            message: message.to_string(),
            span: None,
        }
    }
}

#[derive(Clone, Copy)]
struct Lower<'a> {
    node: &'a Arc<Node>,
    strings: &'a Strings,
}

impl<'a> Lower<'a> {
    fn unexpected(&self, expected: &dyn serde::de::Expected) -> Refusal {
        Refusal {
            message: format!("{} where {expected} is expected", self.node.describe()),
            span: Some(self.node.span),
        }
    }

    fn child(&self, node: &'a Arc<Node>) -> Self {
        Self {
            node,
            strings: self.strings,
        }
    }

    fn visit_scalar<'de, V: Visitor<'de>>(
        self,
        scalar: &Scalar,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match &scalar.value {
            ScalarValue::Null => visitor.visit_unit(),
            ScalarValue::Bool(value) => visitor.visit_bool(*value),
            ScalarValue::Number(Number::Signed(value)) => visitor.visit_i64(*value),
            ScalarValue::Number(Number::Unsigned(value)) => visitor.visit_u64(*value),
            ScalarValue::Number(Number::Double(value)) => visitor.visit_f64(*value),
            ScalarValue::Text if scalar.replaced => visitor.visit_str(&scalar.text),
            ScalarValue::Text => visitor.visit_string(self.strings.expand(&scalar.text).text),
        }
        .map_err(|refusal: Refusal| refusal.at(self.node.span))
    }

    /// True for a `${…}` whose name has no value: the project is checked all the same, and what
    /// connects refuses it.
    fn is_unset(&self) -> bool {
        self.node
            .as_text()
            .is_some_and(|text| text.starts_with("${"))
    }

    /// A replaced scalar, where a number or boolean is expected.
    fn visit_typed<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match &self.node.kind {
            Kind::Scalar(scalar) if scalar.replaced && scalar.value == ScalarValue::Text => {
                let typed = Scalar {
                    value: core_schema(&scalar.text),
                    ..scalar.clone()
                };
                self.visit_scalar(&typed, visitor)
            }
            // `1.0` is a whole number too.
            Kind::Scalar(Scalar {
                value: ScalarValue::Number(number @ Number::Double(_)),
                ..
            }) if let Some(whole) = number.as_i64() => visitor
                .visit_i64(whole)
                .map_err(|refusal: Refusal| refusal.at(self.node.span)),
            _ => self.deserialize_any(visitor),
        }
    }
}

macro_rules! typed {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            if self.is_unset() {
                return visitor.visit_u64(1);
            }
            self.visit_typed(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Lower<'_> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match &self.node.kind {
            Kind::Scalar(scalar) => self.visit_scalar(scalar, visitor),
            Kind::List(elements) => visitor.visit_seq(Elements {
                elements: elements.iter(),
                of: self,
            }),
            Kind::Map(entries) => visitor.visit_map(Entries {
                entries: entries.iter(),
                value: None,
                of: self,
            }),
        }
        .map_err(|refusal: Refusal| refusal.at(self.node.span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        if name == WRITTEN {
            return visitor.visit_u64(deposit(self.node));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let span = match name {
            SPANNED => self.node.span,
            KEYED => match self.node.as_map() {
                Some([entry, ..]) => entry.key.span,
                _ => self.node.span,
            },
            _ => return self.deserialize_any(visitor),
        };
        visitor.visit_map(PlacedFields {
            span,
            next: 0,
            value: Some(self),
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match &self.node.kind {
            Kind::Map(entries) => match &**entries {
                [entry] => visitor.visit_enum(Variant { entry, of: self }),
                _ => Err(Refusal {
                    message: format!(
                        "a map of one key is expected: one of {}",
                        variants.join(", ")
                    ),
                    span: Some(self.node.span),
                }),
            },
            Kind::Scalar(scalar) if scalar.value == ScalarValue::Text => {
                let text = match variants.first() {
                    Some(first) if self.is_unset() && !scalar.replaced => (*first).to_owned(),
                    _ if scalar.replaced => scalar.text.to_string(),
                    _ => self.strings.expand(&scalar.text).text,
                };
                visitor
                    .visit_enum(StrDeserializer::<Refusal>::new(&text))
                    .map_err(|refusal| refusal.at(self.node.span))
            }
            _ => Err(self.unexpected(&name)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        if self.is_unset() {
            return visitor.visit_bool(false);
        }
        self.visit_typed(visitor)
    }

    typed! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32
        deserialize_f64
    }

    serde::forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier
        ignored_any
    }
}

struct Elements<'a> {
    elements: std::slice::Iter<'a, Arc<Node>>,
    of: Lower<'a>,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refusal> {
        self.elements
            .next()
            .map(|node| seed.deserialize(self.of.child(node)))
            .transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.elements.len())
    }
}

struct Entries<'a> {
    entries: std::slice::Iter<'a, Entry>,
    value: Option<&'a Arc<Node>>,
    of: Lower<'a>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refusal> {
        let Some(entry) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some(&entry.value);
        seed.deserialize(Key {
            text: &entry.key.value,
            span: entry.key.span,
        })
        .map(Some)
        .map_err(|refusal| refusal.at(entry.key.span))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        match self.value.take() {
            Some(node) => seed.deserialize(self.of.child(node)),
            None => Err(self.of.unexpected(&"a value")),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// A map's key: text, with its place where that is asked for.
#[derive(Clone, Copy)]
struct Key<'a> {
    text: &'a str,
    span: Span,
}

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_str(self.text)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        if name != SPANNED {
            return self.deserialize_any(visitor);
        }
        visitor.visit_map(PlacedFields {
            span: self.span,
            next: 0,
            value: Some(self),
        })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The three fields of a value with its place.
struct PlacedFields<D> {
    span: Span,
    next: usize,
    value: Option<D>,
}

impl<'de, D: Deserializer<'de, Error = Refusal>> MapAccess<'de> for PlacedFields<D> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refusal> {
        let Some(name) = FIELDS.get(self.next) else {
            return Ok(None);
        };
        self.next += 1;
        seed.deserialize(BorrowedStrDeserializer::<Refusal>::new(name))
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        match (self.next, self.value.take()) {
            (1, value) => {
                self.value = value;
                seed.deserialize(UsizeDeserializer::<Refusal>::new(self.span.start))
            }
            (2, value) => {
                self.value = value;
                seed.deserialize(UsizeDeserializer::<Refusal>::new(self.span.end))
            }
            (_, Some(value)) => seed.deserialize(value),
            (_, None) => Err(Refusal {
                message: "a value is asked for twice".to_owned(),
                span: Some(self.span),
            }),
        }
    }
}

/// A map of one key as an enum's variant.
struct Variant<'a> {
    entry: &'a Entry,
    of: Lower<'a>,
}

impl<'a, 'de> EnumAccess<'de> for Variant<'a> {
    type Error = Refusal;
    type Variant = Lower<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Lower<'a>), Refusal> {
        let variant = seed
            .deserialize((&*self.entry.key.value).into_deserializer())
            .map_err(|refusal: Refusal| refusal.at(self.entry.key.span))?;
        Ok((variant, self.of.child(&self.entry.value)))
    }
}

impl<'de> VariantAccess<'de> for Lower<'_> {
    type Error = Refusal;

    fn unit_variant(self) -> Result<(), Refusal> {
        Err(self.unexpected(&"a word"))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refusal> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.deserialize_any(visitor)
    }
}
