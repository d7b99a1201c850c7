//! How well a name fits what was typed: its letters in their order, not always together.

/// The larger, the better; `None` if a letter is missing. Upper and lower case are the same.
///
/// The whole word beats its beginning, that beats a beginning of one of its parts, and that beats letters from here and there.
pub fn score(typed: &str, name: &str) -> Option<i32> {
    let typed: Vec<char> = typed.to_lowercase().chars().collect();
    let name: Vec<char> = name.to_lowercase().chars().collect();
    if typed.is_empty() {
        return Some(0);
    }
    // The best of all places where the first letter may stand.
    let starts = (0..name.len()).filter(|i| name[*i] == typed[0]);
    let best = starts.filter_map(|start| from(&typed, &name, start)).max()?;
    Some(best - name.len() as i32)
}

/// The score when the first letter is that at `start`.
fn from(typed: &[char], name: &[char], start: usize) -> Option<i32> {
    const TOGETHER: i32 = 16;
    const PART: i32 = 24;
    const BEGINNING: i32 = 40;
    const GAP: i32 = 2;
    let mut at = start;
    let mut score = 0;
    let mut last: Option<usize> = None;
    for c in typed {
        let begins_part = |i: usize| i == 0 || name[i - 1] == '-';
        // A letter right behind the last one, else one that begins a part, else the next there is.
        let next = match last {
            Some(before) if name.get(before + 1) == Some(c) => Some(before + 1),
            _ => {
                let mut places = (at..name.len()).filter(|i| name[*i] == *c);
                let first = places.clone().next();
                places.find(|i| begins_part(*i)).or(first)
            }
        }?;
        score += match last {
            None if next == 0 => BEGINNING,
            Some(before) if before + 1 == next => TOGETHER,
            _ if begins_part(next) => PART,
            _ => 0,
        };
        score -= GAP * (next - at).min(8) as i32;
        last = Some(next);
        at = next + 1;
    }
    Some(score + if typed.len() == name.len() { BEGINNING } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::score;

    #[test]
    fn the_nearest_name_comes_first() {
        let names = [
            "set-tau",
            "tau",
            "tutorial-a-u",
            "dashboard-cursor-back",
            "learning-rate",
            "stop",
            "step",
        ];
        let best = |typed: &str| {
            let found = names.iter().filter_map(|n| Some((score(typed, n)?, *n)));
            found.max().map(|(_, n)| n)
        };
        assert_eq!(best("tau"), Some("tau"));
        assert_eq!(best("stau"), Some("set-tau"));
        assert_eq!(best("dcb"), Some("dashboard-cursor-back"));
        assert_eq!(best("LR"), Some("learning-rate"));
        assert_eq!(best("stp"), Some("stop"));
        assert_eq!(best("ste"), Some("step"));
        assert_eq!(best("xyz"), None);
        assert_eq!(score("", "anything"), Some(0));
    }
}
