/* A function that is always inlined: with a constant among its arguments its loops have no branch left and become vector instructions, where the
 * compiler would not split a long loop by itself. */
#ifndef BF_BASE_INLINED_H
#define BF_BASE_INLINED_H
#define BF_INLINED static inline __attribute__((always_inline))
#endif
