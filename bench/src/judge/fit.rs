//! Fits a law to the points of a line, within each round, so that the machine's
//! drift cancels.

use crate::record::curve::{Axis, Fit, Law};
use crate::record::series::Series;
use crate::record::statistics::{Estimate, Random, quantile, sorted};

/// A ratio to the first point counts as growth only if it differs from 1 by
/// more than this, in either direction.
const HARDLY: f64 = 0.10;

/// A power whose exponent is this close to 1 is drawn as a straight line.
const NEARLY_ONE: f64 = 0.25;

impl Fit {
    /// Fits the points of one line: `x` says where each point is, `y` what was
    /// measured there, round by round. `None` if there are fewer than two
    /// points.
    pub fn of(x: &[f64], y: &[Series], unit: &Axis, of: &Axis) -> Option<Fit> {
        let rounds = y.iter().map(|it| it.medians.len()).min()?;
        let round = |round: usize| -> Vec<(f64, f64)> {
            let values = y.iter().map(|it| it.medians[round]);
            x.iter().copied().zip(values).collect()
        };
        let rounds: Vec<Vec<(f64, f64)>> = (0..rounds).map(round).collect();
        let lines: Vec<(f64, f64)> =
            rounds.iter().filter_map(|points| straight(points)).collect();
        let slopes: Vec<f64> = lines.iter().map(|it| it.1).collect();
        let slope = Estimate::of(&slopes)?;
        let begin: Vec<f64> = lines.iter().map(|it| it.0).collect();
        let begin = Estimate::of(&begin)?.median;

        let (factor, exponent) = powers(&rounds)
            .map_or((f64::NAN, None), |(factor, it)| (factor, Some(it)));

        let last = y.last()?.against(y.first()?)?;
        let hardly = (last.median - 1.0).abs() <= HARDLY
            || (last.low <= 1.0 && last.high >= 1.0);
        let unsure = slope.low <= 0.0 && slope.high >= 0.0;
        let law = match exponent {
            _ if hardly || unsure => Law::Constant,
            Some(it) if begins_at_zero(x) => {
                match (it.median - 1.0).abs() <= NEARLY_ONE {
                    true => Law::Linear,
                    false => Law::Power,
                }
            }
            Some(_) => Law::Power,
            None => Law::Linear,
        };
        let begin = if law == Law::Power { factor } else { begin };
        let mut fit = Fit { law, begin, slope, exponent, words: String::new() };
        fit.words = fit.in_words(unit, of);
        Some(fit)
    }

    fn in_words(&self, x: &Axis, y: &Axis) -> String {
        let exponent = match &self.exponent {
            Some(it) => format!("exponent {:.2}", it.median),
            None => String::new(),
        };
        let slope = format!("{} per {}", signed(self.slope.median, y), x.unit);
        match self.law {
            Law::Constant => "constant".to_owned(),
            Law::Linear if exponent.is_empty() => slope,
            Law::Linear => format!("{slope}, {exponent}"),
            // More at the first step, and then no more.
            Law::Power
                if self.exponent.is_some_and(|it| it.median < NEARLY_ONE) =>
            {
                format!("hardly, {exponent}")
            }
            Law::Power => exponent,
        }
    }
}

fn begins_at_zero(x: &[f64]) -> bool {
    x.first().is_some_and(|first| *first == 0.0)
}

/// A value with its sign, in a readable unit.
fn signed(value: f64, axis: &Axis) -> String {
    if axis.unit != "ns" {
        return format!("{value:+.1} {}", axis.unit);
    }
    let units = [(1e9, "s"), (1e6, "ms"), (1e3, "us")];
    let fits = |it: &&(f64, &str)| value.abs() >= it.0;
    let (one, unit) = units.iter().find(fits).unwrap_or(&(1.0, "ns"));
    format!("{:+.1} {unit}", value / one)
}

/// `a` and `b` of `y = a + b x`. The fit minimises the relative distance,
/// because the absolute one would depend on the largest point alone.
fn straight(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let weighted =
        points.iter().map(|(x, y)| (*x, *y, 1.0 / (y * y))).collect::<Vec<_>>();
    least_squares(&weighted)
}

/// How often rounds are drawn at random for the interval of an exponent.
const RESAMPLES: usize = 400;

/// The power law through the medians of all rounds, which exclude noise that is
/// larger than the growth. The interval comes from rounds that are drawn at
/// random from the same rounds. `None` if there is hardly any growth.
fn powers(rounds: &[Vec<(f64, f64)>]) -> Option<(f64, Estimate)> {
    let (factor, exponent) = power(&medians(rounds))?;
    let mut random = Random::new(0x6772_6f77_7468);
    let drawn: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| {
            let draw = |_| rounds[random.below(rounds.len())].clone();
            let drawn: Vec<_> = (0..rounds.len()).map(draw).collect();
            Some(power(&medians(&drawn))?.1)
        })
        .collect();
    let drawn = sorted(&drawn);
    let estimate = Estimate {
        median: exponent,
        q1: quantile(&drawn, 0.25)?,
        q3: quantile(&drawn, 0.75)?,
        low: quantile(&drawn, 0.025)?,
        high: quantile(&drawn, 0.975)?,
    };
    Some((factor, estimate))
}

