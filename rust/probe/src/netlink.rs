//! Questions to the kernel over netlink(7) whose answer is a list.

use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send,
    socket,
};

/// The bodies of all messages that the kernel answers to a question: its kind,
/// and what stands behind its header.
///
/// # Errors
///
/// Fails with the call that was refused and its errno: `socket`, `send` and
/// `recv`, or `ask` if the kernel answered with an error, with `EBADMSG` if the
/// answer makes no sense.
pub(crate) fn dump(
    protocol: SockProtocol,
    kind: u16,
    body: &[u8],
) -> Result<Vec<Vec<u8>>, (&'static str, Errno)> {
    let in_call = |call| move |errno| (call, errno);
    let fd = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        protocol,
    )
    .map_err(in_call("socket"))?;
    // A length, a type, NLM_F_REQUEST and NLM_F_DUMP, a number, a port.
    let length = u32::try_from(16 + body.len()).unwrap_or(u32::MAX);
    let mut ask = Vec::new();
    ask.extend(length.to_ne_bytes());
    ask.extend(kind.to_ne_bytes());
    ask.extend(0x301_u16.to_ne_bytes());
    ask.extend([0; 8]);
    ask.extend(body);
    send(fd.as_raw_fd(), &ask, MsgFlags::empty()).map_err(in_call("send"))?;
    let mut messages = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    // The kernel makes each part of an answer when it is asked, and while the
    // part before is received: there is nothing to wait for.
    loop {
        let length = recv(fd.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT)
            .map_err(in_call("recv"))?;
        let ended = enter(&buffer[..length], &mut messages);
        if ended.map_err(in_call("ask"))? {
            return Ok(messages);
        }
    }
}

/// Enters the messages of a part of an answer; whether it was the last one.
fn enter(mut bytes: &[u8], messages: &mut Vec<Vec<u8>>) -> Result<bool, Errno> {
    /// NLMSG_ERROR.
    const ERROR: u16 = 2;
    /// NLMSG_DONE.
    const DONE: u16 = 3;
    while let Some(length) = u32_at(bytes, 0) {
        let length = length as usize;
        let (Some(message), Some(kind)) =
            (bytes.get(16..length), u16_at(bytes, 4))
        else {
            return Err(Errno::EBADMSG);
        };
        match kind {
            DONE => return Ok(true),
            ERROR => {
                let number = u32_at(message, 0).unwrap_or(0).cast_signed();
                return match number {
                    0 => Ok(true),
                    number => Err(Errno::from_raw(number.wrapping_neg())),
                };
            }
            _ => messages.push(message.to_vec()),
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or(&[]);
    }
    Ok(false)
}

/// The attributes of a message: each has a length, a type and a value.
pub(crate) fn attributes(
    mut bytes: &[u8],
) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (length, kind) = (u16_at(bytes, 0)?, u16_at(bytes, 2)?);
        let length = usize::from(length);
        let value = bytes.get(4..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        // Two bits say how the value is written.
        Some((kind & 0x3fff, value))
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let word = bytes.get(at..at + 2)?;
    Some(u16::from_ne_bytes(word.try_into().ok()?))
}

/// The number of four bytes at a place.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at + 4)?;
    Some(u32::from_ne_bytes(word.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_makes_no_sense_is_an_error() {
        let mut messages = Vec::new();
        let mut message = 400_u32.to_ne_bytes().to_vec();
        message.resize(20, 0);
        assert_eq!(enter(&message, &mut messages), Err(Errno::EBADMSG));
        assert_eq!(enter(&[], &mut messages), Ok(false));
    }

    proptest::proptest! {
        #[test]
        fn no_answer_ends_the_probe(
            bytes in proptest::collection::vec(0_u8.., 0..96),
            length in 0_u8..100,
        ) {
            let mut answer = u32::from(length).to_ne_bytes().to_vec();
            answer.extend(&bytes);
            let mut messages = Vec::new();
            let _ = enter(&answer, &mut messages);
            for message in messages {
                let _ = attributes(&message).count();
            }
        }
    }
}
