//! Reports published to a real object store and to a folder.

use crate::catalogs::{Server, on_each_server};
use crate::harness::{Project, finish};
use crate::lake::{BOTO, BUCKET, KEY, Lake, SECRET, import, lake, leaks_nothing, two_versions};
use evaldiff::audit::manifest::{FileDigest, Manifest};
use evaldiff::publish::{self, Bucket, Item, Published};
use std::path::Path;

/// The bucket as the library opens it, below a prefix of the test's own.
fn bucket(lake: &Lake, prefix: &str) -> Bucket {
    let properties = [
        ("s3.endpoint", format!("http://127.0.0.1:{}", lake.s3)),
        ("s3.region", "us-east-1".into()),
        ("s3.path-style-access", "true".into()),
        ("s3.access-key-id", KEY.into()),
        ("s3.secret-access-key", SECRET.into()),
    ];
    let properties = properties
        .into_iter()
        .map(|(name, value)| (name.to_string(), value))
        .collect();
    let store = evaldiff::store::bucket(&properties, BUCKET).unwrap();
    Bucket::new(store, prefix.into(), &format!("s3://{BUCKET}/{prefix}"))
}

/// The smallest report: a page and a manifest. Its numbers stand for nothing; only its place and its bytes matter here.
fn tiny_report(i: u64) -> (tempfile::TempDir, Manifest, Item) {
    let folder = tempfile::tempdir().unwrap();
    let page = format!("<!doctype html><title>{i}</title>");
    let manifest = Manifest {
        schema: "evaldiff.manifest/1".into(),
        kind: "diff".into(),
        tool_version: "test".into(),
        table: "t".into(),
        config_digest: "0".into(),
        roles: Default::default(),
        options: Default::default(),
        runs: Vec::new(),
        files: [("index.html".to_string(), FileDigest::of(page.as_bytes()))].into(),
    };
    std::fs::write(folder.path().join("index.html"), page).unwrap();
    let json = serde_json::to_vec(&(&manifest, i)).unwrap();
    std::fs::write(folder.path().join("manifest.json"), json).unwrap();
    let item = Item {
        folder: format!("t/diffs/a..b/{i:04}"),
        kind: "diff".into(),
        title: format!("report {i}"),
        subtitle: String::new(),
        verdict: String::new(),
        trend: None,
        order: (i as i64, 0),
    };
    (folder, manifest, item)
}

async fn publish_tiny(bucket: &Bucket, i: u64) -> Published {
    let (folder, manifest, item) = tiny_report(i);
    publish::publish(bucket, folder.path(), &manifest, &item, &|_| ())
        .await
        .unwrap()
}

/// The reports that the site's index and its archive pages list.
fn listed(lake: &Lake, prefix: &str) -> Vec<u64> {
    let text = lake.bucket_text(prefix, r"index\.html$|archive/", r"diffs/a\.\.b/(\d+)/index");
    text.split_whitespace().map(|n| n.parse().unwrap()).collect()
}

on_each_server![a_report_is_published_once_and_never_overwritten];

