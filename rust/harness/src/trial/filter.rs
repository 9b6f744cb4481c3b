//! What a seccomp filter decides, whatever the order of its instructions.
//!
//! Two programs that load one profile seldom make the same filter: libraries
//! sort the calls in their own way, and runc in another one each time. So a
//! filter is not known by its bytes. It is run, as the kernel would run it, for
//! every number of a call, and for the arguments at which its answers change.
//!
//! Source: seccomp(2), and the kernel's `Documentation/networking/filter.rst`.

use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One instruction of classic BPF: `struct sock_filter`.
#[derive(Clone, Copy, Debug)]
struct Instruction {
    code: u16,
    if_true: u8,
    if_false: u8,
    k: u32,
}

/// The words of `struct seccomp_data`: the number of the call, the processor
/// architecture, the instruction pointer, and six arguments, each of the last
/// seven with its lower half first.
type Data = [u32; WORDS];

const WORDS: usize = 16;
const ARCHITECTURE: usize = 1;
/// From here on the words are not known from the call alone.
const ARGUMENTS: usize = 2;

/// The architectures that a filter may ask for: linux/audit.h. The last stands
/// for every other one.
const ARCHITECTURES: [u32; 6] = [
    0xc000_003e, // x86-64 and x32
    0x4000_0003, // i386
    0xc000_00b7, // aarch64
    0x4000_0028, // arm
    0xc000_00f3, // riscv64
    0,
];

/// The numbers below it are tried, and the same with the bit of x32.
const NUMBERS: u32 = 600;
const X32: u32 = 0x4000_0000;

/// How often a filter is run at most for the arguments of all calls: with the
/// greatest program that the kernel takes, 4096 instructions, some seconds.
const RUNS: usize = 200_000;

/// How many combinations of arguments are tried of one call at most. Of a
/// filter with more nothing is said but its bytes: two such filters that
/// differ must not be taken for one.
const COMBINATIONS: usize = 4096;

/// What a filter does with a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Decision {
    /// The same with any arguments: the value that the filter returns.
    Always(u32),
    /// It depends on the arguments: the words of the data that it asks for,
    /// and for each combination that was tried, one value for each word, what
    /// it returns.
    ByArguments(Vec<usize>, Vec<(Vec<u32>, u32)>),
}

/// What a filter decides about every call: by architecture and number.
#[derive(Debug)]
struct Decisions(BTreeMap<(u32, u32), Decision>);

impl Decisions {
    /// Runs a filter, given as the kernel hands it out: `struct sock_filter`
    /// after `struct sock_filter`. `None` if it has an instruction that the
    /// kernel would not take, asks for too many values of its arguments, or
    /// calculates with them.
    fn of(filter: &[u8]) -> Option<Decisions> {
        let program: Vec<Instruction> =
            filter.chunks_exact(8).map(Instruction::read).collect();
        let numbers = (0..NUMBERS).chain((0..NUMBERS).map(|it| it | X32));
        let numbers: Vec<u32> = numbers.chain([u32::MAX]).collect();
        let mut all = BTreeMap::new();
        let mut left = RUNS;
        for architecture in ARCHITECTURES {
            for number in &numbers {
                let decision =
                    decide(&program, architecture, *number, &mut left)?;
                all.insert((architecture, *number), decision);
            }
        }
        Some(Decisions(all))
    }
}

/// What a filter decides; if that cannot be said, how many instructions it has
/// and the start of their digest.
pub fn words(filter: &[u8]) -> String {
    let decisions = Decisions::of(filter);
    decisions.map_or_else(|| fingerprint(filter), |it| it.to_string())
}

/// How many instructions a filter has, and the start of their digest.
fn fingerprint(filter: &[u8]) -> String {
    format!("{} instructions {}", filter.len() / 8, start_of_digest(filter))
}

fn start_of_digest(of: &[u8]) -> String {
    let digest = Sha256::digest(of);
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// How many calls of this machine's architecture are allowed, and what is
/// answered to the last number, which is no call; then the digest.
impl fmt::Display for Decisions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let native = kernel::AUDIT_ARCH.unwrap_or(0);
        let of = |number: u32| self.0.get(&(native, number));
        let (mut allowed, mut by_arguments) = (0, 0);
        for number in 0..NUMBERS {
            match of(number) {
                Some(Decision::Always(ALLOW)) => allowed += 1,
                Some(Decision::ByArguments(..)) => by_arguments += 1,
                _ => {}
            }
        }
        let unknown = match of(NUMBERS - 1) {
            Some(Decision::Always(value)) => action(*value),
            _ => "by arguments".to_owned(),
        };
        let line =
            |((architecture, number), decision): (&(u32, u32), &Decision)| {
                format!("{architecture} {number} {decision:?}\n")
            };
        let all: String = self.0.iter().map(line).collect();
        let refused = NUMBERS - allowed - by_arguments;
        write!(
            out,
            "of {NUMBERS} calls {allowed} allowed, {refused} not, \
             {by_arguments} by arguments; an unknown one {unknown}; {}",
            start_of_digest(all.as_bytes())
        )
    }
}

