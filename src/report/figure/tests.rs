use super::*;

fn figure(lines: usize, runs: usize) -> RewardFigure {
    let band = |step: usize, up: f64| {
        let mean = up * (1.0 - (-(step as f64) / 20.0).exp());
        Band {
            step: step as f64,
            mean,
            low: mean - 0.1,
            high: mean + 0.1,
        }
    };
    RewardFigure {
        title: "Positive movie reviews — ünïcode & <tags>".into(),
        lines: (0..lines)
            .map(|i| RewardLine {
                name: format!("PLE (tau0 0.{i})"),
                runs,
                window: 3,
                original: (0..60).map(|s| band(s, 0.5 + i as f64 / 4.0)).collect(),
                guided: (0..60).map(|s| band(s, 0.9 + i as f64 / 4.0)).collect(),
                guided_is: "with principles",
                tau: (0..60).map(|s| (s as f64, 0.2 * 0.9f64.powi(s))).collect(),
            })
            .collect(),
    }
}

fn wins() -> WinRates {
    let row = |right: &str, win, tie, lose| WinRate {
        left: "PLE".into(),
        right: right.into(),
        win,
        tie,
        lose,
    };
    WinRates {
        title: "Win rates on imdb".into(),
        judge: "the reward model".into(),
        rows: vec![row("SFT", 40, 14, 10), row("DPO", 30, 4, 30), row("nobody", 0, 0, 0)],
    }
}

/// Width, height and pixels.
fn decoded(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width, info.height, pixels)
}

#[test]
fn curves_are_called_what_they_are() {
    let mut of_both = figure(3, 1);
    of_both.lines[0].guided_is = "those kept";
    of_both.lines[1].guided.clear();
    let svg = String::from_utf8(draw_rewards(&of_both, Picture::Svg).unwrap()).unwrap();
    for words in [
        "PLE (tau0 0.0): those kept",
        "PLE (tau0 0.2): without",
        "PLE (tau0 0.2): with principles",
    ] {
        assert!(svg.contains(words), "{words}");
    }
    assert!(!svg.contains("PLE (tau0 0.0): without") && !svg.contains("PLE (tau0 0.1):"));
}

#[test]
fn svg_is_of_the_size_it_says_and_holds_the_words() {
    let svg = String::from_utf8(draw_rewards(&figure(2, 3), Picture::Svg).unwrap()).unwrap();
    assert!(svg.starts_with("<svg width=\"760\""), "{}", &svg[..80]);
    assert!(svg.contains("viewBox=\"0 0 3040 "));
    for words in [
        "ünïcode &amp; &lt;tags&gt;",
        "PLE (tau0 0.1): with principles",
        "mean reward",
        "τ",
        "step",
    ] {
        assert!(svg.contains(words), "{words}");
    }
    // A band of each of the four curves.
    assert!(svg.matches("opacity=\"0.16\"").count() >= 4);
    let svg = String::from_utf8(draw_wins(&wins(), Picture::Svg).unwrap()).unwrap();
    for words in [
        "Win rates on imdb",
        "the reward model",
        "62%",
        "PLE against",
        "n 64",
        "n 0",
    ] {
        assert!(svg.contains(words), "{words}");
    }
}

#[test]
fn png_is_drawn_with_the_fonts_that_are_brought_along() {
    let bytes = draw_rewards(&figure(1, 1), Picture::Png).unwrap();
    let (width, height, pixels) = decoded(&bytes);
    let (shown, _) = rewards::size(&figure(1, 1));
    assert_eq!(width, 2 * shown);
    // The title is in the upper left corner: dark letters on white, and grey where they meet.
    let row = |y: usize| &pixels[y * width as usize * 3..][..600 * 3];
    let dark = (16..60).flat_map(row).filter(|v| **v < 80).count();
    let grey = (16..60).flat_map(row).filter(|v| (80..250).contains(*v)).count();
    assert!(dark > 500 && grey > 300, "{dark} {grey}");
    // Blue and vermillion of the two curves.
    let has = |rgb: [u8; 3]| pixels.chunks_exact(3).any(|p| p == rgb);
    assert!(has([0, 114, 178]) && has([213, 94, 0]) && height > 900);
    assert_eq!(decoded(&draw_wins(&wins(), Picture::Png).unwrap()).0, 1520);
}

#[test]
fn numbers_that_are_none_do_not_stop_the_drawing() {
    let mut odd = figure(1, 1);
    odd.lines[0].original.clear();
    odd.lines[0].guided.truncate(1);
    odd.lines[0].tau = vec![(0.0, f64::NAN)];
    draw_rewards(&odd, Picture::Svg).unwrap();
    draw_rewards(&odd, Picture::Png).unwrap();
}
