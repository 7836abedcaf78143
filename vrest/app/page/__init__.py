"""The page of `vrest app`: plain HTML, CSS and JavaScript, served as they stand."""
