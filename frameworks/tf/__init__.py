"""The TensorFlow room: Keras ``compile`` and ``fit``. Importing the package imports no framework."""
