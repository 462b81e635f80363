#define _GNU_SOURCE
#include "peers.h"
#include <fcntl.h>
#include <git2.h>
#include <leveldb/c.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static git_repository *repository;

int peer_git_open(const char *path) {
  git_libgit2_init();
  git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
  return git_repository_open(&repository, path);
}

int peer_git_commit(const char *file, const char *absolute, const void *content, size_t size) {
  FILE *stream = fopen(absolute, "w");
  if (!stream || fwrite(content, 1, size, stream) != size || fclose(stream)) return -1;
  git_index *index = NULL;
  git_signature *me = NULL;
  git_tree *tree = NULL;
  git_reference *head = NULL;
  git_commit *parent = NULL;
  git_oid tree_id, commit_id;
  int status = git_repository_index(&index, repository);
  if (!status) status = git_index_add_bypath(index, file);
  if (!status) status = git_index_write(index);
  if (!status) status = git_index_write_tree(&tree_id, index);
  if (!status) status = git_tree_lookup(&tree, repository, &tree_id);
  if (!status) status = git_signature_now(&me, "Ada", "ada@example.org");
  if (!status && git_repository_head(&head, repository) == 0)
    status = git_commit_lookup(&parent, repository, git_reference_target(head));
  const git_commit *parents[] = {parent};
  if (!status)
    status = git_commit_create(
        &commit_id, repository, "HEAD", me, me, NULL, "bench: change Token\n", tree, parent ? 1 : 0,
        parents);
  git_commit_free(parent);
  git_reference_free(head);
  git_signature_free(me);
  git_tree_free(tree);
  git_index_free(index);
  return status;
}

void peer_git_close(void) { git_repository_free(repository); }

int peer_replace(const char *folder, const char *name, const void *content, size_t size) {
  char temporary[4096], path[4096];
  snprintf(temporary, sizeof temporary, "%s/%s.tmp", folder, name);
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || write(file, content, size) != (ssize_t)size || fsync(file) || close(file)) return -1;
  if (rename(temporary, path)) return -1;
  int directory = open(folder, O_RDONLY | O_DIRECTORY);
  if (directory < 0 || fsync(directory) || close(directory)) return -1;
  return 0;
}

int peer_run(const char *const *arguments) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  pid_t process;
  int status = posix_spawnp(&process, arguments[0], &actions, NULL, (char *const *)arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (status) return -1;
  if (waitpid(process, &status, 0) < 0) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

size_t peer_allocated(void) {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

static leveldb_t *database;

int peer_leveldb_open(const char *path) {
  char *error = NULL;
  leveldb_options_t *options = leveldb_options_create();
  leveldb_options_set_create_if_missing(options, 1);
  database = leveldb_open(options, path, &error);
  leveldb_options_destroy(options);
  if (!error) return 0;
  leveldb_free(error);
  return -1;
}

int peer_leveldb_put(const char *key, const void *value, size_t size, int is_synced) {
  char *error = NULL;
  leveldb_writeoptions_t *options = leveldb_writeoptions_create();
  leveldb_writeoptions_set_sync(options, is_synced != 0);
  leveldb_put(database, options, key, strlen(key), value, size, &error);
  leveldb_writeoptions_destroy(options);
  if (!error) return 0;
  leveldb_free(error);
  return -1;
}

long peer_leveldb_get(const char *key, void *value, size_t room) {
  char *error = NULL;
  size_t size = 0;
  leveldb_readoptions_t *options = leveldb_readoptions_create();
  char *found = leveldb_get(database, options, key, strlen(key), &size, &error);
  leveldb_readoptions_destroy(options);
  if (error) { leveldb_free(error); return -1; }
  if (!found) return -1;
  if (size <= room) memcpy(value, found, size);
  leveldb_free(found);
  return (long)size;
}

void peer_leveldb_close(void) { leveldb_close(database); }

int peer_start(const char *const *arguments, const char *folder, int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder);
  if (input >= 0)
    posix_spawn_file_actions_adddup2(&actions, input, 0);
  else
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_adddup2(&actions, output, 2);
  pid_t process;
  int status = posix_spawnp(&process, arguments[0], &actions, NULL, (char *const *)arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  return status == 0 ? process : -1;
}

int peer_wait(int process) {
  int status;
  if (waitpid(process, &status, 0) != process) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
