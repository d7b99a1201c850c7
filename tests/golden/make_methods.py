"""Writes methods.json: the losses of DPO and PPO with their gradients, and what PPO makes of scores, by PyTorch in float64.

    pip install torch && python tests/golden/make_methods.py

An implementation of its own, written from the papers and from TRL's description of PPOv2, not from src/method: it works
on padded matrices with masks, as those libraries do.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(11)
torch.set_default_dtype(torch.float64)
LENGTHS = [4, 1, 6, 3]
WIDTH = max(LENGTHS)
MASK = torch.arange(WIDTH)[None, :] < torch.tensor(LENGTHS)[:, None]


def rounded(x):
    # To numbers that f32 holds, so that both sides compute from the same.
    return x.mul(256).round().div(256)


def ragged(x):
    return [row[:n].tolist() for row, n in zip(x, LENGTHS)]


def dpo():
    n = 6
    policy = rounded(torch.randn(2, n) * 6 - 20).requires_grad_(True)
    reference = rounded(policy.detach() + torch.randn(2, n) * 4)
    # A pair the policy and the reference agree on, and one that is far out.
    with torch.no_grad():
        reference[:, 0] = policy[:, 0]
        reference[1, 1] += 400
    cases = []
    for beta in (0.1, 0.5):
        policy.grad = None
        ratios = policy - reference
        logits = ratios[0] - ratios[1]
        loss = -F.logsigmoid(beta * logits)
        loss.mean().backward()
        rewards = (beta * ratios).detach()
        cases.append({
            "beta": beta,
            "loss": loss.tolist(),
            "chosen": rewards[0].tolist(),
            "rejected": rewards[1].tolist(),
            "gradients": policy.grad.tolist(),
        })
    return {"policy": policy.tolist(), "reference": reference.tolist(), "cases": cases}


def masked_mean(x, mask):
    return (x * mask).sum() / mask.sum()


def masked_whiten(x, mask, shift_mean=True):
    mean = masked_mean(x, mask)
    n = mask.sum()
    variance = masked_mean((x - mean) ** 2, mask) * n / (n - 1)
    white = (x - mean) * torch.rsqrt(variance + 1e-8)
    return white if shift_mean else white + mean


def advantages(log_pi, log_ref, values, scores, kl_coef, gamma, lam, whiten_rewards):
    kl = (log_pi - log_ref) * MASK
    rewards = -kl_coef * kl
    last = torch.tensor(LENGTHS) - 1
    rewards[torch.arange(len(LENGTHS)), last] += scores
    raw = rewards.clone()
    if whiten_rewards:
        rewards = masked_whiten(rewards, MASK, shift_mean=False) * MASK
    values = values * MASK
    running, reverse = 0, []
    for t in reversed(range(WIDTH)):
        following = values[:, t + 1] if t < WIDTH - 1 else 0.0
        delta = rewards[:, t] + gamma * following - values[:, t]
        # Behind the end of a row everything is 0, so the recursion starts at its last token.
        running = (delta + gamma * lam * running) * MASK[:, t]
        reverse.append(running)
    raw_advantages = torch.stack(reverse[::-1], 1)
    returns = raw_advantages + values
    white = masked_whiten(raw_advantages, MASK) * MASK
    return kl, raw, raw_advantages, white, returns


def ppo():
    b = len(LENGTHS)
    old = rounded(-torch.rand(b, WIDTH) * 4)
    ref = rounded(old + torch.randn(b, WIDTH) * 0.5)
    old_values = rounded(torch.randn(b, WIDTH))
    scores = rounded(torch.randn(b) * 2)
    estimates = []
    for kl_coef, gamma, lam, whiten in ((0.05, 1.0, 0.95, False), (0.2, 0.9, 0.8, True)):
        kl, raw, plain, white, returns = advantages(old, ref, old_values, scores, kl_coef, gamma, lam, whiten)
        estimates.append({
            "kl_coef": kl_coef, "gamma": gamma, "lambda": lam, "whiten_rewards": whiten,
            "kl": ragged(kl), "rewards": ragged(raw), "plain_advantages": ragged(plain),
            "advantages": ragged(white), "returns": ragged(returns),
        })
    # The updates: from numbers rounded as above, so that no side decides by a hair.
    adv = rounded(white)
    ret = rounded(returns)
    updates = []
    for policy_clip, value_clip, vf_coef, spread in ((0.2, 0.2, 0.1, 0.3), (0.1, 0.5, 0.5, 0.05)):
        new = rounded(old + torch.randn(b, WIDTH) * spread).requires_grad_(True)
        new_values = rounded(old_values + torch.randn(b, WIDTH) * 0.4).requires_grad_(True)
        diff = new - old
        ratio = torch.exp(diff)
        free = -adv * ratio
        clipped = -adv * torch.clamp(ratio, 1 - policy_clip, 1 + policy_clip)
        policy = masked_mean(torch.maximum(free, clipped), MASK)
        near = torch.clamp(new_values, old_values - value_clip, old_values + value_clip)
        one, two = (new_values - ret) ** 2, (near - ret) ** 2
        value = 0.5 * masked_mean(torch.maximum(one, two), MASK)
        (policy + vf_coef * value).backward()
        updates.append({
            "policy_clip": policy_clip, "value_clip": value_clip, "vf_coef": vf_coef,
            "log_pi": ragged(new.detach()), "values": ragged(new_values.detach()),
            "policy": policy.item(), "value": value.item(),
            "policy_clipped": masked_mean((clipped > free).double(), MASK).item(),
            "value_clipped": masked_mean((two > one).double(), MASK).item(),
            "ratio": masked_mean(ratio.detach(), MASK).item(),
            "approx_kl": (0.5 * masked_mean(diff.detach() ** 2, MASK)).item(),
            "log_pi_gradients": ragged(new.grad), "value_gradients": ragged(new_values.grad),
        })
    return {
        "log_pi": ragged(old), "log_ref": ragged(ref), "values": ragged(old_values), "scores": scores.tolist(),
        "advantages": ragged(adv), "returns": ragged(ret), "estimates": estimates, "updates": updates,
    }


def raft():
    rewards = rounded(torch.randn(6, 4))
    rewards[2, 3] = rewards[2, 1] = rewards[2].max() + 1
    k = rewards.shape[1]
    local = (torch.arange(6) * k + torch.tensor([row.tolist().index(max(row.tolist())) for row in rewards])).tolist()
    flat = rewards.flatten()
    order = torch.argsort(flat, descending=True, stable=True)
    return {"k": k, "rewards": flat.tolist(), "local": local, "share": 0.25, "top": order[: int(len(flat) * 0.25)].tolist()}


def main():
    path = pathlib.Path(__file__).with_name("methods.json")
    path.write_text(json.dumps({"dpo": dpo(), "ppo": ppo(), "raft": raft()}, indent=1) + "\n")
    print("wrote", path, "torch", torch.__version__)


if __name__ == "__main__":
    main()
