//! From values to dots, and to numbers that people like to read.

/// How values lie along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Axis {
    Linear,
    /// Powers of ten are equally far apart; only for values above 0.
    Log,
    /// Logarithmic on both sides of 0 and linear within this of it, so that no value is lost.
    Symmetric(f64),
}

impl Axis {
    /// The logarithmic axis that can show values down to the smallest of these.
    fn log(low: f64, high: f64) -> Self {
        let largest = low.abs().max(high.abs());
        match () {
            () if low > 0.0 => Axis::Log,
            () if largest > 0.0 && largest.is_finite() => Axis::Symmetric(10f64.powf(largest.log10().floor() - 2.0)),
            () => Axis::Linear,
        }
    }

    /// Where a value lies. On the logarithmic axis what is not above 0 lies below everything.
    fn place(self, value: f64) -> f64 {
        match self {
            Axis::Linear => value,
            Axis::Log if value > 0.0 => value.log10(),
            Axis::Log => f64::NEG_INFINITY,
            Axis::Symmetric(linear) => (value / linear).asinh(),
        }
    }

    fn value(self, place: f64) -> f64 {
        match self {
            Axis::Linear => place,
            Axis::Log => 10f64.powf(place),
            Axis::Symmetric(linear) => place.sinh() * linear,
        }
    }
}

/// A stretch of values laid over `dots` dots, the smallest at the bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Ends of the axis, as its places.
    low: f64,
    high: f64,
    pub dots: usize,
    pub axis: Axis,
}

impl Scale {
    /// Fits the values with a little air; constant values get a stretch around them.
    pub fn fit(low: f64, high: f64, dots: usize, log: bool) -> Self {
        let finite = low.is_finite() && high.is_finite() && low <= high;
        let axis = if log && finite {
            Axis::log(low, high)
        } else {
            Axis::Linear
        };
        let (low, high) = if finite {
            (axis.place(low), axis.place(high))
        } else {
            (0.0, 1.0)
        };
        let spread = high - low;
        let air = if spread > f64::EPSILON * high.abs().max(1.0) {
            spread * 0.04
        } else {
            // Around 0, and around what would need more decimals than there is room for, a stretch of its own.
            let least = if high.abs() < 1e-4 { 0.05 } else { 0.0 };
            (high.abs() * 0.1).max(least)
        };
        Self {
            low: low - air,
            high: high + air,
            dots: dots.max(1),
            axis,
        }
    }

    /// For counts: 0 is the lower edge, and the largest just fits.
    pub fn from_zero(high: f64, dots: usize) -> Self {
        let high = if high.is_finite() && high > 0.0 { high } else { 1.0 };
        Self {
            low: 0.0,
            high,
            dots: dots.max(1),
            axis: Axis::Linear,
        }
    }

    /// The dot of a value, counted from the top; may lie outside.
    pub fn dot(&self, value: f64) -> i64 {
        let share = (self.high - self.axis.place(value)) / (self.high - self.low);
        let dots = self.dots as f64;
        // Not far outside, so that lines to there are not long.
        (share * (dots - 1.0)).round().clamp(-2.0 * dots, 3.0 * dots) as i64
    }

    /// Where a value lies along the axis.
    pub fn place(&self, value: f64) -> f64 {
        self.axis.place(value)
    }

    /// The places of both ends.
    pub fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// 0 lies between the ends.
    pub fn crosses_zero(&self) -> bool {
        self.axis != Axis::Log && self.low < 0.0 && self.high > 0.0
    }

    /// Round values for labels, about `wanted` of them.
    pub fn ticks(&self, wanted: usize) -> Vec<f64> {
        let (low, high) = (self.axis.value(self.low), self.axis.value(self.high));
        let powers = match self.axis {
            Axis::Linear => return ticks(low, high, wanted),
            Axis::Log => powers(low, high),
            Axis::Symmetric(linear) => {
                let mut all: Vec<f64> = powers(linear, -low).into_iter().rev().map(|p| -p).collect();
                all.push(0.0);
                all.extend(powers(linear, high));
                all.retain(|v| (low..=high).contains(v));
                all
            }
        };
        if powers.len() < 2 {
            let mut out = ticks(low, high, wanted);
            out.retain(|v| *v > 0.0 || self.axis != Axis::Log);
            return out;
        }
        // Every so manieth power, 0 always among them.
        let stride = powers.len().div_ceil(wanted.max(2));
        let zero = powers.iter().position(|v| *v == 0.0).unwrap_or(0);
        let kept = powers
            .iter()
            .enumerate()
            .filter(|(i, _)| i.abs_diff(zero).is_multiple_of(stride));
        kept.map(|(_, v)| *v).collect()
    }

