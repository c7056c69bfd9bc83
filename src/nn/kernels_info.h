/* Whose arithmetic it is: the kernels that a result's bits depend on. */
#ifndef BF_NN_KERNELS_INFO_H
#define BF_NN_KERNELS_INFO_H
#include <stdbool.h>
#include <stddef.h>

/* Local. "portable built=avx512 cpu=avx512 blas=Cooperlake": equal texts give equal bits. Stored in checkpoints, compared on resume. */
void bf_kernel_identity(const char *backend, char *out, size_t size);
/* Local. The BLAS library and its build: "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY Cooperlake MAX_THREADS=64". */
void bf_kernel_library(char *out, size_t size);
/* Local. True, with a sentence, when BLAS kernels for a lesser processor than this one are in use (OPENBLAS_CORETYPE, an old library). */
bool bf_kernel_warning(char *out, size_t size);
#endif