fn a_report_is_published_once_and_never_overwritten(server: &Server) {
    let project = server.project();
    let prefix = format!("once-{}/team", server.name);
    two_versions(&project, 300, "published.predictions");
    project.run(&["v1", "v2", "--table", "published.predictions"]).ok();
    let report = project.reports("site").remove(0);
    let report = report.to_str().unwrap();
    let site = format!("s3://{BUCKET}/{prefix}");
    let args = [
        "publish",
        report,
        &site,
        "--base-url",
        "https://reports.example.com/team",
    ];

    let first = project.run(&args);
    leaks_nothing(first.ok());
    let link = String::from_utf8(first.stdout.clone()).unwrap();
    assert!(
        link.starts_with("https://reports.example.com/team/published.predictions/diffs/v1..v2/"),
        "{link}"
    );
    assert!(link.ends_with("/index.html\n"), "{link}");

    let again = project.run(&args);
    again.ok().stderr_has("published: 0 objects written");
    project
        .run(&["publish", report, &site, "--check"])
        .ok()
        .stdout_has("as the manifest says");

    // Served as a browser needs it.
    let heads = server.python(&format!(
        "{BOTO}for o in s3.list_objects_v2(Bucket='{BUCKET}', Prefix='{prefix}/')['Contents']:\n  \
         h = s3.head_object(Bucket='{BUCKET}', Key=o['Key'])\n  \
         print(o['Key'].removeprefix('{prefix}/'), h['ContentType'], '|', h['CacheControl'])\n",
    ));
    for (path, kind, cache) in [
        ("index.html", "text/html; charset=utf-8", "max-age=60"),
        (
            "published.predictions/diffs/v1..v2/index.html",
            "text/html; charset=utf-8",
            "max-age=60",
        ),
        ("/data/comparison.json", "application/json", "immutable"),
        ("/overview", "", ""),
    ] {
        if kind.is_empty() {
            continue;
        }
        let line = heads
            .lines()
            .find(|line| line.split(' ').next().unwrap().ends_with(path))
            .unwrap();
        assert!(line.contains(kind) && line.contains(cache), "{line}");
    }

    // Altered at home: refused before anything is sent. Altered there: found, and not overwritten.
    let index = Path::new(report).join("index.html");
    let whole = std::fs::read(&index).unwrap();
    std::fs::write(&index, b"other").unwrap();
    project.run(&args).expect_code(1).stderr_has("index.html");
    std::fs::write(&index, whole).unwrap();
    server.python(&format!(
        "{BOTO}k = [o['Key'] for o in s3.list_objects_v2(Bucket='{BUCKET}', Prefix='{prefix}/')['Contents'] \
         if o['Key'].endswith('data/comparison.json')][0]\n\
         s3.delete_object(Bucket='{BUCKET}', Key=k.replace('comparison.json', 'samples.json'))\n\
         s3.put_object(Bucket='{BUCKET}', Key=k.replace('data/comparison.json', 'extra'), Body=b'whole:' + \
         s3.get_object(Bucket='{BUCKET}', Key=k)['Body'].read())\n\
         s3.put_object(Bucket='{BUCKET}', Key=k, Body=b'{{}}')\n",
    ));
    let check = || project.run(&["publish", report, &site, "--check"]);
    check()
        .expect_code(1)
        .stdout_has("data/comparison.json: changed")
        .stdout_has("data/samples.json: missing");
    let changed = "data/comparison.json is there already, with other bytes";
    project.run(&args).expect_code(1).stderr_has(changed);
    // Without its manifest, as if the first publisher had been killed, it is refused as well.
    let manifest = |change: &str| {
        server.python(&format!(
            "{BOTO}k = [o['Key'] for o in s3.list_objects_v2(Bucket='{BUCKET}', Prefix='{prefix}/')['Contents'] \
             if o['Key'].endswith('data/comparison.json')][0]\n{change}\n"
        ))
    };
    manifest(&format!(
        "s3.delete_object(Bucket='{BUCKET}', Key=k.replace('data/comparison.json', 'manifest.json'))"
    ));
    project.run(&args).expect_code(1).stderr_has(changed);
    // What was lost comes back once nothing is altered any more.
    manifest(&format!(
        "body = s3.get_object(Bucket='{BUCKET}', Key=k.replace('data/comparison.json', 'extra'))['Body'].read()\n\
         s3.put_object(Bucket='{BUCKET}', Key=k, Body=body.removeprefix(b'whole:'))\n\
         s3.delete_object(Bucket='{BUCKET}', Key=k.replace('comparison.json', 'samples.json'))"
    ));
    project.run(&args).ok().stderr_has("published: ");
    check().ok();
    manifest(&format!(
        "s3.delete_object(Bucket='{BUCKET}', Key=k.replace('comparison.json', 'samples.json'))"
    ));
    project.run(&args).ok().stderr_has("published: 1 objects written");
    check().ok();
}

