/* Networks in words: what they build, how much of it, that gradients are right, and what they say to data they do not fit. */
#include "close.h"
#include "nn/tree.h"
#include "twins/twin.h"
#include "vae/network_described.h"
#include "vae_rig.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3, LANES = 2 };

static bf_vae_data images(int height, int width, int channels)
{
    return (bf_vae_data){ .dims = 3, .shape = { height, width, channels }, .width = height * width * channels, .variance = 0.1 };
}

static void take(const char *const *from, bf_layer_texts *to)
{
    for (to->count = 0; from[to->count] != NULL; to->count++) snprintf(to->at[to->count], BF_LAYER_TEXT, "%s", from[to->count]);
}

#define LAYERS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static bf_vae_options described(const char *const *encoder, const char *const *decoder)
{
    bf_vae_options o = vae_rig_options();
    snprintf(o.net, sizeof o.net, "described");
    take(encoder, &o.encoder);
    take(decoder, &o.decoder);
    return o;
}

/* --- published networks ------------------------------------------------------------------------------------------- */

/* Counted by hand from the layers. The published numbers, in millions, are within what a bias under each bn adds. */
static const struct { const char *net; int side, channels; long long latent, parameters; double published; } rows[] = {
    { "infogan", 28, 1, 64, 13311937, 13.3 }, { "wae", 64, 3, 64, 47079811, 47.1 }, { "wae-mnist", 28, 1, 8, 22024465, NAN },
    { "resnet", 64, 3, 128, 19648003, 19.6 }, { "sigma", 28, 3, 20, 992427, 0.99 }, { "tcvae-mlp", 64, 1, 10, 14196516, 14.2 },
    { "tcvae-conv", 64, 1, 10, 1297173, NAN }, { "dlib-conv", 64, 1, 10, 690517, 0.69 }, { "pythae-conv", 28, 1, 16, 17229345, 17.2 },
    { "mr-resnet", 28, 1, 32, 1881217, 1.88 }, { "bs-resnet", 28, 1, 32, 1284065, NAN }, { "bs-resnet", 64, 3, 64, 5167971, NAN },
    { "second-stage", 8, 1, 64, 4540608, 4.54 },
};
enum { NETS = sizeof rows / sizeof *rows };

static void test_network_described__published_networks_have_their_sizes(void **state)
{
    (void)state;
    const bf_plan_shape shape = { .rows = 2, .lanes = 1, .counted = true };
    for (int i = 0; i < NETS; i++) {
        const bf_vae_data d = images(rows[i].side, rows[i].side, rows[i].channels);
        bf_vae_options o = vae_rig_options();
        bf_vae v;
        bf_params *params = bf_params_create();
        snprintf(o.net, sizeof o.net, "%s", rows[i].net);
        snprintf(o.likelihood, sizeof o.likelihood, "bernoulli");
        o.latent = rows[i].latent;
        const bf_status s = bf_vae_build(&o, &d, BF_VAE_EVALUATE, &shape, &bf_backend_portable, 0, params, &v);
        if (s.code) fail_msg("%s", s.what);
        const long long count = bf_params_count(params);
        if (count != rows[i].parameters) fail_msg("%s: %lld parameters", o.net, count);
        if (!isnan(rows[i].published)) BF_CHECK_NEAR(1e-6 * (double)count, rows[i].published, 0.005 * rows[i].published);
        assert_int_equal(bf_shape_cols(bf_plan_shape_of(v.plan, v.recon)), d.width);
        assert_int_equal(bf_shape_cols(bf_plan_shape_of(v.plan, v.mean)), o.latent);
        bf_vae_destroy(&v);
        bf_params_destroy(&params);
    }
}

static void test_network_described__every_network_in_words_is_counted_above(void **state)
{
    (void)state;
    for (int n = 0; bf_network_names[n] != NULL; n++) {
        bool found = !bf_network_in_words(bf_network_find(bf_network_names[n])) || strcmp(bf_network_names[n], "described") == 0;
        for (int i = 0; i < NETS; i++) found = found || strcmp(rows[i].net, bf_network_names[n]) == 0;
        if (!found) fail_msg("%s has no row here", bf_network_names[n]);
    }
}

/* --- what is built ------------------------------------------------------------------------------------------------ */

