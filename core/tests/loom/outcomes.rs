//! Which outcomes a model's executions had: a model that never reached one of them proved nothing about it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

/// A tally that outlives the executions of one model.
#[derive(Clone)]
pub(crate) struct Outcomes<K>(Arc<Mutex<BTreeMap<K, usize>>>);

impl<K: Ord + Debug> Outcomes<K> {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// One execution ended so. Called once an execution.
    pub(crate) fn seen(&self, outcome: K) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(outcome).or_default() += 1;
    }

    /// Requires every outcome that can happen to have been seen, and no other.
    pub(crate) fn require(&self, expected: impl IntoIterator<Item = K>) {
        let tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut expected: Vec<K> = expected.into_iter().collect();
        expected.sort();
        assert!(tally.keys().eq(expected.iter()), "expected {expected:?}, seen {tally:?}");
        let model = std::thread::current().name().unwrap_or("?").to_string();
        println!("model {model}: {} executions, {} outcomes", tally.values().sum::<usize>(), tally.len());
    }
}

/// Runs a model, and requires every outcome that can happen to have been seen, and no other.
pub(crate) fn explore<K, const N: usize>(expected: [K; N], model: impl Fn() -> K + Send + Sync + 'static)
where
    K: Clone + Ord + Debug + Send + 'static,
{
    explore_within(usize::MAX, expected, model);
}

/// As `explore`, of a model with so many steps that fewer preemptions than usual must do.
pub(crate) fn explore_within<K, const N: usize>(
    preemptions: usize,
    expected: [K; N],
    model: impl Fn() -> K + Send + Sync + 'static,
) where
    K: Clone + Ord + Debug + Send + 'static,
{
    let outcomes = Outcomes::new();
    let tally = outcomes.clone();
    let mut explorer = loom::model::Builder::new();
    explorer.preemption_bound = match explorer.preemption_bound {
        Some(usual) => Some(usual.min(preemptions)),
        None => (preemptions < usize::MAX).then_some(preemptions),
    };
    explorer.check(move || tally.seen(model()));
    outcomes.require(expected);
}