#[test]
fn a_report_is_published_to_a_folder_too() {
    let project = Project::with_runs("binary");
    project.run(&["v1", "v2"]).ok();
    let report = project.reports("site").remove(0);
    let target = format!("file://{}/www", project.path().display());
    for _ in 0..2 {
        project
            .run(&["publish", report.to_str().unwrap(), &target])
            .ok()
            .stdout_has("/www/");
    }
    let (here, there) = (project.path().join("site"), project.path().join("www"));
    assert_eq!(crate::harness::tree(&here), crate::harness::tree(&there));
    project
        .run(&["publish", report.to_str().unwrap(), &target, "--check"])
        .ok();
    let place = there.join(Path::new(report.strip_prefix(&here).unwrap()));
    let publish = || project.run(&["publish", report.to_str().unwrap(), &target]);
    let check = || project.run(&["publish", report.to_str().unwrap(), &target, "--check"]);

    // What was lost is put back.
    std::fs::remove_dir_all(place.join("data")).unwrap();
    std::fs::remove_file(place.join("manifest.json")).unwrap();
    check()
        .expect_code(1)
        .stdout_has("data/comparison.json: missing")
        .stdout_has("manifest.json: missing");
    publish().ok();
    assert_eq!(crate::harness::tree(&here), crate::harness::tree(&there));
    // What was altered is refused, and nothing else is written then.
    for altered in ["manifest.json", "data/comparison.json"] {
        let whole = std::fs::read(place.join(altered)).unwrap();
        std::fs::write(place.join(altered), [&whole[..], b" "].concat()).unwrap();
        std::fs::remove_file(place.join("summary.md")).unwrap();
        check().expect_code(1).stdout_has(&format!("{altered}: changed"));
        publish()
            .expect_code(1)
            .stderr_has(&format!("{altered} is there already, with other bytes"));
        assert!(!place.join("summary.md").exists());
        assert_eq!(std::fs::read(place.join(altered)).unwrap().len(), whole.len() + 1);
        std::fs::write(place.join(altered), whole).unwrap();
        publish().ok();
        assert!(place.join("summary.md").exists());
    }
    check().ok();
    let nowhere = format!("file://{}/none", project.path().display());
    project
        .run(&["publish", report.to_str().unwrap(), &nowhere, "--check"])
        .expect_code(4)
        .stderr_has("not published");
    project
        .run(&["publish", report.to_str().unwrap(), "gs://bucket"])
        .expect_code(2)
        .stderr_has("s3://BUCKET/PREFIX");
    // Where a comparison is written, a folder that lost a file stays as it is; the way out names the whole folder.
    std::fs::remove_file(report.join("data/comparison.json")).unwrap();
    project
        .run(&["v1", "v2"])
        .expect_code(2)
        .stderr_has("already exists and lacks data/comparison.json")
        .stderr_has(&format!("move {} away", report.display()));
    assert!(!report.join("data/comparison.json").exists());
}

#[test]
fn what_leads_to_the_newest_report_does_not_lead_back_when_it_was_lost() {
    let project = Project::with_runs("binary");
    project.run(&["v1", "v2"]).ok();
    let report = project.reports("site").remove(0);
    let target = format!("file://{}/www", project.path().display());
    let publish = || project.run(&["publish", report.to_str().unwrap(), &target]);
    publish().ok();
    let place = project
        .path()
        .join("www")
        .join(report.strip_prefix(project.path().join("site")).unwrap());
    let again = crate::harness::repository().join("golden/cases/binary/baseline.csv");
    project
        .run(&["import", again.to_str().unwrap(), "--model-version", "v2"])
        .ok();
    project.run(&["v1", "v2"]).ok();
    let mut reports = project.reports("site").into_iter();
    let newer = reports.find(|folder| *folder != report).unwrap();
    project.run(&["publish", newer.to_str().unwrap(), &target]).ok();
    let pair = place.parent().unwrap();
    let led = std::fs::read_to_string(pair.join("index.html")).unwrap();
    assert!(led.contains(newer.file_name().unwrap().to_str().unwrap()));
    for lost in [&["newest.json"][..], &["index.html"], &["newest.json", "index.html"]] {
        for name in lost {
            std::fs::remove_file(pair.join(name)).unwrap();
        }
        publish().ok();
        assert_eq!(
            std::fs::read_to_string(pair.join("index.html")).unwrap(),
            led,
            "{lost:?}"
        );
        assert!(pair.join("newest.json").is_file());
    }
    // Nor when it was damaged.
    std::fs::write(pair.join("newest.json"), "{\"x").unwrap();
    publish().ok();
    assert_eq!(std::fs::read_to_string(pair.join("index.html")).unwrap(), led);
    let newest = std::fs::read_to_string(pair.join("newest.json")).unwrap();
    assert!(newest.contains("candidate"), "{newest}");
}

