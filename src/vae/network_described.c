/* From lists of layers to values of a plan. Layers with parameters are numbered: encoder.0, encoder.1, ...; a block of several has names
 * below its number (decoder.3.conv1, decoder.3.shortcut). What follows a layer's product stands in one place: normalise, activate. */
#include "vae/network_described.h"
#include "nn/geometry.h"
#include "vae/layer_text.h"
#include "vae/rows.h"
#include <stdio.h>
#include <string.h>

#define NORM_RATE 0.1           /* of the running averages, as PyTorch has it */
#define NORM_EPSILON 1e-5
#define BRANCH_GAIN 0.5         /* of a block's last product: the sum's variance begins near its input's */

enum { LABEL = 144 };

/* One side of a network while it is built. */
typedef struct side {
    bf_builder           *b;
    const bf_vae_options *o;
    const bf_condition   *c;
    const bf_vae_data    *d;
    bf_half               half;
    const char           *name;         /* "encoder" */
    const bf_layer_texts *texts;
    int                   at;           /* the layer that is being built */
    int                   index;        /* of the next layer with parameters */
    bf_value              input;
} side;

static bool is_own(const bf_vae_options *o) { return bf_network_find(o->net) == &bf_network_own; }

/* --- sentences ---------------------------------------------------------------------------------------------------- */

/* "model.encoder: layer 3 'conv 64 4x4'", "model.net: sigma, encoder layer 3 'conv 64 4x4'" */
static void label(const side *s, char out[LABEL])
{
    const char *text = s->at < s->texts->count ? s->texts->at[s->at] : "";
    if (is_own(s->o)) snprintf(out, LABEL, "model.%s: layer %d '%s'", s->name, s->at + 1, text);
    else snprintf(out, LABEL, "model.net: %s, %s layer %d '%s'", s->o->net, s->name, s->at + 1, text);
}

static bf_value refuse(const side *s, const char *what)
{
    char where[LABEL];
    label(s, where);
    bf_builder_fail(s->b, BF_FAIL(BF_E_INPUT, "%s: %s", where, what));
    return BF_NO_VALUE;
}

static bool check_width(const side *s, bf_shape shape)
{
    char what[96];
    const double entries = (double)shape.height * shape.width * shape.channels;
    if (entries <= BF_MAX_WIDTH) return true;
    snprintf(what, sizeof what, "%d x %d x %d entries are more than %d", shape.height, shape.width, shape.channels, BF_MAX_WIDTH);
    refuse(s, what);
    return false;
}

bf_status bf_described_check(const bf_vae_options *o)
{
    const struct { const char *key; const bf_layer_texts *texts; } sides[] = { { "model.encoder", &o->encoder }, { "model.decoder", &o->decoder } };
    bf_layer l;
    char why[BF_LAYER_WHY];
    if (o->encoder.count + o->decoder.count == 0) return BF_FAIL(BF_E_INPUT, "model.encoder: model.net: described needs its layers");
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < sides[k].texts->count; i++) {
            if (!bf_layer_parse(sides[k].texts->at[i], &l, why)) return BF_FAIL(BF_E_INPUT, "%s: layer %d, %s", sides[k].key, i + 1, why);
            if (l.output && (k == 0 || i + 1 < sides[k].texts->count))
                return BF_FAIL(BF_E_INPUT, "%s: layer %d: output is the last layer of a decoder", sides[k].key, i + 1);
        }
    return BF_DONE;
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

static void take(const char *const *from, bf_layer_texts *to)
{
    for (; *from != NULL; from++) snprintf(to->at[to->count++], BF_LAYER_TEXT, "%s", *from);
}

void bf_described_layers(const bf_vae_options *o, const bf_vae_data *d, bf_layer_texts *encoder, bf_layer_texts *decoder)
{
    const bf_network *n = bf_network_find(o->net);
    memset(encoder, 0, sizeof *encoder);
    memset(decoder, 0, sizeof *decoder);
    if (n->write != NULL) n->write(o, d, encoder, decoder);
    else {
        take(n->encoder_layers, encoder);
        take(n->decoder_layers, decoder);
    }
}

/* --- shapes ------------------------------------------------------------------------------------------------------- */

