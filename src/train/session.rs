//! What the user does to a running trainer: pause, go on, change a number, change the principles, ask.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, select};

use super::steering::{self, Actor, Given, LogEntry, Remote, Via};
use super::trainer::{TrainError, Trainer};
use super::{Alarm, Answer, Command, Done, Event, Mark};
use crate::config::MethodName;
use crate::reward::RewardError;
use crate::run::Store;
use crate::sample::Completion;

/// Whether the run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    GoOn,
    Stop,
    Abandon,
}

impl Flow {
    /// The end of a run that came to this.
    pub(super) fn done(self, store: &Store, steps: u32, started: Instant) -> Done {
        let reason = match self {
            Flow::GoOn => "finished",
            Flow::Stop => "stopped",
            Flow::Abandon => "abandoned",
        };
        Done {
            run: store.name().to_string(),
            path: store.dir().display().to_string(),
            steps,
            reason: reason.to_string(),
            seconds: started.elapsed().as_secs_f64(),
        }
    }
}

/// The two channels, and whether the run waits.
pub struct Control {
    commands: Receiver<Command>,
    /// Who gives those commands.
    here: Actor,
    /// The commands of other processes.
    remote: Remote,
    /// Commands that came while a step was under way and were looked at, oldest first.
    ahead: Mutex<VecDeque<Given>>,
    events: Sender<Event>,
    /// Somebody is there to answer an alarm; without, an alarm that pauses ends the run.
    interactive: bool,
    paused: bool,
    /// What the screen was last told.
    told_paused: bool,
    /// Pause again after this step.
    one_step: bool,
}

impl Control {
    /// `dir` is the run's folder, in which other processes leave their commands.
    pub fn new(commands: Receiver<Command>, events: Sender<Event>, interactive: bool, dir: &Path) -> Self {
        Self {
            commands,
            here: Actor::here(if interactive { Via::Workbench } else { Via::Cli }),
            remote: Remote::listen(dir),
            ahead: Mutex::default(),
            events,
            interactive,
            paused: false,
            told_paused: false,
            one_step: false,
        }
    }

    /// Reports an event. Nobody listening is no error: the store has it too.
    pub fn send(&self, event: Event) {
        let _ = self.events.send(event);
    }

    /// Somebody watches in this process, and has seen nothing yet of what was before.
    pub fn interactive(&self) -> bool {
        self.interactive
    }

    /// Somebody can answer an alarm, here or in another process.
    pub fn is_attended(&self) -> bool {
        self.interactive || self.remote.is_steered()
    }

    /// Who gives the commands of this process.
    pub fn here(&self) -> &Actor {
        &self.here
    }

    /// A sender for threads that sample.
    pub fn events(&self) -> Sender<Event> {
        self.events.clone()
    }

    /// The next command, or `None` to go on with step `step`. While paused it waits, and says so once. What concerns only
    /// when the run goes on (pause, continue, one step) is done already when it is returned.
    pub fn next(&mut self, step: u32) -> Option<Given> {
        if self.paused != self.told_paused {
            self.told_paused = self.paused;
            let paused = self.paused;
            self.send(Event::Paused { step, paused });
        }
        let given = match self.take(self.paused) {
            Some(given) => given,
            // Nobody is left to say go on: finish as a run without a screen would.
            None if self.paused => self.given(Command::Stop),
            None => return None,
        };
        match given.command {
            Command::Pause => self.paused = true,
            Command::Continue => (self.paused, self.one_step) = (false, false),
            Command::StepOnce => (self.paused, self.one_step) = (false, true),
            _ => {}
        }
        Some(given)
    }

    fn given(&self, command: Command) -> Given {
        let by = self.here.clone();
        Given { command, by }
    }

    /// Waits for a command before the next step.
    pub(super) fn pause(&mut self) {
        self.paused = true;
    }

    /// Somebody wants the run to end: no use in waiting for rewards. What was asked for is done at the end of the step.
    pub fn end_is_wanted(&self) -> bool {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        self.look_ahead(&mut ahead);
        ahead
            .iter()
            .any(|g| matches!(g.command, Command::Stop | Command::Abandon))
    }

