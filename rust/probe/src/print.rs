//! Prints an observation as lines for a reader.

use std::fmt;

use crate::observation::{Observation, Reading, Unread};
use crate::property::mount_lines;
use crate::text;

/// Writes one line for each reading, sorted by key, the keys in a column of
/// their own: `KEY = VALUE` or, if there is no value, `KEY ! CALL: ERRNO`.
///
/// The mounts are among the others as `mnt.PATH`, in the order of the mount
/// tree; a second mount on the same path is `mnt.PATH#2`. No line has a control
/// character in it, and no key a space: both are written as octal escapes,
/// `\040`.
impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOUNTS: &str = "mnt";
        let line = |key: &str, reading: &Reading| {
            let text = match reading {
                Reading::Value(value) => format!("= {value}"),
                Reading::Unread { call, errno } => {
                    let why = Unread { call: call.clone(), errno: *errno };
                    format!("! {why}")
                }
            };
            (key.replace(' ', "\\040"), text)
        };
        let readings = |mounts: std::cmp::Ordering| {
            self.readings
                .iter()
                .filter(move |(key, _)| key.as_str().cmp(MOUNTS) == mounts)
                .map(|(key, reading)| line(key, reading))
        };
        let mounts: Vec<(String, String)> = match &self.mounts {
            Ok(table) => mount_lines(table)
                .into_iter()
                .map(|(key, text)| line(&key, &Reading::Value(text)))
                .collect(),
            // The mount table was not asked for.
            Err(unread)
                if unread.errno == 0
                    && !self.readings.contains_key("mounts.from") =>
            {
                vec![]
            }
            Err(unread) => {
                vec![line(MOUNTS, &Err::<String, _>(unread.clone()).into())]
            }
        };
        let lines: Vec<(String, String)> = readings(std::cmp::Ordering::Less)
            .chain(mounts)
            .chain(readings(std::cmp::Ordering::Greater))
            .collect();
        let width = text::column(lines.iter().map(|(key, _)| key));
        for (key, text) in lines {
            writeln!(f, "{key:width$} {text}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::tests::observation;
    use nix::errno::Errno;

    #[test]
    fn in_print_it_is_one_line_for_each_reading() {
        assert_eq!(
            observation().to_string(),
            "env.A\\040B   = x\n\
             mnt./        = tmpfs \"\" ro (super rw,size=4k) \
             device 0:1 private\n\
             mnt./proc    = proc proc rw (super rw) \
             device 0:2 shared group 4 over-mounted\n\
             mnt./proc#2  = proc none rw (super rw) root /a \
             device 0:3 private\n\
             mounts.from  = mountinfo\n\
             ns.uts       ! open /proc/self/ns/uts: ENOENT\n\
             uts.hostname = vm\n"
        );
    }

    #[test]
    fn a_mount_table_that_cannot_be_read_is_a_line() {
        let mut observation = Observation::default();
        let unread = Unread::new("open /proc/self/mountinfo", Errno::EACCES);
        observation.mounts = Err(unread);
        assert_eq!(
            observation.to_string(),
            "mnt ! open /proc/self/mountinfo: EACCES\n"
        );
        assert_eq!(Observation::default().to_string(), "");
    }
}
