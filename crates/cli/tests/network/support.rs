//! A network of their own for the tests of a file, and the built program run in a folder on it.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use floe_contracts::SecretKey;
use floe_env::testing::SeededRng;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

const FLOE: &str = env!("CARGO_BIN_EXE_floe");

/// A running devnet and a folder in which commands are run; both are gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Devnet {
    child: Child,
    variables: BTreeMap<String, String>,
    folder: Option<TempDir>,
    is_killed: bool,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Devnet {
    /// A network of five nodes with two shards each: `f` is 3, so that one node may be lost at once.
    pub(crate) fn start() -> Self {
        Self::with(&["--nodes", "5", "--shards", "10"])
    }

    /// A network as these arguments of `floe devnet` have it.
    pub(crate) fn with(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        Self::run(folder, args, Stdio::inherit())
    }

    fn run(folder: TempDir, args: &[&str], stderr: Stdio) -> Self {
        let mut child = floe_in(folder.path(), ["devnet", "--json", "--dir", "net"])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        // It prints one document, when all is ready.
        let stdout = child.stdout.take().unwrap();
        let ready = serde_json::Deserializer::from_reader(stdout)
            .into_iter::<Value>()
            .next();
        let ready = ready.expect("the devnet ended").unwrap();
        let lines = ready["lines"].as_object().unwrap();
        let variables = lines
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        Self {
            child,
            variables,
            folder: Some(folder),
            is_killed: false,
        }
    }

    /// Kills the devnet, without the nodes that run in processes of their own.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.is_killed = true;
    }

    /// Starts a devnet that was killed again. What it warned of.
    pub(crate) fn start_again(&mut self) -> String {
        self.start_again_until("from the other nodes\n")
    }

    /// The same, for warnings that have this in them.
    pub(crate) fn start_again_until(&mut self, what: &str) -> String {
        assert!(self.is_killed);
        let folder = self.folder.take().unwrap();
        let warnings = folder.path().join("warnings");
        let stderr = fs::File::create(&warnings).unwrap();
        *self = Self::run(folder, &["--processes"], stderr.into());
        // They come after the document.
        let mut text = String::new();
        while !text.contains(what) {
            std::thread::sleep(std::time::Duration::from_millis(5));
            text = fs::read_to_string(&warnings).unwrap();
        }
        text
    }

    /// The folder that all is in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// How many devnets are noted to run.
    pub(crate) fn notes(&self) -> usize {
        let notes = self.folder().join("floe-devnets");
        fs::read_dir(notes).unwrap().count()
    }

    pub(crate) fn variable(&self, name: &str) -> &str {
        &self.variables[name]
    }

    /// A path in the folder in which commands run.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join("work").join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The names in that folder, temporary ones too.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("")).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The program, to be run there with the variables that the devnet gives to a shell.
    pub(crate) fn command(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(FLOE);
        command
            .args(args)
            .current_dir(self.path(""))
            .env_clear()
            .envs(&self.variables)
            .env("HOME", self.path(""))
            .env("TMPDIR", self.folder())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program with arguments separated by blanks.
    pub(crate) fn floe(&self, args: &str) -> Ran {
        self.floe_with(&args.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn floe_with(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    /// Runs the program, which must succeed, and returns what it printed.
    pub(crate) fn text(&self, args: &str) -> String {
        let ran = self.floe(args);
        assert_eq!(ran.code, Some(0), "floe {args}: {}", ran.stderr);
        String::from_utf8(ran.stdout).unwrap()
    }

    /// Runs `floe … --json`, which must succeed.
    pub(crate) fn json(&self, args: &str) -> Value {
        self.json_with(&args.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn json_with(&self, args: &[&str]) -> Value {
        let ran = self.floe_with(&[args, &["--json"]].concat());
        assert_eq!(ran.code, Some(0), "floe {args:?}: {}", ran.stderr);
        serde_json::from_slice(&ran.stdout).unwrap()
    }

    /// Runs `floe … --json`, which must fail with that code, without data, and returns the error.
    #[track_caller]
    pub(crate) fn error(&self, args: &str, code: i32) -> Value {
        let mut command = self.command(args.split_whitespace().chain(["--json"]));
        Ran::of(&mut command).error_of(args, code)
    }

    /// Stores a file for some epochs. Its blob and object ids.
    pub(crate) fn store(&self, args: &str) -> (String, String) {
        let stored = self.json(&format!("store {args}"));
        let object = &stored[0]["blobStoreResult"]["newlyCreated"]["blobObject"];
        let id = |key: &str| object[key].as_str().unwrap_or_else(|| panic!("{stored}"));
        (id("blobId").to_owned(), id("id").to_owned())
    }

    /// All that the wallet has, in MIST and FROST.
    pub(crate) fn balances(&self) -> (u64, u64) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let key = SecretKey::parse(self.variable("SUI_SECRET_KEY")).unwrap();
        runtime.block_on(async {
            let balances = self.contracts().balances(key.address()).await.unwrap();
            (balances.sui_mist, balances.wal_frost)
        })
    }

    /// The contracts; to be called within a runtime.
    pub(crate) fn contracts(&self) -> floe_contracts::Contracts {
        let network = floe_contracts::NetworkConfig::new(
            self.variable("SYSTEM_OBJECT_ID").parse().unwrap(),
            self.variable("STAKING_OBJECT_ID").parse().unwrap(),
            [self.variable("SUI_GRPC_URL")],
        );
        let env = floe_env::Env::production(floe_env::PoolSize::default()).unwrap();
        let options = floe_contracts::RpcOptions::default();
        let chain = floe_contracts::Chain::new(&env, &network.rpc_urls, options).unwrap();
        floe_contracts::Contracts::new(chain, network)
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        if self.is_killed {
            return;
        }
        // It may have ended already.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let ended = self.child.wait();
        if !std::thread::panicking() {
            assert!(ended.unwrap().success(), "the devnet stops cleanly");
        }
    }
}

/// The program, to be run in a folder that devnets are noted in, too.
pub(crate) fn floe_in(folder: &Path, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(FLOE);
    command
        .args(args)
        .current_dir(folder)
        .env("XDG_RUNTIME_DIR", folder)
        .env("TMPDIR", folder)
        .stdin(Stdio::null());
    command
}

/// The lines of a stream.
pub(crate) fn lines(stream: impl Read) -> impl Iterator<Item = String> {
    BufReader::new(stream).lines().map_while(Result::ok)
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The error of a run with `--json` that must have failed with that code, without data.
    #[track_caller]
    pub(crate) fn error(&self, code: i32) -> Value {
        self.error_of("", code)
    }

    /// The same, of a run with these arguments.
    #[track_caller]
    pub(crate) fn error_of(&self, args: &str, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{args}: {}", self.stderr);
        assert_eq!(self.stdout, b"", "{args}: data beside the error");
        let document: Value =
            serde_json::from_str(&self.stderr).unwrap_or_else(|_| panic!("{}", self.stderr));
        document["error"].clone()
    }
}

/// The key of a wallet that has nothing, in Sui's own form.
pub(crate) fn poor_key(seed: u64) -> (String, String) {
    let key = SecretKey::generate(&SeededRng::new(seed));
    let text = key.to_suiprivkey().unwrap();
    (text.to_string(), key.address().to_string())
}

/// The content rule of the official vectors.
pub(crate) fn content(size: usize, seed: usize) -> Vec<u8> {
    let byte = |i: usize| {
        let mixed = (i * 167 + 13 + seed * 101) ^ ((i >> 8) * 59) ^ ((i >> 16) * 197);
        mixed.to_le_bytes()[0]
    };
    (0..size).map(byte).collect()
}

/// Whether each key of an object is one of these, and the other way round.
#[track_caller]
pub(crate) fn assert_keys(value: &Value, keys: &[&str]) {
    let mut found: Vec<_> = value.as_object().unwrap().keys().collect();
    let mut expected: Vec<_> = keys.iter().collect();
    found.sort();
    expected.sort();
    assert_eq!(
        found.iter().map(|key| key.as_str()).collect::<Vec<_>>(),
        expected.iter().map(|key| **key).collect::<Vec<_>>(),
        "{value}"
    );
}
