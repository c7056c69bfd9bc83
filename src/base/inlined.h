/* Functions that are always inlined: with a constant among their arguments their loops have no branch left and become vector instructions, where
 * the compiler would not split a long loop by itself. And those that never are, whose loops need all registers. */
#ifndef BF_BASE_INLINED_H
#define BF_BASE_INLINED_H
#define BF_INLINED static inline __attribute__((always_inline))
#define BF_NOT_INLINED static __attribute__((noinline))
#endif
