//! All objects of one blob id, added up.

use floe_core::{Epoch, EventId};
use serde::{Deserialize, Serialize};

/// The permanent objects in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Permanent {
    pub(crate) count: u32,
    /// The latest end epoch there was.
    pub(crate) end_epoch: Epoch,
    /// The first event that reached that end epoch.
    pub(crate) event: EventId,
}

/// How many objects are in a state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobCounts {
    /// Registered, whether certified or not.
    pub total: u32,
    /// Certified.
    pub certified: u32,
}

/// What is known of the objects of a blob id that is valid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub(crate) deletable: BlobCounts,
    pub(crate) permanent_total: Option<Permanent>,
    pub(crate) permanent_certified: Option<Permanent>,
    pub(crate) initial_certified_epoch: Option<Epoch>,
    /// The latest end epochs of deletable objects; not kept once there are pooled ones.
    pub(crate) latest_end_registered: Option<Epoch>,
    pub(crate) latest_end_certified: Option<Epoch>,
    /// Objects in storage pools; `Some` from the first such object on, for good.
    pub(crate) pooled: Option<BlobCounts>,
}

/// All objects of one blob id, added up: is it paid for, is it certified, until when?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlobInfo {
    /// The blob's slivers are no codeword. Final.
    Invalid {
        /// The epoch that was found in.
        epoch: Epoch,
        /// The event that said so.
        event: EventId,
    },
    /// The blob is as good as its objects.
    Valid(Counted),
}

/// Which objects are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Deletable,
    Permanent,
    Pooled,
}

/// Until when an object is paid for, and by what event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) end_epoch: Epoch,
    pub(crate) event: EventId,
}

/// What happens to one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The term of pooled objects is that of their pool, and ignored here.
    Register(Part, Term),
    Certify(Part, Term, Epoch),
    Extend(Part, Term),
    /// Deleted or expired.
    Remove {
        part: Part,
        was_certified: bool,
    },
}

/// A change that doesn't fit what is known; it is ignored as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unmatched;

impl Default for BlobInfo {
    fn default() -> Self {
        Self::Valid(Counted::default())
    }
}

fn raise(part: &mut Permanent, term: Term) {
    if term.end_epoch > part.end_epoch {
        part.end_epoch = term.end_epoch;
        part.event = term.event;
    }
}

fn add(part: &mut Option<Permanent>, term: Term) {
    match part {
        Some(part) => {
            part.count = part.count.saturating_add(1);
            raise(part, term);
        }
        None => {
            *part = Some(Permanent {
                count: 1,
                end_epoch: term.end_epoch,
                event: term.event,
            });
        }
    }
}

fn subtract(part: &mut Option<Permanent>) {
    if let Some(permanent) = part {
        permanent.count = permanent.count.saturating_sub(1);
        if permanent.count == 0 {
            *part = None;
        }
    }
}

impl BlobCounts {
    fn remove(&mut self, was_certified: bool) {
        self.total = self.total.saturating_sub(1);
        if was_certified {
            self.certified = self.certified.saturating_sub(1);
        }
    }
}

fn count(part: Option<&Permanent>) -> u32 {
    part.map_or(0, |part| part.count)
}

impl Counted {
    /// Is a deletable object with this latest end epoch alive in `epoch`? Blobs with pooled objects
    /// keep no end epochs, and every object counts.
    fn outlives(&self, latest_end: Option<Epoch>, epoch: Epoch) -> bool {
        self.pooled.is_some() || latest_end.is_some_and(|end| end > epoch)
    }

    pub(crate) fn deletable_registered(&self, epoch: Epoch) -> u32 {
        let alive = self.outlives(self.latest_end_registered, epoch);
        if alive { self.deletable.total } else { 0 }
    }

    pub(crate) fn deletable_certified(&self, epoch: Epoch) -> u32 {
        let alive = self.outlives(self.latest_end_certified, epoch);
        if alive { self.deletable.certified } else { 0 }
    }

    fn is_registered(&self, epoch: Epoch) -> bool {
        self.permanent_total
            .is_some_and(|part| part.end_epoch > epoch)
            || self.deletable_registered(epoch) > 0
            || self.pooled.is_some_and(|pooled| pooled.total > 0)
    }

    fn is_certified(&self, epoch: Epoch) -> bool {
        self.initial_certified_epoch
            .is_some_and(|initial| initial <= epoch)
            && (self
                .permanent_certified
                .is_some_and(|part| part.end_epoch > epoch)
                || self.deletable_certified(epoch) > 0
                || self.pooled.is_some_and(|pooled| pooled.certified > 0))
    }

    fn apply(&mut self, change: Change) -> Result<(), Unmatched> {
        match change {
            Change::Register(part, term) => self.register(part, term),
            Change::Certify(part, term, epoch) => self.certify(part, term, epoch)?,
            Change::Extend(part, term) => self.extend(part, term)?,
            Change::Remove {
                part,
                was_certified,
            } => self.remove(part, was_certified),
        }
        Ok(())
    }

    fn pooled(&mut self) -> &mut BlobCounts {
        if self.pooled.is_none() {
            self.latest_end_registered = None;
            self.latest_end_certified = None;
        }
        self.pooled.get_or_insert_default()
    }

