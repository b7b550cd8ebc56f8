//! Select: peers meet, once, and nobody sleeps for ever. (A sleep that nobody ends is a deadlock, which loom reports.)

use std::task::Waker;

use crossinterp_core::internals::{Choice, Claim, Pairing, pair};
use crossinterp_core::{
    Park, Receiver, RecvError, Select, Sender, TryRecvError, TrySendError, Wakeup, bounded, rendezvous,
    unbounded,
};
use loom::thread;

use super::outcomes::{explore, explore_within};

/// A sleeper that gives up at once.
struct GivesUp;

impl Park for GivesUp {
    fn waker(&self) -> Waker {
        Waker::noop().clone()
    }

    fn park(&self) -> Wakeup {
        Wakeup::TimedOut
    }
}

/// Receives from either; which, and what.
fn receive(first: &Receiver<u8>, second: &Receiver<u8>) -> (usize, Result<u8, RecvError>) {
    let mut select = Select::new();
    select.recv(first);
    select.recv(second);
    let chosen = select.select();
    match chosen.index() {
        0 => (0, chosen.recv(first)),
        _ => (1, chosen.recv(second)),
    }
}

/// Sends to one, or receives from the other: `None`, or what was received.
fn send_or_receive(tx: &Sender<u8>, message: u8, rx: &Receiver<u8>) -> Option<u8> {
    let mut select = Select::new();
    select.send(tx);
    select.recv(rx);
    let chosen = select.select();
    if chosen.index() == 0 {
        chosen.send(tx, message).unwrap();
        return None;
    }
    Some(chosen.recv(rx).unwrap())
}

/// A select that comes to wait just as a message comes into one of its queues is woken.
#[test]
fn no_lost_wakeup() {
    explore_within(2, [0, 1], || {
        let (tx, rx) = unbounded();
        let (other_tx, other_rx) = bounded(1);
        let receiver = thread::spawn(move || {
            let got = receive(&rx, &other_rx);
            (got, rx, other_rx)
        });
        tx.try_send(1).unwrap();
        other_tx.try_send(2).unwrap();
        let ((at, got), rx, other_rx) = receiver.join().unwrap();
        let left = if at == 0 { other_rx.try_recv() } else { rx.try_recv() };
        assert_eq!((got, left), if at == 0 { (Ok(1), Ok(2)) } else { (Ok(2), Ok(1)) });
        at
    });
}

/// A select that waits to send is called by a receive that begins to wait.
#[test]
fn a_sending_select_meets_a_receive() {
    explore_within(2, [()], || {
        let (tx, rx) = rendezvous();
        let receiver = thread::spawn(move || rx.recv());
        let mut select = Select::new();
        select.send(&tx);
        select.select().send(&tx, 5).unwrap();
        assert_eq!(receiver.join().unwrap(), Ok(5));
    });
}

/// A select that waits to receive is matched by a send, whether that comes before or after.
#[test]
fn a_receiving_select_meets_a_send() {
    explore_within(2, [()], || {
        let (tx, rx) = rendezvous();
        let (_never_tx, never) = rendezvous();
        let receiver = thread::spawn(move || receive(&never, &rx));
        tx.send(6).unwrap();
        assert_eq!(receiver.join().unwrap(), (1, Ok(6)));
    });
}

/// Two sends without waiting, to one select that waits for either: one at most is taken, and that one is received.
#[test]
fn a_select_is_matched_once() {
    explore_within(1, [(false, false), (false, true), (true, false)], || {
        let (tx, rx) = rendezvous();
        let (other_tx, other_rx) = rendezvous();
        let senders = [(tx, 1), (other_tx, 2)]
            .map(|(tx, message)| thread::spawn(move || (tx.try_send(message).is_ok(), tx)));
        let mut select = Select::new();
        let channels = [rx, other_rx];
        channels.iter().for_each(|rx| _ = select.recv(rx));
        let got = match select.select_parking(&GivesUp) {
            Ok(chosen) => {
                let rx = &channels[chosen.index()];
                Some(chosen.recv(rx).unwrap())
            }
            Err(_) => None,
        };
        let sent = senders.map(|sender| sender.join().unwrap());
        // What was sent to it as it left is for the next.
        let left = || channels.iter().find_map(|rx| rx.try_recv().ok());
        let expected = match (sent[0].0, sent[1].0) {
            (false, false) => None,
            (true, false) => Some(1),
            (false, true) => Some(2),
            (true, true) => panic!("one message is lost"),
        };
        assert_eq!(got.or_else(left), expected);
        (sent[0].0, sent[1].0)
    });
}

