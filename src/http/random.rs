//! Chance, passed in: jitter is the same in every run of a test.

use std::sync::atomic::{AtomicU64, Ordering};

/// A source of numbers.
pub trait Random: Send + Sync {
    /// The next number, all 64 bits equally likely.
    fn next_u64(&self) -> u64;
}

/// Numbers of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn next_u64(&self) -> u64 {
        let mut bytes = [0; 8];
        // Only jitter hangs on it: without a source of chance all wait the same.
        getrandom::fill(&mut bytes).map_or(u64::MAX / 2, |()| u64::from_ne_bytes(bytes))
    }
}

/// The same numbers for the same seed (SplitMix64).
#[derive(Debug)]
pub struct SeededRandom(AtomicU64);

impl SeededRandom {
    /// Numbers of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Random for SeededRandom {
    fn next_u64(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut state = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^ (state >> 31)
    }
}
