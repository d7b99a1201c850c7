//! Which device computes: the CPU, or a GPU in builds with the feature `gpu` (or `cuda`).

use std::str::FromStr;

use burn::tensor::Device;
use serde::Serialize;

/// What the user asked for with `--device`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A GPU if there is a real one, else the CPU.
    Auto,
    /// The CPU: burn's flex backend.
    #[default]
    Cpu,
    /// A GPU through burn-wgpu, or an error: the default one, or that of a number.
    Gpu(Option<usize>),
    /// An NVIDIA GPU through burn-cuda, or an error.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "wants auto, cpu, gpu, gpu:N or cuda:N (`ple devices` lists what is there)".to_string();
        let (kind, number) = match text.split_once(':') {
            None => (text, None),
            Some((kind, number)) => (kind, Some(number.parse().map_err(|_| wrong())?)),
        };
        match (kind, number) {
            ("auto", None) => Ok(DeviceChoice::Auto),
            ("cpu", None) => Ok(DeviceChoice::Cpu),
            ("gpu", number) => Ok(DeviceChoice::Gpu(number)),
            ("cuda", number) => Ok(DeviceChoice::Cuda(number.unwrap_or(0))),
            _ => Err(wrong()),
        }
    }
}

impl std::fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DeviceChoice::Auto => write!(f, "auto"),
            DeviceChoice::Cpu => write!(f, "cpu"),
            DeviceChoice::Gpu(None) => write!(f, "gpu"),
            DeviceChoice::Gpu(Some(n)) => write!(f, "gpu:{n}"),
            DeviceChoice::Cuda(n) => write!(f, "cuda:{n}"),
        }
    }
}

/// A device and how to call it on the screen.
#[derive(Clone, Debug)]
pub struct Chosen {
    pub device: Device,
    pub name: String,
    /// Bytes that can be had on it now, where that can be known.
    pub available: Option<u64>,
}

/// Why there is no such device.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    #[error(
        "--device {0}: this build has no GPU support; build with `cargo build --release --features {1}`, or use --device cpu"
    )]
    NotBuilt(DeviceChoice, &'static str),
    #[error("--device {0}: no GPU adapter answers ({1}); use --device cpu, or one that `ple devices` lists")]
    NoAdapter(DeviceChoice, String),
}

/// The device that was asked for.
pub fn choose(choice: DeviceChoice) -> Result<Chosen, DeviceError> {
    match choice {
        DeviceChoice::Cpu => Ok(cpu()),
        DeviceChoice::Gpu(_) => gpu::find(choice, false),
        DeviceChoice::Cuda(_) => cuda::find(choice),
        DeviceChoice::Auto => Ok(cuda::find(DeviceChoice::Cuda(0))
            .or_else(|_| gpu::find(DeviceChoice::Gpu(None), true))
            .unwrap_or_else(|_| cpu())),
    }
}

fn cpu() -> Chosen {
    Chosen {
        device: Device::flex(),
        name: "cpu (burn-flex, f32)".into(),
        available: host::memory().map(|m| m.available),
    }
}

/// One device of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// What `--device` takes for it.
    pub choice: String,
    /// As it calls itself.
    pub name: String,
    /// What computes on it here.
    pub backend: &'static str,
    /// It only pretends to be a GPU, and computes on the CPU.
    pub software: bool,
    /// Threads it runs at once, where that is known.
    pub cores: Option<usize>,
    /// Bytes in all and free, where that is known.
    pub memory: Option<Memory>,
}

/// Bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    pub total: u64,
    pub available: u64,
}

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listing {
    pub devices: Vec<Found>,
    /// What `--device auto` takes, and why.
    pub auto: String,
    pub why: String,
    /// What this build could look for, and what it could not.
    pub features: Vec<&'static str>,
}

