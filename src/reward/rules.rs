//! Rewards by rules: regular expressions, lengths, and the grammar's truth, added up.

use regex::Regex;

use super::{GiveUp, RewardError, RewardSource, Row};
use crate::config::{Count, LengthRule, RegexRule, Rule, Side, TruthRule};
use crate::grammar::{Task, truth};

/// Rules that are ready to score.
#[derive(Clone, Debug)]
pub struct Rules {
    task: Task,
    /// With the expression of those that have one.
    rules: Vec<(Rule, Option<Regex>)>,
}

impl Rules {
    /// The rules for responses to this task's queries. The error names an expression that is none.
    pub fn new(task: Task, rules: &[Rule]) -> Result<Self, String> {
        let ready = |rule: &Rule| {
            let expression = match rule {
                Rule::Regex(RegexRule { regex, .. }) => Some(Regex::new(regex).map_err(|e| e.to_string())?),
                _ => None,
            };
            Ok((rule.clone(), expression))
        };
        let rules = rules.iter().map(ready).collect::<Result<_, String>>()?;
        Ok(Self { task, rules })
    }

    /// Whether a rule asks for the grammar's truth, which only its own queries have.
    pub fn needs_truth(&self) -> bool {
        self.rules.iter().any(|(rule, _)| matches!(rule, Rule::Truth(_)))
    }

    /// The sum over the rules; NaN where a rule asks for the truth of a query that the grammar does not know.
    fn sum(&self, row: &Row<'_>) -> f64 {
        let scores = self.rules.iter().map(|(rule, expression)| match rule {
            Rule::Regex(rule) => rule.score * found(expression.as_ref(), row.response, rule.each) as f64,
            Rule::Length(rule) => rule.slope * f64::from(distance(rule, row)),
            Rule::Truth(TruthRule { truth: weight }) => {
                truth(self.task, row.query, row.response).map_or(f64::NAN, |t| weight * t.value)
            }
        });
        // Not -0.0, which is what nothing adds up to.
        0.0 + scores.sum::<f64>()
    }
}

impl RewardSource for Rules {
    fn score(&self, rows: &[Row<'_>], _: GiveUp<'_>) -> Result<Vec<f64>, RewardError> {
        Ok(rows.iter().map(|row| self.sum(row)).collect())
    }
}

fn found(expression: Option<&Regex>, response: &str, each: bool) -> usize {
    match expression {
        Some(expression) if each => expression.find_iter(response).count(),
        Some(expression) => usize::from(expression.is_match(response)),
        None => 0,
    }
}

/// How far the response is from the length aimed at, on the side that counts.
fn distance(rule: &LengthRule, row: &Row<'_>) -> u32 {
    let n = match rule.count {
        Count::Words => row.response.split_whitespace().count(),
        Count::Tokens => row.tokens,
    };
    let n = u32::try_from(n).unwrap_or(u32::MAX);
    match rule.side {
        Side::Both => n.abs_diff(rule.length),
        Side::Above => n.saturating_sub(rule.length),
        Side::Below => rule.length.saturating_sub(n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar;

    fn score(rules: &str, query: &str, response: &str, tokens: usize) -> f64 {
        #[derive(serde::Deserialize)]
        struct File {
            rules: Vec<Rule>,
        }
        let file: File = toml::from_str(&format!("rules = {rules}")).expect("rules");
        let rules = Rules::new(Task::Imdb, &file.rules).expect("good rules");
        let row = Row {
            query,
            prompt: "unused",
            response,
            tokens,
            ended: true,
        };
        rules.score(&[row], &|| false).expect("rules always answer")[0]
    }

    #[test]
    fn an_expression_scores_once_or_for_each_match() {
        let regex = |rule: &str, response: &str| score(rule, "q", response, 0);
        assert_eq!(regex(r"[{ regex = 'thank(s| you)' }]", "thanks, thank you"), 1.0);
        assert_eq!(regex(r"[{ regex = 'thank(s| you)', score = 0.5 }]", "nothing"), 0.0);
        assert_eq!(
            regex(r"[{ regex = '!', score = -0.25, each = true }]", "a! b! c!"),
            -0.75
        );
        assert_eq!(regex(r"[{ regex = '^\S+$', score = 2 }]", "two words"), 0.0);
    }

    #[test]
    fn a_length_scores_by_its_distance() {
        // Five words, eight tokens.
        let length = |rule: &str| score(rule, "q", "one two  three\nfour five", 8);
        assert_eq!(length("[{ length = 3, slope = -0.5 }]"), -1.0);
        assert_eq!(length("[{ length = 9, slope = -0.5 }]"), -2.0);
        assert_eq!(length("[{ length = 3, slope = -0.5, count = 'tokens' }]"), -2.5);
        assert_eq!(length("[{ length = 9, slope = -0.5, side = 'above' }]"), 0.0);
        assert_eq!(length("[{ length = 9, slope = -0.5, side = 'below' }]"), -2.0);
        assert_eq!(length("[{ length = 0, slope = 0.1 }]"), 0.5);
    }

    #[test]
    fn truth_is_that_of_the_grammar_and_rules_add_up() {
        let mut rng = crate::random::stream(3, crate::random::Purpose::Sft, 0, 0);
        let (scene, response, _) = grammar::preference_pair(&mut rng, Task::Imdb, grammar::Split::Train);
        let truth = grammar::truth(Task::Imdb, &scene.query, &response)
            .expect("its own query")
            .value;
        let words = response.split_whitespace().count() as f64;
        let both = "[{ truth = 2 }, { length = 0, slope = 0.25 }]";
        assert_eq!(score(both, &scene.query, &response, 0), 2.0 * truth + 0.25 * words);
        assert!(score(both, "not of the grammar", &response, 0).is_nan());
    }
}
