//! Numbers out of tensors.

use burn::tensor::Tensor;

/// The values of a tensor in row-major order.
///
/// # Panics
/// When the device fails. Nothing can be computed from then on; the training thread reports it as a failed run.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    match tensor.try_into_vec_as::<f32>() {
        Ok(values) => values,
        Err(error) => panic!("the device did not return a tensor: {error:?}"),
    }
}

/// The value of a tensor of one element. Panics as [`values`] does.
pub fn value(tensor: Tensor<1>) -> f64 {
    f64::from(values(tensor)[0])
}
