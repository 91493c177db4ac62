//! A whole Walrus network on one machine.

pub mod control;
pub mod logs;
