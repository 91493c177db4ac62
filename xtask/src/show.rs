//! What demos print.

use std::path::Path;
use std::time::Duration;

use crate::process;

/// A title.
pub(crate) fn heading(title: &str) {
    println!("\n\x1b[1;36m▸ {title}\x1b[0m");
}

/// A line.
pub(crate) fn say(line: &str) {
    println!("  {line}");
}

/// A path as people type it in the workspace.
pub(crate) fn relative(path: &Path) -> String {
    path.strip_prefix(process::root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// A number of bytes.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..10_000 => format!("{count} B"),
        10_000..10_000_000 => format!("{:.1} KB", count as f64 / 1e3),
        _ => format!("{:.1} MB", count as f64 / 1e6),
    }
}

/// The time since the program began to ask.
#[expect(
    clippy::disallowed_methods,
    reason = "times shown to people on a real machine"
)]
pub(crate) fn monotonic() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}
