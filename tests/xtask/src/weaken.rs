//! `cargo xtask weaken`: weakens each end of each named edge in turn; the model that the edge names must then fail.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::edges::{self, Site};
use crate::models::{Models, Run, Verdict, in_parallel};
use crate::process::tail;
use crate::table::Table;
use crate::tally::{Tally, plain_line};
use crate::workspace;

/// The backstop for one run of a model; what it ends counts as a survivor.
const LIMIT: Duration = Duration::from_secs(180);

/// Which edges to weaken.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only the edges whose names (`module.edge`) hold this text
    filter: Option<String>,
}

/// One weakening of the ends of an edge that have the same ordering and name the same models.
struct Weakening<'a> {
    site: &'a Site,
    weaker: &'static str,
    places: Vec<&'a str>,
}

/// Weakens the edges; `false` when a weakening survived or an edge is not complete.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let mut sites = edges::read(&workspace::root().join("core/src"))?;
    let wanted = options.filter.as_deref().unwrap_or("");
    sites.retain(|site| site.edge.contains(wanted));
    if sites.is_empty() {
        bail!("there is no such edge in core/src");
    }
    let mut complaints = edges::complaints(&sites);

    println!("weaken: compiling the models");
    let models = Models::build("weaken")?;
    let whole = run_unweakened(&models, &sites, &mut complaints)?;

    let weakenings = weakenings(&sites);
    let results = in_parallel(&weakenings, |weakening| run_weakened(&models, weakening));

    let mut table = Table::new(["edge", "at", "weakened", "result", "model", "time"], &[5]);
    let mut tally = Tally::default();
    let mut survivors = String::new();
    for (weakening, result) in weakenings.iter().zip(results) {
        let (model, run) = result?;
        let Weakening { site, weaker, places } = weakening;
        let killed = run.verdict == Verdict::Failed && whole.get(&model) == Some(&true);
        let word = match run.verdict {
            _ if killed => "killed",
            Verdict::Failed => "FAILS ANYWAY",
            Verdict::Passed => "SURVIVED",
            Verdict::Undecided => "UNDECIDED",
            Verdict::Missing => "NO MODEL",
        };
        if killed {
            tally.passed += 1;
        } else {
            tally.failed += 1;
            let log = run.log.display();
            let name = format!("{} {} -> {weaker}", site.edge, site.ordering);
            survivors.push_str(&format!("\n{name}: {word}; the end of {log}\n{}\n", tail(&run.output, 12)));
        }
        table.row([
            site.edge.clone(),
            places.join(" "),
            format!("{} -> {weaker}", site.ordering),
            word.into(),
            model,
            format!("{:.1} s", run.time.as_secs_f64()),
        ]);
    }
    print!("{}{survivors}", table.render());
    for complaint in &complaints {
        println!("{complaint}");
    }
    tally.failed += complaints.len() as u64;
    println!("\nweaken: {} of {} weakenings were killed by their models", tally.passed, weakenings.len());
    println!("{}", plain_line(tally));
    Ok(tally.failed == 0)
}

/// Every weakening to try. `CROSSINTERP_WEAKEN` cannot tell apart ends with one name and one ordering, so they are one.
fn weakenings(sites: &[Site]) -> Vec<Weakening<'_>> {
    let mut all: Vec<Weakening> = Vec::new();
    for site in sites.iter().filter(|site| !site.models.is_empty()) {
        for weaker in site.weaker() {
            let same = |known: &&mut Weakening| {
                let Weakening { site: other, weaker: also, .. } = &**known;
                (&other.edge, &other.ordering, &other.models, also)
                    == (&site.edge, &site.ordering, &site.models, weaker)
            };
            match all.iter_mut().find(same) {
                Some(known) => known.places.push(&site.place),
                None => all.push(Weakening { site, weaker, places: vec![&site.place] }),
            }
        }
    }
    all
}

/// Runs each named model as it is: a model that fails by itself, or does not exist, kills nothing.
fn run_unweakened(
    models: &Models,
    sites: &[Site],
    complaints: &mut Vec<String>,
) -> Result<BTreeMap<String, bool>> {
    let mut names: Vec<&String> = sites.iter().flat_map(|site| &site.models).collect();
    names.sort();
    names.dedup();
    let runs = in_parallel(&names, |name| models.run(name, None, LIMIT));
    let mut passed = BTreeMap::new();
    for (name, run) in names.iter().zip(runs) {
        let problem = match run?.verdict {
            Verdict::Passed => None,
            Verdict::Failed => Some("fails with nothing weakened"),
            Verdict::Undecided => Some("does not end with nothing weakened"),
            Verdict::Missing => Some("does not exist, though a comment names it"),
        };
        complaints.extend(problem.map(|problem| format!("the model {name} {problem}")));
        passed.insert((*name).clone(), problem.is_none());
    }
    Ok(passed)
}

/// Runs the models of one end until one of them fails.
fn run_weakened(models: &Models, weakening: &Weakening) -> Result<(String, Run)> {
    let Weakening { site, weaker, .. } = weakening;
    let spec = format!("{}:{}={weaker}", site.edge, site.ordering);
    let mut last = None;
    for model in &site.models {
        let run = models.run(model, Some(&spec), LIMIT)?;
        let killed = run.verdict == Verdict::Failed;
        last = Some((model.clone(), run));
        if killed {
            break;
        }
    }
    match last {
        Some(result) => Ok(result),
        None => bail!("{} names no model", site.edge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(place: &str, ordering: &str) -> Site {
        Site {
            place: place.into(),
            edge: "a.x".into(),
            ordering: ordering.into(),
            models: vec!["a::one".into()],
        }
    }

    #[test]
    fn ends_that_cannot_be_told_apart_are_weakened_once() {
        let sites = [site("a.rs:1", "Release"), site("a.rs:2", "AcqRel"), site("b.rs:3", "Release")];
        let all = weakenings(&sites);
        let seen: Vec<_> = all.iter().map(|w| (w.places.join(" "), w.weaker)).collect();
        let expected = [
            ("a.rs:1 b.rs:3", "Relaxed"),
            ("a.rs:2", "Acquire"),
            ("a.rs:2", "Release"),
            ("a.rs:2", "Relaxed"),
        ];
        assert_eq!(seen, expected.map(|(places, weaker)| (places.to_string(), weaker)));
    }
}
