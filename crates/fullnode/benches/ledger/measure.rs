//! Clocks and memory.

use std::{
    ops::AddAssign as _,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

/// Time that passed, and that processors worked for this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meter {
    pub wall: Duration,
    pub cpu: Duration,
    /// Checking signatures and executing; part of the above.
    pub executing: Duration,
}

impl Meter {
    pub fn add(&mut self, other: Self) {
        self.wall.add_assign(other.wall);
        self.cpu.add_assign(other.cpu);
        self.executing.add_assign(other.executing);
    }

    pub async fn of<T>(future: impl Future<Output = T>) -> (Self, T) {
        let (wall, cpu) = (Instant::now(), cpu_time());
        let value = future.await;
        let meter = Self {
            wall: wall.elapsed(),
            cpu: cpu_time() - cpu,
            executing: Duration::ZERO,
        };
        (meter, value)
    }
}

/// How long the threads that compute have worked so far: they check signatures, execute, and sign
/// checkpoints; waiting for the disk and writing to it is what others do.
pub fn computing_time() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let times = tasks.flatten().filter_map(|task| {
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        let times = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        let nanoseconds = times.split_whitespace().next()?.parse().ok()?;
        name.starts_with("cpu-")
            .then(|| Duration::from_nanos(nanoseconds))
    });
    times.sum()
}

fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        now.tv_sec.try_into().unwrap(),
        now.tv_nsec.try_into().unwrap(),
    )
}

/// Memory of this process now.
pub fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let kib: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
    kib / 1024
}
