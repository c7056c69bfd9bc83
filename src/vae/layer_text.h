/* The language of networks: one layer is one text.
 *
 *     conv 64 4x4 /2 bn lrelu          channels, window, stride; bn and the activation follow the convolution
 *     deconv 128 3x3 /2 p1 op1 relu    the transposed one; pN and opN are PyTorch's paddings, without them (or: same) it is TensorFlow's SAME
 *     fc 1024 tanh                     dense;  fc 7x7x128 or fc H/4xW/4x128: with a spatial output, H and W being the data's sides,
 *                                      divided and rounded up
 *     res 128 bn relu                  x + conv(f(conv(x))), both 3x3 unless a window is given; the sum is not activated. Where the shapes
 *                                      differ x goes through a 1x1 convolution
 *     res-pre 64 bn relu               conv(f(conv(f(x)))) + conv(x): normalisation and activation first, a convolution on the way around
 *     res-fc 512 relu                  the same of dense layers: dense(f(dense(f(x)))) + dense(x)
 *     pool 2, up 2, mean               means over 2x2 positions, positions repeated, the mean over all positions
 *     act lrelu                        an activation alone
 *     join                             the network's input beside the features: (features, input)
 *     output conv 3x3                  a decoder's last layer, without channels: the data and the likelihood decide how many
 *
 * sn: spectral normalisation of a conv or fc layer. Activations: relu lrelu lrelu0.2 tanh softplus elu sigmoid. */
#ifndef BF_VAE_LAYER_TEXT_H
#define BF_VAE_LAYER_TEXT_H
#include "nn/layers.h"

typedef enum bf_layer_kind {
    BF_LAYER_CONV, BF_LAYER_DECONV, BF_LAYER_FC, BF_LAYER_RES, BF_LAYER_RES_PRE, BF_LAYER_RES_FC, BF_LAYER_POOL, BF_LAYER_UP, BF_LAYER_MEAN,
    BF_LAYER_ACT, BF_LAYER_JOIN, BF_LAYER_KINDS
} bf_layer_kind;

/* A number of positions: a number, or a side of the data over a number. */
typedef struct bf_side { char of; int number; } bf_side;       /* of: 'H', 'W', or 0 */

typedef struct bf_layer {
    bf_layer_kind kind;
    bool output;                /* a decoder's output layer */
    int  channels;              /* conv, deconv, res: of the output; fc: units, or channels of a spatial output; pool, up: the factor */
    bool spatial;               /* fc: with height and width */
    bf_side height, width;
    bf_conv_spec window;
    bool norm, spectral;
    bf_activation activation;
} bf_layer;

#define BF_LAYER_WHY 192
/* Local. False, with a sentence that names the word and its position, when the text is no layer. */
bool bf_layer_parse(const char *text, bf_layer *out, char why[BF_LAYER_WHY]);
/* Positions of a side when the data have so many: rounded up. */
int bf_side_of(bf_side s, int height, int width);
#endif
