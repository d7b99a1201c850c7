//! Tasks in files: by their names.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::grammar::Task;

impl Serialize for Task {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Task {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(|e| de::Error::custom(format!("{e}")))
    }
}
