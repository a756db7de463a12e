//! Turns in proportion to weights: earliest deadline first.
//!
//! Each server's next turn has a time, and its turns are as far apart as the inverse of its weight. So in any stretch of turns a server has its share, give or take one, and a heavy one is never taken many times in a row. The first times are at random, so that many clients with the same weights do not start with the same server.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A server's next turn.
#[derive(Clone, Copy, Debug)]
struct Turn {
    at: f64,
    place: usize,
    period: f64,
}

impl PartialEq for Turn {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Turn {}

impl PartialOrd for Turn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Turn {
    /// The earliest is the greatest, since the heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at.total_cmp(&self.at)).then(other.place.cmp(&self.place))
    }
}

/// See the module's documentation.
#[derive(Clone, Debug, Default)]
pub struct Schedule(BinaryHeap<Turn>);

impl Schedule {
    /// Turns by these weights. Where a weight is `None`, the mean of the others counts; where fewer than two are known, all count the same. `random` gives numbers from 0 to 1.
    pub fn new(weights: &[Option<f64>], mut random: impl FnMut() -> f64) -> Self {
        let known: Vec<f64> = weights.iter().copied().flatten().collect();
        #[expect(clippy::cast_precision_loss, reason = "there are few servers")]
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let usable = known.len() >= 2 && mean.is_finite() && mean > 0.0;
        let turn = |(place, weight): (usize, &Option<f64>)| {
            // By the mean, so that times stay in the range where numbers are exact, whatever the unit of the weights.
            let share = weight
                .filter(|_| usable)
                .map_or(1.0, |weight| weight / mean);
            let period = 1.0 / share.max(f64::EPSILON);
            Turn {
                at: random() * period,
                place,
                period,
            }
        };
        Self(weights.iter().enumerate().map(turn).collect())
    }

    /// Whose turn it is; `None` where there is nobody.
    pub fn next_turn(&mut self) -> Option<usize> {
        let mut first = self.0.peek_mut()?;
        first.at += first.period;
        Some(first.place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(schedule: &mut Schedule, servers: usize, turns: u32) -> Vec<u32> {
        let mut counts = vec![0; servers];
        for _ in 0..turns {
            counts[schedule.next_turn().unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn nobody_has_no_turn() {
        assert_eq!(Schedule::new(&[], || 0.5).next_turn(), None);
    }

    #[test]
    fn fewer_than_two_weights_are_none() {
        for weights in [[None, None, None], [None, Some(9.0), None]] {
            let mut schedule = Schedule::new(&weights, || 0.5);
            assert_eq!(counts(&mut schedule, 3, 30), [10, 10, 10]);
        }
    }

    #[test]
    fn an_unknown_weight_is_the_mean_of_the_others() {
        let mut schedule = Schedule::new(&[Some(10.0), Some(30.0), None], || 0.5);
        assert_eq!(counts(&mut schedule, 3, 60), [10, 30, 20]);
    }

    proptest! {
        #[test]
        fn each_has_its_share_in_every_stretch(
            weights in proptest::collection::vec(0.01_f64..100.0, 2..20),
            phases in proptest::collection::vec(0.0_f64..1.0, 20),
            start in 0_u32..500,
            turns in 1_u32..500,
        ) {
            let mut phase = phases.into_iter().cycle();
            let some: Vec<_> = weights.iter().copied().map(Some).collect();
            let mut schedule = Schedule::new(&some, || phase.next().unwrap());
            counts(&mut schedule, weights.len(), start);
            let counts = counts(&mut schedule, weights.len(), turns);
            let sum: f64 = weights.iter().sum();
            // The turns of a stretch of time are each server's share of it, give or take one; its length by turns is off by as much for each server.
            let servers: f64 = weights.iter().map(|_| 1.0).sum();
            for (weight, count) in weights.iter().zip(&counts) {
                let share = weight / sum;
                let expected = f64::from(turns) * share;
                let slack = 2.0 + share * 2.0 * servers;
                prop_assert!((f64::from(*count) - expected).abs() <= slack, "{count} of {expected}");
            }
        }
    }
}
