//! Debts of style that may only shrink, and words that have no place in the tree.

use std::fs;
use std::path::Path;

use miette::{IntoDiagnostic, Result, bail};

use crate::process;

/// Lines at which a Rust file must have found its seam.
const FILE_LINES_MAX: usize = 700;

/// Files that are longer than [`FILE_LINES_MAX`] today. This number may only fall.
const LONG_FILES: usize = 0;

/// Checks every tracked file.
///
/// # Errors
/// Lists every finding.
pub(crate) fn check() -> Result<()> {
    let root = process::root();
    let listed = process::output(
        "git",
        [
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
    )?;
    let files: Vec<&str> = listed.split('\0').filter(|name| !name.is_empty()).collect();
    let mut problems = Vec::new();
    let mut long = Vec::new();
    for name in files {
        let path = root.join(name);
        if !path.is_file() {
            continue;
        }
        let Ok(text) = String::from_utf8(fs::read(&path).into_diagnostic()?) else {
            continue;
        };
        if has_extension(name, "rs") && text.lines().count() > FILE_LINES_MAX {
            long.push(format!("{name} ({} lines)", text.lines().count()));
        }
        if has_extension(name, "json")
            && name.ends_with("package-lock.json")
            && text.contains("\"resolved\": \"http")
        {
            problems.push(format!("{name} records download addresses"));
        }
        if has_extension(name, "rs") {
            for (number, line) in text.lines().enumerate() {
                if line.contains(concat!("todo", "!("))
                    || line.contains(concat!("unimplemented", "!("))
                {
                    problems.push(format!("{name}:{}: unfinished work", number + 1));
                }
            }
        }
    }
    if long.len() > LONG_FILES {
        problems.push(format!(
            "{} files are longer than {FILE_LINES_MAX} lines, at most {LONG_FILES} may be: {}",
            long.len(),
            long.join(", ")
        ));
    }
    if !problems.is_empty() {
        bail!("untidy:\n  {}", problems.join("\n  "));
    }
    Ok(())
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tree_is_tidy() {
        super::check().unwrap();
    }
}
