//! Which device computes: the CPU, or a GPU in builds with the feature `gpu`.

use burn::tensor::Device;

/// What the user asked for with `--device`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum DeviceChoice {
    /// A GPU if there is a real one, else the CPU.
    Auto,
    /// The CPU: burn's flex backend.
    #[default]
    Cpu,
    /// A GPU through burn-wgpu, or an error.
    Gpu,
}

/// A device and how to call it on the screen.
#[derive(Clone, Debug)]
pub struct Chosen {
    pub device: Device,
    pub name: String,
}

/// Why there is no such device.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    #[error(
        "--device gpu: this build has no GPU support; build with `cargo build --release --features gpu`, or use --device cpu"
    )]
    NotBuilt,
    #[error("--device gpu: no GPU adapter answers ({0}); use --device cpu")]
    NoAdapter(String),
}

/// The device that was asked for.
pub fn choose(choice: DeviceChoice) -> Result<Chosen, DeviceError> {
    match choice {
        DeviceChoice::Cpu => Ok(cpu()),
        DeviceChoice::Gpu => gpu::find(false),
        DeviceChoice::Auto => Ok(gpu::find(true).unwrap_or_else(|_| cpu())),
    }
}

fn cpu() -> Chosen {
    Chosen {
        device: Device::flex(),
        name: "cpu (burn-flex, f32)".into(),
    }
}

#[cfg(not(feature = "gpu"))]
mod gpu {
    use super::{Chosen, DeviceError};

    pub fn find(_only_real: bool) -> Result<Chosen, DeviceError> {
        Err(DeviceError::NotBuilt)
    }
}

#[cfg(feature = "gpu")]
mod gpu {
    use burn::tensor::{Device, DeviceKind, DeviceType};

    use super::{Chosen, DeviceError};

    /// The default adapter, tried out, because wgpu is lazy and panics at its first use.
    ///
    /// `only_real` passes over adapters that compute on the CPU: they are far slower than flex.
    pub fn find(only_real: bool) -> Result<Chosen, DeviceError> {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let tried = std::panic::catch_unwind(|| {
            if Device::enumerate(DeviceType::Wgpu).into_vec().is_empty() {
                return None;
            }
            let device = Device::wgpu(DeviceKind::DefaultDevice);
            let name = device
                .identity()
                .map_or_else(|| "unnamed".to_string(), |i| i.name.to_string());
            let sum = burn::tensor::Tensor::<1>::ones([4], &device).sum();
            (crate::numbers::value(sum) == 4.0).then_some((device, name))
        });
        std::panic::set_hook(hook);
        match tried {
            Ok(Some((_, name))) if only_real && is_software(&name) => Err(DeviceError::NoAdapter(name)),
            Ok(Some((device, name))) => Ok(Chosen {
                device,
                name: format!("gpu ({name}, burn-wgpu, f32)"),
            }),
            Ok(None) => Err(DeviceError::NoAdapter("none is listed".into())),
            Err(_) => Err(DeviceError::NoAdapter("the graphics driver failed".into())),
        }
    }

    fn is_software(name: &str) -> bool {
        let name = name.to_lowercase();
        ["llvmpipe", "lavapipe", "swiftshader", "software", "basic render"]
            .iter()
            .any(|s| name.contains(s))
    }
}
