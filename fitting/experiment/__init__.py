"""What was measured and what is asked of it: configuration, insides, levels, resistances."""
