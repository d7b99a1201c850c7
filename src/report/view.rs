//! What somebody takes out of the workbench as a file: the screen, a chart, or the numbers of a chart.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::figure::{ChartFigure, Picture, ScreenFigure, draw_chart, draw_screen};

/// A format of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Svg,
    Png,
    Csv,
}

impl Format {
    pub const ALL: [Format; 3] = [Format::Svg, Format::Png, Format::Csv];

    /// The end of the file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Svg => "svg",
            Format::Png => "png",
            Format::Csv => "csv",
        }
    }
}

/// Numbers over steps: a column a line, each as long as the steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    pub steps: Vec<u32>,
    pub columns: Vec<(String, Vec<f32>)>,
}

/// What is written.
#[derive(Clone, Debug, PartialEq)]
pub enum View {
    Screen(Box<ScreenFigure>),
    Chart(Box<ChartFigure>),
    Numbers(Numbers),
}

/// Why nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotWritten {
    /// There is such a file, and it was not to be replaced.
    Exists,
    /// In words.
    Failed(String),
}

/// Writes a view. A file that is there already is replaced only when that was asked for. Gives the whole path, and how
/// many bytes it has.
pub fn write(path: &Path, view: &View, format: Format, replace: bool) -> Result<(PathBuf, usize), NotWritten> {
    let failed = |e: std::io::Error| NotWritten::Failed(format!("{}: {e}", path.display()));
    if !replace && path.exists() {
        return Err(NotWritten::Exists);
    }
    let bytes = bytes(view, format).map_err(NotWritten::Failed)?;
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if !replace {
        // Nobody else may have made it in the meantime.
        options.create_new(true);
    }
    let mut file = options.open(path).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => NotWritten::Exists,
        _ => failed(e),
    })?;
    file.write_all(&bytes).map_err(failed)?;
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    Ok((whole, bytes.len()))
}

fn bytes(view: &View, format: Format) -> Result<Vec<u8>, String> {
    let picture = match format {
        Format::Png => Picture::Png,
        _ => Picture::Svg,
    };
    match view {
        View::Screen(figure) => draw_screen(figure, picture),
        View::Chart(figure) => draw_chart(figure, picture),
        View::Numbers(numbers) => csv(numbers).map_err(|e| e.to_string()),
    }
}

/// A header and a row a step; a number that is none is an empty field.
fn csv(numbers: &Numbers) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = numbers.columns.iter().map(|(name, _)| name.as_str());
    writer.write_record(std::iter::once("step").chain(names))?;
    for (i, step) in numbers.steps.iter().enumerate() {
        let field = |(_, values): &(String, Vec<f32>)| match values.get(i) {
            Some(v) if v.is_finite() => v.to_string(),
            _ => String::new(),
        };
        let fields = numbers.columns.iter().map(field);
        writer.write_record(std::iter::once(step.to_string()).chain(fields))?;
    }
    writer.into_inner().map_err(|e| csv::Error::from(e.into_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> View {
        View::Numbers(Numbers {
            steps: vec![0, 1, 2],
            columns: vec![
                ("s, original".into(), vec![0.5, f32::NAN, -1e-7]),
                ("gap".into(), vec![1.0, 2.0]),
            ],
        })
    }

    #[test]
    fn a_file_that_is_there_is_replaced_only_when_that_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/view.csv");
        let (whole, bytes) = write(&path, &numbers(), Format::Csv, false).unwrap();
        assert!(whole.is_absolute());
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "step,\"s, original\",gap\n0,0.5,1\n1,,2\n2,-0.0000001,\n");
        assert_eq!(bytes, text.len());
        std::fs::write(&path, "mine").unwrap();
        assert_eq!(write(&path, &numbers(), Format::Csv, false), Err(NotWritten::Exists));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
        assert!(write(&path, &numbers(), Format::Csv, true).is_ok());
        assert_ne!(std::fs::read_to_string(&path).unwrap(), "mine");
        let nowhere = path.join("view.csv");
        assert!(matches!(
            write(&nowhere, &numbers(), Format::Csv, false),
            Err(NotWritten::Failed(_))
        ));
    }
}
