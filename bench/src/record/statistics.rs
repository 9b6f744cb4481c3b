//! Medians, quantiles, and how certain a median is.

use serde::{Deserialize, Serialize};

/// The median of some values, and how certain it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The median of the values.
    pub median: f64,
    /// The first quartile of the values.
    pub q1: f64,
    /// The third quartile of the values.
    pub q3: f64,
    /// Lower bound of the 95 % interval of the median (by ranks).
    pub low: f64,
    /// The upper bound of that interval.
    pub high: f64,
}

impl Estimate {
    /// The estimate from the values of all rounds; `None` if there are no
    /// values.
    pub fn of(values: &[f64]) -> Option<Estimate> {
        let sorted = sorted(values);
        // How many of n values are below the true median is binomially
        // distributed, and nearly normally: in 95 of 100 cases it is half of
        // them, plus or minus 1.96 times half the square root of n. This holds
        // for any distribution of the values.
        let reach = 0.98 / (values.len() as f64).sqrt();
        Some(Estimate {
            median: quantile(&sorted, 0.5)?,
            q1: quantile(&sorted, 0.25)?,
            q3: quantile(&sorted, 0.75)?,
            low: quantile(&sorted, 0.5 - reach)?,
            high: quantile(&sorted, 0.5 + reach)?,
        })
    }

    /// Half the width of the interval, as a part of the median.
    pub fn doubt(&self) -> f64 {
        (self.high - self.low) / 2.0 / self.median
    }

    /// The width of the middle half, as a part of the median.
    pub fn spread(&self) -> f64 {
        (self.q3 - self.q1) / self.median
    }
}

/// The values in ascending order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The value below which `part` (0 to 1) of the ordered values is,
/// interpolated.
pub fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = part.clamp(0.0, 1.0) * last as f64;
    let (below, above) =
        (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    Some(below + (above - below) * at.fract())
}

/// Pseudorandom numbers (xorshift64*), for sampling and not for secrets.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// A generator with a seed, which must not be zero.
    pub fn new(seed: u64) -> Random {
        Random(seed.max(1))
    }

    /// The next number of the sequence, any of 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number from 0 up to, but without, `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.draw() >> 32) as usize % end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_between_its_neighbours() {
        let values = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(quantile(&values, 0.0), Some(1.0));
        assert_eq!(quantile(&values, 0.5), Some(2.5));
        assert_eq!(quantile(&values, 1.0), Some(4.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn one_value_out_of_many_moves_no_median() {
        let mut values = vec![1.0; 29];
        values.push(100.0);
        let estimate = Estimate::of(&values).expect("there are values");
        assert_eq!(estimate.median, 1.0);
        assert_eq!((estimate.low, estimate.high), (1.0, 1.0));
        assert_eq!(estimate.spread(), 0.0);
    }

    #[test]
    fn the_interval_holds_the_median() {
        let values: Vec<f64> = (0..30).map(f64::from).collect();
        let it = Estimate::of(&values).expect("there are values");
        assert!(it.low < it.median && it.median < it.high);
        assert!(it.q1 < it.low && it.high < it.q3);
    }

    #[test]
    fn the_interval_holds_what_it_should_19_times_in_20() {
        let mut random = Random::new(7);
        for rounds in [10, 30, 90] {
            let holds = (0..2000).filter(|_| {
                // Skewed, as times are: the median of 1 / (1 - u) is 2.
                let value = |_| {
                    1.0 / (1.0
                        - random.below(1 << 20) as f64 / (1_u64 << 20) as f64)
                };
                let values: Vec<f64> = (0..rounds).map(value).collect();
                Estimate::of(&values)
                    .is_some_and(|it| it.low <= 2.0 && 2.0 <= it.high)
            });
            let holds = holds.count();
            assert!((1850..1970).contains(&holds), "{rounds}: {holds}");
        }
    }
}
