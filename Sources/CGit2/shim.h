// libgit2, and fixed-argument faces of its variadic functions, which Swift cannot call.
#ifndef GITSTATE_CGIT2_SHIM_H
#define GITSTATE_CGIT2_SHIM_H

#include <git2.h>
#include <git2/sys/errors.h>

#endif