static bf_shape image(const bf_vae_data *d, int rows)
{
    return d->dims == 1 ? bf_shape_flat(rows, d->width) : (bf_shape){ rows, d->shape[0], d->shape[1], d->dims == 3 ? d->shape[2] : 1 };
}

static bool has_positions(const bf_layer *l)
{
    return l->kind != BF_LAYER_ACT && l->kind != BF_LAYER_JOIN && l->kind != BF_LAYER_RES_FC && (l->kind != BF_LAYER_FC || l->spatial);
}

/* The last layer of a decoder when it is an output layer. */
static bool output_layer(const bf_layer_texts *decoder, bf_layer *l)
{
    char why[BF_LAYER_WHY];
    return decoder->count > 0 && bf_layer_parse(decoder->at[decoder->count - 1], l, why) && l->output;
}

bf_shape bf_described_input(const bf_vae_options *o, const bf_vae_data *d, int rows)
{
    bf_layer_texts encoder, decoder;
    bf_layer l;
    char why[BF_LAYER_WHY];
    bool positions = false;
    bf_described_layers(o, d, &encoder, &decoder);
    for (int i = 0; i < encoder.count; i++) positions = positions || (bf_layer_parse(encoder.at[i], &l, why) && has_positions(&l));
    return positions ? image(d, rows) : bf_shape_flat(rows, d->width);
}

/* --- layers ------------------------------------------------------------------------------------------------------- */

static bf_value normalise(const side *s, bf_value v, const bf_layer *l, const char *name)
{
    char norm[64];
    snprintf(norm, sizeof norm, "%s.bn", name);
    return l->norm ? bf_batch_norm(s->b, v, norm, NORM_RATE, NORM_EPSILON) : v;
}

static bf_value finish(const side *s, bf_value v, const bf_layer *l, const char *name)
{
    return bf_activate(s->b, bf_modulate(s->b, s->o, s->c, normalise(s, v, l, name), name, s->half), l->activation);
}

/* A convolution, or a transposed one, whose window was looked at first: so the sentence names the layer as it was written. */
static bf_value convolve(const side *s, bf_value v, int channels, const bf_conv_spec *w, bool transposed, const char *name, double gain)
{
    char where[LABEL];
    bf_geometry g = { 0 };
    const bf_shape in = bf_builder_shape(s->b, v);
    label(s, where);
    const bf_status fits = transposed ? bf_geometry_deconv(w, in, channels, where, &g) : bf_geometry_conv(w, in, channels, where, &g);
    if (fits.code) {
        bf_builder_fail(s->b, fits);
        return BF_NO_VALUE;
    }
    const int height = transposed ? g.in_height : g.out_height, width = transposed ? g.in_width : g.out_width;
    if (!check_width(s, (bf_shape){ in.rows, height, width, channels })) return BF_NO_VALUE;
    return transposed ? bf_deconv(s->b, v, channels, w, name, gain) : bf_conv(s->b, v, channels, w, name, gain);
}

/* A bias before a normalisation would do nothing. */
static bf_value build_conv(const side *s, bf_value v, const bf_layer *l, const char *name)
{
    bf_conv_spec w = l->window;
    w.plain = l->norm || l->spectral;
    v = convolve(s, v, l->channels, &w, l->kind == BF_LAYER_DECONV, name, bf_activation_gain(l->activation));
    return finish(s, l->spectral ? bf_spectral(s->b, v, name) : v, l, name);
}

static bf_value build_fc(const side *s, bf_value v, const bf_layer *l, const char *name)
{
    const bf_shape data = image(s->d, 1);
    bf_shape out = bf_shape_flat(bf_builder_shape(s->b, v).rows, l->channels);
    if (l->spatial) {
        out.height = bf_side_of(l->height, data.height, data.width);
        out.width = bf_side_of(l->width, data.height, data.width);
    }
    if (!check_width(s, out)) return BF_NO_VALUE;
    const double gain = bf_activation_gain(l->activation);
    v = l->norm || l->spectral ? bf_dense_plain(s->b, v, out, name, gain) : bf_dense_to(s->b, v, out, name, gain, 0.0);
    return finish(s, l->spectral ? bf_spectral(s->b, v, name) : v, l, name);
}

