//! Trying slivers until enough are good.

use std::sync::{Mutex, PoisonError};

use floe_core::SliverIndex;

use crate::{error::Failure, progress::Bar, sliver_dir::SliverProblem, world::World};

/// The outcome of [`sieve`].
#[derive(Debug)]
pub(crate) struct Sieved<T> {
    /// What was made of the good slivers, in order.
    pub(crate) good: Vec<(SliverIndex, T)>,
    /// The bad slivers, in order.
    pub(crate) bad: Vec<(SliverIndex, SliverProblem)>,
    /// How many have not been tried.
    pub(crate) untried: usize,
}

/// Tries slivers in parallel, in order, and no more of them than it takes to find `needed` good
/// ones. Ends after an interrupt.
pub(crate) fn sieve<T: Send>(
    world: &World,
    bar: &Bar,
    candidates: &[SliverIndex],
    needed: usize,
    test: impl Fn(SliverIndex) -> Result<T, SliverProblem> + Sync,
) -> Result<Sieved<T>, Failure> {
    let mut sieved = Sieved {
        good: Vec::new(),
        bad: Vec::new(),
        untried: candidates.len(),
    };
    let mut rest = candidates;
    while sieved.good.len() < needed && !rest.is_empty() {
        let missing = needed - sieved.good.len();
        let (wave, after) = rest.split_at(missing.min(rest.len()));
        let tested = Mutex::new(Vec::with_capacity(wave.len()));
        world.compute.run(wave.len(), &|task| {
            if let Some(index) = wave.get(task)
                && !world.interrupt.raised()
            {
                let outcome = test(*index);
                let mut tested = tested.lock().unwrap_or_else(PoisonError::into_inner);
                tested.push((*index, outcome));
                bar.add(1);
            }
        });
        if world.interrupt.raised() {
            return Err(Failure::interrupted());
        }
        let mut tested = tested.into_inner().unwrap_or_else(PoisonError::into_inner);
        tested.sort_by_key(|(index, _)| *index);
        for (index, outcome) in tested {
            match outcome {
                Ok(value) => sieved.good.push((index, value)),
                Err(problem) => sieved.bad.push((index, problem)),
            }
        }
        rest = after;
    }
    sieved.untried = rest.len();
    sieved.good.sort_by_key(|(index, _)| *index);
    sieved.bad.sort_by_key(|(index, _)| *index);
    Ok(sieved)
}
