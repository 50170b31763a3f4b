"""What a user can say: Hydra groups, every default spelled out. A package, so that a wheel carries it."""
