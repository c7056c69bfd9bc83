/* A decoder's last layers: what a likelihood reads. */
#ifndef BF_VAE_OUTPUT_H
#define BF_VAE_OUTPUT_H
#include "vae/registry.h"

/* (rows, width * per_entry): per_entry numbers for every entry of a sample, those of one entry side by side. Slots name.weight, name.bias. */
bf_value bf_output(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value features, const char *name, int per_entry,
                   double gain, double bias);
/* (rows, 1): one number for a sample. */
bf_value bf_output_row(bf_builder *b, bf_value features, const char *name, double gain, double bias);
#endif
