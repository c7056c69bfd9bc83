/* network linear: affine encoder and decoder. The posterior's heads stand on x, the decoder is its output layer alone. */
#include "vae/registry.h"

static bf_value as_it_is(bf_builder *b, const bf_vae_options *o, const bf_condition *c, const bf_vae_data *d, bf_value v)
{
    (void)b;
    (void)o;
    (void)c;
    (void)d;
    return v;
}

const bf_network bf_network_linear = {
    .name = "linear", .help = "affine encoder and decoder", .affine = true, .encoder = as_it_is, .decoder = as_it_is,
};