const ALLOW: u32 = 0x7fff_0000;

/// The name of what a filter returns: linux/seccomp.h.
fn action(value: u32) -> String {
    let data = value & 0xffff;
    match value & 0xffff_0000 {
        0x8000_0000 => "KILL_PROCESS".to_owned(),
        0 => "KILL_THREAD".to_owned(),
        0x0003_0000 => "TRAP".to_owned(),
        0x0005_0000 => format!("ERRNO({data})"),
        0x7fc0_0000 => "USER_NOTIF".to_owned(),
        0x7ff0_0000 => "TRACE".to_owned(),
        0x7ffc_0000 => "LOG".to_owned(),
        ALLOW => "ALLOW".to_owned(),
        _ => format!("{value:#x}"),
    }
}

impl Instruction {
    fn read(bytes: &[u8]) -> Instruction {
        let word = |at: usize| u16::from_ne_bytes([bytes[at], bytes[at + 1]]);
        Instruction {
            code: word(0),
            if_true: bytes[2],
            if_false: bytes[3],
            k: u32::from_ne_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
        }
    }
}

fn decide(
    program: &[Instruction],
    architecture: u32,
    number: u32,
    left: &mut usize,
) -> Option<Decision> {
    let mut data: Data = [0; WORDS];
    (data[0], data[ARCHITECTURE]) = (number, architecture);
    let first = run(program, &data)?;
    if first.asked.is_empty() {
        return Some(Decision::Always(first.value));
    }
    // Each word gets the values at which a comparison changes its answer. With
    // these the filter comes to other comparisons, until there are no more.
    let mut values: BTreeMap<usize, BTreeSet<u32>> = BTreeMap::new();
    let mut tried: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
    let mut new = first.asked;
    loop {
        let before: usize = values.values().map(BTreeSet::len).sum();
        for (word, value) in std::mem::take(&mut new) {
            let of_word = values.entry(word).or_default();
            let around = [value.wrapping_sub(1), value, value.wrapping_add(1)];
            of_word.extend(around.into_iter().chain([0, !value, u32::MAX]));
        }
        if values.values().map(BTreeSet::len).sum::<usize>() == before {
            break;
        }
        tried.clear();
        for combination in combinations(&values)? {
            for (word, value) in values.keys().zip(&combination) {
                data[*word] = *value;
            }
            if *left == 0 {
                return None;
            }
            *left -= 1;
            let ran = run(program, &data)?;
            new.extend(ran.asked);
            tried.insert(combination, ran.value);
        }
    }
    let answers: BTreeSet<u32> = tried.values().copied().collect();
    Some(match answers.len() {
        1 => Decision::Always(first.value),
        _ => {
            let words = values.into_keys().collect();
            Decision::ByArguments(words, tried.into_iter().collect())
        }
    })
}

/// Every combination of one value for each word; `None` if there are too many.
fn combinations(
    values: &BTreeMap<usize, BTreeSet<u32>>,
) -> Option<Vec<Vec<u32>>> {
    let lengths = values.values().map(BTreeSet::len);
    let count = lengths.fold(1, usize::saturating_mul);
    if count > COMBINATIONS {
        return None;
    }
    let mut all: Vec<Vec<u32>> = vec![Vec::new()];
    for of_word in values.values() {
        let with = |one: Vec<u32>| {
            of_word.iter().map(move |value| {
                let mut more = one.clone();
                more.push(*value);
                more
            })
        };
        all = all.into_iter().flat_map(with).collect();
    }
    Some(all)
}

/// What one run of a filter has returned, and which word of the arguments it
/// has compared, as it is or under a mask, with which values.
struct Ran {
    value: u32,
    asked: BTreeSet<(usize, u32)>,
}

