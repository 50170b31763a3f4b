"""No TFRecord here: PyTorch has no well-kept reader of it, so contenders of this backend are refused by name.

What was found, in autumn 2026:

- ``torchdata`` had ``TFRecordLoader`` among its DataPipes; those were deprecated in version 0.8 (July 2024) and are
  gone since 0.10 (https://github.com/meta-pytorch/data/issues/1196).
- ``tfrecord`` (https://github.com/vahidk/tfrecord; last release May 2025) has datasets that are iterables: they
  shuffle through a queue, so the order of samples cannot be given to them.
- ``tfrecord-dataset`` and ``rustfrecord`` had their last releases in 2024; ``tfd-utils`` (2026) has random
  access without TensorFlow, but is one author's, and keeps its index as a pickle.
- NVIDIA DALI reads TFRecord and is well kept, but is an input pipeline of its own, not one of PyTorch's.

A reader of our own would measure us, not PyTorch.
"""
