pub fn all(_: &std::path::Path) -> Result<(), String> {
    todo!()
}
