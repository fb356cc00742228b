"""Karlo, Kakao's image provider (2022 to 2024), as far as its REST API is known.

The contract is from Kakao's documentation, copies of it in public code, and captured exchanges. Inferred parts are
marked as such.
"""

from simulators.karlo.simulator import KarloSimulator, karlo_simulator

__all__ = ["KarloSimulator", "karlo_simulator"]
