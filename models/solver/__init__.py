"""The zero-current balance and its root: plain on numbers, compiled, and as PyTensor and JAX operations."""
