use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::*;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Plays the hub for one model, `our/tiny`. It ends with the test's process.
struct Server {
    address: String,
    /// First lines and authorizations of what was asked for.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(files: BTreeMap<String, Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer(stream, &files, &log);
            }
        });
        Self { address, asked }
    }

    fn hub(&self, cache: &Path) -> Hub {
        Hub {
            cache: cache.to_path_buf(),
            endpoint: self.address.clone(),
            token: None,
            offline: false,
        }
    }
}

fn answer(stream: TcpStream, files: &BTreeMap<String, Vec<u8>>, log: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let head: Vec<String> = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    let header = |name: &str| {
        let found = head
            .iter()
            .find_map(|line| line.split_once(": ").filter(|(k, _)| k.eq_ignore_ascii_case(name)));
        found.map(|(_, value)| value.to_string())
    };
    log.lock()
        .unwrap()
        .push(format!("{first} {}", header("authorization").unwrap_or_default()));
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (status, extra, body) = if path == "/api/models/our/tiny/revision/main" {
        let names: Vec<_> = files
            .keys()
            .map(|name| serde_json::json!({"rfilename": name}))
            .collect();
        let info = serde_json::json!({"sha": COMMIT, "siblings": names}).to_string();
        (
            "200 OK",
            "content-type: application/json\r\n".to_string(),
            info.into_bytes(),
        )
    } else if path.starts_with("/api/models/our/closed/") {
        ("401 Unauthorized", String::new(), vec![])
    } else if let Some(bytes) = path
        .strip_prefix("/our/tiny/resolve/main/")
        .and_then(|name| files.get(name))
    {
        let range = header("range").unwrap_or_default();
        let (from, to) = range
            .strip_prefix("bytes=")
            .and_then(|r| r.split_once('-'))
            .unwrap_or(("0", ""));
        let from: usize = from.parse().unwrap_or(0);
        let to = to.parse().map_or(bytes.len(), |to: usize| (to + 1).min(bytes.len()));
        let name = path.rsplit('/').next().unwrap_or_default();
        let extra = format!(
            "etag: \"{name}-1\"\r\nx-repo-commit: {COMMIT}\r\ncontent-range: bytes {from}-{}/{}\r\n",
            to.saturating_sub(1),
            bytes.len()
        );
        ("206 Partial Content", extra, bytes[from..to].to_vec())
    } else {
        ("404 Not Found", String::new(), vec![])
    };
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{extra}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)
}

fn files(names: &[&str]) -> BTreeMap<String, Vec<u8>> {
    names
        .iter()
        .map(|name| (name.to_string(), format!("the text of {name}").into_bytes()))
        .collect()
}

/// The bundled model, in two shards.
fn tiny() -> BTreeMap<String, Vec<u8>> {
    let (config, tokenizer) = super::super::text::tests::bundled();
    let mut files = files(&[
        "a.safetensors",
        "b.safetensors",
        "README.md",
        "onnx/model.onnx",
        "pytorch_model.bin",
    ]);
    files.insert("config.json".into(), config);
    files.insert("tokenizer.json".into(), tokenizer);
    let index = r#"{"weight_map": {"x": "b.safetensors", "y": "a.safetensors", "z": "b.safetensors"}}"#;
    files.insert(INDEX.into(), index.into());
    files
}

