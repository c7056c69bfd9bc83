#include "farm/key_attributes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "study/key.h"

/* An effective key as an attribute: numbers and booleans (1, 0) as numbers, the rest, "auto" and "none" included, as the text a study
 * file would hold. */
static bf_status key_attribute(const bf_key *k, const bf_config *c, char *printed, bf_attr *a)
{
    const char *at = (const char *)c + k->offset;
    const bool plain = k->type == BF_KEY_TEXT || k->type == BF_KEY_CHOICE;      /* without YAML's quotes */
    snprintf(a->name, sizeof a->name, "%s", k->path);
    bf_key_print(k, c, printed, BF_KEY_PRINTED);
    const bool number = strchr("+-.0123456789", printed[0]) != NULL;
    const bool real = k->type == BF_KEY_REAL || k->type == BF_KEY_WEIGHT;
    a->type = k->type == BF_KEY_BOOL || (k->type == BF_KEY_INT && number) ? 'i' : real && number ? 'f' : 's';
    if (k->type == BF_KEY_BOOL) a->integer = *(const bool *)at;
    else if (a->type == 'i') memcpy(&a->integer, at, sizeof a->integer);
    else if (a->type == 'f') memcpy(&a->real, at, sizeof a->real);
    if (a->type != 's') return BF_DONE;
    a->text = strdup(plain ? at : printed);
    return a->text ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for the attribute %s", k->path);
}

bf_status bf_key_attributes(const bf_config *c, const char *under, bf_attr *attrs, int *n)
{
    int n_keys;
    const bf_key *key = bf_key_table(&n_keys);
    const size_t length = strlen(under);
    char *printed = malloc(BF_KEY_PRINTED);
    bf_status s = printed ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory to print keys");
    *n = 0;
    for (int i = 0; !s.code && i < n_keys; i++)
        if (strncmp(key[i].path, under, length) == 0 && bf_key_applies(&key[i], c))
            s = key_attribute(&key[i], c, printed, &attrs[(*n)++]);
    free(printed);
    return s;
}

void bf_key_attributes_free(bf_attr *attrs, int n)
{
    for (int i = 0; i < n; i++)
        if (attrs[i].type == 's') free((void *)attrs[i].text);
}
