/* The floor: log-likelihood and its gradient for the GHK law with a pump, one pass over the rows, for a compiler that
   vectorises expm1, exp and log. Halley's steps on A b(-u) - B b(u) + j = 0, b(u) = u / (exp(u) - 1). */
#include <math.h>

#define V_T_PER_KELVIN 0.08617333262145178

typedef struct { double b, slope, curvature; } bernoulli_t;

static inline bernoulli_t bernoulli(double u)
{
    int near = fabs(u) < 0.1;
    double x = near ? 1.0 : u, r = 1.0 / expm1(x), s = u * u;
    double b = x * r, d = r - b * (1.0 + r), c = (1.0 + r) * (b * (1.0 + 2.0 * r) - 2.0 * r);
    bernoulli_t far = {b, d, c};
    double b0 = 1 - u / 2 + s * (1.0 / 12 + s * (-1.0 / 720 + s * (1.0 / 30240 - s / 1209600)));
    double d0 = -0.5 + u * (1.0 / 6 + s * (-1.0 / 180 + s * (1.0 / 5040 - s / 151200)));
    double c0 = 1.0 / 6 + s * (-1.0 / 60 + s / 1008);
    bernoulli_t zero = {near ? b0 : far.b, near ? d0 : far.slope, near ? c0 : far.curvature};
    return zero;
}

static inline double halley(double A, double B, double j, double u)
{
    bernoulli_t v = bernoulli(u);
    double f = A * (v.b + u) - B * v.b + j, g = A * (v.slope + 1) - B * v.slope;
    return u - 2 * f * g / (2 * g * g - f * (A - B) * v.curvature);
}

/* p: P_Na/P_K, P_Cl/P_K, pump current (mM), log(Q10 ratio) / 10, reference in °C, K, Na, Cl inside.
   out: sums over rows of r², and of r dV_m/d(P_Na, P_Cl, pump current, log(Q10 ratio) / 10). */
void density(long n, const double *K, const double *Na, const double *Cl, const double *T, const double *on,
             const double *V_m, const double *p, double *out)
{
    const double Na_p = p[0], Cl_p = p[1], current = p[2], rate = p[3], T_ref = p[4];
    const double K_i = p[5], Na_i = p[6], Cl_i = p[7];
    double rr = 0, rNa = 0, rCl = 0, rj = 0, rq = 0;
    for (long i = 0; i < n; i++) {
        double A = K_i + Na_p * Na_i + Cl_p * Cl[i], B = K[i] + Na_p * Na[i] + Cl_p * Cl_i;
        double warmer = T[i] - T_ref, speed = exp(rate * warmer) * on[i], j = current * speed;
        double u = halley(A, B, j, halley(A, B, j, halley(A, B, j, log(B / A))));
        bernoulli_t v = bernoulli(u);
        double V_T = V_T_PER_KELVIN * (T[i] + 273.15), r = V_m[i] - V_T * u;
        double w = r * V_T / (A * (v.slope + 1) - B * v.slope), byA = -(v.b + u) * w, byB = v.b * w;
        rr += r * r;
        rNa += byA * Na_i + byB * Na[i];
        rCl += byA * Cl[i] + byB * Cl_i;
        rj -= w * speed;
        rq -= w * j * warmer;
    }
    out[0] = rr, out[1] = rNa, out[2] = rCl, out[3] = rj, out[4] = rq;
}