    /// Takes in the commands that have come; false if one of them ends a measurement of the principles.
    pub(super) fn measuring_is_wanted(&self) -> bool {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        self.look_ahead(&mut ahead);
        let before = ahead.len();
        ahead.retain(|g| !matches!(g.command, Command::CancelEffect));
        let leaves = |g: &Given| matches!(g.command, Command::Stop | Command::Abandon);
        ahead.len() == before && !ahead.iter().any(leaves)
    }

    fn look_ahead(&self, ahead: &mut VecDeque<Given>) {
        ahead.extend(self.commands.try_iter().map(|command| self.given(command)));
        ahead.extend(self.remote.given.try_iter());
    }

    /// The next command; waits for one if `wait`. `None`: none has come, or nobody is left to send one.
    fn take(&mut self, wait: bool) -> Option<Given> {
        let ahead = self.ahead.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(given) = ahead.pop_front() {
            return Some(given);
        }
        if let Ok(command) = self.commands.try_recv() {
            return Some(self.given(command));
        }
        if let Ok(given) = self.remote.given.try_recv() {
            return Some(given);
        }
        if !wait {
            return None;
        }
        select! {
            recv(self.commands) -> command => command.ok().map(|command| self.given(command)),
            recv(self.remote.given) -> given => given.ok(),
        }
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
        while let Some(Given { command, by }) = self.control.next(self.next_step()) {
            match command {
                Command::SetTau(_)
                | Command::SetDecay(_)
                | Command::SetLearningRate(_)
                | Command::SetPrinciples(_)
                | Command::Changed(_) => {
                    self.change(command, &by)?;
                    continue;
                }
                _ => self.log(&by, &command)?,
            }
            match command {
                Command::Stop => return Ok(Flow::Stop),
                Command::Abandon => return Ok(Flow::Abandon),
                Command::Checkpoint => self.checkpoint()?,
                Command::Ask { id, query } => self.answer(id, query)?,
                Command::MeasureEffect { queries } => self.measure_effect(queries)?,
                Command::LookInside { step, index } => self.look_inside(step, index),
                _ => {}
            }
        }
        Ok(Flow::GoOn)
    }

    /// After the last step, somebody in front of a screen may still ask the trained policy things.
    pub(super) fn answer_questions(&mut self) -> Result<(), TrainError> {
        if !self.control.interactive {
            return Ok(());
        }
        loop {
            match self.control.take(true).map(|given| given.command) {
                Some(Command::Ask { id, query }) => self.answer(id, query)?,
                Some(Command::MeasureEffect { queries }) => self.measure_effect(queries)?,
                Some(Command::LookInside { step, index }) => self.look_inside(step, index),
                Some(Command::Stop | Command::Abandon) | None => return Ok(()),
                Some(_) => {}
            }
        }
    }

    /// Writes down that something was done to the training.
    pub(super) fn log(&mut self, by: &Actor, command: &Command) -> Result<(), TrainError> {
        match steering::action(command) {
            Some(action) => self.emit(Event::Log(LogEntry::now(self.next_step(), by, action))),
            None => Ok(()),
        }
    }

    /// Changes a number or the principles from the next step on, marks it on the charts and writes it down. What cannot be
    /// done is told by an alarm, and written down too.
    pub(super) fn change(&mut self, command: Command, by: &Actor) -> Result<(), TrainError> {
        let Some(action) = steering::action(&command) else {
            return Ok(());
        };
        let mut entry = LogEntry::now(self.next_step(), by, action);
        entry.old = match &command {
            Command::SetTau(_) => Some(self.tau.to_string()),
            Command::SetDecay(_) => Some(self.decay.to_string()),
            Command::SetLearningRate(_) => Some(self.learning_rate.to_string()),
            Command::SetPrinciples(_) => Some(format!("v{}", self.principles.version)),
            _ => None,
        };
        let what = match &command {
            Command::SetPrinciples(new) => steering::difference(&self.principles.principles, new),
            Command::Changed(labels) => labels.join(", "),
            _ => String::new(),
        };
        let refused = self.change_now(command, by.via)?;
        entry.new = match action {
            "tau" => Some(self.tau.to_string()),
            "decay" => Some(self.decay.to_string()),
            "learning-rate" => Some(self.learning_rate.to_string()),
            "principles" => Some(format!("v{}: {what}", self.principles.version)),
            _ => Some(what),
        };
        if refused.is_some() {
            (entry.new, entry.refused) = (None, refused);
        }
        self.emit(Event::Log(entry))
    }

