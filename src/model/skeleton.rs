//! A model's parameters by name and shape, held against its files without reading a number.

use burn::tensor::{Device, Tensor};

use super::adapter::targets;
use super::weights::Weights;
use super::{Model, ModelError, ModelFiles};
use crate::config::LoraTargets;

/// What `config.json` asks for, all of it found in the files.
#[derive(Clone, Debug)]
pub struct Skeleton {
    /// Its tensors hold one number each.
    model: Model,
    /// Of all parameters as they are stored.
    pub bytes: usize,
    pub numbers: usize,
}

impl Skeleton {
    /// Opens the weights and looks for every parameter; `None` where there are no weights.
    pub fn read(files: &ModelFiles) -> Result<Option<Self>, ModelError> {
        if !files.has_weights() {
            return Ok(None);
        }
        let (config, _) = files.config()?;
        let weights: Weights = files.weights()?;
        let shape = config.clone();
        let device = Device::flex();
        let (mut bytes, mut numbers) = (0, 0);
        let model = Model::build(config, &device, &mut |name, [rows, columns]| {
            bytes += weights.fits(name, [rows, columns], &shape)?;
            numbers += rows * columns;
            Ok::<_, ModelError>(Tensor::zeros([1, 1], &device))
        })?;
        Ok(Some(Self { model, bytes, numbers }))
    }

    /// Every name is that of a linear layer; the error says which is not.
    pub fn check_targets(&self, wanted: &LoraTargets) -> Result<(), String> {
        targets(&mut self.model.clone(), wanted).map(drop)
    }
}
