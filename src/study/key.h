/* The one table of input keys. Parser, `betafield keys`, `plan`, the man page and the HDF5 columns are printed from it. */
#ifndef BF_STUDY_KEY_H
#define BF_STUDY_KEY_H
#include <stddef.h>
#include "base/status.h"
#include "study/config.h"

typedef enum bf_key_type {
    BF_KEY_BOOL, BF_KEY_INT, BF_KEY_REAL, BF_KEY_TEXT, BF_KEY_CHOICE, BF_KEY_INTS, BF_KEY_REALS,
    BF_KEY_PATHS, BF_KEY_SPLITS, BF_KEY_MEASURES,
    BF_KEY_PAIR,                /* double[2] */
    BF_KEY_LAYERS,              /* bf_layer_texts */
    BF_KEY_WEIGHT,              /* double[3]: a number and two NaNs, or a NaN and the ends of {range: [a, b]} */
    BF_KEY_CHOICES              /* char[BF_NAME]: a name, or several in the table's order with blanks between; the table's first stands alone */
} bf_key_type;

enum { BF_KEY_RESULT = 1,       /* changes results: part of config_hash        */
       BF_KEY_SWEEP = 2,        /* may stand under sweep:                      */
       BF_KEY_STRICT = 8 };     /* writing it where no configuration uses it is a mistake */

typedef struct bf_key {
    const char *path;           /* "train.lr" */
    bf_key_type type;
    size_t      offset, size;   /* in bf_config */
    const char *fallback;       /* the default, as YAML text; NULL: required */
    const char *range;          /* "1:4096", "(0:inf)", or the choices "a b c"; NULL: any. A word allowed beside numbers follows
                                 * a bar with the value that is stored for it: "0:inf|auto=nan" */
    const char *const *choices; /* names of a registry, NULL-terminated; NULL when range holds them */
    const char *unit, *help;
    int         flags;
    const char *later;          /* names a later version brings ("beta label"): known, but refused with a sentence; NULL: none */
    bool      (*applies)(const bf_config *c);       /* false: this configuration does not use the key; NULL: always used */
    const char *when;           /* the same for people: "train.schedule: step" */
} bf_key;

#define BF_KEY_PRINTED 32768    /* bytes that hold any printed value */

const bf_key *bf_key_table(int *count);
const bf_key *bf_key_find(const char *path);
const bf_key *bf_key_nearest(const char *path);         /* by edit distance; NULL when nothing is near */
bool bf_key_applies(const bf_key *k, const bf_config *cfg);
/* The canonical YAML text of a key's value in cfg (17 significant digits at most, shortest that reads back equal). */
void bf_key_print(const bf_key *k, const bf_config *cfg, char *out, size_t size);
/* Parses YAML flow text ("3", "[1, 2]") into cfg; the sentence says what was expected. */
BF_MUST_USE bf_status bf_key_set(const bf_key *k, const char *yaml, bf_config *cfg);
/* What a value may be, for people: "an integer in [1, 4096] or all", "one of linear, mlp". */
void bf_key_expectation(const bf_key *k, char *out, size_t size);
/* The i-th name a choice may take in this version, whether it comes from a registry or from the range; false past the end. */
bool bf_key_choice(const bf_key *k, int i, char out[BF_NAME]);
const char *bf_key_type_name(bf_key_type type);
#endif