static void test_network_described__slots_are_numbered_by_layers_that_have_some(void **state)
{
    (void)state;
    static const char *const names[] = {
        "encoder.0.weight", "encoder.0.bn.weight", "encoder.0.bn.bias", "encoder.0.bn.running_mean", "encoder.0.bn.running_var",
        "encoder.1.conv1.weight", "encoder.1.conv1.bias", "encoder.1.conv2.weight", "encoder.1.conv2.bias", "encoder.1.shortcut.weight",
        "encoder.1.shortcut.bias", "encoder.2.weight", "encoder.2.bias", "posterior.mean.weight", "posterior.mean.bias", "posterior.logvar.weight",
        "posterior.logvar.bias", "decoder.0.weight", "decoder.0.bias", "decoder.output.weight", "decoder.output.bias", "likelihood.log_variance",
    };
    const bf_vae_options o = described(LAYERS("conv 3 3x3 bn tanh", "pool 2", "res 4 relu", "mean", "fc 5"), LAYERS("fc 2x2x3 tanh", "output deconv 4x4 /2"));
    const bf_vae_data d = images(4, 4, 2);
    vae_rig r = vae_rig_create_on(&o, &d, BF_VAE_TRAIN, &bf_backend_portable, ROWS, 1, 0);
    assert_int_equal(bf_params_slots(r.params), sizeof names / sizeof *names);
    for (int s = 0; s < bf_params_slots(r.params); s++) assert_string_equal(bf_params_at(r.params, s)->name, names[s]);
    const bf_slot *first = bf_params_at(r.params, 0), *last = bf_params_at(r.params, 19);
    assert_int_equal(first->shape[0], 3);       /* (out, in, k, k) */
    assert_int_equal(first->shape[1], 2);
    assert_int_equal(last->shape[0], 3);        /* (in, out, k, k) */
    assert_int_equal(last->shape[1], 2);
    vae_rig_destroy(&r);
}

static void test_network_described__x_has_positions_where_the_encoder_wants_them(void **state)
{
    (void)state;
    const bf_vae_data d = images(4, 6, 2);
    bf_vae_options o = described(LAYERS("fc 3 tanh"), LAYERS("fc H/2xW/2x2", "output deconv 4x4 /2"));
    const bf_shape flat = bf_described_input(&o, &d, 5);
    assert_int_equal(flat.channels, 48);
    o = described(LAYERS("fc 3 tanh", "conv 3 1x1"), LAYERS("fc 3"));
    const bf_shape spatial = bf_described_input(&o, &d, 5);
    assert_int_equal(spatial.rows, 5);
    assert_int_equal(spatial.height, 4);
    assert_int_equal(spatial.width, 6);
    assert_int_equal(spatial.channels, 2);
}

/* --- gradients ---------------------------------------------------------------------------------------------------- */

static double loss_at(vae_rig *r, size_t i, double x)
{
    ((double *)r->theta)[i] = x;
    vae_rig_run(r, ROWS);
    return vae_rig_loss(r);
}

static double slope(vae_rig *r, size_t i)
{
    const double h = 1e-4, x = ((double *)r->theta)[i];
    const double far = loss_at(r, i, x - 2 * h) - loss_at(r, i, x + 2 * h), near = loss_at(r, i, x + h) - loss_at(r, i, x - h);
    ((double *)r->theta)[i] = x;
    return (far + 8 * near) / (12 * h);
}

static void check_differences(const bf_vae_options *o, const bf_vae_data *d)
{
    vae_rig r = vae_rig_create_on(o, d, BF_VAE_TRAIN, &bf_backend_twin, ROWS, LANES, 0);
    double *gradient = calloc(r.size * LANES, sizeof *gradient);
    assert_non_null(gradient);
    vae_rig_run(&r, ROWS);
    memcpy(gradient, r.grads, r.size * LANES * sizeof *gradient);
    bf_tree_f64(gradient, LANES, r.size);
    for (int s = 0; s < bf_params_slots(r.params); s++) {
        const bf_slot *slot = bf_params_at(r.params, s);
        for (size_t i = 0; !slot->average && i < slot->count; i++) {
            const double want = slope(&r, slot->offset + i), got = gradient[slot->offset + i];
            if (!(fabs(got - want) <= 1e-5 * (1e-2 + fabs(want)))) fail_msg("%s[%zu]: gradient %.12g, not %.12g", slot->name, i, got, want);
        }
    }
    free(gradient);
    vae_rig_destroy(&r);
}

