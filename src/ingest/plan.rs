//! Plans an import: reads every input once and decides what its rows become.

use super::error::IngestError;
use super::guess::{RESERVED, plain};
use super::look::{Depth, Looked, look};
use super::planned::{ImportPlan, finish};
use super::raw::Input;
use super::roles::{Numbers, Parts, View, resolve};
use super::scan::{self, PredictionScan};
use super::scan_golden::{GoldenScan, scan_golden};
use super::spec::{ImportSpec, InputFormat, KnownColumn};

/// Opens and reads every input once. `progress` hears the prediction rows read so far.
pub fn plan(spec: &ImportSpec, known: &[KnownColumn], progress: &dyn Fn(u64)) -> Result<ImportPlan, IngestError> {
    let inputs: Vec<Input> = spec
        .files
        .iter()
        .map(|file| Input {
            file: file.clone(),
            format: spec.format,
            media: spec.media.clone(),
        })
        .collect();
    let golden = spec.golden.as_ref().map(|file| Input {
        file: file.clone(),
        format: InputFormat::Auto,
        media: spec.media.clone(),
    });
    let first = inputs.first().ok_or(IngestError::NoFiles)?;
    for input in inputs.iter().chain(&golden) {
        super::format::open(&input.file, input.format)?;
    }

    let golden_input = golden.as_ref();
    let mut looked = look(&inputs, golden_input, Depth::Head)?;
    let completed = looked.declared.as_ref().map(|declared| declared.complete(spec));
    let spec = completed.as_ref().unwrap_or(spec);
    let declared = looked.declared.take().unwrap_or_default();
    let mut parts = match resolve_parts(spec, first, golden_input, &looked) {
        Err(_) if looked.may_hold_more => {
            looked = look(&inputs, golden_input, Depth::Whole)?;
            resolve_parts(spec, first, golden_input, &looked)?
        }
        other => other?,
    };
    let mut scans = scan_all(&inputs, golden_input, &parts, progress);
    let in_doubt = match &scans {
        // A JSONL field that appears late may play a part too.
        Ok(scans) => looked.may_hold_more && looked.columns() != scans.columns(),
        // A guess from the first rows may not hold for all.
        Err(error) => looked.may_hold_more || matches!(error, IngestError::BadValue { .. }),
    };
    if in_doubt && let Ok(looked) = look(&inputs, golden_input, Depth::Whole) {
        let again = resolve_parts(spec, first, golden_input, &looked)?;
        if again != parts {
            scans = scan_all(&inputs, golden_input, &again, progress);
            parts = again;
        }
    }
    let scans = scans?;
    finish(spec, known, inputs, golden, &parts, scans, declared)
}

fn resolve_parts(
    spec: &ImportSpec,
    first: &Input,
    golden: Option<&Input>,
    looked: &Looked,
) -> Result<Parts, IngestError> {
    let numbers = |name: &str| looked.numbers.get(name).copied().unwrap_or(Numbers::Other);
    let view = View {
        predictions: first,
        facts: &looked.facts,
        golden: golden.zip(looked.golden.as_ref()),
        numbers: &numbers,
    };
    let parts = resolve(spec, &view)?;
    let own = parts.key.iter().map(|name| (name, "the key"));
    let labels = [
        (Some(&parts.prediction), "the prediction"),
        (parts.truth.as_ref(), "the ground truth"),
    ];
    for (name, role) in own.chain(
        labels
            .into_iter()
            .filter_map(|(name, role)| name.map(|name| (name, role))),
    ) {
        if RESERVED.contains(&plain(name).as_str()) {
            return Err(IngestError::Reserved {
                column: name.clone(),
                role,
            });
        }
    }
    Ok(parts)
}

/// What both passes found.
pub(crate) struct Scans {
    pub(crate) golden: Option<GoldenScan>,
    pub(crate) predictions: PredictionScan,
}

impl Scans {
    fn columns(&self) -> Vec<String> {
        let golden = self.golden.iter().flat_map(|golden| golden.facts.names());
        self.predictions.facts.names().into_iter().chain(golden).collect()
    }
}

fn scan_all(
    inputs: &[Input],
    golden: Option<&Input>,
    parts: &Parts,
    progress: &dyn Fn(u64),
) -> Result<Scans, IngestError> {
    let mut golden_scan = match golden {
        Some(input) => Some(scan_golden(input, parts, |_| {})?),
        None => None,
    };
    let index = golden.zip(golden_scan.as_mut().map(|scan| &mut scan.index));
    let predictions = scan::predictions(inputs, parts, index, progress)?;
    Ok(Scans {
        golden: golden_scan,
        predictions,
    })
}
