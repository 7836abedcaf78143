"""`vrest app`: the same analysis by hand and eye, in a browser on one's own machine."""