    /// The change and its mark. Returns why it was not done.
    pub(super) fn change_now(&mut self, command: Command, by: Via) -> Result<Option<String>, TrainError> {
        let name = self.setup.experiment.method.name;
        if name != MethodName::Ple && matches!(command, Command::SetTau(_) | Command::SetDecay(_)) {
            let message = format!("only PLE has tau and its decay; this run is {}", name.title());
            self.alarm(&message, "nothing was changed; the learning rate can be", false)?;
            return Ok(Some(message));
        }
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
                if let Some(message) = self.setup.too_long(principles) {
                    self.alarm(&message, "the principles before them stay in force", false)?;
                    return Ok(Some(message));
                }
                self.set_principles(principles.clone())?;
                format!("principles v{}", self.principles.version)
            }
            Command::Checkpoint => "checkpoint".into(),
            Command::Pause => "pause".into(),
            Command::Changed(labels) => labels.join(", "),
            _ => return Ok(None),
        };
        let step = self.next_step();
        self.emit(Event::Mark(Mark {
            step,
            label,
            command,
            by,
        }))?;
        Ok(None)
    }

    /// Answers a query of the user's own with the policy as it is now. Draws from streams of its own. Without rewards,
    /// where their source does not answer.
    fn answer(&mut self, id: u64, query: String) -> Result<(), TrainError> {
        if let Some(why) = self.setup.query_too_long(&query) {
            let none = Answer {
                id,
                step: self.next_step(),
                query,
                original: String::new(),
                guided: String::new(),
                reward_original: f64::NAN,
                reward_guided: f64::NAN,
                truth_original: None,
                truth_guided: None,
                refused: Some(why),
            };
            return self.emit(Event::Answer(none));
        }
        let policy = self.setup.policy.merged();
        let principles = self.principles.principles.render();
        let generation = self.setup.experiment.generation.clone();
        let place = (2, id + 1);
        let asked = std::slice::from_ref(&query);
        let control = &self.control;
        let give_up = || control.end_is_wanted();
        let evaluator = self.evaluator(&give_up);
        let (original, guided) = evaluator.sample(&policy, asked, principles.as_deref(), &generation, place);
        let scored = evaluator
            .score(asked, &original)
            .and_then(|y| Ok((y, evaluator.score(asked, &guided)?)));
        let (failed, (original, guided)) = match scored {
            Ok(scored) => (None, scored),
            Err(error) => {
                let without = |side: &[Completion]| evaluator.unscored(asked, side);
                (Some(error), (without(&original), without(&guided)))
            }
        };
        let (y, y_guided) = (&original[0], &guided[0]);
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
            refused: None,
        };
        self.emit(Event::Answer(answer))?;
        match failed {
            Some(RewardError::Interrupted) | None => Ok(()),
            Some(error) => {
                let message = format!("the answer could not be scored: {error}");
                self.alarm(&message, "the run goes on; ask again for a score", false)
            }
        }
    }

    /// The rewards of what was sampled could not be had: an alarm that pauses, unless it is the user who would not wait.
    /// Nothing has changed by then, so that what could not be done can be done again.
    pub(super) fn without_rewards(&mut self, what: &str, error: RewardError) -> Result<(), TrainError> {
        if error == RewardError::Interrupted {
            return Ok(());
        }
        let suggestion = if self.control.is_attended() {
            "see to the source of rewards, then continue: the same responses are scored again".to_string()
        } else {
            let run = self.store.dir().display();
            format!("see to the source of rewards, then go on from this step with: ple resume {run}")
        };
        self.alarm(&format!("{what}: no rewards: {error}"), &suggestion, true)
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
        if pause && !self.control.is_attended() {
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
