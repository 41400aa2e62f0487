//! A filter of a few words, enough to see what a check answers.

/// What the filter objects to, in lower case.
const LISTED: [&str; 10] =
    ["damn", "shit", "fuck", "bastard", "idiot", "casino", "傻瓜", "混蛋", "赌博", "白痴"];

/// The listed words in the text, each once, in the order of the list.
pub(super) fn found(text: &str) -> Vec<&'static str> {
    let text = text.to_lowercase();
    LISTED.iter().copied().filter(|word| text.contains(word)).collect()
}

/// The text with every letter of a listed word replaced by `*`.
pub(super) fn censored(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let hit = LISTED.iter().find(|word| {
            rest.get(..word.len()).is_some_and(|start| start.to_lowercase() == **word)
        });
        let taken = hit.map_or(first.len_utf8(), |word| word.len());
        match hit {
            Some(word) => out.extend(word.chars().map(|_| '*')),
            None => out.push(first),
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_and_masked() {
        assert_eq!(found("You IDIOT, 你是傻瓜"), ["idiot", "傻瓜"]);
        assert_eq!(censored("You IDIOT, 你是傻瓜"), "You *****, 你是**");
        assert_eq!(censored("İ stays"), "İ stays");
        assert!(found("nice").is_empty());
    }
}
