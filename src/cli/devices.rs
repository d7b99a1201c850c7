//! `ple devices`: what can compute here.

use super::{Failure, Outcome, exit};
use crate::device::{self, Found, Memory};
use crate::train::memory::readable;

/// Prints a line for each device, and which one `--device auto` takes.
pub fn devices(json: bool) -> Outcome {
    let listing = device::list();
    if json {
        println!("{}", serde_json::to_string(&listing).map_err(Failure::failed)?);
        return Ok(exit::DONE);
    }
    for found in &listing.devices {
        println!("{:8}  {}", found.choice, line(found));
    }
    println!("--device auto takes {}: {}", listing.auto, listing.why);
    Ok(exit::DONE)
}

fn line(found: &Found) -> String {
    let mut words = vec![found.name.clone(), found.backend.to_string()];
    words.extend(found.cores.map(|n| format!("{n} threads")));
    words.push(match found.memory {
        Some(Memory { total, available }) => format!("{} of {} free", readable(available), readable(total)),
        None => "its memory is not told".into(),
    });
    words.extend(found.software.then(|| "software".to_string()));
    words.join(", ")
}
