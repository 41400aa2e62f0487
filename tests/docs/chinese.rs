//! What the English texts of the Chat page are in Chinese: `chinese.txt`, two lines each.

use std::collections::BTreeMap;

pub(crate) fn words() -> BTreeMap<&'static str, &'static str> {
    let pairs = include_str!("chinese.txt").split("\n\n");
    pairs.filter_map(|pair| pair.trim().split_once('\n')).collect()
}
