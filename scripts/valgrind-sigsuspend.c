// Lets valgrind run Swift's programs: it writes to the mask that sigsuspend is given, and libdispatch's is
// in read-only memory. Loaded ahead of the C library by scripts/sanitize.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int sigsuspend(const sigset_t *mask) {
  unsigned long copy = *(const unsigned long *)mask;
  return (int)syscall(SYS_rt_sigsuspend, &copy, sizeof copy);
}
