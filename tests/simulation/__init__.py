"""The use case under a clock, a provider and a fate of our own making: everything repeats from one seed."""
