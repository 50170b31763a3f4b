"""Results: their shape, their storage, their statistics; imports nothing else of the project."""
