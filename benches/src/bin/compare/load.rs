//! From the text of a pack to an engine that decides.

use std::hint::black_box;

use recoup::{Engine, LoadOptions};
use recoup_benches::Result;
use recoup_benches::engine;
use recoup_benches::pack::{NAME, Sources};
use recoup_benches::timing::{Contender, compare};
use recoup_benches::workload::Workload;

use crate::report::Report;

/// The ways to load a pack. Each is timed on every pack, and shown as a multiple of its own time for the first one.
const WAYS: [(&str, Load); 2] = [("whole", engine::load), ("without the proofs", without_proofs)];

type Load = fn(&Sources) -> Result<Engine>;

/// Fills the section.
pub fn measure(report: &mut Report) -> Result<()> {
    // The answers of each pack are compared on a few cases.
    let packs = [
        ("76 rules", Workload::policy()?.sources),
        ("5,000 rules", Workload::large_policy(5_000, 10)?.sources),
        ("5,000 rules in the same tables", Workload::long_policy(5_000, 10)?.sources),
        ("a table of 4,096 rows", Workload::table(4_096)?.sources),
    ];
    for (way, load) in WAYS {
        let mut contenders: Vec<Contender<'_>> = packs
            .iter()
            .map(|(name, sources)| {
                Contender::new(&format!("load {name}, {way}"), move |_| {
                    assert!(black_box(load(black_box(sources))).is_ok());
                })
            })
            .collect();
        let times = compare(&mut contenders, 1, 1);
        for (contender, of) in contenders.iter().zip(&times) {
            report.time(&contender.name, of.median(), Some((of.ratio(&times[0]), "76 rules")));
        }
    }
    Ok(())
}

fn without_proofs(sources: &Sources) -> Result<Engine> {
    let files = sources.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    let loaded = LoadOptions::new().without_analysis().from_sources(NAME, files);
    loaded.map_err(|error| error.to_string().into())
}
