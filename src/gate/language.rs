//! A translator of a few words, enough to see the shape of a translation.

/// The languages the service knows, in the order of [`WORDS`]' columns as far as those go.
const CODES: [&str; 21] = [
    "en", "zh-CN", "zh-TW", "fr", "de", "es", "ja", "ar", "nl", "el", "id", "it", "ko", "no", "pl",
    "pt", "ru", "sv", "tl", "th", "tr",
];
const VIETNAMESE: &str = "vi";
const COLUMNS: usize = 7;

/// One phrase a row, in the languages of the first columns.
const WORDS: [[&str; COLUMNS]; 16] = [
    ["hello", "你好", "你好", "bonjour", "hallo", "hola", "こんにちは"],
    ["good morning", "早上好", "早安", "bon matin", "guten morgen", "buenos días", "おはよう"],
    ["good night", "晚安", "晚安", "bonne nuit", "gute nacht", "buenas noches", "おやすみ"],
    ["goodbye", "再见", "再見", "au revoir", "auf wiedersehen", "adiós", "さようなら"],
    ["thank you", "谢谢", "謝謝", "merci", "danke", "gracias", "ありがとう"],
    [
        "how are you",
        "你好吗",
        "你好嗎",
        "comment ça va",
        "wie geht es dir",
        "cómo estás",
        "お元気ですか",
    ],
    ["yes", "是", "是", "oui", "ja", "sí", "はい"],
    ["no", "不", "不", "non", "nein", "no", "いいえ"],
    ["please", "请", "請", "s'il vous plaît", "bitte", "por favor", "どうぞ"],
    ["friend", "朋友", "朋友", "ami", "freund", "amigo", "友達"],
    ["world", "世界", "世界", "monde", "welt", "mundo", "世界"],
    ["game", "游戏", "遊戲", "jeu", "spiel", "juego", "ゲーム"],
    ["message", "消息", "訊息", "message", "nachricht", "mensaje", "メッセージ"],
    ["everyone", "大家", "大家", "tout le monde", "alle", "todos", "みんな"],
    ["i love you", "我爱你", "我愛你", "je t'aime", "ich liebe dich", "te quiero", "愛してる"],
    ["see you tomorrow", "明天见", "明天見", "à demain", "bis morgen", "hasta mañana", "また明日"],
];

/// A language the service translates to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Language(u8);

const ENGLISH: Language = Language(0);
const CHINESE: Language = Language(1);
const JAPANESE: Language = Language(6);
const KOREAN: Language = Language(12);
const RUSSIAN: Language = Language(16);

impl Language {
    /// The language of that code; `None` if it is not supported.
    pub(super) fn new(code: &str) -> Option<Language> {
        if code == VIETNAMESE {
            return Some(Language(CODES.len() as u8));
        }
        CODES.iter().position(|&known| known == code).map(|at| Language(at as u8))
    }

    pub(super) fn code(self) -> &'static str {
        CODES.get(usize::from(self.0)).copied().unwrap_or(VIETNAMESE)
    }

    fn word(self, row: &[&'static str; COLUMNS]) -> Option<&'static str> {
        row.get(usize::from(self.0)).copied()
    }
}

/// A text and what became of it; `target_text` is empty if nothing could be translated.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Translated {
    pub(super) source: Language,
    pub(super) target: Language,
    pub(super) source_text: String,
    pub(super) target_text: String,
}

/// Replaces every phrase the word list has and leaves the rest as it is.
pub(super) fn translate(text: &str, source: Option<Language>, target: Language) -> Translated {
    let source = source.unwrap_or_else(|| detect(text));
    let mut target_text = String::new();
    let mut found = false;
    let mut rest = text;
    let mut in_word = false;
    while let Some(first) = rest.chars().next() {
        let phrase = if in_word { None } else { longest(rest, source, target) };
        if let Some((len, word)) = phrase.filter(|_| source != target) {
            target_text.push_str(word);
            found = true;
            rest = rest.get(len..).unwrap_or_default();
            continue;
        }
        target_text.push(first);
        in_word = first.is_ascii_alphanumeric();
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    if !found {
        target_text = String::new();
    }
    Translated { source, target, source_text: text.to_owned(), target_text }
}

/// The longest phrase `text` begins with: its length and its translation.
fn longest(text: &str, source: Language, target: Language) -> Option<(usize, &'static str)> {
    let candidates = WORDS.iter().filter_map(|row| {
        let phrase = source.word(row)?;
        let start = text.get(..phrase.len())?;
        let cut = text.get(phrase.len()..)?.starts_with(|next: char| next.is_ascii_alphanumeric())
            && phrase.is_ascii();
        (start.to_lowercase() == phrase && !cut).then_some((phrase.len(), target.word(row)?))
    });
    candidates.max_by_key(|(len, _)| *len)
}

/// Tells the language by the words known, then by the script.
pub(super) fn detect(text: &str) -> Language {
    let whole = text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    for row in &WORDS {
        if let Some(column) = row.iter().position(|&phrase| phrase == whole) {
            return Language(column as u8);
        }
    }
    let has = |range: std::ops::RangeInclusive<char>| text.chars().any(|c| range.contains(&c));
    if has('\u{3040}'..='\u{30ff}') {
        JAPANESE
    } else if has('\u{4e00}'..='\u{9fff}') {
        CHINESE
    } else if has('\u{ac00}'..='\u{d7af}') {
        KOREAN
    } else if has('\u{400}'..='\u{4ff}') {
        RUSSIAN
    } else {
        ENGLISH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(code: &str, text: &str) -> String {
        translate(text, None, Language::new(code).unwrap()).target_text
    }

    #[test]
    fn phrases_are_replaced_and_the_rest_stays() {
        assert_eq!(to("zh-CN", "Hello, world!"), "你好, 世界!");
        assert_eq!(to("en", "你好吗？大家"), "how are you？everyone");
        assert_eq!(to("fr", "hello"), "bonjour");
        assert_eq!(to("en", "bonjour"), "hello");
    }

    #[test]
    fn nothing_to_translate_is_empty() {
        assert_eq!(to("zh-CN", "othello nowhere"), "");
        assert_eq!(to("en", "hello"), "");
        assert_eq!(to("ko", "hello"), "");
        assert_eq!(to("de", ""), "");
    }

    #[test]
    fn every_code_is_known_once() {
        for code in CODES.iter().chain([&VIETNAMESE]) {
            assert_eq!(Language::new(code).unwrap().code(), *code);
        }
        assert_eq!(Language::new("xx"), None);
    }
}
