//! `sui::clock`: the shared object `0x6`, moved by system transactions only.

use floe_core::{ObjectId, onchain};
use serde::{Deserialize, Serialize};

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
};

const MODULE: ModuleRef = ModuleRef::new("sui", "clock");

pub(crate) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[("timestamp_ms", timestamp_ms)],
);

/// The id of the clock.
pub const CLOCK_ID: ObjectId = ObjectId::from_suffix(6);

/// Chain time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Always [`CLOCK_ID`].
    pub id: ObjectId,
    /// Milliseconds since the Unix epoch; never goes back.
    pub timestamp_ms: u64,
}

impl onchain::MoveType for Clock {
    fn move_type() -> String {
        "sui::clock::Clock".to_owned()
    }
}

fn timestamp_ms(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let now = call.args.read::<Clock>(0)?.timestamp_ms;
    call.ret(now);
    Ok(())
}
