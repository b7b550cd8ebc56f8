//! The named edges in the source of core: each `edge!(module.edge: Ordering)`, and the models that its comment names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::str::FromStr as _;

use anyhow::{Result, anyhow};
use proc_macro2::{TokenStream, TokenTree};

use crate::workspace::{files_below, has_extension};

/// One end of an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    /// `file.rs:12`
    pub(crate) place: String,
    /// `module.edge`
    pub(crate) edge: String,
    pub(crate) ordering: String,
    /// The models of which at least one must fail when this end is weakened.
    pub(crate) models: Vec<String>,
}

impl Site {
    /// The orderings that are weaker than this one's.
    pub(crate) fn weaker(&self) -> &'static [&'static str] {
        match self.ordering.as_str() {
            "SeqCst" => &["AcqRel", "Acquire", "Release", "Relaxed"],
            "AcqRel" => &["Acquire", "Release", "Relaxed"],
            "Acquire" | "Release" => &["Relaxed"],
            _ => &[],
        }
    }

    fn releases(&self) -> bool {
        matches!(self.ordering.as_str(), "Release" | "AcqRel" | "SeqCst")
    }

    fn acquires(&self) -> bool {
        matches!(self.ordering.as_str(), "Acquire" | "AcqRel" | "SeqCst")
    }
}

/// A comment `ORDERING [module.edge]: … Model: loom `module::name`.`
#[derive(Debug, PartialEq, Eq)]
struct Note {
    file: String,
    line: usize,
    edges: Vec<String>,
    models: Vec<String>,
}

/// Reads every file below `folder`: all ends of all edges, in the order of files and lines.
pub(crate) fn read(folder: &Path) -> Result<Vec<Site>> {
    let mut sites = Vec::new();
    let mut notes = Vec::new();
    for path in files_below(folder, &|path| has_extension(path, &["rs"]))? {
        let file = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
        let text = fs::read_to_string(&path)?;
        let tokens = TokenStream::from_str(&text).map_err(|error| anyhow!("{file}: {error}"))?;
        let mut found = Vec::new();
        find_sites(tokens, &mut found);
        sites.extend(found.into_iter().map(|(line, edge, ordering)| (file.clone(), line, edge, ordering)));
        notes.extend(find_notes(&file, &text));
    }
    Ok(join(sites, &notes))
}

/// What is wrong with an edge as a whole: an end that is missing, a comment that names no model.
pub(crate) fn complaints(sites: &[Site]) -> Vec<String> {
    let mut edges: BTreeMap<&str, Vec<&Site>> = BTreeMap::new();
    for site in sites.iter().filter(|site| !site.weaker().is_empty()) {
        edges.entry(&site.edge).or_default().push(site);
    }
    let mut complaints = Vec::new();
    for (edge, ends) in edges {
        if !ends.iter().any(|end| end.releases()) {
            complaints.push(format!("{edge} has no end that releases (seen at {})", ends[0].place));
        }
        if !ends.iter().any(|end| end.acquires()) {
            complaints.push(format!("{edge} has no end that acquires (seen at {})", ends[0].place));
        }
        for end in ends.iter().filter(|end| end.models.is_empty()) {
            complaints.push(format!("{edge} at {}: no ORDERING [{edge}] comment names a model", end.place));
        }
    }
    complaints
}

fn find_sites(tokens: TokenStream, found: &mut Vec<(usize, String, String)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            find_sites(group.stream(), found);
        }
        let TokenTree::Ident(name) = token else { continue };
        if let (true, Some(TokenTree::Punct(mark)), Some(TokenTree::Group(arguments))) =
            (name == "edge", tokens.get(index + 1), tokens.get(index + 2))
            && mark.as_char() == '!'
        {
            let words: String = arguments.stream().into_iter().map(|token| token.to_string()).collect();
            if let Some((edge, ordering)) = words.split_once(':') {
                found.push((name.span().start().line, edge.to_string(), ordering.to_string()));
            }
        }
    }
}

fn find_notes(file: &str, text: &str) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    let mut open: Option<(usize, String)> = None;
    let mut close = |open: &mut Option<(usize, String)>| {
        if let Some((line, words)) = open.take() {
            notes.push(note(file, line, &words));
        }
    };
    for (number, line) in text.lines().enumerate() {
        let comment =
            line.trim_start().strip_prefix("//").map(|text| text.trim_start_matches(['/', '!']).trim());
        match comment {
            Some(comment) if comment.starts_with("ORDERING [") => {
                close(&mut open);
                open = Some((number + 1, comment.to_string()));
            }
            Some(comment) => {
                if let Some((_, words)) = &mut open {
                    words.push(' ');
                    words.push_str(comment);
                }
            }
            None => close(&mut open),
        }
    }
    close(&mut open);
    notes
}