/// Runs a filter as the kernel does; `None` if it cannot be run, or if it does
/// more with an argument than to mask and compare it.
fn run(program: &[Instruction], data: &Data) -> Option<Ran> {
    let (mut a, mut x) = (0_u32, 0_u32);
    // The word of the arguments that `a` was made from.
    let mut origin: Option<usize> = None;
    let mut memory = [(0_u32, None); 16];
    let mut asked = BTreeSet::new();
    let mut at = 0;
    loop {
        let Instruction { code, if_true, if_false, k } = *program.get(at)?;
        at += 1;
        let operand = if code & 0x08 == 0 { k } else { x };
        match code & 0x07 {
            // LD
            0x00 => {
                (a, origin) = match code & 0xe0 {
                    0x00 => (k, None),
                    0x20 => {
                        let word = usize::try_from(k / 4).ok()?;
                        let of_argument = (word >= ARGUMENTS).then_some(word);
                        (*data.get(word)?, of_argument)
                    }
                    0x60 => *memory.get(k as usize)?,
                    0x80 => ((WORDS * 4) as u32, None),
                    _ => return None,
                }
            }
            // LDX
            0x01 => {
                x = match code & 0xe0 {
                    0x00 => k,
                    0x60 => match *memory.get(k as usize)? {
                        (number, None) => number,
                        (_, Some(_)) => return None,
                    },
                    0x80 => (WORDS * 4) as u32,
                    _ => return None,
                }
            }
            // ST, STX
            0x02 => *memory.get_mut(k as usize)? = (a, origin),
            0x03 => *memory.get_mut(k as usize)? = (x, None),
            // ALU
            0x04 => {
                match origin {
                    None => {}
                    // The bits of a mask are what is compared next.
                    Some(word) if code & 0xf0 == 0x50 => {
                        asked.insert((word, operand));
                    }
                    // At which argument the answer changes is not known.
                    Some(_) => return None,
                }
                a = calculate(code & 0xf0, a, operand)?;
            }
            // JMP
            0x05 => {
                if code & 0xf0 == 0 {
                    at = at.checked_add(k as usize)?;
                    continue;
                }
                if let Some(word) = origin {
                    asked.insert((word, operand));
                }
                let holds = match code & 0xf0 {
                    0x10 => a == operand,
                    0x20 => a > operand,
                    0x30 => a >= operand,
                    0x40 => a & operand != 0,
                    _ => return None,
                };
                at += usize::from(if holds { if_true } else { if_false });
            }
            // RET
            0x06 => {
                let value = match (code & 0x18, origin) {
                    (0x00, _) => k,
                    (0x10, None) => a,
                    _ => return None,
                };
                return Some(Ran { value, asked });
            }
            // MISC: TAX, TXA
            _ => match code & 0xf8 {
                0x00 if origin.is_none() => x = a,
                0x80 => (a, origin) = (x, None),
                _ => return None,
            },
        }
    }
}