/// Looks for every device that this build can compute on.
pub fn list() -> Listing {
    let mut devices = vec![Found {
        choice: "cpu".into(),
        name: host::cpu_name().unwrap_or_else(|| std::env::consts::ARCH.into()),
        backend: "burn-flex",
        software: false,
        cores: std::thread::available_parallelism().ok().map(usize::from),
        memory: host::memory(),
    }];
    devices.extend(cuda::list());
    devices.extend(gpu::list());
    let mut features = Vec::new();
    features.extend(cfg!(feature = "gpu").then_some("gpu"));
    features.extend(cfg!(feature = "cuda").then_some("cuda"));
    let real = devices[1..].iter().find(|d| !d.software);
    let (auto, why) = match (real, features.is_empty(), devices.len() > 1) {
        (Some(gpu), ..) => (gpu.choice.clone(), "the first real GPU".to_string()),
        (None, true, _) => (
            "cpu".into(),
            "this build looks for no GPU; build with --features gpu (or cuda)".into(),
        ),
        (None, false, true) => (
            "cpu".into(),
            "what calls itself a GPU computes on the CPU, slower".into(),
        ),
        (None, false, false) => ("cpu".into(), "no GPU adapter answers".into()),
    };
    Listing {
        devices,
        auto,
        why,
        features,
    }
}

/// The machine itself, as Linux tells it; elsewhere nothing is known.
mod host {
    use super::Memory;

    pub fn cpu_name() -> Option<String> {
        let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_string())
    }

    /// What the kernel can give, or less where a container has a limit.
    pub fn memory() -> Option<Memory> {
        let text = std::fs::read_to_string("/proc/meminfo").ok()?;
        let told = parse(&text)?;
        let number = |path: &str| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
        let limits = [
            ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
            (
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.usage_in_bytes",
            ),
        ];
        let limit = limits
            .iter()
            .find_map(|(most, used)| Some((number(most)?, number(used)?)));
        Some(match limit {
            Some((most, used)) if most < told.total => Memory {
                total: most,
                available: told.available.min(most.saturating_sub(used)),
            },
            _ => told,
        })
    }

    pub fn parse(meminfo: &str) -> Option<Memory> {
        let bytes = |key: &str| {
            let line = meminfo.lines().find_map(|line| line.strip_prefix(key))?;
            let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
            Some(kilobytes * 1024)
        };
        Some(Memory {
            total: bytes("MemTotal:")?,
            available: bytes("MemAvailable:")?,
        })
    }
}

#[cfg(not(feature = "gpu"))]
mod gpu {
    use super::{Chosen, DeviceChoice, DeviceError, Found};

    pub fn find(choice: DeviceChoice, _only_real: bool) -> Result<Chosen, DeviceError> {
        Err(DeviceError::NotBuilt(choice, "gpu"))
    }

    pub fn list() -> Vec<Found> {
        Vec::new()
    }
}

#[cfg(feature = "gpu")]
mod gpu {
    use burn::tensor::{Device, DeviceKind, DeviceType};

    use super::{Chosen, DeviceChoice, DeviceError, Found, listed, name, quietly, works};

    /// The default adapter or that of a number, tried out, because wgpu is lazy and panics at its first use.
    ///
    /// `only_real` passes over adapters that compute on the CPU: they are far slower than flex.
    pub fn find(choice: DeviceChoice, only_real: bool) -> Result<Chosen, DeviceError> {
        let tried = quietly(|| {
            let all = Device::enumerate(DeviceType::Wgpu).into_vec();
            let device = match choice {
                DeviceChoice::Gpu(Some(n)) => all.into_iter().nth(n)?,
                _ if all.is_empty() => return None,
                _ => Device::wgpu(DeviceKind::DefaultDevice),
            };
            let name = name(&device);
            works(&device).then_some((device, name))
        });
        match tried {
            Some(Some((_, name))) if only_real && is_software(&name) => Err(DeviceError::NoAdapter(choice, name)),
            Some(Some((device, name))) => Ok(Chosen {
                device,
                name: format!("gpu ({name}, burn-wgpu, f32)"),
                available: None,
            }),
            Some(None) => Err(DeviceError::NoAdapter(choice, "none is listed".into())),
            None => Err(DeviceError::NoAdapter(choice, "the graphics driver failed".into())),
        }
    }

    /// Every adapter. How much memory it has, wgpu does not tell.
    pub fn list() -> Vec<Found> {
        listed(DeviceType::Wgpu, "gpu", "burn-wgpu", is_software)
    }

    fn is_software(name: &str) -> bool {
        let name = name.to_lowercase();
        ["llvmpipe", "lavapipe", "swiftshader", "software", "basic render"]
            .iter()
            .any(|s| name.contains(s))
    }
}

#[cfg(not(feature = "cuda"))]
mod cuda {
    use super::{Chosen, DeviceChoice, DeviceError, Found};

    pub fn find(choice: DeviceChoice) -> Result<Chosen, DeviceError> {
        Err(DeviceError::NotBuilt(choice, "cuda"))
    }

