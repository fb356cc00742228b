"""The door for agents that speak the Model Context Protocol: the same use case, as tools."""
