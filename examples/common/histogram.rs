//! How long things took: counted in buckets that grow, drawn in the terminal and as SVG.

use std::fmt;
use std::time::Duration;

/// Buckets to each doubling of the time.
const STEPS: f64 = 2.0;
const BUCKETS: usize = 64;
/// Where the first bucket ends, in microseconds.
const FIRST: f64 = 4.0;

#[derive(Clone)]
pub(crate) struct Histogram {
    buckets: [u64; BUCKETS],
    longest: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { buckets: [0; BUCKETS], longest: Duration::ZERO }
    }
}

impl Histogram {
    pub(crate) fn add(&mut self, time: Duration) {
        let micros = time.as_secs_f64() * 1e6;
        let bucket = ((micros / FIRST).max(1.0).log2() * STEPS).ceil() as usize;
        self.buckets[bucket.min(BUCKETS - 1)] += 1;
        self.longest = self.longest.max(time);
    }

    pub(crate) fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The end of the bucket that `part` of the times are in or before.
    pub(crate) fn quantile(&self, part: f64) -> Duration {
        let wanted = (self.count() as f64 * part).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return end_of(bucket).min(self.longest);
            }
        }
        self.longest
    }

    /// The buckets from the first to the last that has something: where each ends, and how many it has.
    fn used(&self) -> impl Iterator<Item = (Duration, u64)> {
        let first = self.buckets.iter().position(|&count| count > 0).unwrap_or(0);
        let last = self.buckets.iter().rposition(|&count| count > 0).unwrap_or(0);
        (first..=last).map(|bucket| (end_of(bucket), self.buckets[bucket]))
    }

    fn most(&self) -> u64 {
        self.buckets.iter().copied().max().unwrap_or(0).max(1)
    }

    fn summary(&self) -> String {
        format!(
            "{}: median {}, 99 % {}, 99.9 % {}, longest {}",
            self.count(),
            brief(self.quantile(0.5)),
            brief(self.quantile(0.99)),
            brief(self.quantile(0.999)),
            brief(self.longest)
        )
    }
}

fn end_of(bucket: usize) -> Duration {
    Duration::from_secs_f64(FIRST * 2_f64.powf(bucket as f64 / STEPS) / 1e6)
}

/// A time in three figures or so.
pub(crate) fn brief(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s < 1e-3 => format!("{:.0} µs", s * 1e6),
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

/// A bar for each bucket, in eighths of a character.
impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const WIDTH: u64 = 50;
        const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
        for (end, count) in self.used() {
            // Something is never drawn as nothing.
            let eighths = (count * WIDTH * 8).div_ceil(self.most());
            let bar = "█".repeat((eighths / 8) as usize) + EIGHTHS[(eighths % 8) as usize];
            writeln!(f, "  ≤ {:>7}  {count:>7}  {bar}", brief(end))?;
        }
        writeln!(f, "  {}", self.summary())
    }
}

/// The histograms, one below the other.
pub(crate) fn svg(title: &str, pictures: &[(&str, &Histogram)]) -> String {
    const ROW: usize = 18;
    const WIDTH: u64 = 480;
    let mut body = String::new();
    let mut y = 30;
    let mut text = |x: usize, y: usize, more: &str, text: &str| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        body.push_str(&format!("  <text x=\"{x}\" y=\"{y}\"{more}>{text}</text>\n"));
    };
    let mut bars = String::new();
    text(20, y, " font-size=\"18\"", title);
    for (name, histogram) in pictures {
        y += 36;
        text(20, y, " font-weight=\"bold\"", name);
        y += 8;
        for (end, count) in histogram.used() {
            let width = (count * WIDTH).div_ceil(histogram.most());
            bars.push_str(&format!(
                "  <rect x=\"110\" y=\"{}\" width=\"{width}\" height=\"{}\"/>\n",
                y + 3,
                ROW - 4
            ));
            text(100, y + ROW - 4, " text-anchor=\"end\"", &format!("≤ {}", brief(end)));
            text(116 + width as usize, y + ROW - 4, "", &count.to_string());
            y += ROW;
        }
        y += ROW;
        text(20, y, "", &histogram.summary());
    }
    let height = y + 24;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"700\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         \x20 <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<g fill=\"#4a7ebb\">\n{bars}</g>\n<g>\n{body}</g>\n</svg>\n"
    )
}
