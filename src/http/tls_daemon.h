/* SPDX-License-Identifier: Apache-2.0 */
/* What the adapter to libmicrohttpd needs of tls.c. Not for other folders. */
#ifndef HTTP_TLS_DAEMON_H
#define HTTP_TLS_DAEMON_H

#include "http/tls.h"

#include <gnutls/abstract.h>

/* SSL and the first two versions of TLS are broken; what GnuTLS calls normal is fine else. */
#define HTTP_TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* For one handshake; what is pointed at lives as long as tls. */
void http_tls_current(
	struct http_tls *tls, gnutls_pcert_st **chain, unsigned *count, gnutls_privkey_t *key);

#endif
