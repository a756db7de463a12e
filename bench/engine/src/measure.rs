//! Rounds of work, repeated until they cost the same each time.

use std::time::{Duration, Instant};

/// Both sides of a connection. A round returns how many calls or messages it had.
pub trait Engine {
    /// Unary calls that echo a message, [`crate::IN_FLIGHT`] at once.
    fn unary_round(&mut self) -> usize;
    /// One call whose answer is a stream of [`crate::MESSAGES`].
    fn stream_round(&mut self) -> usize;
}

/// What one call or message costs.
#[derive(Clone, Copy)]
pub struct Figures {
    pub nanoseconds: f64,
    pub allocations: f64,
    pub bytes: f64,
}

/// How many samples are compared with those before them.
const WINDOW: usize = 10;
/// By how much two medians of a steady state differ at most.
const STEADY: f64 = 0.02;
/// How many samples are taken at most, steady or not.
const MOST: usize = 20 * WINDOW;

/// The median of the last samples, once it is that of the samples before; then a round whose allocations are counted.
pub fn measure(mut round: impl FnMut() -> usize, quick: bool) -> Figures {
    let sample = Duration::from_millis(if quick { 5 } else { 50 });
    let mut samples = Vec::new();
    loop {
        let start = Instant::now();
        let mut items = 0;
        while start.elapsed() < sample {
            items += round();
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        samples.push(start.elapsed().as_nanos() as f64 / items as f64);
        if samples.len() < 2 * WINDOW {
            continue;
        }
        let (before, last) = samples[samples.len() - 2 * WINDOW..].split_at(WINDOW);
        let (before, last) = (median(before), median(last));
        if (last - before).abs() < STEADY * before || samples.len() >= MOST {
            let mut items = 0;
            let counted = allocation_counter::measure(|| {
                for _ in 0..WINDOW {
                    items += round();
                }
            });
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
            return Figures {
                nanoseconds: last,
                allocations: counted.count_total as f64 / items as f64,
                bytes: counted.bytes_total as f64 / items as f64,
            };
        }
    }
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
