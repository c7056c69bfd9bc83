/* modulation root: what a linear model with a fixed decoder variance needs to be the best one at every beta, with one set of parameters. Where
 * beta times the variance is e^raw of a dimension's eigenvalue, decoder column and encoder row are s = sqrt(1 - e^raw) of what they are for
 * beta = 0, in the encoder as in the decoder, and the posterior's log variance is raw: 0, the prior's, as soon as the dimension is given up. */
#include "vae/condition.h"
#include "vae/ops.h"

static bf_value hidden(bf_builder *b, const bf_condition *c, bf_value v, const char *name, bf_half side)
{
    (void)side;
    return bf_gate(b, v, c->n, name, true);
}

const bf_modulation bf_modulation_root = {
    .name = "root", .help = "as gate, the decoder's curve in the encoder too: exact for linear models", .hidden = hidden, .capped = true,
};
