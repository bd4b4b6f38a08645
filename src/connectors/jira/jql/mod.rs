//! JQL: a query's text to a tree with the bytes of every part, and what is wrong in it.
//!
//! Pure. What a query's names mean is Jira's business: any text that parses is let pass, with
//! warnings where a name is almost certainly misspelt. A [`Filter`] is a query that is also judged
//! here; what only Jira can answer is refused when it is compiled.

mod advice;
mod dates;
mod filter;
mod lex;
mod mistakes;
mod names;
mod order;
mod parse;
mod reduce;
mod text;
mod tree;
mod words;

pub use advice::advise;
pub use filter::{Answer, Filter, IssueView, Reads, View};
pub use order::{Parts, parts, place, string};
pub use parse::parse;
pub use reduce::reduced;
pub use text::Text;
pub use tree::{
    Clause, Field, Function, Operand, OperandKind, Operator, Predicate, PredicateWord, Query,
    Ranged, Term,
};

#[cfg(test)]
mod tests;
