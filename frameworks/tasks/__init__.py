"""What a child can be asked to do: one file per task."""

from frameworks.tasks.parity import leave_judgement, parity
from frameworks.tasks.probe import probe
from frameworks.tasks.trial import trial

TASKS = {"trial": trial, "parity": parity, "judge": leave_judgement, "probe": probe}
"""The tasks by name: each takes the request and the line to the parent, and returns the outcome."""
