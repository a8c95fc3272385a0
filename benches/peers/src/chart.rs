//! A bar chart as SVG text, on a scale on which each step is ten times the one before.

use std::fmt::Write as _;

const LEFT: f64 = 210.0;
const WIDTH: f64 = 480.0;
const BAR: f64 = 22.0;
const GAP: f64 = 12.0;
const TOP: f64 = 60.0;

/// Draws bars of nanoseconds.
pub fn draw(bars: &[(String, f64)]) -> String {
    let least = bars.iter().map(|(_, time)| time.log10().floor()).fold(f64::INFINITY, f64::min);
    let most = bars.iter().map(|(_, time)| time.log10().ceil()).fold(f64::NEG_INFINITY, f64::max);
    let x = |time: f64| LEFT + WIDTH * (time.log10() - least) / (most - least).max(1.0);
    let bottom = TOP + bars.len() as f64 * (BAR + GAP);
    let (wide, high) = (LEFT + WIDTH + 110.0, bottom + 40.0);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" font-family=\"sans-serif\" \
         font-size=\"13\" fill=\"#24292f\">\n<rect width=\"{wide}\" height=\"{high}\" fill=\"#ffffff\"/>\n\
         <text x=\"12\" y=\"26\" font-size=\"16\">Time for one case, 76 rules, one thread</text>\n\
         <text x=\"12\" y=\"46\" fill=\"#57606a\">each line is ten times the one before; shorter is better</text>\n"
    );
    let mut line = 10_f64.powf(least);
    while line <= 10_f64.powf(most) * 1.001 {
        let at = x(line);
        let _ = writeln!(
            svg,
            "<line x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{bottom}\" stroke=\"#d0d7de\"/>\n\
             <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#57606a\">{}</text>",
            bottom + 18.0,
            time(line)
        );
        line *= 10.0;
    }
    for (number, (name, nanoseconds)) in bars.iter().enumerate() {
        let y = TOP + GAP / 2.0 + number as f64 * (BAR + GAP);
        let end = x(*nanoseconds);
        let fill = if name.starts_with("recoup") { "#0969da" } else { "#8c959f" };
        let text = y + BAR - 6.0;
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{text:.1}\" text-anchor=\"end\">{name}</text>\n\
             <rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR}\" fill=\"{fill}\"/>\n\
             <text x=\"{:.1}\" y=\"{text:.1}\">{}</text>",
            LEFT - 8.0,
            (end - LEFT).max(1.0),
            end + 6.0,
            time(*nanoseconds)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        short if short < 999.5 => format!("{short:.0} ns"),
        middle if middle < 9_995.0 => format!("{:.1} µs", middle / 1e3),
        middle if middle < 999_500.0 => format!("{:.0} µs", middle / 1e3),
        long => format!("{:.1} ms", long / 1e6),
    }
}
