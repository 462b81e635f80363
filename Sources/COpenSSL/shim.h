// SHA-1 of OpenSSL's libcrypto, which libgit2 brings along with libssh2.
//
// By the functions that OpenSSL 3 keeps, but would rather have replaced by EVP_Digest: that loads a configuration
// and a provider first, which takes longer than hashing a deployment file.
#ifndef GITSTATE_COPENSSL_SHIM_H
#define GITSTATE_COPENSSL_SHIM_H

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#endif
