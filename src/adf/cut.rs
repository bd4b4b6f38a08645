//! Cuts what is too long.

/// The first `max_length` Unicode scalar values.
pub(super) fn cut_text(mut text: String, max_length: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(max_length) {
        text.truncate(end);
    }
    text
}