/// Two selects, of which each wants to send what the other wants to receive, and the other way round.
#[test]
fn two_selects_meet() {
    explore_within(1, [None, Some(2)], || {
        let (tx, rx) = rendezvous();
        let (other_tx, other_rx) = rendezvous();
        let other = thread::spawn(move || send_or_receive(&other_tx, 2, &rx));
        let got = send_or_receive(&tx, 1, &other_rx);
        let theirs = other.join().unwrap();
        assert_eq!(theirs, if got.is_none() { Some(1) } else { None });
        got
    });
}

/// A select that wants to send and to receive on one channel meets a peer, and not itself.
#[test]
fn a_select_never_meets_itself() {
    explore_within(1, [()], || {
        let (tx, rx) = rendezvous();
        let their_rx = rx.clone();
        let other = thread::spawn(move || their_rx.recv());
        assert_eq!(send_or_receive(&tx, 1, &rx), None);
        assert_eq!(other.join().unwrap(), Ok(1));
    });
}

/// A select that gives up, against one that sends to it without waiting: both, or neither.
#[test]
fn giving_up_and_being_matched_exclude_each_other() {
    explore([false, true], || {
        let (tx, rx) = rendezvous::<u8>();
        let sender = thread::spawn(move || (tx.try_send(1), tx));
        let mut select = Select::new();
        select.recv(&rx);
        let got = match select.select_parking(&GivesUp) {
            Ok(chosen) => Some(chosen.recv(&rx).unwrap()),
            Err(_) => None,
        };
        let (sent, _tx) = sender.join().unwrap();
        // What was sent to it as it left is for the next.
        let got = got.or_else(|| rx.try_recv().ok());
        assert_eq!(got.is_some(), sent.is_ok());
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        sent.is_ok()
    });
}

/// A receive that gives up between the two halves of a select's send: the message is for whoever comes next.
#[test]
fn a_receive_that_leaves_does_not_take_the_message_along() {
    explore([false, true], || {
        let (tx, rx) = rendezvous();
        let wait = rx.begin_recv(Waker::noop().clone()).unwrap();
        let sender = thread::spawn(move || {
            let mut select = Select::new();
            select.send(&tx);
            let sent = match select.try_select() {
                Ok(chosen) => chosen.send(&tx, 3).is_ok(),
                Err(_) => false,
            };
            (sent, tx)
        });
        let got = wait.finish();
        let (sent, _tx) = sender.join().unwrap();
        assert_eq!(got.or_else(|_| rx.try_recv()).is_ok(), sent);
        sent
    });
}

/// A select that is woken for one channel and leaves by another passes that on, also if it looked in between.
#[test]
fn the_baton_is_not_lost() {
    explore_within(1, [0, 1], || {
        let (tx, rx) = bounded(1);
        let (other_tx, other_rx) = bounded(1);
        let their_rx = rx.clone();
        let receiver = thread::spawn(move || {
            let (at, _) = receive(&their_rx, &other_rx);
            (at, their_rx, other_rx)
        });
        let next = rx.begin_recv(Waker::noop().clone()).unwrap();
        tx.try_send(1).unwrap();
        other_tx.try_send(2).unwrap();
        let (at, _rx, _other_rx) = receiver.join().unwrap();
        if at == 1 {
            assert!(next.is_settled(), "it would sleep for ever");
            assert_eq!(next.finish(), Ok(1));
        }
        at
    });
}

