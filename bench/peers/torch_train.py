"""One masked-diffusion training step of LLaDA's network in PyTorch, timed: the peer of ../train.bench.ts.

Forward, backward, clipping and AdamW in float32, eager, on the CPU, written as one would write it: RMSNorm, RoPE,
SwiGLU, scaled_dot_product_attention, and logits for every position unless --masked-rows is given.
Prints one JSON line. Every step takes another batch; the first steps are not timed.
"""

import argparse
import json
import resource
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.heads = heads
        self.attn_norm = nn.RMSNorm(width, eps=1e-5)
        self.q_proj = nn.Linear(width, width, bias=False)
        self.k_proj = nn.Linear(width, width, bias=False)
        self.v_proj = nn.Linear(width, width, bias=False)
        self.attn_out = nn.Linear(width, width, bias=False)
        self.ff_norm = nn.RMSNorm(width, eps=1e-5)
        self.ff_proj = nn.Linear(width, hidden, bias=False)
        self.up_proj = nn.Linear(width, hidden, bias=False)
        self.ff_out = nn.Linear(hidden, width, bias=False)

    def forward(self, x, cos, sin, causal: bool):
        B, L, D = x.shape
        a = self.attn_norm(x)
        q, k, v = (f(a).view(B, L, self.heads, -1).transpose(1, 2) for f in (self.q_proj, self.k_proj, self.v_proj))
        y = F.scaled_dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v, is_causal=causal)
        x = x + self.attn_out(y.transpose(1, 2).reshape(B, L, D))
        m = self.ff_norm(x)
        return x + self.ff_out(F.silu(self.ff_proj(m)) * self.up_proj(m))


def rotate(x, cos, sin):
    x1, x2 = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-x2, x1), dim=-1) * sin


class Transformer(nn.Module):
    """Tokens [B, L] to the last hidden states [B, L, D]; `head` makes logits of them."""

    def __init__(self, vocabulary: int, layers: int, width: int, heads: int, hidden: int, length: int,
                 causal: bool = False):
        super().__init__()
        self.causal = causal
        self.wte = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(Block(width, heads, hidden) for _ in range(layers))
        self.ln_f = nn.RMSNorm(width, eps=1e-5)
        self.head = nn.Linear(width, vocabulary, bias=False)
        half = width // heads // 2
        angles = torch.outer(torch.arange(length).float(), 500000.0 ** (-torch.arange(half).float() / half))
        self.register_buffer("cos", torch.cat((angles, angles), -1).cos(), persistent=False)
        self.register_buffer("sin", torch.cat((angles, angles), -1).sin(), persistent=False)
        for p in self.parameters():
            if p.dim() >= 2:
                nn.init.normal_(p, std=0.02)

    def forward(self, tokens):
        L = tokens.shape[1]
        x = self.wte(tokens)
        for block in self.blocks:
            x = block(x, self.cos[:L], self.sin[:L], self.causal)
        return self.ln_f(x)


def diffusion_loss(model, x0, mask_id: int, masked_rows: bool):
    """LLaDA Eq. (3) with t in [1e-3, 1], low-discrepancy over the batch: sum over the masked of CE / p, over B L."""
    B, L = x0.shape
    t = (torch.rand(1) + torch.arange(B) / B) % 1
    p = ((1 - 1e-3) * t + 1e-3)[:, None].expand(B, L)
    masked = torch.rand(B, L) < p
    hidden = model(torch.where(masked, mask_id, x0))
    logits = model.head(hidden[masked]) if masked_rows else model.head(hidden)[masked]
    nats = F.cross_entropy(logits, x0[masked], reduction="none")
    return (nats / p[masked]).sum() / (B * L)


def optimizer(model, lr: float, betas, decay: float):
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=lr, betas=betas, eps=1e-8)


def flops_a_step(args, parameters_in_layers: int, rows: float) -> float:
    """6 for every weight and position, the head's for `rows` positions, and attention's two products."""
    N = args.batch * args.length
    head = args.vocabulary * args.width
    return 6 * N * parameters_in_layers + 6 * rows * head + 12 * args.layers * args.width * args.length * N


def main():
    parser = argparse.ArgumentParser()
    for name, value in dict(layers=6, width=384, heads=6, hidden=1024, vocabulary=66, length=256, batch=16,
                            steps=5, warmup=2, threads=2).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)
    parser.add_argument("--masked-rows", action="store_true", help="compute the head on masked rows only")
    args = parser.parse_args()

    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    model = Transformer(args.vocabulary, args.layers, args.width, args.heads, args.hidden, args.length)
    adamw = optimizer(model, 1e-3, (0.9, 0.95), 0.1)

    seconds, loss = [], None
    for step in range(args.warmup + args.steps):
        x0 = torch.randint(0, args.vocabulary - 1, (args.batch, args.length))
        start = time.perf_counter()
        adamw.zero_grad(set_to_none=True)
        loss = diffusion_loss(model, x0, args.vocabulary - 1, args.masked_rows)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adamw.step()
        value = loss.item()
        if step >= args.warmup:
            seconds.append(time.perf_counter() - start)

    positions = args.batch * args.length
    in_layers = sum(p.numel() for p in model.blocks.parameters())
    rows = positions / 2 if args.masked_rows else positions
    median = statistics.median(seconds)
    print(json.dumps({
        "program": f"torch {torch.__version__}" + (" head on masked rows" if args.masked_rows else ""),
        "parameters": sum(p.numel() for p in model.parameters()),
        "secondsPerStep": median,
        "tokensPerSecond": positions / median,
        "gflopPerSecond": flops_a_step(args, in_layers, rows) / median / 1e9,
        "peakMemoryBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "loss": value,
    }))


if __name__ == "__main__":
    main()
