//! Which kernels run: the fastest the processor has, or those the environment names.

use std::{env, ffi::OsString, fmt, str::FromStr};

use crate::{
    blake2b::Hasher,
    rs::{CodeError, ReedSolomon},
};

/// Environment variable that forces a [`KernelPath`] by its name.
pub const KERNELS_VARIABLE: &str = "FLOE_KERNELS";

/// A set of kernels for a class of processors. All compute the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum KernelPath {
    /// Any processor; as fast as the libraries are.
    Portable,
    /// x86-64 with AVX2.
    Avx2,
    /// x86-64 with AVX-512 (F, BW, VL, VBMI2) and GFNI: Ice Lake, Zen 4 and later.
    Avx512,
}

impl KernelPath {
    /// All paths, slowest first.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// The name understood by [`KERNELS_VARIABLE`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

/// Proof that the processor has what [`KernelPath::Avx2`] needs.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

#[cfg(target_arch = "x86_64")]
impl Avx2 {
    fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

/// Proof that the processor has what [`KernelPath::Avx512`] needs.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

#[cfg(target_arch = "x86_64")]
impl Avx512 {
    fn detect() -> Option<Self> {
        let detected = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vbmi2")
            && is_x86_feature_detected!("gfni");
        detected.then_some(Self(()))
    }
}

/// A path with the proof that it is supported.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Proof {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Proof {
    #[cfg(target_arch = "x86_64")]
    fn of(path: KernelPath) -> Option<Self> {
        match path {
            KernelPath::Portable => Some(Self::Portable),
            KernelPath::Avx2 => Avx2::detect().map(Self::Avx2),
            KernelPath::Avx512 => Avx512::detect().map(Self::Avx512),
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn of(path: KernelPath) -> Option<Self> {
        (path == KernelPath::Portable).then_some(Self::Portable)
    }
}

impl fmt::Display for KernelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KernelPath {
    type Err = DispatchError;

    fn from_str(name: &str) -> Result<Self, DispatchError> {
        let path = Self::ALL.into_iter().find(|path| path.name() == name);
        path.ok_or_else(|| DispatchError::UnknownPath { name: name.into() })
    }
}

/// Why no kernels were selected. The caller's environment is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DispatchError {
    /// The name is none of the paths'.
    #[error(
        "{KERNELS_VARIABLE} is {}, expected portable, avx2 or avx512",
        name.to_string_lossy()
    )]
    UnknownPath {
        /// The name given.
        name: OsString,
    },
    /// The processor lacks instructions of the path.
    #[error("this processor cannot run the {path} kernels")]
    Unsupported {
        /// The path asked for.
        path: KernelPath,
    },
}

/// The kernels of one path.
#[derive(Clone, Copy, Debug)]
pub struct Kernels {
    path: KernelPath,
    proof: Proof,
}

impl Kernels {
    /// The path [`KERNELS_VARIABLE`] names, else the fastest supported one.
    ///
    /// # Errors
    /// [`DispatchError`] if the variable holds no path's name, or one this processor cannot run.
    pub fn detect() -> Result<Self, DispatchError> {
        Self::named(env::var_os(KERNELS_VARIABLE))
    }

    fn named(name: Option<OsString>) -> Result<Self, DispatchError> {
        let Some(name) = name else {
            return Ok(Self::fastest());
        };
        match name.to_str() {
            Some(text) => Self::with_path(text.parse()?),
            None => Err(DispatchError::UnknownPath { name }),
        }
    }

    /// The fastest path this processor supports.
    #[must_use]
    pub fn fastest() -> Self {
        let portable = Self {
            path: KernelPath::Portable,
            proof: Proof::Portable,
        };
        Self::supported().last().unwrap_or(portable)
    }

    /// The kernels of every path this processor supports, slowest first.
    pub fn supported() -> impl Iterator<Item = Self> {
        KernelPath::ALL
            .into_iter()
            .filter_map(|path| Self::with_path(path).ok())
    }

    /// The kernels of `path`.
    ///
    /// # Errors
    /// [`DispatchError::Unsupported`].
    pub fn with_path(path: KernelPath) -> Result<Self, DispatchError> {
        let proof = Proof::of(path).ok_or(DispatchError::Unsupported { path })?;
        Ok(Self { path, proof })
    }

    /// The path these kernels belong to.
    #[must_use]
    pub const fn path(self) -> KernelPath {
        self.path
    }

    /// The hash kernels.
    #[must_use]
    pub const fn hasher(self) -> Hasher {
        Hasher::new(self.proof)
    }

    /// The code of `originals` and `recovery` symbols. Making one computes tables: keep it.
    ///
    /// # Errors
    /// [`CodeError::UnsupportedCounts`] if there is no such code.
    pub fn reed_solomon(self, originals: usize, recovery: usize) -> Result<ReedSolomon, CodeError> {
        ReedSolomon::new(self.proof, originals, recovery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for path in KernelPath::ALL {
            assert_eq!(path.to_string().parse::<KernelPath>().unwrap(), path);
        }
        assert_eq!(
            "AVX2".parse::<KernelPath>().unwrap_err().to_string(),
            "FLOE_KERNELS is AVX2, expected portable, avx2 or avx512"
        );
    }

    #[test]
    fn the_variable_forces_a_path() {
        let forced = Kernels::named(Some("portable".into())).unwrap();
        assert_eq!(forced.path(), KernelPath::Portable);
        let misspelled = Kernels::named(Some("avx-512".into()));
        assert!(matches!(misspelled, Err(DispatchError::UnknownPath { .. })));
        assert_eq!(
            Kernels::named(None).unwrap().path(),
            Kernels::fastest().path()
        );
    }

    #[test]
    fn portable_is_always_there() {
        assert!(Kernels::with_path(KernelPath::Portable).is_ok());
        assert_eq!(
            Kernels::supported().next().unwrap().path(),
            KernelPath::Portable
        );
    }
}
