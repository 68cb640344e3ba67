//! How much of a table in object storage is read.

use crate::harness::finish;
use crate::lake::{lake, proxy_storage};

/// Text that does not compress away.
fn noise(seed: usize) -> String {
    blake3::hash(&seed.to_le_bytes()).to_hex().to_string()
}

#[test]
fn two_versions_of_fifty_are_read_and_of_them_what_is_counted() {
    const VERSIONS: usize = 50;
    const ROWS: usize = 4000;
    let Some(lake) = lake() else { return };
    let project = lake.project();
    let mut csv = String::from("sample_id,ground_truth,prediction,text,more\n");
    for row in 0..ROWS {
        let prediction = ["yes", "no", "yes"][row % 3];
        csv += &format!("s-{row:06},yes,{prediction},{},{}\n", noise(row), noise(row + ROWS));
    }
    project.file("a.csv", csv);
    for version in 0..VERSIONS {
        let version = format!("v{version}");
        let args = [
            "import",
            "a.csv",
            "--model-version",
            &version,
            "--table",
            "traffic.predictions",
            "--show",
            "text",
        ];
        finish(project.command(&args)).ok();
    }
    let size = lake.python(
        "t = catalog.load_table('traffic.predictions')\n\
         print(sum(f['file_size_in_bytes'] for f in t.inspect.data_files().to_pylist()))\n",
    );
    let size: u64 = size.trim().parse().unwrap();
    let (port, fetched) = proxy_storage(lake);
    let settings = lake
        .settings()
        .replace(&format!(":{}\"", lake.s3), &format!(":{port}\""));
    project.file("evaldiff.toml", settings);
    project
        .run(&["v7", "v31", "--table", "traffic.predictions", "--no-payload"])
        .ok();
    let fetched = fetched.load(std::sync::atomic::Ordering::SeqCst) as u64;
    let two = size * 2 / VERSIONS as u64;
    println!("{VERSIONS} versions have {size} bytes, two of them {two}; fetched {fetched}, metadata included");
    assert!(fetched > 0, "nothing went through the proxy");
    // Both texts are more than three quarters of a file.
    assert!(fetched < two / 2, "{fetched} of {two}");
}

/// The same of a file that somebody else wrote with all versions in it, each in a row group of its own.
#[test]
fn two_versions_of_a_file_of_forty_are_read_and_not_the_others() {
    const VERSIONS: usize = 40;
    const ROWS: usize = 2000;
    let Some(lake) = lake() else { return };
    let project = lake.project();
    let size = lake.python(&format!(
        "import hashlib, pyarrow as pa\n\
         noise = lambda i: hashlib.sha256(str(i).encode()).hexdigest()\n\
         names = ['run_id', 'model_version', 'sample_id', 'ground_truth', 'prediction', 'text']\n\
         rows = [dict(zip(names, [f'r{{v}}', f'v{{v:02}}', f's{{i:06}}', 'yes', 'yes' if (i + v) % 3 else 'no', noise(i)])) \
         for v in range({VERSIONS}) for i in range({ROWS})]\n\
         rows = pa.Table.from_pylist(rows)\n\
         catalog.create_namespace_if_not_exists('traffic')\n\
         t = catalog.create_table('traffic.joint', schema=rows.schema, \
         properties={{'write.parquet.row-group-limit': '{ROWS}'}})\n\
         t.append(rows)\n\
         print(sum(f['file_size_in_bytes'] for f in t.inspect.data_files().to_pylist()))\n"
    ));
    let size: u64 = size.trim().parse().unwrap();
    let (port, fetched) = proxy_storage(lake);
    let settings = lake
        .settings()
        .replace(&format!(":{}\"", lake.s3), &format!(":{port}\""));
    project.file("evaldiff.toml", settings);
    let compared = project.run(&["v07", "v31", "--table", "traffic.joint", "--format", "json"]);
    assert_eq!(compared.ok().json()["accounting"]["matched"], ROWS);
    let fetched = fetched.load(std::sync::atomic::Ordering::SeqCst) as u64;
    let two = size * 2 / VERSIONS as u64;
    println!("{VERSIONS} versions in a file of {size} bytes, two of them {two}; fetched {fetched}, metadata included");
    assert!(fetched > 0, "nothing went through the proxy");
    // The rows of the two, some of them twice (once counted, once shown), and the footers.
    assert!(fetched < 4 * two, "{fetched} of {size}");
}
