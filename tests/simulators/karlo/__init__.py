"""Karlo, Kakao's image provider (2022 to 2024), as far as its REST API is known.

The contract was gathered from Kakao's documentation, from copies of it in public code, and from captured exchanges;
what had to be inferred says so where it stands.
"""

from simulators.karlo.simulator import KarloSimulator, karlo_simulator

__all__ = ["KarloSimulator", "karlo_simulator"]
