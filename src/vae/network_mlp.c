/* network mlp: dense layers with an activation; the decoder has the encoder's hidden layers in reverse. */
#include "nn/layers.h"
#include "vae/registry.h"
#include <stdio.h>

static bf_value layer(bf_builder *b, const bf_vae_options *o, const bf_condition *c, bf_half half, int index, int64_t width, bf_value v)
{
    const bf_activation kind = (bf_activation)bf_activation_find(o->activation);
    char name[32];
    snprintf(name, sizeof name, "%s.%d", half == BF_ENCODER ? "encoder" : "decoder", index);
    v = bf_dense(b, v, (int)width, name, bf_activation_gain(kind), 0.0);
    return bf_activate(b, bf_modulate(b, o, c, v, name, half), kind);
}

static bf_value encoder(bf_builder *b, const bf_vae_options *o, const bf_condition *c, const bf_vae_data *d, bf_value x)
{
    (void)d;
    for (int i = 0; i < o->hidden.count; i++) x = layer(b, o, c, BF_ENCODER, i, o->hidden.at[i], x);
    return x;
}

static bf_value decoder(bf_builder *b, const bf_vae_options *o, const bf_condition *c, const bf_vae_data *d, bf_value z)
{
    (void)d;
    for (int i = 0; i < o->hidden.count; i++) z = layer(b, o, c, BF_DECODER, i, o->hidden.at[o->hidden.count - 1 - i], z);
    return z;
}

const bf_network bf_network_mlp = {
    .name = "mlp", .help = "dense layers (model.hidden), mirrored in the decoder", .hidden = true, .encoder = encoder, .decoder = decoder,
};
