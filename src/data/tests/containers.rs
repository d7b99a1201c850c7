//! Every container gives the same rows.

use std::fs::File;
use std::sync::Arc;

use parquet::basic::{Compression as Packing, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::*;

#[test]
fn gzip_is_known_by_its_content_and_may_have_several_members() {
    let (a, b) = ("{\"query\": \"a\"}\r\n", "{\"query\": \"b\"}");
    let folder = folder_with(&[
        ("two.jsonl", &[gzip(a), gzip(b)].concat()),
        ("one.jsonl.gz", "\u{feff}{\"query\": \"c\"}".as_bytes()),
        ("NOTES", b"no data"),
    ]);
    let read = |name: &str| read_queries(&folder.path().join(name), Task::Hh);
    let texts = |found: &Records| {
        let rows = found.records.iter().map(|r| (r.row, r.query.clone()));
        rows.collect::<Vec<_>>()
    };
    let two = read("two.jsonl").unwrap();
    assert_eq!(texts(&two), [(1, "a".into()), (2, "b".into())]);
    assert_eq!(two.account.format, "JSON lines, gzip: queries (query or prompt)");
    for all in ["", "*.jsonl*"] {
        assert_eq!(
            texts(&read(all).unwrap()),
            [(1, "c".into()), (1, "a".into()), (2, "b".into())]
        );
    }
    std::fs::write(
        folder.path().join("two.jsonl"),
        [gzip(a), b"no gzip member at all".to_vec()].concat(),
    )
    .unwrap();
    let here = folder.path().display();
    assert_eq!(
        read("two.jsonl").unwrap_err().to_string(),
        format!("{here}/two.jsonl: row 2: the gzip stream is broken here (invalid gzip header); fetch the file again")
    );
    let whole = gzip(&a.repeat(50_000));
    std::fs::write(folder.path().join("two.jsonl"), &whole[..whole.len() / 2]).unwrap();
    let message = read("two.jsonl").unwrap_err().to_string();
    assert!(
        message.ends_with(": the gzip stream is cut off here; fetch the file again"),
        "{message}"
    );
    assert_ne!(message.split(": row ").nth(1).unwrap().split(':').next().unwrap(), "1");
}

#[test]
fn rows_of_several_files_are_named_by_file() {
    let folder = folder_with(&[
        ("a.jsonl", b"{\"query\": \"a\"}\n"),
        ("b.jsonl", b"{\"query\": \"b\"}\n{}\n"),
    ]);
    let found = read_queries(folder.path(), Task::Hh).unwrap();
    assert_eq!(
        found.account.summary(),
        "3 rows read, 2 used; left out: 1 no known fields (row 2 of b.jsonl)"
    );
    assert_eq!(found.account.refused[0].example, "{}");
}

/// (row, query, completion, label) of every record.
fn told(found: &Records) -> Vec<(u64, String, Option<String>, Option<bool>)> {
    let rows = found.records.iter().cloned();
    rows.map(|r| (r.row, r.query, r.completion, r.label)).collect()
}

fn write_parquet(path: &Path, packing: Packing, rows: &[(&str, &str, i64)]) {
    let schema =
        "message m { required binary prompt (UTF8); optional binary completion (UTF8); required int64 label; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let settings = Arc::new(WriterProperties::builder().set_compression(packing).build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, settings).unwrap();
    // Two row groups, as large files have many.
    for part in rows.chunks(rows.len().div_ceil(2)) {
        let mut group = writer.next_row_group().unwrap();
        for column in 0..2 {
            let texts = part.iter().map(|row| if column == 0 { row.0 } else { row.1 });
            let mut out = group.next_column().unwrap().unwrap();
            let values: Vec<ByteArray> = texts.clone().filter(|t| !t.is_empty()).map(ByteArray::from).collect();
            let there: Vec<i16> = texts.map(|t| i16::from(!t.is_empty())).collect();
            let there = (column == 1).then_some(there.as_slice());
            out.typed::<ByteArrayType>().write_batch(&values, there, None).unwrap();
            out.close().unwrap();
        }
        let mut out = group.next_column().unwrap().unwrap();
        let labels: Vec<i64> = part.iter().map(|row| row.2).collect();
        out.typed::<Int64Type>().write_batch(&labels, None, None).unwrap();
        out.close().unwrap();
        group.close().unwrap();
    }
    writer.close().unwrap();
}

#[test]
fn the_same_rows_in_every_container() {
    let rows = [
        ("Hi, \"you\"", "Yo\nthere", 1),
        ("Ça va; ou pas?", "Oui", 0),
        ("[x]\t{y}", "\\ ]}", 1),
    ];
    let object = |row: &(&str, &str, i64)| serde_json::json!({"prompt": row.0, "completion": row.1, "label": row.2});
    let objects: Vec<serde_json::Value> = rows.iter().map(object).collect();
    let lines = objects.iter().map(|o| o.to_string() + "\n").collect::<String>();
    let table = |delimiter: &str| {
        let quote = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let row = |r: &(&str, &str, i64)| [quote(r.0), quote(r.1), r.2.to_string()].join(delimiter) + "\r\n";
        format!("{}\r\n", ["prompt", "completion", "label"].join(delimiter)) + &rows.iter().map(row).collect::<String>()
    };
    let pretty = objects.iter().map(|o| serde_json::to_string_pretty(o).unwrap());
    let texts: [(&str, String, &str); 7] = [
        ("a.jsonl", lines, "JSON lines"),
        ("a.json", serde_json::to_string(&objects).unwrap(), "JSON"),
        ("b.json", serde_json::to_string_pretty(&objects).unwrap() + "\n", "JSON"),
        ("c.json", pretty.collect::<Vec<_>>().join("\n"), "JSON"),
        ("a.csv", table(","), "CSV"),
        ("a.tsv", table("\t"), "TSV"),
        ("b.csv", table(";"), "CSV"),
    ];
    let folder = folder_with(&[]);
    let file = |name: &str| folder.path().join(name);
    let expected: Vec<_> = rows
        .iter()
        .zip(1..)
        .map(|(r, i)| (i, r.0.into(), Some(r.1.into()), Some(r.2 == 1)))
        .collect();
    for (name, text, kind) in texts {
        std::fs::write(file(name), &text).unwrap();
        std::fs::write(file(&format!("{name}.gz")), gzip(&text)).unwrap();
        // Without an ending that says what it is.
        std::fs::write(file(&format!("{name}.download")), format!("\u{feff}{text}")).unwrap();
        for (ending, packing) in [("", ""), (".gz", ", gzip"), (".download", "")] {
            let found = read_queries(&file(&format!("{name}{ending}")), Task::Hh).unwrap();
            assert_eq!(told(&found), expected, "{name}{ending}");
            assert_eq!(
                found.account.format,
                format!("{kind}{packing}: queries (query or prompt)"),
                "{name}{ending}"
            );
        }
    }
    for (i, packing) in [
        Packing::UNCOMPRESSED,
        Packing::SNAPPY,
        Packing::GZIP(Default::default()),
        Packing::ZSTD(ZstdLevel::default()),
    ]
    .into_iter()
    .enumerate()
    {
        let path = file(&format!("train-{i}.parquet"));
        write_parquet(&path, packing, &rows);
        let found = read_queries(&path, Task::Hh).unwrap();
        assert_eq!(told(&found), expected, "{packing}");
        assert_eq!(found.account.format, "Parquet: queries (query or prompt)");
    }
    write_parquet(&file("nulls.parquet"), Packing::SNAPPY, &[("a", "", 0), ("b", "c", 1)]);
    let found = read_queries(&file("nulls.parquet"), Task::Hh).unwrap();
    let expected = [
        (1, "a".into(), None, Some(false)),
        (2, "b".into(), Some("c".into()), Some(true)),
    ];
    assert_eq!(told(&found), expected);
}

#[test]
fn broken_containers_say_where() {
    let folder = folder_with(&[]);
    let refused = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let message = read_queries(&folder.path().join(name), Task::Hh)
            .unwrap_err()
            .to_string();
        message.split_once(&format!("{name}: ")).unwrap().1.to_string()
    };
    assert_eq!(
        refused("a.json", b"[{\"query\": \"a\"},\n {\"query\": "),
        "row 2: a JSON value is cut off here; fetch the file again"
    );
    assert_eq!(
        refused("a.json", b"[{\"query\": \"a\"},"),
        "row 2: the JSON array is cut off here; fetch the file again"
    );
    assert_eq!(
        refused("a.json", b"[{\"query\": \"a\"}]\n[]"),
        "row 2: something follows the end of the JSON array"
    );
    let path = folder.path().join("a.parquet");
    write_parquet(&path, Packing::SNAPPY, &[("a", "b", 0), ("c", "d", 1)]);
    let whole = std::fs::read(&path).unwrap();
    let message = refused("a.parquet", &whole[..whole.len() - 20]);
    assert!(
        message.starts_with("row 1: the Parquet file is broken here ("),
        "{message}"
    );
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&whole).unwrap();
    assert_eq!(
        refused("a.parquet.gz", &packed.finish().unwrap()),
        "row 1: Parquet inside gzip cannot be read; unpack it first"
    );
    // A byte that is wrong anywhere is an error or another value, and never the end of the program.
    for at in (4..whole.len()).step_by(3) {
        let mut bent = whole.clone();
        bent[at] ^= 0x55;
        std::fs::write(&path, &bent).unwrap();
        let _ = read_queries(&path, Task::Hh);
    }
}

