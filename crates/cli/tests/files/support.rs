//! A folder of its own for every test, and the built program run in it.

use std::{
    ffi::OsStr,
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder in which `floe` runs.
#[derive(Debug)]
pub(crate) struct Folder(TempDir);

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Changes one byte of a file.
    pub(crate) fn flip(&self, name: &str, at: usize) {
        let mut bytes = self.read(name);
        bytes[at] ^= 0x40;
        self.write(name, &bytes);
    }

    /// The names in the folder, temporary ones too.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The program, to be run in the folder.
    pub(crate) fn command(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_floe"));
        command
            .args(args)
            .current_dir(self.0.path())
            .env("TMPDIR", self.0.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs `floe` with arguments separated by blanks.
    pub(crate) fn floe(&self, args: &str) -> Ran {
        self.floe_with(args.split_whitespace())
    }

    pub(crate) fn floe_with(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
        let output = self.command(args).output().unwrap();
        Ran {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs `floe`, which must succeed, and returns what it printed.
    pub(crate) fn text(&self, args: &str) -> String {
        let ran = self.floe(args);
        assert_eq!(ran.code, Some(0), "floe {args}: {}", ran.stderr);
        String::from_utf8(ran.stdout).unwrap()
    }

    /// Runs `floe … --json`, which must succeed.
    pub(crate) fn json(&self, args: &str) -> Value {
        serde_json::from_str(&self.text(&format!("{args} --json"))).unwrap()
    }

    /// Runs `floe`, which must fail, and tells how, as a user sees it.
    pub(crate) fn failure(&self, args: &str) -> String {
        let ran = self.floe(args);
        assert_ne!(ran.code, Some(0), "floe {args} is to fail");
        assert_eq!(
            ran.stdout, b"",
            "data on stdout although floe {args} failed"
        );
        let code = ran
            .code
            .map_or_else(|| "a signal".into(), |code| code.to_string());
        format!("$ floe {args}\n{}\nexit {code}\n\n", ran.stderr.trim_end())
    }
}

/// The content rule of the official vectors.
pub(crate) fn content(size: usize, seed: usize) -> Vec<u8> {
    let byte = |i: usize| {
        let mixed = (i * 167 + 13 + seed * 101) ^ ((i >> 8) * 59) ^ ((i >> 16) * 197);
        mixed.to_le_bytes()[0]
    };
    (0..size).map(byte).collect()
}