static bool same_shape(bf_shape a, bf_shape b) { return a.height == b.height && a.width == b.width && a.channels == b.channels; }

/* The sum of a residual block's two ways. */
static bf_value join_ways(const side *s, bf_value x, bf_value y)
{
    char what[160];
    const bf_shape a = bf_builder_shape(s->b, x), b = bf_builder_shape(s->b, y);
    if (same_shape(a, b) || x == BF_NO_VALUE || y == BF_NO_VALUE) return bf_add(s->b, x, y);
    snprintf(what, sizeof what, "its layers make %d x %d positions and its shortcut %d x %d: the padding is not (kernel - 1) / 2", b.height, b.width,
             a.height, a.width);
    return refuse(s, what);
}

static bf_value build_res(const side *s, bf_value x, const bf_layer *l, const char *name)
{
    char part[3][48];
    bf_conv_spec first = l->window, second = l->window, around = { .kernel = 1, .stride = l->window.stride, .same = l->window.same, .plain = l->norm };
    first.plain = second.plain = l->norm;
    second.stride = 1;
    second.same = true;
    snprintf(part[0], sizeof part[0], "%s.conv1", name);
    snprintf(part[1], sizeof part[1], "%s.conv2", name);
    snprintf(part[2], sizeof part[2], "%s.shortcut", name);
    bf_value y = finish(s, convolve(s, x, l->channels, &first, false, part[0], bf_activation_gain(l->activation)), l, part[0]);
    y = normalise(s, convolve(s, y, l->channels, &second, false, part[1], BRANCH_GAIN), l, part[1]);
    if (!same_shape(bf_builder_shape(s->b, x), bf_builder_shape(s->b, y)))
        x = normalise(s, convolve(s, x, l->channels, &around, false, part[2], 1.0), l, part[2]);
    return join_ways(s, x, y);
}

static bf_value build_res_pre(const side *s, bf_value x, const bf_layer *l, const char *name)
{
    char part[3][48];
    bf_conv_spec w = l->window, plain = l->window;
    plain.plain = l->norm;              /* the second normalisation follows the first convolution */
    snprintf(part[0], sizeof part[0], "%s.conv1", name);
    snprintf(part[1], sizeof part[1], "%s.conv2", name);
    snprintf(part[2], sizeof part[2], "%s.shortcut", name);
    const double gain = bf_activation_gain(l->activation);
    const bf_value y = convolve(s, finish(s, x, l, part[0]), l->channels, &plain, false, part[0], gain);
    const bf_value z = convolve(s, finish(s, y, l, part[1]), l->channels, &w, false, part[1], BRANCH_GAIN * gain);
    return join_ways(s, convolve(s, x, l->channels, &w, false, part[2], 1.0), z);
}

static bf_value build_res_fc(const side *s, bf_value x, const bf_layer *l, const char *name)
{
    char part[3][48];
    snprintf(part[0], sizeof part[0], "%s.fc1", name);
    snprintf(part[1], sizeof part[1], "%s.fc2", name);
    snprintf(part[2], sizeof part[2], "%s.shortcut", name);
    const double gain = bf_activation_gain(l->activation);
    const bf_value y = bf_dense(s->b, finish(s, x, l, part[0]), l->channels, part[0], gain, 0.0);
    const bf_value z = bf_dense(s->b, finish(s, y, l, part[1]), l->channels, part[1], BRANCH_GAIN * gain, 0.0);
    return bf_add(s->b, bf_dense(s->b, x, l->channels, part[2], 1.0, 0.0), z);
}

static bf_value build_pool(const side *s, bf_value v, const bf_layer *l)
{
    char what[96];
    const bf_shape in = bf_builder_shape(s->b, v);
    if (in.height % l->channels == 0 && in.width % l->channels == 0) return bf_average_pool(s->b, v, l->channels);
    snprintf(what, sizeof what, "%d x %d positions are no multiple of %d", in.height, in.width, l->channels);
    return refuse(s, what);
}

static bf_value build_up(const side *s, bf_value v, const bf_layer *l)
{
    const bf_shape in = bf_builder_shape(s->b, v), out = { in.rows, in.height * l->channels, in.width * l->channels, in.channels };
    return check_width(s, out) ? bf_upsample(s->b, v, l->channels) : BF_NO_VALUE;
}

