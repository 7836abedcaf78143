"""The colours of every picture: Okabe & Ito's, which the colour-blind tell apart, strongest first."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""On white."""
ON_DARK = ("#5AB4F0", "#FF8B4A", "#35C79B", "#EBA4CB", "#F2B93B", "#9AD3F5", "#FFFFFF")
"""The same, on a dark page."""
