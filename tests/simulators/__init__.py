"""Simulated image providers: they implement the real HTTP APIs on the loopback interface, with faults on demand.

Each provider's simulator is a package (`simulators.karlo`) that contains only that provider's contract. The rest is
shared: faults in `faults`, the two listeners and `/_control/` in `provider` and `control`, charges in `charges`, and
images in `pictures` and `gallery`.
"""
