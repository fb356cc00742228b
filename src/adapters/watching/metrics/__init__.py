"""What is watched, counted and measured for Prometheus."""
