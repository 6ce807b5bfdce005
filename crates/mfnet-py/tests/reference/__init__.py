"""Plain NumPy reference for the eight modules of the seed's interface, without a fast path."""
