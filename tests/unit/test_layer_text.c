/* The language of networks: every word, and what it says to words that are none. */
#include "close.h"
#include "vae/layer_text.h"
#include <stdio.h>
#include <string.h>

static bf_layer parse(const char *text)
{
    bf_layer l;
    char why[BF_LAYER_WHY] = "";
    if (!bf_layer_parse(text, &l, why)) fail_msg("'%s': %s", text, why);
    return l;
}

static void refuse(const char *text, const char *fragment)
{
    bf_layer l;
    char why[BF_LAYER_WHY] = "";
    if (bf_layer_parse(text, &l, why)) fail_msg("'%s' is taken for a layer", text);
    if (strstr(why, fragment) == NULL) fail_msg("'%s': '%s' does not mention '%s'", text, why, fragment);
}

static void test_layer_text__a_convolution_has_every_word(void **state)
{
    (void)state;
    const bf_layer l = parse("  conv 64  4x4 /2 p1 sn bn lrelu ");
    assert_int_equal(l.kind, BF_LAYER_CONV);
    assert_int_equal(l.channels, 64);
    assert_int_equal(l.window.kernel, 4);
    assert_int_equal(l.window.stride, 2);
    assert_int_equal(l.window.pad, 1);
    assert_false(l.window.same);
    assert_true(l.norm && l.spectral && !l.output);
    assert_int_equal(l.activation, BF_LEAKY_RELU);
    const bf_layer other = parse("conv 64 lrelu bn 4x4 sn p1 /2");      /* but for the size, words stand in any order */
    assert_int_equal(other.window.stride, 2);
    assert_true(other.norm && other.spectral);
    const bf_layer least = parse("conv 1 1x1");
    assert_int_equal(least.window.stride, 1);
    assert_true(least.window.same && !least.norm && !least.spectral && !least.window.plain);
    assert_int_equal(least.activation, BF_LINEAR);
    assert_true(parse("conv 65536 64x64 /16 same").window.same);
    assert_false(parse("conv 8 3x3 p0").window.same);
}

static void test_layer_text__a_transposed_convolution_pads_its_output(void **state)
{
    (void)state;
    const bf_layer l = parse("deconv 32 3x3 /2 p1 op1 elu");
    assert_int_equal(l.kind, BF_LAYER_DECONV);
    assert_int_equal(l.window.pad, 1);
    assert_int_equal(l.window.out_pad, 1);
    assert_int_equal(l.activation, BF_ELU);
    refuse("conv 32 3x3 /2 p1 op1", "word 6 'op1'");
    refuse("deconv 32 3x3 /2 op1", "opN beside pN");
    refuse("deconv 32 3x3 /2 p1 op2", "below its stride");
    refuse("deconv 32 3x3 p3", "below its window");
    refuse("deconv 32 3x3 same p1", "either same or pN");
}

static void test_layer_text__a_dense_layer_may_have_positions(void **state)
{
    (void)state;
    const bf_layer flat = parse("fc 1024 sigmoid"), fixed = parse("fc 7x5x128"), scaled = parse("fc H/4xWx3 bn relu");
    assert_int_equal(flat.channels, 1024);
    assert_false(flat.spatial);
    assert_true(fixed.spatial);
    assert_int_equal(bf_side_of(fixed.height, 28, 28), 7);
    assert_int_equal(bf_side_of(fixed.width, 28, 28), 5);
    assert_int_equal(fixed.channels, 128);
    assert_int_equal(bf_side_of(scaled.height, 28, 32), 7);
    assert_int_equal(bf_side_of(scaled.height, 30, 32), 8);      /* rounded up */
    assert_int_equal(bf_side_of(scaled.width, 28, 32), 32);
    refuse("fc 7x7", "word 2 '7x7'");
    refuse("fc 7x7x", "word 2");
    refuse("fc 7x7x128x2", "word 2");
    refuse("fc H/0xWx3", "word 2");
    refuse("fc C/4xWx3", "word 2");
    refuse("fc H/4xW/4xH", "word 2");
    refuse("fc", "word 2 ''");
    refuse("fc 128 /2", "word 3 '/2': fc takes bn, sn, an activation");
}

