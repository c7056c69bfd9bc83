/* Which ranks work together: equal teams, as many as fit, the rest idle. */
#ifndef BF_FARM_LAYOUT_H
#define BF_FARM_LAYOUT_H
#include <stddef.h>
#include "base/status.h"
#include "study/config.h"

typedef struct bf_layout { int ranks, team_size, teams, idle; char why[160]; } bf_layout;
/* Local, the same on every rank. pending: configurations still to train; width: how many of them can train at a time, fewer than all where some
 * start from others' weights; lanes: the smallest train.lanes among them; wanted: parallel.ranks_per_config (0 auto).
 * BF_E_INPUT when the wanted size is no power of two or larger than the lanes. */
BF_MUST_USE bf_status bf_layout_decide(int ranks, int pending, int width, int lanes, int64_t wanted, bf_layout *out);
static inline int bf_layout_team(const bf_layout *l, int rank) { return rank < l->teams * l->team_size ? rank / l->team_size : -1; }
#endif
