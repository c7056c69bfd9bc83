/* The processor this process runs on, as the kernel describes it: for provenance, `version` and the choice of warnings. */
#ifndef BF_BASE_MACHINE_H
#define BF_BASE_MACHINE_H

typedef enum bf_simd { BF_SIMD_UNKNOWN, BF_SIMD_BASE, BF_SIMD_AVX, BF_SIMD_AVX2, BF_SIMD_AVX512 } bf_simd;

typedef struct bf_machine {
    char    cpu[96];            /* "AMD EPYC 9R14"; the architecture's name where the kernel tells no model */
    char    features[256];      /* the instruction sets that matter to arithmetic, separated by blanks */
    bf_simd simd;               /* the widest of them; UNKNOWN where the processor is no x86 */
    int     processors;         /* online in this machine */
    int     usable;             /* this process may run on: its affinity mask */
} bf_machine;

/* Local. Reads /proc/cpuinfo; what cannot be read is "unknown" or 0. */
void bf_machine_read(bf_machine *out);
/* The instruction set the compiler was allowed to use for our own loops, and its name. */
bf_simd bf_machine_built_for(void);
const char *bf_simd_name(bf_simd s);
#endif
