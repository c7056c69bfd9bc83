/* Signals become a flag; the only writable global of the program, because a signal handler can reach nothing else. */
#ifndef BF_BASE_STOP_H
#define BF_BASE_STOP_H
/* Local. Handlers for USR1, USR2, TERM, INT; a second TERM or INT ends the program. SIGPIPE is ignored: a closed stdout is a failed
 * write of the log, not the end of a run. Call again after MPI_Init, which installs its own. */
void bf_stop_install(void);
/* Local. The signal's number that asked to stop, 0 when none did. */
int bf_stop_requested(void);
void bf_stop_request(int signal_number);                /* 0 withdraws the request */
#endif
