//! Sorting, spilling, duplicates, and the join with a golden dataset.

use std::sync::Arc;

use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;

use super::*;

#[tokio::test]
async fn keys_sort_bytewise() {
    let folder = Folder::new();
    let text = "id,label,pred\n10,a,a\n9,a,a\nZ,a,a\na,a,a\né,a,a\n007,a,a\n";
    let rows = rows(run(&of(folder.write("a.csv", text))).unwrap()).await.unwrap();
    assert_eq!(rows, ["007|a|a", "10|a|a", "9|a|a", "Z|a|a", "a|a|a", "é|a|a"]);
}

#[tokio::test]
async fn duplicate_keys_are_named_with_both_places() {
    let folder = Folder::new();
    let files = vec![
        folder.write("1.csv", "id,label,pred\nb,x,x\na,x,x\n"),
        folder.write("2.csv", "id,label,pred\nc,x,x\n\na,x,x\n"),
    ];
    let error = rows(
        run(&ImportSpec {
            files,
            ..ImportSpec::default()
        })
        .unwrap(),
    )
    .await
    .unwrap_err();
    let said = failure(&folder, &error);
    assert!(
        said.starts_with("duplicate key \"a\": 1.csv, line 3 and 2.csv, line 4 [Data]"),
        "{said}"
    );
    let sorted = folder.write("3.csv", "id,label,pred\na,x,x\na,x,x\nb,x,x\n");
    let error = rows(run(&of(sorted)).unwrap()).await.unwrap_err();
    assert!(error.to_string().starts_with("duplicate key \"a\""), "{error}");
}

#[tokio::test]
async fn sorting_spills_within_its_memory_limit() {
    let folder = Folder::new();
    let mut text = "id,label,pred,text\n".to_owned();
    let pad = "p".repeat(400);
    (0..60_000_u64).for_each(|row| text += &format!("{:05},a,b,{pad}{row}\n", row * 7919 % 60_000));
    let plan = run(&of(folder.write("a.csv", text))).unwrap();
    assert!(!plan.presorted);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(16 << 20)))
        .build_arc()
        .unwrap();
    let rows = rows_with(plan, Arc::new(TaskContext::default().with_runtime(runtime)))
        .await
        .unwrap();
    assert_eq!(rows.len(), 60_000);
    assert!(rows.is_sorted());
}

#[tokio::test]
async fn sorted_input_is_recognised_and_a_change_between_the_passes_is_noticed() {
    let folder = Folder::new();
    let path = folder.write("a.csv", "id,label,pred\na,x,x\nb,x,x\n");
    let plan = run(&of(path)).unwrap();
    assert!(plan.presorted);
    folder.write("a.csv", "id,label,pred\nb,x,x\na,x,x\n");
    assert!(matches!(rows(plan.clone()).await, Err(IngestError::Changed { .. })));
    folder.write("a.csv", "id,label,pred\nb,x,x\n");
    assert!(matches!(rows(plan).await, Err(IngestError::Changed { .. })));
}

const GOLDEN: &str = "key,target,text,lang\n1,pos,good,en\n2,neg,bad,de\n3,pos,fine,fr\n";

#[tokio::test]
async fn golden_columns_join_by_key() {
    let folder = Folder::new();
    let golden = Some(folder.write("golden.csv", GOLDEN));
    let file = folder.write(
        "a.jsonl",
        "{\"id\":3,\"pred\":\"neg\",\"x\":1}\n{\"id\":1,\"pred\":\"pos\",\"x\":2}\n",
    );
    let spec = ImportSpec {
        golden: golden.clone(),
        slices: vec!["lang".into()],
        ..of(file)
    };
    let plan = run(&spec).unwrap();
    let counts = plan.counts();
    assert_eq!(
        (
            counts.golden_samples,
            counts.golden_without_prediction,
            counts.truth_differs
        ),
        (3, 1, 0)
    );
    assert_eq!(plan.warnings(), ["1 of 3 golden samples have no prediction"]);
    let digest = plan.golden_digest();
    let preview = printed(&plan.preview());
    assert_eq!(preview, ["3|pos|neg|fine|fr|1", "1|pos|pos|good|en|2"]);
    let mapping: Vec<String> = plan
        .mapping()
        .iter()
        .map(|(s, n, r, t)| format!("{s}>{n}:{r}:{t}"))
        .collect();
    assert_eq!(
        mapping,
        [
            "id>sample_id:key:text",
            "golden:target>ground_truth:ground truth:text",
            "pred>prediction:prediction:text",
            "golden:text>text:shown:text",
            "golden:lang>lang:slice:text",
            "x>x:kept:integer",
        ]
    );
    assert_eq!(
        rows(plan).await.unwrap(),
        ["1|pos|pos|good|en|2", "3|pos|neg|fine|fr|1"]
    );

    // Both have the truth: the golden one is taken, the difference counted; a lone label is then the prediction.
    let file = folder.write("b.csv", "id,truth,pred\n1,neg,pos\n2,neg,pos\n3,pos,pos\n");
    let plan = run(&ImportSpec {
        golden: golden.clone(),
        ..of(file)
    })
    .unwrap();
    assert_eq!(plan.counts().truth_differs, 1);
    assert_eq!(plan.golden_digest(), digest);
    assert_eq!(rows(plan).await.unwrap()[0], "1|pos|pos|good|en");
    let file = folder.write("c.csv", "id,label,score\n1,neg,0.5\n2,neg,0.75\n");
    let plan = run(&ImportSpec { golden, ..of(file) }).unwrap();
    assert_eq!(
        rows(plan).await.unwrap(),
        ["1|pos|neg|0.5|good|en", "2|neg|neg|0.75|bad|de"]
    );
}

#[test]
fn golden_gaps_and_duplicates_are_named() {
    let folder = Folder::new();
    let golden = Some(folder.write("golden.csv", GOLDEN));
    let file = folder.write("a.csv", "id,pred\n1,x\n8,x\n9,x\n");
    let error = run(&ImportSpec {
        golden,
        ..of(file.clone())
    })
    .unwrap_err();
    let said = failure(&folder, &error);
    let expected = "2 of 3 predictions have a key that golden.csv lacks, the first is \"8\" (a.csv, line 3) [Data]";
    assert!(said.starts_with(expected), "{said}");
    let golden = Some(folder.write("g2.csv", "key,target\n1,a\n2,b\n1,c\n"));
    let said = failure(
        &folder,
        &run(&ImportSpec {
            golden,
            ..of(file.clone())
        })
        .unwrap_err(),
    );
    assert!(
        said.starts_with("duplicate key \"1\": g2.csv, line 2 and g2.csv, line 4"),
        "{said}"
    );
    let golden = Some(folder.write("g3.csv", "key,target\n1,a\n2,\n"));
    let said = failure(&folder, &run(&ImportSpec { golden, ..of(file) }).unwrap_err());
    assert!(
        said.starts_with("g3.csv, line 3: no ground truth: column \"target\" is empty"),
        "{said}"
    );
}
