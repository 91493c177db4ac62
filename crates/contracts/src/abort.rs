//! Refusals by contracts: which rule was broken, in words (`docs/spec/contracts.md` §8).

use std::fmt;

use floe_core::ObjectId;
use sui_sdk_types::MoveLocation;

use crate::address::object_id;

mod table;

/// A rule of a contract, by the code its violation is reported with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbortName {
    /// The module.
    pub module: &'static str,
    /// The code.
    pub code: u64,
    /// The constant's name in the contract.
    pub name: &'static str,
    /// What it means to a person.
    pub sentence: &'static str,
}

/// A contract's refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abort {
    /// The package.
    pub package: ObjectId,
    /// The module.
    pub module: String,
    /// The function that holds the assertion, if the chain tells.
    pub function: Option<String>,
    /// The code.
    pub code: u64,
    /// The command that it happened in, if the chain tells.
    pub command: Option<u64>,
}

impl Abort {
    pub(crate) fn new(location: &MoveLocation, code: u64, command: Option<u64>) -> Self {
        Self {
            package: object_id(&location.package),
            module: location.module.to_string(),
            function: location.function_name.as_ref().map(ToString::to_string),
            code,
            command,
        }
    }

    /// The rule that was broken, if it is a known one.
    pub fn name(&self) -> Option<&'static AbortName> {
        let mut rules = table::ABORTS.iter();
        rules.find(|rule| rule.module == self.module && rule.code == self.code)
    }

    /// Whether it is this rule: a module and the constant's name in it.
    pub fn is(&self, module: &str, name: &str) -> bool {
        self.name()
            .is_some_and(|rule| rule.module == module && rule.name == name)
    }

    /// Whether a payment was too small: the price has risen since it was computed.
    pub fn is_underpaid(&self) -> bool {
        self.is("balance", "ENotEnough")
    }

    /// Whether the package called is out of date: the contracts have been upgraded.
    pub fn is_outdated(&self) -> bool {
        self.name().is_some_and(|rule| rule.name == "EWrongVersion")
    }

    /// Whether the same operation may succeed once state has been read anew.
    pub fn is_retryable(&self) -> bool {
        self.is_underpaid() || self.is_outdated()
    }
}

impl fmt::Display for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(rule) => write!(f, "{} ({}::{})", rule.sentence, rule.module, rule.name)?,
            None => write!(f, "refused by {} with code {}", self.module, self.code)?,
        }
        if let Some(function) = &self.function {
            write!(f, " in {function}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
