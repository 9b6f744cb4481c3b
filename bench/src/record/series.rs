//! The blocks of one contender, and the figures that follow from them.

use crate::record::answer::Answer;
use crate::record::statistics::{Estimate, quantile, sorted};

/// The figures of one contender over all rounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The shortest of all values.
    pub min: f64,
    /// The 99th percentile of the values, estimated from blocks.
    pub p99: f64,
    /// The median of each round.
    pub medians: Vec<f64>,
}

impl Series {
    /// The figures of blocks of `block` times, in nanoseconds.
    pub fn of(blocks: &[Answer], block: u32) -> Series {
        let each = |of: fn(&Answer) -> u64| -> Vec<f64> {
            blocks.iter().map(|block| of(block) as f64).collect()
        };
        // In a block of 20 the longest time is above the 95th percentile; in
        // one block of five it is above the 99th.
        let beyond = (0.01 * f64::from(block)).min(1.0);
        let ends = sorted(&each(|block| block.p99));
        Series {
            min: each(|it| it.min).into_iter().fold(f64::INFINITY, f64::min),
            p99: quantile(&ends, 1.0 - beyond).unwrap_or(f64::NAN),
            medians: each(|block| block.median),
        }
    }

    /// The figures of one value for each round.
    pub fn of_values(values: Vec<f64>) -> Series {
        let sorted = sorted(&values);
        Series {
            min: quantile(&sorted, 0.0).unwrap_or(f64::NAN),
            p99: quantile(&sorted, 0.99).unwrap_or(f64::NAN),
            medians: values,
        }
    }

    /// The median of the medians.
    pub fn median(&self) -> f64 {
        quantile(&sorted(&self.medians), 0.5).unwrap_or(f64::NAN)
    }

    /// The ratio to another series, round by round.
    pub fn against(&self, base: &Series) -> Option<Estimate> {
        Estimate::of(&ratios(&self.medians, &base.medians))
    }
}

/// The ratios of the rounds that both took part in.
pub fn ratios(medians: &[f64], base: &[f64]) -> Vec<f64> {
    medians.iter().zip(base).map(|(it, base)| it / base).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(median: u64) -> Answer {
        Answer { total: 9, min: median - 1, median, p99: 9, proof: "".into() }
    }

    #[test]
    fn a_ratio_is_taken_within_a_round() {
        // The machine is twice as slow in the second round.
        let one = Series::of(&[answer(10), answer(20), answer(10)], 25);
        let other = Series::of(&[answer(5), answer(10), answer(5)], 25);
        let ratio = one.against(&other).expect("there are rounds");
        assert_eq!((ratio.low, ratio.median, ratio.high), (2.0, 2.0, 2.0));
        assert_eq!((one.min, one.median()), (9.0, 10.0));
    }
}
