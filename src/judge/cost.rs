//! What asking a judge model costs, before it is asked and after.

use serde::Serialize;

use super::Message;
use crate::data::thousands;

/// Of a million tokens, in any currency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prices {
    pub read: f64,
    pub written: f64,
}

/// Requests and the tokens in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    pub requests: u64,
    /// Tokens read by the model.
    pub read: u64,
    /// Tokens written by it; before it was asked, the most that it may write.
    pub written: u64,
}

/// About how many tokens a text has for a model whose tokenizer is not here: a token for every four letters of an
/// alphabet, one for every character of a script without.
pub fn tokens_of(text: &str) -> u64 {
    let (mut letters, mut others) = (0u64, 0u64);
    for c in text.chars() {
        if (c as u32) < 0x0590 { letters += 1 } else { others += 1 }
    }
    letters.div_ceil(4) + others
}

impl Cost {
    /// About what a message costs that may be answered with so many tokens.
    pub fn of(message: &Message, max_tokens: u32) -> Self {
        // What stands around a message in a chat template.
        const AROUND: u64 = 8;
        Self {
            requests: 1,
            read: tokens_of(&message.system) + tokens_of(&message.user) + AROUND,
            written: u64::from(max_tokens),
        }
    }

    /// The price of all of it.
    pub fn price(&self, prices: Prices) -> f64 {
        (self.read as f64 * prices.read + self.written as f64 * prices.written) / 1e6
    }

    /// "512 requests, about 154,112 tokens to read and at most 131,072 to write: at most 1.24".
    pub fn before(&self, prices: Option<Prices>) -> String {
        let Self {
            requests,
            read,
            written,
        } = *self;
        let s = if requests == 1 { "" } else { "s" };
        let priced = match prices {
            Some(prices) => format!(": about {} at most", money(self.price(prices))),
            None => "; what that costs is not known without --price-in and --price-out".into(),
        };
        format!(
            "{} request{s}, about {} tokens to read and at most {} to write{priced}",
            thousands(requests),
            thousands(read),
            thousands(written)
        )
    }

    /// "153,001 tokens read and 9,120 written: 0.47".
    pub fn after(&self, prices: Option<Prices>) -> String {
        let priced = prices.map_or(String::new(), |prices| format!(": {}", money(self.price(prices))));
        format!(
            "{} tokens read and {} written{priced}",
            thousands(self.read),
            thousands(self.written)
        )
    }
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.read += other.read;
        self.written += other.written;
    }
}

/// Two digits of what is worth counting, more of what is little.
fn money(price: f64) -> String {
    match price {
        p if p >= 0.1 || p == 0.0 => format!("{p:.2}"),
        p => format!("{p:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_is_said_beforehand() {
        assert_eq!(tokens_of("12345678"), 2);
        assert_eq!(tokens_of("隣の人 and"), 3 + 1);
        let message = Message {
            system: "1234".repeat(10),
            user: "1234".repeat(90),
        };
        let mut cost = Cost::default();
        (0..1000).for_each(|_| cost += Cost::of(&message, 256));
        assert_eq!(
            cost,
            Cost {
                requests: 1000,
                read: 108_000,
                written: 256_000
            }
        );
        let prices = Prices {
            read: 2.5,
            written: 10.0,
        };
        // 0.27 + 2.56
        assert_eq!(
            cost.before(Some(prices)),
            "1,000 requests, about 108,000 tokens to read and at most 256,000 to write: about 2.83 at most"
        );
        assert!(cost.before(None).contains("--price-in"));
        assert_eq!(
            cost.after(Some(prices)),
            "108,000 tokens read and 256,000 written: 2.83"
        );
    }
}
