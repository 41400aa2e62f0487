//! Pages in Markdown.

/// The anchors of a page's headings.
pub(crate) fn headings(text: &str) -> impl Iterator<Item = String> {
    // What stands between fences is code.
    let prose = text.split("\n```").step_by(2).flat_map(str::lines);
    prose.filter_map(|line| line.strip_prefix('#')).map(|heading| {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.collect::<String>().replace(' ', "-")
    })
}
