"""The race director: composes a run, gates it, races the contenders, writes results; imports no framework."""
