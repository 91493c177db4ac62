//! Which devnet is meant.
//!
//! Running ones are noted in a folder of the user's, one link each, so that a command without `--dir`
//! finds the only one.

use std::{
    env, fs, io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, symlink},
    path::{Path, PathBuf},
};

use crate::error::{Failure, Reason};

/// Names the folder of the devnet that commands steer.
pub(super) const VARIABLE: &str = "FLOE_DEVNET_DIR";

/// A note that a devnet runs; taken back when dropped.
#[derive(Debug)]
pub(super) struct Note(PathBuf);

impl Drop for Note {
    fn drop(&mut self) {
        // A note that stays behind is found to be stale.
        let _ = fs::remove_file(&self.0);
    }
}

/// Notes that the devnet in `dir` runs.
///
/// # Errors
/// As the system reports them.
pub(super) fn note(dir: &Path) -> io::Result<Note> {
    let notes = notes()?;
    // Takes back those of devnets that were killed.
    running()?;
    let path = notes.join(std::process::id().to_string());
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    symlink(fs::canonicalize(dir)?, &path)?;
    Ok(Note(path))
}

/// The folder of the devnet to steer.
///
/// # Errors
/// None runs, or several do and none is named.
pub(super) fn find(named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(dir) = named {
        return Ok(dir.to_owned());
    }
    if let Some(dir) = env::var_os(VARIABLE) {
        return Ok(PathBuf::from(dir));
    }
    let running = running().map_err(|error| Failure::io_of("look for running devnets", &error))?;
    match running.as_slice() {
        [dir] => Ok(dir.clone()),
        [] => Err(Failure::new(Reason::NotFound, "no devnet runs")
            .help("start one with `floe devnet`, or name its folder with --dir")),
        several => {
            let list: Vec<_> = several
                .iter()
                .map(|dir| dir.display().to_string())
                .collect();
            Err(Failure::new(
                Reason::InvalidArgument,
                format!("several devnets run: {}", list.join(", ")),
            )
            .help(format!("name one with --dir, or in ${VARIABLE}")))
        }
    }
}

fn running() -> io::Result<Vec<PathBuf>> {
    let mut dirs = Vec::new();
    for entry in fs::read_dir(notes()?)? {
        let note = entry?.path();
        let Ok(dir) = fs::read_link(&note) else {
            continue;
        };
        let socket = floe_devnet::control::socket(&dir);
        match std::os::unix::net::UnixStream::connect(socket) {
            Ok(_) => dirs.push(dir),
            // It was killed. That somebody else removes the note as well is fine.
            Err(error) if is_nobody(&error) => drop(fs::remove_file(note)),
            Err(_) => {}
        }
    }
    dirs.sort();
    Ok(dirs)
}

fn is_nobody(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    )
}

/// The folder of notes. It is the user's alone: a stranger's could point anywhere.
fn notes() -> io::Result<PathBuf> {
    let uid = rustix::process::getuid().as_raw();
    let dir = match env::var_os("XDG_RUNTIME_DIR") {
        Some(dir) => PathBuf::from(dir).join("floe-devnets"),
        None => env::temp_dir().join(format!("floe-devnets-{uid}")),
    };
    match fs::DirBuilder::new().mode(0o700).create(&dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let metadata = fs::symlink_metadata(&dir)?;
    if metadata.is_dir() && metadata.uid() == uid {
        Ok(dir)
    } else {
        let message = format!("{} belongs to somebody else", dir.display());
        Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
    }
}
