"""The zero-current equation: which charges cross the membrane at rest, gathered by valence.

The Goldman–Hodgkin–Katz current of ion s over F·P_K, outward positive and in mM, is
z_s p_s [c_i b(-z_s u) - c_o b(z_s u)] with u = V_m / V_T. At rest the sum over ions, plus the pump's j and an ohmic
leak g·u, is zero. Ions of one |z| share their exponentials, so the sum has two coefficients for each |z|:

    A b(-u) - B b(u) + A2 b(-2u) - B2 b(2u) + j + g u = 0

References
----------
Goldman (1943) J Gen Physiol 27:37; Hodgkin & Katz (1949) J Physiol 108:37.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from ..arrays import Array
from ..ions import Ion
from .bernoulli import bernoulli, bernoulli_slope


@dataclass(frozen=True)
class Terms:
    """Coefficients of the zero-current equation, in mM, each a number or an array that broadcasts with the others.

    Attributes
    ----------
    A, B : weight of outward- and inward-driving monovalent concentrations: sum of p c_i over cations plus p c_o over
        anions, and the reverse.
    A2, B2 : the same for divalent ions, times their 2 charges.
    j : pump current over F·P_K, outward positive.
    g : ohmic leak conductance (an electrode's shunt or seal) times V_T / (F·P_K); reverses at 0 mV.
    """

    A: Array
    B: Array
    A2: Array = 0.0
    B2: Array = 0.0
    j: Array = 0.0
    g: Array = 0.0

    def __iter__(self) -> Iterator[Array]:
        return (getattr(self, field.name) for field in fields(self))

    @property
    def monovalent(self) -> bool:
        """Whether nothing but monovalent ions and a pump crosses: without the pump, the root is then a logarithm."""
        return all(isinstance(x, float) and x == 0.0 for x in (self.A2, self.B2, self.g))


def ion_current(z: Array, p: Array, c_i: Array, c_o: Array, u: Array) -> Array:
    """One ion's GHK current over F·P_K, in mM, outward positive; `c_i`, `c_o` in mM, u = V_m / V_T."""
    return z * p * (c_i * bernoulli(-z * u) - c_o * bernoulli(z * u))


def gather(ions: Sequence[Ion], p: Mapping[str, Array], c_i: Mapping[str, Array], c_o: Mapping[str, Array]) -> Terms:
    """Collect ions into the coefficients of the zero-current equation, without pump or leak.

    Parameters
    ----------
    ions : the permeant ions.
    p : permeability ratio P_s / P_K by ion name (K's own, 1, may be left out).
    c_i, c_o : concentrations inside and outside, mM, by ion name.
    """
    sums = {"A": 0.0, "B": 0.0, "A2": 0.0, "B2": 0.0}
    for s in ions:
        weight = abs(s.valence) * p.get(s.name, 1.0)
        outward, inward = (c_i, c_o) if s.valence > 0 else (c_o, c_i)
        suffix = "" if abs(s.valence) == 1 else "2"
        sums["A" + suffix] = sums["A" + suffix] + weight * outward[s.name]
        sums["B" + suffix] = sums["B" + suffix] + weight * inward[s.name]
    return Terms(**sums)


def net(terms: Terms, u: Array) -> Array:
    """Net outward current over F·P_K at u = V_m / V_T, in mM: rises strictly with u and is zero at rest."""
    A, B, A2, B2, j, g = terms
    return A * bernoulli(-u) - B * bernoulli(u) + A2 * bernoulli(-2 * u) - B2 * bernoulli(2 * u) + j + g * u


def slope(terms: Terms, u: Array) -> Array:
    """d(net)/du in mM, always positive: the slope conductance at rest is this times F² P_K / (R T)."""
    A, B, A2, B2, _, g = terms
    b, b2 = bernoulli_slope(u), bernoulli_slope(2 * u)  # b'(-x) = -1 - b'(x)
    return A * (1 + b) - B * b + 2 * A2 * (1 + b2) - 2 * B2 * b2 + g


def root_partials(terms: Terms, u: Array) -> tuple[Array, ...]:
    """du/dA, du/dB, du/dA2, du/dB2, du/dj and du/dg of the root u, by the implicit function theorem."""
    b, b2, scale = bernoulli(u), bernoulli(2 * u), -1.0 / slope(terms, u)
    by_net = (b + u, -b, b2 + 2 * u, -b2, 1.0, u)  # b(-x) = b(x) + x: exponentials are what takes the time
    return tuple(scale * x for x in by_net)