    /// Labels for ticks of this scale.
    pub fn labels(&self, ticks: &[f64]) -> Vec<String> {
        let is_power = |v: &f64| *v == 0.0 || (v.abs().log10() - v.abs().log10().round()).abs() < 1e-9;
        if self.axis == Axis::Linear || !ticks.iter().all(is_power) {
            return labels(ticks);
        }
        let label = |&v: &f64| match v.abs() {
            0.0 => "0".to_string(),
            size if !(1e-3..1e6).contains(&size) => format!("{v:.0e}"),
            size if size < 1.0 => format!("{v:.*}", (-size.log10().round()) as usize),
            _ => thousands(v.round() as i64),
        };
        ticks.iter().map(label).collect()
    }
}

/// The powers of ten between two values above 0, both included.
fn powers(low: f64, high: f64) -> Vec<f64> {
    if !(low > 0.0 && high > 0.0) {
        return vec![];
    }
    // A hair outside still counts: ends are rounded.
    ((low.log10() - 1e-9).ceil() as i32..=(high.log10() + 1e-9).floor() as i32)
        .map(|e| 10f64.powi(e))
        .collect()
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

/// "1 step", "20 steps".
pub fn steps(n: u32) -> String {
    format!("{} {}", thousands(n.into()), if n == 1 { "step" } else { "steps" })
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
    fn a_log_axis_shows_every_value_in_its_order() {
        let cases: [&[f64]; 6] = [
            &[1e-6, 1e-3, 0.5, 1.0, 2e4],
            &[0.0, 1e-3, 0.1, 1.0],
            &[-0.4, -1e-3, 0.0, 1e-4, 0.03, 0.4],
            &[-500.0, -20.0, -3.0],
            &[-1e-7, 0.0],
            &[0.0, 0.0],
        ];
        for values in cases {
            let scale = Scale::fit(values[0], values[values.len() - 1], 80, true);
            let dots: Vec<i64> = values.iter().map(|v| scale.dot(*v)).collect();
            assert!(dots.iter().all(|d| (0..80).contains(d)), "{values:?} {dots:?}");
            assert!(dots.is_sorted_by(|a, b| a >= b), "{values:?} {dots:?}");
            let ticks = scale.ticks(5);
            assert!((1..=8).contains(&ticks.len()), "{values:?} {ticks:?}");
            assert!(
                ticks.iter().all(|t| (0..80).contains(&scale.dot(*t))),
                "{values:?} {ticks:?}"
            );
        }
        // A factor is as far anywhere on it.
        let scale = Scale::fit(1e-4, 1.0, 401, true);
        let steps: Vec<i64> = (0..4)
            .map(|e| scale.dot(10f64.powi(-e - 1)) - scale.dot(10f64.powi(-e)))
            .collect();
        assert!(steps.iter().all(|s| s.abs_diff(steps[0]) <= 1), "{steps:?}");
        assert_eq!(scale.labels(&scale.ticks(5)), ["1e-4", "0.001", "0.01", "0.1", "1"]);
        let symmetric = Scale::fit(-0.4, 0.4, 80, true);
        assert_eq!(symmetric.axis, Axis::Symmetric(1e-3));
        assert_eq!(
            symmetric.labels(&symmetric.ticks(7)),
            ["-0.1", "-0.01", "-0.001", "0", "0.001", "0.01", "0.1"]
        );
        // What is not above 0 is off a purely logarithmic axis, at its lower end.
        assert!(scale.dot(0.0) > 401 && scale.dot(-3.0) > 401);
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
