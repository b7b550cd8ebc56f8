//! What both ends share, and the steps on its word; see the parent module for the rules.

use alloc::alloc::{alloc, dealloc, handle_alloc_error};
use core::alloc::Layout;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::NonNull;
use core::task::Waker;

use crate::primitive::{AtomicUsize, Ordering, UnsafeCell, edge, generation, stop_point};
use crate::refs::AllocError;

/// The sides.
pub(super) const SENDER: usize = 0;
pub(super) const RECEIVER: usize = 1;

/// The message is in its place.
pub(super) const SENT: usize = 1 << 6;

const fn over(side: usize) -> usize {
    1 << (3 * side)
}

const fn waits(side: usize) -> usize {
    2 << (3 * side)
}

const fn called(side: usize) -> usize {
    4 << (3 * side)
}

const fn peer(side: usize) -> usize {
    1 - side
}

/// The word as it was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word(usize);

impl Word {
    const fn has(self, bit: usize) -> bool {
        self.0 & bit != 0
    }

    pub(super) const fn is_sent(self) -> bool {
        self.has(SENT)
    }

    pub(super) const fn is_over(self, side: usize) -> bool {
        self.has(over(side))
    }

    /// Whether that side never touches the slot again (rule 5).
    const fn is_done(self, side: usize) -> bool {
        self.is_over(side) && (!self.has(waits(peer(side))) || self.has(called(side)))
    }
}

struct Slot<T> {
    word: AtomicUsize,
    /// Of the process in which it was made.
    generation: usize,
    wakers: [UnsafeCell<MaybeUninit<Waker>>; 2],
    message: UnsafeCell<MaybeUninit<T>>,
}

/// The slot, in the hands of one side, which is not over, or whose peer is done.
pub(super) struct Half<T, const SIDE: usize>(NonNull<Slot<T>>);

/// The slot, in the hands of the side that has it alone (rule 5). Freed when it is dropped, without the message.
pub(super) struct Sole<T, const SIDE: usize>(Half<T, SIDE>);

// SAFETY: what a half reaches of `T` is the message, by one side at a time (rule 6), which moves from thread to thread,
// hence `T: Send`; wakers may be sent and shared; all else is atomic, or never changes.
unsafe impl<T: Send, const SIDE: usize> Send for Half<T, SIDE> {}
// SAFETY: a shared half only looks at the word.
unsafe impl<T: Send, const SIDE: usize> Sync for Half<T, SIDE> {}

/// The two halves of a new slot.
#[inline]
pub(super) fn try_new<T>() -> Result<(Half<T, SENDER>, Half<T, RECEIVER>), AllocError> {
    // SAFETY: a slot has a word, so the size is not 0.
    let memory = unsafe { alloc(Layout::new::<Slot<T>>()) }.cast::<Slot<T>>();
    let slot = NonNull::new(memory).ok_or(AllocError)?;
    let pointer = slot.as_ptr();
    // SAFETY: fresh memory of that layout, which nobody else knows; each field is written where it is, because a slot for a
    // large T must not pass over the stack.
    unsafe {
        (&raw mut (*pointer).word).write(AtomicUsize::new(0));
        (&raw mut (*pointer).generation).write(generation());
        UnsafeCell::make_uninit(&raw mut (*pointer).wakers[SENDER]);
        UnsafeCell::make_uninit(&raw mut (*pointer).wakers[RECEIVER]);
        UnsafeCell::make_uninit(&raw mut (*pointer).message);
    }
    Ok((Half(slot), Half(slot)))
}

#[cold]
pub(super) fn out_of_memory<T>() -> ! {
    handle_alloc_error(Layout::new::<Slot<T>>())
}

impl<T, const SIDE: usize> Half<T, SIDE> {
    const PEER: usize = peer(SIDE);

    #[inline]
    fn slot(&self) -> &Slot<T> {
        // SAFETY: this side is not over, or its peer is done: nobody else frees the slot (rules 1 and 5).
        unsafe { self.0.as_ref() }
    }

    /// Whether it was made before a fork, in the parent of this process.
    #[inline]
    pub(super) fn is_stale(&self) -> bool {
        self.slot().generation != generation()
    }

    #[inline]
    pub(super) fn look(&self) -> Word {
        // ORDERING [oneshot.end]: Acquire, pairs with the Release in `end` (and with that of [oneshot.call]): the message is
        // complete, and a peer that is done has come to the end of all it did in the slot. Models: loom
        // `oneshot::a_message_is_seen_whole`, `oneshot::who_comes_last_frees`.
        Word(self.slot().word.load(edge!(oneshot.end: Acquire)))
    }

