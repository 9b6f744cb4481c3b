//! Aligns several sequences of calls side by side.
//!
//! A row holds at most one call of each column, in the column's own order;
//! calls are in the same row if they have the same subject. Of all such
//! alignments of two columns this finds one with the most agreement (a longest
//! common subsequence, weighted by how similar two calls are); a third column
//! is aligned with the rows of the first two.

use super::story::Line;

/// For each column the index of its call in that row, if it has one.
pub type Row = Vec<Option<usize>>;

/// Puts the same call of several launchers on one row, in the order of each
/// launcher's calls.
pub fn align(columns: &[Vec<Line>]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        let likeness = |row: &Row, line: &Line| {
            row.iter()
                .zip(columns)
                .filter_map(|(cell, column)| cell.map(|it| &column[it]))
                .map(|other| likeness(other, line))
                .max()
                .unwrap_or(0)
        };
        let score: Vec<Vec<u32>> = rows
            .iter()
            .map(|row| column.iter().map(|line| likeness(row, line)).collect())
            .collect();
        rows = merge(rows, column.len(), index, &score);
    }
    rows
}

/// True if every column has the same call in that row.
pub fn is_same(row: &Row, columns: &[Vec<Line>]) -> bool {
    let mut lines = row
        .iter()
        .zip(columns)
        .map(|(cell, column)| cell.map(|it| &column[it]));
    let Some(Some(first)) = lines.next() else { return false };
    lines.all(|line| line == Some(first))
}