fn name(text: &str) -> HubName {
    HubName::parse(text).unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn names_of_the_hub_are_told_from_paths() {
    for good in ["our/tiny", "Qwen/Qwen2.5-7B", "a/b@v1.0", "a/b@refs/pr/1"] {
        assert_eq!(name(good).to_string(), good);
    }
    assert_eq!(name("a/b@main").to_string(), "a/b");
    for bad in [
        "tiny", "./tiny", "../a/b", "a/b/c", "/a/b", "~/a", "a/", "/b", "a b/c", "a/b@", "a/..", "a/b@../c",
    ] {
        assert_eq!(HubName::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_model_is_fetched_once_and_then_read_from_the_cache() {
    let (server, cache) = (Server::start(tiny()), tempfile::tempdir().unwrap());
    let hub = server.hub(cache.path());
    let folder = hub.folder(&name("our/tiny")).unwrap();
    assert_eq!(folder, cache.path().join("models--our--tiny/snapshots").join(COMMIT));
    let mut found: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(
        found,
        ["a.safetensors", "b.safetensors", "config.json", INDEX, "tokenizer.json"]
    );
    for (file, bytes) in tiny() {
        if found.contains(&file) {
            assert_eq!(std::fs::read(folder.join(&file)).unwrap(), bytes, "{file}");
        }
    }
    let config = std::fs::read(folder.join("config.json")).unwrap();
    assert_eq!(
        super::super::Text::read(&folder, &config).unwrap().special().end,
        Some(1)
    );
    let asked = server.asked.lock().unwrap().len();
    let offline = Hub {
        offline: true,
        ..hub.clone()
    };
    for hub in [&hub, &offline] {
        assert_eq!(hub.folder(&name("our/tiny")), Ok(folder.clone()));
        // The commit itself is a revision too.
        assert_eq!(hub.folder(&name(&format!("our/tiny@{COMMIT}"))), Ok(folder.clone()));
    }
    assert_eq!(server.asked.lock().unwrap().len(), asked, "nothing more was asked for");
    // What is missing is fetched, and nothing else.
    std::fs::remove_file(folder.join("b.safetensors")).unwrap();
    assert!(offline.folder(&name("our/tiny")).is_err());
    assert_eq!(hub.folder(&name("our/tiny")), Ok(folder.clone()));
    let asked: Vec<String> = server.asked.lock().unwrap().drain(asked..).collect();
    assert!(
        asked
            .iter()
            .all(|line| line.contains("b.safetensors") || line.contains("/api/")),
        "{asked:?}"
    );
}

#[test]
fn what_cannot_be_fetched_is_said_with_what_would_do() {
    let cache = tempfile::tempdir().unwrap();
    let told = |files: BTreeMap<String, Vec<u8>>, which: &str| {
        let server = Server::start(files);
        let error = server.hub(cache.path()).folder(&name(which)).unwrap_err().to_string();
        error
            .replace(&server.address, "ADDRESS")
            .replace(&cache.path().display().to_string(), "CACHE")
    };
    let absent = told(tiny(), "our/absent@v2");
    assert_eq!(
        absent,
        "our/absent@v2 is neither a folder here nor whole in the cache CACHE; ADDRESS: no such model or revision. `hf download \
         our/absent --revision v2` fetches it where there is a network; with --local-dir FOLDER it lies in a folder that can \
         be named instead"
    );
    assert!(told(tiny(), "our/closed").contains("not for everybody; if you may read it, set HF_TOKEN"));
    assert!(told(files(&["README.md"]), "our/tiny").contains("has no config.json"));
    let other = told(files(&["config.json", "pytorch_model.bin"]), "our/tiny");
    assert!(
        other.contains("has neither model.safetensors nor model.safetensors.index.json"),
        "{other}"
    );
    let mut without = tiny();
    without.remove("a.safetensors");
    assert!(told(without.clone(), "our/tiny").contains("names a.safetensors, which is not there"));
    without.insert(INDEX.into(), br#"{"weight_map": {"x": "../../evil"}}"#.to_vec());
    std::fs::remove_dir_all(cache.path().join("models--our--tiny")).unwrap();
    assert!(told(without, "our/tiny").contains("has no weight_map that names files"));
    std::fs::remove_dir_all(cache.path().join("models--our--tiny")).unwrap();
    let mut mute = tiny();
    mute.remove("tokenizer.json");
    assert!(told(mute, "our/tiny").contains("no tokenizer"));
    let nobody = Hub {
        cache: cache.path().to_path_buf(),
        endpoint: "http://127.0.0.1:9".into(),
        token: None,
        offline: false,
    };
    let error = nobody.folder(&name("a/b")).unwrap_err().to_string();
    assert!(
        error.contains("http://127.0.0.1:9: request error: ") && error.contains("`hf download a/b`"),
        "{error}"
    );
    let error = Hub {
        offline: true,
        ..nobody
    }
    .folder(&name("a/b"))
    .unwrap_err()
    .to_string();
    assert!(
        error.contains("HF_HUB_OFFLINE is set, so nothing was fetched"),
        "{error}"
    );
}

#[test]
fn the_environment_is_read_as_the_python_library_reads_it() {
    let hub = |list: &[(&str, &str)]| {
        let variables: BTreeMap<String, String> = list.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        Hub::from_variables(&|name| variables.get(name).cloned())
    };
    let cache = |list: &[(&str, &str)]| hub(list).unwrap().cache.display().to_string();
    assert_eq!(cache(&[("HOME", "/u")]), "/u/.cache/huggingface/hub");
    assert_eq!(cache(&[("HOME", "/u"), ("XDG_CACHE_HOME", "/x")]), "/x/huggingface/hub");
    assert_eq!(cache(&[("HOME", "/u"), ("HF_HOME", "~/hf")]), "/u/hf/hub");
    assert_eq!(
        cache(&[("HOME", "/u"), ("HF_HOME", "/h"), ("HF_HUB_CACHE", "/c")]),
        "/c"
    );
    assert!(hub(&[]).unwrap_err().to_string().contains("set HF_HOME"));
    let home = tempfile::tempdir().unwrap();
    let place = home.path().display().to_string();
    std::fs::write(home.path().join("token"), "kept\n").unwrap();
    let token = |list: &[(&str, &str)]| hub(list).unwrap().token;
    assert_eq!(token(&[("HF_HOME", &place)]).as_deref(), Some("kept"));
    assert_eq!(
        token(&[("HF_HOME", &place), ("HF_TOKEN", "given")]).as_deref(),
        Some("given")
    );
    assert_eq!(token(&[("HF_HOME", "/nowhere")]), None);
    let set = hub(&[
        ("HF_HOME", "/h"),
        ("HF_ENDPOINT", "http://mirror/"),
        ("HF_HUB_OFFLINE", "true"),
    ])
    .unwrap();
    assert_eq!((set.endpoint.as_str(), set.offline), ("http://mirror", true));
    assert!(!hub(&[("HF_HOME", "/h"), ("HF_HUB_OFFLINE", "0")]).unwrap().offline);
}

#[test]
fn the_token_is_sent() {
    let (server, cache) = (Server::start(tiny()), tempfile::tempdir().unwrap());
    let hub = Hub {
        token: Some("secret".into()),
        ..server.hub(cache.path())
    };
    hub.folder(&name("our/tiny")).unwrap();
    assert!(
        server
            .asked
            .lock()
            .unwrap()
            .iter()
            .all(|line| line.ends_with("Bearer secret"))
    );
    let error = hub.folder(&name("our/closed")).unwrap_err().to_string();
    assert!(
        error.contains("not for the token that is set") && !error.contains("secret"),
        "{error}"
    );
}