    /// From now on this side waits, and is called by that waker and no other, when the peer ends. The error: it is over.
    #[inline]
    pub(super) fn wait(&mut self, waker: &Waker) -> Result<(), Word> {
        let word = self.look();
        if word.is_over(Self::PEER) {
            return Err(word);
        }
        self.wait_for_end(word, waker)
    }

    fn wait_for_end(&mut self, word: Word, waker: &Waker) -> Result<(), Word> {
        let place = &self.slot().wakers[SIDE];
        if word.has(waits(SIDE)) {
            // SAFETY: WAITS is ours and set, so the place was written and is only read (rule 3). Perhaps the peer has taken the
            // waker meanwhile: then comparing its two words does no harm, and that it was called is as good.
            if place.with(|place| unsafe { (*place).assume_init_ref().will_wake(waker) }) {
                return Ok(());
            }
            drop(self.withdraw()?);
        }
        let place = &self.slot().wakers[SIDE];
        let waker = waker.clone();
        // SAFETY: WAITS is ours and not set, so nobody else comes to the place, and there is no waker in it (rule 3).
        place.with_mut(|place| unsafe { (*place).write(waker) });
        stop_point!(oneshot.waiting);
        // ORDERING [oneshot.wait]: AcqRel. Both sides' steps are read-modify-writes of one word: either the peer's end comes
        // later, finds WAITS, and the waker by this Release; or it came before. Then it is done, and by this Acquire all it
        // did is visible, the message too. Model: loom `oneshot::the_waker_is_seen_whole`.
        let before = Word(self.slot().word.fetch_add(waits(SIDE), edge!(oneshot.wait: AcqRel)));
        if !before.is_over(Self::PEER) {
            return Ok(());
        }
        // It did not find the waker, so it is done, and the slot is ours alone. Relaxed: nobody else looks.
        self.slot().word.store(before.0, Ordering::Relaxed);
        drop(self.take_waker());
        Err(before)
    }

    /// From now on this side does not wait: its waker was not called, and will not be. It is to be dropped after what the
    /// caller has to do besides: that may do anything, and panic. The error: the peer is over.
    #[inline]
    pub(super) fn withdraw(&mut self) -> Result<Option<Waker>, Word> {
        let word = self.look();
        if word.is_over(Self::PEER) {
            return Err(word);
        }
        if word.has(waits(SIDE)) { self.withdraw_waker().map(Some) } else { Ok(None) }
    }

    #[cold]
    fn withdraw_waker(&mut self) -> Result<Waker, Word> {
        let word = &self.slot().word;
        // Relaxed: if it comes before the peer's end, that one never touches the waker; if not, we look again.
        if Word(word.fetch_sub(waits(SIDE), Ordering::Relaxed)).is_over(Self::PEER) {
            // Rule 4.
            word.fetch_add(waits(SIDE), Ordering::Relaxed);
            return Err(self.look());
        }
        stop_point!(oneshot.withdrawn);
        Ok(self.take_waker())
    }

    /// WAITS is ours and was just taken away, or was set too late.
    fn take_waker(&mut self) -> Waker {
        // SAFETY: it is in its place, where we wrote it, and nobody else comes there (rule 3). What is left there is not used
        // again.
        self.slot().wakers[SIDE].with_mut(|place| unsafe { (*place).assume_init_read() })
    }

    /// Ends this side, which does not wait unless its peer is over; `more` is set in the same step. The peer is woken if
    /// it waits. `Some`: it was over and done before.
    #[inline]
    pub(super) fn end(self, more: usize) -> Option<Sole<T, SIDE>> {
        // ORDERING [oneshot.end]: AcqRel. Release: the message, and all that we did in the slot, for who looks or ends later.
        // Acquire: the waker [oneshot.wait] of a peer that waits, or all that one did that was over before us. Models: loom
        // `oneshot::a_message_is_seen_whole`, `oneshot::the_waker_is_seen_whole`, `oneshot::who_comes_last_frees`.
        let before = Word(self.slot().word.fetch_add(over(SIDE) | more, edge!(oneshot.end: AcqRel)));
        if before.is_done(Self::PEER) {
            return Some(Sole(self));
        }
        if !before.is_over(Self::PEER) && before.has(waits(Self::PEER)) {
            self.call();
        }
        None
    }

