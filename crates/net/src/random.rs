//! Random numbers for jitter, shuffling and choices among servers; nothing secret depends on them.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// The standard library seeds each hasher from the system's random numbers.
fn random_bits() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A number from 0 to 1.
pub(crate) fn random_unit() -> f64 {
    #[cfg(test)]
    let bits = seeded::next().unwrap_or_else(random_bits) >> 11;
    #[cfg(not(test))]
    let bits = random_bits() >> 11;
    #[expect(
        clippy::cast_precision_loss,
        reason = "the 53 bits that are left fit exactly"
    )]
    let unit = bits as f64 / (1_u64 << 53) as f64;
    unit
}

/// A number below `count`, which is not 0.
pub(crate) fn random_below(count: usize) -> usize {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of addresses and calls are small"
    )]
    let number = (random_unit() * count as f64) as usize;
    number.min(count.saturating_sub(1))
}

/// The same numbers each time, on the threads that ask for it, so that a simulated schedule can be repeated.
#[cfg(test)]
pub(crate) mod seeded {
    use std::cell::Cell;

    thread_local! {
        static STATE: Cell<Option<u64>> = const { Cell::new(None) };
    }

    /// Begins a series; `None` goes back to numbers that nobody can foretell.
    pub(crate) fn begin(seed: Option<u64>) {
        STATE.set(seed);
    }

    /// The thread's next number, if it has a series.
    pub(super) fn next() -> Option<u64> {
        let mut state = STATE.get()?;
        let number = split_mix(&mut state);
        STATE.set(Some(state));
        Some(number)
    }

    /// The next number of the series that `state` has come to (`SplitMix64`).
    pub(crate) const fn split_mix(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
