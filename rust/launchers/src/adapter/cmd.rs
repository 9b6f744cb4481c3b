//! `cmd:`, any command line: the probe takes the place of `{}`, or comes last.

use super::{Adapter, Prepared, find, firejail};
use harness::error::Result;
use harness::paths::{PROBE, SEARCHED};

pub const ADAPTER: Adapter = Adapter {
    name: "cmd",
    takes: "a command line; {} in it is the payload",
    about: "any command line",
    needs_words: true,
    prepare,
};

fn prepare(words: &[String]) -> Result<Prepared> {
    find(&words[0])?;
    Ok(of_words(words))
}

/// The command line as it is typed: the sandbox looks the program up, unless
/// only the caller's PATH has it.
pub fn of_words(words: &[String]) -> Prepared {
    let program = find(&words[0]).unwrap_or_else(|_| (&words[0]).into());
    let words = words.to_vec();
    let directory = program.parent().map(|it| it.display().to_string());
    let is_searched = SEARCHED
        .split(':')
        .any(|it| directory.as_deref().is_none_or(|own| own == it));
    let first = match is_searched || words[0].contains('/') {
        true => words[0].clone(),
        false => program.display().to_string(),
    };
    let is_firejail = program.file_name().is_some_and(|it| it == "firejail");
    let always = if is_firejail { firejail::ALWAYS } else { &[] };
    let argv = move |arguments: &[String]| {
        let mut argv = around(&words, arguments);
        argv[0].clone_from(&first);
        argv
    };
    Prepared {
        always: always.iter().map(|it| (*it).to_owned()).collect(),
        ..Prepared::command(program, argv)
    }
}

/// The words with the probe in them: `{}` as a word is replaced by the probe's
/// words, `{sh}` within a word by the same, quoted for a shell; where neither
/// stands, the probe comes last.
pub fn around(words: &[String], arguments: &[String]) -> Vec<String> {
    with_payload(words, &[&[PROBE.to_owned()], arguments].concat())
}

/// Whether a word says where the payload belongs.
pub fn is_place(word: &str) -> bool {
    word.contains("{}") || word.contains("{sh}")
}

/// The same for a payload of any words.
pub fn with_payload(words: &[String], payload: &[String]) -> Vec<String> {
    let quoted = shell_words::join(payload);
    let mut argv = Vec::new();
    let mut placed = false;
    for word in words {
        if word == "{}" {
            argv.extend(payload.iter().cloned());
            placed = true;
        } else if is_place(word) {
            argv.push(word.replace("{sh}", &quoted).replace("{}", &quoted));
            placed = true;
        } else {
            argv.push(word.clone());
        }
    }
    if !placed {
        argv.extend(payload.iter().cloned());
    }
    argv
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(words: &[&str]) -> String {
        let words: Vec<String> =
            words.iter().map(|it| (*it).to_owned()).collect();
        around(&words, &["--json".to_owned()]).join("|")
    }

    #[test]
    fn the_probe_is_put_where_it_is_asked_for() {
        let probe = "/nsteps/bin/nsteps-probe|--json";
        assert_eq!(argv(&["env"]), format!("env|{probe}"));
        assert_eq!(argv(&["tini", "--", "{}"]), format!("tini|--|{probe}"));
        assert_eq!(
            argv(&["su", "-c", "exec {sh}"]),
            "su|-c|exec /nsteps/bin/nsteps-probe --json"
        );
    }
}
