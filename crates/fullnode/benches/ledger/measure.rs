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
    /// Checking signatures and executing, on one core; part of the above.
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

/// Runs `work` on this thread; how long the thread worked.
pub fn thread_time<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let began = time_of(ClockId::ThreadCPUTime);
    let value = work();
    (time_of(ClockId::ThreadCPUTime) - began, value)
}

fn cpu_time() -> Duration {
    time_of(ClockId::ProcessCPUTime)
}

fn time_of(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
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
