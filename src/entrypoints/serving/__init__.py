"""Running the service: listening, answering, and stopping in the order that loses nothing."""