/// Aligns a column of `count` calls with rows, by a table of scores.
fn merge(
    rows: Vec<Row>,
    count: usize,
    width: usize,
    score: &[Vec<u32>],
) -> Vec<Row> {
    let left = rows.len();
    // The highest score that the rest of both sides can add.
    let mut best = vec![vec![0u32; count + 1]; left + 1];
    for i in (0..left).rev() {
        for j in (0..count).rev() {
            let both = match score[i][j] {
                0 => 0,
                likeness => likeness + best[i + 1][j + 1],
            };
            best[i][j] = both.max(best[i + 1][j]).max(best[i][j + 1]);
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut merged = Vec::new();
    let mut rows = rows.into_iter();
    while i < left || j < count {
        let together = i < left
            && j < count
            && score[i][j] > 0
            && best[i][j] == score[i][j] + best[i + 1][j + 1];
        let row_alone = i < left
            && !together
            && (j == count || best[i][j] == best[i + 1][j]);
        let mut row = match together || row_alone {
            true => rows.next().unwrap_or_default(),
            false => vec![None; width],
        };
        row.push((!row_alone).then_some(j));
        merged.push(row);
        i += usize::from(together || row_alone);
        j += usize::from(!row_alone);
    }
    merged
}

/// How similar two calls are: 0 if they have different subjects.
fn likeness(one: &Line, other: &Line) -> u32 {
    if one.role != other.role
        || family(&one.call) != family(&other.call)
        || subject(one) != subject(other)
    {
        return 0;
    }
    let alike = |same: bool, worth| if same { worth } else { 0 };
    4 + alike(one.arguments == other.arguments, 4)
        + alike(one.call == other.call, 2)
        + alike(one.outcome == other.outcome, 1)
}

/// The common name of calls that do the same in different ways.
pub fn family(call: &str) -> &str {
    match call {
        "clone3" | "fork" | "vfork" => "clone",
        "mkdirat" => "mkdir",
        "unlinkat" => "rmdir",
        "waitid" => "wait4",
        "exit_group" => "exit",
        "execveat" => "execve",
        other => other,
    }
}

/// The subject of a call, if calls of that name can have different subjects.
fn subject(line: &Line) -> Option<&str> {
    let index = match family(&line.call) {
        "mount" => 1,
        "umount2" | "chdir" | "chroot" | "mkdir" | "rmdir" | "execve"
        | "write" | "ioctl" | "fsopen" => 0,
        _ => return None,
    };
    line.arguments.get(index).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses a column: one call per line, `role call(argument, ...)`.
    fn column(text: &str) -> Vec<Line> {
        text.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| {
                let (role, rest) = line.split_once(' ').expect("a role");
                let (call, rest) = rest.split_once('(').expect("a bracket");
                let (arguments, outcome) =
                    rest.split_once(')').expect("a bracket");
                let outcome = outcome.strip_prefix(" = ").map(str::to_owned);
                Line {
                    role: role.to_owned(),
                    call: call.to_owned(),
                    arguments: arguments
                        .split(", ")
                        .map(str::to_owned)
                        .collect(),
                    failed: false,
                    outcome,
                }
            })
            .collect()
    }

    /// The alignment as text: a letter if a column has a call in the row, `=`
    /// in front if all have the same.
    fn arranged(texts: &[&str]) -> Vec<String> {
        let columns: Vec<Vec<Line>> =
            texts.iter().map(|text| column(text)).collect();
        align(&columns)
            .iter()
            .map(|row| {
                let line = row
                    .iter()
                    .zip(&columns)
                    .find_map(|(cell, column)| cell.map(|it| &column[it]));
                let call = line.map_or("", |line| &line.call);
                let letters: String = row
                    .iter()
                    .zip('A'..)
                    .map(|(cell, name)| if cell.is_some() { name } else { '.' })
                    .collect();
                let same = if is_same(row, &columns) { '=' } else { '~' };
                format!("{same} {letters} {call}")
            })
            .collect()
    }

    const C: &str = "
        launcher clone(CLONE_NEWNS|CLONE_NEWPID|SIGCHLD) = child
        child umount2(\"/proc\", 0)
        child mount(\"proc\", \"/proc\", \"proc\", 0, \"\")
        child execve(\"/bin/true\")
        launcher wait4(child, 0) = child, exited 0
        launcher exit_group(0)";

    const GO: &str = "
        launcher clone(CLONE_VM|CLONE_PIDFD) = throw-away
        throw-away exit(0)
        launcher waitid(P_PIDFD, pidfd, WEXITED)
        launcher clone(CLONE_VM|CLONE_VFORK|CLONE_NEWNS|CLONE_NEWPID) = child
        child execve(\"/proc/self/exe\")
        child umount2(\"/proc\", 0)
        child mount(\"proc\", \"/proc\", \"proc\", 0, \"\")
        child execve(\"/bin/true\")
        launcher waitid(P_PIDFD, pidfd, WEXITED)
        launcher wait4(child, 0) = child, exited 0
        launcher exit_group(0)";

    #[test]
    fn the_same_program_twice_is_one_sequence() {
        let rows = arranged(&[C, C]);
        assert_eq!(rows.len(), 6);
        assert!(rows.iter().all(|row| row.starts_with("= AB")), "{rows:?}");
    }

    #[test]
    fn what_only_one_does_has_a_row_of_its_own() {
        assert_eq!(
            arranged(&[C, C, GO]),
            [
                "~ ..C clone",
                "~ ..C exit",
                "~ ..C waitid",
                "~ ABC clone",
                "~ ..C execve",
                "= ABC umount2",
                "= ABC mount",
                "= ABC execve",
                "~ ..C waitid",
                "= ABC wait4",
                "= ABC exit_group",
            ]
        );
    }

    #[test]
    fn mounts_on_different_directories_are_not_compared() {
        assert_eq!(
            arranged(&[
                "child mount(none, /dev, tmpfs)",
                "child mount(proc, /proc, proc)"
            ]),
            ["~ A. mount", "~ .B mount"]
        );
    }

    #[test]
    fn the_same_thing_by_another_call_shares_a_row_and_differs() {
        assert_eq!(
            arranged(&["child rmdir(/.old)", "child unlinkat(/.old)"]),
            ["~ AB rmdir"]
        );
    }

    #[test]
    fn a_call_never_shares_a_row_with_another_role() {
        assert_eq!(
            arranged(&["launcher chdir(/)", "child chdir(/)"]),
            ["~ A. chdir", "~ .B chdir"]
        );
    }

    #[test]
    fn every_call_is_in_exactly_one_row_and_in_order() {
        let columns = [column(GO), column(C), column(GO)];
        let rows = align(&columns);
        for (index, column) in columns.iter().enumerate() {
            let seen: Vec<usize> =
                rows.iter().filter_map(|row| row[index]).collect();
            let all: Vec<usize> = (0..column.len()).collect();
            assert_eq!(seen, all);
        }
    }

    #[test]
    fn nothing_beside_nothing_is_nothing() {
        assert!(align(&[]).is_empty());
        assert!(align(&[vec![], vec![]]).is_empty());
        assert_eq!(align(&[vec![], column(C)]).len(), 6);
    }
}
