//! The whole library on an engine in memory: docker-map's maps, and images made of commands.

#[cfg(test)]
mod actions;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod site;
#[cfg(test)]
mod updates;
