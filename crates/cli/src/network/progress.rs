//! The client's progress as bars, for people at a terminal.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use floe_client::{NoProgress, Phase, Progress};
use indicatif::{MultiProgress, ProgressBar};

use crate::{
    progress::{REDRAW, Unit, title},
    world::World,
};

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
        let unit = match phase {
            Phase::Encode | Phase::Upload | Phase::Decode if total > 0 => Unit::Bytes,
            Phase::Fetch if total > 0 => Unit::Things,
            _ => Unit::Unknown,
        };
        let bar = self.lines.add(ProgressBar::new(total));
        bar.set_style(unit.style());
        let name = self.names.get(blob).map_or("", String::as_str);
        bar.set_message(title(phase.name(), name));
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
