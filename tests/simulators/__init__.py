"""Image providers that speak their real wire contract over HTTP, on loopback, and misbehave when told to.

A provider's simulator is a package of its own (`simulators.karlo`) with nothing in it but that provider's contract.
What all of them share lies beside it: the ways to misbehave in `faults`, the two listeners and `/_control/` in
`provider` and `control`, what was charged in `charges`, what was drawn in `pictures` and `gallery`.
"""
