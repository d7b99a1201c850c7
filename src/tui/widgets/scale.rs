//! From values to dots, and to numbers that people like to read.

/// A stretch of values laid over `dots` dots, the smallest at the bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    pub low: f64,
    pub high: f64,
    pub dots: usize,
    pub log: bool,
}

impl Scale {
    /// Fits the values with a little air; constant values get a stretch around them.
    pub fn fit(low: f64, high: f64, dots: usize, log: bool) -> Self {
        let log = log && low > 0.0;
        let (mut low, mut high) = if log { (low.log10(), high.log10()) } else { (low, high) };
        if !(low.is_finite() && high.is_finite() && low <= high) {
            (low, high) = (0.0, 1.0);
        }
        let spread = high - low;
        let air = if spread > f64::EPSILON * high.abs().max(1.0) {
            spread * 0.04
        } else {
            (high.abs() * 0.1).max(0.05)
        };
        Self {
            low: low - air,
            high: high + air,
            dots: dots.max(1),
            log,
        }
    }

    /// The dot of a value, counted from the top; may lie outside.
    pub fn dot(&self, value: f64) -> i64 {
        let value = if self.log { value.log10() } else { value };
        let share = (self.high - value) / (self.high - self.low);
        (share * (self.dots as f64 - 1.0)).round().clamp(-1e6, 1e6) as i64
    }

    /// Round values for labels, about `wanted` of them.
    pub fn ticks(&self, wanted: usize) -> Vec<f64> {
        if !self.log {
            return ticks(self.low, self.high, wanted);
        }
        let mut out: Vec<f64> = (self.low.ceil() as i32..=self.high.floor() as i32)
            .map(|e| 10f64.powi(e))
            .collect();
        if out.len() < 2 {
            out = ticks(10f64.powf(self.low), 10f64.powf(self.high), wanted);
            out.retain(|v| *v > 0.0);
        }
        out
    }
}

/// Multiples of 1, 2 or 5 times a power of ten within the bounds, about `wanted` of them.
pub fn ticks(low: f64, high: f64, wanted: usize) -> Vec<f64> {
    let spread = high - low;
    if !(spread.is_finite() && spread > 0.0) {
        return vec![];
    }
    let rough = spread / wanted.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|s| *s >= rough * 0.999)
        .unwrap_or(power);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last.min(first.saturating_add(64)))
        .map(|i| i as f64 * step)
        .collect()
}

/// Labels for ticks, all with as many decimals as their distance asks for.
pub fn labels(ticks: &[f64]) -> Vec<String> {
    let step = ticks
        .windows(2)
        .map(|w| (w[1] - w[0]).abs())
        .fold(f64::INFINITY, f64::min);
    let largest = ticks.iter().fold(0.0, |m: f64, t| m.max(t.abs()));
    ticks
        .iter()
        .map(|&t| {
            if largest >= 1e5 || (largest < 1e-3 && largest > 0.0) {
                return if t == 0.0 { "0".into() } else { format!("{t:.0e}") };
            }
            let step = if step.is_finite() { step } else { largest.max(1e-3) };
            let decimals = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
            unsign_zero(format!("{t:.decimals$}"))
        })
        .collect()
}

/// A number in about three digits: "0.083", "-1.39", "12.4", "1,520", "2.1e-5".
pub fn short(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return "–".into();
    }
    unsign_zero(match size {
        0.0 => "0".into(),
        s if !(0.001..1e7).contains(&s) => format!("{value:.1e}"),
        s if s < 0.1 => format!("{value:.3}"),
        s if s < 10.0 => format!("{value:.2}"),
        s if s < 100.0 => format!("{value:.1}"),
        _ => thousands(value.round() as i64),
    })
}

/// 1234567 as "1,234,567".
pub fn thousands(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if value < 0 { format!("-{out}") } else { out }
}

/// Seconds for people: "0.6 s", "42 s", "3 min 05 s", "2 h 10 min".
pub fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match seconds {
        s if !s.is_finite() => "–".into(),
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 100.0 => format!("{whole} s"),
        s if s < 3600.0 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

fn unsign_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.to_string(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(-0.13, 0.52, 4), vec![0.0, 0.2, 0.4]);
        assert_eq!(labels(&ticks(-1.1, 1.4, 5)), ["-1.0", "-0.5", "0.0", "0.5", "1.0"]);
        assert!(ticks(1.0, 1.0, 4).is_empty());
        assert!(ticks(f64::NAN, 1.0, 4).is_empty());
    }

    #[test]
    fn constant_and_strange_values_have_a_scale() {
        for value in [0.0, -3.0, 1e30, 1e-30] {
            let scale = Scale::fit(value, value, 40, false);
            assert!((0..40).contains(&scale.dot(value)), "{value}");
        }
        assert!(Scale::fit(f64::INFINITY, f64::NEG_INFINITY, 4, true).low.is_finite());
    }

    #[test]
    fn numbers_are_short() {
        let got: Vec<String> = [0.0, 0.0829, -1.392, 12.44, 1520.4, 2.1e-5].map(short).to_vec();
        assert_eq!(got, ["0", "0.083", "-1.39", "12.4", "1,520", "2.1e-5"]);
        assert_eq!(
            [0.61, 42.0, 185.0, 7800.0].map(duration),
            ["0.6 s", "42 s", "3 min 05 s", "2 h 10 min"]
        );
    }
}
