//! Processor time, wall time and peak memory of a piece of work.

use std::{fmt, fs, time::Instant};

use rustix::time::{ClockId, clock_gettime};

/// Runs are repeated until they took this many seconds together, but not more often than `RUNS`, and
/// not less than `RUNS_MIN` unless these take long.
const ENOUGH_S: f64 = 2.0;
const TOO_LONG_S: f64 = 8.0;
const RUNS: usize = 7;
const RUNS_MIN: usize = 3;

/// The best of several runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measurement {
    pub(crate) cpu_s: f64,
    pub(crate) wall_s: f64,
    pub(crate) peak_rss_bytes: u64,
    /// Bytes gone through.
    pub(crate) bytes: f64,
}

impl Measurement {
    /// Measures `work` on something of `bytes` bytes, done `count` times in one run: figures are for
    /// one time.
    #[expect(clippy::cast_precision_loss, reason = "of no matter here")]
    pub(crate) fn of(bytes: u64, count: usize, mut work: impl FnMut()) -> Self {
        // Forget the peak of what came before.
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let (mut cpu_s, mut wall_s, mut total_s) = (f64::MAX, f64::MAX, 0.0);
        for run in 1..=RUNS {
            let (wall, cpu) = (Instant::now(), processor_s());
            work();
            let (took, elapsed) = (processor_s() - cpu, wall.elapsed().as_secs_f64());
            (cpu_s, wall_s, total_s) = (took.min(cpu_s), elapsed.min(wall_s), total_s + took);
            if total_s > ENOUGH_S && (run >= RUNS_MIN || total_s > TOO_LONG_S) {
                break;
            }
        }
        let count = count as f64;
        Self {
            cpu_s: cpu_s / count,
            wall_s: wall_s / count,
            peak_rss_bytes: peak_rss_bytes(),
            bytes: bytes as f64,
        }
    }

    pub(crate) fn parse(line: &str) -> Self {
        let mut fields = line.split_whitespace();
        let mut next = || fields.next().unwrap();
        Self {
            cpu_s: next().parse().unwrap(),
            wall_s: next().parse().unwrap(),
            peak_rss_bytes: next().parse().unwrap(),
            bytes: next().parse().unwrap(),
        }
    }
}

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cpu_s,
            wall_s,
            peak_rss_bytes,
            bytes,
        } = self;
        write!(f, "{cpu_s} {wall_s} {peak_rss_bytes} {bytes}")
    }
}

/// User and system time of all threads of this process.
#[expect(clippy::cast_precision_loss, reason = "of no matter here")]
fn processor_s() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn peak_rss_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kib: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
    kib << 10
}
