"""Where digits come from, as uint8 tensors: MNIST's files, or a stand-in for them."""