/// The median over the rounds of each point's ratio to the first point of its
/// round, times the median of the first point.
fn medians(rounds: &[Vec<(f64, f64)>]) -> Vec<(f64, f64)> {
    let Some(one) = rounds.first() else { return Vec::new() };
    let middle =
        |values: Vec<f64>| quantile(&sorted(&values), 0.5).unwrap_or(f64::NAN);
    let first = middle(rounds.iter().map(|round| round[0].1).collect());
    let ratio = |at: usize| {
        middle(rounds.iter().map(|it| it[at].1 / it[0].1).collect())
    };
    one.iter().enumerate().map(|(at, (x, _))| (*x, ratio(at) * first)).collect()
}

/// `a` and `b` of `y = a x^b`. If the first `x` is 0, the law is about the
/// growth over the `y` there. `None` if there is hardly any growth.
fn power(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let (first, rest) = points.split_first()?;
    let logarithms: Vec<(f64, f64, f64)> = if first.0 == 0.0 {
        rest.iter()
            .map(|(x, y)| (x, y - first.1))
            .filter(|(_, added)| *added > HARDLY * first.1)
            .map(|(x, added)| (x.ln(), added.ln(), 1.0))
            .collect()
    } else {
        points.iter().map(|(x, y)| (x.ln(), y.ln(), 1.0)).collect()
    };
    let (a, b) = least_squares(&logarithms)?;
    Some((a.exp(), b))
}

/// The line through weighted points; `None` if there are fewer than two.
fn least_squares(points: &[(f64, f64, f64)]) -> Option<(f64, f64)> {
    let sum = |of: fn(&(f64, f64, f64)) -> f64| -> f64 {
        points.iter().map(of).sum()
    };
    let weight = sum(|(_, _, w)| *w);
    let (x, y) =
        (sum(|(x, _, w)| w * x) / weight, sum(|(_, y, w)| w * y) / weight);
    let across: f64 =
        points.iter().map(|it| it.2 * (it.0 - x) * (it.1 - y)).sum();
    let along: f64 = points.iter().map(|it| it.2 * (it.0 - x).powi(2)).sum();
    let slope = across / along;
    slope.is_finite().then_some((y - slope * x, slope))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(unit: &str) -> Axis {
        Axis { label: String::new(), unit: unit.to_owned() }
    }

    /// Four rounds on a machine that gets slower from round to round, with
    /// noise.
    fn fit(x: &[f64], y: impl Fn(f64) -> f64) -> Fit {
        let noise = [1.01, 0.99, 1.0, 1.02, 0.98];
        let series: Vec<Series> = x
            .iter()
            .enumerate()
            .map(|(at, x)| {
                let round = |round: usize| {
                    let slower = 1.0 + 0.01 * round as f64;
                    y(*x) * slower * noise[(at + round) % noise.len()]
                };
                Series::of_values((0..4).map(round).collect())
            })
            .collect();
        Fit::of(x, &series, &axis("GiB"), &axis("ns")).expect("it has points")
    }

    const SIZES: &[f64] = &[0.0, 0.0625, 0.25, 1.0, 4.0];

    #[test]
    fn what_does_not_grow_is_constant() {
        let fit = fit(SIZES, |_| 20_000.0);
        assert_eq!((fit.law, &*fit.words), (Law::Constant, "constant"));
    }

    #[test]
    fn what_grows_with_memory_says_how_much() {
        let fit = fit(SIZES, |x| 70_000.0 + 20e6 * x);
        assert_eq!(fit.law, Law::Linear);
        assert!((fit.slope.median / 20e6 - 1.0).abs() < 0.05, "{fit:?}");
        assert!(fit.words.starts_with("+20.") || fit.words.contains("19."));
        assert!(fit.words.contains("ms per GiB, exponent 1.0"), "{fit:?}");
    }

    #[test]
    fn what_grows_with_the_square_is_no_line() {
        let fit = fit(SIZES, |x| 70_000.0 + 20e6 * x * x);
        assert_eq!(fit.law, Law::Power);
        let exponent = fit.exponent.expect("it grows").median;
        assert!((exponent - 2.0).abs() < 0.05, "{exponent}");
    }

    #[test]
    fn a_round_of_noise_moves_no_exponent() {
        let x = [0.0, 10.0, 20.0, 30.0];
        let y = |x: f64| 100.0 + x;
        let series: Vec<Series> = x
            .iter()
            .map(|x| {
                let noisy = if *x == 10.0 { 50.0 } else { 0.0 };
                Series::of_values(vec![y(*x), y(*x) + noisy, y(*x), y(*x)])
            })
            .collect();
        let fit = Fit::of(&x, &series, &axis("level"), &axis("ns"));
        let fit = fit.expect("it has points");
        assert!(fit.words.starts_with("+1.0 ns per level"), "{fit:?}");
        assert!(fit.words.ends_with("exponent 1.00"), "{fit:?}");
    }

    #[test]
    fn a_rate_has_an_exponent_of_its_own() {
        let fit = fit(&[1.0, 2.0, 4.0], |x| 1000.0 * x.sqrt());
        assert_eq!(fit.law, Law::Power);
        let exponent = fit.exponent.as_ref().expect("it grows").median;
        assert!((exponent - 0.5).abs() < 0.05, "{exponent}");
        assert_eq!(fit.words, format!("exponent {exponent:.2}"));
        assert!((fit.begin / 1000.0 - 1.0).abs() < 0.05);
    }
}