fn note(file: &str, line: usize, words: &str) -> Note {
    let heading = words.split_once(':').map_or(words, |(heading, _)| heading);
    let edges =
        heading.split('[').skip(1).filter_map(|part| part.split_once(']')).map(|(edge, _)| edge.to_string());
    // After "loom", names in backticks follow, separated by commas or "and".
    let mut models = Vec::new();
    for part in words.split("loom `").skip(1) {
        let mut names = part.split('`');
        while let Some(name) = names.next() {
            models.push(name.to_string());
            if !matches!(names.next().map(str::trim), Some("," | "and" | ", and")) {
                break;
            }
        }
    }
    Note { file: file.to_string(), line, edges: edges.collect(), models }
}

/// Gives each site the models of the nearest comment with its label; if that names none, those of all such comments.
fn join(sites: Vec<(String, usize, String, String)>, notes: &[Note]) -> Vec<Site> {
    let with_models = |(file, line, edge, ordering): (String, usize, String, String)| {
        let labelled: Vec<&Note> = notes.iter().filter(|note| note.edges.contains(&edge)).collect();
        let nearest = labelled
            .iter()
            .filter(|note| note.file == file && !note.models.is_empty())
            .min_by_key(|note| (note.line.abs_diff(line), note.line > line));
        let mut models: Vec<String> = match nearest {
            Some(note) => note.models.clone(),
            None => labelled.iter().flat_map(|note| note.models.clone()).collect(),
        };
        models.sort();
        models.dedup();
        Site { place: format!("{file}:{line}"), edge, ordering, models }
    };
    sites.into_iter().map(with_models).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(files: &[(&str, &str)]) -> Vec<Site> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        read(folder.path()).unwrap()
    }

    const BOTH_ENDS: &str = "
        //! A table in a comment: `edge!(doc.only: Release)`.
        fn release(&self) {
            // ORDERING [refs.retire]: Release: what this holder did happens before the free. Model: loom
            // `refs::last_release_sees_every_use`.
            if self.word.fetch_sub(1, edge!(refs.retire: Release)) == 1 {
                acquire(&self.word, edge!(
                    refs.retire: Acquire // other end of [refs.retire]
                ));
            }
            let text = \"edge!(text.only: Release)\";
        }";

    #[test]
    fn sites_and_wrapped_comments_are_read() {
        let sites = read_text(&[("refs.rs", BOTH_ENDS)]);
        let seen: Vec<_> =
            sites.iter().map(|s| (s.place.as_str(), s.edge.as_str(), s.ordering.as_str())).collect();
        assert_eq!(seen, [("refs.rs:6", "refs.retire", "Release"), ("refs.rs:7", "refs.retire", "Acquire")]);
        assert!(sites.iter().all(|site| site.models == ["refs::last_release_sees_every_use"]));
        assert_eq!(complaints(&sites), [""; 0]);
    }

    #[test]
    fn the_nearest_comment_with_the_label_counts() {
        let sites = read_text(&[(
            "a.rs",
            "fn f() {
                // ORDERING [a.x]: Release. Models: loom `a::one`, `a::two` and `a::three`. See `other`.
                store(edge!(a.x: Release));
                // ORDERING [a.y] [a.x]: AcqRel.
                // Model: loom `a::four`.
                swap(edge!(a.x: AcqRel), edge!(a.y: AcqRel));
            }",
        )]);
        let models: Vec<_> = sites.iter().map(|site| site.models.join(" ")).collect();
        assert_eq!(models, ["a::one a::three a::two", "a::four", "a::four"]);
    }

    #[test]
    fn an_end_elsewhere_takes_the_models_of_its_partner() {
        let far = ("b.rs", "fn g() { load(edge!(a.x: Acquire)); }");
        let near = (
            "a.rs",
            "// ORDERING [a.x]: Release. Model: loom `a::one`.\nfn f() { store(edge!(a.x: Release)); }",
        );
        assert_eq!(read_text(&[near, far])[1].models, ["a::one"]);
    }

    #[test]
    fn missing_ends_and_models_are_complained_of() {
        let sites =
            read_text(&[("a.rs", "fn f() { store(edge!(a.x: Release)); load(edge!(a.z: Relaxed)); }")]);
        let complaints = complaints(&sites).join("\n");
        assert!(complaints.contains("a.x has no end that acquires (seen at a.rs:1)"), "{complaints}");
        assert!(
            complaints.contains("a.x at a.rs:1: no ORDERING [a.x] comment names a model"),
            "{complaints}"
        );
        assert!(!complaints.contains("a.z"), "{complaints}");
    }

    #[test]
    fn every_weaker_ordering_is_tried() {
        let sites = read_text(&[("a.rs", "fn f() { swap(edge!(a.x: AcqRel)); }")]);
        assert_eq!(sites[0].weaker(), ["Acquire", "Release", "Relaxed"]);
    }
}
