//! Results as a table for people.

use crate::contest::{OURS, Results};
use crate::memory;
use crate::stats::{Summary, median};

/// The table, and what the whole comes to.
pub(crate) fn table(results: &Results) -> String {
    let mut lines: Vec<Vec<String>> = vec![header(results)];
    for (row, samples) in results.rows.iter().zip(&results.samples) {
        let mut cells = vec![row.name.clone()];
        cells.extend(samples.iter().map(|samples| median(samples).map_or("-".into(), number)));
        let best = samples[OURS..].iter().filter_map(|samples| median(samples)).min_by(f64::total_cmp);
        let ours = Summary::of(&samples[0]);
        match (ours, best) {
            (Some(ours), Some(best)) => cells.extend([
                format!("{:.2}", ours.median / best),
                format!("{} {}", number(ours.lower), number(ours.upper)),
                number(ours.worst),
            ]),
            _ => cells.extend(["-", "-", "-"].map(String::from)),
        }
        lines.push(cells);
    }
    aligned(&lines)
}

/// What the machine can do, as a table.
pub(crate) fn limits(limits: &[(&str, Summary)]) -> String {
    let mut lines = vec![["ns", "median", "quartiles", "worst"].map(String::from).to_vec()];
    for (name, summary) in limits {
        let quartiles = format!("{} {}", number(summary.lower), number(summary.upper));
        lines.push(vec![name.to_string(), number(summary.median), quartiles, number(summary.worst)]);
    }
    aligned(&lines)
}

/// What memory they take, as a table.
pub(crate) fn memory(names: &[&str], rows: &[memory::Row]) -> String {
    let mut lines = vec![vec![String::from("bytes")]];
    lines[0].extend(names.iter().map(|name| name.to_string()));
    for row in rows {
        let mut cells = vec![row.name.to_string()];
        cells.extend(row.bytes.iter().map(|bytes| bytes.map_or("-".into(), number)));
        lines.push(cells);
    }
    aligned(&lines)
}

fn header(results: &Results) -> Vec<String> {
    let mut cells = vec![String::from("ns")];
    cells.extend(results.names.iter().map(|name| name.to_string()));
    cells.extend(["ours/best", "our quartiles", "our worst"].map(String::from));
    cells
}

fn number(value: f64) -> String {
    if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

fn aligned(lines: &[Vec<String>]) -> String {
    let widths: Vec<usize> = (0..lines[0].len())
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for line in lines {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            text.push_str(&if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") });
        }
        text.push('\n');
    }
    text
}
