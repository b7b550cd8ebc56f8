//! Results as a picture: a line for each row, a dot for each peer's median.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use crate::contest::{ENTRANTS, Results};
use crate::stats::median;

const ROW_HEIGHT: u32 = 24;
const WIDTH: u32 = 1100;
const COLORS: [RGBColor; ENTRANTS.len()] = [
    RGBColor(200, 30, 30),
    RGBColor(240, 130, 130),
    RGBColor(120, 10, 60),
    RGBColor(40, 90, 180),
    RGBColor(230, 150, 30),
    RGBColor(30, 140, 70),
    RGBColor(130, 60, 160),
    RGBColor(90, 90, 90),
    RGBColor(20, 160, 170),
    RGBColor(150, 110, 60),
];

pub(crate) fn draw(results: &Results, file: &Path) -> Result<()> {
    try_draw(results, file).map_err(|error| anyhow!("cannot draw {}: {error}", file.display()))
}

fn try_draw(results: &Results, file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let medians: Vec<Vec<Option<f64>>> =
        results.samples.iter().map(|row| row.iter().map(|samples| median(samples)).collect()).collect();
    let all: Vec<f64> = medians.iter().flatten().flatten().copied().collect();
    let lowest = all.iter().copied().min_by(f64::total_cmp).ok_or("there is nothing to draw")?;
    let highest = all.iter().copied().max_by(f64::total_cmp).ok_or("there is nothing to draw")?;
    let rows = results.rows.len();
    let area = SVGBackend::new(file, (WIDTH, ROW_HEIGHT * rows as u32 + 110)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("nanoseconds for one operation, medians", ("sans-serif", 18))
        .margin(10)
        .x_label_area_size(40)
        .y_label_area_size(260)
        .build_cartesian_2d((lowest / 1.3..highest * 1.3).log_scale(), (0..rows).into_segmented())?;
    let name_of = |value: &SegmentValue<usize>| match value {
        // From the top down.
        SegmentValue::CenterOf(index) if *index < rows => results.rows[rows - 1 - index].name.clone(),
        _ => String::new(),
    };
    chart
        .configure_mesh()
        .y_labels(rows)
        .y_label_formatter(&name_of)
        .x_label_formatter(&|value| format!("{value:.0}"))
        .draw()?;
    for (peer, (name, color)) in results.names.iter().zip(COLORS).enumerate().rev() {
        let dots = medians.iter().enumerate().filter_map(|(row, medians)| {
            let at = (medians[peer]?, SegmentValue::CenterOf(rows - 1 - row));
            Some(Circle::new(at, if peer == 0 { 6 } else { 4 }, color.filled()))
        });
        chart
            .draw_series(dots)?
            .label(*name)
            .legend(move |(x, y)| Circle::new((x + 8, y), 4, color.filled()));
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.9)).border_style(BLACK).draw()?;
    area.present()?;
    Ok(())
}
