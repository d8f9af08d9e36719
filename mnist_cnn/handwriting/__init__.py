"""The reader's own digits: from a photo or a drawing to images like those of MNIST."""

from mnist_cnn.handwriting.prepare import FoundDigit, find_digits, to_mnist

__all__ = ["FoundDigit", "find_digits", "to_mnist"]
