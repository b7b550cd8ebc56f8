//! Every sample, for other programs.

use serde_json::{Value, json};

use crate::contest::Results;
use crate::memory;

pub(crate) fn document(results: &Results, memory: &[memory::Row]) -> Value {
    let rows = results.rows.iter().zip(&results.samples).map(|(row, samples)| {
        let samples: serde_json::Map<String, Value> = results
            .names
            .iter()
            .zip(samples)
            .filter(|(_, samples)| !samples.is_empty())
            .map(|(name, samples)| (name.to_string(), json!(samples)))
            .collect();
        json!({ "name": row.name, "operation": row.unit, "nanoseconds": samples })
    });
    let memory = memory.iter().map(|row| {
        let bytes: serde_json::Map<String, Value> = results
            .names
            .iter()
            .zip(&row.bytes)
            .filter_map(|(name, bytes)| Some((name.to_string(), json!((*bytes)?))))
            .collect();
        json!({ "name": row.name, "bytes": bytes })
    });
    json!({ "rows": rows.collect::<Vec<_>>(), "memory": memory.collect::<Vec<_>>() })
}
