#include "store/pieces.h"

bf_pieces bf_pieces_cut(int rank, const hsize_t *shape, size_t value, int64_t most)
{
    bf_pieces p = { .rank = rank, .step = 1, .along = 1, .inner = 1, .count = 1 };
    for (int i = 0; i < rank; i++) {
        p.shape[i] = (int64_t)shape[i];
        if (p.shape[i] == 0) p.count = 0;
    }
    if (rank == 0 || p.count == 0) return p;
    /* From the last axis on, as long as all of it fits. */
    for (p.axis = rank - 1; p.axis > 0 && p.shape[p.axis] <= most / (p.inner * (int64_t)value); p.axis--) p.inner *= p.shape[p.axis];
    const int64_t length = p.shape[p.axis], fits = most / (p.inner * (int64_t)value);
    p.step = fits < 1 ? 1 : fits < length ? fits : length;
    p.along = (length + p.step - 1) / p.step;
    p.count = p.along;
    for (int i = 0; i < p.axis; i++) p.count *= p.shape[i];
    return p;
}

int64_t bf_pieces_at(const bf_pieces *p, int64_t k, hsize_t *start, hsize_t *count)
{
    if (p->rank == 0) return 0;
    const int64_t length = p->shape[p->axis], first = k % p->along * p->step, left = length - first;
    int64_t outer = k / p->along;
    const int64_t before = (outer * length + first) * p->inner;
    for (int i = p->rank - 1; i > p->axis; i--) {
        start[i] = 0;
        count[i] = (hsize_t)p->shape[i];
    }
    start[p->axis] = (hsize_t)first;
    count[p->axis] = (hsize_t)(left < p->step ? left : p->step);
    for (int i = p->axis - 1; i >= 0; i--) {
        start[i] = (hsize_t)(outer % p->shape[i]);
        count[i] = 1;
        outer /= p->shape[i];
    }
    return before;
}
