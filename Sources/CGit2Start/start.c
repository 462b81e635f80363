// git_libgit2_init parses all certificates that the system trusts and starts OpenSSL for libssh2: that
// takes twice as long as the rest of a command that reads, and there is no option against it. Both are
// calls of other libraries, which the dynamic linker finds here first, as the program comes before its
// libraries. Outside of gitstate_libgit2_init they only hand on.
#define _GNU_SOURCE
#include "CGit2Start.h"

#include <dlfcn.h>
#include <git2.h>
#include <stdbool.h>
#include <string.h>

static _Thread_local bool puts_off;
static bool has_put_off_ssh;
static const char *put_off_certificates;

int gitstate_libgit2_init(void) {
  puts_off = true;
  int count = git_libgit2_init();
  puts_off = false;
  return count;
}

const char *gitstate_put_off_certificates(void) {
  return put_off_certificates;
}

int gitstate_start_ssh(void) {
  if (!has_put_off_ssh) return 0;
  int (*start)(int) = (int (*)(int))dlsym(RTLD_NEXT, "libssh2_init");
  return start ? start(0) : -1;
}

int libssh2_init(int flags) {
  if (puts_off) {
    has_put_off_ssh = true;
    return 0;
  }
  int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "libssh2_init");
  return next ? next(flags) : -1;
}

// An empty chain trusts nobody: whoever forgets to set certificates is refused every connection.
int mbedtls_x509_crt_parse_file(void *chain, const char *path) {
  if (puts_off) {
    put_off_certificates = strdup(path);
    return 0;
  }
  int (*next)(void *, const char *) =
      (int (*)(void *, const char *))dlsym(RTLD_NEXT, "mbedtls_x509_crt_parse_file");
  return next ? next(chain, path) : -0x2900;  // MBEDTLS_ERR_X509_FILE_IO_ERROR
}
