"""Karlo, Kakao's image provider: its REST API for text-to-image, version 2.

The contract was gathered from Kakao's documentation, from copies of it in public code, and from captured exchanges.
Kakao ended the hosted service in 2024, so what had to be inferred cannot be confirmed any more; comments say so where
it stands. Any server that speaks this contract can stand in for Kakao.
"""

from darkroom.adapters.generators.karlo.generator import KarloImageGenerator, open_karlo

__all__ = ["KarloImageGenerator", "open_karlo"]