static void check_f32(const bf_vae_options *o, const bf_vae_data *d)
{
    vae_rig fast = vae_rig_create_on(o, d, BF_VAE_TRAIN, &bf_backend_portable, ROWS, LANES, 0);
    vae_rig twin = vae_rig_create_on(o, d, BF_VAE_TRAIN, &bf_backend_twin, ROWS, LANES, 0);
    fast.batch = twin.batch = (ROWS - 1) * LANES;
    vae_rig_run(&fast, ROWS - 1);
    vae_rig_run(&twin, ROWS - 1);
    BF_CHECK_NEAR(vae_rig_loss(&fast), vae_rig_loss(&twin), 1e-4 * (1.0 + fabs(vae_rig_loss(&twin))));
    double scale = 0;
    for (size_t i = 0; i < fast.size * LANES; i++) scale = fmax(scale, fabs(((double *)twin.grads)[i]));
    for (size_t i = 0; i < fast.size * LANES; i++) {
        const double got = (double)((float *)fast.grads)[i], want = ((double *)twin.grads)[i];
        if (!(fabs(got - want) <= 1e-4 * scale)) fail_msg("flat[%zu]: %.12g, not %.12g", i, got, want);
    }
    vae_rig_destroy(&fast);
    vae_rig_destroy(&twin);
}

/* Together these have every kind of layer. Activations are smooth, so that differences mean something. */
static void test_network_described__gradients_equal_finite_differences(void **state)
{
    (void)state;
    const bf_vae_options nets[] = {
        described(LAYERS("conv 2 3x3 /2 bn tanh", "res 2 elu", "res 3 /2 p1 bn softplus", "act tanh"),
                  LAYERS("fc 2x2x2 bn tanh", "res-pre 3 bn tanh", "output deconv 3x3 /2 p1 op1")),
        described(LAYERS("deconv 2 2x2 p0 tanh", "conv 2 2x2 p0", "pool 2", "mean", "res-fc 3 softplus"),
                  LAYERS("fc 3 bn tanh", "join", "fc H/4xW/4x2 tanh", "up 4", "conv 2 1x1 sigmoid", "output fc")),
        described(LAYERS("conv 2 3x3 /2 sn tanh", "fc 4 sn bn tanh"), LAYERS("deconv 2 4x4 p0 tanh", "output conv 3x3")),
    };
    bf_vae_data d = images(4, 4, 2);
    d.classes = RIG_CLASSES;
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        bf_vae_options told = nets[i];              /* classes beside every position of the image */
        snprintf(told.condition, sizeof told.condition, "label");
        /* Spectral normalisation takes its vectors for constants on the way back: not what differences see. */
        if (strstr(nets[i].encoder.at[0], "sn") == NULL) check_differences(&nets[i], &d);
        if (i == 0) check_differences(&told, &d);
        check_f32(&nets[i], &d);
        check_f32(&told, &d);
    }
}

/* --- what does not fit -------------------------------------------------------------------------------------------- */

static void refuse(bf_status s, const char *fragment)
{
    assert_int_equal(s.code, BF_E_INPUT);
    if (strstr(s.what, fragment) == NULL) fail_msg("'%s' does not mention '%s'", s.what, fragment);
}

static bf_status fit(const char *const *encoder, const char *const *decoder, const bf_vae_data *d)
{
    const bf_vae_options o = described(encoder, decoder);
    return bf_vae_fits(&o, d);
}

static void test_network_described__data_that_do_not_fit_are_named_with_layer_and_sizes(void **state)
{
    (void)state;
    const bf_vae_data d = images(6, 6, 1), flat = { .dims = 1, .shape = { 36 }, .width = 36, .variance = 1.0 };
    bf_vae_options o = vae_rig_options();
    assert_int_equal(fit(LAYERS("conv 2 3x3 /2 relu"), LAYERS("fc H/2xW/2x2", "output deconv 4x4 /2"), &d).code, BF_OK);
    refuse(fit(LAYERS("conv 2 3x3 /2", "conv 3 4x4 p0"), LAYERS("fc 2"), &d),
           "model.encoder: layer 2 'conv 3 4x4 p0': a window of 4 with padding 0 does not fit 3 x 3 positions");
    refuse(fit(LAYERS("fc 2"), LAYERS("fc 2x2x2", "output deconv 4x4 /2"), &d),
           "model.decoder: layer 2 'output deconv 4x4 /2': ends at 4 x 4 positions, the data have 6 x 6");
    refuse(fit(LAYERS("conv 2 3x3"), LAYERS("fc 2"), &flat), "model.encoder: layer 1 'conv 2 3x3': needs images");
    refuse(fit(LAYERS("fc 2"), LAYERS("output conv 3x3"), &flat), "model.decoder: layer 1 'output conv 3x3': needs images");
    refuse(fit(LAYERS("pool 4"), LAYERS("fc 2"), &d), "6 x 6 positions are no multiple of 4");
    refuse(fit(LAYERS("res 4 3x3 p0 relu"), LAYERS("fc 2"), &d), "its layers make 4 x 4 positions and its shortcut 6 x 6");
    refuse(fit(LAYERS("up 16", "up 16", "up 16"), LAYERS("fc 2"), &d), "layer 3 'up 16': 24576 x 24576 x 1 entries are more than");
    refuse(fit(LAYERS("fc 2"), LAYERS("fc 65536x65536x65536"), &d), "entries are more than");
    refuse(fit(LAYERS("deconv 65536 64x64 /16 p0"), LAYERS("fc 2"), &d), "entries are more than");
    snprintf(o.net, sizeof o.net, "resnet");
    refuse(bf_vae_fits(&o, &d), "model.net: resnet, decoder layer 4 'output conv 3x3': ends at 4 x 4 positions, the data have 6 x 6");
}

