"""From a laboratory's table to recordings with units: cells, headers, numbers, checks."""
