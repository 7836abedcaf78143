"""The data sets that come with the package, each with its codebook."""
