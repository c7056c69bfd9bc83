#include "vae/output.h"
#include "nn/layers.h"
#include "vae/network_described.h"

bf_value bf_output(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value features, const char *name, int per_entry,
                   double gain, double bias)
{
    if (d->width > BF_MAX_WIDTH / per_entry) {
        bf_builder_fail(b, BF_FAIL(BF_E_INPUT, "likelihood.kind: %d numbers for each of %d entries are too many", per_entry, d->width));
        return BF_NO_VALUE;
    }
    if (bf_network_in_words(bf_network_find(o->net))) {
        const bf_value own = bf_described_output(b, o, d, features, name, per_entry, gain, bias);
        if (own != BF_NO_VALUE) return bf_wide(b, own);
    }
    return bf_wide(b, bf_dense(b, features, d->width * per_entry, name, gain, bias));
}

bf_value bf_output_row(bf_builder *b, bf_value features, const char *name, double gain, double bias)
{
    return bf_wide(b, bf_dense(b, features, 1, name, gain, bias));
}
