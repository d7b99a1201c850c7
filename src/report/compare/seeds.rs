//! Several runs that differ only in their seed.

use crate::report::table::Number;
use crate::train::Estimate;

/// Student's t at 97.5 percent, for 1 to 30 degrees of freedom.
const T: [f64; 30] = [
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, 2.2010, 2.1788, 2.1604, 2.1448,
    2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484,
    2.0452, 2.0423,
];

/// Mean and standard deviation (n - 1) over runs, with the 95 percent interval of the mean.
pub fn number(runs: &[Estimate], digits: usize) -> Number {
    let values: Vec<f64> = runs.iter().map(|e| e.mean).collect();
    let n = values.len();
    let (mean, deviation) = mean_and_deviation(&values).unwrap_or((f64::NAN, f64::NAN));
    let t = T.get(n.saturating_sub(2)).copied().unwrap_or(1.96);
    let half = t * deviation / (n as f64).sqrt();
    Number {
        value: mean,
        digits,
        low: Some(mean - half),
        high: Some(mean + half),
        deviation: Some(deviation),
        n,
        ..Number::default()
    }
}

/// `None` without a value; the deviation of one is 0.
pub fn mean_and_deviation(values: &[f64]) -> Option<(f64, f64)> {
    let n = values.len() as f64;
    if values.is_empty() {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    Some((mean, (squares / (n - 1.0).max(1.0)).sqrt()))
}