#[test]
fn what_follows_the_location_in_a_target_is_refused_and_not_shown() {
    let project = Project::new();
    for target in [
        "s3://b?x=sekret",
        "s3://b/team#sekret",
        "s3://u:sekret@b/team",
        "file:///srv/www?x=sekret",
    ] {
        let refused = project.run(&["publish", "report", target]);
        refused.expect_code(2);
        assert!(
            !format!("{}{}", refused.text(), refused.stderr).contains("sekret"),
            "{refused}"
        );
    }
}

/// Objects that others removed or changed: put right where that is certain, else said with a way out.
#[test]
fn what_leads_to_reports_is_put_right_and_a_lost_list_is_not_begun_anew() {
    let Some(lake) = lake() else { return };
    let project = Project::new();
    project.file("evaldiff.toml", storage_of(lake));
    two_versions(&project, 100, "leads.predictions");
    project.run(&["v1", "v2"]).ok();
    let older = project.report();
    finish(import(&project, "b.csv", "v2", "leads.predictions")).ok();
    project.run(&["v1", "v2"]).ok();
    let newer = project
        .reports("site")
        .into_iter()
        .find(|folder| *folder != older)
        .unwrap();
    let site = format!("s3://{BUCKET}/leads");
    let publish = |report: &Path| project.run(&["publish", report.to_str().unwrap(), &site, "--no-pin"]);
    publish(&older).ok();
    publish(&newer).ok();
    let folder = older.strip_prefix(project.path().join("site")).unwrap();
    let pair = folder.parent().unwrap().display().to_string();
    let leads = format!("('index.html', '{pair}/newest.json', '{pair}/index.html')");
    let bucket = |program: &str| {
        lake.python(&format!(
            "{BOTO}def get(k): return s3.get_object(Bucket='{BUCKET}', Key='leads/' + k)['Body'].read()\n\
             def put(k, b): s3.put_object(Bucket='{BUCKET}', Key='leads/' + k, Body=b)\n\
             def lose(k): s3.delete_object(Bucket='{BUCKET}', Key='leads/' + k)\n{program}\n"
        ))
    };
    let shown = || bucket(&format!("for k in {leads}: print(get(k).decode())"));
    let whole = shown();
    assert!(whole.contains(newer.file_name().unwrap().to_str().unwrap()), "{whole}");
    // Publishing the older report again, which is listed already: the newer one stays the newest.
    for change in ["lose(k)", "put(k, b'altered')"] {
        bucket(&format!("for k in {leads}: {change}"));
        publish(&older).ok();
        assert_eq!(shown(), whole, "after {change}");
    }

    let list = bucket("print(get('reports.json').decode(), end='')");
    project.run(&["report", "v1"]).ok();
    let new = project
        .reports("site")
        .into_iter()
        .find(|folder| folder.to_str().unwrap().contains("/runs/"));
    for (change, said) in [
        ("lose('reports.json')", "reports.json is gone"),
        ("put('reports.json', b'{')", "reports.json is damaged"),
    ] {
        bucket(change);
        for report in [&older, new.as_ref().unwrap()] {
            publish(report)
                .expect_code(4)
                .stderr_has(said)
                .stderr_has("hint: restore that object");
        }
        assert_eq!(shown(), whole, "after {change}");
    }
    project.file("list", &list);
    bucket(&format!(
        "put('reports.json', open('{}', 'rb').read())",
        project.path().join("list").display()
    ));
    publish(new.as_ref().unwrap()).ok();
    let index = bucket("print(get('index.html').decode())");
    for report in [&older, &newer, new.as_ref().unwrap()] {
        assert!(index.contains(report.file_name().unwrap().to_str().unwrap()), "{index}");
    }

    // The manifest is part of what is published.
    let check = || project.run(&["publish", older.to_str().unwrap(), &site, "--no-pin", "--check"]);
    check().ok();
    let manifest = format!("{}/manifest.json", folder.display());
    bucket(&format!("put('{manifest}', get('{manifest}') + b' ')"));
    check().expect_code(1).stdout_has("manifest.json: changed");
    publish(&older)
        .expect_code(1)
        .stderr_has("manifest.json is there already, with other bytes");
    bucket(&format!("lose('{manifest}')"));
    check().expect_code(1).stdout_has("manifest.json: missing");
    publish(&older).ok().stderr_has("published: 1 objects written");
    check().ok();
}

