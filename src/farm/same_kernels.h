/* A study's bits are those of one kind of kernels: on every rank that trains it, and in everything that it continues. The key
 * parallel.kernels: any gives that up; the file then says determinism = statistical. */
#ifndef BF_FARM_SAME_KERNELS_H
#define BF_FARM_SAME_KERNELS_H
#include "comm/comm.h"
#include "farm/ledger.h"

/* Collective over world. BF_E_INPUT where a rank's kernels are not those of rank 0: what it trains would depend on who trained it. */
BF_MUST_USE bf_status bf_same_kernels_on_ranks(const bf_comm *world, const bf_study *study);
/* Local, rank 0. BF_E_INPUT where a checkpoint that would be resumed, a file whose training would be made longer, or weights that a neighbour
 * would start from, are the work of other kernels. */
BF_MUST_USE bf_status bf_same_kernels_as_before(const bf_ledger *l);
#endif
