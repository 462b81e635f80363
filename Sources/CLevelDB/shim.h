// LevelDB's C interface.
#ifndef GITSTATE_CLEVELDB_SHIM_H
#define GITSTATE_CLEVELDB_SHIM_H

#include <leveldb/c.h>

#endif
