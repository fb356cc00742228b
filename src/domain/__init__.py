"""What Darkroom is about, in plain Python: values, rules, ports and use cases; nothing here knows the outside world."""
