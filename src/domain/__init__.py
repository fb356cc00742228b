"""The domain, in plain Python: values, rules, ports and use cases, independent of every adapter and entry point."""
