//! Going into a shape step by step.

use std::sync::Arc;

use super::{Kinds, Shape};

/// A step that finds nothing in any value of the shape.
#[derive(Clone, Debug, PartialEq)]
pub enum NoSuchStep {
    /// The object has no such member.
    Member {
        /// The names that it has, in its schema's order.
        known: Vec<Arc<str>>,
    },
    /// The value is of kinds that have no members.
    NotAnObject(Kinds),
    /// The value is of kinds that have no elements.
    NotAList(Kinds),
}

impl Shape {
    /// The member of that name.
    ///
    /// # Errors
    /// Where no value of this shape has it.
    pub fn member(&self, name: &str) -> Result<Self, NoSuchStep> {
        if !self.kinds.contains(Kinds::OBJECT) {
            return Err(NoSuchStep::NotAnObject(self.kinds));
        }
        // A member of what may be missing, or may be no object, may be missing.
        let loose = self.may_be_missing() || self.kinds.without(Kinds::NULL) != Kinds::OBJECT;
        let found = match &self.members {
            None => return Ok(Self::any()),
            Some(members) => members
                .named
                .get(name)
                .or_else(|| {
                    let mut prefixed = members.prefixed.iter();
                    prefixed
                        .find(|(prefix, _)| name.starts_with(&**prefix))
                        .map(|(_, shape)| shape)
                })
                .or(members.others.as_deref())
                .cloned()
                .ok_or_else(|| NoSuchStep::Member {
                    known: members.named.keys().cloned().collect(),
                })?,
        };
        Ok(if loose { found.or_missing() } else { found })
    }

    /// An element of a list, or the value itself where it cannot be told whether it is one.
    ///
    /// # Errors
    /// Where no value of this shape is a list.
    pub fn element(&self) -> Result<Self, NoSuchStep> {
        if !self.kinds.contains(Kinds::LIST) {
            return Err(NoSuchStep::NotAList(self.kinds));
        }
        Ok(self
            .items
            .as_deref()
            .cloned()
            .unwrap_or_else(Self::any)
            .or_missing())
    }

    /// An element of a list or a member of an object: what a wildcard, slice or filter selects.
    ///
    /// # Errors
    /// Where no value of this shape is a list or an object.
    pub fn each(&self) -> Result<Self, NoSuchStep> {
        let element = self
            .kinds
            .contains(Kinds::LIST)
            .then(|| self.items.as_deref().cloned().unwrap_or_else(Self::any));
        let member = self
            .kinds
            .contains(Kinds::OBJECT)
            .then(|| self.any_member());
        match (element, member) {
            (Some(element), Some(member)) => Ok(element.union(&member)),
            (Some(one), None) | (None, Some(one)) => Ok(one),
            (None, None) => Err(NoSuchStep::NotAList(self.kinds)),
        }
    }

    fn any_member(&self) -> Self {
        let Some(members) = &self.members else {
            return Self::any();
        };
        let prefixed = members.prefixed.iter().map(|(_, shape)| shape);
        members
            .named
            .values()
            .chain(prefixed)
            .chain(members.others.as_deref())
            .cloned()
            .reduce(|left, right| left.union(&right))
            .unwrap_or_else(Self::any)
    }
}
