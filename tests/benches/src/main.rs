//! Our channels beside those of other crates; `cargo xtask bench channels` and `cargo xtask bench limits` run it.

mod contest;
mod json;
mod limits;
mod memory;
mod peers;
mod plot;
mod report;
mod scenarios;
mod stats;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;

#[derive(Debug, Parser)]
enum Command {
    /// Our channels beside those of other crates
    Channels(Channels),
    /// What the machine can do at this moment
    Limits,
}

#[derive(Debug, clap::Args)]
struct Channels {
    /// Fewer and shorter rounds: within a minute
    #[arg(long)]
    quick: bool,
    /// How many rounds
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Only the rows whose names hold this text
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Only the peers of these names
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    peers: Vec<String>,
    /// Where to write every sample
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where to draw the medians, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

fn main() -> Result<()> {
    match Command::parse() {
        Command::Channels(options) => channels(&options),
        Command::Limits => {
            print!("{}", report::limits(&limits::measure()));
            Ok(())
        }
    }
}

fn channels(options: &Channels) -> Result<()> {
    let wanted = |name: &str| options.only.as_deref().is_none_or(|only| name.contains(only));
    let mut rows = scenarios::rows();
    rows.retain(|row| wanted(&row.name));
    ensure!(!rows.is_empty(), "there is no such row");
    let (rounds, time) = if options.quick { (5, 3) } else { (21, 10) };
    let rounds = options.rounds.unwrap_or(rounds);
    ensure!(rounds > 0, "no rounds, no figures");
    let plays = |name: &str| options.peers.is_empty() || options.peers.iter().any(|peer| peer == name);
    let results =
        contest::hold(rows, rounds, Duration::from_millis(time), plays, |news| eprintln!("bench: {news}"));
    let memory = memory::count_all();
    print!("{}\n{}", report::table(&results), report::memory(&results.names, &memory));
    if let Some(file) = &options.json {
        let document = serde_json::to_string_pretty(&json::document(&results, &memory))?;
        fs::write(file, document).with_context(|| format!("cannot write {}", file.display()))?;
    }
    if let Some(file) = &options.svg {
        plot::draw(&results, file)?;
    }
    Ok(())
}
