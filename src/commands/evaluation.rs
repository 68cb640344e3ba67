//! The part of `evaldiff run` that talks to the service: from a golden dataset to a predictions file.

use super::{Session, convert, run, watch::Watch};
use crate::cli::request::{InputStyle as Asked, RunRequest, ServiceChoice};
use crate::error::{Error, Result};
use crate::ingest::GoldenDataset;
use crate::runner::{
    self, Asker, Bento, BentoSpec, Decoder, Done, Encoder, Identity, InputStyle, NotReady, Pressure, Route, RunFile,
    RunnerError, Service, Spool, Stop, Wire,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Time limit of a request.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Time for which a service that is away or overloaded is asked again.
const PATIENCE: Duration = Duration::from_secs(120);

/// One evaluation of a golden dataset that was found good.
pub(super) struct Evaluation<'a> {
    pub(super) session: &'a Session,
    pub(super) request: &'a RunRequest,
    pub(super) table: &'a str,
    pub(super) run_id: &'a str,
    pub(super) resumed: bool,
    pub(super) golden: GoldenDataset,
    pub(super) golden_file: &'a Path,
    pub(super) stop: Stop,
}

/// Every sample answered: a predictions file, and what the snapshot will say of the run.
pub(super) struct Evaluated {
    pub(super) spool: Spool,
    pub(super) predictions: PathBuf,
    pub(super) golden: GoldenDataset,
    pub(super) properties: BTreeMap<String, String>,
    pub(super) had_catalog: bool,
}

/// What only an evaluation knows of a run.
pub(super) struct Facts {
    pub(super) identity: Identity,
    pub(super) endpoint: String,
    pub(super) started_at: i64,
    pub(super) ended_at: i64,
    pub(super) batch: String,
    pub(super) concurrency: String,
    pub(super) errors: u64,
}

