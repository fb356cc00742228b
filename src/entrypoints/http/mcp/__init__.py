"""The door for agents that use the Model Context Protocol: the same use cases, as tools."""