/// Each pairs the other's choice with its own: they do so once, and if one fails it is because of the other.
#[test]
fn two_that_pair_with_each_other_are_paired_once() {
    use Pairing::{OursTaken, Paired, TheirsTaken};
    let outcome = |first: Pairing, second: Pairing| match (first, second) {
        (Paired, OursTaken | TheirsTaken) => 1,
        (OursTaken | TheirsTaken, Paired) => 2,
        other => panic!("{other:?}"),
    };
    explore([1, 2], move || {
        let (one, two) = (Choice::try_new().unwrap(), Choice::try_new().unwrap());
        let (one, two) = (Claim::begin(&one), Claim::begin(&two));
        let (their_one, their_two) = (one.clone(), two.clone());
        let other = thread::spawn(move || pair(Some(&their_two), Some(&their_one)));
        let first = pair(Some(&one), Some(&two));
        let second = other.join().unwrap();
        assert!(!one.leave() && !two.leave(), "both are matched");
        outcome(first, second)
    });
}

/// Three in a circle: one pair is made, however they come.
#[test]
fn three_in_a_circle_make_a_pair() {
    explore([0, 1, 2], || {
        let choices = [(); 3].map(|()| Choice::try_new().unwrap());
        let claims = choices.each_ref().map(Claim::begin);
        let others: Vec<_> = [(1, 2), (2, 0)]
            .map(|(ours, theirs)| {
                let (ours, theirs) = (claims[ours].clone(), claims[theirs].clone());
                thread::spawn(move || pair(Some(&ours), Some(&theirs)))
            })
            .into();
        let mut results = vec![pair(Some(&claims[0]), Some(&claims[1]))];
        results.extend(others.into_iter().map(|other| other.join().unwrap()));
        let paired: Vec<usize> = (0..3).filter(|&at| results[at] == Pairing::Paired).collect();
        assert_eq!(paired.len(), 1, "{results:?}");
        let left = claims.iter().filter(|claim| claim.leave()).count();
        assert_eq!(left, 1, "{results:?}");
        paired[0]
    });
}

/// An owner who gives up, against one who pairs with it: either it was matched, or it is gone and the other is free.
#[test]
fn who_gives_up_is_not_paired() {
    explore([false, true], || {
        let (one, two) = (Choice::try_new().unwrap(), Choice::try_new().unwrap());
        let (one, two) = (Claim::begin(&one), Claim::begin(&two));
        let theirs = two.clone();
        let other = thread::spawn(move || theirs.leave());
        let paired = pair(Some(&one), Some(&two)) == Pairing::Paired;
        let gone = other.join().unwrap();
        assert_eq!(paired, !gone);
        assert_eq!(one.leave(), gone, "it was matched with nobody");
        paired
    });
}

/// A send without waiting to a full channel and to a select: what is not sent comes back.
#[test]
fn what_a_select_reserves_is_not_given_to_another() {
    explore([false, true], || {
        let (tx, rx) = bounded(1);
        let selecting = tx.clone();
        let other = thread::spawn(move || {
            let mut select = Select::new();
            select.send(&selecting);
            match select.try_select() {
                Ok(chosen) => chosen.send(&selecting, 2).is_ok(),
                Err(_) => false,
            }
        });
        let first = tx.try_send(1);
        let second = other.join().unwrap();
        assert!(matches!(first, Ok(()) | Err(TrySendError::Full(1))));
        assert!(first.is_ok() != second, "one of the two has the place");
        assert_eq!(rx.try_recv(), Ok(if second { 2 } else { 1 }));
        second
    });
}

/// A send that was selected stays behind a message that was returned, and is told when that is taken: the receive that waits
/// for it would sleep for ever.
#[test]
fn a_returned_message_is_not_overtaken() {
    explore_within(2, [1], || {
        let (tx, rx) = rendezvous();
        let begin = || rx.begin_recv(Waker::noop().clone()).unwrap();
        let (leaves, takes, waits) = (begin(), begin(), begin());
        tx.try_send(1).unwrap();
        drop(leaves);
        let (_never_tx, never_rx) = unbounded();
        let sender = thread::spawn(move || send_or_receive(&tx, 2, &never_rx));
        let first = takes.finish().unwrap();
        assert_eq!(sender.join().unwrap(), None);
        assert_eq!(waits.finish(), Ok(2));
        first
    });
}
