//! A page of the search, read in one pass.

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::records::id_of;
use crate::record::{Projected, Projection, Value};

const WHOLE: Projected<'_> = Projected::new(&Projection::Whole);

/// A page of the search.
#[derive(Default)]
pub(super) struct Answer {
    /// The issues, of each what is read.
    pub(super) issues: Vec<Value>,
    /// What to ask the next page with; none on the last.
    pub(super) token: Option<String>,
    /// Display names by the ids of fields, where they were asked for.
    pub(super) names: Value,
    /// Types by the ids of fields, where they were asked for.
    pub(super) schema: Value,
    /// Ids of issues that are there and could not be given this time.
    pub(super) failed: Vec<Arc<str>>,
}

impl Answer {
    /// Reads a page, of each issue what the projection names.
    ///
    /// # Errors
    /// Where it is no page of issues.
    pub(super) fn read(json: &[u8], issue: &Projection) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        // Depth is bounded by what reads the values.
        deserializer.disable_recursion_limit();
        AnswerReader(issue).deserialize(&mut deserializer)
    }
}

/// Reads a page in one pass, of each issue what the plan reads.
struct AnswerReader<'p>(&'p Projection);

impl<'de> DeserializeSeed<'de> for AnswerReader<'_> {
    type Value = Answer;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Answer, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AnswerReader<'_> {
    type Value = Answer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page of issues")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Answer, A::Error> {
        let mut answer = Answer::default();
        let mut has_issues = false;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match &*key {
                "issues" => {
                    has_issues = true;
                    answer.issues = map.next_value_seed(IssueList(self.0))?;
                }
                "nextPageToken" => {
                    let token: Option<String> = map.next_value()?;
                    answer.token = token.filter(|token| !token.is_empty());
                }
                "names" => answer.names = map.next_value_seed(WHOLE)?,
                "schema" => answer.schema = map.next_value_seed(WHOLE)?,
                "issueErrors" => {
                    let errors = map.next_value_seed(WHOLE)?;
                    let errors = errors.as_array().unwrap_or_default().iter();
                    let ids = errors.filter_map(|error| id_of(error.get("id")));
                    answer.failed = ids.collect();
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if has_issues {
            Ok(answer)
        } else {
            Err(serde::de::Error::missing_field("issues"))
        }
    }
}

struct IssueList<'p>(&'p Projection);

impl<'de> DeserializeSeed<'de> for IssueList<'_> {
    type Value = Vec<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Value>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for IssueList<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of issues")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Value>, A::Error> {
        let mut issues = Vec::new();
        while let Some(issue) = list.next_element_seed(Projected::new(self.0))? {
            issues.push(issue);
        }
        Ok(issues)
    }
}
