"""The PyMC model, the data that it reads, its hierarchy, and its linearised posterior."""
