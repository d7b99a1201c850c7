//! How long a suite will still take: from what its runs have taken so far.

use crate::grammar::Task;

/// What is known of the time that runs take.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Contender, task and seconds of each whole run.
    seen: Vec<(usize, Task, f64)>,
}

impl Clock {
    /// A whole run of this contender on this task took so long.
    pub fn saw(&mut self, contender: usize, task: Task, seconds: f64) {
        if seconds.is_finite() && seconds > 0.0 {
            self.seen.push((contender, task, seconds));
        }
    }

    /// Seconds that a whole run is expected to take: the mean of those of the same contender on the same task, or else on any, or
    /// else of all. `None` before anything was seen.
    pub fn expected(&self, contender: usize, task: Task) -> Option<f64> {
        let mean = |wanted: &dyn Fn(usize, Task) -> bool| {
            let of = self.seen.iter().filter(|(c, t, _)| wanted(*c, *t));
            let seconds: Vec<f64> = of.map(|(_, _, s)| *s).collect();
            (!seconds.is_empty()).then(|| seconds.iter().sum::<f64>() / seconds.len() as f64)
        };
        mean(&|c, t| c == contender && t == task)
            .or_else(|| mean(&|c, _| c == contender))
            .or_else(|| mean(&|_, _| true))
    }

    /// Seconds for runs of which these shares (from 0 to 1) are still to be done.
    pub fn left(&self, runs: impl IntoIterator<Item = (usize, Task, f64)>) -> Option<f64> {
        runs.into_iter()
            .map(|(contender, task, share)| Some(self.expected(contender, task)? * share.clamp(0.0, 1.0)))
            .sum()
    }
}

/// "about 2 h 5 min"; `None` where nobody knows yet.
pub fn words(seconds: Option<f64>) -> Option<String> {
    let minutes = (seconds? / 60.0).ceil() as u64;
    Some(match (minutes / 60, minutes % 60) {
        (0, 0..=1) => "about a minute".to_string(),
        (0, minutes) => format!("about {minutes} min"),
        (hours, minutes) => format!("about {hours} h {minutes} min"),
    })
}
