"""What the equations say without data: Donnan, charge, run-down, cooling, one potential taken apart."""
