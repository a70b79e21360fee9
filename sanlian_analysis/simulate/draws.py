"""Random numbers that depend on seed, label and code alone.

There is no generator with a state: every number is a hash (splitmix64) of what
it is about. So a unit keeps its figures whatever other units or variables are
simulated with it, and they are the same on every machine: only integer
arithmetic and + - * / are used, which are exact or correctly rounded
everywhere, while a library's distributions and logarithms may change.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint64]
Floats = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def _mix(bits: Codes) -> Codes:
    """The finalizer of splitmix64; the products are meant to overflow."""
    bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    return bits ^ (bits >> np.uint64(31))


def uniform(seed: int, label: str, codes: Codes) -> Floats:
    """One number in [0, 1) per code, the same for the same seed, label and code."""
    digest = hashlib.sha256(f"{seed}|{label}".encode()).digest()
    start = np.uint64(int.from_bytes(digest[:8], "big"))
    bits = _mix(_mix(codes * _GOLDEN + start) + _GOLDEN)
    # 53 bits are what a float holds exactly.
    return (bits >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def bell(seed: int, label: str, codes: Codes) -> Floats:
    """One bell-shaped number per code: mean 0, standard deviation 1, within ±3.5."""
    first, second, third, fourth = (uniform(seed, f"{label}|{n}", codes) for n in range(4))
    # The sum of four uniforms has variance 1/3.
    return (first + second + third + fourth - 2.0) * 1.7320508075688772


def rank(strength: Floats) -> Floats:
    """Where a bell-shaped strength stands among all: about uniform in [0, 1].

    The cubic follows the normal distribution function within 0.03.
    """
    x = (np.clip(strength, -2.1, 2.1) + 2.1) / 4.2
    return x * x * (3.0 - 2.0 * x)
