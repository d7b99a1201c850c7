use super::*;
use crate::config::{Plan, Source, load_plan};

fn experiment(sets: &[&str]) -> Experiment {
    let (name, text) = crate::assets::EXPERIMENTS[0];
    let source = Source {
        path: None,
        name: name.into(),
        text: text.into(),
    };
    let sets: Vec<String> = sets.iter().map(|s| s.to_string()).collect();
    match load_plan(&source, &sets).expect("a good experiment") {
        Plan::Align(experiment) => *experiment,
        Plan::Fit(_) => panic!("imdb aligns a policy"),
    }
}

/// Llama 3 8B, as its `config.json` has it.
fn llama() -> ModelConfig {
    let json = r#"{ "architectures": ["LlamaForCausalLM"], "vocab_size": 128256, "hidden_size": 4096,
        "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
        "max_position_embeddings": 8192, "rms_norm_eps": 1e-5, "rope_theta": 500000.0 }"#;
    ModelConfig::from_json(json.as_bytes()).expect("read")
}

fn needs(sets: &[&str]) -> Estimate {
    demand(sets).estimate()
}

fn demand(sets: &[&str]) -> Demand {
    let tokens = Lengths {
        prompt: 300,
        guided_prompt: 360,
        response: 128,
        example: 128,
        mean_example: 128,
        whole_example: 428,
    };
    Demand::of(&experiment(sets), (&llama(), 2.0), None, tokens)
}

#[test]
fn an_eight_billion_model_is_as_large_as_it_is() {
    let size = llama().size();
    assert_eq!(size.all(), 8_030_261_248);
    // PEFT counts 20,971,520 trained parameters of rank 8 on all linear layers.
    assert_eq!(size.adapters(8, &|_| true), 20_971_520);
    assert!((needs(&[]).weights as f64 / 32.2e9 - 1.0).abs() < 0.01);
    assert!((needs(&["policy.dtype=bf16"]).weights as f64 / 16.2e9 - 1.0).abs() < 0.01);
}

#[test]
fn what_is_to_save_memory_saves_it() {
    let plain = needs(&[]);
    let pieces = needs(&["method.micro_batch=1"]);
    let again = needs(&["policy.checkpointing=true"]);
    let both = needs(&["method.micro_batch=1", "policy.checkpointing=true"]);
    assert!(pieces.update < plain.update / 4 && again.update < plain.update / 4);
    assert!(both.update < pieces.update && both.update < again.update);
    // All weights in f32, two moments of each, and gradients.
    assert!(needs(&["policy.lora=none"]).peak > 4 * 4 * 8_030_261_248);
    // Halves alone are computed with in f32 and held so.
    let halves = needs(&["policy.dtype=bf16", "method.micro_batch=1"]);
    assert!(halves.weights < plain.weights && halves.update > pieces.update);
    assert!(needs(&["policy.lora.dropout=0.1"]).update > plain.update);
}

#[test]
fn a_shortage_is_said_with_what_would_do() {
    let (said, short) = sentence(&demand(&["policy.dtype=bf16"]), Some(80_000_000_000));
    assert!(short, "{said}");
    assert!(said.contains(" of 80.0 GB; '"), "{said}");
    let alternative = demand(&["policy.dtype=bf16"]).alternative(Some(80_000_000_000));
    let (settings, less) = alternative.expect("there is one");
    assert!(less.peak < 80_000_000_000, "{settings}: {}", readable(less.peak));
    assert!(settings.contains("policy.checkpointing = true"), "{settings}");
    let (said, short) = sentence(&demand(&[]), None);
    assert!(!short && !said.contains(" of "), "{said}");
    let (said, short) = sentence(&demand(&["method.micro_batch=1"]), Some(1 << 50));
    assert!(!short && !said.contains(';'), "{said}");
}
