/* What the program puts right before it does anything, because whoever started it may have left it in any state. */
#ifndef BF_BASE_PROCESS_H
#define BF_BASE_PROCESS_H
/* Local. Standard streams that are closed are held by something that cannot be read or written: else the next file that is opened, or a
 * connection of MPI, would have their numbers, and messages would go into it. SIGXFSZ is ignored: a file that must not grow is a failed write. */
void bf_process_prepare(void);
#endif
