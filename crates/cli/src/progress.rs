//! Progress bars, for people at a terminal: what is done, how far it is, how fast, how long it still
//! takes, in a line of at most 80 columns.

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

/// How often lines are drawn.
pub(crate) const REDRAW: Duration = Duration::from_millis(120);
/// Columns of what is done, and of what it is done to.
const PHASE_COLUMNS: usize = 11;
const NAME_COLUMNS: usize = 14;

/// What the numbers of a line count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Bytes.
    Bytes,
    /// Slivers, or other things.
    Things,
    /// Nobody knows how far it is.
    Unknown,
}

impl Unit {
    /// The style of a line.
    pub(crate) fn style(self) -> ProgressStyle {
        let template = match self {
            Self::Bytes => {
                "{msg}  {bar:8.cyan/blue} {percent:>3}% of {decimal_total_bytes}  {decimal_bytes_per_sec}  {eta} left"
            }
            Self::Things => "{msg}  {bar:8.cyan/blue} {percent:>3}% of {len}  {eta} left",
            Self::Unknown => "{msg}  {spinner}",
        };
        ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━╸─")
    }
}

/// The beginning of a line: a phase and the name of what it is about, cut to fit.
pub(crate) fn title(phase: &str, name: &str) -> String {
    let letters: Vec<_> = name
        .chars()
        .map(|letter| if letter.is_control() { '·' } else { letter })
        .collect();
    let name: String = match letters.len().checked_sub(NAME_COLUMNS) {
        // The end of a path says more than its beginning.
        Some(more @ 1..) => std::iter::once('…')
            .chain(letters.into_iter().skip(more + 1))
            .collect(),
        _ => letters.into_iter().collect(),
    };
    format!("{phase:PHASE_COLUMNS$} {name}")
        .trim_end()
        .to_owned()
}

impl World {
    /// A bar over `bytes`.
    pub fn bytes_bar(&self, phase: &str, name: &str, bytes: u64) -> Bar {
        self.bar(title(phase, name), bytes, Unit::Bytes)
    }

    /// A bar over `count` things.
    pub fn count_bar(&self, phase: &str, name: &str, count: u64) -> Bar {
        self.bar(title(phase, name), count, Unit::Things)
    }

    fn bar(&self, title: String, length: u64, unit: Unit) -> Bar {
        let target = if self.progress {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(length), target);
        bar.set_style(unit.style());
        bar.set_message(title);
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

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use indicatif::TermLike;

    use super::*;

    /// A terminal that is wider than any line, and keeps what is written.
    #[derive(Debug, Clone, Default)]
    struct Paper(Arc<Mutex<String>>);

    impl TermLike for Paper {
        fn width(&self) -> u16 {
            300
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What a terminal shows of a line.
    fn drawn(unit: Unit, title: String, done: u64, total: u64) -> String {
        let paper = Paper::default();
        let target = ProgressDrawTarget::term_like(Box::new(paper.clone()));
        let bar = ProgressBar::with_draw_target(Some(total), target);
        bar.set_style(unit.style());
        bar.set_message(title);
        bar.set_position(done);
        paper.0.lock().unwrap().clear();
        bar.force_draw();
        paper.0.lock().unwrap().trim_end().to_owned()
    }

    #[test]
    fn a_line_says_what_is_done_how_far_how_fast_and_how_long_it_takes() {
        let line = drawn(Unit::Bytes, title("uploading", "a file"), 50, 100);
        for part in ["uploading   a file", "50% of 100 B", "B/s", "left"] {
            assert!(line.contains(part), "{line}");
        }
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let name = "some/folder/with a very long name/and a file with one as well.tar.zst";
        for unit in [Unit::Bytes, Unit::Things, Unit::Unknown] {
            for (done, total) in [(0, 999_999_999), (1, 999_990_000_000), (5, 5)] {
                let line = drawn(unit, title("registering", name), done, total);
                let columns = line.chars().count();
                assert!(columns <= 80, "{columns} columns: {line}");
            }
        }
        assert_eq!(title("reading", name), "reading     … well.tar.zst");
        assert_eq!(title("reading", "a\tb\u{1b}[2J"), "reading     a·b·[2J");
        assert_eq!(title("reading", ""), "reading");
    }
}
