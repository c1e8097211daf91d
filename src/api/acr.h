/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of /acr/v1, as the client libraries of Azure's registries read it. Only for this folder. */
#ifndef API_ACR_H
#define API_ACR_H

#include "api/api.h"
#include "registry/attributes.h"

/* {"registry", "imageName"}: how every answer about content begins. */
json_t *acr_head(struct http_exchange *x, struct str repository);
void acr_put_repository(json_t *to, const struct store_repository_row *row);
void acr_put_tag(json_t *to, const struct store_tag_row *row);
void acr_put_manifest(json_t *to, const struct registry_manifest_row *row);

/* The body of a PATCH. False: it is none, and that was answered. */
bool acr_read_change(struct http_exchange *x, struct registry_change *change) MUST_CHECK;

#endif
