// What GitState is measured against, as a program that uses the libraries directly would do it.
#ifndef GITSTATE_BENCH_PEERS_H
#define GITSTATE_BENCH_PEERS_H
#include <stddef.h>

// A commit as libgit2's examples make it, synced (GIT_OPT_ENABLE_FSYNC_GITDIR): write the file, add it
// by its path, write the index and the tree, commit to HEAD. Returns 0, or libgit2's code.
int peer_git_open(const char *path);
int peer_git_commit(const char *file, const char *absolute, const void *content, size_t size);
void peer_git_close(void);

// Create, fsync, rename, fsync of the folder. Returns 0 where all worked.
int peer_replace(const char *folder, const char *name, const void *content, size_t size);

// LevelDB. Puts are synced where asked. A get returns the value's length, or -1.
int peer_leveldb_open(const char *path);
int peer_leveldb_put(const char *key, const void *value, size_t size, int is_synced);
long peer_leveldb_get(const char *key, void *value, size_t room);
void peer_leveldb_close(void);

// Runs a program to its end, its output thrown away; its status, or -1. The list ends with NULL.
int peer_run(const char *const *arguments);

// How many bytes are allocated.
size_t peer_allocated(void);

// Starts a program in a folder; its output and errors go to one descriptor. The process, or -1.
int peer_start(const char *const *arguments, const char *folder, int input, int output);

// Waits for it, and no longer: Foundation's Process looks every 50 ms. Its exit status.
int peer_wait(int process);

#endif