    pub fn list() -> Vec<Found> {
        Vec::new()
    }
}

#[cfg(feature = "cuda")]
mod cuda {
    use burn::tensor::{Device, DeviceType};

    use super::{Chosen, DeviceChoice, DeviceError, Found, listed, name, quietly, works};

    /// The card of a number, tried out: without a driver its first use panics.
    pub fn find(choice: DeviceChoice) -> Result<Chosen, DeviceError> {
        let DeviceChoice::Cuda(n) = choice else {
            return Err(DeviceError::NoAdapter(choice, "no CUDA device was asked for".into()));
        };
        let tried = quietly(|| {
            let device = Device::enumerate(DeviceType::Cuda).into_vec().into_iter().nth(n)?;
            let name = name(&device);
            works(&device).then_some((device, name))
        });
        match tried {
            Some(Some((device, name))) => Ok(Chosen {
                device,
                name: format!("cuda:{n} ({name}, burn-cuda, f32)"),
                available: None,
            }),
            Some(None) => Err(DeviceError::NoAdapter(choice, "none of this number is listed".into())),
            None => Err(DeviceError::NoAdapter(choice, "the CUDA driver failed".into())),
        }
    }

    pub fn list() -> Vec<Found> {
        listed(DeviceType::Cuda, "cuda", "burn-cuda", |_| false)
    }
}

/// Every device of a kind, by its place among them.
#[cfg(any(feature = "gpu", feature = "cuda"))]
fn listed(
    of: burn::tensor::DeviceType,
    choice: &str,
    backend: &'static str,
    is_software: impl Fn(&str) -> bool,
) -> Vec<Found> {
    let names = quietly(|| {
        let devices = Device::enumerate(of).into_vec();
        devices.iter().map(name).collect::<Vec<String>>()
    });
    let found = names.unwrap_or_default().into_iter().enumerate();
    found
        .map(|(i, name)| Found {
            choice: format!("{choice}:{i}"),
            backend,
            software: is_software(&name),
            name,
            cores: None,
            memory: None,
        })
        .collect()
}

/// As it calls itself.
#[cfg(any(feature = "gpu", feature = "cuda"))]
fn name(device: &Device) -> String {
    let identity = device.identity();
    identity.map_or_else(|| "unnamed".to_string(), |i| i.name.to_string())
}

/// Runs what a driver may panic in, without its words on the screen; `None` if it did.
#[cfg(any(feature = "gpu", feature = "cuda"))]
fn quietly<T>(f: impl FnOnce() -> T) -> Option<T> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    std::panic::set_hook(hook);
    tried.ok()
}

/// It can add.
#[cfg(any(feature = "gpu", feature = "cuda"))]
fn works(device: &Device) -> bool {
    let sum = burn::tensor::Tensor::<1>::ones([4], device).sum();
    crate::numbers::value(sum) == 4.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_as_they_are_written() {
        for (text, choice) in [
            ("auto", DeviceChoice::Auto),
            ("cpu", DeviceChoice::Cpu),
            ("gpu", DeviceChoice::Gpu(None)),
            ("gpu:1", DeviceChoice::Gpu(Some(1))),
            ("cuda:0", DeviceChoice::Cuda(0)),
        ] {
            assert_eq!(text.parse(), Ok(choice));
            assert_eq!(choice.to_string(), text);
        }
        for text in ["", "cpu:1", "gpu:", "gpu:x", "cuda:-1", "tpu"] {
            assert!(text.parse::<DeviceChoice>().is_err(), "{text}");
        }
    }

    #[test]
    fn memory_is_read_as_linux_writes_it() {
        let text = "MemTotal:       24689764 kB\nMemFree:        19000000 kB\nMemAvailable:   22000000 kB\n";
        let memory = host::parse(text).expect("read");
        assert_eq!((memory.total, memory.available), (24_689_764 * 1024, 22_000_000 * 1024));
        assert_eq!(host::parse("nothing"), None);
    }

    #[test]
    fn the_cpu_is_always_there_and_comes_first() {
        let listing = list();
        assert_eq!(listing.devices[0].choice, "cpu");
        if listing.features.is_empty() {
            assert_eq!((listing.devices.len(), &listing.auto[..]), (1, "cpu"));
            assert!(
                choose(DeviceChoice::Cuda(0))
                    .expect_err("not built")
                    .to_string()
                    .contains("--features cuda")
            );
        }
    }
}
