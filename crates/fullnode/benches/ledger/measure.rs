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
}

impl Meter {
    pub fn add(&mut self, other: Self) {
        self.wall.add_assign(other.wall);
        self.cpu.add_assign(other.cpu);
    }

    pub async fn of<T>(future: impl Future<Output = T>) -> (Self, T) {
        let (wall, cpu) = (Instant::now(), cpu_time());
        let value = future.await;
        let meter = Self {
            wall: wall.elapsed(),
            cpu: cpu_time() - cpu,
        };
        (meter, value)
    }
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
