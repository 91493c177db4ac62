//! Types as numbers, so that keys are short.

use std::collections::BTreeMap;

use redb::{ReadableTable, Table};
use sui_sdk_types::{Address, StructTag, TypeTag};

use super::rows;
use crate::ReadError;

/// Most types whose numbers are remembered in memory.
const REMEMBERED_MAX: usize = 4096;

/// Numbers of the types met last. The whole list is in the database.
#[derive(Debug, Default)]
pub(crate) struct TypeNumbers {
    known: BTreeMap<TypeTag, u32>,
}

/// The tables behind [`TypeNumbers`], in a write transaction.
pub(crate) struct TypeTables<'t> {
    pub(crate) numbers: Table<'t, &'static [u8], u32>,
    pub(crate) types: Table<'t, u32, &'static [u8]>,
}

impl TypeNumbers {
    /// The number of a type; a new one gets the next.
    pub(crate) fn number(
        &mut self,
        tag: &TypeTag,
        tables: &mut TypeTables<'_>,
    ) -> Result<u32, ReadError> {
        if let Some(number) = self.known.get(tag) {
            return Ok(*number);
        }
        let bytes = rows::write(tag);
        let found = tables.numbers.get(bytes.as_slice())?.map(|row| row.value());
        let number = match found {
            Some(number) => number,
            None => {
                let last = tables.types.last()?.map(|(number, _)| number.value());
                let number = last.map_or(Some(0), |last| last.checked_add(1));
                let number = number.ok_or_else(|| ReadError::damaged("more types than numbers"))?;
                tables.numbers.insert(bytes.as_slice(), number)?;
                tables.types.insert(number, bytes.as_slice())?;
                number
            }
        };
        if self.known.len() >= REMEMBERED_MAX {
            self.known.clear();
        }
        self.known.insert(tag.clone(), number);
        Ok(number)
    }
}

/// Whether objects of this type can be found by type: facts about coins, and how to display things.
pub(crate) fn is_catalogued(tag: &StructTag) -> bool {
    *tag.address() == Address::TWO
        && matches!(
            (tag.module().as_str(), tag.name().as_str()),
            (
                "coin",
                "CoinMetadata" | "TreasuryCap" | "RegulatedCoinMetadata"
            ) | ("display", "Display")
        )
}
