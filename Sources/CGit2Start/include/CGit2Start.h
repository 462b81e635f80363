// libgit2's start without what only transfers need.
#ifndef GITSTATE_CGIT2START_H
#define GITSTATE_CGIT2START_H

// git_libgit2_init without the system's certificates and without libssh2.
int gitstate_libgit2_init(void);

// The file of certificates that was not read; NULL where none was put off.
const char *gitstate_put_off_certificates(void);

// Starts libssh2 where that was put off; 0 where it is ready.
int gitstate_start_ssh(void);

#endif
