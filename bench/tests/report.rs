//! The chapter about costs is what the newest record gives, and each of its
//! targets is met or has a reason.

use bench::chapter;
use bench::judge::target::faults;
use bench::record::stored::{RECORDS, Record};
use harness::host::layout::Layout;
use libtest_mimic::{Arguments, Failed, Trial};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let none = Layout::find()
        .and_then(|it| Record::newest(it.root()))
        .is_ok_and(|it| it.is_none());
    let targets = "every_target_is_met_or_has_a_reason";
    let targets = if none {
        Trial::test(targets, || Ok(()))
            .with_ignored_flag(true)
            .with_kind(format!("no record in {RECORDS}"))
    } else {
        Trial::test(targets, every_target)
    };
    let trials = vec![
        Trial::test("the_chapter_is_what_the_record_says", chapter_is_current),
        targets,
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn newest() -> Result<(Layout, Option<Record>), Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let record = Record::newest(layout.root()).map_err(|it| it.message)?;
    Ok((layout, record))
}

fn chapter_is_current() -> Result<(), Failed> {
    let (layout, record) = newest()?;
    let wanted = chapter::files(record.as_ref());
    judge(chapter::stale(layout.root(), &wanted))
}

fn every_target() -> Result<(), Failed> {
    judge(newest()?.1.iter().flat_map(faults).collect())
}

fn judge(wrong: Vec<String>) -> Result<(), Failed> {
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}
