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

    /// Whether this processor can run the path.
    #[must_use]
    pub fn is_supported(self) -> bool {
        match self {
            Self::Portable => true,
            Self::Avx2 => has_avx2(),
            Self::Avx512 => has_avx512(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    has_avx2()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("gfni")
}

#[cfg(not(target_arch = "x86_64"))]
const fn has_avx2() -> bool {
    false
}

#[cfg(not(target_arch = "x86_64"))]
const fn has_avx512() -> bool {
    false
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernels {
    path: KernelPath,
}

impl Kernels {
    /// The path [`KERNELS_VARIABLE`] names, else the fastest supported one.
    ///
    /// # Errors
    /// [`DispatchError`] if the variable holds no path's name, or one this processor cannot run.
    pub fn detect() -> Result<Self, DispatchError> {
        match env::var_os(KERNELS_VARIABLE) {
            None => Ok(Self::fastest()),
            Some(name) => match name.to_str() {
                Some(text) => Self::with_path(text.parse()?),
                None => Err(DispatchError::UnknownPath { name }),
            },
        }
    }

    /// The fastest path this processor supports.
    #[must_use]
    pub fn fastest() -> Self {
        let supported = KernelPath::ALL
            .into_iter()
            .rfind(|path| path.is_supported());
        Self {
            path: supported.unwrap_or(KernelPath::Portable),
        }
    }

    /// The kernels of `path`.
    ///
    /// # Errors
    /// [`DispatchError::Unsupported`].
    pub fn with_path(path: KernelPath) -> Result<Self, DispatchError> {
        if path.is_supported() {
            Ok(Self { path })
        } else {
            Err(DispatchError::Unsupported { path })
        }
    }

    /// The path these kernels belong to.
    #[must_use]
    pub const fn path(self) -> KernelPath {
        self.path
    }

    /// The hash kernels.
    #[must_use]
    pub const fn hasher(self) -> Hasher {
        Hasher::new(self.path)
    }

    /// The code of `originals` and `recovery` symbols. Making one computes tables: keep it.
    ///
    /// # Errors
    /// [`CodeError::UnsupportedCounts`] if there is no such code.
    pub fn reed_solomon(self, originals: usize, recovery: usize) -> Result<ReedSolomon, CodeError> {
        ReedSolomon::new(self.path, originals, recovery)
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
    fn portable_is_always_there() {
        assert!(Kernels::with_path(KernelPath::Portable).is_ok());
        assert!(Kernels::fastest().path().is_supported());
    }
}