    fn register(&mut self, part: Part, term: Term) {
        match part {
            Part::Permanent => add(&mut self.permanent_total, term),
            Part::Pooled => {
                let pooled = self.pooled();
                pooled.total = pooled.total.saturating_add(1);
            }
            Part::Deletable => {
                self.deletable.total = self.deletable.total.saturating_add(1);
                if self.pooled.is_none() {
                    self.latest_end_registered =
                        self.latest_end_registered.max(Some(term.end_epoch));
                }
            }
        }
    }

    /// Is there a registration that this certification can be of?
    fn has_registration(&self, part: Part, term: Term) -> bool {
        match part {
            Part::Permanent => self.permanent_total.is_some_and(|total| {
                total.count > count(self.permanent_certified.as_ref())
                    && term.end_epoch <= total.end_epoch
            }),
            Part::Pooled => self
                .pooled
                .is_some_and(|pooled| pooled.total > pooled.certified),
            Part::Deletable => {
                self.deletable.total > self.deletable.certified
                    && (self.pooled.is_some() || Some(term.end_epoch) <= self.latest_end_registered)
            }
        }
    }

    fn certify(&mut self, part: Part, term: Term, epoch: Epoch) -> Result<(), Unmatched> {
        if !self.has_registration(part, term) {
            return Err(Unmatched);
        }
        self.initial_certified_epoch = match self.initial_certified_epoch {
            Some(initial) if self.is_certified(epoch) => Some(initial.min(epoch)),
            _ => Some(epoch),
        };
        match part {
            Part::Permanent => add(&mut self.permanent_certified, term),
            Part::Pooled => {
                let pooled = self.pooled();
                pooled.certified = pooled.certified.saturating_add(1);
            }
            Part::Deletable => {
                self.deletable.certified = self.deletable.certified.saturating_add(1);
                if self.pooled.is_none() {
                    self.latest_end_certified = self.latest_end_certified.max(Some(term.end_epoch));
                }
            }
        }
        Ok(())
    }

    fn extend(&mut self, part: Part, term: Term) -> Result<(), Unmatched> {
        match part {
            Part::Permanent => {
                let (Some(total), Some(certified)) =
                    (&mut self.permanent_total, &mut self.permanent_certified)
                else {
                    return Err(Unmatched);
                };
                raise(total, term);
                raise(certified, term);
            }
            Part::Deletable if self.deletable.certified == 0 => return Err(Unmatched),
            Part::Deletable if self.pooled.is_none() => {
                let end = Some(term.end_epoch);
                self.latest_end_registered = self.latest_end_registered.max(end);
                self.latest_end_certified = self.latest_end_certified.max(end);
            }
            // Their end is not kept.
            Part::Deletable | Part::Pooled => {}
        }
        Ok(())
    }

    fn remove(&mut self, part: Part, was_certified: bool) {
        match part {
            Part::Permanent => {
                subtract(&mut self.permanent_total);
                if was_certified {
                    subtract(&mut self.permanent_certified);
                }
            }
            Part::Pooled => self.pooled().remove(was_certified),
            Part::Deletable => {
                self.deletable.remove(was_certified);
                if self.deletable.total == 0 {
                    self.latest_end_registered = None;
                }
                if self.deletable.certified == 0 {
                    self.latest_end_certified = None;
                }
            }
        }
        let pooled = self.pooled.map_or(0, |pooled| pooled.certified);
        if self.permanent_certified.is_none() && self.deletable.certified == 0 && pooled == 0 {
            self.initial_certified_epoch = None;
        }
    }

    fn is_empty(&self) -> bool {
        self.permanent_total.is_none()
            && self.permanent_certified.is_none()
            && self.deletable == BlobCounts::default()
            && self
                .pooled
                .is_none_or(|pooled| pooled == BlobCounts::default())
    }
}

impl BlobInfo {
    /// Has somebody paid for it in `epoch`?
    #[must_use]
    pub fn is_registered(&self, epoch: Epoch) -> bool {
        matches!(self, Self::Valid(counted) if counted.is_registered(epoch))
    }

    /// Is it certified in `epoch`?
    #[must_use]
    pub fn is_certified(&self, epoch: Epoch) -> bool {
        matches!(self, Self::Valid(counted) if counted.is_certified(epoch))
    }

    /// Has it been found to be no codeword?
    #[must_use]
    pub const fn is_invalid(&self) -> bool {
        matches!(self, Self::Invalid { .. })
    }

    /// The first epoch of the present certification.
    #[must_use]
    pub const fn initial_certified_epoch(&self) -> Option<Epoch> {
        match self {
            Self::Valid(counted) => counted.initial_certified_epoch,
            Self::Invalid { .. } => None,
        }
    }

    /// Is no object left, so that the row can go?
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Valid(counted) if counted.is_empty())
    }

    /// Counts `change` in. What is invalid stays so.
    pub(crate) fn apply(&mut self, change: Change) -> Result<(), Unmatched> {
        match self {
            Self::Invalid { .. } => Ok(()),
            Self::Valid(counted) => counted.apply(change),
        }
    }
}
