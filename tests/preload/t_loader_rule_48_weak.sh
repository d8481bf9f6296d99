#!/bin/bash
# Every strong reference of the library is to something that musl's libc has as well: musl binds all at load, and a child
# with another libc would die of one missing name (rule 48).  What only glibc has must be weak.
# A name that is missing below: if musl 1.2 exports it, add it here; else declare it weak and do without it.
set -u
command -v nm >/dev/null || { echo "nm is not installed" && exit 77; }
both='__ctype_b_loc __cxa_atexit __sched_cpucount access sched_getaffinity __environ __errno_location __progname __stack_chk_fail clock_gettime close dl_iterate_phdr
dladdr dlerror dlopen environ faccessat fallocate fclose fcntl fgets fopen fopen64 fstat fstatat fstatfs getauxval getcwd getenv geteuid gethostname getpagesize getpid getppid
getrlimit gettid getuid isatty kill lseek lseek64 lstat madvise memchr memcmp memcpy memmove memset mincore mkdir mlock mmap mmap64 mprotect
mremap munlock munmap nanosleep open open64 openat poll posix_fallocate pread pread64 prctl process_vm_readv program_invocation_name pwrite
program_invocation_short_name pthread_attr_destroy pthread_attr_getstack pthread_attr_init pthread_attr_setdetachstate pthread_attr_setstacksize
pthread_create pthread_detach pthread_getattr_np pthread_join pthread_self pthread_setcancelstate pthread_setname_np pthread_sigmask raise read readlink rename sched_getcpu sched_yield secure_getenv
sigaddset sigdelset sigemptyset sigfillset sigismember sigpending sigtimedwait snprintf stat statfs strcasecmp strcasestr strchr strcmp
strcspn strerror_r strlen strncmp strncpy strnlen strpbrk strrchr strsep strspn strstr strtod strtol strtoul strtoull syscall sysconf
uname unlink usleep vsnprintf write'
status=0
while read -r kind name; do
    [ "$kind" = U ] || continue
    grep -qw -- "${name%%@*}" <<<"$both" || { echo "only glibc has ${name%%@*}, or this test does not know it" && status=1; }
done < <(nm -D --undefined-only "$LIB")
[ "$(nm -D --undefined-only "$LIB" | wc -l)" -gt 20 ] || { echo "nm shows too few references" && status=1; }
exit "$status"
