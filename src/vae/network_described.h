/* Networks in words (layer_text.h): rows that hold or write lists of layers, and the study's own. */
#ifndef BF_VAE_NETWORK_DESCRIBED_H
#define BF_VAE_NETWORK_DESCRIBED_H
#include "vae/registry.h"

/* Local. Every text of model.encoder and model.decoder is a layer; sentences begin with the key. */
BF_MUST_USE bf_status bf_described_check(const bf_vae_options *o);
/* The lists of a network that has such. */
void bf_described_layers(const bf_vae_options *o, const bf_vae_data *d, bf_layer_texts *encoder, bf_layer_texts *decoder);
/* x as the encoder wants it: (rows, height, width, channels) where some layer of it has positions, else flat. */
bf_shape bf_described_input(const bf_vae_options *o, const bf_vae_data *d, int rows);
bf_value bf_described_encoder(bf_builder *b, const bf_vae_options *o, const bf_condition *c, const bf_vae_data *d, bf_value x);
bf_value bf_described_decoder(bf_builder *b, const bf_vae_options *o, const bf_condition *c, const bf_vae_data *d, bf_value z);
/* The decoder's own output layer with per_entry numbers for each entry; BF_NO_VALUE when its list does not end with one. */
bf_value bf_described_output(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value features, const char *name, int per_entry,
                             double gain, double bias);
#endif
