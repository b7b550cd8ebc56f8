//! Values that are written and read where they stand: a claim whose owner takes his time.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::{PopError, Reserved, Ring, Slot};

/// A slot whose value is being read where it is. The holder gives it up by [`Ring::recycle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "what is pushed later waits behind it"]
pub struct Claimed {
    position: usize,
    /// Producers were announced before it was claimed.
    awaited: bool,
}

impl<T> Ring<T> {
    /// Where the value of a slot is to be written that the caller reserved here, and which is its own until it gives the slot
    /// up.
    pub fn room(&self, reserved: &Reserved) -> NonNull<MaybeUninit<T>> {
        Self::place(self.slot(reserved.position))
    }

    /// As `fill`, of a slot in which the value stands already.
    ///
    /// # Safety
    /// It was written there, since the slot was reserved.
    pub unsafe fn fill_in_place(&self, reserved: Reserved) -> bool {
        let Reserved { position, awaited } = reserved;
        Self::release(self.slot(position), position);
        awaited
    }

    fn place(slot: &Slot<T>) -> NonNull<MaybeUninit<T>> {
        slot.value.with_mut(NonNull::new).expect("a slot has an address")
    }

    /// Claims the slot of the oldest value, to be read and emptied where it is. Until it is given up producers that come round
    /// the ring wait for it, as for a consumer that was stopped.
    pub fn claim_oldest(&self) -> Result<Claimed, PopError> {
        self.claim_full(1).map(|run| Claimed { position: run.first, awaited: run.awaited })
    }

    /// Where the value of a slot stands that the caller claimed here, and which is its own until it gives the slot up.
    pub fn value(&self, claimed: &Claimed) -> NonNull<T> {
        Self::place(self.slot(claimed.position)).cast()
    }

    /// Gives up a slot that the caller claimed here and whose value it has taken out, or dropped. `true`: producers were
    /// announced before, and one may have to be woken.
    pub fn recycle(&self, claimed: Claimed) -> bool {
        let Claimed { position, awaited } = claimed;
        self.free(self.slot(position), position);
        awaited
    }

    /// Takes the oldest value and drops it where it stands. Its slot is free then, also when that panics.
    pub fn drop_oldest(&self) -> Result<(), PopError> {
        struct Free<'r, T>(&'r Ring<T>, Claimed);
        impl<T> Drop for Free<'_, T> {
            fn drop(&mut self) {
                self.0.recycle(self.1);
            }
        }
        let free = Free(self, self.claim_oldest()?);
        // SAFETY: the slot is ours, the value in it was seen whole, and nobody reads it after this.
        unsafe { self.value(&free.1).drop_in_place() };
        Ok(())
    }
}
