//! The group and the model, side by side.

use super::contract::Model;
use super::play::{play, Subject};
use super::real::Real;
use super::script::Script;

/// Plays a script with the group and with the model. If what was seen of them is not the same, says what.
pub fn compare(script: &Script) -> Result<(), String> {
    let (mut group, mut model) = (Real::default(), Model::default());
    play(&mut group, script);
    play(&mut model, script);
    let (group, model) = (group.trace(), model.trace());
    if group == model {
        return Ok(());
    }
    let same = group.iter().zip(&model).take_while(|(a, b)| a == b);
    let same = same.count();
    Err(format!(
        "both: {:?}\nthen the group: {:?}\nand the model: {:?}\n",
        &group[..same],
        &group[same..],
        &model[same..]
    ))
}
