"""The door for programs that use OpenAI's Images API: the same use case under OpenAI's names."""
