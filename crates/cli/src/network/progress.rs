//! The client's progress as bars, for people at a terminal.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use floe_client::{NoProgress, Phase, Progress};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::world::World;

/// One line per blob: the phase, how far it is, rate and time left.
struct Phases {
    names: Vec<String>,
    lines: MultiProgress,
    bars: Mutex<BTreeMap<usize, (Phase, ProgressBar)>>,
}

impl std::fmt::Debug for Phases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Phases")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

const REDRAW: std::time::Duration = std::time::Duration::from_millis(120);
const BYTES: &str =
    "{msg}  {bar:24.cyan/blue} {percent:>3}%  {bytes} of {total_bytes}  {bytes_per_sec}  {eta}";
const COUNT: &str = "{msg}  {bar:24.cyan/blue} {percent:>3}%  {pos} of {len} slivers  {eta}";
const SPIN: &str = "{msg}  {spinner}";

/// Shows phases on stderr if that is a terminal, unless progress is not wanted.
pub(crate) fn phases(world: &World, names: Vec<String>) -> Arc<dyn Progress> {
    if !world.progress {
        return Arc::new(NoProgress);
    }
    Arc::new(Phases {
        names,
        lines: MultiProgress::new(),
        bars: Mutex::default(),
    })
}

impl Progress for Phases {
    fn begin(&self, blob: usize, phase: Phase, total: u64) {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, old)) = bars.remove(&blob) {
            old.finish_and_clear();
        }
        if matches!(phase, Phase::Tail) {
            // All is done but for nodes that nobody waits for.
            return;
        }
        let template = match phase {
            Phase::Encode | Phase::Upload | Phase::Decode if total > 0 => BYTES,
            Phase::Fetch if total > 0 => COUNT,
            _ => SPIN,
        };
        let bar = self.lines.add(ProgressBar::new(total));
        let style = ProgressStyle::with_template(template);
        bar.set_style(
            style
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("━╸─"),
        );
        let name = self.names.get(blob).map_or("", String::as_str);
        bar.set_message(format!("{} {name}", phase.name()));
        bar.enable_steady_tick(REDRAW);
        bars.insert(blob, (phase, bar));
    }

    fn done(&self, blob: usize, phase: Phase, done: u64) {
        let bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((current, bar)) = bars.get(&blob)
            && *current == phase
        {
            bar.set_position(done);
        }
    }
}

impl Drop for Phases {
    fn drop(&mut self) {
        let bars = self.bars.get_mut().unwrap_or_else(PoisonError::into_inner);
        bars.values().for_each(|(_, bar)| bar.finish_and_clear());
    }
}
