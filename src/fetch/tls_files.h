#pragma once

// Certificates and keys: --cacert, --cert, --cert-key.

#include "base/expected.h"
#include "model/run_spec.h"

namespace distaff {

// To a handle of libcurl's (CURL*).
void set_tls(void* easy, const FetchSpec& spec);

// Whether TLS can be spoken with them; the message names the option.
Expected<void> check_tls_files(const FetchSpec& spec);

}  // namespace distaff