static void test_layer_text__blocks_and_what_has_no_parameters(void **state)
{
    (void)state;
    const bf_layer block = parse("res 64 /2 p1 bn relu"), wide = parse("res 64 5x5 relu");
    assert_int_equal(block.window.kernel, 3);
    assert_int_equal(block.window.pad, 1);
    assert_int_equal(wide.window.kernel, 5);
    assert_true(wide.window.same);
    assert_int_equal(parse("res-pre 16 bn relu").kind, BF_LAYER_RES_PRE);
    assert_int_equal(parse("res-fc 512 tanh").channels, 512);
    assert_int_equal(parse("pool 2").channels, 2);
    assert_int_equal(parse("up 16").channels, 16);
    assert_int_equal(parse("mean").kind, BF_LAYER_MEAN);
    assert_int_equal(parse("act lrelu0.2").activation, BF_LEAKY_RELU_2);
    assert_int_equal(parse("join").kind, BF_LAYER_JOIN);
    refuse("res 64 bn", "needs an activation");
    refuse("res-pre 64 /2 relu", "word 3 '/2'");
    refuse("res-fc 512 bn relu", "word 3 'bn'");
    refuse("pool 1", "2 to 16");
    refuse("up 17", "2 to 16");
    refuse("mean relu", "word 2 'relu': mean takes no more words");
    refuse("act", "needs an activation");
    refuse("join 3", "word 2 '3'");
}

static void test_layer_text__an_output_layer_has_no_size(void **state)
{
    (void)state;
    const bf_layer l = parse("output deconv 4x4 /2 p1");
    assert_true(l.output);
    assert_int_equal(l.kind, BF_LAYER_DECONV);
    assert_int_equal(l.window.kernel, 4);
    assert_true(parse("output fc").output);
    refuse("output conv 3 3x3", "word 3 '3': an output layer has neither channels");
    refuse("output conv 3x3 relu", "word 4 'relu'");
    refuse("output conv", "needs a window");
    refuse("output res 3x3", "word 2 'res': an output layer is conv, deconv or fc");
    refuse("output", "an output layer is");
}

static void test_layer_text__every_activation_has_its_name(void **state)
{
    (void)state;
    char text[64];
    for (int kind = 0; bf_activation_names[kind] != NULL; kind++) {
        snprintf(text, sizeof text, "fc 8 %s", bf_activation_names[kind]);
        assert_int_equal(parse(text).activation, kind);
    }
    refuse("fc 8 relu tanh", "word 4 'tanh': given already");
}

static void test_layer_text__wrong_words_are_named_with_their_place_and_the_nearest(void **state)
{
    (void)state;
    refuse("", "no words");
    refuse("    ", "no words");
    refuse("cnov 64 4x4", "word 1 'cnov': expected conv, deconv, fc");
    refuse("cnov 64 4x4", "did you mean conv?");
    refuse("Conv 64 4x4", "did you mean conv?");
    refuse("conv 64 4x4 /2 lrleu", "word 5 'lrleu'");
    refuse("conv 64 4x4 /2 lrleu", "did you mean lrelu?");
    refuse("conv 64 4x4 bm", "did you mean bn?");
    refuse("conv 64 4x4 bn bn", "word 5 'bn': given already");
    refuse("conv 64", "needs a window");
    refuse("conv relu 4x4", "word 2 'relu': expected channels");
    refuse("conv 64 4x3", "word 3 '4x3'");
    refuse("conv 64 4x4x4", "word 3");
    refuse("conv 64 x4", "word 3");
    refuse("conv 64 4X4", "word 3");
    refuse("conv 64 4x4 / 2", "word 4 '/'");
    refuse("conv 64 4x4 /2.5", "word 4");
    refuse("conv 64 4x4 p", "word 4");
    refuse("conv 64\t4x4", "word 2");
}

static void test_layer_text__numbers_have_bounds_and_do_not_overflow(void **state)
{
    (void)state;
    refuse("conv 0 4x4", "word 2 '0': expected channels, 1 to 65536");
    refuse("conv 65537 4x4", "word 2");
    refuse("conv -3 4x4", "word 2");
    refuse("conv 4294967297 4x4", "word 2");
    refuse("conv 99999999999999999999 4x4", "word 2");
    refuse("conv 0000000064 4x4", "word 2");
    refuse("conv 64 0x0", "word 3");
    refuse("conv 64 65x65", "word 3");
    refuse("conv 64 4x4 /0", "word 4");
    refuse("conv 64 4x4 /17", "word 4");
    refuse("conv 64 4x4 p64", "word 4");
    refuse("fc 99999x99999x9", "word 2");
    refuse("conv 64 4x4 sn bn relu p1 /2 a b c d e f g", "more words");
    refuse("conv 64 4x4 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "word 4: longer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layer_text__a_convolution_has_every_word),
        cmocka_unit_test(test_layer_text__a_transposed_convolution_pads_its_output),
        cmocka_unit_test(test_layer_text__a_dense_layer_may_have_positions),
        cmocka_unit_test(test_layer_text__blocks_and_what_has_no_parameters),
        cmocka_unit_test(test_layer_text__an_output_layer_has_no_size),
        cmocka_unit_test(test_layer_text__every_activation_has_its_name),
        cmocka_unit_test(test_layer_text__wrong_words_are_named_with_their_place_and_the_nearest),
        cmocka_unit_test(test_layer_text__numbers_have_bounds_and_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
