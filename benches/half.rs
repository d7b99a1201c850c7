//! What weights of half precision cost on the CPU, where everything is computed in f32: milliseconds of one linear layer
//! without a graph, the least of several, with its weight kept in f32, kept in bf16, and widened from bf16 whole each time.
//!
//!     cargo bench --bench half

use std::time::Instant;

use burn::tensor::{DType, Device, Tensor};
use ple::model::Linear;

fn main() {
    let device = Device::flex();
    println!("{:>32} {:>8} {:>8} {:>8}", "rows x in x out", "f32", "bf16", "widened");
    for (rows, inputs, outputs) in [
        (16, 768, 3072),
        (16, 3072, 768),
        (16, 768, 50257),
        (1, 2048, 8192),
        (16, 2048, 8192),
        (600, 2048, 8192),
    ] {
        let wide = Tensor::<2>::ones([inputs, outputs], &device);
        let kept = wide.clone().cast(DType::BF16);
        let x = Tensor::<3>::ones([rows, 1, inputs], &device);
        let of = |weight: Tensor<2>| Linear::new(weight, None).forward(x.clone());
        let shape = format!("{rows} x {inputs} x {outputs}");
        let as_f32 = least(&|| of(wide.clone()));
        let as_bf16 = least(&|| of(kept.clone()));
        let widened = least(&|| of(kept.clone().cast(DType::F32)));
        println!("{shape:>32} {as_f32:>8.2} {as_bf16:>8.2} {widened:>8.2}");
    }
}

fn least(f: &dyn Fn() -> Tensor<3>) -> f64 {
    let times = (0..9).map(|_| {
        let start = Instant::now();
        drop(f());
        start.elapsed().as_secs_f64() * 1e3
    });
    times.fold(f64::MAX, f64::min)
}
