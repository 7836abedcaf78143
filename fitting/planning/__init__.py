"""Before any cell is patched: design, simulation, recovery; and each cell by itself."""
