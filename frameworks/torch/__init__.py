"""The PyTorch room: a manual zero_grad/backward/step loop. Importing the package imports no framework."""
