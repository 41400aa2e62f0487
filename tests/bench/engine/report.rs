//! The table for people and the file for machines.

use std::io;
use std::path::Path;

use serde_json::json;

use crate::measure::Figures;

pub(crate) struct Row {
    pub(crate) client: &'static str,
    pub(crate) transport: &'static str,
    pub(crate) callers: usize,
    pub(crate) in_flight: usize,
    pub(crate) figures: Figures,
    /// The floor of the same row.
    pub(crate) floor: Figures,
}

/// The median of each figure.
pub(crate) fn median(runs: &[Figures]) -> Figures {
    let of = |figure: fn(&Figures) -> f64| {
        let mut values: Vec<f64> = runs.iter().map(figure).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Figures {
        calls_per_s: of(|run| run.calls_per_s),
        p50_us: of(|run| run.p50_us),
        p99_us: of(|run| run.p99_us),
        p999_us: of(|run| run.p999_us),
        cpu_us: of(|run| run.cpu_us),
        allocs: of(|run| run.allocs),
        alloc_bytes: of(|run| run.alloc_bytes),
    }
}

pub(crate) fn head(transport: &str) {
    println!(
        "\n{transport:<9} callers ×     | calls a second  of the |  round trip, µs              | CPU µs      | allocations"
    );
    println!(
        "client    in flight     |   in thousands floor |    p50      ×     p99     p99.9 | a call    × | a call  bytes"
    );
}

pub(crate) fn lines(rows: &[Row]) {
    for row in rows {
        let (f, floor) = (&row.figures, &row.floor);
        println!(
            "{:<9} {:>2} × {:<8} | {:>10.1} {:>9.2} | {:>8.1} {:>6.2} {:>9.1} {:>9.1} | {:>6.2} {:>5.2} | {:>5.2} {:>6.0}",
            row.client,
            row.callers,
            row.in_flight,
            f.calls_per_s / 1e3,
            f.calls_per_s / floor.calls_per_s,
            f.p50_us,
            f.p50_us / floor.p50_us,
            f.p99_us,
            f.p999_us,
            f.cpu_us,
            f.cpu_us / floor.cpu_us,
            f.allocs,
            f.alloc_bytes,
        );
    }
}

pub(crate) fn write_json(file: &Path, rows: &[Row]) -> io::Result<()> {
    let rows: Vec<_> = rows
        .iter()
        .filter(|row| row.client != "thread")
        .map(|row| {
            let (f, floor) = (&row.figures, &row.floor);
            json!({
                "client": row.client,
                "transport": row.transport,
                "callers": row.callers,
                "in_flight": row.in_flight,
                "calls_per_s": f.calls_per_s,
                "p50_us": f.p50_us,
                "p99_us": f.p99_us,
                "p999_us": f.p999_us,
                "cpu_us_per_call": f.cpu_us,
                "allocs_per_call": f.allocs,
                "alloc_bytes_per_call": f.alloc_bytes,
                "calls_ratio": f.calls_per_s / floor.calls_per_s,
                "cpu_ratio": f.cpu_us / floor.cpu_us,
                "p50_ratio": f.p50_us / floor.p50_us,
                "p99_ratio": f.p99_us / floor.p99_us,
            })
        })
        .collect();
    std::fs::write(file, format!("{:#}\n", serde_json::Value::from(rows)))
}
