/* The farm: which team of ranks trains which configuration, in one study, until all are done. */
#ifndef BF_FARM_FARM_H
#define BF_FARM_FARM_H
#include "comm/comm.h"
#include "study/study.h"
#endif
