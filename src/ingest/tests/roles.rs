//! Parts, names and slices.

use super::*;

#[tokio::test]
async fn composite_keys_keep_their_columns() {
    let folder = Folder::new();
    let file = folder.write("a.csv", "doc,turn,label,pred\nd|1,1,a,a\nd,2,a,b\n");
    let spec = ImportSpec {
        id: vec!["doc".into(), "turn".into()],
        ..of(file)
    };
    let plan = run(&spec).unwrap();
    assert_eq!(plan.roles().key, ["sample_id"]);
    assert_eq!(rows(plan).await.unwrap(), ["d\\|1|1|a|a|d|1|1", "d|2|a|b|d|2"]);
}

#[test]
fn a_name_that_the_table_keeps_is_refused_for_another_column() {
    let folder = Folder::new();
    let file = folder.write("a.csv", "id,label,other,prediction\n1,a,a,b\n");
    let spec = ImportSpec {
        prediction: Some("other".into()),
        ..of(file.clone())
    };
    let said = failure(&folder, &run(&spec).unwrap_err());
    let expected = "column \"prediction\" of a.csv has a name that the results table keeps for the prediction [Usage]";
    assert!(said.starts_with(expected), "{said}");
    let table = [
        (
            ImportSpec {
                truth: Some("lable".into()),
                ..of(file.clone())
            },
            "a.csv has no column \"lable\" (--truth) [Usage] did you mean \"label\"?",
        ),
        (
            ImportSpec {
                truth: Some("prediction".into()),
                prediction: Some("prediction".into()),
                ..of(file.clone())
            },
            "column \"prediction\" cannot be both the prediction and the ground truth",
        ),
        (
            ImportSpec {
                slices: vec!["run_id".into()],
                ..of(file.clone())
            },
            "column \"run_id\" is filled by evaldiff and cannot be a slice",
        ),
        (
            ImportSpec {
                show: vec!["nothing".into()],
                ..of(file)
            },
            "a.csv has no column \"nothing\" (--show)",
        ),
    ];
    for (spec, expected) in table {
        let said = failure(&folder, &run(&spec).unwrap_err());
        assert!(said.starts_with(expected), "{said}");
    }
}

#[tokio::test]
async fn slices_are_guessed_and_said_to_be() {
    let folder = Folder::new();
    let mut text = "id,label,pred,lang,len,user,vip,model_version,text\n".to_owned();
    for row in 0..40 {
        let (lang, vip) = (["en", "de", ""][row % 3], row % 2 == 0);
        text += &format!("{row:02},a,b,{lang},{}.5,u{row},{vip},v1,t\n", row % 4);
    }
    let file = folder.write("a.csv", text);
    let plan = run(&of(file.clone())).unwrap();
    assert_eq!(
        (plan.roles().slices.join(","), plan.roles().show.join(",")),
        ("lang,vip".into(), "text".into())
    );
    assert!(
        plan.mapping()
            .contains(&("vip".into(), "vip".into(), "slice (guessed)".into(), "boolean".into()))
    );
    assert_eq!(
        plan.warnings(),
        ["dropped \"model_version\": evaldiff fills these columns by itself"]
    );
    assert_eq!(rows(plan).await.unwrap()[2], "02|a|b|t|~|true|2.5|u2");
    let plan = run(&ImportSpec {
        slices: vec!["user".into()],
        ..of(file.clone())
    })
    .unwrap();
    assert_eq!(plan.roles().slices, ["user"]);
    let said = failure(
        &folder,
        &run(&ImportSpec {
            slices: vec!["len".into()],
            ..of(file)
        })
        .unwrap_err(),
    );
    assert!(
        said.starts_with("column \"len\" of a.csv cannot be the slice (bin it first): it is decimal"),
        "{said}"
    );
}

#[tokio::test]
async fn status_confidence_and_missing_answers_are_counted() {
    let folder = Folder::new();
    let text = "id,label,pred,prob,status,latency_ms,error\n\
        1,a,a,0.5,OK,10,\n2,a,,,ERROR,,timeout\n3,,,NaN,skipped,,\n4,a, ,nan,,1.5,\n";
    let plan = run(&of(folder.write("a.csv", text))).unwrap();
    let counts = plan.counts();
    assert_eq!(
        (counts.rows, counts.errored, counts.skipped, counts.no_prediction),
        (4, 1, 1, 1)
    );
    assert_eq!(
        (counts.no_truth, counts.null_confidence, counts.nan_confidence),
        (1, 3, 2)
    );
    assert_eq!(plan.roles().confidence.as_deref(), Some("confidence"));
    let expected = [
        "1|a|a|0.5|ok|~|10.0",
        "2|a|~|~|error|timeout|~",
        "3|~|~|~|skipped|~|~",
        "4|a|~|~|ok|~|1.5",
    ];
    assert_eq!(rows(plan).await.unwrap(), expected);
}

#[test]
fn a_score_beyond_1_is_not_a_confidence_and_a_role_can_be_refused() {
    let folder = Folder::new();
    let file = folder.write("a.csv", "id,label,pred,score\n1,a,a,7.5\n");
    let plan = run(&of(file)).unwrap();
    assert_eq!(plan.roles().confidence, None);
    let file = folder.write("b.csv", "id,label,pred,score\n1,a,a,0.5\n");
    assert!(run(&of(file.clone())).unwrap().roles().confidence.is_some());
    let plan = run(&ImportSpec {
        confidence: Some(String::new()),
        ..of(file)
    })
    .unwrap();
    assert_eq!(plan.roles().confidence, None);
}

#[test]
fn a_guess_from_the_first_rows_is_given_up_when_later_rows_deny_it() {
    let folder = Folder::new();
    let mut text = "id,label,pred,score\n".to_owned();
    (0..9000).for_each(|row| text += &format!("{row},a,a,0.5\n"));
    text += "9000,a,a,7.5\n";
    let file = folder.write("a.csv", text);
    assert_eq!(run(&of(file.clone())).unwrap().roles().confidence, None);
    let confidence = Some("score".into());
    let said = failure(&folder, &run(&ImportSpec { confidence, ..of(file) }).unwrap_err());
    assert!(
        said.starts_with("a.csv, line 9002: column \"score\": confidence 7.5 is outside 0 to 1"),
        "{said}"
    );
}
