"""The door for programs that speak OpenAI's Images API: the same use case, under other names."""
