#include "farm/weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for any one slot. */
static bf_status slot_room(const bf_params *p, float **out)
{
    size_t most = 1;
    for (int i = 0; i < bf_params_slots(p); i++)
        if (bf_params_at(p, i)->count > most) most = bf_params_at(p, i)->count;
    *out = malloc(most * sizeof **out);
    return *out ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for a layer of %zu weights", most);
}

static bf_array as_array(const bf_slot *slot, float *values)
{
    bf_array a = { .type = BF_TYPE_F32, .rank = slot->rank, .data = values };
    snprintf(a.name, sizeof a.name, "weights/%s", slot->name);
    memcpy(a.shape, slot->shape, (size_t)slot->rank * sizeof *slot->shape);
    return a;
}

bf_status bf_weights_write(bf_config_file *f, const bf_comm *team, const bf_params *p, const float *theta)
{
    static const char *const dims[] = { [1] = "out", [2] = "out in", [4] = "filter channel kernel_row kernel_column" };
    float *values = NULL;
    bf_status s = bf_comm_agree(team, slot_room(p, &values));
    for (int i = 0; !s.code && i < bf_params_slots(p); i++) {
        const bf_slot *slot = bf_params_at(p, i);
        const bf_array a = as_array(slot, values);
        bf_params_export(slot, theta + slot->offset, values);
        s = bf_config_file_array(f, &a, &(bf_dataset_text){ dims[slot->rank], "1", "final parameters, PyTorch layout" });
    }
    free(values);
    return s;
}

bf_status bf_weights_read(const char *path, int id, const bf_params *p, float *theta)
{
    float *values = NULL;
    bf_status s = slot_room(p, &values);
    for (int i = 0; !s.code && i < bf_params_slots(p); i++) {
        const bf_slot *slot = bf_params_at(p, i);
        const bf_array a = as_array(slot, values);
        s = bf_config_file_read_array(path, id, &a);
        if (!s.code) bf_params_import(slot, values, theta + slot->offset);
    }
    free(values);
    return s;
}
