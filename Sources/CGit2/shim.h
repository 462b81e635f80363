// libgit2, and fixed-argument faces of its variadic functions, which Swift cannot call.
#ifndef GITSTATE_CGIT2_SHIM_H
#define GITSTATE_CGIT2_SHIM_H

#include <git2.h>
#include <git2/sys/commit.h>

static inline int gitstate_set_search_path(git_config_level_t level, const char *path) {
  return git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, (int)level, path);
}

static inline int gitstate_get_search_path(git_config_level_t level, git_buf *path) {
  return git_libgit2_opts(GIT_OPT_GET_SEARCH_PATH, (int)level, path);
}

static inline int gitstate_enable_fsync(int enabled) {
  return git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, enabled);
}

#endif
