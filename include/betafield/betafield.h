/* betafield inside another program.
 *
 * The library is the whole command-line program as one function; what a study leaves behind is read from its HDF5 files.
 * Link with `pkg-config --cflags --libs --static betafield`. */
#ifndef BETAFIELD_BETAFIELD_H
#define BETAFIELD_BETAFIELD_H
#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0". */
const char *betafield_version(void);

/* Runs one command as the program would: argv[0] is ignored, argv[1] is "run", "plan", "verify" ...; prints to stdout and stderr and
 * returns the exit code (0 done, 2 bad usage or input, 3 some configurations failed, 70 internal error, 74 input/output error,
 * 75 stopped early with everything saved).
 *
 * Commands that use MPI (run, pack, data, plan --time) initialise and finalise it: call them before MPI_Init or not at all, on every rank of
 * the job, and only once in a process. `run` installs handlers for USR1, USR2, TERM and INT, ignores PIPE, and leaves it so; HDF5 no longer prints
 * its errors by itself. Numbers are read and written as in the C locale: LC_NUMERIC has to be "C" during the call. */
int betafield_main(int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
