use super::*;

/// A checkpoint whose weights count up, and a tokenizer of a few letters.
struct Small {
    place: tempfile::TempDir,
    header: [i32; 7],
}

impl Small {
    fn new(header: [i32; 7]) -> Self {
        let place = tempfile::tempdir().unwrap();
        Self { place, header }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn checkpoint(&self) -> Vec<u8> {
        let [d, h, l, heads, kv, v, t] = self.header.map(|n| n.unsigned_abs() as usize);
        let kv = d / heads * kv;
        let head = if self.header[5] < 0 { v * d } else { 0 };
        let n = v * d + l * (2 * d + 2 * d * d + 2 * kv * d + 3 * h * d) + d + t * d / heads + head;
        let header = self.header.iter().flat_map(|n| n.to_le_bytes());
        header.chain((0..n).flat_map(|i| (i as f32).to_le_bytes())).collect()
    }

    fn tokenizer(&self) -> Vec<u8> {
        let mut tokens = vec![
            ("<unk>".to_string(), 0.0),
            ("\n<s>\n".into(), 0.0),
            ("\n</s>\n".into(), 0.0),
        ];
        tokens.extend((0..256).map(|b| (format!("<0x{b:02X}>"), 0.0)));
        let letters = ["ab", " a", " ", "a", "b", "abb", "bb"];
        tokens.extend(
            letters
                .into_iter()
                .enumerate()
                .map(|(i, t)| (t.to_string(), -(i as f32))),
        );
        let mut bytes = 7i32.to_le_bytes().to_vec();
        for (text, score) in tokens {
            bytes.extend(score.to_le_bytes());
            bytes.extend((text.len() as i32).to_le_bytes());
            bytes.extend(text.bytes());
        }
        bytes
    }

    fn convert(&self, checkpoint: &[u8], tokenizer: &[u8]) -> Result<Converted, String> {
        std::fs::write(self.path("m.bin"), checkpoint).unwrap();
        std::fs::write(self.path("t.bin"), tokenizer).unwrap();
        let found = convert(&self.path("m.bin"), &self.path("t.bin"), &self.path("out"));
        found.map_err(|e| e.to_string().replace(&self.place.path().display().to_string(), "P"))
    }
}

const SHAPE: [i32; 7] = [8, 6, 2, 2, 1, 266, 4];

#[test]
fn every_weight_comes_to_its_place() {
    for (vocabulary, tied) in [(266, true), (-266, false)] {
        let small = Small::new([8, 6, 2, 2, 1, vocabulary, 4]);
        let found = small.convert(&small.checkpoint(), &small.tokenizer()).unwrap();
        assert_eq!((found.layers, found.width, found.heads, found.kv_heads), (2, 8, 2, 1));
        let bytes = std::fs::read(small.path("out/model.safetensors")).unwrap();
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let first = |name: &str| -> Vec<f32> {
            let data = tensors.tensor(name).unwrap().data().to_vec();
            data.chunks(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect()
        };
        let embedding = 266.0 * 8.0;
        assert_eq!(first("model.embed_tokens.weight")[..2], [0.0, 1.0]);
        assert_eq!(first("model.layers.1.input_layernorm.weight")[0], embedding + 8.0);
        // Rows 0, 2, 1, 3 of each head of four.
        let q = first("model.layers.0.self_attn.q_proj.weight");
        let rows: Vec<f32> = q.chunks(8).map(|row| (row[0] - embedding - 16.0) / 8.0).collect();
        assert_eq!(rows, [0.0, 2.0, 1.0, 3.0, 4.0, 6.0, 5.0, 7.0]);
        let v = first("model.layers.0.self_attn.v_proj.weight");
        assert!(
            v.windows(2).all(|pair| pair[1] == pair[0] + 1.0),
            "values stay where they are"
        );
        assert_eq!(tensors.tensor("lm_head.weight").is_err(), tied);
        let parameters: usize = tensors
            .tensors()
            .iter()
            .map(|(_, t)| t.shape().iter().product::<usize>())
            .sum();
        assert_eq!(parameters, found.parameters);
        let config: serde_json::Value =
            serde_json::from_slice(&std::fs::read(small.path("out/config.json")).unwrap()).unwrap();
        assert_eq!(
            (&config["tie_word_embeddings"], &config["num_key_value_heads"]),
            (&json!(tied), &json!(1))
        );
    }
}

#[test]
fn every_defect_is_named_and_nothing_is_written() {
    let small = Small::new(SHAPE);
    let (checkpoint, tokenizer) = (small.checkpoint(), small.tokenizer());
    let told = |checkpoint: &[u8], tokenizer: &[u8]| small.convert(checkpoint, tokenizer).unwrap_err();
    let headed = |header: [i32; 7]| Small::new(header).checkpoint();
    assert_eq!(
        told(&checkpoint[..20], &tokenizer),
        "P/m.bin: 20 bytes; the header alone has 28"
    );
    let cut = told(&checkpoint[..checkpoint.len() - 4], &tokenizer);
    assert!(
        cut.contains("(dim 8, hidden_dim 6, n_layers 2") && cut.ends_with("the file is cut off"),
        "{cut}"
    );
    let long = told(&[&checkpoint[..], &[0; 8]].concat(), &tokenizer);
    assert!(long.ends_with("the file is of another format"), "{long}");
    let mut newer = checkpoint.clone();
    newer[..8].copy_from_slice(&[0x32, 0x34, 0x6b, 0x61, 2, 0, 0, 0]);
    assert!(told(&newer, &tokenizer).contains("a checkpoint of version 2; only llama2.c's first format"));
    assert!(told(&headed([8, 6, 2, 3, 1, 266, 4]), &tokenizer).contains("dim = 8 over n_heads = 3"));
    assert!(
        told(&headed([8, 6, 2, 4, 3, 266, 4]), &tokenizer).contains("n_heads = 4 is no multiple of n_kv_heads = 3")
    );
    let mut none = checkpoint.clone();
    none[8..12].copy_from_slice(&0i32.to_le_bytes());
    assert!(told(&none, &tokenizer).contains("n_layers = 0; not a checkpoint"));
    let mut nan = checkpoint.clone();
    nan[28..32].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(told(&nan, &tokenizer).contains("model.embed_tokens.weight: 1 of 2128 values are no numbers"));
    assert!(told(&checkpoint, &tokenizer[..3]).contains("P/t.bin: ends in the length of the longest token"));
    assert!(told(&checkpoint, &tokenizer[..tokenizer.len() - 1]).contains("ends in token 265 of the 266"));
    assert!(told(&checkpoint, &[&tokenizer[..], &[1]].concat()).contains("1 bytes more than the 266 tokens"));
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = tokenizer.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        told(&checkpoint, &changed)
    };
    assert!(with(0, &(-1i32).to_le_bytes()).contains("longest token of -1 bytes"));
    assert!(with(0, &3i32.to_le_bytes()).contains("token 0 has 5 bytes, and the longest is said to have 3"));
    assert!(with(4, &f32::NAN.to_le_bytes()).contains("token 0 has the score NaN"));
    assert!(with(12, b"<two>").contains("token 0 is \"<two>\", and llama2.c takes it for \"<unk>\""));
    assert!(with(tokenizer.len() - 2, b"\xff\xff").contains("token 265 is not UTF-8"));
    assert!(with(tokenizer.len() - 2, b"ab").contains("tokens 259 and 265 are both \"ab\""));
    assert!(told(&Small::new([8, 6, 2, 2, 1, 3, 4]).checkpoint(), &tokenizer).contains("3 tokens; the marks"));
    assert!(!small.path("out").exists());
    small.convert(&checkpoint, &tokenizer).unwrap();
    assert_eq!(
        told(&checkpoint, &tokenizer),
        "P/out: is there and not empty; name a new folder"
    );
    let error = convert(&small.path("absent"), &small.path("t.bin"), &small.path("new")).unwrap_err();
    assert!(error.to_string().contains("absent: "), "{error}");
}

fn same_tokens(folder: &Path, tokens: &tokenizer::Tokens, texts: &[&str]) {
    let config = std::fs::read(folder.join("config.json")).unwrap();
    let text = crate::model::Text::read(folder, &config).unwrap();
    for one in texts {
        assert_eq!(text.encode(one), tokens.greedy(one), "{one:?}");
        assert_eq!(text.decode(&text.encode(one)), one.trim());
    }
    assert_eq!(text.prompt("a")[0], tokenizer::BOS);
    assert_eq!(text.special().stops, [tokenizer::EOS, tokenizer::BOS]);
}

#[test]
fn texts_have_the_tokens_that_llama2c_gives_them() {
    let small = Small::new(SHAPE);
    small.convert(&small.checkpoint(), &small.tokenizer()).unwrap();
    let tokens = tokenizer::Tokens::read(&small.tokenizer(), 266).unwrap();
    same_tokens(
        &small.path("out"),
        &tokens,
        &["a", "abba", "bb abb b", "b\u{e9}a", "abbabbabb aab"],
    );
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/ckpt/stories260K");
    if !folder.is_dir() {
        println!("skipped: no ../shared/data/ckpt");
        return;
    }
    let (model, vocabulary) = (folder.join("stories260K.bin"), folder.join("tok512.bin"));
    let out = small.path("stories");
    let found = convert(&model, &vocabulary, &out).unwrap();
    assert_eq!((found.layers, found.width, found.heads, found.kv_heads), (5, 64, 8, 4));
    let tokens = tokenizer::Tokens::read(&std::fs::read(vocabulary).unwrap(), 512).unwrap();
    let story = "Once upon a time, there was a little girl named Lily.\nShe loved to play \"outside\" -- in 1999! \u{e9}\u{1f999}";
    same_tokens(
        &out,
        &tokens,
        &[
            story,
            "aaaaaaa bbbbb lllll ooooo",
            "theretherethere",
            "  two  spaces",
            "\t\n",
        ],
    );
}