static bf_value build_layer(const side *s, bf_value v, const bf_layer *l, const char *name)
{
    switch (l->kind) {
    case BF_LAYER_CONV:
    case BF_LAYER_DECONV: return build_conv(s, v, l, name);
    case BF_LAYER_FC: return build_fc(s, v, l, name);
    case BF_LAYER_RES: return build_res(s, v, l, name);
    case BF_LAYER_RES_PRE: return build_res_pre(s, v, l, name);
    case BF_LAYER_RES_FC: return build_res_fc(s, v, l, name);
    case BF_LAYER_POOL: return build_pool(s, v, l);
    case BF_LAYER_UP: return build_up(s, v, l);
    case BF_LAYER_MEAN: return bf_mean_pool(s->b, v);
    case BF_LAYER_ACT: return bf_activate(s->b, v, l->activation);
    case BF_LAYER_JOIN: return bf_concat(s->b, v, s->input);
    case BF_LAYER_KINDS: break;
    }
    return BF_NO_VALUE;
}

static bool has_parameters(bf_layer_kind k)
{
    return k == BF_LAYER_CONV || k == BF_LAYER_DECONV || k == BF_LAYER_FC || k == BF_LAYER_RES || k == BF_LAYER_RES_PRE || k == BF_LAYER_RES_FC;
}

/* --- sides -------------------------------------------------------------------------------------------------------- */

static bf_value build_side(side *s, bf_value v)
{
    bf_layer l;
    char why[BF_LAYER_WHY], name[32];
    s->input = v;
    for (s->at = 0; s->at < s->texts->count && v != BF_NO_VALUE; s->at++) {
        if (!bf_layer_parse(s->texts->at[s->at], &l, why)) return refuse(s, why);
        if (l.output) break;
        if (has_positions(&l) && s->d->dims == 1) return refuse(s, "needs images; the data have one dimension");
        snprintf(name, sizeof name, "%s.%d", s->name, s->index);
        v = build_layer(s, v, &l, name);
        s->index += has_parameters(l.kind);
    }
    return v;
}

static bf_value build(bf_builder *b, const bf_vae_options *o, const bf_condition *c, const bf_vae_data *d, bf_half half, bf_value v)
{
    bf_layer_texts encoder, decoder;
    bf_described_layers(o, d, &encoder, &decoder);
    const bool encodes = half == BF_ENCODER;
    side s = { .b = b, .o = o, .c = c, .d = d, .half = half, .name = encodes ? "encoder" : "decoder", .texts = encodes ? &encoder : &decoder };
    return build_side(&s, v);
}

bf_value bf_described_encoder(bf_builder *b, const bf_vae_options *o, const bf_condition *c, const bf_vae_data *d, bf_value x)
{
    return build(b, o, c, d, BF_ENCODER, x);
}

bf_value bf_described_decoder(bf_builder *b, const bf_vae_options *o, const bf_condition *c, const bf_vae_data *d, bf_value z)
{
    return build(b, o, c, d, BF_DECODER, z);
}

bf_value bf_described_output(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value features, const char *name, int per_entry,
                             double gain, double bias)
{
    bf_layer_texts encoder, decoder;
    bf_layer l;
    char what[96];
    bf_described_layers(o, d, &encoder, &decoder);
    if (features == BF_NO_VALUE || !output_layer(&decoder, &l) || l.kind == BF_LAYER_FC) return BF_NO_VALUE;
    const side s = { .b = b, .o = o, .d = d, .name = "decoder", .texts = &decoder, .at = decoder.count - 1 };
    const bf_shape want = image(d, bf_builder_shape(b, features).rows);
    l.window.bias = bias;
    if (d->dims == 1) return refuse(&s, "needs images; the data have one dimension");
    const bf_value v = convolve(&s, features, want.channels * per_entry, &l.window, l.kind == BF_LAYER_DECONV, name, gain);
    const bf_shape got = bf_builder_shape(b, v);
    if (v == BF_NO_VALUE || (got.height == want.height && got.width == want.width)) return v;
    snprintf(what, sizeof what, "ends at %d x %d positions, the data have %d x %d", got.height, got.width, want.height, want.width);
    return refuse(&s, what);
}