/// evaldiff.toml of a project whose catalog is embedded, and which publishes to the lake's object store.
fn storage_of(lake: &Lake) -> String {
    let settings = lake.settings();
    settings[settings.find("[catalog.properties]").unwrap()..].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_publishers_at_once_lose_no_entry() {
    let Some(lake) = tokio::task::spawn_blocking(lake).await.unwrap() else {
        return;
    };
    let (one, other) = (bucket(lake, "crowd"), bucket(lake, "crowd"));
    for round in 0..100 {
        let (first, second) = tokio::join!(publish_tiny(&one, 2 * round), publish_tiny(&other, 2 * round + 1));
        assert_eq!((first.written, second.written), (2, 2));
    }
    let mut found = tokio::task::spawn_blocking(|| listed(lake, "crowd")).await.unwrap();
    found.sort_unstable();
    assert_eq!(found, (0..200).collect::<Vec<u64>>());
    let newest =
        tokio::task::spawn_blocking(|| lake.bucket_text("crowd", r"a\.\.b/index\.html$", r"(\d{4})/index\.html"));
    assert!(newest.await.unwrap().starts_with("0199"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_thousandth_report_costs_what_the_tenth_does() {
    let Some(lake) = tokio::task::spawn_blocking(lake).await.unwrap() else {
        return;
    };
    let site = bucket(lake, "many");
    let mut costs = Vec::new();
    for i in 0..1000 {
        let before = site.requests();
        publish_tiny(&site, i).await;
        costs.push(site.requests() - before);
    }
    // Every hundredth report seals an archive page: that page besides. The first one, where there is no list, looks whether
    // one was lost.
    assert!(costs[1..].iter().all(|cost| *cost <= costs[9] + 1), "{costs:?}");
    assert!(costs[0] <= costs[9] + 3, "{costs:?}");
    let mut found = tokio::task::spawn_blocking(|| listed(lake, "many")).await.unwrap();
    found.sort_unstable();
    assert_eq!(found, (0..1000).collect::<Vec<u64>>());
    println!(
        "requests of the 10th report: {}, of the 1,000th: {}",
        costs[9], costs[999]
    );
}

#[test]
fn pins_of_an_embedded_catalog_are_tags_of_its_table() {
    let project = Project::with_runs("binary");
    project.run(&["v1", "v2"]).ok();
    let report = project.report();
    let report = report.to_str().unwrap();
    project
        .run(&["pins"])
        .ok()
        .stdout_has("not pinned")
        .stdout_has("not published");
    let target = format!("file://{}/www", project.path().display());
    let publish = |report: &str| project.run(&["publish", report, &target]);
    for _ in 0..2 {
        publish(report).ok().stderr_has("pinned");
    }
    let pins = project.run(&["pins", "--format", "json"]).ok().json();
    let pins = pins.as_array().unwrap();
    let mut ids: Vec<&str> = pins.iter().map(|p| p["snapshot_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    let site = project.path().join("site");
    let folder = Path::new(report).strip_prefix(&site).unwrap().to_str().unwrap();
    for pin in pins {
        assert_eq!(pin["evidence"], "pinned", "{pin}");
        let holders = serde_json::json!([{"report": folder, "published_to": target}]);
        assert_eq!(pin["reports"], holders);
    }
    // A pin is a reference like any other, and nothing else of the table changed.
    project
        .run(&[&format!("tag:evaldiff-{}", ids[0]), "v2", "--out", "by-tag"])
        .ok();
    project.run(&["verify", report]).ok().stdout_has("verified");
    assert_eq!(project.runs().len(), 2);
    // What another published report needs as well stays pinned; one that nobody published holds nothing.
    for version in ["v1", "v2"] {
        project.run(&["report", version]).ok();
    }
    let of = |id: &str| {
        let mut reports = project.reports("site").into_iter();
        reports.find(|folder| folder.to_str().unwrap().contains(&format!("/{id}-")) && folder.to_str() != Some(report))
    };
    ids.sort_unstable();
    let (other, needed) = ids.iter().find_map(|id| Some((of(id)?, *id))).unwrap();
    let other = other.to_str().unwrap();
    publish(other).ok();
    let name = Path::new(other).strip_prefix(&site).unwrap().display().to_string();
    let unneeded = ids.iter().find(|id| **id != needed).unwrap();
    project
        .run(&["unpin", report])
        .ok()
        .stdout_has(&format!("snapshot:{needed} stays pinned: {name} needs it"))
        .stdout_has(&format!("snapshot:{unneeded} no longer pinned"));
    project
        .run(&["pins"])
        .ok()
        .stdout_has(&format!("{folder} (not published"))
        .stdout_has(&format!("{name} (published to {target})"));
    project
        .run(&["unpin", &format!("snapshot:{needed}")])
        .ok()
        .stderr_has(&format!("warning: {name} needs snapshot {needed}"))
        .stdout_has("no longer pinned");
    // Several at once: neither keeps what only the other one needs. One of them is not here any more.
    publish(report).ok();
    publish(other).ok();
    std::fs::remove_dir_all(other).unwrap();
    let unpinned = project.run(&["unpin", report, &name]);
    assert_eq!(
        unpinned.ok().text().matches("no longer pinned").count(),
        2,
        "{unpinned}"
    );
    let pins = project.run(&["pins"]).ok().text();
    assert!(pins.contains("not pinned") && !pins.contains(&target), "{pins}");
    // One report on two sites: each publication holds the pins for itself.
    let second = format!("file://{}/second", project.path().display());
    publish(report).ok();
    project.run(&["publish", report, &second]).ok();
    let both = format!("published to several sites: {second}, {target}");
    project.run(&["unpin", report]).expect_code(2).stderr_has(&both);
    let unpin = |site: &str| project.run(&["unpin", report, "--site", site]);
    unpin("file:///elsewhere")
        .expect_code(2)
        .stderr_has("was not published to file:///elsewhere");
    unpin(&second).ok().stdout_has("stays pinned");
    assert_eq!(unpin(&target).ok().text().matches("no longer pinned").count(), 2);
    project
        .run(&["unpin", "snapshot:99"])
        .expect_code(2)
        .stderr_has("has no snapshot 99");
    project
        .run(&["unpin", report, "nothing"])
        .expect_code(2)
        .stderr_has("evaldiff pins");
}

/// What a reviewer does: follows the link, on a host that knows nothing but the objects of the bucket.
#[test]
fn a_published_report_is_read_over_http_in_a_browser() {
    let Some(lake) = lake() else { return };
    let Some(modules) = std::env::var_os("EVALDIFF_BROWSER").filter(|value| !value.is_empty()) else {
        println!("skipped: EVALDIFF_BROWSER is unset; `make test` sets it to where playwright-core is installed");
        return;
    };
    lake.python(&format!(
        "{BOTO}import json\ns3.put_bucket_policy(Bucket='{BUCKET}', Policy=json.dumps({{'Version': '2012-10-17', 'Statement': [\n  \
         {{'Effect': 'Allow', 'Principal': '*', 'Action': 's3:GetObject', 'Resource': 'arn:aws:s3:::{BUCKET}/public/*'}}]}}))\n"
    ));
    let project = lake.project();
    project.run(&["demo", "demo"]).ok();
    let base = format!("http://127.0.0.1:{}/{BUCKET}/public/site", lake.s3);
    for report in project.reports("demo") {
        let link = project.run(&[
            "publish",
            report.to_str().unwrap(),
            &format!("s3://{BUCKET}/public/site"),
            "--no-pin",
            "--base-url",
            &base,
        ]);
        assert!(String::from_utf8_lossy(&link.ok().stdout).starts_with(&base), "{link}");
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/http.mjs");
    // Modules are looked for beside the script.
    let copied = Path::new(&modules).join("http.mjs");
    std::fs::copy(script, &copied).unwrap();
    let output = std::process::Command::new("node")
        .arg(copied)
        .arg(format!("{base}/index.html"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    println!("over HTTP: {said}");
    let pages: usize = said.split(' ').next().unwrap().parse().unwrap();
    assert!(pages > 10, "{said}");
}
