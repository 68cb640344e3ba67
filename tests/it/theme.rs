//! A folder of templates and styles in the place of the built-in ones.

use crate::harness::{Project, repository, tree};
use serde_json::Value;

/// A project with two runs and a theme that changes what stands below every page.
fn project() -> Project {
    let project = Project::with_runs("slice-regression");
    let foot = std::fs::read_to_string(repository().join("templates/partials/foot.hbs")).unwrap();
    project
        .file("ours/foot.hbs", foot.replace("Made by", "For the model council, by"))
        .file("ours/theme.css", ":root { --link: #060; }\n");
    project
}

#[test]
fn a_theme_changes_the_pages_and_belongs_to_the_evidence() {
    let project = project();
    project.run(&["v1", "v2", "--out", "plain"]).ok();
    project.run(&["v1", "v2", "--theme", "ours"]).ok();
    let report = project.report();
    let folder = report.to_str().unwrap();
    let page = std::fs::read_to_string(report.join("index.html")).unwrap();
    assert!(page.contains("For the model council, by evaldiff"), "{page}");
    let style = tree(&report.join("assets"))
        .into_iter()
        .find(|(name, _)| name.ends_with(".css"))
        .unwrap();
    assert!(style.1.ends_with(b":root { --link: #060; }\n") && style.1.len() > 2_000);
    assert!(page.contains(&style.0));

    let read = |path: &str| -> Value { serde_json::from_slice(&std::fs::read(report.join(path)).unwrap()).unwrap() };
    let [manifest, comparison] = ["manifest.json", "data/comparison.json"].map(read);
    assert!(manifest["options"]["theme"].as_str().unwrap().starts_with("sha256-"));
    assert_eq!(manifest["options"], comparison["options"]);
    let plain = &project.reports("plain")[0];
    assert_ne!(plain.file_name(), report.file_name(), "two themes in one place");

    project
        .run(&["verify", folder, "--theme", "ours"])
        .ok()
        .stdout_has("byte for byte the same");
    project.run(&["verify", folder]).ok().stdout_has("--theme");
    project.file("evaldiff.toml", "[report]\ntheme = \"ours\"\n");
    project
        .run(&["verify", folder])
        .ok()
        .stdout_has("byte for byte the same");
    project
        .run(&["verify", plain.to_str().unwrap()])
        .ok()
        .stdout_has("byte for byte the same");
    project.file("ours/theme.css", "");
    project
        .run(&["verify", folder])
        .expect_code(2)
        .stderr_has("made with the theme sha256-");
}

#[test]
fn pages_are_rendered_again_with_the_same_theme_or_it_is_said() {
    let project = project();
    project.run(&["v1", "v2", "--theme", "ours"]).ok();
    let data = project.report().join("data");
    let data = data.to_str().unwrap();
    project.run(&["render", data, "--out", "again", "--theme", "ours"]).ok();
    for (name, bytes) in tree(&project.path().join("again")) {
        assert!(
            std::fs::read(project.report().join(&name)).unwrap() == bytes,
            "{name} differs"
        );
    }
    project
        .run(&["render", data, "--out", "none"])
        .expect_code(2)
        .stderr_has("--theme");
    project.file("other/theme.css", "p { color: red; }");
    project
        .run(&["render", data, "--out", "other-out", "--theme", "other"])
        .ok()
        .stderr_has("another theme");
}

#[test]
fn what_is_wrong_with_a_theme_is_named_with_its_place() {
    let project = project();
    let refused = |name: &str, text: &str, words: &[&str]| {
        let file = format!("bad/{name}");
        project.file(&file, text);
        let output = project.run(&["v1", "v2", "--theme", "bad"]);
        output.expect_code(2);
        for word in words {
            output.stderr_has(word);
        }
        std::fs::remove_file(project.path().join(&file)).unwrap();
        assert!(project.reports("site").is_empty(), "a report was written with {name}");
    };
    refused(
        "footer.hbs",
        "",
        &["bad/footer.hbs", "foot.hbs", "report.css", "theme.css"],
    );
    refused(
        "foot.hbs",
        "</main>\n<p>{{{page.made_by}}}</p>\n",
        &["bad/foot.hbs, line 2", "unescaped"],
    );
    refused("foot.hbs", "</main>\n\n{{#if page.made_by}}\n", &["bad/foot.hbs, line"]);
    refused(
        "foot.hbs",
        "</main>\n\n<p>{{page.maker}}</p>\n</body>\n</html>\n",
        &["bad/foot.hbs, line 3", "page.maker"],
    );
    project
        .run(&["v1", "v2", "--theme", "nowhere"])
        .expect_code(2)
        .stderr_has("nowhere");
}