#[test]
fn rows_of_a_table_are_refused_one_by_one() {
    let table = b"id,prompt,response\n1,a,b\n2,c\n3,\xff,d\n4,\"e\nf\",g\n5,,h\n";
    let folder = folder_with(&[("rows.csv", table)]);
    let found = read_queries(&folder.path().join("rows.csv"), Task::Hh).unwrap();
    let queries: Vec<&str> = found.records.iter().map(|r| r.query.as_str()).collect();
    assert_eq!(queries, ["a", "e\nf"]);
    assert_eq!(
        found.account.summary(),
        "5 rows read, 2 used; left out: 1 not as many columns as the header (row 2), 1 not UTF-8 (row 3), 1 empty query \
         (row 5)"
    );
}

#[test]
fn values_of_an_array_that_are_no_objects_are_refused_one_by_one() {
    let array = br#"[ {"query": "a, ]}\\"}, 3, "x, y", [1, {"query": 2}], nonsense, {"query": "b"} ]"#;
    let folder = folder_with(&[("rows.json", array)]);
    let found = read_queries(&folder.path().join("rows.json"), Task::Hh).unwrap();
    let told: Vec<(u64, &str)> = found.records.iter().map(|r| (r.row, r.query.as_str())).collect();
    assert_eq!(told, [(1, "a, ]}\\"), (6, "b")]);
    assert_eq!(
        found.account.summary(),
        "6 rows read, 2 used; left out: 3 not an object (row 2), 1 not JSON (row 5)"
    );
}
