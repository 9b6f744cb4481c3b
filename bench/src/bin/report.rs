//! Writes the book's chapter about costs from the newest record; with a
//! number measures first, the ratios that many times.
//!
//!     cargo run --release -p nsteps-bench --bin report [-- RUNS]

use bench::chapter;
use bench::judge::target::faults;
use bench::measure::report::{measure, shown};
use bench::record::stored::Record;
use harness::error::{Context, Error, Result};
use harness::host::layout::Layout;
use std::process::ExitCode;

const USAGE: &str = "usage: report [RUNS]: measures RUNS times and writes a \
                     record; without RUNS, or with 0, only writes the chapter \
                     of the newest record";

fn main() -> ExitCode {
    match report() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-report: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runs = match arguments.as_slice() {
        [help] if help == "--help" || help == "-h" => {
            println!("{USAGE}");
            return Ok(());
        }
        [] => 0,
        [runs] => runs
            .parse()
            .context(format_args!("read {runs} as a number of runs"))?,
        _ => return Err(Error::new(USAGE)),
    };
    let layout = Layout::find()?;
    let root = layout.root();
    if runs > 0 {
        let to = measure(&layout, runs)?;
        println!("bench-report: {}", shown(&to, root));
    }
    let record = Record::newest(root)?;
    let files = chapter::files(record.as_ref());
    chapter::write(root, &files)?;
    println!(
        "bench-report: {} and {} figures",
        chapter::CHAPTER,
        files.len() - 1
    );
    // The tests report these faults too; here they appear before the chapter is
    // committed.
    for fault in record.iter().flat_map(faults) {
        println!("bench-report: {fault}");
    }
    Ok(())
}