/* Words say only when they are built whether there is a layer to act on. */
static void test_network_described__both_sides_are_told_beta_or_it_fails(void **state)
{
    (void)state;
    const bf_vae_data d = images(6, 6, 1);
    static const char *const modulations[] = { "gate", "root", "film", "cconv" };
    const struct { const char *const *encoder, *const *decoder; const char *without; } cases[] = {
        { LAYERS("mean"), LAYERS(NULL), "network" }, { LAYERS("mean"), LAYERS("fc 3 relu", "output fc"), "network's encoder" },
        { LAYERS("conv 2 3x3 relu"), LAYERS("act tanh", "output fc"), "network's decoder" },
    };
    char said[96];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bf_vae_options o = described(cases[i].encoder, cases[i].decoder);
        snprintf(o.condition, sizeof o.condition, "beta");
        o.beta = NAN;
        o.beta_range[0] = 0.1;
        o.beta_range[1] = 10.0;
        for (size_t m = 0; m < sizeof modulations / sizeof *modulations; m++) {
            snprintf(o.modulation, sizeof o.modulation, "%s", modulations[m]);
            snprintf(said, sizeof said, "model.modulation: %s acts on hidden layers and this %s has none", modulations[m], cases[i].without);
            refuse(bf_vae_fits(&o, &d), said);
        }
        snprintf(o.modulation, sizeof o.modulation, "concat");
        assert_int_equal(bf_vae_fits(&o, &d).code, BF_OK);
        snprintf(o.condition, sizeof o.condition, "none");
        assert_int_equal(bf_vae_fits(&o, &d).code, BF_OK);
    }
}

static void test_network_described__lists_are_checked_without_data(void **state)
{
    (void)state;
    bf_vae_options o = vae_rig_options();
    snprintf(o.net, sizeof o.net, "described");
    refuse(bf_described_check(&o), "model.encoder: model.net: described needs its layers");
    o = described(LAYERS("fc 3", "cnov 3 3x3"), LAYERS("fc 3"));
    refuse(bf_described_check(&o), "model.encoder: layer 2, word 1 'cnov'");
    o = described(LAYERS("fc 3"), LAYERS("output fc", "fc 3"));
    refuse(bf_described_check(&o), "model.decoder: layer 1: output is the last layer of a decoder");
    o = described(LAYERS("output conv 3x3"), LAYERS("fc 3"));
    refuse(bf_described_check(&o), "model.encoder: layer 1: output");
    o = described(LAYERS("fc 3"), LAYERS("fc 3"));
    assert_int_equal(bf_described_check(&o).code, BF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_network_described__published_networks_have_their_sizes),
        cmocka_unit_test(test_network_described__every_network_in_words_is_counted_above),
        cmocka_unit_test(test_network_described__slots_are_numbered_by_layers_that_have_some),
        cmocka_unit_test(test_network_described__x_has_positions_where_the_encoder_wants_them),
        cmocka_unit_test(test_network_described__gradients_equal_finite_differences),
        cmocka_unit_test(test_network_described__data_that_do_not_fit_are_named_with_layer_and_sizes),
        cmocka_unit_test(test_network_described__both_sides_are_told_beta_or_it_fails),
        cmocka_unit_test(test_network_described__lists_are_checked_without_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
