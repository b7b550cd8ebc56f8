//! All rows by all peers, in interleaved rounds: what disturbs the machine for a while disturbs all of them.

use std::time::Duration;

use crate::peers::{
    AsyncChannel, Crossbeam, Crossfire, Flume, Kanal, Ours, Peer, Single, StdMpsc, Strict, Tokio,
};
use crate::scenarios::{Played, Row, Scenario};

/// One of the peers.
pub(crate) struct Entrant {
    pub(crate) name: &'static str,
    play: fn(&Scenario, usize) -> Option<Played>,
}

/// What was measured of one peer in one row: nanoseconds for one operation, in each round.
pub(crate) type Samples = Vec<f64>;

/// Rows of peers' samples; empty where a peer cannot play the scenario.
pub(crate) struct Results {
    pub(crate) rows: Vec<Row>,
    pub(crate) names: Vec<&'static str>,
    pub(crate) samples: Vec<Vec<Samples>>,
}

const fn entrant<P: Peer>() -> Entrant {
    Entrant { name: P::NAME, play: |scenario, operations| scenario.play::<P>(operations) }
}

/// How many of the first are ours.
pub(crate) const OURS: usize = 3;

/// Ours first.
pub(crate) const ENTRANTS: [Entrant; 10] = [
    entrant::<Ours>(),
    entrant::<Single>(),
    entrant::<Strict>(),
    entrant::<Crossbeam>(),
    entrant::<Flume>(),
    entrant::<Kanal>(),
    entrant::<Crossfire>(),
    entrant::<StdMpsc>(),
    entrant::<Tokio>(),
    entrant::<AsyncChannel>(),
];

/// Plays all rows in so many rounds, each cell for about that time, with the peers that are wanted; `tell` hears how far it
/// is.
pub(crate) fn hold(
    rows: Vec<Row>,
    rounds: usize,
    time: Duration,
    wanted: impl Fn(&str) -> bool,
    tell: impl Fn(&str),
) -> Results {
    let count = |entrant: &Entrant, row: &Row| {
        if wanted(entrant.name) { operations(entrant, &row.scenario, time) } else { None }
    };
    let counts: Vec<Vec<Option<usize>>> = rows
        .iter()
        .map(|row| {
            tell(&format!("how many of: {}", row.name));
            ENTRANTS.iter().map(|entrant| count(entrant, row)).collect()
        })
        .collect();
    let mut samples = vec![vec![Samples::new(); ENTRANTS.len()]; rows.len()];
    for round in 0..rounds {
        tell(&format!("round {} of {rounds}", round + 1));
        for (row, counts) in counts.iter().enumerate() {
            // Another one begins in each round.
            for turn in 0..ENTRANTS.len() {
                let peer = (turn + round) % ENTRANTS.len();
                let played = counts[peer].and_then(|count| (ENTRANTS[peer].play)(&rows[row].scenario, count));
                samples[row][peer].extend(played.map(Played::ns_each));
            }
        }
    }
    Results { rows, names: ENTRANTS.iter().map(|entrant| entrant.name).collect(), samples }
}

/// How many operations take about that time. `None`: it cannot do that.
fn operations(entrant: &Entrant, scenario: &Scenario, time: Duration) -> Option<usize> {
    if scenario.leaves_out(entrant.name) {
        return None;
    }
    let mut count = 16;
    loop {
        let played = (entrant.play)(scenario, count)?;
        if played.time * 2 >= time || count >= 1 << 24 {
            let wanted = time.as_nanos() as f64 / played.ns_each();
            return Some((wanted as usize).clamp(16, 1 << 24));
        }
        count *= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{json, memory, plot, report, scenarios};

    /// A short contest with all that is made of it. What would not come to an end is left out.
    #[test]
    fn all_rows_are_played_and_shown() {
        let results = hold(scenarios::rows(), 2, Duration::from_micros(100), |_| true, |_| ());
        for (row, samples) in results.rows.iter().zip(&results.samples) {
            assert_eq!(samples[0].len(), 2, "ours plays {}", row.name);
            assert!(
                samples[OURS].len() == 2 && samples[OURS].iter().all(|ns| *ns > 0.0),
                "crossbeam plays {}",
                row.name
            );
        }
        let memory = memory::count_all();
        let table = report::table(&results);
        assert_eq!(table.lines().count(), results.rows.len() + 1);
        assert!(table.lines().all(|line| line.len() == table.lines().next().unwrap().len()), "{table}");
        assert!(report::memory(&results.names, &memory).contains("after draining"));
        let document = json::document(&results, &memory);
        assert_eq!(document["rows"].as_array().unwrap().len(), results.rows.len());
        assert_eq!(document["rows"][0]["nanoseconds"]["crossbeam"].as_array().unwrap().len(), 2);
        let file = std::env::temp_dir().join(format!("crossinterp-plot-{}.svg", std::process::id()));
        plot::draw(&results, &file).unwrap();
        let picture = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert!(results.rows.iter().all(|row| picture.contains(&row.name)), "every row is named");
    }
}
