//! Large buffers on large pages.
//!
//! A fresh buffer of a hundred MiB costs more in page faults and cleared pages of 4 KiB than a pass over
//! it costs in arithmetic (`docs/performance.md`); pages of 2 MiB make that a quarter.
#![cfg_attr(
    target_os = "linux",
    expect(unsafe_code, reason = "advice on memory takes a pointer")
)]

/// `length` zeros, on large pages if the system has some to spare.
#[must_use]
pub fn zeroed(length: usize) -> Vec<u8> {
    let mut buffer = vec![0; length];
    prefer_large_pages(&mut buffer);
    buffer
}

/// Length of a large page.
#[cfg(any(target_os = "linux", test))]
const PAGE_BYTES: usize = 2 << 20;

/// Asks for large pages where a buffer has not been touched yet. It keeps its content either way.
#[cfg(target_os = "linux")]
fn prefer_large_pages(buffer: &mut [u8]) {
    use rustix::mm::{Advice, madvise};

    let before = buffer.as_ptr().align_offset(PAGE_BYTES);
    let Some(aligned) = buffer.get_mut(before..) else {
        return;
    };
    let length = aligned.len() / PAGE_BYTES * PAGE_BYTES;
    // An interpreter has no pages.
    if length > 0 && !cfg!(miri) {
        // A system without large pages does as well, only slower.
        // SAFETY: these are whole pages of a buffer that is borrowed for writing, and this advice
        // changes neither their content nor who may use them.
        let _ = unsafe { madvise(aligned.as_mut_ptr().cast(), length, Advice::LinuxHugepage) };
    }
}

/// Nothing to ask for on this system.
#[cfg(not(target_os = "linux"))]
const fn prefer_large_pages(_buffer: &mut [u8]) {}

#[cfg(test)]
mod tests {
    #[test]
    fn zeros_of_any_length() {
        let large = if cfg!(miri) {
            4097
        } else {
            3 * super::PAGE_BYTES + 5
        };
        for length in [0, 1, 4096, large] {
            let buffer = super::zeroed(length);
            assert_eq!(buffer.len(), length);
            assert!(buffer.iter().all(|byte| *byte == 0));
        }
    }
}