fn calculate(operation: u16, a: u32, operand: u32) -> Option<u32> {
    Some(match operation {
        0x00 => a.wrapping_add(operand),
        0x10 => a.wrapping_sub(operand),
        0x20 => a.wrapping_mul(operand),
        0x30 => a.checked_div(operand)?,
        0x40 => a | operand,
        0x50 => a & operand,
        0x60 => a.checked_shl(operand).unwrap_or(0),
        0x70 => a.checked_shr(operand).unwrap_or(0),
        0x80 => a.wrapping_neg(),
        0xa0 => a ^ operand,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const X86_64: u32 = ARCHITECTURES[0];
    const REFUSE: u32 = 0x0005_0001;

    fn bytes(program: &[(u16, u8, u8, u32)]) -> Vec<u8> {
        let each = |(code, if_true, if_false, k): &(u16, u8, u8, u32)| {
            let [a, b] = code.to_ne_bytes();
            let [c, d, e, f] = k.to_ne_bytes();
            [a, b, *if_true, *if_false, c, d, e, f]
        };
        program.iter().flat_map(each).collect()
    }

    fn of(program: &[(u16, u8, u8, u32)]) -> String {
        let decisions = Decisions::of(&bytes(program));
        decisions.expect("a filter that can be run").to_string()
    }

    const NUMBER: (u16, u8, u8, u32) = (0x20, 0, 0, 0);

    #[test]
    fn the_order_of_the_calls_does_not_matter() {
        let one = [
            NUMBER,
            (0x15, 2, 0, 3),
            (0x15, 1, 0, 60),
            (0x06, 0, 0, REFUSE),
            (0x06, 0, 0, ALLOW),
        ];
        let mut other = one;
        (other[1], other[2]) = ((0x15, 2, 0, 60), (0x15, 1, 0, 3));
        assert_eq!(of(&one), of(&other));
        let words = "of 600 calls 2 allowed, 598 not, 0 by arguments; an \
                     unknown one ERRNO(1); ";
        assert!(of(&one).starts_with(words), "{}", of(&one));
        let mut third = one;
        third[2] = (0x15, 1, 0, 61);
        assert_ne!(of(&one), of(&third));
    }

    /// personality(2) with one of two values, in either order.
    #[test]
    fn the_order_of_the_arguments_does_not_matter() {
        let with = |first: u32, second: u32| {
            of(&[
                NUMBER,
                (0x15, 0, 3, 135),
                (0x20, 0, 0, 16),
                (0x15, 2, 0, first),
                (0x15, 1, 0, second),
                (0x06, 0, 0, REFUSE),
                (0x06, 0, 0, ALLOW),
            ])
        };
        assert_eq!(with(8, 0x20000), with(0x20000, 8));
        assert_ne!(with(8, 0x20000), with(8, 0x20001));
        let words = with(8, 0x20000);
        assert!(words.contains("0 allowed, 599 not, 1 by"), "{words}");
    }

    #[test]
    fn the_same_value_of_another_argument_is_another_decision() {
        let with = |offset: u32| {
            of(&[
                NUMBER,
                (0x15, 0, 2, 135),
                (0x20, 0, 0, offset),
                (0x15, 1, 0, 8),
                (0x06, 0, 0, REFUSE),
                (0x06, 0, 0, ALLOW),
            ])
        };
        assert_ne!(with(16), with(24));
    }

    #[test]
    fn of_a_filter_with_too_many_values_nothing_is_said() {
        let word = |argument: u32| {
            let load = (0x20, 0, 0, 16 + 8 * argument);
            let ask = |value: u32| (0x15, 0, 0, 100 * value + argument);
            let mut all = vec![load];
            all.extend((1..=20).map(ask));
            all
        };
        let mut program: Vec<_> = (0..4).flat_map(word).collect();
        program.push((0x06, 0, 0, ALLOW));
        assert!(Decisions::of(&bytes(&program)).is_none());
    }

    /// clone(2) without any flag of a namespace: a mask, then a comparison.
    #[test]
    fn a_mask_is_looked_at_bit_by_bit() {
        let with = |mask: u32| {
            of(&[
                NUMBER,
                (0x15, 0, 4, 56),
                (0x20, 0, 0, 16),
                (0x54, 0, 0, mask),
                (0x15, 1, 0, 0),
                (0x06, 0, 0, REFUSE),
                (0x06, 0, 0, ALLOW),
            ])
        };
        assert_ne!(with(0x7e02_0000), with(0x7c02_0000));
        assert!(with(0x7e02_0000).contains("1 by arguments"));
    }

    #[test]
    fn a_decision_that_no_argument_changes_is_one() {
        let program =
            bytes(&[(0x20, 0, 0, 16), (0x15, 0, 0, 7), (0x06, 0, 0, ALLOW)]);
        let decisions = Decisions::of(&program).expect("a filter");
        assert_eq!(decisions.0[&(X86_64, 1)], Decision::Always(ALLOW));
    }

    #[test]
    fn of_a_filter_that_calculates_with_an_argument_nothing_is_said() {
        let with = |instruction| {
            Decisions::of(&bytes(&[
                (0x20, 0, 0, 16),
                instruction,
                (0x15, 0, 1, 5),
                (0x06, 0, 0, REFUSE),
                (0x06, 0, 0, ALLOW),
            ]))
        };
        assert!(with((0x74, 0, 0, 8)).is_none(), "a shift");
        assert!(with((0x07, 0, 0, 0)).is_none(), "a copy");
        assert!(with((0x16, 0, 0, 0)).is_none(), "a return");
        assert!(with((0x54, 0, 0, 0xff)).is_some(), "a mask");
    }

    #[test]
    fn what_the_kernel_would_not_take_has_no_decisions() {
        assert!(Decisions::of(&bytes(&[(0x15, 9, 9, 0)])).is_none());
        assert!(Decisions::of(&bytes(&[(0x34, 0, 0, 0)])).is_none());
        assert!(Decisions::of(&[]).is_none());
    }

    #[test]
    fn filters_are_known_by_their_instructions() {
        let one = fingerprint(&[6, 0, 0, 0, 0, 0, 0xff, 0x7f]);
        assert!(one.starts_with("1 instructions "), "{one}");
        assert_ne!(one, fingerprint(&[6, 0, 0, 0, 0, 0, 5, 0]));
    }
}
