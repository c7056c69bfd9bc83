/* Whose arithmetic it is: the kernels that a result's bits depend on. */
#ifndef BF_NN_KERNELS_INFO_H
#define BF_NN_KERNELS_INFO_H
#include <stdbool.h>
#include <stddef.h>
#include "nn/plan.h"

/* Local. "onednn built=avx512 cpu=avx512 blas=Cooperlake onednn=2.6.3/avx512-bf16": equal texts give equal bits. Stored in checkpoints, compared
 * on resume. */
void bf_kernel_identity(const bf_backend *backend, char *out, size_t size);
/* Local. The identity, and in which element types which operations run in the backend's library. */
void bf_kernel_report(const bf_backend *backend, char *out, size_t size);
/* Local. The BLAS library and its build: "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY Cooperlake MAX_THREADS=64". */
void bf_kernel_library(char *out, size_t size);
/* Local. "oneDNN 2.6.3", or that there is none. */
void bf_kernel_accelerator(char *out, size_t size);
/* Local. True, with a sentence, when a library uses kernels for a lesser processor than this one (OPENBLAS_CORETYPE, ONEDNN_MAX_CPU_ISA, its age). */
bool bf_kernel_warning(char *out, size_t size);
#endif
