//! `evaldiff report`: one run on its own.

use super::{Session, colored, columns, convert, diff, folder_site, media, pages, print, theme, width};
use crate::audit::manifest::json_bytes;
use crate::cli::request::{OutputFormat, ReportRequest};
use crate::compare::Job;
use crate::error::Result;
use crate::publish::Item;
use crate::report::terminal;

/// Reports on one run: a comparison of the run with itself gives every number over all of its samples.
///
/// # Errors
/// As [`super::diff()`].
pub async fn report(session: &Session, request: &ReportRequest) -> Result<()> {
    let root = session.cwd.join(&session.config.out);
    folder_site::check_root(&root)?;
    let theme = theme::configured(session)?;
    let file = diff::is_file(session, &request.reference);
    let store = if file {
        session.open_or_create().await?
    } else {
        session.open().await?
    };
    let table = session.table(&store).await?;
    let run = diff::resolve(session, &store, &table, &request.reference, &request.input).await?;
    let resolved = diff::resolution(&request.reference, &run);
    let text = request.format == OutputFormat::Text;
    if text {
        print(resolved.as_bytes())?
    } else {
        session.say(resolved.trim_end())
    }
    let roles = columns::roles(session, &run, !file)?;
    let job = Job {
        options: theme::options(session, roles.kind(), theme.as_ref())?,
        roles,
        join: diff::join(session.config.engine.join),
        baseline: run.clone(),
        candidate: run,
    };
    columns::check_hidden(&job)?;
    columns::check_media(&job)?;
    let linked = media::linked(session, &job)?;
    let (_, found) = diff::compute(session, &job, &*linked).await?;
    let report = pages::run_report(&found.comparison);
    let pages = pages::of_run(&found.comparison, &found.samples, found.media, theme.as_ref())?;
    let index = folder_site::write(&root, &pages, &Item::of_run(&report))?;
    match request.format {
        OutputFormat::Json => print(&json_bytes(&report).map_err(convert::json)?)?,
        _ => print(terminal::run_summary(&report, width(), text && colored(session.console)).as_bytes())?,
    }
    let path = diff::shown_path(session, &index);
    if text {
        print(format!("{path}\n").as_bytes())
    } else {
        session.say(&path);
        Ok(())
    }
}
