//! The bundled models are what docs/assets.md says they are: measured again here, on fewer queries.

use std::path::Path;

use burn::tensor::Device;
use ple::assets::build::reward_model_name;
use ple::assets::probe::principle_effects;
use ple::assets::reward_models::accuracy;
use ple::assets::{PRINCIPLES, builtin_model};
use ple::config::{Source, parse_principles};
use ple::grammar::{Pools, Task, paper_prompt};
use ple::model::{Precision, load};
use ple::random::{Purpose, stream};

fn principles(path: &str) -> String {
    let (name, text) = PRINCIPLES.iter().find(|(name, _)| *name == path).expect("bundled");
    let source = Source {
        path: None,
        name: name.to_string(),
        text: text.to_string(),
    };
    parse_principles(&source).expect("valid").render().expect("some are on")
}

#[test]
fn the_papers_prompts_are_word_for_word() {
    for task in Task::ALL {
        assert_eq!(principles(&format!("principles/paper/{task}.toml")), paper_prompt(task));
    }
    assert_eq!(principles("principles/hh.toml"), paper_prompt(Task::Hh));
}

#[test]
fn switching_a_principle_off_lowers_its_attribute() {
    let (policy, text) = load(
        &builtin_model("tiny").expect("bundled"),
        Precision::F32,
        &Device::flex(),
    )
    .expect("loads");
    for task in Task::ALL {
        for effect in principle_effects(&policy, &text, task, 80, 7) {
            let name = format!("{task} {}", effect.principle);
            assert!(effect.all > effect.all_but, "{name}: {effect:?}");
            assert!(effect.all > effect.none + 0.15, "{name}: {effect:?}");
        }
    }
}

#[test]
fn reward_models_are_as_accurate_as_promised() {
    for (task, promised) in [(Task::Hh, 0.85), (Task::Imdb, 0.78), (Task::Tldr, 0.85)] {
        let files = builtin_model(reward_model_name(task)).expect("bundled");
        let (model, text) = load(&files, Precision::F32, &Device::flex()).expect("loads");
        let mut rng = stream(99, Purpose::HeldOut, 0, 0);
        let found = accuracy(&model, &text, task, 400, 0.0, &Pools::default(), &mut rng);
        assert!(found >= promised, "{task}: {found}");
    }
}

#[test]
fn all_assets_together_are_small() {
    fn size(folder: &Path) -> u64 {
        let entries = std::fs::read_dir(folder).expect("readable").flatten();
        entries
            .map(|e| {
                if e.path().is_dir() {
                    size(&e.path())
                } else {
                    e.metadata().map_or(0, |m| m.len())
                }
            })
            .sum()
    }
    let total = size(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets"));
    assert!(total < 15_000_000, "{total} bytes");
}
