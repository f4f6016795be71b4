// Every C function the agent hooks, once: REFTALLY_HOOK(result, name, parameters). No include guard: it is a list.
REFTALLY_HOOK(void*, malloc, (size_t))
REFTALLY_HOOK(void, free, (void*))
REFTALLY_HOOK(void*, calloc, (size_t, size_t))
REFTALLY_HOOK(void*, realloc, (void*, size_t))
REFTALLY_HOOK(void*, memalign, (size_t, size_t))
REFTALLY_HOOK(void*, aligned_alloc, (size_t, size_t))
REFTALLY_HOOK(int, posix_memalign, (void**, size_t, size_t))
REFTALLY_HOOK(void*, valloc, (size_t))
REFTALLY_HOOK(void*, pvalloc, (size_t))
REFTALLY_HOOK(size_t, malloc_usable_size, (void*))
REFTALLY_HOOK(int, dlclose, (void*))
REFTALLY_HOOK(void, exit, (int))
REFTALLY_HOOK(void, _exit, (int))
REFTALLY_HOOK(void, _Exit, (int))
REFTALLY_HOOK(void, quick_exit, (int))
REFTALLY_HOOK(int, mlockall, (int))
REFTALLY_HOOK(int, madvise, (void*, size_t, int))
REFTALLY_HOOK(int, prctl, (int, unsigned long, unsigned long, unsigned long, unsigned long))
REFTALLY_HOOK(int, execve, (const char*, char* const*, char* const*))
REFTALLY_HOOK(int, execv, (const char*, char* const*))
REFTALLY_HOOK(int, execvp, (const char*, char* const*))
REFTALLY_HOOK(int, execvpe, (const char*, char* const*, char* const*))
REFTALLY_HOOK(int, posix_spawn,
              (pid_t*, const char*, const posix_spawn_file_actions_t*, const posix_spawnattr_t*, char* const*,
               char* const*))
REFTALLY_HOOK(int, posix_spawnp,
              (pid_t*, const char*, const posix_spawn_file_actions_t*, const posix_spawnattr_t*, char* const*,
               char* const*))
