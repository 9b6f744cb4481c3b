//! Rounds: each contender does a block, in an order that rotates from round to
//! round, and is compared with the others of the same round.

use crate::record::answer::Answer;
use crate::record::outcome::Verdict;
use std::fmt::Display;

/// Measures the blocks of `n` contenders. Returns those of each contender, in
/// the order of the rounds.
///
/// # Errors
///
/// Fails with the first verdict that is not good; then no figure counts.
pub fn hold<T>(
    n: usize,
    rounds: usize,
    mut block: impl FnMut(usize) -> Result<T, Verdict>,
) -> Result<Vec<Vec<T>>, Verdict> {
    let mut blocks: Vec<Vec<T>> = (0..n).map(|_| Vec::new()).collect();
    let all: Vec<usize> = (0..n).collect();
    for round in 0..rounds {
        one(&all, round, &mut blocks, &mut block)?;
    }
    Ok(blocks)
}

/// Measures the round of that number, for some of the contenders.
///
/// # Errors
///
/// Fails as [`hold`] does.
pub fn one<T>(
    contenders: &[usize],
    round: usize,
    blocks: &mut [Vec<T>],
    mut block: impl FnMut(usize) -> Result<T, Verdict>,
) -> Result<(), Verdict> {
    for turn in order(contenders.len(), round) {
        let at = contenders[turn];
        blocks[at].push(block(at)?);
    }
    Ok(())
}

/// The order of `n` contenders in a round: a row of a Williams square.
///
/// The place in a round changes the time of a block: with a fixed order the
/// first was 12 to 19 % slower. In `n` rounds (in `2 n` if `n` is
/// odd) each contender has every place equally often, and follows every other
/// one equally often. A random order does that only on average.
pub fn order(n: usize, round: usize) -> Vec<usize> {
    // 0, n - 1, 1, n - 2, ...: the distances between neighbours all differ.
    let zigzag = (0..n).map(|at| match at % 2 {
        0 => at / 2,
        _ => n - 1 - at / 2,
    });
    let mut order: Vec<usize> = zigzag.map(|it| (it + round) % n).collect();
    // For an odd number that alone leaves pairs that always follow each other.
    if n % 2 == 1 && round / n % 2 == 1 {
        order.reverse();
    }
    order
}

/// Returns the answer if it has the proof that is wanted.
///
/// # Errors
///
/// Fails if a contender fails or proves something else, and names it.
pub fn proved(
    contender: impl Display,
    wanted: &str,
    answer: harness::error::Result<Answer>,
) -> Result<Answer, Verdict> {
    let answer = answer.map_err(|error| {
        Verdict::Wrong(format!("{contender} fails: {error}"))
    })?;
    match answer.must_prove(wanted) {
        Ok(()) => Ok(answer),
        Err(why) => Err(Verdict::Wrong(format!("{contender} {why}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_and_every_neighbour_comes_equally_often() {
        for n in 1..9 {
            let rounds = if n % 2 == 0 { n } else { 2 * n };
            let mut places = vec![vec![0; n]; n];
            let mut follows = vec![vec![0; n]; n];
            for round in 0..rounds {
                let order = order(n, round);
                for (place, contender) in order.iter().enumerate() {
                    places[*contender][place] += 1;
                }
                for pair in order.windows(2) {
                    follows[pair[0]][pair[1]] += 1;
                }
            }
            for one in 0..n {
                assert_eq!(places[one], vec![rounds / n; n], "{n}: {one}");
                for other in (0..n).filter(|it| *it != one) {
                    assert_eq!(follows[one][other], rounds / n, "{n}: {one}");
                }
            }
        }
    }

    #[test]
    fn each_contender_takes_part_once_a_round_until_a_verdict() {
        let blocks = hold(3, 4, Ok);
        assert_eq!(blocks, Ok(vec![vec![0; 4], vec![1; 4], vec![2; 4]]));
        let wrong = Verdict::Wrong("no".into());
        let verdict = hold(3, 4, |at| match at {
            1 => Err(wrong.clone()),
            at => Ok(at),
        });
        assert_eq!(verdict, Err(wrong));
    }
}
