//! What came of a suite: its tables, what each run had to learn from, and its figures.

use std::fs;
use std::path::Path;

use super::found::Found;
use super::judging::Met;
use super::plan::{Job, SuitePlan};
use super::wins::{self, WinsOf};
use crate::config::slug;
use crate::grammar::Task;
use crate::report::{
    Cell, Column, Contender, Number, Picture, RewardFigure, Table, TableFormat, compare_table, draw_rewards, draw_wins,
    put_published, render,
};

/// Everything that can be said of the runs that were evaluated so far.
pub struct Results {
    /// PPL, RM, BLEU and truth: one table for each task and each `[[table]]`.
    pub tables: Vec<Table>,
    /// Who won over whom: one table for each `[[judge]]` and each task.
    pub wins: Vec<WinsOf>,
    /// What the runs had to learn from, and what they took.
    pub budget: Table,
    /// Name of the file without its ending, and what is drawn.
    figures: Vec<(String, RewardFigure)>,
}

/// The files that were written, by their names in the folder.
pub type Made = Vec<String>;

impl Results {
    /// Of all runs that were evaluated, and of who won over whom.
    pub fn of(plan: &SuitePlan, found: &[Found<'_>], met: &[Met]) -> Self {
        let settings = &plan.suite.settings;
        let mut tables = Vec::new();
        let mut figures = Vec::new();
        for task in settings.tasks.iter().copied() {
            let all: Vec<&str> = settings.contenders.iter().map(|c| &c.name[..]).collect();
            let chosen: Vec<(Option<&str>, Vec<&str>)> = match settings.tables.len() {
                0 => vec![(None, all)],
                _ => settings
                    .tables
                    .iter()
                    .map(|t| (Some(&t.title[..]), t.contenders.iter().map(|c| &c[..]).collect()))
                    .collect(),
            };
            for (title, names) in chosen {
                let rows: Vec<&Found> = ["BASE"]
                    .iter()
                    .chain(&names)
                    .flat_map(|name| {
                        found
                            .iter()
                            .filter(move |f| f.task == task && f.run.label.as_deref() == Some(*name))
                    })
                    .collect();
                if rows.iter().all(|f| f.job.is_none()) {
                    continue;
                }
                let runs: Vec<&Contender> = rows.iter().map(|f| &f.run).collect();
                let whole = title.map_or(task.to_string(), |title| format!("{task}: {title}"));
                let mut table = compare_table(&whole, &runs);
                if let Some(published) = &plan.published {
                    put_published(&mut table, task, &runs, published);
                }
                table.legend.extend(not_done(plan, task, &names, found));
                tables.push(table);
                let drawn: Vec<Contender> = rows.iter().filter(|f| f.job.is_some()).map(|f| f.run.clone()).collect();
                if let Ok(mut figure) = RewardFigure::of(&drawn) {
                    figure.title = whole;
                    let name = title.map_or(String::new(), |title| format!("-{}", slug(title)));
                    figures.push((format!("rewards-{task}{name}"), figure));
                }
            }
        }
        Self {
            tables,
            wins: wins::of(plan, met),
            budget: budget(plan, found),
            figures,
        }
    }

    /// The tables as people read them in a terminal.
    pub fn text(&self) -> Result<String, String> {
        render(&self.for_people(), TableFormat::Text)
    }

    /// All tables, in which what is said of several is said once.
    fn for_people(&self) -> Vec<Table> {
        let mut all = self.tables.clone();
        all.extend(self.wins.iter().map(|wins| wins.table.clone()));
        all.push(self.budget.clone());
        let mut said: Vec<String> = Vec::new();
        for table in &mut all {
            table.legend.retain(|line| !said.contains(line));
            said.extend(table.legend.iter().cloned());
        }
        all
    }

    /// Writes the tables in every form, and the figures, into a folder. What is there under the same names is replaced.
    pub fn write(&self, plan: &SuitePlan, folder: &Path) -> Result<Made, String> {
        let wrong = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
        fs::create_dir_all(folder).map_err(|e| wrong(folder, e))?;
        let mut made = Vec::new();
        let mut put = |name: String, bytes: &[u8]| {
            let path = folder.join(&name);
            fs::write(&path, bytes).map_err(|e| wrong(&path, e))?;
            made.push(name);
            Ok::<(), String>(())
        };
        let settings = &plan.suite.settings;
        let about = match settings.about.trim() {
            "" => String::new(),
            about => format!("{}\n\n", about.replace('\n', " ")),
        };
        let tables = render(&self.for_people(), TableFormat::Markdown)?;
        let markdown = format!("# {}\n\n{about}{tables}", settings.title);
        put("tables.md".into(), markdown.as_bytes())?;
        let wins: Vec<Table> = self.wins.iter().map(|wins| wins.table.clone()).collect();
        let whole = [&self.tables[..], &wins, std::slice::from_ref(&self.budget)].concat();
        put("tables.tex".into(), render(&whole, TableFormat::Latex)?.as_bytes())?;
        put("tables.json".into(), render(&whole, TableFormat::Json)?.as_bytes())?;
        put("tables.csv".into(), render(&self.tables, TableFormat::Csv)?.as_bytes())?;
        let budget = render(std::slice::from_ref(&self.budget), TableFormat::Csv)?;
        put("budget.csv".into(), budget.as_bytes())?;
        if !wins.is_empty() {
            put("wins.csv".into(), render(&wins, TableFormat::Csv)?.as_bytes())?;
        }
        for (name, figure) in &self.figures {
            put(format!("{name}.svg"), &draw_rewards(figure, Picture::Svg)?)?;
            put(format!("{name}.png"), &draw_rewards(figure, Picture::Png)?)?;
        }
        for WinsOf { name, figure, .. } in &self.wins {
            put(format!("{name}.svg"), &draw_wins(figure, Picture::Svg)?)?;
            put(format!("{name}.png"), &draw_wins(figure, Picture::Png)?)?;
        }
        Ok(made)
    }
}

/// Which runs of a table are not in it.
fn not_done(plan: &SuitePlan, task: Task, names: &[&str], found: &[Found<'_>]) -> Option<String> {
    let in_table = |run: &str| found.iter().any(|f| f.job.is_some_and(|job| job.run == run));
    let each: Vec<String> = names
        .iter()
        .filter_map(|name| {
            let of = plan.jobs.iter().filter(|job| job.task == task && job.label == *name);
            let seeds: Vec<String> = of
                .filter(|job| !in_table(&job.run))
                .map(|job| job.seed.to_string())
                .collect();
            let word = if seeds.len() == 1 { "seed" } else { "seeds" };
            (!seeds.is_empty()).then(|| format!("{name} ({word} {})", seeds.join(", ")))
        })
        .collect();
    (!each.is_empty()).then(|| format!("not done yet: {}", each.join(", ")))
}

/// What is equal between the contenders and what is not.
fn budget(plan: &SuitePlan, found: &[Found<'_>]) -> Table {
    let settings = &plan.suite.settings;
    let columns = [
        Column::new("contender", "contender"),
        Column::new("runs", "runs"),
        Column::new("steps", "steps"),
        Column::new("sampled", "sampled"),
        Column::new("given", "given"),
        Column::new("updates", "updates"),
        Column::new("minutes", "minutes"),
    ];
    let mut rows = Vec::new();
    for (place, contender) in settings.contenders.iter().enumerate() {
        let of: Vec<(&Job, &Contender)> = found
            .iter()
            .filter_map(|f| Some((f.job.filter(|job| job.contender == place)?, &f.run)))
            .collect();
        if of.is_empty() {
            continue;
        }
        type Get = fn(&(&Job, &Contender)) -> f64;
        let share = |(job, run): &(&Job, &Contender)| f64::from(run.steps_done) / f64::from(job.steps().max(1));
        let number = |digits: usize, get: &dyn Fn(&(&Job, &Contender)) -> f64| {
            let values: Vec<f64> = of.iter().map(get).collect();
            let (low, high) = values
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
            Cell::Number(Number {
                value: values.iter().sum::<f64>() / values.len() as f64,
                digits,
                low: (low < high).then_some(low),
                high: (low < high).then_some(high),
                n: values.len(),
                ..Number::default()
            })
        };
        let updates: Get = |(_, run)| run.steps.iter().map(|s| s.updates as f64).sum();
        let minutes: Get = |(_, run)| run.steps.iter().map(|s| s.seconds).sum::<f64>() / 60.0;
        let runs = Number {
            value: of.len() as f64,
            n: of.len(),
            ..Number::default()
        };
        rows.push(vec![
            Cell::Text(contender.name.clone()),
            Cell::Number(runs),
            number(0, &|(_, run)| f64::from(run.steps_done)),
            number(0, &|of| of.0.responses.sampled as f64 * share(of)),
            number(0, &|of| of.0.responses.given as f64 * share(of)),
            number(0, &updates),
            number(1, &minutes),
        ]);
    }
    let equal = match settings.responses {
        Some(n) => format!(
            "Equal: each run learns from {n} responses, sampled from its policy and scored, or given; its steps follow from that. Of \
             PLE both y and y' count, of RAFT all K to a query, of PPO each rollout, of SFT each row, of DPO both sides of a pair."
        ),
        None => {
            "Not made equal: every experiment keeps its own steps, since the suite says no `responses`.".to_string()
        }
    };
    let legend = vec![
        "A run: steps, responses sampled and given, optimizer updates, minutes of training; the mean over its runs, and [least, \
         most] where they differ."
            .to_string(),
        equal,
        "Not equal, and cannot be: SFT and DPO sample nothing; they are given responses that somebody has written or chosen, \
         which is other knowledge than a reward. Updates differ (PPO goes over its rollouts several times, RAFT learns one \
         of K, PLE with replay = \"all\" updates on all that it ever sampled), and so do the learning rates, which are those \
         of each experiment file. The supervised stage before all of them is the same."
            .to_string(),
        "Minutes are wall-clock on whatever else the machine had to do.".to_string(),
    ];
    Table {
        title: "What each run learned from".into(),
        columns: columns.into(),
        rows,
        legend,
        notes: Vec::new(),
    }
}
