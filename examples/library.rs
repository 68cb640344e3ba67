//! evaldiff as a library: compares two runs of a warehouse and prints what regressed.
//!
//! ```text
//! cargo run --release -- demo demo
//! cargo run --release --example library -- demo v0.7.1 v1.2.0
//! ```

use evaldiff::compare::{self, Job, JoinChoice};
use evaldiff::engine::{Engine, EngineOptions};
use evaldiff::model::{CatalogKind, CatalogLocation, CompareOptions, Verdict};
use evaldiff::stats;
use evaldiff::store::Store;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, baseline, candidate] = args.as_slice() else {
        return Err("usage: library FOLDER BASELINE CANDIDATE".into());
    };

    // Where the runs are: the embedded catalog below a folder in which `evaldiff import` or `run` has worked.
    let home = std::path::absolute(Path::new(folder).join(".evaldiff"))?;
    let store = Store::open(&CatalogLocation {
        name: "evaldiff".into(),
        kind: CatalogKind::Sql {
            database: home.join("catalog.db"),
            warehouse: format!("file://{}", home.join("warehouse").display()),
        },
        properties: BTreeMap::new(),
    })
    .await?;
    let table = store.choose_table(None).await?;

    // References become runs that are pinned to their snapshots.
    let baseline = store.resolve(&table, baseline).await?;
    let candidate = store.resolve(&table, candidate).await?;
    println!(
        "{} against {} of {table}",
        candidate.run.reference, baseline.run.reference
    );

    // One pass over both runs, within 512 MiB on two threads; neither changes a number.
    let engine = Engine::new(EngineOptions {
        memory_limit: Some(512 << 20),
        threads: 2,
        spill: None,
    })?;
    let job = Job {
        roles: candidate
            .roles
            .clone()
            .ok_or("the table does not say which column is what")?,
        options: CompareOptions::default(),
        join: JoinChoice::Auto,
        baseline,
        candidate,
    };
    let compared = compare::run(&engine, &job, Arc::new(|_| ())).await?;

    // Counts become numbers with intervals and verdicts.
    let summary = stats::summarise(&compared.counts, &job.options);
    for metric in &summary.metrics {
        println!("{:24} {:?} -> {:?}", metric.name, metric.baseline, metric.candidate);
    }
    println!("verdict: {:?}", summary.verdict);
    for slice in summary
        .slices
        .iter()
        .filter(|slice| slice.verdict == Verdict::Regressed)
    {
        let names: Vec<String> = slice
            .predicates
            .iter()
            .map(|p| format!("{} = {}", p.column, p.value.as_deref().unwrap_or("missing")))
            .collect();
        println!(
            "regressed: {} by {:?} on {} samples",
            names.join(" and "),
            slice.delta,
            slice.n
        );
    }
    Ok(())
}
