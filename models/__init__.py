"""Equations and membrane laws: pure functions of concentrations (mM), temperatures (°C) and potentials (mV)."""