impl Evaluation<'_> {
    /// Starts or finds the service, asks about every sample, and lets the service go.
    pub(super) async fn run(self) -> Result<Evaluated> {
        let choice = &self.session.config.service;
        let had_catalog = self.session.has_catalog();
        let stop = self.stop.clone();
        let begin = async {
            let (service, bento) = self.service(choice).await?;
            let (identity, routes) = service.describe(PATIENCE).await.map_err(convert::runner)?;
            Ok((service, bento, started(identity, choice), routes))
        };
        let (service, bento, identity, routes) = tokio::select! {
            begun = begin => begun?,
            () = stop.asked() => return Err(convert::runner(RunnerError::Stopped { resumed: self.resumed })),
        };
        self.check_version(choice, &identity)?;
        let (asker, endpoint, mapping) = self.asker(choice, service.clone(), &identity, &routes)?;
        let (spool, done) = self.spool(&identity, mapping)?;
        let max_errors = choice.max_errors.map_or(0, |most| most.of(self.golden.rows()));
        let watch = Watch::new(self.session, &self.request.model_version, self.golden.rows());
        watch.begin(&identity, &service, &endpoint, &done, self.run_id);
        let asker = Arc::new(asker);
        let driven = runner::drive(
            Arc::clone(&asker),
            &spool,
            done,
            max_errors,
            &|s| watch.see(s),
            stop.asked(),
        )
        .await;
        watch.end();
        let (standing, errors) = match driven {
            Ok(driven) => driven,
            Err(error) => {
                // A run that has no answer is nothing to go on with.
                spool.remove_if_empty().map_err(convert::runner)?;
                return Err(convert::runner(error));
            }
        };
        let (done, total) = (standing.answered, standing.total);
        let (after, _) = tokio::select! {
            described = service.describe(PATIENCE) => described.map_err(convert::runner)?,
            () = stop.asked() => return Err(convert::runner(RunnerError::Interrupted { done, total })),
        };
        let after = started(after, choice);
        if after != identity {
            return Err(convert::runner(RunnerError::OtherService {
                reason: format!(
                    "the service changed during the run: it was {}, it is {}",
                    identity.tag(),
                    after.tag()
                ),
                hint: "evaluate a service that nobody deploys to meanwhile; nothing was written to the table".into(),
            }));
        }
        if let Some(bento) = bento {
            bento.stop().await;
        }
        watch.summary(&standing, &errors);
        let ended_at = chrono::Utc::now().timestamp_micros();
        let facts = Facts {
            identity,
            endpoint,
            started_at: spool.run.started_at,
            ended_at,
            batch: setting(choice.batch_size.and_then(|a| a.fixed()), standing.batch),
            concurrency: setting(choice.concurrency.and_then(|a| a.fixed()), standing.concurrency),
            errors: standing.errors,
        };
        // On one of the threads that read and wrote so far, whose memory it takes over.
        let golden = self.golden.clone();
        let seal = move || runner::seal(&spool, &golden, &errors).map(|predictions| (spool, predictions));
        let sealed = tokio::task::spawn_blocking(seal).await;
        let sealed = sealed.map_err(|e| convert::runner(RunnerError::Internal(e.to_string())))?;
        let (spool, predictions) = sealed.map_err(convert::runner)?;
        Ok(Evaluated {
            spool,
            predictions,
            properties: run::properties(self.session, &facts),
            golden: self.golden,
            had_catalog,
        })
    }

    async fn service(&self, choice: &ServiceChoice) -> Result<(Service, Option<Bento>)> {
        let headers: Vec<(String, String)> = choice.headers.clone().into_iter().collect();
        let timeout = choice.timeout.unwrap_or(TIMEOUT);
        let connect = |url: &str| Service::new(url, &headers, timeout).map_err(convert::runner);
        let Some(tag) = &choice.bento else {
            let Some(url) = &choice.url else {
                return Err(Error::usage("an evaluation needs a service")
                    .with_hint("give --service URL, or --bento TAG to have one started"));
            };
            let service = connect(url)?;
            self.wait(&service).await?;
            return Ok((service, None));
        };
        let log = self
            .session
            .config
            .home
            .join("logs")
            .join(format!("{}.log", self.run_id));
        if let Some(folder) = log.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|e| Error::data(format!("{} cannot be made", folder.display())).with_source(e))?;
        }
        let supervisor =
            std::env::current_exe().map_err(|e| Error::data("cannot find evaldiff itself").with_source(e))?;
        let spec = BentoSpec {
            tag: tag.clone(),
            program: choice.bentoml.clone().unwrap_or_else(|| "bentoml".into()),
            supervisor,
            log,
        };
        let mut bento = Bento::start(spec).map_err(convert::runner)?;
        self.session
            .say(&format!("starting {tag} (its output is in {})", bento.log().display()));
        let service = connect(&bento.url())?;
        bento.ready(&service).await.map_err(convert::runner)?;
        Ok((service, Some(bento)))
    }

    /// A service that is being started elsewhere has a moment to become ready.
    async fn wait(&self, service: &Service) -> Result<()> {
        let start = Instant::now();
        let mut said = false;
        loop {
            let why = match service.ready().await {
                Ok(()) => return Ok(()),
                Err(NotReady::Yet(why)) => why,
                Err(NotReady::Ever(what)) => {
                    return Err(convert::runner(RunnerError::Refused {
                        what,
                        hint: Some(format!(
                            "check --service and [service.headers]; {} was asked",
                            service.shown()
                        )),
                    }));
                }
            };
            if start.elapsed() > Duration::from_secs(60) {
                return Err(convert::runner(RunnerError::Unreachable {
                    what: format!("at {} is not ready: {why}", service.shown()),
                    hint: Some("start it, or check --service".into()),
                }));
            }
            if !said {
                self.session
                    .say(&format!("waiting up to 60 s for {}: {why}", service.shown()));
                said = true;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    fn check_version(&self, choice: &ServiceChoice, identity: &Identity) -> Result<()> {
        let of_tag = choice
            .bento
            .as_deref()
            .and_then(|tag| tag.split_once(':'))
            .map(|(_, version)| version);
        let of_tag = of_tag.filter(|version| *version != "latest");
        let asked = choice
            .version
            .as_deref()
            .or(of_tag)
            .unwrap_or(&self.request.model_version);
        let plain = |version: &str| version.strip_prefix('v').unwrap_or(version).to_string();
        match &identity.version {
            Some(found) if plain(found) == plain(asked) => Ok(()),
            Some(found) => Err(convert::runner(RunnerError::usage(
                format!("the service is {}, version {asked} was asked for", identity.tag()),
                format!("if {found} is what you mean to evaluate, say so with --service-version {found}"),
            ))),
            None if choice.version.is_some() => Err(convert::runner(RunnerError::usage(
                format!("the service does not say its version, {asked} was asked for"),
                "serve a Bento that was built, rather than its source, or leave --service-version out",
            ))),
            None => {
                self.session.say(&format!(
                    "warning: the service does not say its version: that it is {} cannot be confirmed",
                    self.request.model_version
                ));
                Ok(())
            }
        }
    }

    fn asker(
        &self,
        choice: &ServiceChoice,
        service: Service,
        identity: &Identity,
        routes: &[Route],
    ) -> Result<(Asker, String, String)> {
        let route = endpoint(choice, routes)?;
        let (style, param) = match (choice.style, route.as_ref().and_then(|r| r.style.clone())) {
            (Some(style), Some((found, param))) if of(style) == found => (found, Some(param)),
            (Some(style), _) => (of(style), None),
            (None, _) if !choice.request.sample.is_empty() => (InputStyle::Json, None),
            (None, Some((found, param))) => (found, Some(param)),
            (None, None) => (InputStyle::Texts, None),
        };
        let inputs: Vec<String> = self.golden.inputs().map(String::from).collect();
        let encoder = Encoder::new(
            style,
            choice.param.clone().or(param),
            &inputs,
            &choice.names,
            choice.request.clone(),
        )
        .map_err(convert::runner)?;
        let decoder =
            Decoder::new(choice.answer.clone(), encoder.single()).of(self.golden.kind(), self.golden.scores().to_vec());
        let name = choice.endpoint.clone().unwrap_or_else(|| "classify".into());
        let path = route.map_or(name, |route| route.path.clone());
        let url = service.at(&path).map_err(convert::runner)?;
        let mut mapping = serde_json::json!({
            "endpoint": path, "inputs": inputs, "key": self.golden.key(), "truth": self.golden.truth(),
            "request": encoder.describe(), "answer": decoder.describe(),
            "labels": choice.labels, "any_label": choice.any_label,
        });
        if !self.golden.kind().has_labels() {
            mapping["kind"] = self.golden.kind().name().into();
            mapping["scores"] = self.golden.scores().into();
        }
        let mapping = blake3::hash(mapping.to_string().as_bytes()).to_hex().to_string();
        let batch = if encoder.single() {
            Some(1)
        } else {
            choice.batch_size.and_then(|a| a.fixed())
        };
        let timeout = choice.timeout.unwrap_or(TIMEOUT);
        let pressure = Pressure::new(batch, choice.concurrency.and_then(|a| a.fixed()), timeout);
        let asker = Asker {
            service,
            url,
            identity: identity.clone(),
            encoder,
            decoder,
            dataset: self.golden.clone(),
            labels: choice.labels.clone(),
            any_label: choice.any_label,
            pressure: Mutex::new(pressure),
            wire: Wire::default(),
            start: Instant::now(),
            answered_at: AtomicU64::new(0),
            patience: PATIENCE,
        };
        Ok((asker, path, mapping))
    }

    fn spool(&self, identity: &Identity, mapping_digest: String) -> Result<(Spool, Done)> {
        let golden_bytes = runner::bytes_digest(self.golden_file)
            .map_err(|e| Error::data(format!("{} cannot be read", self.golden_file.display())).with_source(e))?;
        let now = RunFile {
            format: RunFile::FORMAT,
            run_id: self.run_id.to_string(),
            model_version: self.request.model_version.clone(),
            table: self.table.to_string(),
            golden_digest: self.golden.digest().to_string(),
            golden_bytes,
            samples: self.golden.rows(),
            service_name: identity.name.clone(),
            service_version: identity.version.clone(),
            schema_digest: identity.schema_digest.clone(),
            mapping_digest,
            started_at: self.session.now_micros,
        };
        let root = self.session.spool();
        if !self.resumed {
            let spool = Spool::create(&root, now).map_err(convert::runner)?;
            return Ok((spool, Done::default()));
        }
        let (spool, done) = Spool::open(&root, self.run_id).map_err(convert::runner)?;
        match spool.run.difference(&now) {
            None => Ok((spool, done)),
            Some(reason) => {
                let run_id = self.run_id.to_string();
                Err(convert::runner(RunnerError::Differs { run_id, reason }))
            }
        }
    }
}

/// Who the service is, where it does not say so itself but was started here under its tag.
fn started(identity: Identity, choice: &ServiceChoice) -> Identity {
    match choice.bento.as_deref().and_then(|tag| tag.split_once(':')) {
        Some((name, version)) if identity.version.is_none() && version != "latest" => Identity {
            name: Some(name.to_string()),
            version: Some(version.to_string()),
            ..identity
        },
        _ => identity,
    }
}

/// The endpoint that was asked for, or the only one that can be meant; `None` where the service names none.
fn endpoint<'a>(choice: &ServiceChoice, routes: &'a [Route]) -> Result<Option<&'a Route>> {
    let names = || routes.iter().map(|r| r.name.as_str()).collect::<Vec<_>>().join(", ");
    let wanted = choice.endpoint.as_deref();
    if routes.is_empty() {
        return Ok(None);
    }
    let named = |name: &str| {
        let path = |r: &Route| r.path.trim_start_matches('/') == name.trim_start_matches('/');
        routes.iter().find(|r| r.name == name || path(r))
    };
    match (wanted, named(wanted.unwrap_or("classify")), routes) {
        (_, Some(found), _) | (None, None, [found]) => Ok(Some(found)),
        (Some(name), None, _) => {
            Err(Error::usage(format!("the service has no endpoint `{name}`")).with_hint(format!("it has {}", names())))
        }
        (None, None, _) => Err(Error::usage(format!("the service has several endpoints: {}", names()))
            .with_hint("name one with --endpoint")),
    }
}

fn of(style: Asked) -> InputStyle {
    match style {
        Asked::Texts => InputStyle::Texts,
        Asked::Records => InputStyle::Records,
        Asked::Columns => InputStyle::Columns,
        Asked::Split => InputStyle::Split,
        Asked::Json => InputStyle::Json,
    }
}

/// A number that was given, or one that was found.
fn setting(fixed: Option<usize>, found: usize) -> String {
    match fixed {
        Some(n) => n.to_string(),
        None => format!("auto, {found} at the end"),
    }
}
