/* Linked into every test of a build with AddressSanitizer: leaks are ours or nobody's.
 *
 * Open MPI, PMIx and HDF5 leave memory behind at exit by design. Their names are known only while their plugins stay loaded, so
 * dlclose() does nothing here; and LeakSanitizer must not walk the thread storage of threads that PMIx has ended (it crashes). */
const char *__lsan_default_options(void);
const char *__lsan_default_suppressions(void);
int dlclose(void *handle);

const char *__lsan_default_options(void) { return "use_tls=0:print_suppressions=0"; }

const char *__lsan_default_suppressions(void)
{
    return "leak:libmpi\nleak:libopen-rte\nleak:libopen-pal\nleak:libpmix\nleak:libevent\nleak:mca_\nleak:libhwloc\nleak:libhdf5\nleak:libgomp\n"
           "leak:add_to_global_resize\nleak:vasprintf_internal\n";      /* libc's, on behalf of the same */
}

int dlclose(void *handle)
{
    (void)handle;
    return 0;
}
