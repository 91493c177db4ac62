//! Many small networks with many misfortunes: `cargo run --release -p floe-sim --example seeds -- FROM COUNT`.
//! A seed that fails prints itself and its plan; `-- SEED 1` runs it again.

use std::process::ExitCode;

use floe_sim::scenario;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let (Ok(from), Ok(count)) = (
        numbers.next().unwrap_or(Ok(0)),
        numbers.next().unwrap_or(Ok(200)),
    ) else {
        eprintln!("expected two numbers: the first seed, and how many");
        return ExitCode::from(2);
    };
    let mut failed = Vec::new();
    for seed in from..from.saturating_add(count) {
        match scenario::run(seed) {
            Ok(report) => println!("seed {seed}: {report:?}"),
            Err(error) => {
                eprintln!("{error}");
                failed.push(seed);
            }
        }
    }
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("seeds that failed: {failed:?}");
    ExitCode::FAILURE
}
