//! Types: of labels, of several files, and against the table's.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int32Array, StringArray, UInt64Array};
use arrow::datatypes::DataType;

use super::*;

fn types(plan: &ImportPlan) -> String {
    plan.mapping()
        .iter()
        .map(|(_, name, _, found)| format!("{name}:{found}"))
        .collect::<Vec<_>>()
        .join(" ")
}

#[tokio::test]
async fn labels_get_one_type() {
    let table = [
        ("id,label,pred\n007,1,2\n", "integer", "007|1|2"),
        ("id,label,pred\n1,True,false\n", "boolean", "1|true|false"),
        ("id,label,pred\n1,01,2\n", "text", "1|01|2"),
        ("id,label,pred\n1,1.0,2\n", "integer", "1|1|2"),
        ("id,label,pred\n1,True,maybe\n", "text", "1|True|maybe"),
        ("id,label,pred,status\n1,3,,error\n", "integer", "1|3|~|error"),
    ];
    for (text, expected, row) in table {
        let folder = Folder::new();
        let plan = run(&of(folder.write("a.csv", text))).unwrap();
        let said = types(&plan);
        assert!(
            said.starts_with(&format!("sample_id:text ground_truth:{expected} prediction:{expected}")),
            "{said}"
        );
        assert_eq!(rows(plan).await.unwrap(), [row]);
    }
    let folder = Folder::new();
    let json = folder.write("a.jsonl", "{\"id\":12,\"label\":1.0,\"pred\":\"1\"}\n");
    let plan = run(&of(json)).unwrap();
    assert!(plan.warnings()[0].contains("decimal but holds whole numbers only: stored as text"));
    assert_eq!(rows(plan).await.unwrap(), ["12|1|1"]);
}

#[tokio::test]
async fn parquet_types_are_narrowed_to_the_tables() {
    let folder = Folder::new();
    let dictionary: ArrayRef = Arc::new(
        vec!["en", "de"]
            .into_iter()
            .collect::<arrow::array::DictionaryArray<arrow::datatypes::Int32Type>>(),
    );
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(UInt64Array::from(vec![u64::MAX, 5]))),
        ("label", Arc::new(Float64Array::from(vec![1.0, 0.0]))),
        ("pred", Arc::new(Int32Array::from(vec![1, 1]))),
        ("lang", dictionary),
        ("ok", Arc::new(BooleanArray::from(vec![true, false]))),
    ];
    let plan = run(&of(folder.parquet("a.parquet", columns))).unwrap();
    assert_eq!(
        types(&plan),
        "sample_id:text ground_truth:integer prediction:integer lang:text ok:boolean"
    );
    assert_eq!(
        rows(plan).await.unwrap(),
        ["18446744073709551615|1|1|en|true", "5|0|1|de|false"]
    );
}

#[tokio::test]
async fn the_tables_types_win_where_text_allows_it() {
    let known = |name: &str, data_type| KnownColumn {
        name: name.into(),
        data_type,
    };
    let folder = Folder::new();
    let csv = folder.write("a.csv", "id,label,pred,zip,n,day\n1,1,0,123,4,2026-03-01\n");
    let table = [
        known("ground_truth", DataType::Utf8),
        known("prediction", DataType::Utf8),
        known("zip", DataType::Utf8),
        known("n", DataType::Float64),
        known("day", DataType::Date32),
    ];
    let plan = plan(&of(csv.clone()), &table, &|_| {}).unwrap();
    assert_eq!(
        types(&plan),
        "sample_id:text ground_truth:text prediction:text zip:text n:decimal day:date"
    );
    assert_eq!(rows(plan).await.unwrap(), ["1|1|0|123|4.0|2026-03-01"]);

    let error = super::plan(&of(csv.clone()), &[known("day", DataType::Int64)], &|_| {}).unwrap_err();
    assert_eq!(
        failure(&folder, &error).split(" [").next(),
        Some("column \"day\" is integer in the table but text in a.csv")
    );
    let error = super::plan(&of(csv), &[known("prediction", DataType::Boolean)], &|_| {}).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("column \"pred\" is boolean in the table but integer in"),
        "{error}"
    );
    let parquet: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(StringArray::from(vec!["a"]))),
        ("label", Arc::new(StringArray::from(vec!["a"]))),
        ("pred", Arc::new(StringArray::from(vec!["a"]))),
        ("zip", Arc::new(Int32Array::from(vec![1]))),
    ];
    let error = super::plan(&of(folder.parquet("b.parquet", parquet)), &table, &|_| {}).unwrap_err();
    assert!(
        failure(&folder, &error).starts_with("column \"zip\" is text in the table but integer in b.parquet"),
        "{error}"
    );
}

#[tokio::test]
async fn several_files_agree_or_are_both_named() {
    let folder = Folder::new();
    let files = vec![
        folder.write("1.csv", "id,label,pred,n,z\n1,a,a,1,5\n"),
        folder.write("2.csv", "id,label,pred,n,z\n2,a,a,2.5,x\n"),
    ];
    let plan = run(&ImportSpec {
        files,
        ..ImportSpec::default()
    })
    .unwrap();
    assert_eq!(rows(plan).await.unwrap(), ["1|a|a|1.0|5", "2|a|a|2.5|x"]);
    let files = vec![
        folder.write("3.jsonl", "{\"id\":3,\"label\":\"a\",\"pred\":\"a\",\"n\":true}\n"),
        folder.path("1.csv"),
    ];
    let error = run(&ImportSpec {
        files,
        ..ImportSpec::default()
    })
    .unwrap_err();
    let said = failure(&folder, &error);
    assert!(
        said.starts_with("column \"n\" is boolean in 3.jsonl but integer in 1.csv"),
        "{said}"
    );
}
