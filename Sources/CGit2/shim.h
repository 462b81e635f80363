// libgit2, and fixed-argument faces of its variadic functions, which Swift cannot call.
#ifndef GITSTATE_CGIT2_SHIM_H
#define GITSTATE_CGIT2_SHIM_H

#include <git2.h>
#include <git2/sys/commit.h>
#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>
#include <git2/sys/transport.h>
#include <sched.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <zlib.h>

// Linux's, which glibc declares for GNU programs only and Swift does not see.
extern int sync_file_range(int file, off_t offset, off_t count, unsigned int flags);
extern int renameat2(
    int from_folder, const char *from, int to_folder, const char *to, unsigned int flags);
extern pid_t gettid(void);
extern int sched_getcpu(void);
extern int sched_getaffinity(pid_t thread, size_t size, cpu_set_t *processors);
extern int sched_setaffinity(pid_t thread, size_t size, const cpu_set_t *processors);
extern void *memmem(const void *text, size_t size, const void *wanted, size_t wanted_size);

// Starts to write a file's content to disk.
static inline int gitstate_start_write_back(int file) {
  return sync_file_range(file, 0, 0, 2);
}

// Waits until a file's content is on disk (SYNC_FILE_RANGE_WAIT_BEFORE, WRITE and WAIT_AFTER).
static inline int gitstate_wait_for_write_back(int file) {
  return sync_file_range(file, 0, 0, 7);
}

// Renames only to a name that is free (AT_FDCWD, RENAME_NOREPLACE).
static inline int gitstate_rename_to_free(const char *from, const char *to) {
  return renameat2(-100, from, -100, to, 1);
}

// Lets a thread run on all processors that the calling one may have but one; where that is the only one, nothing
// changes.
static inline void gitstate_keep_off_processor(pid_t thread, int processor) {
  cpu_set_t processors;
  const int bits = 8 * (int)sizeof processors.__bits[0];
  if (processor < 0 || processor >= 8 * (int)sizeof processors) return;
  if (sched_getaffinity(0, sizeof processors, &processors) != 0) return;
  processors.__bits[processor / bits] &= ~(1UL << (processor % bits));
  // Fails where nothing is left.
  sched_setaffinity(thread, sizeof processors, &processors);
}

// The kind of the file system that a path is on, as in statfs(2); -1 where that fails.
static inline long gitstate_file_system(const char *path) {
  struct statfs system;
  return statfs(path, &system) == 0 ? (long)system.f_type : -1;
}

// Whether a folder gives the files that are made in it an access list (acl(5)).
static inline int gitstate_gives_access_list(const char *folder) {
  return getxattr(folder, "system.posix_acl_default", NULL, 0) > 0;
}

static inline int gitstate_set_search_path(git_config_level_t level, const char *path) {
  return git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, (int)level, path);
}

static inline int gitstate_get_search_path(git_config_level_t level, git_buf *path) {
  return git_libgit2_opts(GIT_OPT_GET_SEARCH_PATH, (int)level, path);
}

static inline int gitstate_enable_fsync(int enabled) {
  return git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, enabled);
}

static inline int gitstate_set_certificate_file(const char *file) {
  return git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, file, NULL);
}

// The variables of this process; Swift refuses the C variable, as it might change meanwhile.
extern char **environ;
static inline char **gitstate_environment(void) { return environ; }

#endif
