/* Fault plans as text: "point:rank:nth:action[,...]", action one of fail, nan, kill; nth counts visits from 1. Tests only: the product has no such door. */
#ifndef BF_TEST_FAULT_PARSE_H
#define BF_TEST_FAULT_PARSE_H
#include "comm/comm.h"
/* Local. BF_E_USAGE names the entry that is wrong; *out is then empty. */
BF_MUST_USE bf_status bf_fault_parse(const char *text, bf_fault_plan *out);
#endif
