//! One file a command; the only place that prints, reads the environment or the clock.