    /// Calls the peer's waker, which was found in the step by which this side ended.
    #[cold]
    fn call(self) {
        stop_point!(oneshot.calling);
        // SAFETY: the peer put it there before it set WAITS, and does not change it now that we are over (rule 3); the slot is
        // not freed before we set CALLED (rule 5). Read once, by us: it is ours.
        let waker = self.slot().wakers[Self::PEER].with(|place| unsafe { (*place).assume_init_read() });
        // ORDERING [oneshot.call]: AcqRel. Release: that we have the waker, before the peer, if it looks or ends later, frees
        // the slot. Acquire: all that the peer did in the slot, if it ended meanwhile and leaves the freeing to us. Model:
        // loom `oneshot::who_comes_last_frees`.
        let before = Word(self.slot().word.fetch_add(called(SIDE), edge!(oneshot.call: AcqRel)));
        if before.is_over(Self::PEER) {
            drop(Sole(self));
        }
        stop_point!(oneshot.called);
        waker.wake();
    }

    /// Ends this side, whose peer is over in that word; of the message nothing is left.
    #[inline]
    pub(super) fn settle(self, word: Word) {
        debug_assert!(word.is_over(Self::PEER));
        drop(if word.is_done(Self::PEER) { Some(Sole(self)) } else { self.end(0) });
    }
}

impl<T> Half<T, SENDER> {
    /// Puts the message into its place, where none is, before the end that sets SENT.
    #[inline]
    pub(super) fn put(&mut self, message: T) {
        // SAFETY: the sender is not over, so the place is its own (rule 6).
        self.slot().message.with_mut(|place| unsafe { (*place).write(message) });
    }
}

impl<T> Sole<T, SENDER> {
    /// Takes the message back, that was put in before.
    ///
    /// # Safety
    /// [`Half::put`] was called.
    pub(super) unsafe fn take_back(self) -> T {
        // SAFETY: put in by the sender, who has the slot alone; read once, since the slot goes with this call.
        self.0.slot().message.with_mut(|place| unsafe { (*place).assume_init_read() })
    }
}

impl<T> Half<T, RECEIVER> {
    /// Takes what the sender left, who is over in that word.
    #[inline]
    pub(super) fn take(self, word: Word) -> Option<T> {
        let message = word.is_sent().then(|| {
            stop_point!(oneshot.taking);
            // SAFETY: SENT was seen with Acquire [oneshot.end] or [oneshot.wait], so the message is there, whole, and ours (rule
            // 6); read once, since this side ends with this call.
            self.slot().message.with_mut(|place| unsafe { (*place).assume_init_read() })
        });
        self.settle(word);
        message
    }

    /// Drops what the sender left, who is over in that word; if that panics, the memory is freed all the same.
    pub(super) fn discard(self, word: Word) {
        struct Settle<T>(ManuallyDrop<Half<T, RECEIVER>>, Word);
        impl<T> Drop for Settle<T> {
            fn drop(&mut self) {
                // SAFETY: taken once, here.
                unsafe { ManuallyDrop::take(&mut self.0) }.settle(self.1);
            }
        }
        let settle = Settle(ManuallyDrop::new(self), word);
        if word.is_sent() {
            // SAFETY: as in `take`.
            settle.0.slot().message.with_mut(|place| unsafe { (*place).assume_init_drop() });
        }
    }
}

impl<T, const SIDE: usize> Sole<T, SIDE> {
    /// Does not free it yet: the half of a side whose peer is done.
    pub(super) fn keep(self) -> Half<T, SIDE> {
        Half(ManuallyDrop::new(self).0.0)
    }
}

impl<T, const SIDE: usize> Drop for Sole<T, SIDE> {
    #[inline]
    fn drop(&mut self) {
        let slot = self.0.slot();
        // What was in the places is gone. (Loom sees here that nobody is in one of them.)
        slot.wakers.iter().for_each(|place| place.with_mut(|_| ()));
        slot.message.with_mut(|_| ());
        // SAFETY: nobody else has the slot (rule 5), and this handle is not used again; what drops here is a word and cells
        // that drop nothing. Allocated in `try_new` with this layout.
        unsafe {
            self.0.0.drop_in_place();
            dealloc(self.0.0.as_ptr().cast(), Layout::new::<Slot<T>>());
        }
    }
}
