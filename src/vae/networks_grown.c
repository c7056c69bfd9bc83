/* Networks whose depth follows the size of the images: they write their lists of layers. */
#include "vae/network_described.h"
#include "vae/rows.h"
#include <stdarg.h>
#include <stdio.h>

static void put(bf_layer_texts *list, const char *format, ...) BF_PRINTF(2, 3);
static void put(bf_layer_texts *list, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(list->at[list->count++], BF_LAYER_TEXT, format, args);
    va_end(args);
}

static int least(int a, int b) { return a < b ? a : b; }

/* resnet: 19.6 M (64 x 64 x 3, 128 latents). Four scales of 32 to 256 channels down; from 2 x 2 positions up by doubling, so the sides of the
 * images are one power of two: other data the output layer refuses. The decoder's channels grow towards its beginning, to 1024 at most. */
enum { BASE = 32, SCALES = 4, MOST = 1024 };

static void write_resnet(const bf_vae_options *o, const bf_vae_data *d, bf_layer_texts *encoder, bf_layer_texts *decoder)
{
    (void)o;
    int doublings = 0;
    while (doublings < 10 && 4 << doublings <= d->shape[0]) doublings++;
    put(encoder, "conv %d 3x3", BASE);
    for (int s = 0; s < SCALES; s++) {
        put(encoder, "res-pre %d bn relu", BASE << s);
        if (s + 1 < SCALES) put(encoder, "conv %d 3x3 /2", BASE << (s + 1));
    }
    put(encoder, "mean");
    put(encoder, "res-fc 512 relu");
    put(decoder, "fc 2x2x%d", least(BASE << doublings, MOST));
    for (int s = doublings - 1; s >= 0; s--) {
        put(decoder, "deconv %d 3x3 /2", least(BASE << s, MOST));
        put(decoder, "res-pre %d bn relu", least(BASE << s, MOST));
    }
    put(decoder, "output conv 3x3");
}

const bf_network bf_network_resnet = {
    .name = "resnet", .help = "residual network of images whose side is a power of two (two-stage VAE)", .encoder = bf_described_encoder,
    .decoder = bf_described_decoder, .write = write_resnet,
};

/* bs-resnet: stages of 32, 64, ... channels, 256 at most, halve the image until a side has 4 positions or fewer (28: 14, 7, 4); the way back has
 * a transposed convolution for each, padded so that it makes the side the encoder had. No count is published. */
enum { SMALL_SIDE = 4, MOST_STAGES = 8, MOST_WIDE = 256 };

static void write_bs_resnet(const bf_vae_options *o, const bf_vae_data *d, bf_layer_texts *encoder, bf_layer_texts *decoder)
{
    int side[MOST_STAGES + 1] = { d->shape[0] }, stages = 0;
    for (; stages < MOST_STAGES && side[stages] > SMALL_SIDE; stages++) {
        const int channels = least(BASE << stages, MOST_WIDE);
        side[stages + 1] = (side[stages] + 1) / 2;
        put(encoder, "res %d /2 p1 bn lrelu", channels);
        put(encoder, "act lrelu");
        put(encoder, "res %d bn lrelu", channels);
        put(encoder, "act lrelu");
    }
    const int last = least(stages > 0 ? BASE << (stages - 1) : BASE, MOST_WIDE);
    put(encoder, "fc %lld bn lrelu", 2 * (long long)o->latent);
    put(decoder, "fc %dx%dx%d bn lrelu", side[stages], side[stages], last);
    put(decoder, "res %d bn lrelu", last);
    put(decoder, "act lrelu");
    for (int s = stages - 1; s >= 0; s--)
        put(decoder, "deconv %d 3x3 /2 p1%s bn lrelu", least(s > 0 ? BASE << (s - 1) : BASE, MOST_WIDE), side[s] % 2 == 0 ? " op1" : "");
    put(decoder, "output deconv 3x3 p1");
}

const bf_network bf_network_bs_resnet = {
    .name = "bs-resnet", .help = "residual network that halves images down to 4 x 4 (BS-VAE)", .encoder = bf_described_encoder,
    .decoder = bf_described_decoder, .write = write_bs_resnet,
};
