/* A log standard deviation that cannot fall below -6: softclip(h) = -6 + softplus(h + 6), close to h where h is well above. */
#ifndef BF_VAE_SOFTCLIP_H
#define BF_VAE_SOFTCLIP_H
#include "base/vector_math.h"

#define BF_SOFTCLIP_LOW (-6.0f)

/* The larger of the two and a small rest, rather than -6 plus 6 and more. */
static inline float bf_softclip(float h)
{
    const float rest = bf_log1p(bf_exp(-fabsf(h - BF_SOFTCLIP_LOW)));
    return (h > BF_SOFTCLIP_LOW ? h : BF_SOFTCLIP_LOW) + rest;
}

static inline float bf_softclip_slope(float h) { return bf_sigmoid(h - BF_SOFTCLIP_LOW); }

/* The h at which softclip gives log_std; a little above -6 when log_std is not. */
static inline double bf_softclip_inverse(double log_std)
{
    const double above = log_std - (double)BF_SOFTCLIP_LOW;
    return (double)BF_SOFTCLIP_LOW + log(expm1(above > 1e-3 ? above : 1e-3));
}
#endif
