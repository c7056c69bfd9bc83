/* Networks of published models, as lists of layers (layer_text.h). Parameters are what PyTorch would count: weights and biases, with
 * those of batch normalisation. A layer under bn has no bias of its own, which is why these counts stay a little below published ones;
 * under `sn bn` the spectral normalisation brings one, which the batch normalisation cancels. What is not an image ends in a dense layer,
 * and heads are dense: mean and logvar of the posterior. */
#include "vae/network_described.h"
#include "vae/rows.h"

#define LISTED(label, text, first, second)                                                                                       \
    {                                                                                                                            \
        .name = label, .help = text, .encoder = bf_described_encoder, .decoder = bf_described_decoder, .encoder_layers = first,  \
        .decoder_layers = second,                                                                                                \
    }

/* 13.3 M (28 x 28 x 1, 64 latents). Published: sigma = 1e-6 + softplus, here logvar as everywhere; heads spectrally normalised too, here
 * plain; the second fc of the decoder normalised entry by entry, here channel by channel. */
static const char *const infogan_encoder[] = { "conv 64 4x4 /2 sn lrelu0.2", "conv 128 4x4 /2 sn bn lrelu0.2", "fc 1024 sn bn lrelu0.2", NULL };
static const char *const infogan_decoder[] = { "fc 1024 bn relu", "fc H/4xW/4x128 bn relu", "deconv 64 4x4 /2 bn relu", "output deconv 4x4 /2", NULL };
const bf_network bf_network_infogan = LISTED("infogan", "InfoGAN's convolutions (two-stage VAE), spectral normalisation", infogan_encoder, infogan_decoder);

/* 47.1 M (64 x 64 x 3, 64 latents). */
static const char *const wae_encoder[] = { "conv 128 5x5 bn relu", "conv 256 5x5 /2 bn relu", "conv 512 5x5 /2 bn relu", "conv 1024 5x5 /2 bn relu", NULL };
static const char *const wae_decoder[] = {
    "fc H/8xW/8x1024 relu", "deconv 512 5x5 /2 bn relu", "deconv 256 5x5 /2 bn relu", "deconv 128 5x5 /2 bn relu", "output deconv 5x5", NULL
};
const bf_network bf_network_wae = LISTED("wae", "Wasserstein autoencoder of 64 x 64 images", wae_encoder, wae_decoder);

/* 22.3 M (28 x 28 x 1, 8 latents): the layers before the last one make the full image. */
static const char *const wae_mnist_encoder[] = { "conv 128 4x4 /2 bn relu", "conv 256 4x4 /2 bn relu", "conv 512 4x4 /2 bn relu", "conv 1024 4x4 /2 bn relu", NULL };
static const char *const wae_mnist_decoder[] = { "fc H/4xW/4x1024 relu", "deconv 512 4x4 /2 bn relu", "deconv 256 4x4 /2 bn relu", "output deconv 4x4", NULL };
const bf_network bf_network_wae_mnist = LISTED("wae-mnist", "Wasserstein autoencoder of 28 x 28 images", wae_mnist_encoder, wae_mnist_decoder);

/* 0.99 M (28 x 28 x 3, 20 latents). */
static const char *const sigma_encoder[] = { "conv 32 3x3 p1 relu", "conv 64 4x4 /2 p1 relu", "conv 128 5x5 /2 p2 relu", NULL };
static const char *const sigma_decoder[] = { "fc H/4xW/4x128", "deconv 64 6x6 /2 p2 relu", "deconv 32 6x6 /2 p2 relu", "output deconv 5x5 p2", NULL };
const bf_network bf_network_sigma = LISTED("sigma", "three convolutions and their way back (sigma-VAE)", sigma_encoder, sigma_decoder);

/* 14.2 M (64 x 64, 10 latents); beta-VAE's dense network is the same. */
static const char *const tcvae_mlp_encoder[] = { "fc 1200 relu", "fc 1200 relu", NULL };
static const char *const tcvae_mlp_decoder[] = { "fc 1200 tanh", "fc 1200 tanh", "fc 1200 tanh", NULL };
const bf_network bf_network_tcvae_mlp = LISTED("tcvae-mlp", "dense layers of 1200 (beta-TCVAE, beta-VAE)", tcvae_mlp_encoder, tcvae_mlp_decoder);

