/* Threads of the numerical kernels: set by call, never left to the environment. */
#ifndef BF_NN_THREADS_H
#define BF_NN_THREADS_H
/* Local. Before the first plan is built: some kernels are made for a number of threads. */
void bf_threads_set(int threads);
#endif
