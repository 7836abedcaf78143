"""Groups, laws, and baths that were not measured."""
