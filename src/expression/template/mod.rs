//! Templates: Handlebars text over a record, strict.
//!
//! The handlebars crate decides what is valid and how white space is controlled; spans, names and
//! printing are ours, since its renderer copies the record and prints null, lists and maps.

mod block;
mod build;
mod call;
mod evaluate;
mod helper;
mod name;
mod pair;
mod references;
mod scan;
mod tree;

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::{Escape, Problem, Reference, Trouble};
use crate::record::Value;

/// A template, ready to render any number of records.
#[derive(Clone, Debug)]
pub struct Template {
    nodes: Vec<tree::Node>,
    references: Vec<Reference>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Every mistake in it, by its bytes in the text.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let tags = scan::scan(text)?;
        let mut nodes = build::build(text, tags)?;
        pair::pair(text, &mut nodes).map_err(|problem| vec![problem])?;
        let references = references::collect(&nodes);
        Ok(Self { nodes, references })
    }

    /// Renders a record; dates are written in the zone.
    ///
    /// # Errors
    /// Where a name that is printed or given to a helper is missing, or of a kind that it does not
    /// take, and where more than [`MAX_OUTPUT`](Self::MAX_OUTPUT) would be rendered.
    pub fn render(&self, record: &Value, zone: &TimeZone) -> Result<String, Trouble> {
        evaluate::render(&self.nodes, record, zone)
    }

    /// Every path into the record that it reads, by its bytes in the text.
    #[must_use]
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// Changes the literal text and the string literals; what `${…}` stands for is put in here,
    /// so that no value of it can become part of the template's syntax.
    pub fn replace_text<'t>(&mut self, mut replace: impl FnMut(&str) -> Cow<'t, str>) {
        tree::replace_text(&mut self.nodes, &mut |text| replace(text).into_owned());
    }

    /// Writes what it prints of the record so that it is safe in another language; but for what
    /// `escape_html` gives.
    pub fn escape_printed(&mut self, how: Escape) {
        tree::escape_printed(&mut self.nodes, how);
    }

    /// The longest text that is rendered of one record, in bytes.
    pub const MAX_OUTPUT: usize = 4 << 20;

    /// How many tags a template may have: the crate's time to read one grows with their number
    /// times the length.
    pub const MAX_TAGS: usize = 2000;

    /// The longest template, in bytes.
    pub const MAX_LENGTH: usize = 64 << 10;
}

#[cfg(test)]
mod tests;
