//! Processor time and memory of this process and of the network's.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use floe_client::{Phase, Progress};

/// Ticks of a second in `/proc`, on every Linux there is.
const TICKS_PER_SECOND: u64 = 100;

/// A duration in seconds.
pub fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// What a measurement used.
pub struct Used {
    pub client_cpu: Duration,
    pub network_cpu: Duration,
    pub client_peak_mib: u64,
    pub network_peak_mib: u64,
}

/// What had been used when a measurement began.
pub struct Usage {
    network: u32,
    client_cpu: Duration,
    network_cpu: Duration,
}

impl Usage {
    /// Begins to measure; peaks of memory count from here.
    pub fn begin(network: u32) -> Self {
        for process in [std::process::id(), network] {
            // Where that is not allowed, peaks are those of the whole run.
            let _ = fs::write(format!("/proc/{process}/clear_refs"), "5");
        }
        Self {
            network,
            client_cpu: own_cpu(),
            network_cpu: cpu_of(network),
        }
    }

    /// What has been used since.
    pub fn end(&self) -> Used {
        Used {
            client_cpu: own_cpu() - self.client_cpu,
            network_cpu: cpu_of(self.network) - self.network_cpu,
            client_peak_mib: peak_mib(std::process::id()),
            network_peak_mib: peak_mib(self.network),
        }
    }
}

/// Processor time of this process so far.
pub fn own_cpu() -> Duration {
    cpu_of(std::process::id())
}

fn cpu_of(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name may hold anything but this.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks: u64 = [11, 12]
        .map(|field: usize| fields[field].parse::<u64>().unwrap())
        .iter()
        .sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

fn peak_mib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
    kib / 1024
}

/// Adds up wall time and processor time by phase.
#[derive(Debug, Default)]
pub struct Phases(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    current: Option<(&'static str, Instant, Duration)>,
    totals: BTreeMap<&'static str, (Duration, Duration)>,
}

impl Phases {
    /// Forgets everything.
    pub fn clear(&self) {
        *self.0.lock().unwrap() = State::default();
    }

    /// Ends the phase under way.
    pub fn end(&self) {
        let mut state = self.0.lock().unwrap();
        if let Some((name, begun, cpu)) = state.current.take() {
            let total = state.totals.entry(name).or_default();
            total.0 += begun.elapsed();
            total.1 += own_cpu() - cpu;
        }
    }

    /// Wall time and processor time of each phase.
    pub fn totals(&self) -> BTreeMap<&'static str, (Duration, Duration)> {
        self.0.lock().unwrap().totals.clone()
    }
}

impl Progress for Phases {
    fn begin(&self, _blob: usize, phase: Phase, _total: u64) {
        self.end();
        // What goes on behind the store's back is counted with the row.
        if phase != Phase::Tail {
            self.0.lock().unwrap().current = Some((phase.name(), Instant::now(), own_cpu()));
        }
    }

    fn done(&self, _blob: usize, _phase: Phase, _done: u64) {}
}
