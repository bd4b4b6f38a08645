//! What flows: JSON values that are cheap to clone, and the records made of them.

mod aside;
mod canonical;
mod identified;
mod number;
mod object;
mod read;
mod text;
mod value;

pub use canonical::canonical_json;
pub use identified::{Happened, Identity, Record};
pub use number::Number;
pub use object::Object;
pub use read::{Projected, Projection};
pub use text::Text;
pub use value::{MAX_DEPTH, Value, json_size, write_json_string};
