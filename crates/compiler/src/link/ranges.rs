//! Ranges of numbers against each other and against single numbers, without comparing all with all: a file may hold a million of them.

use crate::diagnostics::MAX_ERRORS_PER_FILE;

/// Start and exclusive end; 64 bits wide, so that inclusive ends have a successor.
pub(super) type Range = (i64, i64);

/// An exclusive range of 32 bits.
pub(super) fn wide((start, end): (i32, i32)) -> Range {
    (start.into(), end.into())
}

/// The pairs of ranges that have a number in common, in the order of their indexes; no more than errors are shown.
pub(super) fn overlaps(ranges: &[Range]) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_by_key(|&index| ranges[index]);
    let mut pairs = Vec::new();
    for (position, &one) in order.iter().enumerate() {
        for &other in &order[position + 1..] {
            if ranges[other].0 >= ranges[one].1 || pairs.len() > MAX_ERRORS_PER_FILE {
                break;
            }
            if ranges[other].1 > ranges[one].0 {
                pairs.push((one.min(other), one.max(other)));
            }
        }
    }
    pairs.sort_unstable();
    pairs
}

/// For each number the ranges it stands in: pairs of indexes, in order; no more than errors are shown.
pub(super) fn members(numbers: &[i64], ranges: &[Range]) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by_key(|&index| numbers[index]);
    let mut pairs = Vec::new();
    for (range_index, range) in ranges.iter().enumerate() {
        let first = order.partition_point(|&index| numbers[index] < range.0);
        for &index in &order[first..] {
            if numbers[index] >= range.1 || pairs.len() > MAX_ERRORS_PER_FILE {
                break;
            }
            pairs.push((index, range_index));
        }
    }
    pairs.sort_unstable();
    pairs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranges() -> impl Strategy<Value = Vec<Range>> {
        proptest::collection::vec((-5_i64..30, -5_i64..30), 0..20)
    }

    proptest! {
        #[test]
        fn as_comparing_all_with_all_says(ranges in ranges(), numbers in proptest::collection::vec(-5_i64..30, 0..20)) {
            let mut pairs = Vec::new();
            for (index, one) in ranges.iter().enumerate() {
                for (other_index, other) in ranges.iter().enumerate().skip(index + 1) {
                    if one.1 > other.0 && other.1 > one.0 {
                        pairs.push((index, other_index));
                    }
                }
            }
            prop_assert_eq!(overlaps(&ranges), pairs);
            let mut pairs = Vec::new();
            for (index, number) in numbers.iter().enumerate() {
                for (range_index, range) in ranges.iter().enumerate() {
                    if (range.0..range.1).contains(number) {
                        pairs.push((index, range_index));
                    }
                }
            }
            prop_assert_eq!(members(&numbers, &ranges), pairs);
        }
    }
}
