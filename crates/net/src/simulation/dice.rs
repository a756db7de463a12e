//! The choices of a schedule, all of which follow from its seed.

use std::time::Duration;

use crate::random::seeded::split_mix;

/// See the module's documentation.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        split_mix(&mut self.0)
    }

    /// A number below `count`, which is not 0.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let count = u64::try_from(count).unwrap();
        usize::try_from(self.next() % count).unwrap()
    }

    /// True once in `times`.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// A length: mostly short, at times around the limits of frames and windows.
    pub(super) fn length(&mut self, most: usize) -> usize {
        let most = self.pick(&[20, 20, 200, 5_000, 40_000, most]).min(most);
        self.below(most + 1)
    }

    pub(super) fn milliseconds(&mut self, most: usize) -> Duration {
        Duration::from_micros(u64::try_from(self.below(1000 * most + 1)).unwrap())
    }

    pub(super) fn shuffle<T>(&mut self, things: &mut [T]) {
        for place in (1..things.len()).rev() {
            things.swap(place, self.below(place + 1));
        }
    }
}
