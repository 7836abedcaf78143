"""What was fitted: the tree, derived draws, summary and tables, and their folder on disk."""
