"""The use case with a simulated clock, provider and failures: everything repeats from one seed."""
