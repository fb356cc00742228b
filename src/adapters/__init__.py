"""The outside world behind the domain's ports: a module for each technology."""
