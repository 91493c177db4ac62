//! Progress bars, for people at a terminal.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use floe_encoding::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::world::World;

/// How far an operation is. Drawn on stderr if that is a terminal, and gone when it is over.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    /// Units done so far, of whatever the operation counts.
    done: AtomicU64,
}

const REDRAW: Duration = Duration::from_millis(120);

impl World {
    /// A bar over `bytes`.
    pub fn bytes_bar(&self, what: impl Into<String>, bytes: u64) -> Bar {
        self.bar(
            what,
            bytes,
            "{msg}  {bar:28.cyan/blue} {percent:>3}%  {bytes} of {total_bytes}  {bytes_per_sec}  {eta}",
        )
    }

    /// A bar over `count` things.
    pub fn count_bar(&self, what: impl Into<String>, count: u64) -> Bar {
        self.bar(
            what,
            count,
            "{msg}  {bar:28.cyan/blue} {percent:>3}%  {pos} of {len}  {eta}",
        )
    }

    fn bar(&self, what: impl Into<String>, length: u64, template: &str) -> Bar {
        let target = if self.progress {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(length), target);
        let style = ProgressStyle::with_template(template);
        bar.set_style(
            style
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("━╸─"),
        );
        bar.set_message(what.into());
        if !bar.is_hidden() {
            bar.enable_steady_tick(REDRAW);
        }
        Bar {
            bar,
            done: AtomicU64::new(0),
        }
    }
}

impl Bar {
    /// Another `count` are done.
    pub fn add(&self, count: u64) {
        self.bar.inc(count);
    }
}

impl Progress for Bar {
    fn advance(&self, units: u64, total: u64) {
        let done = self.done.fetch_add(units, Ordering::Relaxed) + units;
        let length = u128::from(self.bar.length().unwrap_or_default());
        let position = u128::from(done) * length / u128::from(total.max(1));
        self.bar
            .set_position(u64::try_from(position).unwrap_or(u64::MAX));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
