//! What one sink would do for one key: data that can be printed, compared and kept.
