//! What the user does to a running trainer: pause, go on, change a number, change the principles, ask.

use std::collections::VecDeque;

use crossbeam_channel::{Receiver, Sender};

use super::trainer::{TrainError, Trainer};
use super::{Alarm, Answer, Command, Event, Mark};

/// Whether the run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    GoOn,
    Stop,
    Abandon,
}

/// The two channels, and whether the run waits.
pub struct Control {
    commands: Receiver<Command>,
    events: Sender<Event>,
    /// Somebody is there to answer an alarm; without, an alarm that pauses ends the run.
    interactive: bool,
    paused: bool,
    /// Pause again after this step.
    one_step: bool,
    /// Commands that came while something else was done.
    waiting: VecDeque<Command>,
}

impl Control {
    pub fn new(commands: Receiver<Command>, events: Sender<Event>, interactive: bool) -> Self {
        Self {
            commands,
            events,
            interactive,
            paused: false,
            one_step: false,
            waiting: VecDeque::new(),
        }
    }

    /// Reports an event. Nobody listening is no error: the store has it too.
    pub fn send(&self, event: Event) {
        let _ = self.events.send(event);
    }

    /// Somebody watches, and can answer an alarm.
    pub fn interactive(&self) -> bool {
        self.interactive
    }

    /// A sender for threads that sample.
    pub fn events(&self) -> Sender<Event> {
        self.events.clone()
    }

    /// The channel of commands, for work that looks at it in between.
    pub(super) fn commands(&self) -> Receiver<Command> {
        self.commands.clone()
    }

    /// Commands taken from the channel that are still to be obeyed.
    pub(super) fn put_back(&mut self, commands: Vec<Command>) {
        self.waiting.extend(commands);
    }

    /// The next command; waits for one if `wait`. `None`: there is none.
    fn next(&mut self, wait: bool) -> Option<Command> {
        if let Some(command) = self.waiting.pop_front() {
            return Some(command);
        }
        if wait {
            // Nobody is left to say go on: finish as a run without a screen would.
            return Some(self.commands.recv().unwrap_or(Command::Stop));
        }
        self.commands.try_recv().ok()
    }

    /// A step is over.
    pub fn after_step(&mut self) {
        if std::mem::take(&mut self.one_step) {
            self.paused = true;
        }
    }
}

impl Trainer {
    /// Does what was asked since the last step; while paused, waits for more.
    pub(super) fn obey(&mut self) -> Result<Flow, TrainError> {
        let mut reported = None;
        loop {
            if self.control.paused && reported != Some(true) {
                reported = Some(true);
                let step = self.next_step();
                self.control.send(Event::Paused { step, paused: true });
            }
            let Some(command) = self.control.next(self.control.paused) else {
                if reported == Some(true) {
                    let step = self.next_step();
                    self.control.send(Event::Paused { step, paused: false });
                }
                return Ok(Flow::GoOn);
            };
            match command {
                Command::Pause => self.control.paused = true,
                Command::Continue => {
                    self.control.paused = false;
                    self.control.one_step = false;
                }
                Command::StepOnce => {
                    self.control.paused = false;
                    self.control.one_step = true;
                }
                Command::Stop => return Ok(Flow::Stop),
                Command::Abandon => return Ok(Flow::Abandon),
                Command::Checkpoint => self.checkpoint()?,
                Command::Ask { id, query } => self.answer(id, query)?,
                Command::MeasureEffect { queries } => self.measure_effect(queries)?,
                change => self.change(change)?,
            }
        }
    }

    /// After the last step, somebody in front of a screen may still ask the trained policy things.
    pub(super) fn answer_questions(&mut self) -> Result<(), TrainError> {
        if !self.control.interactive {
            return Ok(());
        }
        loop {
            match self.control.next(true) {
                Some(Command::Ask { id, query }) => self.answer(id, query)?,
                Some(Command::MeasureEffect { queries }) => self.measure_effect(queries)?,
                Some(Command::Stop | Command::Abandon) | None => return Ok(()),
                Some(_) => {}
            }
        }
    }

    /// Changes a number or the principles from the next step on, and marks it on the charts.
    pub(super) fn change(&mut self, command: Command) -> Result<(), TrainError> {
        let label = match &command {
            Command::SetTau(tau) => {
                let label = format!("tau {} -> {}", short(self.tau), short(*tau));
                self.tau = *tau;
                label
            }
            Command::SetDecay(decay) => {
                let label = format!("decay {} -> {}", short(self.decay), short(*decay));
                self.decay = *decay;
                label
            }
            Command::SetLearningRate(rate) => {
                let label = format!("rate {} -> {}", short(self.learning_rate), short(*rate));
                self.learning_rate = *rate;
                label
            }
            Command::SetPrinciples(principles) => {
                self.set_principles(principles.clone())?;
                format!("principles v{}", self.principles.version)
            }
            _ => return Ok(()),
        };
        let step = self.next_step();
        self.emit(Event::Mark(Mark { step, label, command }))
    }

    /// Answers a query of the user's own with the policy as it is now. Draws from streams of its own.
    fn answer(&mut self, id: u64, query: String) -> Result<(), TrainError> {
        let policy = self.setup.policy.merged();
        let principles = self.principles.principles.render();
        let generation = self.setup.experiment.generation.clone();
        let place = (2, id + 1);
        let answered = self.evaluator().answer(
            &policy,
            std::slice::from_ref(&query),
            principles.as_deref(),
            &generation,
            place,
        );
        let (y, y_guided) = (&answered.original[0], &answered.guided[0]);
        let answer = Answer {
            id,
            step: self.next_step(),
            query,
            original: y.response.clone(),
            guided: y_guided.response.clone(),
            reward_original: y.reward,
            reward_guided: y_guided.reward,
            truth_original: y.truth,
            truth_guided: y_guided.truth,
        };
        self.emit(Event::Answer(answer))
    }

    /// Rings an alarm. One that pauses ends a run that nobody watches.
    pub(super) fn alarm(&mut self, message: &str, suggestion: &str, pause: bool) -> Result<(), TrainError> {
        let step = self.next_step();
        let alarm = Alarm {
            step,
            message: message.into(),
            suggestion: suggestion.into(),
            paused: pause,
        };
        self.emit(Event::Alarm(alarm))?;
        if pause && !self.control.interactive {
            self.checkpoint()?;
            return Err(TrainError::Stopped(format!("{message}; {suggestion}")));
        }
        self.control.paused |= pause;
        Ok(())
    }
}

/// Three significant digits.
fn short(x: f64) -> String {
    if x != 0.0 && (x.abs() < 1e-3 || x.abs() >= 1e4) {
        return format!("{x:.2e}");
    }
    let digits = (2 - x.abs().max(1e-3).log10().floor() as i32).clamp(0, 6) as usize;
    let text = format!("{x:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn numbers_are_short() {
        assert_eq!(short(0.2), "0.2");
        assert_eq!(short(0.1458), "0.146");
        assert_eq!(short(0.00052), "5.20e-4");
        assert_eq!(short(12.0), "12");
        assert_eq!(short(0.0), "0");
        assert_eq!(short(-1.5), "-1.5");
    }
}