/* Sides of 64: four halvings, then a window over all that is left. */
static const char *const tcvae_conv_encoder[] = {
    "conv 32 4x4 /2 p1 bn relu", "conv 32 4x4 /2 p1 bn relu", "conv 64 4x4 /2 p1 bn relu", "conv 64 4x4 /2 p1 bn relu", "conv 512 4x4 p0 bn relu", NULL
};
static const char *const tcvae_conv_decoder[] = {
    "fc 512 bn relu", "deconv 64 4x4 p0 bn relu", "deconv 64 4x4 /2 p1 bn relu", "deconv 32 4x4 /2 p1 bn relu", "deconv 32 4x4 /2 p1 bn relu",
    "output deconv 4x4 /2 p1", NULL
};
const bf_network bf_network_tcvae_conv = LISTED("tcvae-conv", "convolutions of 64 x 64 images (beta-TCVAE)", tcvae_conv_encoder, tcvae_conv_decoder);

/* 0.69 M (64 x 64 x 1, 10 latents). */
static const char *const dlib_encoder[] = {
    "conv 32 4x4 /2 relu", "conv 32 4x4 /2 relu", "conv 64 2x2 /2 relu", "conv 64 2x2 /2 relu", "fc 256 relu", NULL
};
static const char *const dlib_decoder[] = {
    "fc 256 relu", "fc H/16xW/16x64 relu", "deconv 64 4x4 /2 relu", "deconv 32 4x4 /2 relu", "deconv 32 4x4 /2 relu", "output deconv 4x4 /2", NULL
};
const bf_network bf_network_dlib_conv = LISTED("dlib-conv", "convolutions of 64 x 64 images (disentanglement studies)", dlib_encoder, dlib_decoder);

/* 17.2 M (28 x 28 x 1, 16 latents): sides 28, 14, 7, 3, 1 and 4, 7, 14, 28. */
static const char *const pythae_encoder[] = {
    "conv 128 4x4 /2 p1 bn relu", "conv 256 4x4 /2 p1 bn relu", "conv 512 4x4 /2 p1 bn relu", "conv 1024 4x4 /2 p1 bn relu", NULL
};
static const char *const pythae_decoder[] = { "fc 4x4x1024", "deconv 512 3x3 /2 p1 bn relu", "deconv 256 3x3 /2 p1 op1 bn relu", "output deconv 3x3 /2 p1 op1", NULL };
const bf_network bf_network_pythae_conv = LISTED("pythae-conv", "convolutions of 28 x 28 images (Pythae)", pythae_encoder, pythae_decoder);

/* 1.88 M (28 x 28 x 1, 32 latents), without the 3072 numbers of its gates, which conditioning adds. */
static const char *const mr_encoder[] = {
    "conv 64 4x4 /2 p1 relu", "conv 128 4x4 /2 p1 relu", "conv 128 3x3 /2 p1 relu", "res 128 relu", "res 128 relu", NULL
};
static const char *const mr_decoder[] = {
    "fc 4x4x128", "deconv 128 3x3 /2 p1 relu", "res 128 relu", "res 128 relu", "deconv 64 3x3 /2 p1 op1 relu", "output deconv 3x3 /2 p1 op1", NULL
};
const bf_network bf_network_mr_resnet = LISTED("mr-resnet", "residual network of 28 x 28 images (multi-rate VAE)", mr_encoder, mr_decoder);

/* 4.54 M of 64 entries with as many latents: for a study whose data are another one's draws (second_stage/train). */
static const char *const second_stage[] = { "fc 1024 relu", "fc 1024 relu", "fc 1024 relu", "join", NULL };
const bf_network bf_network_second_stage = LISTED("second-stage", "three dense layers of 1024 beside their input (two-stage VAE)", second_stage, second_stage);

static void as_the_study_says(const bf_vae_options *o, const bf_vae_data *d, bf_layer_texts *encoder, bf_layer_texts *decoder)
{
    (void)d;
    *encoder = o->encoder;
    *decoder = o->decoder;
}

const bf_network bf_network_own = {
    .name = "described", .help = "the layers of model.encoder and model.decoder", .encoder = bf_described_encoder, .decoder = bf_described_decoder,
    .write = as_the_study_says,
};
