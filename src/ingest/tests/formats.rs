//! One content in every format reads as the same rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};

use super::*;

const CSV: &str = "id,label,pred,note\nb,x,y,\"1,\nt\"\na,x,x,é\n";
const SORTED: [&str; 2] = ["a|x|x|é", "b|x|y|1,\nt"];

#[tokio::test]
async fn every_encoding_gives_the_same_rows() {
    let folder = Folder::new();
    let json = "{\"id\":\"b\",\"label\":\"x\",\"pred\":\"y\",\"note\":\"1,\\nt\"}\n\n{\"note\":\"é\",\"pred\":\"x\",\"label\":\"x\",\"id\":\"a\"}";
    let column = |values: [&str; 2]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
    let parquet = vec![
        ("id", column(["b", "a"])),
        ("label", column(["x", "x"])),
        ("pred", column(["y", "x"])),
        ("note", column(["1,\nt", "é"])),
    ];
    let crlf = CSV.replace(",\nt", ",LF t").replace('\n', "\r\n").replace("LF ", "\n");
    let files = [
        folder.write("plain.csv", CSV),
        folder.write("crlf.csv", crlf),
        folder.write("bom.csv", format!("\u{feff}{CSV}")),
        folder.write("no-extension", CSV),
        folder.write("unended.csv", CSV.trim_end()),
        folder.write(
            "tabs.tsv",
            CSV.replace("\"1,\nt\"", "\"1;\nt\"")
                .replace(',', "\t")
                .replace(';', ","),
        ),
        folder.gzip("a.csv.gz", CSV),
        folder.gzip("named-wrongly.csv", CSV),
        folder.write("a.csv.zst", zstd::encode_all(CSV.as_bytes(), 1).unwrap()),
        folder.write("a.jsonl", json),
        folder.write("a.unknown", format!("\u{feff}{json}")),
        folder.write("crlf.jsonl", json.replace('\n', "\r\n")),
        folder.gzip("a.jsonl.gz", json),
        folder.parquet("a.parquet", parquet.clone()),
        folder.parquet("parquet-without-name", parquet),
    ];
    let mut digests = std::collections::BTreeSet::new();
    for file in files {
        let plan = run(&of(file.clone())).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(plan.counts().rows, 2);
        digests.insert(plan.golden_digest());
        assert_eq!(printed(&plan.preview()), [SORTED[1], SORTED[0]], "{}", file.display());
        assert_eq!(rows(plan).await.unwrap(), SORTED, "{}", file.display());
    }
    assert_eq!(digests.len(), 1);
}

#[tokio::test]
async fn several_files_may_order_their_columns_differently() {
    let folder = Folder::new();
    let files = vec![
        folder.write("1.csv", "id,label,pred,lang\nc,x,y,de\n"),
        folder.write("2.csv", "pred,label,id,extra\ny,y,a,7\n"),
        folder.write(
            "3.jsonl",
            "{\"pred\":\"z\",\"label\":\"z\",\"id\":\"b\",\"lang\":\"fr\"}\n",
        ),
    ];
    let plan = run(&ImportSpec {
        files,
        ..ImportSpec::default()
    })
    .unwrap();
    let said = plan.warnings().join("; ");
    assert!(
        said.contains("2.csv lacks \"lang\": null there") && said.contains("1.csv lacks \"extra\""),
        "{said}"
    );
    assert_eq!(rows(plan).await.unwrap(), ["a|y|y|~|7", "b|z|z|fr|~", "c|x|y|de|~"]);

    let files = vec![
        folder.path("1.csv"),
        folder.write("5.csv", "id,label,pred,status\na,x,,error\n"),
    ];
    let plan = run(&ImportSpec {
        files,
        ..ImportSpec::default()
    })
    .unwrap();
    assert_eq!(rows(plan).await.unwrap(), ["a|x|~|error|~", "c|x|y|ok|de"]);

    let files = vec![folder.path("1.csv"), folder.write("4.csv", "id,label,guess\nq,x,y\n")];
    let error = run(&ImportSpec {
        files,
        ..ImportSpec::default()
    })
    .unwrap_err();
    assert!(
        failure(&folder, &error).starts_with("4.csv has no column \"pred\" (--pred) [Usage]"),
        "{error}"
    );
}

#[tokio::test]
async fn long_cells_and_keys_are_fine() {
    let folder = Folder::new();
    let (cell, key) = ("x".repeat(1 << 20), "k".repeat(10 << 10));
    let mut text = "id,label,pred,text\n".to_owned();
    (0..40).for_each(|row| text += &format!("{key}{row:02},a,b,{cell}\n"));
    let plan = run(&of(folder.write("a.csv", text))).unwrap();
    assert_eq!(plan.roles().show, ["text"]);
    assert_eq!(rows(plan).await.unwrap().len(), 40);
}

#[tokio::test]
async fn a_json_field_may_appear_late() {
    let folder = Folder::new();
    let mut text = String::new();
    for row in 0..10_000 {
        text += &format!("{{\"id\":{row},\"label\":1,\"pred\":1}}\n");
    }
    text.push_str("{\"id\":-1,\"status\":\"Error\",\"error\":\"timed out\",\"tags\":[1]}\n");
    let plan = run(&of(folder.write("a.jsonl", text))).unwrap();
    assert_eq!((plan.counts().errored, plan.counts().no_prediction), (1, 0));
    assert_eq!(plan.roles().status.as_deref(), Some("status"));
    assert!(plan.warnings().join(";").contains("dropped \"tags\""));
    let rows = rows(plan).await.unwrap();
    assert_eq!(
        (rows.len(), rows[0].as_str(), rows[1].as_str()),
        (10_001, "-1|~|~|error|timed out", "0|1|1|ok|~")
    );
}
