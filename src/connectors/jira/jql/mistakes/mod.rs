//! What is wrong in a query, told in its reader's terms.

pub(super) mod connective;
pub(super) mod lexical;
pub(super) mod operand;
pub(super) mod operator;
