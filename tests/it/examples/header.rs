//! What the header of an example promises.

/// Returns the block of text that follows the line `introduction` in the header of an example.
#[track_caller]
pub fn promised_output(source: &str, introduction: &str) -> String {
    let output: String = source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .skip_while(|line| line.trim_start() != introduction)
        .skip_while(|line| *line != " ```text")
        .skip(1)
        .take_while(|line| *line != " ```")
        .map(|line| format!("{}\n", line.trim_start()))
        .collect();
    assert_ne!(output, "", "no output follows `{introduction}`");
    output
}
