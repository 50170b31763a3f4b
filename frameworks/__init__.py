"""What runs inside a trial's process: the spec, the contract and one room per framework."""
