//! `srt:`, the sandbox runtime for agents: its options, and the probe as the
//! text of a shell behind them.
//!
//! srt writes its command, the password of its proxy and the port of that into
//! the environment of the payload: all three are other ones in every run.

use super::{Adapter, Prepared, cmd, find};
use harness::error::{Error, Result};
use harness::paths::PROBE;

pub const ADAPTER: Adapter = Adapter {
    name: "srt",
    takes: "options of srt",
    about: "the sandbox runtime for agents, around bwrap",
    needs_words: false,
    prepare,
};

/// The options of srt that have a value.
const WITH_VALUE: &[&str] = &["-s", "--settings", "--control-fd", "-c"];

fn prepare(words: &[String]) -> Result<Prepared> {
    let placed = words.iter().any(|it| cmd::is_place(it));
    if let (false, Some(command)) = (placed, command(words)) {
        return Err(Error::new(format!(
            "srt: the command {command} stands behind the options: leave it \
             out, for the payload takes its place, or write {{sh}} in it where \
             the payload belongs"
        )));
    }
    let program = find("srt")?;
    let mut line = vec![program.display().to_string()];
    line.extend(words.iter().cloned());
    if !placed {
        line.extend(["-c", "{sh}"].map(str::to_owned));
    }
    let argv = move |arguments: &[String]| {
        cmd::with_payload(&line, &[&[PROBE.to_owned()], arguments].concat())
    };
    let bwrap = ["sh", "-c", "command -v bwrap"];
    Ok(Prepared {
        always: ["ns.mnt", "ns.pid"].map(str::to_owned).to_vec(),
        names_runtime: Some(bwrap.map(str::to_owned).to_vec()),
        ..Prepared::command(program, argv)
    })
}

/// The command among the words: what is no option, or the value of `-c`.
fn command(words: &[String]) -> Option<&str> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !word.starts_with('-') {
            return Some(word);
        }
        if WITH_VALUE.contains(&word.as_str()) {
            let value = words.next();
            if word == "-c" {
                return value.map(String::as_str);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_told_from_the_values_of_options() {
        let command = |line: &str| {
            let words: Vec<String> =
                line.split_whitespace().map(str::to_owned).collect();
            command(&words).map(str::to_owned)
        };
        assert_eq!(command("--settings /f -d"), None);
        assert_eq!(command("--settings=/f ls -l").as_deref(), Some("ls"));
        assert_eq!(command("-s /f -c ls").as_deref(), Some("ls"));
        let why = prepare(&["ls".to_owned()]).err().map(|it| it.message);
        assert!(why.is_some_and(|it| it.contains("write {sh} in it")));
    }
}
