/* Threads of the numerical kernels: set by call, never left to the environment. */
#ifndef BF_NN_THREADS_H
#define BF_NN_THREADS_H
void bf_threads_set(int threads);
#endif
