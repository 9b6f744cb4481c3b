//! A peer's answer about one block.

use harness::error::{Error, Result};

/// A peer's answer about one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The sum of all times, in nanoseconds.
    pub total: u64,
    /// The shortest of the times, in nanoseconds.
    pub min: u64,
    /// The median of the times, in nanoseconds.
    pub median: u64,
    /// The 99th percentile of the times, in nanoseconds.
    pub p99: u64,
    /// What was really made, as the peer has observed it.
    pub proof: String,
}

impl Answer {
    /// Reads the answer to a question.
    pub(crate) fn to(
        operation: &str,
        count: u32,
        text: &str,
    ) -> Option<Answer> {
        let mut words = text
            .strip_prefix(operation)?
            .strip_prefix(&format!(" {count} "))?
            .split(' ');
        let mut number = || words.next()?.parse().ok();
        let (total, min, median, p99) =
            (number()?, number()?, number()?, number()?);
        let proof = words.next()?.to_owned();
        let possible = !proof.contains('\n')
            && 0 < total
            && min <= median
            && median <= p99
            && p99 <= total;
        (possible && words.next().is_none()).then_some(Answer {
            total,
            min,
            median,
            p99,
            proof,
        })
    }

    /// Checks the proof of this answer.
    ///
    /// # Errors
    ///
    /// Fails if something else than `wanted` was proved; then no time of this
    /// answer counts.
    pub fn must_prove(&self, wanted: &str) -> Result<()> {
        if self.proof == wanted {
            return Ok(());
        }
        Err(Error::new(format!("proves {} and not {wanted}", self.proof)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_repeats_the_question() {
        let answer =
            Answer::to("unshare/uts", 5, "unshare/uts 5 9 1 2 3 uts*5");
        let answer = answer.expect("it does");
        assert_eq!((answer.total, answer.min), (9, 1));
        assert_eq!((answer.median, answer.p99), (2, 3));
        assert_eq!(answer.proof, "uts*5");
        for wrong in [
            "unshare/uts 6 9 1 2 3 uts*5",
            "unshare/net 5 9 1 2 3 uts*5",
            "unshare/uts 5 9 1 2 3",
            "unshare/uts 5 9 1 2 3 uts*5 more",
            "unshare/uts 5 9 1 2 3 uts*5\nmore",
            "unshare/uts 5 0 0 0 0 uts*5",
            "unshare/uts 5 9 3 2 1 uts*5",
            "starting...",
        ] {
            assert_eq!(Answer::to("unshare/uts", 5, wrong), None);
        }
    }
}
