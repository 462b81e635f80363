// libgit2, and fixed-argument faces of its variadic functions, which Swift cannot call.
#ifndef GITSTATE_CGIT2_SHIM_H
#define GITSTATE_CGIT2_SHIM_H

#include <git2.h>
#include <git2/sys/commit.h>
#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>
#include <git2/sys/transport.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <zlib.h>

// Linux's, which glibc declares for GNU programs only and Swift does not see.
extern int sync_file_range(int file, off_t offset, off_t count, unsigned int flags);
extern int renameat2(
    int from_folder, const char *from, int to_folder, const char *to, unsigned int flags);

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

// The kind of the file system that a path is on, as in statfs(2); -1 where that fails.
static inline long gitstate_file_system(const char *path) {
  struct statfs system;
  return statfs(path, &system) == 0 ? (long)system.f_type : -1;
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

// A loose object's file: header and content, compressed. `size` is the room at `out`, then what was
// used of it. Returns a code of zlib's.
static inline int gitstate_deflate(
    const void *header, size_t header_size, const void *content, size_t content_size, int level,
    void *out, size_t *size) {
  z_stream stream = {0};
  int status = deflateInit(&stream, level);
  if (status != Z_OK) return status;
  stream.next_out = (Bytef *)out;
  stream.avail_out = (uInt)*size;
  stream.next_in = (Bytef *)header;
  stream.avail_in = (uInt)header_size;
  status = deflate(&stream, Z_NO_FLUSH);
  if (status == Z_OK) {
    stream.next_in = (Bytef *)content;
    stream.avail_in = (uInt)content_size;
    status = deflate(&stream, Z_FINISH);
  }
  *size = stream.total_out;
  deflateEnd(&stream);
  return status == Z_STREAM_END ? Z_OK : status == Z_OK ? Z_BUF_ERROR : status;
}

// Room that suffices for what gitstate_deflate writes.
static inline size_t gitstate_deflate_bound(size_t size) {
  return compressBound(size) + 64;
}
static inline int gitstate_set_certificate_file(const char *file) {
  return git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, file, NULL);
}

// The variables of this process; Swift refuses the C variable, as it might change meanwhile.
extern char **environ;
static inline char **gitstate_environment(void) { return environ; }

#endif
